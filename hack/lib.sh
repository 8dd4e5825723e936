# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# What the scripts share: where the tree is, which packages Debian calls what, messages, stages.

SOURCE=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
BUILD=$SOURCE/build

# shellcheck disable=SC2034 # used by the scripts that source this
{
    BUILD_PACKAGES=(gcc libc6-dev cmake ninja-build pkg-config git libyajl-dev libseccomp-dev libcap-dev libmnl-dev)
    RUN_PACKAGES=(busybox-static jq)
    TEST_PACKAGES=(check g++ clang libclang-rt-dev groff man-db jq busybox-static iproute2 util-linux bsdutils
        docker.io containerd runc iptables patchelf)
    LINT_PACKAGES=(clang-format clang-tidy cppcheck shellcheck)
}

say() {
    printf '%s\n' "$*"
}

die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

is_root() {
    [[ $(id -u) == 0 ]]
}

# Prints those of the packages that are not installed.
missing_packages() { # PACKAGE...
    local package
    for package in "$@"; do
        [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || printf '%s ' "$package"
    done
}

# Installs what is missing, and touches neither the network nor the machine if nothing is.
need_packages() { # PACKAGE...
    local missing
    if ! command -v dpkg-query >/dev/null; then
        say "This is no Debian: not installing $*" >&2
        return
    fi
    read -r -a missing < <(missing_packages "$@") || :
    [[ ${#missing[@]} -gt 0 ]] || return 0
    is_root || die "these packages are missing and only root can install them: ${missing[*]}"
    say "installing ${missing[*]}"
    local -x DEBIAN_FRONTEND=noninteractive
    local log
    log=$(mktemp)
    if ! { apt-get -qq update && apt-get -qq install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1 </dev/null; then
        tail -n 20 "$log" >&2
        rm -f "$log"
        die "could not install ${missing[*]}"
    fi
    rm -f "$log"
}

# Configures and builds one kind of build; prints the compiler's words only if it fails.
build_tree() { # NAME [CMAKE-ARGUMENT...]
    local dir=$BUILD/$1
    mkdir -p "$dir"
    if ! { cmake -G Ninja -S "$SOURCE" -B "$dir" "${@:2}" && ninja -C "$dir"; } >"$dir/build.log" 2>&1; then
        grep -E -A 8 'error|FAILED|CMake Error' "$dir/build.log" | head -n 60 >&2 || tail -n 40 "$dir/build.log" >&2
        say "the build in ${dir#"$SOURCE/"} failed; all of it is in ${dir#"$SOURCE/"}/build.log" >&2
        return 1
    fi
}
