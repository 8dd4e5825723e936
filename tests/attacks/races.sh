#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Commands that meet, and commands that die: one id is one container, and nothing is left behind.
. "$(dirname "$0")/lib.sh"

sleeper() { # [JQ]
    bundle ".process.args = [\"sleep\", \"1000\"] | ${1:-.}"
}

# --- commands that die ------------------------------------------------------------------------------

# The shell that says "Killed" is not ours.
killed_after() { # MICROSECONDS COMMAND...
    (timeout -s KILL "$(printf '0.%06d' "$1")" "${@:2}" || :) </dev/null >/dev/null 2>&1
}

# Whatever is there of the id goes, and the id can be used again.
can_be_used_again() {
    timeout 20 "$RUNLET" --root "$ROOT" delete --force "$ID" || fail "delete --force: $? $1"
    [[ ! -e $ROOT/$ID ]] || fail "the state folder stays $1"
    timeout 20 "$RUNLET" --root "$ROOT" create --bundle "$B" "$ID" </dev/null >out 2>&1 || fail "create $1: $(cat out)"
    timeout 20 "$RUNLET" --root "$ROOT" start "$ID" || fail "start $1"
    timeout 20 "$RUNLET" --root "$ROOT" delete --force "$ID" || fail "second delete --force: $? $1"
}

# Kills a command after more and more time; the steps grow, since the first moments are the densest.
killed_at_every_moment() { # MAX-US COMMAND...
    local us before
    before=$(traces)
    for ((us = 200; us < $1; us += us / 12 + 60)); do
        killed_after "$us" "${@:2}"
        can_be_used_again "after $us us"
    done
    eventually no_process_of_runlet
    assert_no_new_traces "$before"
}

no_process_of_runlet() {
    local p
    for p in /proc/[0-9]*; do
        [[ ! $p/exe -ef $RUNLET ]] || return 1
    done
}

test_create_killed_at_any_moment_leaves_nothing() {
    sleeper "$(with_mount /made/here tmpfs tmpfs)"
    mkdir -p "$B/rootfs/made/here"
    killed_at_every_moment 60000 "$RUNLET" --root "$ROOT" create --bundle "$B" "$ID"
}

test_create_killed_in_anothers_cgroup_leaves_the_other_alone() {
    local us
    sleeper
    create_started
    mkdir -p "$TEST_DIR/thief"
    for us in 500 1000 1500 2000 2500 3000 4000 5000 7000 9000 12000; do
        timeout -s KILL "$(printf '0.%06d' "$us")" "$RUNLET" --root "$TEST_DIR/thief" create --bundle "$B" thief \
            </dev/null >/dev/null 2>&1 || :
        timeout 20 "$RUNLET" --root "$TEST_DIR/thief" delete --force thief || fail "delete --force after $us us"
        alive "$PID" || fail "killed after $us us, delete --force ended another container"
    done
    ! "$RUNLET" --root "$TEST_DIR/thief" create --bundle "$B" thief </dev/null >out 2>&1 || fail "create worked"
    assert_contains "$(cat out)" "cgroup is not empty"
    [[ ! -e $TEST_DIR/thief/thief ]] || fail "a state folder stays"
}

test_run_killed_at_any_moment_leaves_nothing() {
    sleeper ".linux.namespaces += [{type: \"cgroup\"}]"
    killed_at_every_moment 60000 "$RUNLET" --root "$ROOT" run --detach --bundle "$B" "$ID"
}

test_create_with_hooks_killed_at_any_moment_leaves_nothing() {
    sleeper "$(hook createRuntime 'exec sleep 0.01') | $(hook createContainer 'exec sleep 0.01')"
    killed_at_every_moment 90000 "$RUNLET" --root "$ROOT" create --bundle "$B" "$ID"
}

test_create_in_a_user_namespace_killed_at_any_moment_leaves_nothing() {
    sleeper '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]
        | .linux.gidMappings = .linux.uidMappings'
    chown -R 100000:100000 "$B/rootfs"
    killed_at_every_moment 60000 "$RUNLET" --root "$ROOT" create --bundle "$B" "$ID"
}

test_start_killed_at_any_moment_leaves_nothing() {
    local us before
    sleeper "$(hook startContainer 'sleep 0.01')"
    before=$(traces)
    for ((us = 200; us < 30000; us += us / 8 + 60)); do
        rt create --bundle "$B" "$ID" </dev/null >out 2>&1 || fail "create: $(cat out)"
        killed_after "$us" "$RUNLET" --root "$ROOT" start "$ID"
        can_be_used_again "after $us us"
    done
    eventually no_process_of_runlet
    assert_no_new_traces "$before"
}

test_delete_killed_at_any_moment_leaves_nothing() {
    local us before
    sleeper
    before=$(traces)
    for ((us = 200; us < 30000; us += us / 8 + 60)); do
        rt create --bundle "$B" "$ID" </dev/null >out 2>&1 || fail "create: $(cat out)"
        killed_after "$us" "$RUNLET" --root "$ROOT" delete --force "$ID"
        can_be_used_again "after $us us"
    done
    eventually no_process_of_runlet
    assert_no_new_traces "$before"
}

# Init alone dies, as by the kernel's OOM killer.
test_an_init_that_is_killed_ends_create_with_an_error_and_leaves_nothing() {
    local before
    sleeper "$(hook createRuntime 'kill -KILL $(sed "s/.*\"pid\":\([0-9]*\).*/\1/"); sleep 5')"
    before=$(traces)
    refused "killed by signal 9"
    assert_no_new_traces "$before"
}

test_a_start_that_was_killed_does_not_leave_a_running_container_that_seems_created() {
    sleeper "$(hook startContainer 'sleep 1')"
    create
    timeout -s KILL 0.3 "$RUNLET" --root "$ROOT" start "$ID" || :
    eventually sh -c "tr '\\0' ' ' <'/proc/$PID/cmdline' | grep -q '^sleep 1000'"
    has_status running || fail "it is $(status_of)"
    ! rt delete "$ID" 2>err || fail "a running container was deleted without --force"
}

# --- failures give back what init made -----------------------------------------------------------------

test_mount_points_are_taken_back_when_a_hook_of_the_runtime_fails() {
    local kind
    for kind in prestart createRuntime createContainer; do
        bundle "$(with_mount /made/for/it tmpfs tmpfs) | $(hook "$kind" 'exit 3')"
        rm -f log
        refused "$kind"
        [[ ! -e $B/rootfs/made ]] || fail "the mount point stays after $kind"
    done
}

test_mount_points_are_taken_back_when_create_is_interrupted() {
    local kind
    for kind in createRuntime createContainer; do
        sleeper "$(with_mount /made/for/it tmpfs tmpfs) | $(hook "$kind" "touch $TEST_DIR/in-$kind; sleep 3")"
        "$RUNLET" --root "$ROOT" create --bundle "$B" "$ID" </dev/null >out 2>&1 &
        local builder=$!
        eventually test -e "in-$kind"
        kill -TERM "$builder"
        ! wait "$builder" || fail "create worked"
        [[ ! -e $B/rootfs/made ]] || fail "the mount point stays after $kind: $(cat out)"
        [[ ! -e $ROOT/$ID ]] || fail "the state stays"
    done
}

test_mount_points_made_in_a_volume_are_taken_back() {
    mkdir volume
    bundle ".process.args = [\"/no/such\"] | $(with_mount /made tmpfs tmpfs) | $(with_mount /made/volume bind "$TEST_DIR/volume" bind)
        | $(with_mount /made/volume/inner tmpfs tmpfs)"
    refused /no/such
    [[ ! -e volume/inner ]] || fail "a mount point stays in the volume"
}

test_a_failed_container_without_mount_namespace_leaves_the_rootfs_mounted() {
    bundle ".process.args = [\"/no/such\"] | .process.cwd = \"/made/here\" | .mounts = []
        | .linux.namespaces |= map(select(.type != \"mount\"))"
    mount --bind "$B/rootfs" "$B/rootfs"
    rm -f log
    run
    assert_ne 0 "$status" "exit status"
    mountpoint -q "$B/rootfs" || fail "the host's mount at the rootfs is gone"
    [[ ! -e $B/rootfs/made ]] || fail "the working folder stays"
}

# --- commands that meet ---------------------------------------------------------------------------------

test_many_creates_of_one_id_make_one_container() {
    local round n ok pids
    sleeper
    for round in {1..8}; do
        ok=0 pids=()
        for n in {1..6}; do
            rt create --bundle "$B" --pid-file "pid$n" "$ID" </dev/null >"out$n" 2>&1 &
            pids+=($!)
        done
        for n in "${pids[@]}"; do
            if wait "$n"; then ok=$((ok + 1)); fi
        done
        assert_eq 1 "$ok" "creates that worked in round $round"
        rt delete --force "$ID"
    done
}

# Creates and forced deletes of one id at a time: a create that says that it worked left a container
# whose state is there, unless a delete came later; in the end nothing may live.
test_creates_and_deletes_of_one_id_leave_no_orphan() {
    local n before
    sleeper
    before=$(traces)
    for n in {1..40}; do
        rt create --bundle "$B" "$ID" </dev/null >/dev/null 2>&1 &
        rt delete --force "$ID" >/dev/null 2>&1 &
        rt create --bundle "$B" "$ID" </dev/null >/dev/null 2>&1 &
        rt delete --force "$ID" >/dev/null 2>&1 &
        ((n % 4)) || wait
    done
    wait
    rt delete --force "$ID"
    eventually no_process_of_runlet
    assert_no_new_traces "$before"
}

# A delete that waits while another one removes the container and a third command makes it anew must
# not take the new one's folder away.
test_a_delete_that_waited_does_not_remove_a_newer_container() {
    local pids=() n
    sleeper
    create
    exec 9<"$ROOT/$ID"
    flock 9
    for n in 1 2 3; do
        rt delete --force "$ID" 2>"err$n" &
        pids+=($!)
    done
    sleep 0.5
    # What the first of them does, done here while all wait: the id is given up and taken again.
    kill -KILL "$PID" 2>/dev/null || :
    rm -r "${ROOT:?}/$ID"
    cli_remove_cgroups "${CG#/}" || :
    create
    flock -u 9
    for n in "${pids[@]}"; do wait "$n" || :; done
    # Each of them saw either the old container or the new one, as a whole.
    if [[ -e $ROOT/$ID ]]; then
        has_status created
    else
        gone "$PID" || fail "the new container lives on without a state"
    fi
}

test_a_start_and_a_delete_at_a_time_leave_nothing_or_a_whole_container() {
    local n before
    bundle_sh 'exit 0'
    before=$(traces)
    for n in {1..25}; do
        rt create --bundle "$B" "$ID" </dev/null >out 2>&1 || fail "$(cat out)"
        rt start "$ID" >/dev/null 2>&1 &
        rt delete --force "$ID" >/dev/null 2>&1 &
        wait
        [[ ! -e $ROOT/$ID ]] || fail "the state stays"
    done
    eventually no_process_of_runlet
    assert_no_new_traces "$before"
}

test_delete_force_is_not_held_up_by_a_start_that_hangs() {
    sleeper "$(hook startContainer 'touch /up; exec sleep 1000')"
    create
    rt start "$ID" >/dev/null 2>&1 &
    eventually test -e "$B/rootfs/up"
    timeout 10 "$RUNLET" --root "$ROOT" delete --force "$ID" || fail "delete --force: $?"
    gone "$PID"
    wait
}

test_delete_force_is_not_held_up_by_a_create_that_hangs() {
    sleeper "$(hook createContainer "touch $TEST_DIR/up; exec sleep 1000")"
    rt create --bundle "$B" "$ID" </dev/null >/dev/null 2>&1 &
    eventually test -e up
    timeout 10 "$RUNLET" --root "$ROOT" delete --force "$ID" || fail "delete --force: $?"
    wait
    [[ ! -e $ROOT/$ID ]] || fail "the state stays"
}

# --- pids -------------------------------------------------------------------------------------------------

test_a_pid_that_another_process_got_is_not_signalled() {
    local sig
    sleeper
    create_started
    kill -KILL "$PID"
    eventually test ! -e "/proc/$PID"
    sleep 0.05
    "$ATTACK_HELPER" takepid "$PID" >taken 2>&1 || skip "a pid cannot be taken here: $(cat taken)"
    eventually grep -q here taken
    assert_eq stopped "$(status_of)"
    for sig in TERM KILL 0; do
        ! rt kill "$ID" "$sig" 2>err || fail "kill $sig worked"
        assert_contains "$(cat err)" "not running"
    done
    ! rt start "$ID" 2>err || fail "start worked"
    rt delete "$ID"
    rt delete --force "$ID"
    alive "$PID" || fail "the other process was killed"
}

test_a_pid_file_with_nonsense_harms_nobody() {
    local text other
    sleep 1000 &
    other=$!
    sleeper
    create_started
    for text in "" "0 0" "-1 0" "1 0" "$other 0" "99999999999999999999 1" "$other" $'\n' "x y" "$(printf 'a%.0s' {1..5000})"; do
        printf %s "$text" >"$ROOT/$ID/pid"
        rt kill "$ID" KILL 2>/dev/null || :
        rt state "$ID" >/dev/null || fail "state with pid \"${text:0:20}\""
        alive "$other" || fail "killed by pid \"$text\""
    done
    rt delete --force "$ID"
    alive "$other" || fail "killed by delete"
}

# A process that makes the maps of a bind mount must not outlive the runtime that waits for it.
test_no_helper_process_outlives_a_killed_runtime() {
    mkdir data
    sleeper ".mounts += [range(40) | {destination: \"/data\\(.)\", type: \"bind\", source: \"$TEST_DIR/data\",
        options: [\"bind\"], uidMappings: [{containerID: 0, hostID: 1000, size: 1}], gidMappings: [{containerID: 0, hostID: 1000, size: 1}]}]"
    local us
    for ((us = 1000; us < 16000; us += 400)); do
        killed_after "$us" "$RUNLET" --root "$ROOT" create --bundle "$B" "$ID"
        timeout 10 "$RUNLET" --root "$ROOT" delete --force "$ID" || fail "delete --force after $us us: $?"
    done
    eventually no_process_of_runlet
}

cli_main "$@"
