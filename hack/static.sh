#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Builds runlet as one static, stripped binary: build/static/runlet, below 1.5 MB.
# Debian 12 has archives of all libraries but libmnl. That one is built from Debian's own source
# package into build/deps; where the mirror has no sources, the archive of Debian's next release
# (the same library, the same ABI) is taken.
#
#   hack/static.sh           builds and prints the size
#   hack/static.sh --deps    builds build/deps alone
#
# Exit status 77: neither could be had.
set -euo pipefail
# shellcheck source=hack/lib.sh
. "$(dirname "$0")/lib.sh"

LIMIT=1500000

# apt-get with lists and a cache of its own below DIR, beside the system's.
apt_beside() { # DIR ARGUMENT...
    apt-get -qq -o "Dir::Etc::sourcelist=$1/sources.list" -o "Dir::Etc::sourceparts=$1/parts" \
        -o "Dir::State::Lists=$1/lists" -o "Dir::Cache=$1" -o APT::Sandbox::User=root "${@:2}"
}

# The system's own sources with their first word changed, from wherever it gets its packages.
own_sources() { # DIR
    local file
    mkdir -p "$1"/{lists/partial,archives/partial,parts}
    { cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null || :; } |
        sed -n 's/^deb\( .*\)$/deb-src\1/p' >"$1/sources.list"
    for file in /etc/apt/sources.list.d/*.sources; do
        [[ ! -e $file ]] || sed 's/^Types:.*/Types: deb-src/' "$file" >"$1/parts/${file##*/}"
    done
}

# Plain compiler calls: the library is a handful of files and needs no configuration.
libmnl_from_source() { # DIR
    local file objects=()
    own_sources "$1/apt"
    apt_beside "$1/apt" update && (cd "$1" && apt_beside "$1/apt" source --download-only libmnl) || return 1
    mkdir "$1/src"
    tar -xf "$1"/libmnl_*.orig.tar.* -C "$1/src" --strip-components 1 || return 1
    for file in "$1"/src/src/*.c; do
        gcc -O2 -fPIC -ffunction-sections -fdata-sections -D_FORTIFY_SOURCE=2 -fstack-protector-strong \
            -I "$1/src/include" -c "$file" -o "${file%.c}.o" || return 1
        objects+=("${file%.c}.o")
    done
    ar crs "$BUILD/deps/lib/libmnl.a" "${objects[@]}"
}

libmnl_from_next_release() { # DIR
    local mirror
    mirror=$({ cat /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list 2>/dev/null || :; } |
        sed -n 's/^URIs: *\([^ ]*\).*/\1/p; s/^deb *\(\[[^]]*\] *\)\{0,1\}\([^ ]*\).*/\2/p' | head -n 1)
    [[ -n $mirror ]] || return 1
    mkdir -p "$1/next"/{lists/partial,archives/partial,parts}
    printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s sid main\n' "$mirror" >"$1/next/sources.list"
    apt_beside "$1/next" update && (cd "$1" && apt_beside "$1/next" download libmnl-dev) || return 1
    dpkg -x "$1"/libmnl-dev_*.deb "$1/unpacked" || return 1
    find "$1/unpacked" -name libmnl.a -exec cp -t "$BUILD/deps/lib" {} +
    [[ -e $BUILD/deps/lib/libmnl.a ]]
}

build_libmnl() {
    local work
    [[ ! -e $BUILD/deps/lib/libmnl.a ]] || return 0
    work=$(mktemp -d)
    # shellcheck disable=SC2064 # the folder is known now
    trap "rm -rf '$work'" RETURN
    mkdir -p "$BUILD/deps/lib"
    if libmnl_from_source "$work" >"$work/log" 2>&1; then
        say "libmnl.a: built from the source package"
    elif libmnl_from_next_release "$work" >>"$work/log" 2>&1; then
        say "libmnl.a: no source package to be had; taken from Debian's next release"
    else
        tail -n 3 "$work/log" >&2
        say "static: neither a source package nor an archive of libmnl could be had" >&2
        return 77
    fi
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
