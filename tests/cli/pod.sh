#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Containers that belong to a pod's sandbox by annotation: recorded, shown, and missed.
. "$(dirname "$0")/lib.sh"

# The annotations of a member of the sandbox NAME, as containerd and as CRI-O write them.
member() { # NAME
    printf '.annotations = {"io.kubernetes.cri.container-type": "container", "io.kubernetes.cri.sandbox-id": "%s"}' "$1"
}

crio_member() { # NAME
    printf '.annotations = {"io.kubernetes.cri-o.ContainerType": "container", "io.kubernetes.cri-o.SandboxID": "%s"}' "$1"
}

sandbox='.annotations = {"io.kubernetes.cri.container-type": "sandbox"}'
sleeps='.process.args = ["sleep", "1000"]'

# Makes the running sandbox "$ID-pod" in a bundle of its own, with a cgroup of its own.
make_sandbox() {
    bundle "$sleeps | $sandbox | .linux.cgroupsPath += \"/pod\"" "$TEST_DIR/pod"
    rt create --bundle "$TEST_DIR/pod" "$ID-pod" </dev/null >/dev/null 2>&1
    rt start "$ID-pod"
}

end_sandbox() {
    rt delete --force "$ID-pod"
}

test_a_container_knows_the_sandbox_that_it_names() {
    needs_runlet
    make_sandbox
    bundle "$sleeps | $(member "$ID-pod")"
    rt create --bundle "$B" "$ID" </dev/null >out 2>err
    assert_eq "" "$(cat err)" stderr
    assert_eq "$ID-pod" "$(rt state "$ID" | jq -r .sandbox)" "sandbox in state"
    assert_eq "$ID-pod" "$(rt list --format json | jq -r ".[] | select(.id == \"$ID\") | .sandbox")" \
        "sandbox in list"
    assert_eq null "$(rt state "$ID-pod" | jq -r .sandbox)" "the sandbox's own"
    assert_eq "$ID-pod" "$(rt list --quiet --sandbox)" "list --sandbox"
    rt delete --force "$ID"
    end_sandbox
}

test_the_annotations_of_crio_count_as_well() {
    needs_runlet
    make_sandbox
    bundle "$sleeps | $(crio_member "$ID-pod")"
    create
    assert_eq "$ID-pod" "$(rt state "$ID" | jq -r .sandbox)"
    rt delete --force "$ID"
    end_sandbox
}

test_an_unknown_sandbox_is_a_warning() {
    needs_runlet
    bundle "$sleeps | $(member nosuch)"
    rt create --bundle "$B" "$ID" </dev/null >out 2>err || fail "create: $(cat err)"
    assert_contains "$(cat err)" "nosuch"
    assert_contains "$(cat err)" "does not exist"
    rt delete --force "$ID"
}

test_an_unknown_sandbox_is_an_error_in_the_runsc_flavor() {
    needs_runlet
    local before
    bundle "$sleeps | $(member nosuch)"
    before=$(traces)
    ! rt --flavor runsc create --bundle "$B" "$ID" </dev/null >out 2>err || fail "create worked"
    assert_contains "$(cat err)" "nosuch"
    assert_contains "$(tail -n 1 err)" "the sandbox of container"
    assert_no_new_traces "$before"
}

test_a_stopped_sandbox_is_an_error_in_the_runsc_flavor() {
    needs_runlet
    make_sandbox
    rt kill "$ID-pod" KILL
    eventually has_status stopped "$ID-pod"
    bundle "$sleeps | $(member "$ID-pod")"
    ! rt --flavor runsc create --bundle "$B" "$ID" </dev/null >out 2>err || fail "create worked"
    assert_contains "$(cat err)" "stopped"
    end_sandbox
}

test_deleting_a_sandbox_names_the_containers_that_outlive_it() {
    needs_runlet
    make_sandbox
    bundle "$sleeps | $(member "$ID-pod")"
    create_started
    rt delete --force "$ID-pod" 2>err
    assert_contains "$(cat err)" "$ID"
    assert_contains "$(cat err)" "still running"
    alive "$PID" || fail "the member was killed as well"
    rt delete --force "$ID"
}

test_a_sandbox_id_that_is_a_path_is_not_followed() {
    needs_runlet
    bundle "$sleeps | $(member ../../etc)"
    rt create --bundle "$B" "$ID" </dev/null >out 2>err || fail "create: $(cat err)"
    assert_contains "$(cat err)" 'container id "../../etc"'
    rt delete --force "$ID"
}

cli_main "$@"
