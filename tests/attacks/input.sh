#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Input that is too big, too deep or not what it seems: a clear error, bounded memory and time.
. "$(dirname "$0")/lib.sh"

# create of the bundle must fail in time and in memory, and leave nothing.
refused_cheaply() { # MAX-KIB WORD...
    local before
    before=$(traces)
    status=0
    rm -f log
    timeout 30 "$CLI_HELPER" rss rss "$RUNLET" --root "$ROOT" --log "$TEST_DIR/log" --log-format json \
        create --bundle "$B" "$ID" </dev/null >out 2>err || status=$?
    assert_ne 0 "$status" "exit status"
    [[ $status -lt 124 ]] || fail "it crashed or hung: $status $(cut -c1-300 err)"
    assert_eq 1 "$(wc -l <err)" "lines on stderr"
    [[ $(wc -c <err) -lt 3000 ]] || fail "the message has $(wc -c <err) bytes"
    local word
    for word in "${@:2}"; do assert_contains "$(cat err)" "$word"; done
    [[ -n ${RUNLET_SANITIZED:-} || $(cat rss) -lt $1 ]] || fail "took $(cat rss) KiB: $(cat err)"
    assert_no_new_traces "$before"
}

raw_config() { # the template with @ITEM@ in place of one more mount and @TOP@ as one more field
    bundle
    jq -c '.' "$B/config.json" | sed 's|"mounts":\[|"mounts":[@ITEM@|; s|^{|{@TOP@|'
}

repeat() { # TIMES TEXT
    awk -v n="$1" -v t="$2" 'BEGIN { for (i = 0; i < n; i++) printf "%s", t }'
}

fill() { # PLACEHOLDER: replaces it in $B/config.json by standard input
    awk -v p="$1" 'NR == FNR { text = text $0; next } { i = index($0, p); if (i) printf "%s%s%s\n", substr($0, 1, i - 1), text, substr($0, i + length(p)); else print }' \
        - "$TEST_DIR/template" >"$B/config.json"
}

config() { # ITEM TOP (each from a command's output)
    raw_config >template
    sed "s|@TOP@||" template >t && mv t template
}

test_hundreds_of_thousands_of_mounts() {
    config
    repeat 400000 '{"destination":"/a","type":"tmpfs"},' | fill @ITEM@
    refused_cheaply 200000 mounts
}

test_thousands_of_mount_points_of_many_parts() {
    config
    repeat 9000 "{\"destination\":\"/$(repeat 600 a/)b\",\"type\":\"none\"}," | fill @ITEM@
    refused_cheaply 200000 mounts
}

test_a_destination_of_millions_of_parts() {
    config
    { printf '{"type":"tmpfs","destination":"'; repeat 8000000 /a; printf '"},'; } | fill @ITEM@
    refused_cheaply 200000 mounts
}

test_a_config_of_100_mb() {
    config
    head -c 100000000 /dev/zero | tr '\0' ' ' >"$B/config.json"
    cat template >>"$B/config.json"
    refused_cheaply 100000 "too big"
}

test_a_million_nested_lists() {
    raw_config | sed 's|@ITEM@||' >template
    bundle
    { printf '"x":'; repeat 1000000 '['; repeat 1000000 ']'; printf ','; } | fill @TOP@
    refused_cheaply 200000
}

test_a_million_nested_objects() {
    raw_config | sed 's|@ITEM@||' >template
    { printf '"x":'; repeat 1000000 '{"a":'; printf 1; repeat 1000000 '}'; printf ','; } | fill @TOP@
    refused_cheaply 300000
}

test_a_nul_in_any_string() {
    local jq
    for jq in '.mounts[0].destination = "/a\u0000b"' '.process.args[0] = "true\u0000"' '.root.path = "rootfs\u0000x"' \
        '.linux.cgroupsPath = "/a\u0000/../b"' '.hostname = "a\u0000b"' '.process.env = ["A=\u0000"]' \
        '.annotations = {"a\u0000": "b"}' '.process.cwd = "/\u0000"'; do
        bundle "$jq"
        refused_cheaply 100000 NUL
    done
}

test_numbers_that_wrap() {
    local jq
    for jq in '.process.user.uid = 4294967296' '.process.user.uid = -1' '.process.user.gid = 18446744073709551616' \
        '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 4294967295, hostID: 1, size: 2}] | .linux.gidMappings = .linux.uidMappings' \
        '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 1, size: 4294967295}, {containerID: 5, hostID: 9, size: 1}] | .linux.gidMappings = .linux.uidMappings' \
        '.linux.devices = [{path: "/dev/x", type: "c", major: 4294967297, minor: 3}]' \
        '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 99999999999999999999999, hard: 1}]'; do
        bundle "$jq"
        refused_cheaply 100000
    done
}

test_ids_that_are_paths() {
    local id before
    mkdir -p "$ROOT" sub
    bundle
    before=$(traces)
    for id in . .. ../x ../../etc sub/x /abs "$(repeat 5000 x)" $'a\nb' 'a b' .hidden 'ä' 'a%2fb' '*' "$(repeat 256 y)" ''; do
        ! rt create --bundle "$B" -- "$id" </dev/null >out 2>err || fail "id \"${id:0:40}\" was taken"
        for command in state start kill delete; do
            ! rt "$command" -- "$id" >out 2>err || fail "$command of \"${id:0:40}\" worked"
        done
        rt delete --force -- "$id" >out 2>err || :
    done
    [[ -d $ROOT && -d sub && -d /etc ]] || fail "a folder is gone"
    assert_no_new_traces "$before"
}

test_cgroup_paths_that_climb() {
    local path
    for path in /.. "/rl-$CLI_PID-$TEST_NUMBER/../../x" .. ../x a/../../b / /. // "$(printf '/a\nb')"; do
        bundle ".linux.cgroupsPath = $(jq -n --arg p "$path" '$p')"
        refused_cheaply 100000 linux.cgroupsPath
    done
}

test_hook_output_without_end_does_not_fill_memory() {
    bundle "$(hook createRuntime 'yes | head -c 100000000; exit 3')"
    refused_cheaply 100000 createRuntime
}

cli_main "$@"
