#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# containerd with the runtime under test, driven by ctr.
. "$(dirname "$0")/lib.sh"

task_status() {
    ctr task ls | awk -v name="$NAME" '$1 == name { print $3 }'
}

task_has_status() { # STATUS
    [[ $(task_status) == "$1" ]]
}

# ctr 1.6 tells the exit status in words, newer ones also as their own.
deleted_with() { # STATUS [OPTION]
    ctr task delete "${@:2}" "$NAME" >out 2>&1 || status=$?
    [[ $status == "$1" ]] || assert_contains "$(cat out)" "exit code $1" "ctr task delete"
}

test_ctr_run_prints_what_the_program_prints() {
    assert_eq hello "$(ctr run --rm "$IMAGE" "$NAME" echo hello)"
    assert_eq "" "$(ctr container ls -q)" "containers that are left"
}

test_ctr_run_passes_the_exit_status() {
    local code
    for code in 0 7 137; do
        status=0
        ctr run --rm "$IMAGE" "$NAME-$code" sh -c "exit $code" || status=$?
        assert_eq "$code" "$status"
    done
}

test_ctr_run_passes_standard_input() {
    assert_eq "FROM STDIN" "$(echo 'from stdin' | ctr run --rm "$IMAGE" "$NAME" sh -c 'head -n 1 | tr a-z A-Z')"
}

test_ctr_run_detached_then_kill_and_delete() {
    local pid
    ctr run -d "$IMAGE" "$NAME" sleep 1000
    assert_eq RUNNING "$(task_status)"
    pid=$(ctr task ls | awk -v name="$NAME" '$1 == name { print $2 }')
    [[ $(tr '\0' ' ' <"/proc/$pid/cmdline") == "sleep 1000 " ]] || fail "pid $pid is no sleep"
    ctr task kill -s SIGKILL "$NAME"
    eventually task_has_status STOPPED
    deleted_with 137
    [[ ! -e /proc/$pid ]] || fail "the process lives"
    ctr container rm "$NAME"
    assert_eq "" "$(ctr container ls -q)"
}

test_ctr_task_kill_sends_the_signal() {
    ctr run -d "$IMAGE" "$NAME" sh -c 'trap "exit 7" TERM; while :; do sleep 0.1; done'
    sleep 0.5
    ctr task kill -s SIGTERM "$NAME"
    eventually task_has_status STOPPED
    deleted_with 7
    ctr container rm "$NAME"
}

test_ctr_task_delete_force_ends_a_running_task() {
    ctr run -d "$IMAGE" "$NAME" sleep 1000
    deleted_with 137 --force
    ctr container rm "$NAME"
}

test_ctr_run_with_a_terminal() {
    script -qec "ctr run --rm -t $IMAGE $NAME sh -c '[ -t 0 ] && [ -t 1 ] && echo both'" /dev/null \
        </dev/null >out 2>&1 || fail "$(cat out)"
    assert_contains "$(cat out)" both
}

test_ctr_run_of_a_missing_program_fails_with_the_reason() {
    ! ctr run --rm "$IMAGE" "$NAME" /no/such/program >out 2>&1 || fail "worked"
    assert_contains "$(cat out)" "/no/such/program"
    assert_contains "$(cat out)" "no such file or directory"
}

test_ctr_run_with_a_memory_limit() {
    # The limit is read where the container's own process is.
    local pid path
    ctr run -d --memory-limit 67108864 "$IMAGE" "$NAME" sleep 1000
    pid=$(ctr task ls | awk -v name="$NAME" '$1 == name { print $2 }')
    if [[ -e /sys/fs/cgroup/cgroup.controllers ]]; then
        path=$(sed -n 's/^0:://p' "/proc/$pid/cgroup")
        assert_eq 67108864 "$(cat "/sys/fs/cgroup$path/memory.max")"
    else
        path=$(sed -n 's/^[0-9]*:memory://p' "/proc/$pid/cgroup")
        assert_eq 67108864 "$(cat "/sys/fs/cgroup/memory$path/memory.limit_in_bytes")"
    fi
    ctr task delete --force "$NAME" || :
    ctr container rm "$NAME"
}

engine_tests containerd containerd ctr containerd-shim-runc-v2 script busybox ip -- "$@"
