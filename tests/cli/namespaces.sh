#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Namespaces: new, absent and joined ones of each type, user mappings, clocks, names, sysctls.
. "$(dirname "$0")/lib.sh"

ns_of() { # PID TYPE
    readlink "/proc/$1/ns/$2"
}

# name in the spec -> name in /proc/PID/ns
declare -A FILE_OF=([pid]=pid [ipc]=ipc [uts]=uts [mount]=mnt [network]=net [cgroup]=cgroup [user]=user [time]=time)

test_every_namespace_that_is_listed_is_new() {
    local type
    bundle '.process.args = ["sleep", "1000"] | .linux.namespaces += [{"type": "cgroup"}]'
    create_started
    for type in pid ipc uts mount network cgroup; do
        assert_ne "$(ns_of self "${FILE_OF[$type]}")" "$(ns_of "$PID" "${FILE_OF[$type]}")" "$type namespace"
    done
}

test_every_namespace_that_is_not_listed_is_the_callers() {
    local type
    bundle '.process.args = ["sleep", "1000"] | .linux.namespaces = [{"type": "mount"}] | del(.hostname)
        | .mounts |= map(select(.type != "sysfs"))'
    create_started
    for type in pid ipc uts network cgroup user time; do
        assert_eq "$(ns_of self "${FILE_OF[$type]}")" "$(ns_of "$PID" "${FILE_OF[$type]}")" "$type namespace"
    done
}

joins() { # TYPE: a second container joins the first one's namespace by its path
    local first
    bundle '.process.args = ["sleep", "1000"] | .linux.namespaces += [{"type": "cgroup"}]'
    create_started
    first=$PID
    bundle ".process.args = [\"sleep\", \"1000\"] | del(.hostname) | .linux.namespaces |=
        map(select(.type != \"$1\" and .type != \"uts\")) + [{\"type\": \"$1\", \"path\": \"/proc/$first/ns/${FILE_OF[$1]}\"}]" \
        "$TEST_DIR/b2"
    rt create --bundle "$TEST_DIR/b2" --pid-file "$TEST_DIR/pid2" second </dev/null >out 2>&1 || fail "$(cat out)"
    rt start second
    assert_eq "$(ns_of "$first" "${FILE_OF[$1]}")" "$(ns_of "$(cat pid2)" "${FILE_OF[$1]}")" "$1 namespace"
    rt delete --force second
    alive "$first" || fail "the first container died with the second"
}

test_a_pid_namespace_is_joined_by_path() { joins pid; }
test_an_ipc_namespace_is_joined_by_path() { joins ipc; }
test_a_uts_namespace_is_joined_by_path() { joins uts; }
test_a_network_namespace_is_joined_by_path() { joins network; }
test_a_cgroup_namespace_is_joined_by_path() { joins cgroup; }

test_a_path_that_is_no_namespace_of_the_type_is_refused() {
    local path
    for path in /proc/self/ns/uts /etc/passwd /no/such; do
        : >"$TEST_DIR/log"
        bundle ".linux.namespaces |= map(if .type == \"ipc\" then .path = \"$path\" else . end)"
        refused "linux.namespaces[1].path" "$path" ipc
        assert_lacks "$(cat "$TEST_DIR/err")" "linux.namespaces:" "the place, twice"
    done
}

test_the_process_is_number_1_of_a_new_pid_namespace() {
    assert_eq 1 "$(run_sh 'echo $$')"
}

test_proc_shows_the_containers_processes_alone() {
    assert_eq "1" "$(run_sh 'for p in /proc/[0-9]*; do echo ${p#/proc/}; done | head -n 1')"
    assert_eq 1 "$(run_sh 'n=0; for p in /proc/[0-9]*; do n=$((n+1)); done; echo $n')"
}

test_the_host_name_is_that_of_the_spec_and_the_hosts_stays() {
    local before
    before=$(cat /proc/sys/kernel/hostname)
    assert_eq web.example "$(run_sh 'cat /proc/sys/kernel/hostname' '.hostname = "web.example"')"
    assert_eq "$before" "$(cat /proc/sys/kernel/hostname)"
}

test_the_domain_name_is_that_of_the_spec() {
    assert_eq example.org "$(run_sh 'cat /proc/sys/kernel/domainname' '.domainname = "example.org"')"
}

test_a_new_network_namespace_has_loopback_alone_and_up() {
    assert_eq lo "$(run_sh 'ls /sys/class/net')"
    assert_match "$(run_sh 'ip link show lo')" 'LOOPBACK,UP'
}

test_sysctls_are_set_inside_alone() {
    local before
    before=$(cat /proc/sys/net/ipv4/ip_forward)
    assert_eq "65000 1" "$(run_sh 'cat /proc/sys/kernel/msgmax /proc/sys/net/ipv4/ip_forward | xargs' \
        '.linux.sysctl = {"kernel.msgmax": "65000", "net.ipv4.ip_forward": "1"}')"
    assert_eq "$before" "$(cat /proc/sys/net/ipv4/ip_forward)" "the host's"
}

USERNS='.linux.namespaces += [{"type": "user"}]
    | .linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}]
    | .linux.gidMappings = [{"containerID": 0, "hostID": 200000, "size": 65536}]'

test_a_user_namespace_has_the_mappings_of_the_spec() {
    bundle ".process.args = [\"sleep\", \"1000\"] | $USERNS"
    chown -R 100000:200000 "$B/rootfs"
    create_started
    assert_ne "$(ns_of self user)" "$(ns_of "$PID" user)" "user namespace"
    assert_eq "0 100000 65536" "$(xargs <"/proc/$PID/uid_map")" uid_map
    assert_eq "0 200000 65536" "$(xargs <"/proc/$PID/gid_map")" gid_map
    assert_eq "100000 200000" "$(stat -c '%u %g' "/proc/$PID/status")" "owner seen from outside"
}

test_root_of_a_user_namespace_is_root_inside_only() {
    bundle_sh 'id -u; touch /made; cat /host && echo leaked; exit 0' \
        "$USERNS | .mounts += [{\"destination\": \"/host\", \"type\": \"bind\", \"source\": \"$TEST_DIR/secret\", \"options\": [\"bind\"]}]"
    chown -R 100000:200000 "$B/rootfs"
    (umask 077 && echo hidden >"$TEST_DIR/secret")
    run
    assert_eq "0" "$(cat out)" "$(cat err)"
    assert_eq "100000 200000" "$(stat -c '%u %g' "$B/rootfs/made")" "owner of what it made"
}

test_several_mappings_are_all_written() {
    bundle ".process.args = [\"sleep\", \"1000\"] | $USERNS
        | .linux.uidMappings = [{\"containerID\": 0, \"hostID\": 100000, \"size\": 1000},
            {\"containerID\": 1000, \"hostID\": 300000, \"size\": 1}]"
    chown -R 100000:200000 "$B/rootfs"
    create
    assert_eq "0 100000 1000 1000 300000 1" "$(xargs <"/proc/$PID/uid_map")"
}

test_devices_of_a_user_namespace_work() {
    bundle_sh 'echo x >/dev/null && head -c 4 /dev/zero | wc -c' "$USERNS"
    chown -R 100000:200000 "$B/rootfs"
    run
    assert_eq 4 "$(cat out)" "$(cat err)"
}

test_a_user_namespace_is_joined_by_path() {
    local holder
    unshare --user --map-users 0,100000,65536 --map-groups 0,200000,65536 sleep 1000 2>/dev/null &
    holder=$!
    sleep 0.3
    if ! [[ $(xargs <"/proc/$holder/uid_map") == "0 100000 65536" ]]; then
        unshare --user sleep 1000 &
        holder=$!
        eventually sh -c "[ \$(readlink /proc/$holder/ns/user) != \$(readlink /proc/self/ns/user) ]"
        echo "0 100000 65536" >"/proc/$holder/uid_map"
        echo "0 200000 65536" >"/proc/$holder/gid_map"
    fi
    bundle ".process.args = [\"sleep\", \"1000\"] | .linux.namespaces += [{\"type\": \"user\", \"path\": \"/proc/$holder/ns/user\"}]"
    chown -R 100000:200000 "$B/rootfs"
    create_started
    assert_eq "$(ns_of "$holder" user)" "$(ns_of "$PID" user)" "user namespace"
    assert_eq "0 100000 65536" "$(xargs <"/proc/$PID/uid_map")"
}

# The start of a process that holds new namespaces, with root of the caller as their root alone.
hold() { # UNSHARE-OPTION...: leaves the pid in holder
    unshare --user --map-root-user "$@" sh -c 'echo $$ >held; exec sleep 1000' &
    eventually test -s held
    holder=$!
}

test_a_user_namespace_that_denies_setgroups_is_joined() {
    bundle_sh 'grep ^Groups /proc/self/status | xargs; id -u'
    hold --net
    jq --arg ns "/proc/$holder/ns" '.linux.namespaces |= map(if .type == "network" then .path = $ns + "/net" else . end)
        + [{type: "user", path: ($ns + "/user")}]' "$B/config.json" >config && mv config "$B/config.json"
    run
    assert_eq "Groups: 0" "$(xargs <out)" "$(cat err)"
}

test_a_new_user_namespace_goes_with_a_network_that_exists() {
    local holder
    unshare --net sleep 1000 &
    holder=$!
    eventually sh -c "[ \$(readlink /proc/$holder/ns/net) != \$(readlink /proc/self/ns/net) ]"
    bundle_sh 'readlink /proc/self/ns/net; ls -d /sys/class/net' "$USERNS
        | .linux.namespaces |= map(if .type == \"network\" then .path = \"/proc/$holder/ns/net\" else . end)"
    chown -R 100000:200000 "$B/rootfs"
    run
    assert_eq "$(ns_of "$holder" net) /sys/class/net" "$(xargs <out)" "$(cat err)"
}

test_a_user_namespace_may_lack_root() {
    bundle_sh 'id -u; id -g; touch /tmp/x' '.linux.namespaces += [{"type": "user"}]
        | .linux.uidMappings = [{"containerID": 1000, "hostID": 100000, "size": 1}]
        | .linux.gidMappings = [{"containerID": 1000, "hostID": 200000, "size": 1}]
        | .process.user = {"uid": 1000, "gid": 1000}'
    chown -R 100000:200000 "$B/rootfs"
    run
    assert_eq "1000 1000" "$(xargs <out)" "$(cat err)"
}

test_devices_of_a_user_namespace_may_have_other_names() {
    bundle_sh 'head -c 3 /dev/other/zero | wc -c; helper stat /dev/pipe' "$USERNS
        | .linux.devices = [{\"path\": \"/dev/other/zero\", \"type\": \"c\", \"major\": 1, \"minor\": 5},
            {\"path\": \"/dev/pipe\", \"type\": \"p\", \"fileMode\": 384}]"
    chown -R 100000:200000 "$B/rootfs"
    # A /dev as udev makes it: nodes are also found by number.
    unshare --mount sh -c 'mkdir dev; mount -t tmpfs -o mode=755 tmpfs dev; mkdir dev/char; cp -a /dev/null /dev/zero /dev/full \
        /dev/random /dev/urandom /dev/tty dev; ln -s ../zero dev/char/1:5; mount --move dev /dev; exec "$@"' sh \
        "$RUNLET" --root "$ROOT" run --bundle "$B" "$ID" >out 2>err || :
    assert_eq "3 p 0:0 600 0 0 /dev/pipe" "$(xargs <out)" "$(cat err)"
}

test_time_offsets_are_set_in_a_user_namespace() {
    [[ -e /proc/self/ns/time ]] || skip "this kernel has no time namespaces"
    bundle_sh 'grep boottime /proc/self/timens_offsets' "$USERNS | .linux.namespaces += [{\"type\": \"time\"}]
        | .linux.timeOffsets = {\"boottime\": {\"secs\": 1000, \"nanosecs\": 7}}"
    chown -R 100000:200000 "$B/rootfs"
    run
    assert_eq "boottime 1000 7" "$(xargs <out)" "$(cat err)"
}

test_time_offsets_move_the_containers_clocks() {
    [[ -e /proc/self/ns/time ]] || skip "this kernel has no time namespaces"
    local outside inside
    outside=$("$CLI_HELPER" clocks)
    inside=$(run_sh 'helper clocks' '.linux.namespaces += [{"type": "time"}]
        | .linux.timeOffsets = {"monotonic": {"secs": 100000}, "boottime": {"secs": 200000}}')
    ((${inside% *} - ${outside% *} >= 100000 && ${inside% *} - ${outside% *} < 100100)) ||
        fail "monotonic: $outside outside, $inside inside"
    ((${inside#* } - ${outside#* } >= 200000 && ${inside#* } - ${outside#* } < 200100)) ||
        fail "boottime: $outside outside, $inside inside"
}

cli_main "$@"
