#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# create, state, start, kill, delete and list: what the kernel and the caller see of each step.
. "$(dirname "$0")/lib.sh"

test_create_leaves_a_process_that_has_not_run_its_program() {
    bundle_sh 'echo ran >/ran; exec sleep 1000'
    create
    assert_eq created "$(status_of)"
    alive "$PID" || fail "no process $PID"
    [[ ! -e $B/rootfs/ran ]] || fail "create ran the program"
    assert_ne "$(readlink /proc/self/ns/mnt)" "$(readlink "/proc/$PID/ns/mnt")" "mount namespace"
}

test_start_runs_the_program() {
    bundle_sh 'echo ran >/ran; exec sleep 1000'
    create
    rt start "$ID"
    assert_eq running "$(status_of)"
    eventually test -e "$B/rootfs/ran"
    eventually grep -q sleep "/proc/$PID/comm"
}

test_state_is_json_with_the_facts_of_the_container() {
    local state
    bundle '.process.args = ["sleep", "1000"] | .annotations = {"org.example.key": "a \"quoted\" value"}'
    create
    state=$(rt state "$ID")
    assert_eq "$ID" "$(jq -r .id <<<"$state")" id
    assert_eq created "$(jq -r .status <<<"$state")" status
    assert_eq "$PID" "$(jq -r .pid <<<"$state")" pid
    assert_eq "$B" "$(jq -r .bundle <<<"$state")" bundle
    assert_match "$(jq -r .ociVersion <<<"$state")" '^1\.' ociVersion
    assert_eq 'a "quoted" value' "$(jq -r '.annotations["org.example.key"]' <<<"$state")" annotation
}

test_the_pid_file_holds_digits_alone() {
    bundle '.process.args = ["sleep", "1000"]'
    create
    assert_eq "$(rt state "$ID" | jq .pid)" "$(cat "$TEST_DIR/pid")"
    assert_eq "$(printf %s "$PID" | wc -c)" "$(wc -c <"$TEST_DIR/pid")" "size of the pid file"
}

test_the_pid_file_is_relative_to_the_callers_folder() {
    bundle '.process.args = ["sleep", "1000"]'
    rt create --bundle "$B" --pid-file here.pid "$ID" </dev/null >out 2>&1
    assert_eq "$(rt state "$ID" | jq .pid)" "$(cat "$TEST_DIR/here.pid")"
}

test_the_bundle_defaults_to_the_current_folder() {
    bundle '.process.args = ["sleep", "1000"]'
    (cd "$B" && rt create "$ID" </dev/null >/dev/null 2>&1)
    assert_eq "$B" "$(rt state "$ID" | jq -r .bundle)"
}

test_the_process_becomes_a_child_of_the_callers_subreaper() {
    bundle_sh 'exit 5'
    mkdir -p "$ROOT"
    "$CLI_HELPER" subreaper "$TEST_DIR/ended" sh -c \
        "'$RUNLET' --root '$ROOT' create --bundle '$B' --pid-file '$TEST_DIR/pid' $ID && '$RUNLET' --root '$ROOT' start $ID" \
        </dev/null >out 2>&1 || fail "$(cat out)"
    assert_contains "$(cat ended)" "$(cat pid) 5" "children that ended"
}

test_a_process_that_ended_is_stopped_with_pid_0() {
    bundle_sh 'exit 3'
    create_started
    eventually has_status stopped
    assert_eq 0 "$(rt state "$ID" | jq '.pid // 0')" pid
}

test_a_zombie_counts_as_stopped() {
    bundle_sh 'read -r line </fifo; exit 0'
    mkfifo "$B/rootfs/fifo"
    # The subreaper is stopped, so that the process stays a zombie.
    "$CLI_HELPER" subreaper ended "$RUNLET" --root "$ROOT" create --bundle "$B" --pid-file pid "$ID" \
        </dev/null >out 2>&1 &
    local reaper=$!
    eventually has_status created
    kill -STOP "$reaper"
    rt start "$ID"
    echo go >"$B/rootfs/fifo"
    eventually grep -q 'State:.Z' "/proc/$(cat pid)/status"
    assert_eq stopped "$(status_of)"
    rt delete "$ID"
    kill -CONT "$reaper"
}

test_kill_sends_term_unless_told_otherwise() {
    bundle_sh 'trap "echo term >/got; exit 0" TERM; echo up >/up; while :; do sleep 0.05; done'
    create_started
    eventually test -e "$B/rootfs/up"
    rt kill "$ID"
    eventually has_status stopped
    assert_eq term "$(cat "$B/rootfs/got")"
}

test_kill_knows_signals_by_number_by_name_and_with_sig() {
    local signal
    bundle_sh 'for s in HUP USR1 USR2; do trap "echo $s >>/got" $s; done; echo up >/up; while :; do sleep 0.02; done'
    create_started
    eventually test -e "$B/rootfs/up"
    for signal in HUP SIGUSR1 12; do
        rt kill "$ID" "$signal"
        sleep 0.2
    done
    eventually grep -q USR2 "$B/rootfs/got"
    assert_eq "HUP USR1 USR2" "$(tr '\n' ' ' <"$B/rootfs/got" | sed 's/ $//')"
}

test_kill_of_an_unknown_signal_is_refused_and_harms_nobody() {
    bundle '.process.args = ["sleep", "1000"]'
    create_started
    ! rt kill "$ID" NOSUCH 2>err || fail "accepted"
    assert_contains "$(cat err)" NOSUCH
    assert_eq running "$(status_of)"
}

test_kill_of_a_created_container_works() {
    bundle '.process.args = ["sleep", "1000"]'
    create
    rt kill "$ID" KILL
    eventually has_status stopped
    gone "$PID"
}

test_kill_all_reaches_every_process() {
    bundle_sh 'sleep 1000 & sleep 1000 & wait' \
        '.linux.namespaces |= map(select(.type != "pid"))'
    create_started
    local dir
    dir=$(cgroup_dir freezer)
    [[ -n $dir ]] || fail "no cgroup"
    eventually sh -c "[ \$(wc -l <'$dir/cgroup.procs') = 3 ]"
    rt kill --all "$ID" KILL
    eventually has_status stopped
    eventually sh -c "[ ! -s '$dir/cgroup.procs' ]"
}

test_kill_of_a_stopped_container_says_that_it_is_not_running() {
    bundle_sh 'exit 0'
    create_started
    eventually has_status stopped
    ! rt kill "$ID" TERM 2>err || fail "accepted"
    assert_contains "$(cat err)" "not running"
}

test_kill_all_of_a_stopped_container_is_success() {
    bundle_sh 'exit 0'
    create_started
    eventually has_status stopped
    rt kill --all "$ID" KILL
}

test_delete_of_a_stopped_container_leaves_nothing() {
    local before
    bundle_sh 'exit 0'
    before=$(traces)
    create_started
    eventually has_status stopped
    rt delete "$ID"
    assert_no_new_traces "$before"
}

test_delete_of_a_created_container_ends_it_and_leaves_nothing() {
    local before
    bundle '.process.args = ["sleep", "1000"]'
    before=$(traces)
    create
    rt delete "$ID"
    gone "$PID"
    assert_no_new_traces "$before"
}

test_delete_of_a_running_container_is_refused_and_harms_it_not() {
    bundle '.process.args = ["sleep", "1000"]'
    create_started
    ! rt delete "$ID" 2>err || fail "deleted a running container"
    alive "$PID" || fail "the process is gone"
    assert_eq running "$(status_of)"
}

test_delete_force_ends_a_running_container_and_leaves_nothing() {
    local before
    bundle_sh 'sleep 1000 & sleep 1000'
    before=$(traces)
    create_started
    rt delete --force "$ID"
    gone "$PID"
    assert_no_new_traces "$before"
}

test_delete_force_of_an_unknown_container_is_success() {
    rt delete --force nosuch
    rt delete -f nosuch
}

test_delete_force_finds_the_processes_of_a_container_without_pid_namespace() {
    local before dir
    bundle_sh 'setsid sleep 1000 & setsid sleep 1000 & wait' \
        '.linux.namespaces |= map(select(.type != "pid"))'
    before=$(traces)
    create_started
    dir=$(cgroup_dir freezer)
    eventually sh -c "[ \$(wc -l <'$dir/cgroup.procs') = 3 ]"
    rt delete --force "$ID"
    assert_no_new_traces "$before"
}

test_an_id_can_be_used_again_after_delete() {
    bundle_sh 'exit 0'
    create_started
    eventually has_status stopped
    rt delete "$ID"
    create_started
    eventually has_status stopped
    rt delete "$ID"
}

test_a_change_of_the_bundle_after_create_has_no_effect() {
    bundle_sh 'echo first >/ran'
    create
    echo '{ broken' >"$B/config.json"
    rt start "$ID"
    eventually test -e "$B/rootfs/ran"
    eventually has_status stopped
    assert_eq first "$(cat "$B/rootfs/ran")"
    rt delete "$ID"
}

test_commands_on_an_unknown_container_say_that_it_does_not_exist() {
    local command
    mkdir -p "$ROOT"
    for command in state start "kill" delete; do
        ! rt "$command" nosuch >out 2>err || fail "$command of an unknown container worked"
        assert_contains "$(cat err)" "does not exist" "$command"
        [[ ! -s out ]] || fail "$command printed something"
    done
}

test_list_shows_every_container_sorted_as_a_table() {
    bundle '.process.args = ["sleep", "1000"]'
    bundle '.process.args = ["sleep", "1000"]' "$TEST_DIR/b2"
    create
    rt create --bundle "$TEST_DIR/b2" a-first </dev/null >/dev/null 2>&1
    rt list >out
    assert_match "$(sed -n 1p out)" '^ID +PID +STATUS +BUNDLE +CREATED +OWNER *$' header
    assert_match "$(sed -n 2p out)" "^a-first +[0-9]+ +created +$TEST_DIR/b2 +20..-..-..T.*Z +root" "first line"
    assert_match "$(sed -n 3p out)" "^$ID +$PID +created +$B +20..-..-..T.*Z +root" "second line"
    assert_eq 3 "$(wc -l <out)" lines
    assert_eq "a-first $ID" "$(rt list --quiet | xargs)"
    assert_eq "a-first $ID" "$(rt list -q | xargs)"
}

test_list_as_json_is_one_array() {
    bundle '.process.args = ["sleep", "1000"]'
    create_started
    rt list --format json >out
    assert_eq 1 "$(wc -l <out)" lines
    assert_eq "ociVersion id pid status bundle rootfs created owner" \
        "$(jq -r '.[0] | keys_unsorted | map(select(. != "annotations" and . != "systemd-scope")) | join(" ")' out)"
    assert_eq "$ID $PID running $B $B/rootfs root" \
        "$(jq -r '.[0] | [.id, (.pid | tostring), .status, .bundle, .rootfs, .owner] | join(" ")' out)"
    rt list -f json | cmp - out
}

test_list_of_an_empty_root_has_no_entries() {
    mkdir -p "$ROOT"
    assert_eq 0 "$(rt list --format json | jq 'length')"
    assert_eq "" "$(rt list -q)"
}

test_two_creates_of_one_id_at_a_time_make_one_container() {
    local n ok=0 pids=()
    bundle '.process.args = ["sleep", "1000"]'
    for n in 1 2 3 4; do
        rt create --bundle "$B" --pid-file "pid$n" "$ID" </dev/null >"out$n" 2>&1 &
        pids+=($!)
    done
    for n in "${pids[@]}"; do
        if wait "$n"; then ok=$((ok + 1)); fi
    done
    assert_eq 1 "$ok" "creates that worked"
    assert_eq created "$(status_of)"
    assert_eq 1 "$(rt list -q | wc -l)"
}

test_the_state_folder_is_for_its_owner_alone() {
    bundle '.process.args = ["sleep", "1000"]'
    create
    assert_eq 700 "$(stat -c %a "$ROOT")" "mode of the root"
    assert_match "$(stat -c %a "$ROOT/$ID")" '^7[01][01]$' "mode of the container's folder"
}

test_runlet_killed_while_creating_leaves_what_delete_force_removes() {
    needs_runlet
    local before delay
    bundle '.process.args = ["sleep", "1000"]'
    before=$(traces)
    for delay in 0.001 0.002 0.003 0.005 0.008; do
        timeout -s KILL "$delay" "$RUNLET" --root "$ROOT" create --bundle "$B" "$ID" \
            </dev/null >/dev/null 2>&1 || :
        rt delete --force "$ID"
        eventually sh -c "! ls '$ROOT' | grep -q ."
        create
        rt delete --force "$ID"
    done
    sleep 0.2
    assert_no_new_traces "$before"
}

cli_main "$@"
