#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Cgroups: limits read back from the kernel's own files, on v1, hybrid and pure v2 hosts.
. "$(dirname "$0")/lib.sh"

# limit CONTROLLER RESOURCES-JQ V1-FILE V1-VALUE V2-FILE V2-VALUE
limit() {
    local controller=$1 dir file=$3 value=$4
    needs_controller "$controller"
    if is_v2; then file=$5 value=$6; fi
    bundle ".process.args = [\"sleep\", \"1000\"] | .linux.resources = $2"
    create
    dir=$(cgroup_dir "$controller")
    [[ -n $dir ]] || fail "no $controller group"
    [[ -e $dir/$file ]] || skip "this host has no $file"
    assert_eq "$value" "$(cat "$dir/$file")" "$file"
    grep -qx "$PID" "$dir/cgroup.procs" || fail "the process is not in $dir"
}

test_the_process_is_in_its_group_before_it_runs() {
    bundle '.process.args = ["sleep", "1000"]'
    create
    assert_contains "$(cat "/proc/$PID/cgroup")" "$CG/b"
}

test_memory_limit_is_set() {
    limit memory '{memory: {limit: 67108864}}' memory.limit_in_bytes 67108864 memory.max 67108864
}

test_memory_reservation_is_set() {
    limit memory '{memory: {reservation: 33554432}}' memory.soft_limit_in_bytes 33554432 memory.low 33554432
}

test_memory_and_swap_limit_are_set() {
    if ! is_v2 && [[ ! -e /sys/fs/cgroup/memory/memory.memsw.limit_in_bytes ]]; then skip "no swap accounting"; fi
    limit memory '{memory: {limit: 67108864, swap: 134217728}}' \
        memory.memsw.limit_in_bytes 134217728 memory.swap.max 67108864
}

test_a_process_over_its_memory_limit_is_killed() {
    needs_controller memory
    bundle_sh 'tail -c 60000000 /dev/zero; echo "status $?"; exit 3' \
        '.linux.resources = {memory: {limit: 16777216, swap: 16777216}}'
    run
    # The kernel kills one of the three, which may be the shell.
    [[ $status == 137 ]] || assert_contains "$(cat out)" "status 137"
}

test_pids_limit_is_set() {
    limit pids '{pids: {limit: 42}}' pids.max 42 pids.max 42
}

test_pids_limit_of_minus_one_is_no_limit() {
    limit pids '{pids: {limit: -1}}' pids.max max pids.max max
}

test_a_process_over_its_pids_limit_cannot_fork() {
    needs_controller pids
    assert_match "$(run_sh '(for i in 1 2 3 4 5 6 7 8 9; do sleep 0.3 & done; wait) 2>&1 || :' \
        '.linux.resources = {pids: {limit: 4}}')" "can't fork"
}

test_cpu_quota_and_period_are_set() {
    limit cpu '{cpu: {quota: 50000, period: 100000}}' cpu.cfs_quota_us 50000 cpu.max "50000 100000"
    [[ -e $(cgroup_dir cpu)/cpu.max ]] || assert_eq 100000 "$(cat "$(cgroup_dir cpu)/cpu.cfs_period_us")"
}

test_cpu_shares_are_set() {
    needs_controller cpu
    bundle '.process.args = ["sleep", "1000"] | .linux.resources = {cpu: {shares: 512}}'
    create
    if is_v2; then
        # Two conversions are in use: the old linear one and the newer one.
        assert_match "$(cat "$(cgroup_dir cpu)/cpu.weight")" '^(20|59)$' cpu.weight
    else
        assert_eq 512 "$(cat "$(cgroup_dir cpu)/cpu.shares")" cpu.shares
    fi
}

test_cpuset_is_set() {
    limit cpuset '{cpu: {cpus: "0", mems: "0"}}' cpuset.cpus 0 cpuset.cpus 0
}

test_devices_that_are_not_allowed_cannot_be_opened() {
    bundle_sh 'cat </dev/forbidden; echo x >/dev/null && echo null works' \
        '.linux.resources = {devices: [{allow: false, access: "rwm"}]}
        | .linux.devices = [{path: "/dev/forbidden", type: "c", major: 1, minor: 11, fileMode: 438}]
        | .process.capabilities.bounding += ["CAP_MKNOD"]'
    run
    assert_contains "$(cat err)" "Operation not permitted"
    assert_eq "null works" "$(cat out)"
}

test_devices_that_are_allowed_can_be_opened() {
    assert_eq "4" "$(run_sh 'head -c 4 </dev/mine | wc -c' \
        '.linux.resources = {devices: [{allow: false, access: "rwm"}, {allow: true, type: "c", major: 1, minor: 5, access: "r"}]}
        | .linux.devices = [{path: "/dev/mine", type: "c", major: 1, minor: 5, fileMode: 438}]')"
}

test_unified_keys_are_written_on_v2() {
    is_v2 || skip "the host has no pure cgroup v2"
    limit memory '{unified: {"memory.high": "50331648"}}' - - memory.high 50331648
}

test_an_absolute_cgroup_path_is_below_the_mount_point() {
    bundle ".process.args = [\"sleep\", \"1000\"] | .linux.cgroupsPath = \"$CG/deep/er\""
    create
    [[ -n $(cgroup_dir freezer "$CG/deep/er") ]] || fail "no group: $(cat "/proc/$PID/cgroup")"
}

test_groups_that_were_there_before_stay() {
    local dir
    if is_v2; then dir=/sys/fs/cgroup$CG; else dir=/sys/fs/cgroup/freezer$CG; fi
    mkdir "$dir"
    bundle_sh 'exit 0'
    run
    assert_eq 0 "$status" "$(cat err)"
    [[ -d $dir ]] || fail "the parent was removed"
    [[ ! -d $dir/b ]] || fail "the container's own group stays"
}

test_groups_made_inside_are_removed_by_delete() {
    bundle '.process.args = ["sleep", "1000"]'
    create_started
    local dir
    dir=$(cgroup_dir freezer)
    mkdir -p "$dir/inner/most"
    rt delete --force "$ID"
    [[ ! -d $dir ]] || fail "stays: $dir"
}

test_a_group_with_processes_is_refused() {
    local dir sleeper
    if is_v2; then dir=/sys/fs/cgroup$CG/b; else dir=/sys/fs/cgroup/freezer$CG/b; fi
    mkdir -p "$dir"
    sleep 1000 &
    sleeper=$!
    echo "$sleeper" >"$dir/cgroup.procs"
    bundle
    ! rt create --bundle "$B" "$ID" </dev/null >out 2>err || fail "created in a busy group"
    assert_contains "$(cat err)" cgroup
    alive "$sleeper" || fail "the other process was killed"
}

test_a_frozen_container_can_be_deleted_by_force() {
    local dir
    bundle '.process.args = ["sleep", "1000"]'
    create_started
    dir=$(cgroup_dir freezer)
    if is_v2; then echo 1 >"$dir/cgroup.freeze"; else echo FROZEN >"$dir/freezer.state"; fi
    eventually has_status paused
    rt delete --force "$ID"
    gone "$PID"
    [[ ! -d $dir ]] || fail "stays: $dir"
}

test_the_group_can_be_joined_only_below_the_mount_point() {
    needs_runlet
    bundle '.linux.cgroupsPath = "/../../escape"'
    refused cgroupsPath
}

test_a_new_cgroup_namespace_is_rooted_in_the_containers_group() {
    assert_match "$(run_sh 'cat /proc/self/cgroup' '.linux.namespaces += [{type: "cgroup"}]')" ':/$'
    assert_lacks "$(run_sh 'cat /proc/self/cgroup' '.linux.namespaces += [{type: "cgroup"}]')" "$CG"
}

cli_main "$@"
