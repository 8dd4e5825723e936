#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The command line: where options may stand and how they are written, help, version, spec, features.
. "$(dirname "$0")/lib.sh"

test_options_may_stand_before_and_after_the_id() {
    needs_runlet
    bundle_sh 'exit 5'
    rt run --bundle "$B" "$ID" </dev/null || status=$?
    assert_eq 5 "$status" before
    rt run "$ID" --bundle "$B" </dev/null || status=$?
    assert_eq 5 "$status" after
    rt run -b "$B" "$ID" </dev/null || status=$?
    assert_eq 5 "$status" short
}

test_values_may_follow_a_space_or_an_equals_sign() {
    bundle_sh 'exit 5'
    rt run "--bundle=$B" "$ID" </dev/null || status=$?
    assert_eq 5 "$status" "with ="
    status=0
    "$RUNLET" "--root=$ROOT" run --bundle "$B" "$ID" </dev/null || status=$?
    assert_eq 5 "$status" "global with ="
}

test_one_dash_is_as_good_as_two() {
    needs_runlet
    bundle_sh 'exit 5'
    "$RUNLET" -root "$ROOT" run -bundle "$B" "$ID" </dev/null || status=$?
    assert_eq 5 "$status"
}

test_options_of_the_engines_are_taken() {
    bundle '.process.args = ["sleep", "1000"]'
    "$RUNLET" --root "$ROOT" --log "$TEST_DIR/log" --log-format json create --bundle "$B" \
        --pid-file "$TEST_DIR/pid" --no-pivot --no-new-keyring --preserve-fds 0 "$ID" </dev/null >out 2>&1 || fail "$(cat out)"
    rt kill --all "$ID" 9
    eventually has_status stopped
    rt delete "$ID"
}

test_known_but_idle_options_of_other_runtimes_do_no_harm() {
    needs_runlet
    bundle_sh 'exit 5'
    rt --platform systrap --network=sandbox --rootless=auto --criu /usr/sbin/criu run --bundle "$B" "$ID" </dev/null || status=$?
    assert_eq 5 "$status"
}

test_a_misspelt_option_is_told_with_the_right_one() {
    needs_runlet
    ! rt run --bundel x "$ID" 2>err || fail "accepted"
    assert_contains "$(cat err)" "--bundel"
    assert_contains "$(cat err)" "--bundle"
    ! "$RUNLET" --rot /x list 2>err || fail "accepted"
    assert_contains "$(cat err)" "--rot"
    assert_contains "$(cat err)" "--root"
}

test_a_misspelt_command_is_told_with_the_right_one() {
    needs_runlet
    ! rt creat x 2>err || fail "accepted"
    assert_contains "$(cat err)" create
}

test_an_option_without_its_value_is_refused() {
    ! rt run --bundle 2>err || fail "accepted"
    assert_contains "$(cat err)" bundle
}

test_without_a_command_it_points_to_the_help() {
    timeout 5 "$RUNLET" >out 2>&1 </dev/null || status=$?
    assert_ne 124 "$status"
    assert_match "$(cat out)" 'help|create'
}

test_help_lists_every_command() {
    local command
    "$RUNLET" --help >out
    for command in create start run kill delete state list spec features; do
        assert_contains "$(cat out)" "$command"
    done
    "$RUNLET" -h >/dev/null
}

test_help_of_each_command_lists_its_options() {
    "$RUNLET" create --help >out
    assert_contains "$(cat out)" bundle
    assert_contains "$(cat out)" pid-file
    assert_contains "$(cat out)" console-socket
    assert_contains "$("$RUNLET" kill --help)" all
    assert_contains "$("$RUNLET" delete --help)" force
    assert_contains "$("$RUNLET" list --help)" format
}

test_version_has_exactly_three_lines() {
    needs_runlet
    "$RUNLET" --version >out
    assert_eq 3 "$(wc -l <out)" lines
    assert_match "$(sed -n 1p out)" '^runlet version [0-9]+\.[0-9]+\.[0-9]+'
    assert_match "$(sed -n 2p out)" '^commit: .+'
    assert_match "$(sed -n 3p out)" '^spec: 1\.[0-9]+\.[0-9]+'
}

test_spec_writes_a_config_that_runs() {
    mkdir "$B"
    (cd "$B" && "$RUNLET" spec)
    assert_eq true "$(jq .process.terminal "$B/config.json")"
    assert_eq sh "$(jq -r '.process.args | join(" ")' "$B/config.json")"
    assert_eq true "$(jq .root.readonly "$B/config.json")"
    assert_eq rootfs "$(jq -r .root.path "$B/config.json")"
    cp -a "$TEST_BASE/rootfs" "$B/rootfs"
    jq '.process.terminal = false | .process.args = ["echo", "it runs"]
        | .process.rlimits = [] | .linux.cgroupsPath = $cg' --arg cg "$CG/b" "$B/config.json" >edited
    cp edited "$B/config.json"
    run
    assert_eq "it runs" "$(cat out)" "$(cat err)"
}

test_spec_takes_a_folder_and_refuses_to_overwrite() {
    mkdir "$B"
    "$RUNLET" spec --bundle "$B"
    jq -e . "$B/config.json" >/dev/null
    echo mine >"$B/config.json"
    ! "$RUNLET" spec --bundle "$B" 2>err || fail "overwritten"
    assert_eq mine "$(cat "$B/config.json")"
    assert_contains "$(cat err)" config.json
}

test_spec_for_a_user_maps_that_user() {
    mkdir "$B"
    (cd "$B" && "$RUNLET" spec --rootless)
    assert_eq "$(id -u)" "$(jq '.linux.uidMappings[0].hostID' "$B/config.json")"
    jq -e '.linux.namespaces | any(.type == "user")' "$B/config.json" >/dev/null
}

test_features_is_json_with_the_required_fields() {
    "$RUNLET" features >out
    assert_match "$(jq -r .ociVersionMin out)" '^1\.'
    assert_match "$(jq -r .ociVersionMax out)" '^1\.'
    jq -e '.hooks | index("createRuntime")' out >/dev/null || fail "no hooks"
    jq -e '.mountOptions | index("rbind")' out >/dev/null || fail "no mount options"
    jq -e '.linux.namespaces | index("pid")' out >/dev/null || fail "no namespaces"
    jq -e '.linux.capabilities | index("CAP_CHOWN")' out >/dev/null || fail "no capabilities"
    jq -e '.linux.seccomp.actions | index("SCMP_ACT_ERRNO")' out >/dev/null || fail "no seccomp actions"
}

test_features_needs_neither_root_nor_a_state_folder() {
    cp "$RUNLET" runtime
    chmod 755 runtime
    setpriv --reuid 4711 --regid 4711 --clear-groups env -i "$TEST_DIR/runtime" features | jq -e . >/dev/null
    setpriv --reuid 4711 --regid 4711 --clear-groups env -i "$TEST_DIR/runtime" --version | grep -q version
}

test_the_log_is_appended_to() {
    echo '{"msg":"earlier","level":"info","time":"x"}' >log
    rt --log "$TEST_DIR/log" --log-format json state nosuch 2>/dev/null || :
    assert_eq earlier "$(jq -r .msg log | head -n 1)"
    assert_ne 1 "$(jq -s length log)" records
}

test_a_text_log_is_no_json() {
    rt --log "$TEST_DIR/log" state nosuch 2>/dev/null || :
    assert_contains "$(cat log)" nosuch
    ! jq -e .level log >/dev/null 2>&1 || fail "JSON: $(cat log)"
}

test_debug_writes_nothing_on_stdout() {
    bundle_sh 'echo only this'
    rt --debug run --bundle "$B" "$ID" </dev/null 2>err >out || fail "$(cat err)"
    assert_eq "only this" "$(cat out)"
}

test_a_debug_log_is_written_by_pattern() {
    needs_runlet
    bundle '.process.args = ["true"] | .process.env += ["SECRET=hidden"]'
    rt --debug --debug-log "$TEST_DIR/logs/" run --bundle "$B" "$ID" </dev/null 2>/dev/null
    assert_match "$(ls logs)" '^runsc\.log\.[0-9]{8}-[0-9]{6}\.[0-9]{6}\.run\.txt$'
    assert_match "$(head -n 1 logs/*)" '^D[0-9]{4} [0-9:]{8}\.[0-9]{6} +[0-9]+ runlet\] '
    assert_contains "$(cat logs/*)" '"args"'
    assert_lacks "$(cat logs/*)" hidden
}

test_a_debug_log_is_kept_to_the_commands_that_are_named() {
    needs_runlet
    rt --debug-log "$TEST_DIR/%COMMAND%.log" --debug-command '!state' state nosuch 2>/dev/null || :
    [[ ! -e state.log ]] || fail "state has a debug log"
    rt --debug-log "$TEST_DIR/%COMMAND%.log" --debug-log-format json state nosuch 2>/dev/null || :
    assert_eq error "$(jq -r .level state.log)"
}

test_a_full_standard_output_is_an_error() {
    bundle '.process.args = ["sleep", "1000"]'
    create
    ! rt state "$ID" >/dev/full 2>err || fail "no error"
}

cli_main "$@"
