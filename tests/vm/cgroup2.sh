#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The life cycle, run and the limits in a guest kernel with pure cgroup v2: the same CLI test files,
# run there. The guest is an ordinary program; preparing it takes seconds and is done once, in
# RUNLET_VM_CACHE (default: build/vm).

here=$(cd "$(dirname "$0")" && pwd)
shared=${RUNLET_SHARED:-$here/../../../shared}
cache=${RUNLET_VM_CACHE:-$here/../../build/vm}
RUNLET=$(readlink -f -- "${RUNLET:-$here/../../build/release/runlet}")

skip_all() { # WHY
    printf 'ok 1 - guest with cgroup v2 # SKIP %s\n' "$*"
    exit 77
}

# The helper is needed ready-made: a compiler is slow in there.
[[ -x $shared/vm/run.sh ]] || skip_all "the scripts of the guest are not on this machine"
[[ $(uname -m) == x86_64 ]] || skip_all "the guest kernel is for x86-64"
[[ $(id -u) == 0 ]] || skip_all "needs root"
[[ -x $RUNLET ]] || skip_all "there is no runtime to test"
"$shared/vm/prepare.sh" "$cache" >"${TMPDIR:-/tmp}/vm-prepare.$$" 2>&1 || prepared=no
log=$(tail -n 1 "${TMPDIR:-/tmp}/vm-prepare.$$")
rm -f "${TMPDIR:-/tmp}/vm-prepare.$$"
[[ ${prepared:-} != no ]] || skip_all "the guest kernel could not be had: $log"

# The tree and the binary are mounted by themselves: they may lie where the guest has a tmpfs.
tree=$(readlink -f "$here/../..")
status=0
VM_TIMEOUT=${VM_TIMEOUT:-500} "$shared/vm/run.sh" "$cache" bash -c '
    set -e
    [ -e /dev/fd ] || ln -s /proc/self/fd /dev/fd
    mkdir /run/guest /run/guest/tree /run/guest/bin /run/guest/helper
    mount -t hostfs none /run/guest/tree -o "$1"
    mount -t hostfs none /run/guest/bin -o "${2%/*}"
    export TEST_TIMEOUT=120
    cp "/run/guest/bin/${2##*/}" /tmp/runtime.bin
    mount -t hostfs none /run/guest/helper -o "${3%/*}"
    cp "/run/guest/helper/${3##*/}" /tmp/helper.bin
    export RUNLET=/tmp/runtime.bin CLI_HELPER=/tmp/helper.bin RUNLET_NAME="${2##*/}"
    test -e /sys/fs/cgroup/cgroup.controllers
    status=0
    cp -r /run/guest/tree/tests /tmp/tests
    for file in lifecycle run cgroup; do
        echo "# $file"
        bash "/tmp/tests/cli/$file.sh" || { [ $? = 77 ] || status=1; }
    done
    exit $status' _ "$tree" "$RUNLET" "$CLI_HELPER" || status=$?
[[ $status != 125 ]] || printf 'not ok 1 - the guest comes up\n'
exit "$status"
