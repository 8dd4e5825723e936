#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Mounts, devices, masks and the root: what the container's own mount table and files show.
. "$(dirname "$0")/lib.sh"

# The options of the mount at PATH and those of its file system, from inside.
mount_line() { # DESTINATION JQ
    run_sh "grep ' $1 ' /proc/self/mountinfo" "$2"
}

with_mount() { # DESTINATION TYPE SOURCE OPTION...: a jq program that adds a mount
    local options
    options=$(printf '%s\n' "${@:4}" | jq -R . | jq -sc 'map(select(. != ""))')
    printf '.mounts += [{"destination": "%s", "type": "%s", "source": "%s", "options": %s}]' \
        "$1" "$2" "$3" "$options"
}

test_the_mounts_of_the_spec_are_there_in_order() {
    assert_eq "/ /proc /dev /dev/pts /dev/shm /dev/mqueue /sys" \
        "$(run_sh "awk '{ print \$5 }' /proc/self/mountinfo | xargs")"
    assert_eq "proc tmpfs devpts tmpfs mqueue sysfs" \
        "$(run_sh "sed 1d /proc/self/mountinfo | sed 's/.* - \([^ ]*\) .*/\1/' | xargs")"
}

test_no_mount_of_the_host_is_visible() {
    assert_lacks "$(run_sh 'cat /proc/self/mountinfo')" "$TEST_DIR/b/rootfs "
    assert_eq "" "$(run_sh 'ls /proc/self/mountinfo >/dev/null; ls -d /work /home/user /boot 2>/dev/null' || :)"
}

test_tmpfs_takes_size_and_mode() {
    local line
    line=$(mount_line /scratch "$(with_mount /scratch tmpfs tmpfs nosuid nodev noexec size=1m mode=1750)")
    assert_match "$line" ' rw,nosuid,nodev,noexec,relatime '
    assert_match "$line" 'size=1024k,mode=1750'
}

test_each_flag_of_a_mount_is_set() {
    local flag
    for flag in nosuid nodev noexec noatime nodiratime ro; do
        assert_match "$(mount_line /scratch "$(with_mount /scratch tmpfs tmpfs "$flag")")" \
            " /scratch [a-z,]*\b$flag\b" "$flag"
    done
}

test_a_bind_mount_shows_the_hosts_folder_and_writes_to_it() {
    mkdir data
    echo outside >data/file
    assert_eq outside "$(run_sh 'cat /data/file; echo inside >/data/new' "$(with_mount /data bind "$TEST_DIR/data" rbind)")"
    assert_eq inside "$(cat data/new)"
}

test_a_bind_mount_may_be_read_only() {
    mkdir data
    assert_contains "$(run_sh 'touch /data/x 2>&1 || :' "$(with_mount /data bind "$TEST_DIR/data" bind ro)")" \
        "Read-only file system"
    [[ ! -e data/x ]] || fail "written"
    touch data/y || fail "the source became read-only"
}

test_a_read_only_bind_leaves_submounts_writable_and_rro_does_not() {
    mkdir -p data/sub
    mount -t tmpfs tmpfs data/sub
    assert_eq "written" "$(run_sh 'touch /data/sub/x && echo written' "$(with_mount /data bind "$TEST_DIR/data" rbind ro)")"
    assert_contains "$(run_sh 'touch /data/sub/y 2>&1 || :' "$(with_mount /data bind "$TEST_DIR/data" rbind rro)")" \
        "Read-only file system"
}

test_a_bind_without_r_leaves_submounts_out() {
    mkdir -p data/sub
    mount -t tmpfs tmpfs data/sub
    touch data/sub/hidden
    assert_eq "" "$(run_sh 'ls /data/sub' "$(with_mount /data bind "$TEST_DIR/data" bind)")"
    assert_eq hidden "$(run_sh 'ls /data/sub' "$(with_mount /data bind "$TEST_DIR/data" rbind)")"
}

test_flags_of_a_bind_mount_are_set() {
    mkdir data
    assert_match "$(mount_line /data "$(with_mount /data bind "$TEST_DIR/data" bind ro nosuid nodev noexec noatime)")" \
        ' /data ro,nosuid,nodev,noexec,noatime '
}

test_a_file_is_bound_on_a_file_that_is_made_for_it() {
    echo content >conf
    assert_eq content "$(run_sh 'cat /etc/new/app.conf' "$(with_mount /etc/new/app.conf bind "$TEST_DIR/conf" bind ro)")"
}

test_a_missing_mount_point_is_made() {
    assert_match "$(mount_line /a/b/c "$(with_mount /a/b/c tmpfs tmpfs)")" ' /a/b/c '
    assert_eq 755 "$(stat -c %a "$B/rootfs/a/b")"
}

test_a_symlink_in_the_destination_stays_inside_the_root() {
    mkdir data victim
    echo secret >data/file
    bundle_sh 'cat /inside/file' "$(with_mount /link/inside bind "$TEST_DIR/data" bind)"
    ln -s / "$B/rootfs/link"
    run
    assert_eq secret "$(cat out)" "$(cat err)"
    [[ ! -e /inside ]] || fail "made on the host"
}

test_a_symlink_to_the_hosts_folder_is_resolved_inside_the_root() {
    mkdir data victim
    bundle_sh "grep -c ' $TEST_DIR/victim/m ' /proc/self/mountinfo" "$(with_mount /evil/m bind "$TEST_DIR/data" bind)"
    ln -s "$TEST_DIR/victim" "$B/rootfs/evil"
    run
    [[ -z $(ls victim) ]] || fail "the host's folder was changed: $(ls victim)"
    [[ $status != 0 || $(cat out) == 1 ]] || fail "mounted elsewhere: $(cat out err)"
}

test_a_dotdot_symlink_does_not_leave_the_root() {
    mkdir data
    bundle_sh 'grep -c " /etc/m " /proc/self/mountinfo' "$(with_mount /up/m bind "$TEST_DIR/data" bind)"
    ln -s ../../../../../../../etc "$B/rootfs/up"
    run
    [[ ! -e /etc/m ]] || {
        rmdir /etc/m
        fail "made on the host"
    }
    assert_eq "1" "$(cat out)" "$(cat err)"
}

test_propagation_private_keeps_mounts_apart() {
    mkdir data
    mount --bind data data
    mount --make-shared data
    local line
    line=$(mount_line /data "$(with_mount /data bind "$TEST_DIR/data" rbind rprivate)")
    assert_lacks "$line" "shared:"
    assert_lacks "$line" "master:"
}

test_propagation_slave_and_shared_are_set() {
    mkdir data
    mount --bind data data
    mount --make-shared data
    assert_contains "$(mount_line /data "$(with_mount /data bind "$TEST_DIR/data" rbind rslave)")" "master:"
    assert_contains "$(mount_line /data "$(with_mount /data bind "$TEST_DIR/data" rbind rshared)")" "shared:"
}

test_a_slave_mount_receives_later_mounts_of_the_host() {
    mkdir -p data/later
    mount --bind data data
    mount --make-shared data
    bundle '.process.args = ["sleep", "1000"] | '"$(with_mount /data bind "$TEST_DIR/data" rbind rslave)
        | .linux.rootfsPropagation = \"rslave\""
    create_started
    mount -t tmpfs arrived data/later
    assert_contains "$(cat "/proc/$PID/mountinfo")" " arrived "
    umount data/later
}

test_the_root_is_never_shared_unless_asked_for() {
    mount --bind "$TEST_DIR" "$TEST_DIR"
    mount --make-shared "$TEST_DIR"
    assert_lacks "$(run_sh 'grep " / " /proc/self/mountinfo')" "shared:"
}

test_the_root_may_be_shared_or_unbindable() {
    local value
    for value in shared rshared; do
        assert_contains "$(run_sh 'grep " / " /proc/self/mountinfo' ".linux.rootfsPropagation = \"$value\"")" "shared:"
    done
    assert_contains "$(run_sh 'grep " / " /proc/self/mountinfo' '.linux.rootfsPropagation = "unbindable"')" " unbindable "
    assert_lacks "$(run_sh 'grep " /dev " /proc/self/mountinfo' '.linux.rootfsPropagation = "shared"')" "shared:"
    assert_contains "$(run_sh 'grep " /dev " /proc/self/mountinfo' '.linux.rootfsPropagation = "rshared"')" "shared:"
}

test_a_read_only_tmpfs_takes_later_mounts_and_devices() {
    mkdir data
    touch data/file
    assert_eq "/t/sub/file ok" "$(run_sh 'ls /t/sub/file; ! touch /t/x 2>/dev/null && echo ok' \
        "$(with_mount /t tmpfs tmpfs ro) | $(with_mount /t/sub bind "$TEST_DIR/data" bind)" | xargs)"
    assert_eq "/dev/null /dev/pts/ptmx ok" "$(run_sh 'ls /dev/null /dev/pts/ptmx; ! touch /dev/x 2>/dev/null && echo ok' \
        '.mounts[1].options += ["ro"]' | xargs)"
}

test_a_read_only_cgroup_mount_takes_later_mounts() {
    is_v2 && skip "of cgroup v1 alone"
    mkdir data
    touch data/file
    assert_eq /sys/fs/cgroup/extra/file "$(run_sh 'ls /sys/fs/cgroup/extra/file' \
        "$(with_mount /sys/fs/cgroup cgroup cgroup ro) | $(with_mount /sys/fs/cgroup/extra bind "$TEST_DIR/data" bind)")"
}

test_a_folder_over_a_file_and_a_file_over_a_folder_are_refused() {
    mkdir data
    touch file
    bundle "$(with_mount /etc/passwd bind "$TEST_DIR/data" bind)"
    refused "mounts[6]" "not a directory"
    : >log
    bundle "$(with_mount /etc bind "$TEST_DIR/file" bind)"
    refused "mounts[6]" "not a directory"
    : >log
    bundle "$(with_mount /etc/passwd tmpfs tmpfs rw)"
    refused "mounts[6]" "not a directory"
}

test_tmpcopyup_shows_the_folder_of_the_image() {
    assert_eq "root:x:0:" "$(run_sh 'head -n 1 /etc/group; echo x >/etc/written' \
        "$(with_mount /etc tmpfs tmpfs tmpcopyup)")"
    [[ ! -e $B/rootfs/etc/written ]] || fail "the image was written to"
}

test_masked_files_are_empty_and_masked_folders_too() {
    assert_eq "0 0" "$(run_sh 'cat /etc/passwd | wc -c; ls /home | wc -l' \
        '.linux.maskedPaths = ["/etc/passwd", "/home", "/proc/kcore", "/proc/no/such"]' | xargs)"
}

test_a_masked_path_cannot_be_written() {
    run_sh '! touch /home/x 2>/dev/null' '.linux.maskedPaths = ["/home"]'
    [[ ! -e $B/rootfs/home/x ]] || fail "written"
}

test_read_only_paths_cannot_be_written() {
    assert_contains "$(run_sh 'touch /srv/x 2>&1 || :' '.linux.readonlyPaths = ["/srv", "/proc/sys", "/no/such"]')" \
        "Read-only file system"
    assert_contains "$(run_sh 'sh -c "echo x >/proc/sys/kernel/domainname" 2>&1 || :' '.linux.readonlyPaths = ["/proc/sys"]')" \
        "Read-only file system"
}

test_a_read_only_root_cannot_be_written_but_its_mounts_can() {
    assert_eq "ok" "$(run_sh '! touch /x 2>/dev/null && touch /dev/shm/x && echo ok' '.root.readonly = true')"
    assert_match "$(run_sh 'grep " / " /proc/self/mountinfo' '.root.readonly = true')" ' / ro,'
    touch "$B/rootfs/after" || fail "the folder itself became read-only"
}

test_mount_points_are_made_although_the_root_is_read_only() {
    assert_match "$(mount_line /new/point ".root.readonly = true | $(with_mount /new/point tmpfs tmpfs)")" ' /new/point '
}

test_the_default_devices_are_there() {
    assert_eq "c 1:3 666 0 0 /dev/null
c 1:5 666 0 0 /dev/zero
c 1:7 666 0 0 /dev/full
c 1:8 666 0 0 /dev/random
c 1:9 666 0 0 /dev/urandom
c 5:0 666 0 0 /dev/tty" "$(run_sh 'helper stat /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty')"
}

test_devices_of_the_spec_are_made_with_their_mode_and_owner() {
    assert_eq "c 10:229 640 5 6 /dev/fuse" "$(run_sh 'helper stat /dev/fuse' \
        '.linux.devices = [{"path": "/dev/fuse", "type": "c", "major": 10, "minor": 229, "fileMode": 416, "uid": 5, "gid": 6}]')"
    assert_eq "p 0:0 600 0 0 /dev/pipe" "$(run_sh 'helper stat /dev/pipe' \
        '.linux.devices = [{"path": "/dev/pipe", "type": "p", "fileMode": 384}]')"
}

test_a_device_of_the_spec_replaces_a_default_one() {
    assert_eq "c 1:3 600 0 0 /dev/null" "$(run_sh 'helper stat /dev/null' \
        '.linux.devices = [{"path": "/dev/null", "type": "c", "major": 1, "minor": 3, "fileMode": 384, "uid": 0, "gid": 0}]')"
}

test_the_links_in_dev_are_there() {
    assert_eq "/proc/self/fd /proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2" \
        "$(run_sh 'for l in fd stdin stdout stderr; do readlink /dev/$l; done' | xargs)"
    assert_eq "pts/ptmx" "$(run_sh 'readlink /dev/ptmx' | sed 's|^/dev/||')"
}

test_the_links_in_dev_work() {
    bundle_sh 'echo to out >/dev/stdout; echo to err >/dev/stderr'
    run
    assert_eq "to out to err" "$(cat out) $(cat err)"
}

test_a_cgroup_mount_shows_the_containers_own_groups_read_only() {
    local listing
    listing=$(run_sh 'ls /sys/fs/cgroup; cd /sys/fs/cgroup/memory 2>/dev/null || cd /sys/fs/cgroup; mkdir x 2>&1 || :' \
        "$(with_mount /sys/fs/cgroup cgroup cgroup ro nosuid noexec nodev relatime)")
    if is_v2; then
        assert_contains "$listing" cgroup.procs
    else
        assert_contains "$listing" memory
        assert_contains "$listing" freezer
    fi
    assert_contains "$listing" "Read-only file system"
}

test_proc_that_is_a_symlink_in_the_image_is_not_followed() {
    mkdir victim
    bundle_sh 'exit 0'
    rmdir "$B/rootfs/proc"
    ln -s /srv "$B/rootfs/proc"
    run
    assert_ne 0 "$status" "exit status"
    assert_ne "" "$(cat err)" stderr
}

test_overlay_takes_more_lower_folders_than_one_option_string_holds() {
    local i lower=
    mkdir -p "$TEST_DIR"/layers/{upper,work}
    for i in {1..12}; do
        mkdir "$TEST_DIR/layers/a_folder_whose_name_takes_some_room_$i"
        : >"$TEST_DIR/layers/a_folder_whose_name_takes_some_room_$i/file$i"
        lower+=:$TEST_DIR/layers/a_folder_whose_name_takes_some_room_$i
    done
    run_sh 'ls /mnt | wc -l; echo new >/mnt/new' ".mounts += [{\"destination\": \"/mnt\", \"type\": \"overlay\",
        \"source\": \"overlay\", \"options\": [\"lowerdir=${lower#:}\",
        \"upperdir=$TEST_DIR/layers/upper\", \"workdir=$TEST_DIR/layers/work\"]}]"
    assert_eq 12 "$(cat out)" "files of the lower folders"
    assert_eq new "$(cat "$TEST_DIR/layers/upper/new")" "file in the upper folder"
}

test_an_idmapped_bind_shows_mapped_owners() {
    local line
    mkdir data
    touch data/file
    bundle_sh 'stat -c "%u %g" /data/file' ".linux.namespaces += [{\"type\": \"user\"}]
        | .linux.uidMappings = [{\"containerID\": 0, \"hostID\": 100000, \"size\": 65536}]
        | .linux.gidMappings = [{\"containerID\": 0, \"hostID\": 100000, \"size\": 65536}]
        | .mounts += [{\"destination\": \"/data\", \"type\": \"bind\", \"source\": \"$TEST_DIR/data\",
            \"options\": [\"bind\", \"idmap\"]}]"
    chown -R 100000:100000 "$B/rootfs"
    run
    line=$(cat err)
    [[ $line != *"not support"* ]] || skip "id-mapped mounts of tmpfs are not possible here: $line"
    assert_eq "0 0" "$(cat out)" "$line"
}

test_the_mount_table_of_the_caller_is_not_touched() {
    local before
    before=$(cat /proc/self/mountinfo)
    bundle_sh 'exit 0' "$(with_mount /a tmpfs tmpfs)"
    create_started
    assert_eq "$before" "$(cat /proc/self/mountinfo)"
    eventually has_status stopped
    rt delete "$ID"
    assert_eq "$before" "$(cat /proc/self/mountinfo)"
}

cli_main "$@"
