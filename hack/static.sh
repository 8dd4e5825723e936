#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Builds runlet as one static, stripped binary: build/static/runlet, below 1.5 MB.
# Debian has archives of all libraries but libmnl, so that one is built from Debian's own source
# package into build/deps.
#
#   hack/static.sh           builds and prints the size
#   hack/static.sh --deps    builds build/deps alone
#
# Exit status 77: the source of libmnl could not be had.
set -euo pipefail
# shellcheck source=hack/lib.sh
. "$(dirname "$0")/lib.sh"

LIMIT=1500000

# The sources of the system's own release, from wherever it gets its packages, beside its own lists.
fetch_libmnl() { # DIR
    local state=$1/apt lists
    mkdir -p "$state"/{lists/partial,archives/partial,parts}
    lists=(/etc/apt/sources.list /etc/apt/sources.list.d/*.list)
    { cat "${lists[@]}" 2>/dev/null || :; } | sed -n 's/^deb\( .*\)$/deb-src\1/p' >"$state/sources.list"
    local file
    for file in /etc/apt/sources.list.d/*.sources; do
        [[ ! -e $file ]] || sed 's/^Types:.*/Types: deb-src/' "$file" >"$state/parts/${file##*/}"
    done
    local apt=(apt-get -qq -o "Dir::Etc::sourcelist=$state/sources.list" -o "Dir::Etc::sourceparts=$state/parts"
        -o "Dir::State::Lists=$state/lists" -o "Dir::Cache=$state" -o APT::Sandbox::User=root)
    "${apt[@]}" update && (cd "$1" && "${apt[@]}" source --download-only libmnl)
}

# Plain compiler calls: the library is a handful of files and needs no configuration.
build_libmnl() {
    local work file objects=()
    [[ -e $BUILD/deps/lib/libmnl.a ]] && return 0
    work=$(mktemp -d)
    # shellcheck disable=SC2064 # the folder is known now
    trap "rm -rf '$work'" RETURN
    if ! fetch_libmnl "$work" >"$work/log" 2>&1; then
        tail -n 3 "$work/log" >&2
        say "static: the source package of libmnl could not be had" >&2
        return 77
    fi
    mkdir "$work/src"
    tar -xf "$work"/libmnl_*.orig.tar.* -C "$work/src" --strip-components 1
    mkdir -p "$BUILD/deps"/{lib,include}
    for file in "$work"/src/src/*.c; do
        gcc -O2 -fPIC -ffunction-sections -fdata-sections -D_FORTIFY_SOURCE=2 -fstack-protector-strong \
            -I "$work/src/include" -c "$file" -o "${file%.c}.o"
        objects+=("${file%.c}.o")
    done
    ar crs "$BUILD/deps/lib/libmnl.a" "${objects[@]}"
    cp -r "$work/src/include/libmnl" "$BUILD/deps/include/"
}

main() {
    need_packages "${BUILD_PACKAGES[@]}" xz-utils bzip2
    build_libmnl || return
    [[ ${1:-} != --deps ]] || return 0
    build_tree static -DCMAKE_BUILD_TYPE=Release -DRUNLET_STATIC=ON -DRUNLET_TESTS=OFF \
        -DCMAKE_PREFIX_PATH="$BUILD/deps"
    strip "$BUILD/static/runlet"
    local size
    size=$(stat -c %s "$BUILD/static/runlet")
    if readelf -d "$BUILD/static/runlet" | grep -q NEEDED; then
        die "build/static/runlet needs shared libraries"
    fi
    say "build/static/runlet: $size bytes, static, stripped"
    [[ $size -lt $LIMIT ]] || die "that is more than $LIMIT bytes"
}

main "$@"
