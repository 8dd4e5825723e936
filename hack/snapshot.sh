#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Prints, sorted, what a test run could leave on a machine: mounts, cgroups, network links and
# namespaces, files in /run, /tmp and /dev/shm, and processes that live in namespaces of their own
# or carry the variable RUNLET_TEST_RUN in their environment.
#
#   hack/snapshot.sh                  prints the snapshot
#   hack/snapshot.sh --compare FILE   waits up to 5 s for the machine to be as in FILE; prints what is
#                                     new, and which mounts and links are missing; exit status 1 if any
set -euo pipefail

own_processes() { # this script and what started it, one a line
    local pid=$$
    while [[ $pid -gt 1 ]]; do
        printf '%s\n' "$pid"
        pid=$(awk '/^PPid:/ { print $2 }' "/proc/$pid/status")
    done
}

processes() {
    local p pid own
    own=" $(own_processes | xargs) "
    for p in /proc/[0-9]*; do
        pid=${p#/proc/}
        [[ $own != *" $pid "* && -s $p/cmdline ]] || continue
        if { [[ -e $p/ns/mnt && ! $p/ns/mnt -ef /proc/self/ns/mnt ]]; } ||
            { [[ -e $p/ns/pid && ! $p/ns/pid -ef /proc/self/ns/pid ]]; } ||
            { tr '\0' '\n' <"$p/environ" | grep '^RUNLET_TEST_RUN=' && ! parent_is_own "$pid" "$own"; } >/dev/null 2>&1; then
            printf 'process %s %s\n' "$pid" "$(tr '\0' ' ' <"$p/cmdline" | head -c 120)"
        fi
    done 2>/dev/null || :
}

# The pipeline of this script itself.
parent_is_own() { # PID OWN
    local parent
    parent=$(awk '/^PPid:/ { print $2 }' "/proc/$1/status" 2>/dev/null) || return 0
    [[ $parent == "$$" || $parent == "$BASHPID" || $2 == *" $parent "* ]]
}

snapshot() {
    awk '{ print "mount", $5, $9, $10 }' /proc/self/mountinfo
    # A stranger's folders are none of our business; naming them can even disturb him.
    find /sys/fs/cgroup -name 'process_api*' -prune -o -type d -printf 'cgroup %p\n' 2>/dev/null || :
    find /sys/class/net -mindepth 1 -maxdepth 1 -printf 'link %f\n'
    for ns in /proc/[0-9]*/ns/net; do readlink "$ns"; done 2>/dev/null | sort -u | sed 's/^/netns /' || :
    find /run -xdev -mindepth 1 -maxdepth 3 -printf 'file %p\n' 2>/dev/null || :
    find /tmp /dev/shm -xdev -mindepth 1 -maxdepth 1 -printf 'file %p\n' 2>/dev/null || :
    processes
}

compare() { # FILE
    local new=
    for _ in {1..25}; do
        new=$(
            snapshot | LC_ALL=C sort -u | LC_ALL=C comm -13 "$1" - | sed 's/^/new: /'
            snapshot | LC_ALL=C sort -u | LC_ALL=C comm -23 "$1" - | grep -E '^(mount|link) ' | sed 's/^/missing: /'
        ) || :
        [[ -n $new ]] || return 0
        sleep 0.2
    done
    printf '%s\n' "$new"
    return 1
}

if [[ ${1:-} == --compare ]]; then
    compare "$2"
else
    snapshot | LC_ALL=C sort -u
fi
