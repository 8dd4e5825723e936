#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Hooks: order, where they run, what they are given, and what becomes of the container if one fails.
. "$(dirname "$0")/lib.sh"

# A jq program that adds a hook: a shell script run on the host (or, for startContainer, inside).
hook() { # KIND SCRIPT [JQ-OF-THE-HOOK]
    printf '.hooks.%s += [{path: "/bin/sh", args: ["sh", "-c", %s]} | %s] ' "$1" \
        "$(jq -n --arg s "$2" '$s')" "${3:-.}"
}

all_kinds() { # a jq program whose hooks note their kind and mount namespace in the file notes
    local kind out=.
    for kind in prestart createRuntime createContainer poststart poststop; do
        out+=" | $(hook "$kind" "echo $kind \$(readlink /proc/self/ns/mnt) >>$TEST_DIR/notes")"
    done
    # This one sees the container's files alone.
    out+=" | $(hook startContainer 'echo startContainer $(readlink /proc/self/ns/mnt) >>/data/notes')"
    out+=" | .mounts += [{destination: \"/data\", type: \"bind\", source: \"$TEST_DIR\", options: [\"bind\"]}]"
    printf '%s' "$out"
}

test_hooks_run_in_the_order_of_the_specification() {
    bundle_sh 'echo process >>/data/notes' "$(all_kinds)"
    create
    assert_eq "prestart createRuntime createContainer" "$(awk '{ print $1 }' notes | xargs)" "after create"
    rt start "$ID"
    eventually has_status stopped
    rt delete "$ID"
    # poststart and the process run side by side.
    assert_eq "prestart createRuntime createContainer startContainer poststop" \
        "$(awk '$1 != "process" && $1 != "poststart" { print $1 }' notes | xargs)"
    grep -q ^poststart notes || fail "no poststart"
    grep -q ^process notes || fail "no process"
}

test_hooks_run_in_the_namespaces_of_the_specification() {
    local host
    host=$(readlink /proc/self/ns/mnt)
    bundle_sh 'exit 0' "$(all_kinds)"
    create
    local container
    container=$(readlink "/proc/$PID/ns/mnt")
    rt start "$ID"
    eventually has_status stopped
    rt delete "$ID"
    assert_eq "prestart $host" "$(grep ^prestart notes)"
    assert_eq "createRuntime $host" "$(grep ^createRuntime notes)"
    assert_eq "createContainer $container" "$(grep ^createContainer notes)"
    assert_eq "startContainer $container" "$(grep ^startContainer notes)"
    assert_eq "poststart $host" "$(grep ^poststart notes)"
    assert_eq "poststop $host" "$(grep ^poststop notes)"
}

test_hooks_of_a_kind_run_in_the_listed_order() {
    bundle "$(hook createRuntime "echo 1 >>$TEST_DIR/notes") | $(hook createRuntime "echo 2 >>$TEST_DIR/notes")
        | $(hook createRuntime "echo 3 >>$TEST_DIR/notes")"
    run
    assert_eq "1 2 3" "$(xargs <notes)"
}

test_hooks_read_the_state_on_standard_input() {
    local kind
    bundle '.process.args = ["true"] | .annotations = {"org.example.a": "b"} | '"$(
        hook createRuntime "cat >$TEST_DIR/createRuntime"
    ) | $(hook poststart "cat >$TEST_DIR/poststart") | $(hook poststop "cat >$TEST_DIR/poststop")"
    create
    rt start "$ID"
    eventually has_status stopped
    rt delete "$ID"
    for kind in createRuntime poststart poststop; do
        assert_eq "$ID $B b" "$(jq -r '[.id, .bundle, .annotations["org.example.a"]] | join(" ")' "$kind")" "$kind"
        assert_match "$(jq -r .ociVersion "$kind")" '^1\.' "$kind"
    done
    assert_eq "$PID" "$(jq .pid createRuntime)" "pid for createRuntime"
    assert_eq "$PID" "$(jq .pid poststart)" "pid for poststart"
    assert_match "$(jq -r .status createRuntime)" '^creat(ing|ed)$'
    assert_eq running "$(jq -r .status poststart)"
    assert_eq stopped "$(jq -r .status poststop)"
}

test_hooks_in_the_container_get_the_pid_as_seen_there() {
    bundle "$(hook createContainer "cat >$TEST_DIR/createContainer") | $(hook startContainer 'cat >/data/startContainer')
        | .mounts += [{destination: \"/data\", type: \"bind\", source: \"$TEST_DIR\", options: [\"bind\"]}]"
    create
    rt start "$ID"
    assert_eq 1 "$(jq .pid createContainer)" "pid for createContainer"
    needs_runlet # others give startContainer the pid of the host
    assert_eq 1 "$(jq .pid startContainer)" "pid for startContainer"
}

test_a_hook_that_does_not_read_its_input_harms_nobody() {
    local kind
    # More than a pipe holds, so that the writer meets the closed end for certain.
    bundle "$(
        for kind in prestart createRuntime createContainer poststart poststop; do
            printf '%s | ' "$(hook "$kind" 'exec <&-; exit 0')"
        done
    ) .annotations = {\"big\": (\"x\" * 200000)}"
    create
    rt start "$ID" || fail "start ended with $?"
    eventually has_status stopped
    rt delete "$ID" || fail "delete ended with $?"
    run
    assert_eq 0 "$status" "$(cat err)"
}

test_a_hook_gets_the_environment_that_it_names_alone() {
    bundle "$(hook createRuntime "cat /proc/self/environ >$TEST_DIR/environ" '.env = ["ONE=1", "TWO=2"]')"
    OUTSIDE=x run
    # The shell adds PWD by itself.
    assert_eq 'ONE=1 TWO=2' "$(tr '\0' '\n' <environ | grep -v ^PWD= | xargs)" "$(cat err)"
}

test_arguments_of_a_hook_arrive_as_given() {
    bundle ".hooks.createRuntime = [{path: \"/bin/sh\", args: [\"odd name\", \"-c\", \"echo \\\"\$0 \$1\\\" >$TEST_DIR/notes\", \"a\", \"b c\"]}]"
    run
    assert_eq "a b c" "$(cat notes)" "$(cat err)"
}

test_a_hook_has_no_descriptors_but_the_standard_three() {
    bundle ".hooks.createRuntime = [{path: \"$TEST_DIR/hook\", args: [\"hook\"]}]"
    printf '#!/bin/sh\n%s fds >%s/fds\n' "$CLI_HELPER" "$TEST_DIR" >hook
    chmod 755 hook
    run
    # The shell itself holds its script open.
    assert_match "$(xargs <fds)" '^0 1 2( 10| 255)?$' "$(cat err)"
}

test_a_failing_hook_undoes_create() {
    local kind before
    for kind in prestart createRuntime createContainer; do
        bundle "$(hook "$kind" 'echo why >&2; exit 3')"
        before=$(traces)
        : >log
        refused "$kind" 3
        [[ $(traces) == "$before" ]] || fail "$kind left something"
    done
}

test_a_failing_start_container_hook_ends_the_container() {
    bundle_sh 'echo ran >/ran' "$(hook startContainer 'exit 3')"
    create
    rt start "$ID" 2>err || status=$?
    eventually gone "$PID"
    [[ ! -e $B/rootfs/ran ]] || fail "the process ran"
    # Destroyed at once, or stopped and to be deleted.
    rt delete --force "$ID"
    needs_runlet
    assert_ne 0 "$status" "exit status of start"
    assert_contains "$(cat err)" startContainer
}

test_a_failing_poststart_hook_is_an_error_and_ends_the_container() {
    needs_runlet
    bundle "$(hook poststart 'exit 3') | .process.args = [\"sleep\", \"1000\"]"
    create
    ! rt start "$ID" 2>err || fail "start worked"
    assert_contains "$(cat err)" poststart
    gone "$PID" || fail "the process lives"
}

test_a_failing_poststop_hook_does_not_stop_delete() {
    needs_runlet
    local before
    bundle "$(hook poststop 'exit 3') | $(hook poststop "echo second >$TEST_DIR/notes")"
    before=$(traces)
    create_started
    eventually has_status stopped
    rt delete "$ID" 2>err || fail "delete failed: $(cat err)"
    assert_eq second "$(cat notes)" "the hook after the failed one"
    assert_no_new_traces "$before"
}

test_a_hook_that_takes_too_long_is_killed_with_its_children() {
    bundle "$(hook createRuntime 'sleep 987 & sleep 987' '.timeout = 1')"
    refused createRuntime
    sleep 0.1
    local p
    for p in /proc/[0-9]*; do
        [[ $(tr '\0' ' ' <"$p/cmdline" 2>/dev/null) != "sleep 987 " ]] || ! alive "${p#/proc/}" ||
            [[ $RUNLET_NAME != runlet ]] || fail "a child of the hook lives"
    done
}

test_a_hook_that_is_not_there_is_refused() {
    bundle '.hooks.createRuntime = [{path: "/no/such/hook", args: ["hook"]}]'
    refused createRuntime /no/such/hook
}

test_a_hook_killed_by_a_signal_is_a_failure() {
    bundle "$(hook createRuntime 'kill -KILL $$')"
    refused createRuntime
}

cli_main "$@"
