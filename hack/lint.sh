#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Looks at the sources without running them: clang-format, clang-tidy, cppcheck, shellcheck and the
# house rules that a grep can check. Says nothing when all is well. What the slow ones found clean
# is remembered in build/lint by content, so that a second run takes seconds.
set -euo pipefail
# shellcheck source=hack/lib.sh
. "$(dirname "$0")/lib.sh"

CACHE=$BUILD/lint
INCLUDES='-Ispecutils/include -Ispecutils -Isandbox -Iruntime'
failures=0

complain() { # CHECK, with its words on standard input
    printf -- '--- %s\n' "$1"
    cat
    failures=$((failures + 1))
}

# Runs a command; its words are shown only if it fails.
check() { # CHECK COMMAND...
    local output
    if ! output=$("${@:2}" 2>&1); then complain "$1" <<<"$output"; fi
}

files() { # PATTERN...: tracked and new files, none that git ignores
    git -C "$SOURCE" ls-files --cached --others --exclude-standard -- "$@" | while read -r file; do
        [[ ! -e $SOURCE/$file ]] || printf '%s\n' "$file"
    done
}

check_format() {
    clang-format --dry-run -Werror "${C_FILES[@]}"
}

# --- clang-tidy -----------------------------------------------------------------------------------

# A file and all that it includes from this tree.
read_with_headers() { # FILE
    # shellcheck disable=SC2086 # several words
    clang -MM -D_GNU_SOURCE $INCLUDES "$1" | grep -o '[^ ]*\.[ch]\>' | xargs cat
}

tidy_one() { # FILE
    local key
    key=$({ cat "$CACHE/common" && read_with_headers "$1"; } | sha256sum)
    key=$CACHE/clean/${key%% *}
    [[ ! -e $key ]] || return 0
    # "N warnings generated" is no finding.
    clang-tidy --quiet -p "$CACHE/tree" "$1" 2>"$key.words" || { cat "$key.words" && return 1; }
    mv "$key.words" "$key"
}

check_tidy() {
    cmake -G Ninja -S "$SOURCE" -B "$CACHE/tree" -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_COMPILER=clang >"$CACHE/cmake.log" 2>&1 ||
        { cat "$CACHE/cmake.log" && return 1; }
    { clang-tidy --version && cat .clang-tidy CMakeLists.txt; } >"$CACHE/common"
    export -f tidy_one read_with_headers
    export CACHE INCLUDES
    files 'specutils/*.c' 'sandbox/*.c' 'runtime/*.c' | xargs -P "$(nproc)" -I{} bash -c 'tidy_one "$1"' _ {}
}

# --- the others -------------------------------------------------------------------------------------

check_cppcheck() {
    mkdir -p "$CACHE/cppcheck"
    # It does not know the cleanup attributes (leaks: the sanitizers look for them), takes every
    # readdir for one that threads share, stumbles over statement expressions, and believes that
    # accept4 must have an address (sandbox/init.c).
    # shellcheck disable=SC2086 # INCLUDES are several words
    cppcheck --quiet --error-exitcode=1 --enable=warning,performance,portability --inline-suppr \
        --std=c11 --library=posix --library=gnu --suppress=missingIncludeSystem \
        --suppress=resourceLeak --suppress=memleak --suppress=readdirCalled --suppress=arrayIndexThenCheck \
        --suppress=invalidFunctionArgBool --suppress=nullPointer:sandbox/init.c -USU_RETRY_EINTR \
        --cppcheck-build-dir="$CACHE/cppcheck" -j "$(nproc)" -D_GNU_SOURCE -D__x86_64__ \
        $INCLUDES specutils sandbox runtime
}

# As a whole, for the scripts include each other.
check_shell() {
    local key
    key=$({ shellcheck --version && cat .shellcheckrc "${SHELL_FILES[@]}"; } | sha256sum)
    key=$CACHE/clean/${key%% *}
    [[ -e $key ]] || { printf '%s\n' "${SHELL_FILES[@]}" | xargs -P "$(nproc)" -n 4 shellcheck && : >"$key"; }
}

check_licence() {
    local file bad=0
    while read -r file; do
        if ! head -n 3 "$file" | grep -q 'SPDX-License-Identifier: Apache-2.0'; then
            printf '%s has no SPDX line\n' "$file"
            bad=1
        fi
    done < <(files '*.c' '*.h' '*.sh' 'CMakeLists.txt' '.ci/run' 'hack/fuzz')
    return "$bad"
}

check_marks() {
    ! grep -nE 'TO''DO|FIX''ME' "${C_FILES[@]}" "${SHELL_FILES[@]}" CMakeLists.txt
}

check_paths() {
    ! { files | grep -v '^tests/data/' | xargs grep -nE '(^|[^A-Za-z0-9_.~-])/(wo''rk|tmp/w|ro''ot)/[a-z]'; }
}

check_length() {
    local file lines bad=0
    while read -r file; do
        lines=$(wc -l <"$file")
        [[ $lines -le 600 ]] || { printf '%s has %d lines; 600 are the most\n' "$file" "$lines" && bad=1; }
    done < <(files 'specutils/*.[ch]' 'sandbox/*.[ch]' 'runtime/*.[ch]')
    return "$bad"
}

check_text() {
    ! { files '*.c' '*.h' '*.sh' '*.md' '*.txt' | xargs grep -nE '[[:space:]]+$'; }
}

main() {
    need_packages "${BUILD_PACKAGES[@]}" "${LINT_PACKAGES[@]}" check clang
    cd "$SOURCE"
    mkdir -p "$CACHE/clean"
    mapfile -t C_FILES < <(files '*.c' '*.h')
    mapfile -t SHELL_FILES < <(files '*.sh' '.ci/run' 'hack/fuzz')
    check clang-format check_format
    check shellcheck check_shell
    check 'licence lines' check_licence
    check 'marks of unfinished work' check_marks
    check 'paths of one machine' check_paths
    check 'length of files' check_length
    check 'blanks at line ends' check_text
    check cppcheck check_cppcheck
    check clang-tidy check_tidy
    [[ $failures == 0 ]] || die "$failures checks failed"
}

main "$@"
