#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The manual: clean pages that say what headers and help say. Looks at the tree and at the program's
# own help, installs nothing.
#
#   RUNLET          the program whose help is compared
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

RUNLET=${RUNLET:-$RUNLET_BUILD/runlet}
LIBRARY_PAGES=("$SOURCE"/specutils/man/*.3)
PROGRAM_PAGES=("$SOURCE"/runtime/man/*.8)

after_test() {
    rm -rf "$TEST_DIR"
}

# The synopses of pages in the form of prototypes(), without any white space.
synopses() { # PAGE...
    local page
    for page in "$@"; do
        sed -n '/^\.SH SYNOPSIS/,/^\.SH DESCRIPTION/p' "$page" | sed -n 's/^\.BI\? //p' | grep -v '^"\?#'
    done | tr -d '" \n' | tr ';' '\n' | LC_ALL=C sort
}

# A page as people read it, one paragraph of any width.
rendered() { # PAGE
    MANWIDTH=1000 man --encoding=UTF-8 -l "$1" 2>/dev/null | sed 's/.\x08//g'
}

# The options that a text describes at the beginning of a line, sorted: "--all", "-a".
options_of() {
    grep -oE '^ +-.*' | sed -E 's/^ +//; s/   .*//' | grep -oE -e '(^|[ ,])--?[A-Za-z][a-z-]*' | tr -d ' ,' | LC_ALL=C sort -u
}

test_pages_are_clean() {
    command -v groff >/dev/null || skip "needs groff"
    local page said
    for page in "${LIBRARY_PAGES[@]}" "${PROGRAM_PAGES[@]}"; do
        said=$(LC_ALL=C groff -t -man -ww -Tutf8 -z "$page" 2>&1)
        assert_eq "" "$said" "what groff says of ${page##*/}"
        assert_match "$(grep '^\.TH' "$page")" "^\.TH $(basename "${page^^}" ".${page##*.}") ${page##*.} " "title"
    done
}

test_each_public_function_has_its_synopsis_as_declared() {
    diff <(prototypes "$SOURCE"/specutils/include/specutils/*.h | tr -d ' ' | LC_ALL=C sort) \
        <(synopses "${LIBRARY_PAGES[@]}") || fail "< headers, > manual"
}

test_each_public_function_is_explained_below_the_synopsis() {
    local name page missing=()
    for page in "${LIBRARY_PAGES[@]}"; do
        sed -n '/^\.SH DESCRIPTION/,$p' "$page"
    done >texts
    for name in $(prototype_names "$SOURCE"/specutils/include/specutils/*.h); do
        grep -qw "fB$name" texts || missing+=("$name")
    done
    assert_eq "" "${missing[*]}" "functions that no page explains"
}

test_each_page_is_found_by_the_names_of_its_functions() {
    local page header
    for page in "${LIBRARY_PAGES[@]}"; do
        header=$(basename "${page/specutils_/}" .3).h
        [[ $header != libspecutils.h ]] || continue
        diff <(prototype_names "$SOURCE/specutils/include/specutils/$header") \
            <(sed -n '/^\.SH NAME/,/^\.SH LIBRARY/s/^\([a-z0-9_]*\)\(,\| \\-.*\)$/\1/p' "$page" | LC_ALL=C sort) ||
            fail "< $header, > NAME of ${page##*/}"
    done
}

test_references_lead_to_pages() {
    local reference
    while read -r reference; do
        [[ -f $SOURCE/specutils/man/$reference.3 || -f $SOURCE/runtime/man/$reference.8 ]] ||
            fail "there is no page $reference"
    done < <(sed 's/\\f.//g; s/\\-/-/g' "${LIBRARY_PAGES[@]}" "${PROGRAM_PAGES[@]}" |
        grep -oE '(specutils_[a-z_]+|libspecutils|runlet[a-z-]*) ?\([38]\)' | sed 's/ *(.*//' | sort -u)
}

test_each_command_has_a_page() {
    local command
    for command in $("$RUNLET" help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'); do
        case $command in
        help | flags) ;; # on the page of the program
        *) [[ -f $SOURCE/runtime/man/runlet-$command.8 ]] || fail "runlet $command has no page" ;;
        esac
        assert_contains "$(rendered "$SOURCE/runtime/man/runlet.8")" "$command"
    done
}

test_pages_describe_the_options_that_the_program_has() {
    command -v man >/dev/null || skip "needs man"
    local page command
    for page in "${PROGRAM_PAGES[@]}"; do
        command=$(basename "$page" .8)
        command=${command#runlet}
        # shellcheck disable=SC2086 # no word for the program itself
        diff <("$RUNLET" help ${command#-} | options_of | grep -v -e '^--help$' -e '^-h$') \
            <(rendered "$page" | options_of | grep -v -e '^--help$' -e '^-h$') || fail "< help, > ${page##*/}"
    done
}

consumer_tests "$@"
