#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The installed library as its users see it: which files there are, what the shared library
# exports, that headers are clean C17 and C++17, that programs build against it and work.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

WARNINGS=(-Wall -Wextra -pedantic -Werror)

before_tests() {
    install_build
}

after_test() {
    rm -rf "$TEST_DIR"
}

need() { # PROGRAM...
    local program
    for program in "$@"; do
        command -v "$program" >/dev/null || skip "needs $program"
    done
}

not_sanitized() {
    [[ -z ${RUNLET_SANITIZED:-} ]] || skip "a library with sanitizers needs programs with sanitizers"
}

headers() {
    find "$PREFIX/include/specutils" -name '*.h' -printf '%f\n' | LC_ALL=C sort
}

exports() {
    nm -D --defined-only "$(library_dir)/libspecutils.so" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' |
        LC_ALL=C sort
}

# Compiles FILE to nothing, strictly.
strictly() { # COMPILER... FILE
    "$@" "${WARNINGS[@]}" -I"$PREFIX/include" -fsyntax-only || fail "${*:1:$#-1} has something to say"
}

# Those compilers of the language that are installed.
c_compilers() {
    printf '%s\n' "$CC" gcc clang | while read -r name; do command -v "$name"; done | sort -u
}

cxx_compilers() {
    printf '%s\n' g++ clang++ | while read -r name; do command -v "$name"; done | sort -u
}

# --- files --------------------------------------------------------------------------------------

test_the_files_of_the_library_are_installed() {
    local dir
    dir=$(library_dir)
    assert_eq "libspecutils.so.1" "$(readlink "$dir/libspecutils.so")"
    assert_match "$(readlink "$dir/libspecutils.so.1")" '^libspecutils\.so\.1\.[0-9]+\.[0-9]+$'
    [[ -f $dir/libspecutils.so.1 && ! -L $(readlink -f "$dir/libspecutils.so") ]] || fail "the links lead nowhere"
    [[ -f $dir/libspecutils.a && -f $dir/pkgconfig/libspecutils.pc ]] || fail "archive or libspecutils.pc is missing"
    [[ -f $dir/cmake/specutils/specutilsConfig.cmake ]] || fail "the CMake package is missing"
    assert_eq "$(cd "$SOURCE/specutils/include/specutils" && printf '%s\n' *.h | LC_ALL=C sort)" "$(headers)"
    [[ -x $PREFIX/bin/runlet ]] || fail "bin/runlet is missing"
    assert_match "$("$PREFIX/bin/runlet" --version)" '^runlet version '
}

test_the_manual_is_installed() {
    local page
    for page in "$SOURCE"/specutils/man/*.3 "$SOURCE"/runtime/man/*.8; do
        cmp "$page" "$PREFIX/share/man/man${page##*.}/${page##*/}"
    done
}

test_a_staged_installation_has_the_same_files() {
    DESTDIR=$TEST_DIR/stage install_build --prefix=/usr
    assert_eq "$(cd "$PREFIX" && find . | sort)" "$(cd stage/usr && find . | sort)"
    assert_eq "usr" "$(ls stage)"
}

test_installed_text_does_not_name_the_build() {
    # Object files of debug builds name sources; headers and package files must not.
    ! grep -rlF -e "$SOURCE/" -e "$RUNLET_BUILD" "$PREFIX/include" "$(library_dir)"/{cmake,pkgconfig} ||
        fail "these name the tree or the build"
}

# --- symbols ------------------------------------------------------------------------------------

test_the_soname_is_that_of_the_first_version() {
    assert_match "$(objdump -p "$(library_dir)/libspecutils.so")" 'SONAME +libspecutils\.so\.1[^.]'
}

test_the_shared_library_exports_what_headers_declare_and_nothing_else() {
    diff <(prototype_names "$PREFIX"/include/specutils/*.h) <(exports) || fail "< declared, > exported"
    assert_eq "" "$(exports | grep -v '^su_\|^oci_')" "names outside the public prefixes"
}

test_each_symbol_of_the_model_is_declared_and_exported() {
    local seed name kind missing=() exported
    exported=$(exports)
    echo '#include <specutils/specutils.h>' >declared.c
    while IFS=$'\t' read -r seed name kind; do
        case $kind in
        function)
            grep -qx "$name" <<<"$exported" || missing+=("$seed is $name, which is not exported")
            printf 'void *use_%s(void);\nvoid *use_%s(void) { return __extension__(void *)%s; }\n' "$name" "$name" "$name" ;;
        macro) printf '#ifndef %s\n#error "%s is missing"\n#endif\n' "$name" "$name" ;;
        constant) printf 'enum { use_%s = %s };\n' "$name" "$name" ;;
        type) printf '_Static_assert(sizeof(%s) > 0, "");\n' "$name" ;;
        *) fail "a row of the table has the kind '$kind'" ;;
        esac >>declared.c
    done < <(grep -v '^#' "$SOURCE/tests/data/specutils-symbols.tsv")
    [[ ${#missing[@]} == 0 ]] || fail "$(printf '%s\n' "${missing[@]}")"
    "$CC" -std=c17 -Wall -Werror -I"$PREFIX/include" -fsyntax-only declared.c || fail "something is not declared"
}

# --- headers ------------------------------------------------------------------------------------

test_each_header_compiles_alone_as_c17() {
    local header compiler
    for header in $(headers); do
        printf '#include <specutils/%s>\nextern int unit_is_not_empty;\n' "$header" >alone.c
        for compiler in $(c_compilers); do
            strictly "$compiler" -std=c17 -Wstrict-prototypes alone.c
        done
    done
}

test_each_header_compiles_alone_as_cxx17() {
    local header compiler
    [[ -n $(cxx_compilers) ]] || skip "needs a C++ compiler"
    for header in $(headers); do
        printf '#include <specutils/%s>\n' "$header" >alone.cc
        for compiler in $(cxx_compilers); do
            strictly "$compiler" -std=c++17 alone.cc
        done
    done
}

test_public_headers_include_no_private_ones() {
    local found
    found=$(grep -hE '^ *# *include' "$PREFIX"/include/specutils/*.h | grep -E '"|base' || :)
    assert_eq "" "$found" "includes in public headers"
}

test_macros_of_the_headers_work_in_cxx() {
    local compiler
    [[ -n $(cxx_compilers) ]] || skip "needs a C++ compiler"
    cat >macros.cc <<'END'
#include <specutils/specutils.h>
#include <unistd.h>
ssize_t use(int fd, char *byte);
ssize_t use(int fd, char *byte)
{
    OCI_LIST(int) list = {nullptr, 0};
    su_warn("no arguments");
    su_debug("%zu", list.n);
    return SU_RETRY_EINTR(read(fd, byte, 1));
}
END
    for compiler in $(cxx_compilers); do
        strictly "$compiler" -std=c++17 macros.cc
    done
}

# --- programs -----------------------------------------------------------------------------------

# The output of a consumer, but for the size of the filter, which is the processor's business.
assert_inspects() { # PROGRAM
    "$@" "$CONSUMER_DIR/bundle" >output
    assert_match "$(grep ^filter output)" '^filter [1-9][0-9]*$'
    diff "$CONSUMER_DIR/inspect.expected" <(grep -v ^filter output) || fail "$1 prints something else"
    grep ^filter output >>filters
    assert_eq 1 "$(sort -u filters | wc -l)" "number of different filters"
}

assert_tells() { # PROGRAM
    diff "$CONSUMER_DIR/brief.expected" <("$@" "$CONSUMER_DIR/bundle") || fail "$1 prints something else"
}


pc() { # ARGUMENT...
    PKG_CONFIG_PATH=$(library_dir)/pkgconfig pkg-config "$@" libspecutils
}

test_c_programs_build_with_pkg_config() {
    need pkg-config
    not_sanitized
    # shellcheck disable=SC2046 # words are wanted
    "$CC" -std=c17 "${WARNINGS[@]}" "$CONSUMER_DIR/inspect.c" -o shared $(pc --cflags --libs)
    # shellcheck disable=SC2046
    "$CC" -std=c17 "${WARNINGS[@]}" -static "$CONSUMER_DIR/inspect.c" -o static $(pc --static --cflags --libs)
    assert_match "$(objdump -p shared)" 'NEEDED +libspecutils\.so\.1'
    assert_lacks "$(objdump -p static)" NEEDED
    LD_LIBRARY_PATH=$(library_dir) assert_inspects ./shared
    assert_inspects ./static
}

test_the_archive_links_into_a_dynamic_program() {
    need pkg-config
    not_sanitized
    local flags
    flags=$(pc --static --cflags --libs)
    # shellcheck disable=SC2086 # words are wanted
    "$CC" -std=c17 "$CONSUMER_DIR/inspect.c" -o mixed ${flags/-lspecutils/-l:libspecutils.a}
    assert_lacks "$(objdump -p mixed)" libspecutils
    assert_inspects ./mixed
}

test_cxx_programs_build_with_pkg_config() {
    need pkg-config
    not_sanitized
    local cxx
    [[ -n $(cxx_compilers) ]] || skip "needs a C++ compiler"
    for cxx in $(cxx_compilers); do
        # shellcheck disable=SC2046 # words are wanted
        "$cxx" -std=c++17 "${WARNINGS[@]}" "$CONSUMER_DIR/brief.cc" -o shared $(pc --cflags --libs)
        # shellcheck disable=SC2046
        "$cxx" -std=c++17 "${WARNINGS[@]}" -static "$CONSUMER_DIR/brief.cc" -o static $(pc --static --cflags --libs)
        LD_LIBRARY_PATH=$(library_dir) assert_tells ./shared
        assert_tells ./static
    done
}

test_programs_build_with_cmake() {
    not_sanitized
    local cxx=ON
    [[ -n $(cxx_compilers) ]] || cxx=OFF
    cmake -S "$CONSUMER_DIR" -B build -DCMAKE_PREFIX_PATH="$PREFIX" -DCMAKE_C_COMPILER="$CC" -DCONSUMER_CXX=$cxx
    cmake --build build
    # CMake gives programs in a build tree the way to their libraries.
    assert_inspects build/inspect
    assert_inspects build/inspect_static
    if [[ $cxx == ON ]]; then
        assert_tells build/brief
        assert_tells build/brief_static
    fi
}

test_cmake_refuses_another_major_version() {
    cat >CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.16)
project(other LANGUAGES C)
find_package(specutils 2.0 REQUIRED)
END
    ! cmake -S . -B build -DCMAKE_PREFIX_PATH="$PREFIX" -DCMAKE_C_COMPILER="$CC" >output 2>&1 || fail "version 2.0 was found"
    assert_contains "$(cat output)" "compatible with requested version"
}

test_a_moved_prefix_still_works() {
    need pkg-config
    not_sanitized
    cp -a "$PREFIX" moved
    PREFIX=$TEST_DIR/moved
    # shellcheck disable=SC2046 # words are wanted
    "$CC" "$CONSUMER_DIR/inspect.c" -o shared $(pc --cflags --libs)
    assert_contains "$(realpath "$(pc --variable=libdir)")" "$TEST_DIR/moved"
    LD_LIBRARY_PATH=$(library_dir) assert_inspects ./shared
}

test_a_broken_bundle_is_reported_by_the_program_with_its_place() {
    need pkg-config
    not_sanitized
    # shellcheck disable=SC2046 # words are wanted
    "$CC" "$CONSUMER_DIR/inspect.c" -o shared $(pc --cflags --libs)
    mkdir broken
    sed 's/"ro",/"rbnd",/' "$CONSUMER_DIR/bundle/config.json" >broken/config.json
    ! LD_LIBRARY_PATH=$(library_dir) ./shared broken 2>errors || fail "the bundle was accepted"
    assert_contains "$(cat errors)" 'mounts[2].options[1]: "rbnd"'
}

consumer_tests "$@"
