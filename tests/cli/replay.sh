#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every configuration that was recorded from Docker, containerd, podman and buildah runs, on each
# kind of cgroup file system: with another root, other sources of binds and `true` as its program.
# What may fail, and why, is in the table `expected` below.
#
#   RUNLET         the runtime under test
#   RUNLET_SHARED  where isolate.sh is; without it there is nothing to run
#   REPLAY_DATA    a folder with configurations (default: tests/data/spec)
set -u
dir=$(cd "$(dirname "$0")" && pwd)
RUNLET=$(readlink -f -- "$(command -v -- "${RUNLET:-$dir/../../build/release/runlet}")") ||
    { echo "no runtime to test: set RUNLET" >&2 && exit 1; }
data=$(readlink -f -- "${REPLAY_DATA:-$dir/../data/spec}")

# FILES|MODES|PART OF THE ERROR|why it is right to fail. On v2 isolate.sh has no controllers to offer;
# without its limits the configuration must run there, too.
expected='
docker-*--run-sysctl--config-2|*|cannot set "net.bad.key": no such file|recorded for this failure
docker-*--run-cpu--config-3|hybrid v1|"1000" to /sys/fs/cgroup/cpu/docker|recorded for this failure
podman-*-systemd-always--config|v2|"/sys/fs/cgroup/systemd" in the rootfs: read-only|of a v1 host
containerd-*--ctr-systemd-cgroup--config|*|the form slice:prefix:name of the systemd driver|not built in
*|v2|needs the cgroup v2 controller|not offered there
*|v2|cgroup v2 cannot|v1 alone has it
*|v2|cgroup v2 has no|v1 alone has it
'

# --- inside: MODE WORK -----------------------------------------------------------------------------

make_image() { # DIR
    mkdir -p "$1"/{bin,etc,proc,sys,dev,tmp,run}
    cp "$(readlink -f "$(command -v busybox)")" "$1/bin/true"
    printf 'root:x:0:0:root:/root:/bin/sh\n' >"$1/etc/passwd"
}

# What only the host of the recording had is replaced: its files, its namespaces, its hooks, its
# terminal, and what takes CAP_SYS_RESOURCE. Limits, devices, masks and filters stay.
adapt() { # FILE WORK JQ
    jq --arg work "$2" "$3 |"'
        .root.path = $work + "/rootfs" | .process.args = ["/bin/true"] | .process.terminal = false
        | del(.hooks, .process.consoleSize)
        | if (.process.oomScoreAdj // 0) < 0 then del(.process.oomScoreAdj) else . end
        | if .process.rlimits then .process.rlimits |= map(select(.type == "RLIMIT_CORE" or .hard <= 1024)) else . end
        | if .linux.namespaces then .linux.namespaces |= map(del(.path)) else . end
        | if .mounts then .mounts |= map(
            if .type == "bind" or ((.options // []) | any(. == "bind" or . == "rbind")) then
                .source = $work + (if .destination | test("^/etc/|containerenv|init$|termination-log") then "/file" else "/folder" end)
            elif .type == "overlay" then
                .options |= map(sub("^lowerdir=.*"; "lowerdir=" + $work + "/folder")
                    | sub("^upperdir=.*"; "upperdir=" + $work + "/upper")
                    | sub("^workdir=.*"; "workdir=" + $work + "/workdir"))
            else . end) else . end' "$1"
}

replay_one() { # FILE WORK [JQ]: the error in $why
    local work=$2 owner status=0
    rm -rf "${work:?}"/{rootfs,folder,upper,workdir,file,bundle}
    mkdir -p "$work"/{folder,upper,workdir,bundle}
    cp -al "$work/image" "$work/rootfs"
    : >"$work/file"
    adapt "$1" "$work" "${3:-.}" >"$work/bundle/config.json" || return 1
    owner=$(jq -r '[(.linux.uidMappings // [] | map(select(.containerID == 0)) | .[0].hostID) // 0,
        (.linux.gidMappings // [] | map(select(.containerID == 0)) | .[0].hostID) // 0] | join(":")' "$work/bundle/config.json")
    [[ $owner == 0:0 ]] || find "$work" -path "$work/image" -prune -o -type d -exec chown "$owner" {} +
    timeout 20 "$RUNLET" --root "$work/state" run --bundle "$work/bundle" replayed \
        </dev/null >"$work/out" 2>"$work/err" || status=$?
    why=$(<"$work/err")
    [[ $status == 0 ]]
}

is_expected() { # NAME MODE
    local files modes text
    while IFS='|' read -r files modes text _; do
        # shellcheck disable=SC2053 # a pattern is meant
        [[ -n $files && $1 == $files && ($modes == '*' || " $modes " == *" $2 "*) && $why == *"$text"* ]] && return
    done <<<"$expected"
    return 1
}

inside() { # MODE WORK
    local mode=$1 work=$2 n=0 bad=0 known=0 file name why
    mkdir "$work"
    make_image "$work/image"
    for file in "$data"/{docker,containerd,podman,buildah}*config*.json; do
        n=$((n + 1))
        name=${file##*/}
        replay_one "$file" "$work" && continue
        if is_expected "${name%.json}" "$mode"; then
            known=$((known + 1))
            [[ $mode == v2 && $why == *"cgroup v2"* ]] || continue
            replay_one "$file" "$work" '.linux.resources |= {devices}' && continue
            ! is_expected "${name%.json}" "$mode" || continue
        fi
        bad=$((bad + 1))
        echo "# $name on $mode: $why"
    done
    [[ -z $(ls "$work/state" 2>/dev/null) ]] || { bad=$((bad + 1)); echo "# left: $(ls "$work/state")"; }
    echo "# $mode: $n configurations, $((n - known - bad)) ran, $known failed as expected, $bad failed"
    [[ $n -gt 0 && $bad == 0 ]]
}

if [[ ${1:-} == inside ]]; then
    inside "$2" "$3"
    exit
fi

# --- outside -----------------------------------------------------------------------------------------

isolate=${RUNLET_SHARED:-/nowhere}/isolate.sh
for tool in "$isolate" jq busybox; do
    command -v "$tool" >/dev/null || { echo "ok 1 - replay # SKIP needs $tool" && exit 77; }
done
[[ $(id -u) == 0 ]] || { echo "ok 1 - replay # SKIP needs root" && exit 77; }
# Inside, /tmp is another one: what is needed there is copied to a place that stays.
carried=$(mktemp -d /var/tmp/rl.XXXXXX)
trap 'rm -rf "$carried"' EXIT
chmod 755 "$carried"
cp "$RUNLET" "$carried/runlet"
cp "$dir/replay.sh" "$carried"
mkdir "$carried/data"
cp "$data"/{docker,containerd,podman,buildah}*config*.json "$carried/data"
status=0 number=0
echo "1..3"
for mode in hybrid v1 v2; do
    number=$((number + 1))
    if "$isolate" -c "$mode" -t 100 -- \
        env RUNLET="$carried/runlet" REPLAY_DATA="$carried/data" \
        bash "$carried/replay.sh" inside "$mode" /tmp/replay; then
        echo "ok $number - every recorded configuration runs on $mode"
    else
        status=1
        echo "not ok $number - every recorded configuration runs on $mode"
    fi
done
exit "$status"
