#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# From a fresh Debian 12 to a running container: installs what is missing, builds runlet, makes a
# bundle with busybox, and runs it. Needs root only to install packages. Safe to run again.
set -euo pipefail
# shellcheck source=hack/lib.sh
. "$(dirname "$0")/lib.sh"

RUNLET=$BUILD/release/runlet
bundle=

clean_up() {
    [[ -z $bundle ]] || rm -rf --one-file-system "$bundle"
}
trap clean_up EXIT

make_rootfs() { # DIR
    mkdir -p "$1"/{bin,dev,etc,proc,root,sys,tmp}
    cp "$(command -v busybox)" "$1/bin/busybox"
    "$1/bin/busybox" --install "$1/bin"
    printf 'root:x:0:0:root:/root:/bin/sh\n' >"$1/etc/passwd"
}

main() {
    local spec_options=() command='echo "Hello from process $$ of $(hostname), uid $(id -u):"; ps'
    need_packages "${BUILD_PACKAGES[@]}" "${RUN_PACKAGES[@]}"
    say "building $RUNLET"
    build_tree release -DCMAKE_BUILD_TYPE=Release -DRUNLET_TESTS="$(tests_wanted)"

    bundle=$(mktemp -d)
    make_rootfs "$bundle/rootfs"
    is_root || spec_options=(--rootless)
    "$RUNLET" spec --bundle "$bundle" "${spec_options[@]}"
    jq --arg command "$command" '.process.args = ["sh", "-c", $command] | .process.terminal = false' \
        "$bundle/config.json" >"$bundle/new.json"
    mv "$bundle/new.json" "$bundle/config.json"

    say "
$("$RUNLET" --version | head -n 1) is built: $RUNLET
Here it made a bundle (runlet spec), changed its command, and now runs it:
    runlet run --bundle $bundle quickstart
"
    "$RUNLET" run --bundle "$bundle" "quickstart-$$" </dev/null
}

# A build folder that hack/test.sh made keeps its tests.
tests_wanted() {
    local before
    before=$(sed -n 's/^RUNLET_TESTS:BOOL=//p' "$BUILD/release/CMakeCache.txt" 2>/dev/null) || :
    printf '%s' "${before:-OFF}"
}

main "$@"
