#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Paths of an image that lead elsewhere: mount targets, devices, masks, console and working folder.
. "$(dirname "$0")/lib.sh"

# A folder of the host that no container may reach, with one file.
victim() {
    mkdir -p "$TEST_DIR/victim/sub"
    echo untouched >"$TEST_DIR/victim/file"
    VICTIM=$(look "$TEST_DIR/victim")
}

# Runs the bundle; it may work or be refused, but the victim stays as it was.
attack() {
    run
    assert_untouched "$VICTIM" "$TEST_DIR/victim"
    [[ ! -e /attacked ]] || fail "something was made at the host's root"
}

# --- mount targets --------------------------------------------------------------------------------

# Each kind of link as the parent of a mount point, and as the mount point itself.
links_to_victim() { # prints one target a line; %R stands for the rootfs
    printf '%s\n' "$TEST_DIR/victim" "../../../../../../../../..$TEST_DIR/victim" "/proc/self/root$TEST_DIR/victim" \
        "/proc/1/root$TEST_DIR/victim" "/proc/self/cwd/$TEST_DIR/victim" "/dev/fd/../../..$TEST_DIR/victim" \
        "$TEST_DIR/victim/missing" "chain1" "loop1"
}

attack_target() { # TYPE SOURCE DESTINATION OPTION...
    local link
    while read -r link; do
        rm -rf "$B"
        bundle_sh 'exit 0' "$(with_mount "$3" "$1" "$2" "${@:4}")"
        ln -s "$link" "$B/rootfs/evil"
        ln -s chain2 "$B/rootfs/chain1"
        ln -s "$TEST_DIR/victim" "$B/rootfs/chain2"
        ln -s loop2 "$B/rootfs/loop1"
        ln -s loop1 "$B/rootfs/loop2"
        attack
        [[ $link != loop1 || $status != 0 ]] || fail "a loop of links was followed"
        [[ $link != /proc/*/root* || $status != 0 ]] || fail "a magic link was followed: $link"
    done < <(links_to_victim)
}

test_a_folder_bound_below_a_link_stays_inside() {
    victim
    mkdir data
    attack_target bind "$TEST_DIR/data" /evil/made bind
}

test_a_file_bound_below_a_link_stays_inside() {
    victim
    echo data >data
    attack_target bind "$TEST_DIR/data" /evil/made bind
}

test_a_file_bound_onto_a_link_stays_inside() {
    victim
    echo data >data
    attack_target bind "$TEST_DIR/data" /evil bind
}

test_a_tmpfs_at_a_link_stays_inside() {
    victim
    attack_target tmpfs tmpfs /evil
    attack_target tmpfs tmpfs /evil/deep/er
}

test_a_cgroup_mount_at_a_link_stays_inside() {
    victim
    local link
    for link in "$TEST_DIR/victim" "../../../../../../..$TEST_DIR/victim"; do
        rm -rf "$B"
        bundle_sh 'exit 0' ".mounts |= map(select(.type != \"sysfs\")) | $(with_mount /sys/fs/cgroup cgroup cgroup ro)"
        mkdir "$B/rootfs/sys/fs"
        ln -s "$link" "$B/rootfs/sys/fs/cgroup"
        attack
        rm -rf "$B/rootfs/sys/fs"
        ln -s "$link" "$B/rootfs/sys/fs"
        attack
    done
}

test_dotdot_in_a_destination_stays_inside() {
    victim
    local destination
    for destination in "/../../../../../../..$TEST_DIR/victim/made" "/a/../../..$TEST_DIR/victim/made" \
        "../..$TEST_DIR/victim/made" "/..//attacked" "/proc/../../attacked"; do
        bundle_sh 'exit 0' "$(with_mount "$destination" tmpfs tmpfs)"
        attack
    done
}

test_a_mount_target_behind_a_host_folder_mounted_before_stays_there() {
    victim
    mkdir volume
    ln -s "$TEST_DIR/victim" volume/evil
    bundle_sh 'exit 0' "$(with_mount /volume bind "$TEST_DIR/volume" bind) | $(with_mount /volume/evil/made tmpfs tmpfs)"
    attack
}

test_tmpcopyup_copies_no_target_of_a_link() {
    victim
    bundle_sh 'cat /dir/link; cat /dir/sub/file 2>/dev/null; ls -l /dir >&2' "$(with_mount /dir tmpfs tmpfs tmpcopyup)"
    mkdir -p "$B/rootfs/dir"
    ln -s "$TEST_DIR/victim/file" "$B/rootfs/dir/link"
    ln -s "$TEST_DIR/victim" "$B/rootfs/dir/sub"
    attack
    assert_lacks "$(cat out)" untouched
}

# --- /proc and /sys ---------------------------------------------------------------------------------

test_proc_and_sys_at_a_link_are_refused() {
    victim
    local what link
    for what in proc sys; do
        for link in /srv "$TEST_DIR/victim" nowhere "../../../..$TEST_DIR/victim"; do
            rm -rf "$B"
            bundle_sh 'exit 0'
            rmdir "$B/rootfs/$what"
            ln -s "$link" "$B/rootfs/$what"
            attack
            assert_ne 0 "$status" "/$what -> $link"
        done
    done
}

test_a_volume_in_place_of_procfs_is_refused() {
    mkdir fake
    bundle_sh 'exit 0' ".mounts |= map(select(.type != \"proc\")) | $(with_mount /proc bind "$TEST_DIR/fake" bind)"
    run
    assert_ne 0 "$status" "exit status"
}

test_a_volume_over_a_part_of_procfs_is_refused_however_it_is_named() {
    mkdir fake
    local destination
    for destination in /proc/self/attr /proc/sys /proc/./sys /link/sys /link2 /proc//sys/kernel; do
        rm -rf "$B"
        bundle_sh 'exit 0' "$(with_mount "$destination" bind "$TEST_DIR/fake" bind)"
        ln -s proc "$B/rootfs/link"
        ln -s /proc/sys "$B/rootfs/link2"
        run
        assert_ne 0 "$status" "$destination"
    done
}

test_kernel_parameters_go_to_procfs_whatever_stands_at_proc() {
    mkdir -p fake/sys/net/ipv4
    echo 0 >fake/sys/net/ipv4/ip_forward
    bundle_sh 'cat /real/sys/net/ipv4/ip_forward' '.linux.sysctl = {"net.ipv4.ip_forward": "1"}
        | .mounts |= map(if .type == "proc" then .destination = "/real" else . end)'
    mkdir -p "$B/rootfs/proc/sys/net/ipv4" "$B/rootfs/real"
    echo 0 >"$B/rootfs/proc/sys/net/ipv4/ip_forward"
    run
    assert_eq 1 "$(cat out)" "$(cat err)"
    assert_eq 0 "$(cat "$B/rootfs/proc/sys/net/ipv4/ip_forward")" "the image's fake"
}

test_kernel_parameters_with_dots_do_not_leave_their_namespace() {
    local key before
    before=$(cat /proc/sys/kernel/core_pattern)
    for key in net/../kernel/core_pattern net.ipv4/../../kernel/core_pattern net..kernel.core_pattern \
        kernel.shm/../core_pattern net/ipv4/../../../sysrq-trigger; do
        bundle ".linux.sysctl = {\"$key\": \"$before\"}"
        rm -f log
        refused "$key"
    done
}

# --- devices, masks, console --------------------------------------------------------------------------

test_devices_below_a_linked_dev_stay_inside() {
    victim
    local link
    for link in "$TEST_DIR/victim" "../../../../../../../..$TEST_DIR/victim" "$TEST_DIR/victim/missing"; do
        rm -rf "$B"
        bundle_sh 'exit 0' '.mounts |= map(select(.destination | startswith("/dev") | not))
            | .linux.devices = [{path: "/dev/made/fuse", type: "c", major: 10, minor: 229}]'
        rm -rf "$B/rootfs/dev"
        ln -s "$link" "$B/rootfs/dev"
        attack
    done
}

# The same on a runtime that is known to fall: the attack is a real one.
test_devices_below_a_linked_dev_leave_an_older_runc() {
    local runc
    runc=$(command -v runc) || skip "runc is not installed"
    [[ $("$runc" --version | sed -n 's/^runc version //p') == 1.[01].* ]] || skip "this runc is not known to fall"
    victim
    bundle_sh 'exit 0' '.mounts |= map(select(.destination | startswith("/dev") | not))'
    rm -rf "$B/rootfs/dev"
    ln -s "$TEST_DIR/victim" "$B/rootfs/dev"
    "$runc" --root "$ROOT" run --bundle "$B" "$ID" >out 2>&1 </dev/null || :
    "$runc" --root "$ROOT" delete --force "$ID" >/dev/null 2>&1 || :
    [[ -L victim/stdin ]] || fail "runc made no links in the host's folder: $(cat out; ls victim)"
}

test_bound_devices_below_a_linked_dev_stay_inside() {
    victim
    bundle_sh 'exit 0' '.mounts |= map(select((.destination | startswith("/dev") | not) and .type != "sysfs"))
        | .linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 0, size: 65536}]
        | .linux.gidMappings = .linux.uidMappings'
    rm -rf "$B/rootfs/dev"
    ln -s "../../../../../../../..$TEST_DIR/victim" "$B/rootfs/dev"
    attack
}

test_a_device_that_an_image_made_is_not_taken_for_another() {
    # The image has a regular file, or another device, where the null device belongs.
    bundle_sh 'exit 0' '.mounts |= map(select(.destination | startswith("/dev") | not))'
    touch "$B/rootfs/dev/null"
    run
    assert_ne 0 "$status" "exit status with a file at /dev/null"
    rm "$B/rootfs/dev/null"
    mknod "$B/rootfs/dev/null" c 1 5
    run
    assert_ne 0 "$status" "exit status with the zero device at /dev/null"
}

test_masks_use_a_real_null_device_whatever_the_image_has() {
    local kind
    for kind in file link fifo zero; do
        rm -rf "$B"
        bundle_sh 'stat -c "%t:%T" /proc/timer_list /etc/secret; cat /etc/secret; echo x >/etc/secret' \
            '.mounts |= map(select(.destination | startswith("/dev") | not)) | .linux.maskedPaths = ["/etc/secret", "/proc/timer_list"]'
        echo secret >"$B/rootfs/etc/secret"
        case $kind in
        file) echo fake >"$B/rootfs/dev/null" ;;
        link) ln -s /proc/sys/kernel/domainname "$B/rootfs/dev/null" ;;
        fifo) mkfifo "$B/rootfs/dev/null" ;;
        zero) mknod "$B/rootfs/dev/null" c 1 5 ;;
        esac
        run
        # The runtime may refuse; if not, what covers is the null device.
        [[ $status != 0 ]] || assert_eq "1:3 1:3" "$(xargs <out)" "$kind: $(cat err)"
        assert_lacks "$(cat out)" secret
        assert_eq secret "$(cat "$B/rootfs/etc/secret")"
    done
}

test_a_masked_path_that_is_a_link_masks_what_it_leads_to_inside() {
    victim
    bundle_sh 'cat /etc/alias; echo x >>/etc/alias' '.linux.maskedPaths = ["/etc/alias"]'
    ln -s "../../../../../../../..$TEST_DIR/victim/file" "$B/rootfs/etc/alias"
    attack
    assert_lacks "$(cat out)" untouched
}

terminal_run() { # the bundle with a terminal of its own
    status=0
    script -qec "'$RUNLET' --root '$ROOT' run --bundle '$B' $ID" /dev/null </dev/null >out 2>&1 || status=$?
}

test_a_console_that_is_a_link_is_refused_and_leads_nowhere() {
    victim
    local link
    for link in "$TEST_DIR/victim/file" "../../../../../../../..$TEST_DIR/victim/new" /etc/passwd /proc/sys/kernel/domainname; do
        rm -rf "$B"
        bundle_sh 'tty' '.process.terminal = true | .mounts |= map(select(.destination != "/dev"))'
        mkdir -p "$B/rootfs/dev"
        ln -s "$link" "$B/rootfs/dev/console"
        terminal_run
        assert_untouched "$VICTIM" "$TEST_DIR/victim"
        assert_ne 0 "$status" "/dev/console -> $link: $(cat out)"
    done
}

test_a_terminal_comes_from_devpts_alone() {
    local kind
    for kind in null fifo file link; do
        rm -rf "$B"
        bundle_sh 'tty' '.process.terminal = true | .mounts |= map(select(.destination | startswith("/dev") | not))'
        mkdir -p "$B/rootfs/dev/pts"
        case $kind in
        null) mknod "$B/rootfs/dev/pts/ptmx" c 1 3 ;;
        fifo) mkfifo "$B/rootfs/dev/pts/ptmx" ;;
        file) touch "$B/rootfs/dev/pts/ptmx" ;;
        link) ln -s /proc/self/fd/0 "$B/rootfs/dev/pts/ptmx" ;;
        esac
        terminal_run
        assert_ne 0 "$status" "$kind: $(cat out)"
    done
}

# --- working folder -----------------------------------------------------------------------------------

test_no_working_folder_leads_to_the_host() {
    local cwd n
    victim
    for cwd in /proc/self/cwd /proc/self/root /proc/1/cwd /proc/1/root/ /link /proc/thread-self/cwd /proc/self/fd/{0..24} \
        "/proc/self/fd/20/../../../../../../..$TEST_DIR/victim" /../../../../.. /link2/victim; do
        rm -rf "$B"
        bundle_sh "pwd; cat file ../victim/file $TEST_DIR/victim/file 2>/dev/null; exit 0" \
            ".process.cwd = \"$cwd\""
        ln -s /proc/self/fd/9 "$B/rootfs/link"
        ln -s /proc/self/cwd "$B/rootfs/link2"
        (
            for n in {3..20}; do eval "exec $n</"; done
            eval "exec 9<'$TEST_DIR/victim'"
            run
            echo "$status" >status
        )
        assert_lacks "$(cat out)" untouched "$cwd"
        [[ $(cat status) != 0 || $(sed 1q out) == / ]] || assert_match "$(sed 1q out)" '^/' "$cwd"
        assert_untouched "$VICTIM" "$TEST_DIR/victim"
    done
}

# --- a neighbour that swaps folders and links meanwhile -------------------------------------------------

# Containers are made while another one exchanges a folder of their common volume for a link.
swap_attack() { # TIMES DESTINATION
    local n made=0 hits=0
    victim
    mkdir -p volume/dir data
    ln -s "../../../../../../../../../..$TEST_DIR/victim" volume/link
    "$ATTACK_HELPER" swap volume/dir volume/link &
    local swapper=$!
    bundle_sh 'exit 0' "$(with_mount /volume bind "$TEST_DIR/volume" bind) | $(with_mount "$2" "${@:3}")"
    for ((n = 0; n < $1; n++)); do
        run
        [[ $status != 0 ]] || made=$((made + 1))
        [[ $(look "$TEST_DIR/victim") == "$VICTIM" ]] || hits=$((hits + 1))
    done
    kill "$swapper"
    wait "$swapper" 2>/dev/null || :
    assert_eq 0 "$hits" "times that the host was reached in $1 tries ($made containers ran)"
    assert_ne 0 "$made" "containers that ran"
}

test_a_swapped_parent_of_a_mount_point_leads_nowhere() {
    swap_attack 150 /volume/dir/made bind "$TEST_DIR/data" bind
}

test_a_swapped_mount_point_leads_nowhere() {
    swap_attack 150 /volume/dir tmpfs tmpfs
}

test_a_swapped_parent_of_a_file_leads_nowhere() {
    echo x >file
    swap_attack 100 /volume/dir/a/b bind "$TEST_DIR/file" bind
}

# The rootfs itself belongs to a neighbour: the folder of devices is swapped for a link.
test_a_swapped_dev_leads_nowhere() {
    local n
    victim
    bundle_sh 'exit 0' '.mounts |= map(select(.destination | startswith("/dev") | not))'
    ln -s "../../../../../../../../../..$TEST_DIR/victim" "$B/rootfs/dev.link"
    "$ATTACK_HELPER" swap "$B/rootfs/dev" "$B/rootfs/dev.link" &
    local swapper=$!
    for n in {1..100}; do
        run
        assert_untouched "$VICTIM" "$TEST_DIR/victim"
    done
    kill "$swapper"
}

cli_main "$@"
