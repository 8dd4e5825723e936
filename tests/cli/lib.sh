# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# What every CLI test file sources: a place where containers can harm nothing, a bundle, a runtime.
#
# The whole file runs in mount, pid, network, UTS and IPC namespaces of its own, with its work on a
# tmpfs that only they see; cgroups are named rl-PID-N. What a test leaves is removed by the runner.
#
#   RUNLET          the runtime under test (a path or a name); another OCI runtime works too
#   RUNLET_NAME     its name; what only runlet promises is skipped for others
#   CLI_HELPER      the compiled helper.c; built here where it is not given
#   CLI_CGROUP      v1: without the cgroup2 mount of a hybrid host
#   RUNLET_SHARED   where the specification's schema is, if at all
#
# In a test: ROOT (--root), B (its bundle), ID (its container), CG (its cgroupsPath), TEST_DIR.

CLI_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tap.sh
. "$CLI_DIR/tap.sh"

RUNLET=$(command -v -- "${RUNLET:-$CLI_DIR/../../build/release/runlet}") ||
    { echo "no runtime to test: set RUNLET" >&2 && exit 1; }
RUNLET=$(readlink -f -- "$RUNLET")
RUNLET_NAME=${RUNLET_NAME:-${RUNLET##*/}}
export RUNLET RUNLET_NAME

# --- the runner ---------------------------------------------------------------------------------

cli_remove_cgroups() { # NAME: the groups of that name, with all that lives in them
    local dir pid try
    # What is frozen dies in no hierarchy.
    find /sys/fs/cgroup/{,freezer/}"$1" \( -name freezer.state -exec sh -c 'echo THAWED >"$1"' _ {} \; \) -o \
        \( -name cgroup.freeze -exec sh -c 'echo 0 >"$1"' _ {} \; \) 2>/dev/null
    for dir in /sys/fs/cgroup/"$1" /sys/fs/cgroup/*/"$1"; do
        [[ -d $dir ]] || continue
        for try in {1..50}; do
            while read -r pid; do
                [[ $pid == 0 ]] || kill -KILL "$pid" 2>/dev/null
            done < <(find "$dir" -name cgroup.procs -exec cat {} + 2>/dev/null)
            find "$dir" -depth -type d -exec rmdir {} + 2>/dev/null
            [[ -d $dir ]] || break
            sleep 0.02
        done
        [[ ! -d $dir ]] || echo "# cgroup $dir stays after $try tries" >&2
    done
}

cli_make_rootfs() { # DIR
    mkdir -p "$1"/{bin,etc,proc,sys,dev,tmp,root,opt,home/app,run,srv}
    chmod 1777 "$1/tmp"
    cp "$(readlink -f "$(command -v busybox)")" "$1/bin/busybox"
    "$1/bin/busybox" --install "$1/bin"
    cp "$CLI_HELPER" "$1/bin/helper"
    printf '%s\n' 'root:x:0:0:root:/root:/bin/sh' 'app:x:1000:1000:App:/home/app:/bin/sh' >"$1/etc/passwd"
    printf '%s\n' 'root:x:0:' 'app:x:1000:' >"$1/etc/group"
}

# The v1 hierarchies alone, on a tmpfs of our own.
cli_only_v1() {
    local name names
    mapfile -t names < <(sed -n 's|^[^ ]* /sys/fs/cgroup/\([^ ]*\) cgroup .*|\1|p' /proc/mounts)
    mkdir "$TEST_BASE/cgroup"
    mount -t tmpfs -o mode=755 tmpfs "$TEST_BASE/cgroup"
    for name in "${names[@]}"; do
        mkdir "$TEST_BASE/cgroup/$name"
        mount --bind "/sys/fs/cgroup/$name" "$TEST_BASE/cgroup/$name"
    done
    umount -l /sys/fs/cgroup
    mount --move "$TEST_BASE/cgroup" /sys/fs/cgroup
}

before_tests() {
    mount -t tmpfs -o mode=755,size=1g tmpfs "$TEST_BASE"
    mount -t tmpfs -o mode=755 tmpfs /run
    mkdir -p /run/lock
    ip link set lo up
    if [[ ${CLI_CGROUP:-} == v1 ]]; then cli_only_v1; fi
    if [[ -z ${CLI_HELPER:-} ]]; then
        "${CC:-cc}" -D_GNU_SOURCE -O1 -static -o "$TEST_BASE/helper" "$CLI_DIR/helper.c" || exit 1
        export CLI_HELPER=$TEST_BASE/helper
    fi
    cli_make_rootfs "$TEST_BASE/rootfs"
}

# The pid namespace holds nobody but this runner and what tests started.
cli_kill_all() {
    local p
    for p in /proc/[0-9]*; do
        p=${p#/proc/}
        [[ $p == 1 || $p == "$BASHPID" ]] || kill -KILL "$p" 2>/dev/null
    done
}

after_test() {
    local dir
    for dir in "$TEST_DIR"/root/*/; do
        [[ -d $dir ]] || continue
        dir=${dir%/}
        timeout 20 "$RUNLET" --root "$TEST_DIR/root" delete --force "${dir##*/}" >/dev/null 2>&1
    done
    cli_kill_all
    cli_remove_cgroups "rl-$CLI_PID-$TEST_NUMBER"
    while read -r dir; do
        umount -l "$dir"
    done < <(awk -v dir="$TEST_DIR" 'index($5, dir) == 1 { print $5 }' /proc/self/mountinfo | tac)
    rm -rf --one-file-system "$TEST_DIR"
}

cli_enter() { # ARGS...: runs this file again where it can do no harm
    [[ $(id -u) == 0 ]] || {
        echo "ok 1 - ${0##*/} # SKIP needs root"
        exit "$SKIP_STATUS"
    }
    local tool base status=0 child
    for tool in jq busybox unshare setpriv ip; do
        command -v "$tool" >/dev/null || {
            echo "ok 1 - ${0##*/} # SKIP needs $tool"
            exit "$SKIP_STATUS"
        }
    done
    base=$(mktemp -d "${TMPDIR:-/tmp}/rl.XXXXXX")
    chmod 755 "$base"
    CLI_STAGE=inside CLI_PID=$$ TEST_BASE=$base unshare --mount --pid --net --uts --ipc --fork \
        --mount-proc --kill-child --propagation private bash "$0" "$@" &
    child=$!
    # shellcheck disable=SC2064 # the pid is known now
    trap "kill -KILL $child 2>/dev/null" INT TERM HUP
    wait "$child" || status=$?
    for name in /sys/fs/cgroup/{,*/}rl-"$$"-*; do
        [[ ! -d $name ]] || cli_remove_cgroups "${name##*/}"
    done
    rmdir "$base"
    exit "$status"
}

cli_main() {
    if [[ ${CLI_STAGE:-} != inside ]]; then cli_enter "$@"; fi
    run_tests "$@"
    exit
}

# --- inside a test --------------------------------------------------------------------------------

before_each() {
    ROOT=$TEST_DIR/root
    B=$TEST_DIR/b
    ID=c$TEST_NUMBER
    CG=/rl-$CLI_PID-$TEST_NUMBER
    status=0
    umask 022
}

needs_runlet() {
    [[ $RUNLET_NAME == runlet ]] || skip "a promise of runlet's alone"
}

rt() {
    "$RUNLET" --root "$ROOT" "$@"
}

# Makes a bundle at $B (or at $2) from the template, changed by a jq program.
bundle() { # [JQ [DIR]]
    local dir=${2:-$B}
    mkdir -p "$dir"
    [[ -e $dir/rootfs ]] || cp -a "$TEST_BASE/rootfs" "$dir/rootfs"
    jq --arg cg "$CG/${dir##*/}" --arg dir "$TEST_DIR" ".linux.cgroupsPath = \$cg | ${1:-.}" \
        "$CLI_DIR/../data/cli/config.json" >"$dir/config.json"
}

# The same with a shell script as the process.
bundle_sh() { # SCRIPT [JQ [DIR]]
    bundle ".process.args = [\"sh\", \"-c\", $(jq -n --arg s "$1" '$s')] | ${2:-.}" "${3:-$B}"
}

# Runs the bundle in the foreground; leaves status, $TEST_DIR/out and $TEST_DIR/err; prints nothing.
run() { # [OPTION...]
    status=0
    rt run --bundle "$B" "$@" "$ID" >"$TEST_DIR/out" 2>"$TEST_DIR/err" || status=$?
}

# Runs a script in a container that must end well, and prints what it printed.
run_sh() { # SCRIPT [JQ]
    bundle_sh "$@"
    run
    [[ $status == 0 ]] || fail "run ended with $status: $(cat "$TEST_DIR/err" "$TEST_DIR/out")"
    cat "$TEST_DIR/out"
}

# Makes a container whose process waits; with start it also runs.
create() { # [OPTION...]
    rt create --bundle "$B" --pid-file "$TEST_DIR/pid" "$@" "$ID" \
        </dev/null >"$TEST_DIR/out" 2>"$TEST_DIR/err" ||
        fail "create failed: $(cat "$TEST_DIR/err")"
    # shellcheck disable=SC2034 # for the test
    PID=$(cat "$TEST_DIR/pid")
}

create_started() { # [OPTION...]
    create "$@"
    rt start "$ID"
}

status_of() { # [ID]
    rt state "${1:-$ID}" | jq -r .status
}

has_status() { # STATUS [ID]
    [[ $(status_of "${2:-$ID}") == "$1" ]]
}

# Alive and no zombie.
alive() { # PID
    local state
    state=$(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$1/status" 2>/dev/null)
    [[ -n $state && $state != Z && $state != X ]]
}

gone() { # PID
    ! alive "$1"
}

# Where the kernel keeps the group of the container for a controller; empty if nowhere.
cgroup_dir() { # CONTROLLER [PATH]
    local path=${2:-$CG/b}
    if [[ -e /sys/fs/cgroup/cgroup.controllers ]]; then
        [[ ! -d /sys/fs/cgroup$path ]] || echo "/sys/fs/cgroup$path"
    else
        [[ ! -d /sys/fs/cgroup/$1$path ]] || echo "/sys/fs/cgroup/$1$path"
    fi
}

is_v2() {
    [[ -e /sys/fs/cgroup/cgroup.controllers ]]
}

needs_controller() { # NAME
    if is_v2; then
        grep -qw "$1" /sys/fs/cgroup/cgroup.controllers || skip "this host has no $1 controller"
    else
        [[ -d /sys/fs/cgroup/$1 ]] || skip "this host has no $1 controller"
    fi
}

# All that a command could have left behind, as text to compare.
traces() {
    local p
    for p in "$ROOT"/*; do
        [[ ! -e $p ]] || printf 'state %s\n' "$p"
    done
    for p in /sys/fs/cgroup/{,*/}"rl-$CLI_PID-$TEST_NUMBER"*; do
        [[ ! -d $p ]] || find "$p" -type d | sort
    done
    sed 's/^/mount /' /proc/self/mountinfo
    for p in /proc/[0-9]*; do
        if [[ $p/exe -ef $RUNLET ]] || { [[ -e $p/ns/mnt ]] && [[ ! $p/ns/mnt -ef /proc/$$/ns/mnt ]]; }; then
            printf 'process %s %s\n' "${p#/proc/}" "$(tr '\0' ' ' <"$p/cmdline")"
        fi
    done
    find /run -mindepth 1 -printf 'run %p %y %m\n' | sort
    if [[ -d $B ]]; then find "$B" -printf 'bundle %p %y %m %U:%G %l\n' | sort; fi
}

assert_no_new_traces() { # BEFORE
    local now
    now=$(traces)
    [[ $now == "$1" ]] || fail "left behind: $(diff <(echo "$1") <(echo "$now"))"
}

# A create that must fail: non-zero, nothing left, and (runlet) one line on stderr and one JSON
# record of level error in the log, both holding all WORDs.
refused() { # WORD...
    local before word text
    before=$(traces)
    status=0
    timeout 20 "$RUNLET" --root "$ROOT" --log "$TEST_DIR/log" --log-format json \
        create --bundle "$B" "${CREATE_OPTIONS[@]}" "$ID" \
        </dev/null >"$TEST_DIR/out" 2>"$TEST_DIR/err" || status=$?
    assert_ne 0 "$status" "exit status of create"
    assert_ne 124 "$status" "exit status of create (time limit)"
    assert_one_error "$@"
    assert_no_new_traces "$before"
}
CREATE_OPTIONS=()

# Looks at $TEST_DIR/{out,err,log} of a command that failed.
assert_one_error() { # WORD...
    local word text
    [[ ! -s $TEST_DIR/out ]] || fail "stdout must be empty: $(cat "$TEST_DIR/out")"
    [[ -s $TEST_DIR/err ]] || fail "stderr must say why"
    [[ $RUNLET_NAME == runlet ]] || return 0
    assert_eq 1 "$(wc -l <"$TEST_DIR/err")" "lines on stderr: $(cat "$TEST_DIR/err")"
    assert_eq 1 "$(jq -s '[.[] | select(.level == "error")] | length' "$TEST_DIR/log")" \
        "error records in the log: $(cat "$TEST_DIR/log")"
    text=$(jq -r 'select(.level == "error").msg' "$TEST_DIR/log")
    assert_ne "" "$(jq -r 'select(.level == "error").time // ""' "$TEST_DIR/log")" "time of the record"
    # On a terminal an error is one line; in JSON a line end is a character like others.
    text=${text//$'\n'/\\n}
    assert_contains "$(cat "$TEST_DIR/err")" "$text" "stderr"
    for word in "$@"; do assert_contains "${text,,}" "${word,,}" "error text"; done
}

# A create that must work and warn (runlet: in the log, level warning, with all WORDs).
warned() { # WORD...
    local text
    rt --log "$TEST_DIR/log" --log-format json create --bundle "$B" "$ID" \
        </dev/null >"$TEST_DIR/out" 2>"$TEST_DIR/err" || fail "create failed: $(cat "$TEST_DIR/err")"
    rt delete --force "$ID"
    [[ $RUNLET_NAME == runlet ]] || return 0
    text=$(jq -r 'select(.level == "warning").msg' "$TEST_DIR/log")
    for word in "$@"; do assert_contains "$text" "$word" "warning"; done
}
