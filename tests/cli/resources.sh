#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What the runtime itself costs and touches: memory, descriptors, the caller's mount table.
. "$(dirname "$0")/lib.sh"

test_run_peaks_below_3_mib() {
    [[ -z ${RUNLET_SANITIZED:-} ]] || skip "the sanitizers' memory is not the program's"
    bundle
    mkdir -p "$ROOT"
    "$CLI_HELPER" rss "$TEST_DIR/rss" "$RUNLET" --root "$ROOT" run --bundle "$B" "$ID" </dev/null >out 2>&1 || fail "$(cat out)"
    (($(cat rss) < 3072)) || fail "peak of $(cat rss) KiB"
}

test_create_peaks_below_3_mib() {
    [[ -z ${RUNLET_SANITIZED:-} ]] || skip "the sanitizers' memory is not the program's"
    bundle
    "$CLI_HELPER" rss "$TEST_DIR/rss" "$RUNLET" --root "$ROOT" create --bundle "$B" "$ID" </dev/null >out 2>&1 || fail "$(cat out)"
    (($(cat rss) < 3072)) || fail "peak of $(cat rss) KiB"
}

test_the_watch_of_the_mount_table_sees_a_mount() {
    "$CLI_HELPER" mountevents "$TEST_DIR/events" sh -c 'mount -t tmpfs x /srv; sleep 0.05; umount /srv'
    assert_ne 0 "$(cat events)" "events"
}

test_no_command_makes_a_mount_event_in_the_callers_namespace() {
    bundle_sh 'exit 0' '.linux.maskedPaths = ["/proc/kcore", "/home"] | .linux.readonlyPaths = ["/proc/sys"]'
    cat >commands <<-SCRIPT
		set -e
		"$RUNLET" --root "$ROOT" create --bundle "$B" "$ID" </dev/null >/dev/null
		"$RUNLET" --root "$ROOT" start "$ID"
		"$RUNLET" --root "$ROOT" kill "$ID" KILL || :
		sleep 0.1
		"$RUNLET" --root "$ROOT" delete --force "$ID"
		"$RUNLET" --root "$ROOT" run --bundle "$B" "$ID" </dev/null >/dev/null
	SCRIPT
    "$CLI_HELPER" mountevents "$TEST_DIR/events" bash commands >out 2>&1 || fail "$(cat out)"
    assert_eq 0 "$(cat events)" "mount events"
}

test_many_containers_leave_nothing() {
    local before n
    bundle
    before=$(traces)
    for n in {1..20}; do
        rt run --bundle "$B" "$ID-$n" </dev/null
    done
    assert_no_new_traces "$before"
}

test_two_containers_at_a_time_do_not_disturb_each_other() {
    local n
    for n in 1 2 3 4; do
        bundle_sh "sleep 0.1; exit 1$n" . "$TEST_DIR/b$n"
    done
    local pids=()
    for n in 1 2 3 4; do
        rt run --bundle "$TEST_DIR/b$n" "x$n" </dev/null >"out$n" 2>&1 &
        pids+=($!)
    done
    for n in 1 2 3 4; do
        status=0
        wait "${pids[n - 1]}" || status=$?
        assert_eq "1$n" "$status" "$(cat "out$n")"
    done
}

test_stdout_that_is_closed_does_not_break_the_container() {
    bundle_sh 'echo x >/ran; exit 0'
    rt run --bundle "$B" "$ID" </dev/null >&- 2>err || fail "$(cat err)"
    [[ -e $B/rootfs/ran ]] || fail "did not run"
}

cli_main "$@"
