#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Kernels older than this one: system calls that they lack fail with ENOSYS. From Linux 5.6 on all
# works but recursive attributes and id-mapped mounts, which take mount_setattr(2) of 5.12.
. "$(dirname "$0")/lib.sh"

# Linux 5.6 to 5.11 have no mount_setattr, those before 5.9 no close_range.
LACKS=mount_setattr,close_range

old() { # ARGS...: runlet on such a kernel
    "$CLI_HELPER" enosys "$LACKS" "$RUNLET" --root "$ROOT" "$@"
}

old_run() { # SCRIPT [JQ]: prints what a container that must end well printed
    bundle_sh "$@"
    old run --bundle "$B" "$ID" >out 2>err || fail "run ended with $?: $(cat err out)"
    cat out
}

with_mount() { # DESTINATION TYPE SOURCE OPTION...
    local options
    options=$(printf '%s\n' "${@:4}" | jq -R . | jq -sc .)
    printf '.mounts += [{"destination": "%s", "type": "%s", "source": "%s", "options": %s}]' \
        "$1" "$2" "$3" "$options"
}

line_of() { # DESTINATION JQ
    old_run "grep ' $1 ' /proc/self/mountinfo" "$2"
}

test_the_filter_of_these_tests_takes_the_calls_away() {
    assert_eq "errno 38" "$("$CLI_HELPER" enosys mount_setattr "$CLI_HELPER" syscall 442 0 0 0 0 0)"
    assert_ne "errno 38" "$("$CLI_HELPER" enosys fsopen "$CLI_HELPER" syscall 442 0 0 0 0 0)"
}

test_a_container_runs() {
    assert_eq hello "$(old_run 'echo hello')"
}

test_the_mounts_of_the_spec_have_their_flags() {
    assert_eq "/ rw,relatime
/proc rw,relatime
/dev rw,nosuid
/dev/pts rw,nosuid,noexec,relatime
/dev/shm rw,nosuid,nodev,noexec,relatime
/dev/mqueue rw,nosuid,nodev,noexec,relatime
/sys ro,nosuid,nodev,noexec,relatime" "$(old_run "cut -d' ' -f5,6 /proc/self/mountinfo")"
}

test_a_bind_mount_has_its_flags_and_keeps_those_of_its_source() {
    mkdir data
    mount -t tmpfs -o nosuid,nodev,noatime tmpfs data
    assert_match "$(line_of /data "$(with_mount /data bind "$TEST_DIR/data" rbind ro)")" ' /data ro,nosuid,nodev,noatime '
    assert_match "$(line_of /data "$(with_mount /data bind "$TEST_DIR/data" rbind suid noexec)")" ' /data rw,nodev,noexec,noatime '
    assert_match "$(line_of /data "$(with_mount /data bind "$TEST_DIR/data" rbind strictatime nodiratime)")" ' /data rw,nosuid,nodev,nodiratime '
    assert_match "$(line_of /data "$(with_mount /data bind "$TEST_DIR/data" rbind nosymfollow)")" ' /data rw,nosuid,nodev,noatime,nosymfollow '
}

test_nothing_leaks_to_the_source_of_a_bind_mount() {
    mkdir -p data/sub
    mount --bind data data
    mount --make-shared data
    assert_lacks "$(line_of /data "$(with_mount /data bind "$TEST_DIR/data" rbind)")" "shared:"
    assert_contains "$(line_of /data "$(with_mount /data bind "$TEST_DIR/data" rbind rslave)")" "master:"
    assert_contains "$(line_of /data "$(with_mount /data bind "$TEST_DIR/data" rbind rshared)")" "shared:"
    assert_lacks "$(grep " $TEST_DIR/data " /proc/self/mountinfo)" " ro,"
}

test_the_root_may_be_read_only_and_shared() {
    assert_match "$(line_of / '.root.readonly = true')" ' / ro,'
    assert_contains "$(line_of / '.linux.rootfsPropagation = "rshared"')" "shared:"
}

test_paths_are_masked_and_read_only() {
    assert_eq "0 0 denied" "$(old_run 'cat /etc/passwd | wc -c; ls /home | wc -l; touch /srv/x 2>/dev/null || echo denied' \
        '.linux.maskedPaths = ["/etc/passwd", "/home"] | .linux.readonlyPaths = ["/srv"]' | xargs)"
}

test_a_tmpfs_may_be_read_only() {
    assert_match "$(line_of /t "$(with_mount /t tmpfs tmpfs ro nodev)")" ' /t ro,nodev,'
}

test_only_the_standard_and_the_preserved_descriptors_are_open() {
    bundle '.process.args = ["helper", "fds"]'
    exec 3</etc/passwd 4</etc/group 7</etc/passwd
    old run --bundle "$B" --preserve-fds 1 "$ID" >out 2>err || fail "$(cat err)"
    assert_eq "0 1 2 3" "$(xargs <out)"
}

test_a_created_container_holds_no_file_of_the_host() {
    local fd
    bundle '.process.args = ["sleep", "1000"]'
    exec 7</etc/passwd
    old create --bundle "$B" --pid-file pid "$ID" </dev/null >out 2>&1 || fail "$(cat out)"
    for fd in "/proc/$(cat pid)/fd"/*; do
        [[ ${fd##*/} -gt 2 && -e $fd ]] || continue
        [[ ! -d $fd && ! -f $fd ]] || fail "${fd##*/} is $(readlink "$fd")"
    done
    rt start "$ID"
    assert_eq running "$(status_of)"
}

test_a_container_in_a_user_namespace_runs() {
    bundle_sh 'cat /proc/self/uid_map' '.linux.namespaces += [{"type": "user"}]
        | .linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}]
        | .linux.gidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}]'
    chown -R 100000:100000 "$B/rootfs"
    old run --bundle "$B" "$ID" >out 2>err || fail "$(cat err)"
    assert_eq "0 100000 65536" "$(xargs <out)"
}

refused_on_old() { # WORD...
    local word before
    before=$(traces)
    ! old run --bundle "$B" "$ID" >out 2>err || fail "worked"
    for word in "$@"; do assert_contains "$(cat err)" "$word"; done
    assert_eq 1 "$(wc -l <err)" "lines on stderr"
    assert_no_new_traces "$before"
}

test_recursive_attributes_are_refused_by_name() {
    mkdir data
    bundle "$(with_mount /data bind "$TEST_DIR/data" rbind rro)"
    refused_on_old "mounts[6]" "/data" "5.12"
}

test_id_mapped_mounts_are_refused_by_name() {
    mkdir data
    bundle '.mounts += [{destination: "/data", type: "bind", source: "'"$TEST_DIR/data"'", options: ["bind", "idmap"],
        uidMappings: [{containerID: 0, hostID: 1000, size: 1}], gidMappings: [{containerID: 0, hostID: 1000, size: 1}]}]'
    refused_on_old "mounts[6]" "id mappings"
}

test_kernels_before_5_6_are_refused_with_a_reason() {
    for LACKS in openat2 open_tree fsopen move_mount fsopen,open_tree,move_mount,mount_setattr; do
        bundle
        refused_on_old "function not implemented" "5.6"
    done
}

cli_main "$@"
