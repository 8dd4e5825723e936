# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Runs the functions named test_* of the file that sourced this, in the order of the file, each in
# its own shell, folder and time limit. Prints one line a test ("ok 1 - name", "not ok 2 - name",
# "ok 3 - name # SKIP why"), the output of what failed, and a summary. Exit status: 0, 1 if a test
# failed, 77 if all were skipped.
#
# The file may define before_tests (once, in the runner), after_test NAME (in the runner, whatever
# became of the test) and before_each (in the test's shell).

TEST_TIMEOUT=${TEST_TIMEOUT:-60}
SKIP_STATUS=77

fail() {
    printf 'FAILED at line %s: %s\n' "${BASH_LINENO[*]:0:${#BASH_LINENO[@]}-2}" "$*" >&2
    exit 1
}

# Ends the test as skipped: what is missing here.
skip() {
    printf '%s\n' "$*" >"$TEST_DIR/.skip"
    exit "$SKIP_STATUS"
}

assert_eq() { # EXPECTED ACTUAL [WHAT]
    [[ $1 == "$2" ]] || fail "${3:-value}: expected '$1', found '$2'"
}

assert_ne() { # UNWANTED ACTUAL [WHAT]
    [[ $1 != "$2" ]] || fail "${3:-value}: must not be '$1'"
}

assert_contains() { # TEXT PART [WHAT]
    [[ $1 == *"$2"* ]] || fail "${3:-text}: '$2' is not in '$1'"
}

assert_lacks() { # TEXT PART [WHAT]
    [[ $1 != *"$2"* ]] || fail "${3:-text}: '$2' must not be in '$1'"
}

assert_match() { # TEXT EXTENDED-REGEX [WHAT]
    [[ $1 =~ $2 ]] || fail "${3:-text}: '$1' does not match '$2'"
}

# Waits until a command succeeds, up to 10 s.
eventually() { # COMMAND...
    local _
    for _ in {1..500}; do
        if "$@" 2>/dev/null; then return 0; fi
        sleep 0.02
    done
    fail "did not happen in time: $*"
}

tap_report() { # NUMBER NAME STATUS
    local why
    case $3 in
    0)
        printf 'ok %d - %s\n' "$1" "$2"
        passed=$((passed + 1))
        ;;
    "$SKIP_STATUS")
        why=$(cat "$TEST_DIR/.skip" 2>/dev/null)
        printf 'ok %d - %s # SKIP %s\n' "$1" "$2" "${why:-no reason given}"
        skipped=$((skipped + 1))
        ;;
    *)
        printf 'not ok %d - %s\n' "$1" "$2"
        [[ $3 != 124 && $3 != 137 ]] || printf '# took longer than %s s\n' "$TEST_TIMEOUT"
        sed 's/^/#   /' "$TEST_DIR/.output"
        failed=$((failed + 1))
        ;;
    esac
}

tap_one() { # NAME: the test's own shell
    set -euo pipefail
    cd "$TEST_DIR" || exit 1
    if declare -F before_each >/dev/null; then before_each; fi
    "$1"
    exit 0
}

# Leaves in names (the caller's) what matches one of the patterns.
tap_select() { # [PATTERN...]
    [[ $# -gt 0 ]] || return 0
    local name pattern chosen=()
    for name in "${names[@]}"; do
        for pattern in "$@"; do
            # shellcheck disable=SC2053 # a pattern is meant
            if [[ ${name#test_} == $pattern ]]; then
                chosen+=("$name")
                break
            fi
        done
    done
    names=("${chosen[@]}")
}

run_tests() { # [NAME-PATTERN...]; without a pattern: all
    if [[ ${1:-} == --one ]]; then tap_one "$2"; fi
    local names name number=0 status passed=0 failed=0 skipped=0
    mapfile -t names < <(sed -n 's/^\(test_[a-z0-9_]*\)() {.*/\1/p' "$0")
    if declare -F before_tests >/dev/null; then before_tests; fi
    tap_select "$@"
    if [[ ${#names[@]} == 0 ]]; then
        printf 'not ok 1 - %s has tests to run\n' "${0##*/}"
        return 1
    fi
    printf '1..%d\n' "${#names[@]}"
    number=0
    for name in "${names[@]}"; do
        number=$((number + 1))
        export TEST_NUMBER=$number TEST_DIR=$TEST_BASE/$number
        mkdir -p "$TEST_DIR"
        chmod 755 "$TEST_DIR"
        status=0
        timeout -k 5 "$TEST_TIMEOUT" bash "$0" --one "$name" >"$TEST_DIR/.output" 2>&1 </dev/null ||
            status=$?
        tap_report "$number" "${name#test_}" "$status"
        if declare -F after_test >/dev/null; then after_test "$name"; fi
    done
    printf '# %s: %d passed, %d failed, %d skipped\n' "${0##*/}" "$passed" "$failed" "$skipped"
    [[ $failed == 0 ]] || return 1
    [[ $passed -gt 0 || $skipped == 0 ]] || return "$SKIP_STATUS"
}
