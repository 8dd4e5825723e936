#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Terminals: one sent over a console socket, and the caller's own in the foreground.
. "$(dirname "$0")/lib.sh"

# Starts a receiver at $TEST_DIR/console.sock that types TEXT and copies what comes to the file tty.
receiver() { # TEXT
    "$CLI_HELPER" console "$TEST_DIR/console.sock" "$TEST_DIR/ready" "$1" >"$TEST_DIR/tty" 2>&1 &
    RECEIVER=$!
    eventually test -e ready
}

test_a_terminal_arrives_over_the_console_socket() {
    receiver $'typed\n'
    bundle_sh 'read -r line; echo "got $line"; tty' '.process.terminal = true'
    rt run --detach --bundle "$B" --console-socket "$TEST_DIR/console.sock" "$ID" </dev/null >out 2>err ||
        fail "$(cat err)"
    eventually has_status stopped
    wait "$RECEIVER" || :
    assert_contains "$(cat tty)" "got typed"
    assert_match "$(cat tty)" '/dev/(pts/0|console)'
    assert_eq "" "$(cat out)" "stdout of the runtime"
}

test_the_process_has_the_terminal_as_its_controlling_one() {
    receiver ''
    bundle_sh 'echo via tty >/dev/tty; cut -d " " -f 1,5,6,7,8 /proc/$$/stat' '.process.terminal = true'
    rt run --detach --bundle "$B" --console-socket "$TEST_DIR/console.sock" "$ID" </dev/null >out 2>err ||
        fail "$(cat err)"
    wait "$RECEIVER" || :
    assert_contains "$(cat tty)" "via tty"
    # pid, process group, session, terminal, foreground group
    assert_match "$(cat tty)" '1 1 1 [1-9][0-9]* 1'
}

test_all_three_streams_are_the_terminal() {
    receiver ''
    bundle_sh 'for n in 0 1 2; do [ -t $n ] && echo "$n is a tty"; done; readlink /proc/self/fd/0' '.process.terminal = true'
    rt run --detach --bundle "$B" --console-socket "$TEST_DIR/console.sock" "$ID" </dev/null >out 2>err ||
        fail "$(cat err)"
    wait "$RECEIVER" || :
    assert_eq "0 is a tty 1 is a tty 2 is a tty" "$(grep -o '. is a tty' tty | xargs)"
}

test_the_terminal_has_the_size_of_the_spec() {
    receiver ''
    bundle_sh 'stty size' '.process.terminal = true | .process.consoleSize = {height: 33, width: 111}'
    rt run --detach --bundle "$B" --console-socket "$TEST_DIR/console.sock" "$ID" </dev/null >out 2>err ||
        fail "$(cat err)"
    wait "$RECEIVER" || :
    assert_contains "$(cat tty)" "33 111"
}

test_the_terminal_belongs_to_the_user() {
    receiver ''
    bundle_sh 'helper stat /dev/pts/0 /dev/console; echo ok >/dev/tty' \
        '.process.terminal = true | .process.user = {uid: 1000, gid: 1000}'
    rt run --detach --bundle "$B" --console-socket "$TEST_DIR/console.sock" "$ID" </dev/null >out 2>err ||
        fail "$(cat err)"
    wait "$RECEIVER" || :
    assert_match "$(cat tty)" 'c 136:0 6[0-9][0-9] 1000 [0-9]+ /dev/pts/0'
    assert_match "$(cat tty)" 'c 136:0 6[0-9][0-9] 1000 [0-9]+ /dev/console'
    assert_contains "$(cat tty)" ok
}

test_create_sends_the_terminal_before_start() {
    receiver ''
    bundle_sh 'echo started' '.process.terminal = true'
    create --console-socket "$TEST_DIR/console.sock"
    eventually grep -q ^message tty
    assert_lacks "$(cat tty)" started
    rt start "$ID"
    eventually grep -q started tty
    wait "$RECEIVER" || :
}

test_in_the_foreground_the_process_gets_a_terminal_of_its_own() {
    bundle_sh 'tty; [ -t 0 ] && [ -t 1 ] && echo both' '.process.terminal = true'
    script -qec "'$RUNLET' --root '$ROOT' run --bundle '$B' $ID" /dev/null </dev/null >out 2>&1 || fail "$(cat out)"
    assert_contains "$(cat out)" both
    assert_match "$(cat out)" '/dev/(pts/0|console)'
}

test_in_the_foreground_what_is_typed_arrives() {
    bundle_sh 'read -r line; echo "got <$line>"' '.process.terminal = true'
    (sleep 1; echo hello; sleep 1) |
        script -qec "'$RUNLET' --root '$ROOT' run --bundle '$B' $ID" /dev/null >out 2>&1 || fail "$(cat out)"
    assert_contains "$(cat out)" "got <hello>"
}

test_in_the_foreground_the_exit_status_arrives() {
    bundle_sh 'exit 7' '.process.terminal = true'
    script -qec "'$RUNLET' --root '$ROOT' run --bundle '$B' $ID" /dev/null </dev/null >out 2>&1 || status=$?
    assert_eq 7 "$status" "$(cat out)"
}

test_in_the_foreground_the_callers_terminal_is_put_back() {
    bundle_sh 'exit 0' '.process.terminal = true'
    script -qec "stty -a >before; '$RUNLET' --root '$ROOT' run --bundle '$B' $ID; stty -a >after" /dev/null \
        </dev/null >out 2>&1 || fail "$(cat out)"
    cmp before after || fail "$(diff before after)"
}

test_without_a_terminal_there_is_no_console() {
    assert_contains "$(run_sh 'helper stat /dev/console')" "errno 2"
}

cli_main "$@"
