#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Rootless: the runtime run by an ordinary user, in a user namespace that maps that user alone.
. "$(dirname "$0")/lib.sh"

USER_ID=4711

# As an ordinary user with a runtime folder of its own.
as_user() {
    setpriv --reuid "$USER_ID" --regid "$USER_ID" --clear-groups --inh-caps=-all --bounding-set=-all \
        env -i PATH="$PATH" XDG_RUNTIME_DIR="$TEST_DIR/xdg" HOME="$TEST_DIR" "$@"
}

rootless_bundle() { # SCRIPT [JQ]
    bundle_sh "$1" ".linux.namespaces += [{type: \"user\"}] | del(.linux.cgroupsPath)
        | .linux.uidMappings = [{containerID: 0, hostID: $USER_ID, size: 1}]
        | .linux.gidMappings = [{containerID: 0, hostID: $USER_ID, size: 1}]
        | .mounts |= map(if .type == \"devpts\" then .options |= map(select(startswith(\"gid=\") | not)) else . end)
        | .process.capabilities = {} | ${2:-.}"
    mkdir -p xdg
    chown -R "$USER_ID:$USER_ID" xdg "$B"
}

# The binary may lie where only root can go.
before_rootless() {
    cp "$RUNLET" "$TEST_DIR/runtime"
    chmod 755 "$TEST_DIR/runtime"
    if ! as_user unshare --user true 2>/dev/null; then skip "user namespaces are not allowed here"; fi
}

test_a_user_runs_a_container() {
    before_rootless
    rootless_bundle 'id -u; cat /proc/self/uid_map'
    as_user "$TEST_DIR/runtime" run --bundle "$B" "$ID" </dev/null >out 2>err || fail "$(cat err)"
    assert_eq "0 0 $USER_ID 1" "$(xargs <out)"
}

test_the_exit_status_arrives() {
    before_rootless
    rootless_bundle 'exit 7'
    as_user "$TEST_DIR/runtime" run --bundle "$B" "$ID" </dev/null >out 2>err || status=$?
    assert_eq 7 "$status" "$(cat err)"
}

test_the_life_cycle_of_a_users_container() {
    before_rootless
    rootless_bundle 'exec sleep 1000'
    as_user "$TEST_DIR/runtime" create --bundle "$B" "$ID" </dev/null >out 2>err || fail "$(cat err)"
    assert_eq created "$(as_user "$TEST_DIR/runtime" state "$ID" | jq -r .status)"
    as_user "$TEST_DIR/runtime" start "$ID"
    local pid
    pid=$(as_user "$TEST_DIR/runtime" state "$ID" | jq .pid)
    assert_eq "$USER_ID" "$(stat -c %u "/proc/$pid/status")" "owner of the process"
    as_user "$TEST_DIR/runtime" kill "$ID" KILL
    eventually gone "$pid"
    as_user "$TEST_DIR/runtime" delete "$ID"
    ! as_user "$TEST_DIR/runtime" state "$ID" 2>/dev/null || fail "still there"
}

test_the_state_is_below_the_users_runtime_folder() {
    before_rootless
    rootless_bundle 'exec sleep 1000'
    as_user "$TEST_DIR/runtime" run --detach --bundle "$B" "$ID" </dev/null >out 2>err || fail "$(cat err)"
    [[ -n $(find xdg -name "$ID") ]] || fail "no state in XDG_RUNTIME_DIR: $(find xdg)"
    assert_eq "" "$(find /run -name "$ID")" "state elsewhere"
    as_user "$TEST_DIR/runtime" delete --force "$ID"
    assert_eq "" "$(find xdg -name "$ID")" "what is left"
}

test_devices_are_bound_from_the_host() {
    before_rootless
    rootless_bundle 'echo x >/dev/null && head -c 3 /dev/zero | wc -c && helper stat /dev/null'
    as_user "$TEST_DIR/runtime" run --bundle "$B" "$ID" </dev/null >out 2>err || fail "$(cat err)"
    assert_match "$(xargs <out)" '^3 c 1:3 666 '
}

test_another_users_bundle_is_not_written_to() {
    before_rootless
    rootless_bundle 'touch /rootfs-was-written'
    chown -R 0:0 "$B/rootfs"
    as_user "$TEST_DIR/runtime" run --bundle "$B" "$ID" </dev/null >out 2>err || :
    [[ ! -e $B/rootfs/rootfs-was-written ]] || fail "written"
}

test_a_users_seccomp_filter_holds() {
    before_rootless
    [[ $(uname -m) == x86_64 ]] || skip "system call numbers of x86-64 are used"
    rootless_bundle 'helper syscall 83 0 0' \
        '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir"], action: "SCMP_ACT_ERRNO"}]}'
    as_user "$TEST_DIR/runtime" run --bundle "$B" "$ID" </dev/null >out 2>err || fail "$(cat err)"
    assert_eq "errno 1" "$(cat out)"
}

cli_main "$@"
