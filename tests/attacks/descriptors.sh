#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What a container inherits: descriptors, environment, masks, terminal, keyring, capabilities, and
# the runtime's own binary.
. "$(dirname "$0")/lib.sh"

# Runs a command with descriptors 3 to 20 open on folders of the host.
leaky() { # COMMAND...
    (
        for fd in {3..20}; do eval "exec $fd</etc"; done
        "$@"
    )
}

listing_hook() { # KIND FILE: a hook that lists its descriptors into FILE
    printf '.hooks.%s += [{path: "/bin/sh", args: ["sh", "-c", "exec %s fds >%s"]}]' "$1" "$3" "$2"
}

# --- descriptors ------------------------------------------------------------------------------------

test_no_descriptor_of_the_caller_reaches_the_process_or_a_hook() {
    local kind
    bundle ".process.args = [\"sh\", \"-c\", \"exec attack fds >/process\"]
        | $(listing_hook createRuntime "$TEST_DIR/createRuntime" "$ATTACK_HELPER")
        | $(listing_hook createContainer "$TEST_DIR/createContainer" "$ATTACK_HELPER")
        | $(listing_hook startContainer /startContainer attack)
        | $(listing_hook poststart "$TEST_DIR/poststart" "$ATTACK_HELPER")
        | $(listing_hook poststop "$TEST_DIR/poststop" "$ATTACK_HELPER")"
    leaky rt create --bundle "$B" "$ID" </dev/null >out 2>&1 || fail "$(cat out)"
    leaky rt start "$ID" || fail "start"
    eventually has_status stopped
    leaky rt delete "$ID" || fail "delete"
    mv "$B/rootfs/process" "$B/rootfs/startContainer" .
    for kind in process createRuntime createContainer startContainer poststart poststop; do
        assert_eq "0 1 2" "$(cut -d ' ' -f 1 "$kind" | xargs)" "descriptors of $kind: $(cat "$kind")"
        assert_lacks "$(cat "$kind")" /etc "$kind"
    done
}

test_a_hook_in_the_container_finds_nothing_of_the_host_at_init() {
    bundle "$(hook startContainer 'ls -l /proc/1/fd /proc/1/cwd /proc/1/root >/seen 2>&1')"
    leaky rt create --bundle "$B" "$ID" </dev/null >out 2>&1 || fail "$(cat out)"
    rt start "$ID" </dev/null >/dev/null 2>&1
    eventually has_status stopped
    assert_lacks "$(cat "$B/rootfs/seen")" "/etc" "init's descriptors"
    assert_lacks "$(cat "$B/rootfs/seen")" "$TEST_DIR/root" "init's descriptors"
    assert_match "$(cat "$B/rootfs/seen")" '/proc/1/cwd -> /' "init's folder"
}

test_a_created_container_keeps_no_descriptor_of_the_caller() {
    bundle '.process.args = ["sleep", "1000"]'
    leaky rt create --bundle "$B" --pid-file pid "$ID" </dev/null >/dev/null 2>&1
    assert_lacks "$(ls -l "/proc/$(cat pid)/fd")" "/etc"
}

test_preserved_descriptors_end_where_they_were_promised_to() {
    bundle '.process.args = ["sh", "-c", "exec attack fds >/process"]'
    leaky rt run --preserve-fds 2 --bundle "$B" "$ID" </dev/null >out 2>&1 || fail "$(cat out)"
    assert_eq "0 1 2 3 4" "$(cut -d ' ' -f 1 "$B/rootfs/process" | xargs)"
    local n
    for n in 4294967295 4294967293 2147483647 -1 18446744073709551615 1x; do
        ! leaky rt run --preserve-fds "$n" --bundle "$B" "$ID" </dev/null >out 2>&1 || fail "--preserve-fds $n worked"
    done
}

test_a_device_that_is_standard_input_keeps_its_owner() {
    mknod device c 1 9
    mkdir folder
    bundle_sh 'exit 0' '.process.user = {uid: 1000, gid: 1000}'
    rt run --bundle "$B" "$ID" <device >out 2>&1 || fail "$(cat out)"
    rt run --bundle "$B" "$ID" <folder >out 2>&1 || fail "$(cat out)"
    assert_eq "0 0" "$(stat -c %u device folder | xargs)" "owners"
}

# --- environment, umask, capabilities, keyring --------------------------------------------------------

test_the_containers_environment_reaches_no_program_of_the_host() {
    local kind jq='.process.args[0] = "/bin/sh" | .process.env += ["LD_PRELOAD=/evil.so", "PATH=/evil", "BASH_ENV=/evil"]'
    for kind in prestart createRuntime createContainer poststart poststop; do
        jq+=" | $(hook "$kind" "tr '\\0' '\\n' </proc/self/environ >$TEST_DIR/$kind")"
    done
    bundle_sh 'exit 0' "$jq"
    rt create --bundle "$B" "$ID" </dev/null >out 2>&1 || fail "$(cat out)"
    rt start "$ID"
    eventually has_status stopped
    rt delete "$ID"
    for kind in prestart createRuntime createContainer poststart poststop; do
        assert_lacks "$(cat "$kind")" evil "$kind"
    done
}

test_what_hooks_make_is_not_for_everybody_to_write() {
    bundle "$(hook createRuntime "touch $TEST_DIR/one") | $(hook createContainer "touch $TEST_DIR/two") | $(hook startContainer 'touch /c')"
    run
    assert_eq "644 644 644" "$(stat -c %a one two "$B/rootfs/c" | xargs)" "modes: $(cat err)"
}

test_no_capability_is_inheritable_or_ambient_unless_asked_for() {
    assert_eq "0000000000000000 0000000000000000" "$(run_sh 'sed -n "s/^Cap\(Inh\|Amb\):.//p" /proc/self/status' | xargs)"
    assert_eq "0000000000000000 0000000000000000 0000000000000000 0000000000000000" \
        "$(run_sh 'sed -n "s/^Cap\(Inh\|Amb\|Prm\|Eff\):.//p" /proc/self/status' '.process.user = {uid: 1000, gid: 1000}' | xargs)"
}

test_two_containers_of_one_name_share_no_keyring() {
    local first second
    # keyctl(KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0)
    bundle_sh 'helper syscall 250 0 -3 0 >/keyring; sleep 1000'
    create_started
    eventually test -s "$B/rootfs/keyring"
    first=$(cat "$B/rootfs/keyring")
    [[ $first != errno* ]] || skip "this kernel has no keyrings: $first"
    bundle_sh 'helper syscall 250 0 -3 0' '.linux.cgroupsPath += "2"' "$TEST_DIR/b2"
    second=$("$RUNLET" --root "$TEST_DIR/root2" run --bundle "$TEST_DIR/b2" "$ID" </dev/null)
    assert_ne "$first" "$second" "session keyring"
    assert_ne "$("$CLI_HELPER" syscall 250 0 -3 0)" "$first" "the caller's keyring"
}

# --- terminal -------------------------------------------------------------------------------------------

test_the_callers_terminal_is_not_the_containers() {
    # Standard input is the caller's terminal, yet it controls nothing in there and takes no input.
    bundle_sh 'attack ctty; attack push; exec 3<>/proc/self/fd/0; attack ctty'
    script -qec "'$RUNLET' --root '$ROOT' run --bundle '$B' $ID; echo then; head -c 0" /dev/null </dev/null >out 2>&1 ||
        fail "$(cat out)"
    assert_eq 2 "$(grep -c none out)" "$(cat out)"
    assert_contains "$(cat out)" "refused:"
    assert_lacks "$(cat out)" injected
}

test_a_detached_container_is_in_a_session_of_its_own() {
    bundle '.process.args = ["sleep", "1000"]'
    create_started
    assert_eq "$PID" "$(cut -d ' ' -f 6 "/proc/$PID/stat")" session
    assert_eq 0 "$(cut -d ' ' -f 7 "/proc/$PID/stat")" "controlling terminal"
}

# --- the runtime's binary ---------------------------------------------------------------------------------

# Makes the runtime under test a copy that may be spoilt, and the image's loader the attacker's program.
spoilable() {
    [[ $RUNLET_NAME == runlet ]] || skip "a test of runlet's own binary"
    cp "$RUNLET" "$TEST_DIR/runlet"
    RUNLET=$TEST_DIR/runlet
    local loader
    loader=$(sed -n 's|.*\(/lib[^ ]*/ld-linux[^ ]*\)].*|\1|p' <<<"$(readelf -l "$RUNLET" 2>/dev/null)")
    [[ -n $loader ]] || skip "the binary has no loader"
    [[ -x ${ATTACK_LOADER:-} ]] || skip "no attacker's loader for this machine"
    LOADER=$loader
}

not_spoilt() { # HOW
    eventually sh -c "! grep -q attack /proc/[0-9]*/comm"
    cmp -s "$RUNLET" "$TEST_DIR/before" || skip "OPEN: a container wrote to the runtime's binary by $1"
}

spoil() { # HOW: starts the prepared bundle and waits for the attacker's end
    cp "$RUNLET" "$TEST_DIR/before"
    mkdir -p "$B/rootfs$(dirname "$LOADER")"
    cp "$ATTACK_LOADER" "$B/rootfs$LOADER"
    if rt create --bundle "$B" --pid-file pid "$ID" </dev/null >out 2>&1; then
        rt start "$ID" >out 2>&1 || :
    fi
    not_spoilt "$1"
}

test_the_runtimes_binary_as_the_program_is_refused() {
    local program
    spoilable
    for program in /proc/self/exe /link /bin/../proc/self/exe exe; do
        rm -rf "$B"
        bundle ".process.args = [\"$program\"] | .process.env = [\"PATH=/proc/self\"]"
        ln -s /proc/self/exe "$B/rootfs/link"
        spoil "$program"
    done
}

test_the_runtimes_binary_as_the_interpreter_of_a_script_cannot_be_written() {
    spoilable
    bundle '.process.args = ["/script"]'
    printf '#!/proc/self/exe\n' >"$B/rootfs/script"
    chmod 755 "$B/rootfs/script"
    spoil "a script"
}

test_the_runtimes_binary_as_a_hook_in_the_container_cannot_be_written() {
    spoilable
    bundle '.process.args = ["sleep", "5"] | .hooks.startContainer = [{path: "/hook", args: ["hook"]}]'
    ln -s /proc/self/exe "$B/rootfs/hook"
    spoil "a startContainer hook"
}

cli_main "$@"
