# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# What the tests of the installed library share: a prefix of their own that the build is installed
# to, and the public functions as the headers declare them.
#
#   RUNLET_BUILD    the build to install
#   CC              its compiler
#
# In a test: PREFIX, SOURCE (the tree), TEST_DIR (empty, the working folder).

CONSUMER_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
SOURCE=$(cd "$CONSUMER_DIR/../.." && pwd)
RUNLET_BUILD=${RUNLET_BUILD:-$SOURCE/build/release}
CC=${CC:-cc}
# shellcheck source=../cli/tap.sh
. "$CONSUMER_DIR/../cli/tap.sh"

consumer_tests() { # ARGUMENT...
    if [[ -z ${TEST_BASE:-} ]]; then
        TEST_BASE=$(mktemp -d "${TMPDIR:-/tmp}/rl-consumer.XXXXXX")
        # shellcheck disable=SC2064 # the folder is known now
        trap "rm -rf '$TEST_BASE'" EXIT
        export TEST_BASE
    fi
    PREFIX=$TEST_BASE/prefix
    run_tests "$@"
}

# Installs the build, to PREFIX or where the arguments say.
install_build() { # [CMAKE-ARGUMENT...]
    cmake --install "$RUNLET_BUILD" "${@:---prefix=$PREFIX}" >"$TEST_BASE/install.log" ||
        { cat "$TEST_BASE/install.log" && return 1; }
}

# Where under PREFIX the libraries are, which differs between distributions.
library_dir() {
    local so
    so=$(find "$PREFIX" -name libspecutils.so)
    [[ -n $so ]] || fail "libspecutils.so is not installed"
    dirname "$so"
}

# The declarations of public headers without comments, one a line and without SU_API: "int f(void)".
prototypes() { # HEADER...
    cat "$@" | sed -z 's:/\*[^*]*\*\+\([^/*][^*]*\*\+\)*/::g' | sed '/^ *#/d' | tr -s '\n ' ' ' | tr ';' '\n' |
        sed -n 's/.*SU_API //p' | sed 's/ SU_PRINTF([^)]*)//'
}

# The names that prototypes() declares.
prototype_names() { # HEADER...
    prototypes "$@" | sed 's/(.*//; s/.*[ *]//' | LC_ALL=C sort
}
