#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Builds and tests everything: four builds (gcc and clang, plain and with sanitizers), unit tests in
# each, command line tests with the release and a sanitizer build, engines and the cgroup v2 guest
# with the release build, the size of the static binary, and that the machine is afterwards as it was.
#
#   hack/test.sh           everything; needs root
#   hack/test.sh --quick   one build, unit and command line tests
#
# The last line is "N passed, N failed, N skipped", counted test by test. Exit status 0 only if
# nothing failed.
set -euo pipefail
# shellcheck source=hack/lib.sh
. "$(dirname "$0")/lib.sh"

passed=0 failed=0 skipped=0
stage_start=0

stage() { # NAME
    stage_start=$SECONDS
    printf '\n== %s\n' "$*"
}

stage_end() {
    printf -- '-- %d s\n' $((SECONDS - stage_start))
}

count() { # ok|"not ok"|skip TEXT
    case $1 in
    ok) passed=$((passed + 1)) ;;
    skip) skipped=$((skipped + 1)) ;;
    *) failed=$((failed + 1)) ;;
    esac
    printf '%s - %s\n' "$1" "$2"
}

# Reads the output of ctest -V: prints failures and skips, then one line "= PASSED FAILED SKIPPED".
# A program counts each test that it reports (a line of TAP, or the sum of check); one that reports
# none counts as one.
digest='
function line_of(text) { sub(/^[0-9]+: ?/, "", text); return text }
/^[0-9]+: / {
    n = $1 + 0; text = line_of($0)
    if (text ~ /^ok [0-9]+ .*# SKIP/) { skip[n]++; showing[n] = 0; print name[n] ": " text }
    else if (text ~ /^ok [0-9]+ /) { pass[n]++; showing[n] = 0 }
    else if (text ~ /^not ok [0-9]+ /) { fail[n]++; showing[n] = 1; print name[n] ": " text }
    else if (text ~ /^(SKIP|skipped:) / && text !~ /^SKIP part of/) { check_skip[n]++; print name[n] ": " text }
    else if (match(text, /Checks: [0-9]+, Failures: [0-9]+, Errors: [0-9]+/)) {
        split(substr(text, RSTART), f, /[ ,]+/)
        pass[n] += f[2] - f[4] - f[6]; fail[n] += f[4] + f[6]
    }
    else if (showing[n] || text ~ /:[FE]:|ERROR: |runtime error:|^SKIP/) print "    " text
}
/^test [0-9]+$/ { current = $2 }
/^ *Start +[0-9]+: / { number = $2; sub(/:/, "", number); name[number + 0] = $3 }
/ Test +#[0-9]+: / {
    match($0, /#[0-9]+/); n = substr($0, RSTART + 1, RLENGTH - 1) + 0
    # check counts a test that skipped itself as passed.
    pass[n] -= check_skip[n]; skip[n] += check_skip[n]
    bad = /\*\*\*(Failed|Timeout|Exception|Not Run)/ || /SEGFAULT|Subprocess aborted/
    if (bad && !fail[n]) { fail[n] = 1; print name[n] ": " $0 }
    if (/\*\*\*Skipped/ && !skip[n]) { skip[n] = 1; print name[n] ": " $0 }
    if (!bad && !pass[n] && !fail[n] && !skip[n]) pass[n] = 1
    p += pass[n]; f_ += fail[n]; s += skip[n]
    printf "%-24s %3d passed %3d failed %3d skipped  %s s\n", name[n], pass[n], fail[n], skip[n], $(NF - 1)
}
/tests passed, / { summary = $0 }
END { if (summary != "") print summary; print "=", p + 0, f_ + 0, s + 0 }'

# Runs the tests of a label in a build.
tests() { # BUILD LABEL [CTEST-ARGUMENT...]
    local dir=$BUILD/$1 log=$BUILD/$1/test-$2.log sums status=0
    stage "$2 tests, $1 build"
    if [[ ! -e $dir/.built ]]; then
        count 'not ok' "there is no $1 build to test"
        return
    fi
    (cd "$dir" && ctest -V -L "^$2\$" --no-tests=error "${@:3}") >"$log" 2>&1 || status=$?
    sums=$(awk "$digest" "$log")
    sed '$d' <<<"$sums"
    read -r _ p f s <<<"${sums##*$'\n'}"
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    if [[ $status != 0 && $f == 0 ]]; then
        tail -n 5 "$log"
        count 'not ok' "ctest ended with status $status"
    fi
    stage_end
}

build() { # NAME CMAKE-ARGUMENT...
    stage "$1 build"
    rm -f "$BUILD/$1/.built"
    if build_tree "$@" -DRUNLET_TESTS=ON; then
        : >"$BUILD/$1/.built"
        count ok "builds: $1"
    else
        count 'not ok' "builds: $1"
    fi
    stage_end
}

thread_sanitizer() {
    local log=$BUILD/gcc-tsan.log
    stage "unit_threads under ThreadSanitizer"
    if cmake -G Ninja -S "$SOURCE" -B "$BUILD/gcc-tsan" -DCMAKE_BUILD_TYPE=Debug \
        -DCMAKE_C_COMPILER=gcc -DRUNLET_TSAN=ON >"$log" 2>&1 &&
        ninja -C "$BUILD/gcc-tsan" unit_threads >>"$log" 2>&1 &&
        "$BUILD/gcc-tsan/unit_threads" >>"$log" 2>&1; then
        count ok "threads race for nothing"
    else
        tail -n 20 "$log"
        count 'not ok' "threads race for nothing"
    fi
    stage_end
}

static_size() {
    local status=0
    stage "static binary"
    "$SOURCE/hack/static.sh" || status=$?
    case $status in
    0) count ok "the static binary is small enough" ;;
    77) count skip "the static binary: no source package of libmnl" ;;
    *) count 'not ok' "the static binary" ;;
    esac
    stage_end
}

machine_is_as_before() {
    local left
    stage "the machine"
    if [[ -n $(ls -A "$TMPDIR") ]]; then
        ls -A "$TMPDIR"
        count 'not ok' "tests removed their temporary files"
    else
        count ok "tests removed their temporary files"
    fi
    if left=$("$SOURCE/hack/snapshot.sh" --compare "$BUILD/before"); then
        count ok "the machine is as it was"
    else
        printf '%s\n' "$left" | head -n 40
        count 'not ok' "the machine is as it was"
    fi
    stage_end
}

quick() {
    build release -DCMAKE_BUILD_TYPE=Release
    tests release unit -j2
    tests release cli -j2
}

full() {
    build release -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_COMPILER=gcc
    build gcc-asan -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_COMPILER=gcc -DRUNLET_SANITIZE=ON
    build clang -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_COMPILER=clang
    build clang-asan -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_COMPILER=clang -DRUNLET_FUZZ=ON
    # What takes long for its many cases, and not for the compiler's sake, runs in one of the builds.
    tests release unit -j2
    tests gcc-asan unit -j2 -LE '^slow$'
    tests clang unit -j2 -LE '^slow$'
    tests clang-asan unit -j2 -LE '^slow$'
    tests release cli -j2
    tests gcc-asan cli -j2
    tests release attack -j2
    tests release consumer -j2
    tests clang-asan fuzz -j2
    thread_sanitizer
    tests release engine -j2
    tests release vm
    static_size
}

main() {
    local mode=full
    case ${1:-} in
    --quick) mode=quick ;;
    '') ;;
    *) die "usage: hack/test.sh [--quick]" ;;
    esac
    mkdir -p "$BUILD"
    need_packages "${BUILD_PACKAGES[@]}" "${TEST_PACKAGES[@]}"
    RUNLET_TEST_RUN=$$
    TMPDIR=$(mktemp -d /tmp/runlet-test.XXXXXX)
    chmod 755 "$TMPDIR"
    export RUNLET_TEST_RUN TMPDIR
    # shellcheck disable=SC2064 # the folder is known now
    trap "rm -rf --one-file-system '$TMPDIR'" EXIT
    "$SOURCE/hack/snapshot.sh" >"$BUILD/before"
    "$mode"
    [[ $mode == quick ]] || machine_is_as_before
    printf '\n%d s in all\n' "$SECONDS"
    printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
    [[ $failed == 0 ]]
}

main "$@"
