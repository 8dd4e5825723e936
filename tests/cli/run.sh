#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# run: exit statuses, standard streams, detach, keep, and that nothing is left behind.
. "$(dirname "$0")/lib.sh"

test_run_ends_with_the_status_of_the_process() {
    local code
    for code in 0 1 7 42 255; do
        bundle_sh "exit $code"
        run
        assert_eq "$code" "$status" "exit status"
    done
}

test_run_of_a_process_killed_by_a_signal_ends_with_128_more() {
    bundle_sh 'kill -KILL $$' '.linux.namespaces |= map(select(.type != "pid"))'
    run
    assert_eq 137 "$status" "exit status"
    bundle_sh 'kill -TERM $$' '.linux.namespaces |= map(select(.type != "pid"))'
    run
    assert_eq 143 "$status" "exit status"
}

test_run_leaves_nothing() {
    local before
    bundle_sh 'exit 7'
    before=$(traces)
    run
    assert_eq 7 "$status"
    assert_no_new_traces "$before"
}

test_run_passes_standard_output_and_error_apart() {
    bundle_sh 'echo to out; echo to err >&2'
    run
    assert_eq "to out" "$(cat out)" stdout
    assert_eq "to err" "$(cat err)" stderr
}

test_run_prints_nothing_of_its_own() {
    bundle
    run
    assert_eq "0 0" "$(stat -c %s out) $(stat -c %s err)" "bytes on stdout and stderr"
}

test_run_passes_standard_input() {
    bundle_sh 'cat | tr a-z A-Z'
    assert_eq "SHOUT" "$(echo shout | rt run --bundle "$B" "$ID")"
}

test_run_passes_a_megabyte_unchanged() {
    bundle '.process.args = ["cat"]'
    head -c 1000000 /dev/urandom >in
    rt run --bundle "$B" "$ID" <in >out
    cmp in out
}

test_run_passes_the_end_of_standard_input() {
    bundle_sh 'read -r line || echo end'
    assert_eq end "$(rt run --bundle "$B" "$ID" </dev/null)"
}

test_a_reader_that_goes_away_ends_the_writer() {
    bundle_sh 'while :; do echo line || exit 9; done'
    rt run --bundle "$B" "$ID" 2>/dev/null </dev/null | head -n 1 >out || :
    assert_eq line "$(cat out)"
}

test_run_detached_returns_while_the_process_lives() {
    bundle '.process.args = ["sleep", "1000"]'
    rt run --detach --bundle "$B" --pid-file "$TEST_DIR/pid" "$ID" </dev/null >out 2>&1
    assert_eq running "$(status_of)"
    alive "$(cat pid)" || fail "no process"
    rt delete --force "$ID"
}

test_run_detached_keeps_the_streams_of_the_caller() {
    bundle_sh 'echo hello; echo oops >&2'
    rt run -d --bundle "$B" "$ID" </dev/null >out 2>err
    eventually has_status stopped
    assert_eq "hello oops" "$(cat out) $(cat err)"
    rt delete "$ID"
}

test_run_with_keep_leaves_a_stopped_container() {
    bundle_sh 'exit 4'
    run --keep
    assert_eq 4 "$status"
    assert_eq stopped "$(status_of)"
    rt delete "$ID"
    ! rt state "$ID" 2>/dev/null || fail "still there"
}

test_run_writes_a_pid_file_while_the_process_lives() {
    bundle_sh 'read -r go </fifo'
    mkfifo "$B/rootfs/fifo"
    rt run --bundle "$B" --pid-file "$TEST_DIR/pid" "$ID" </dev/null >out 2>&1 &
    eventually has_status running
    assert_eq "$(rt state "$ID" | jq .pid)" "$(cat pid)"
    echo go >"$B/rootfs/fifo"
    wait $!
}

test_run_forwards_signals_to_the_process() {
    bundle_sh 'trap "echo got; exit 9" TERM; echo up; while :; do sleep 0.02; done'
    "$RUNLET" --root "$ROOT" run --bundle "$B" "$ID" </dev/null >out 2>&1 &
    local pid=$!
    eventually grep -q up out
    kill -TERM "$pid"
    wait "$pid" || status=$?
    assert_eq 9 "$status"
    assert_contains "$(cat out)" got
}

test_run_of_a_missing_program_fails_and_leaves_nothing() {
    local before
    bundle '.process.args = ["/no/such"]'
    before=$(traces)
    run
    assert_ne 0 "$status" "exit status"
    assert_contains "$(cat err)" /no/such
    assert_contains "$(cat err)" "no such file or directory"
    assert_no_new_traces "$before"
}

test_processes_left_by_the_main_process_die_with_it() {
    bundle_sh 'sleep 1000 & exit 0'
    run
    assert_eq 0 "$status"
    local p
    for p in /proc/[0-9]*; do
        ! grep -qx sleep "$p/comm" 2>/dev/null || ! alive "${p#/proc/}" || fail "sleep lives on"
    done
}

test_a_stopped_tty_less_process_with_closed_stdin_still_runs() {
    bundle_sh 'echo fine'
    rt run --bundle "$B" "$ID" <&- >out 2>&1 || fail "$(cat out)"
    assert_eq fine "$(cat out)"
}

cli_main "$@"
