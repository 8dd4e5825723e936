# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# What the engine tests share: an engine with the runtime under test, started once a file in
# namespaces of its own by the scripts in $RUNLET_SHARED/engines, and an image
# localhost/test:latest (busybox). A file calls engine_tests NAME TOOL... as its last line.

ENGINE_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=../cli/tap.sh
. "$ENGINE_DIR/../cli/tap.sh"

# shellcheck disable=SC2034 # for the tests
IMAGE=localhost/test:latest

RUNLET=$(readlink -f -- "$(command -v -- "${RUNLET:-$ENGINE_DIR/../../build/release/runlet}")")
export RUNLET

skip_all() { # WHY
    printf 'ok 1 - %s # SKIP %s\n' "${0##*/}" "$*"
    exit "$SKIP_STATUS"
}

engine_tests() { # NAME TOOL... -- ARGUMENT...
    local name=$1 tools=() tool script status=0
    shift
    while [[ $1 != -- ]]; do
        tools+=("$1")
        shift
    done
    shift
    if [[ ${ENGINE_STAGE:-} == inside ]]; then
        run_tests "$@"
        exit
    fi
    script=${RUNLET_SHARED:-$ENGINE_DIR/../../../shared}/engines/$name.sh
    [[ $(id -u) == 0 ]] || skip_all "needs root"
    [[ -x $script ]] || skip_all "the script that starts $name is not on this machine"
    [[ -x $RUNLET ]] || skip_all "there is no runtime to test"
    for tool in "${tools[@]}"; do
        command -v "$tool" >/dev/null || skip_all "needs $tool"
    done
    TEST_BASE=$(mktemp -d "${TMPDIR:-/tmp}/rl-engine.XXXXXX")
    export TEST_BASE
    # shellcheck disable=SC2064 # the folder is known now
    trap "rm -rf --one-file-system '$TEST_BASE'" EXIT
    ENGINE_STAGE=inside ENGINE_LOG=$TEST_BASE/daemon.log "$script" "$RUNLET" "$TEST_BASE" bash "$0" "$@" || status=$?
    if [[ $status == 125 ]]; then
        printf 'not ok 1 - %s starts\n' "$name"
        status=1
    fi
    if [[ $status == 1 && -e $TEST_BASE/daemon.log ]]; then
        grep -E 'level=(error|fatal)' "$TEST_BASE/daemon.log" | tail -n 15 | sed 's/^/# daemon: /'
    fi
    exit "$status"
}

after_test() {
    rm -rf --one-file-system "$TEST_DIR"
}

# The name that a test gives its container.
before_each() {
    # shellcheck disable=SC2034 # for the test
    NAME=t$TEST_NUMBER
    status=0
}
