#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Docker with the runtime under test as its default one.
. "$(dirname "$0")/lib.sh"

test_docker_uses_the_runtime_under_test() {
    assert_eq under-test "$(docker info --format '{{.DefaultRuntime}}')"
}

test_docker_run_prints_what_the_program_prints() {
    assert_eq hello "$(docker run --rm "$IMAGE" echo hello)"
}

test_docker_run_passes_the_exit_status() {
    local code
    for code in 0 7 137; do
        status=0
        docker run --rm "$IMAGE" sh -c "exit $code" || status=$?
        assert_eq "$code" "$status"
    done
}

test_docker_run_passes_standard_input() {
    assert_eq "FROM STDIN" "$(echo 'from stdin' | docker run --rm -i "$IMAGE" tr a-z A-Z)"
}

test_docker_run_it_has_a_terminal() {
    script -qec "docker run --rm -it $IMAGE sh -c 'tty; [ -t 0 ] && [ -t 1 ] && echo both; stty size'" /dev/null \
        </dev/null >out 2>&1 || fail "$(cat out)"
    assert_contains "$(cat out)" both
    assert_contains "$(cat out)" /dev/pts/0
}

test_docker_run_it_passes_what_is_typed() {
    (sleep 2; printf 'echo typed-$((40+2))\nexit 5\n'; sleep 3) |
        script -qec "docker run --rm -it $IMAGE sh" /dev/null >out 2>&1 || status=$?
    assert_contains "$(cat out)" typed-42
    assert_eq 5 "$status" "exit status"
}

test_docker_run_detached_then_logs_stop_and_rm() {
    local id pid
    id=$(docker run -d --name "$NAME" "$IMAGE" sh -c 'trap "echo bye; exit 3" TERM; echo up; while :; do sleep 0.1; done')
    pid=$(docker inspect -f '{{.State.Pid}}' "$NAME")
    assert_ne 0 "$pid" pid
    eventually sh -c "docker logs $NAME 2>&1 | grep -q up"
    assert_eq true "$(docker inspect -f '{{.State.Running}}' "$NAME")"
    docker stop -t 5 "$NAME" >/dev/null
    assert_eq "exited 3" "$(docker inspect -f '{{.State.Status}} {{.State.ExitCode}}' "$NAME")"
    assert_eq "up bye" "$(docker logs "$NAME" | xargs)"
    [[ ! -e /proc/$pid ]] || fail "the process lives"
    docker rm "$NAME" >/dev/null
    assert_eq "" "$(docker ps -aq --no-trunc --filter "id=$id")"
    assert_eq "" "$(find /sys/fs/cgroup -name process_api\* -prune -o -type d -name "$id" -print 2>/dev/null)" "cgroups"
}

test_docker_stop_kills_what_does_not_listen() {
    docker run -d --name "$NAME" "$IMAGE" sleep 1000 >/dev/null
    docker stop -t 1 "$NAME" >/dev/null
    assert_eq 137 "$(docker inspect -f '{{.State.ExitCode}}' "$NAME")"
    docker rm "$NAME" >/dev/null
}

test_docker_kill_sends_the_signal() {
    docker run -d --name "$NAME" "$IMAGE" sh -c 'trap "exit 9" USR1; echo up; while :; do sleep 0.1; done' >/dev/null
    eventually sh -c "docker logs $NAME 2>&1 | grep -q up"
    docker kill -s USR1 "$NAME" >/dev/null
    assert_eq 9 "$(docker wait "$NAME")"
    docker rm "$NAME" >/dev/null
}

# One container with all the limits; each is read where the kernel shows it.
test_docker_run_with_user_limits_and_privileges() {
    local script
    script='cat /proc/self/status
        touch /file 2>&1
        touch /t/file && echo scratch is writable
        grep " / " /proc/self/mountinfo | grep -q " / ro" && echo root is read-only
        cd /sys/fs/cgroup
        for f in memory/memory.limit_in_bytes memory.max pids/pids.max pids.max \
            cpu/cpu.cfs_quota_us cpu/cpu.cfs_period_us cpu.max; do
            [ ! -e $f ] || echo "$f $(cat $f)"
        done'
    docker run --rm --user 1000 --read-only --tmpfs /t --memory 64m --pids-limit 50 --cpus 0.5 --cap-drop ALL \
        --security-opt no-new-privileges "$IMAGE" sh -c "$script" >out 2>&1 || fail "$(cat out)"
    assert_match "$(cat out)" $'Uid:\t1000\t1000\t1000\t1000' user
    assert_match "$(cat out)" $'CapEff:\t0000000000000000' CapEff
    assert_match "$(cat out)" $'CapPrm:\t0000000000000000' CapPrm
    assert_match "$(cat out)" $'CapBnd:\t0000000000000000' CapBnd
    assert_match "$(cat out)" $'NoNewPrivs:\t1' NoNewPrivs
    assert_match "$(cat out)" $'Seccomp:\t2' Seccomp
    assert_contains "$(cat out)" "Read-only file system"
    assert_contains "$(cat out)" "root is read-only"
    assert_contains "$(cat out)" "scratch is writable"
    if [[ -e /sys/fs/cgroup/cgroup.controllers ]]; then
        assert_contains "$(cat out)" "memory.max 67108864"
        assert_contains "$(cat out)" "pids.max 50"
        assert_contains "$(cat out)" "cpu.max 50000 100000"
    else
        assert_contains "$(cat out)" "memory.limit_in_bytes 67108864"
        assert_contains "$(cat out)" "pids.max 50"
        assert_contains "$(cat out)" "cpu.cfs_quota_us 50000"
        assert_contains "$(cat out)" "cpu.cfs_period_us 100000"
    fi
}

test_docker_run_of_a_missing_program_ends_with_127() {
    docker run --rm "$IMAGE" /no/such/program >out 2>&1 || status=$?
    assert_eq 127 "$status" "$(cat out)"
    assert_contains "$(cat out)" "no such file or directory"
    status=0
    docker run --rm "$IMAGE" nosuchprogram >out 2>&1 || status=$?
    assert_eq 127 "$status" "$(cat out)"
}

test_docker_run_of_what_is_not_executable_ends_with_126() {
    docker run --rm "$IMAGE" /etc/passwd >out 2>&1 || status=$?
    assert_eq 126 "$status" "$(cat out)"
    assert_contains "$(cat out)" "permission denied"
}

test_docker_run_with_a_volume_writes_to_the_host() {
    mkdir data
    chmod 777 data
    docker run --rm -v "$TEST_DIR/data:/data" "$IMAGE" sh -c 'echo inside >/data/file'
    assert_eq inside "$(cat data/file)"
}

test_docker_run_with_host_namespaces() {
    assert_eq "$(readlink /proc/self/ns/net)" "$(docker run --rm --network host "$IMAGE" readlink /proc/self/ns/net)"
    assert_eq "$(readlink /proc/self/ns/pid)" "$(docker run --rm --pid host "$IMAGE" readlink /proc/self/ns/pid)"
}

test_docker_run_sets_the_host_name() {
    assert_eq web.example "$(docker run --rm --hostname web.example "$IMAGE" hostname)"
}

test_docker_restart_works() {
    docker run -d --name "$NAME" "$IMAGE" sh -c 'echo started; exec sleep 1000' >/dev/null
    docker restart -t 0 "$NAME" >/dev/null
    eventually sh -c "[ \$(docker logs $NAME | grep -c started) = 2 ]"
    docker rm -f "$NAME" >/dev/null
}

test_docker_network_reaches_another_container() {
    docker network inspect bridge >/dev/null 2>&1 || skip "no bridge network here"
    local address
    docker run -d --name "$NAME" "$IMAGE" sh -c 'echo served >/tmp/index.html; exec httpd -f -p 8080 -h /tmp' >/dev/null
    address=$(docker inspect -f '{{.NetworkSettings.IPAddress}}' "$NAME")
    [[ -n $address ]] || fail "no address"
    eventually docker run --rm "$IMAGE" wget -q -O - "http://$address:8080/" >out
    assert_eq served "$(cat out)"
    docker rm -f "$NAME" >/dev/null
}

engine_tests docker docker dockerd containerd script busybox ip -- "$@"
