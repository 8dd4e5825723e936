#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Seccomp: that the kernel holds the filter of the spec, seen by system calls inside.
. "$(dirname "$0")/lib.sh"

MKDIR=83 PERSONALITY=135 GETPID=39 SETPRIORITY=141 # x86-64 numbers

filter() { # JQ-OF-SYSCALLS [JQ-OF-THE-PROFILE]
    printf '.linux.seccomp = ({defaultAction: "SCMP_ACT_ALLOW", architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"], syscalls: %s} | %s)' \
        "$1" "${2:-.}"
}

needs_x86_64() {
    [[ $(uname -m) == x86_64 ]] || skip "system call numbers of x86-64 are used"
}

test_without_a_profile_there_is_no_filter() {
    assert_eq "Seccomp: 0" "$(run_sh 'grep -w Seccomp: /proc/self/status | xargs')"
}

test_a_profile_is_a_filter() {
    assert_eq "Seccomp: 2" "$(run_sh 'grep -w Seccomp: /proc/self/status | xargs' "$(filter '[]')")"
}

test_errno_is_returned() {
    needs_x86_64
    assert_eq "errno 1" "$(run_sh "helper syscall $MKDIR 0 0" \
        "$(filter '[{names: ["mkdir"], action: "SCMP_ACT_ERRNO"}]')")"
    assert_eq "errno 42" "$(run_sh "helper syscall $MKDIR 0 0" \
        "$(filter '[{names: ["mkdir"], action: "SCMP_ACT_ERRNO", errnoRet: 42}]')")"
}

test_other_calls_still_work() {
    needs_x86_64
    assert_match "$(run_sh "helper syscall $GETPID" "$(filter '[{names: ["mkdir", "rmdir"], action: "SCMP_ACT_ERRNO"}]')")" '^[0-9]+$'
}

test_the_default_action_holds_for_what_is_not_listed() {
    needs_x86_64
    assert_eq "errno 38" "$(run_sh "helper syscall $SETPRIORITY 0 0 5" \
        '.process.noNewPrivileges = true
        | .linux.seccomp = {defaultAction: "SCMP_ACT_ERRNO", defaultErrnoRet: 38, architectures: ["SCMP_ARCH_X86_64"],
          syscalls: [{action: "SCMP_ACT_ALLOW", names: ["read", "write", "open", "openat", "close", "stat", "fstat",
          "lstat", "newfstatat", "statx", "poll", "lseek", "mmap", "mprotect", "munmap", "brk", "rt_sigaction", "rt_sigprocmask",
          "ioctl", "access", "dup", "dup2", "fcntl", "getpid", "getppid", "getuid", "geteuid", "getgid", "getegid", "clone", "clone3",
          "fork", "vfork", "execve", "exit", "exit_group", "wait4", "arch_prctl", "set_tid_address", "set_robust_list",
          "rseq", "prlimit64", "getrandom", "readlink", "uname", "getcwd", "prctl", "futex", "setpgid", "getpgrp", "sigaltstack",
          "rt_sigreturn", "capget", "capset", "chdir", "close_range", "fchdir", "setuid", "setgid", "setgroups", "setresuid", "setresgid"]}]}')"
}

test_an_argument_is_compared() {
    needs_x86_64
    local profile
    profile=$(filter '[{names: ["personality"], action: "SCMP_ACT_ERRNO", args: [{index: 0, value: 8, op: "SCMP_CMP_EQ"}]}]')
    assert_eq "errno 1 0" "$(run_sh "helper syscall $PERSONALITY 8; helper syscall $PERSONALITY 0" "$profile" | xargs)"
}

test_each_operator_compares_64_bits() {
    needs_x86_64
    local op value hit miss extra
    while read -r op value extra hit miss; do
        assert_eq "errno 1" "$(run_sh "helper syscall $SETPRIORITY $hit" \
            "$(filter "[{names: [\"setpriority\"], action: \"SCMP_ACT_ERRNO\",
                args: [{index: 0, value: $value, valueTwo: $extra, op: \"$op\"}]}]")")" "$op with $hit"
        assert_ne "errno 1" "$(run_sh "helper syscall $SETPRIORITY $miss" \
            "$(filter "[{names: [\"setpriority\"], action: \"SCMP_ACT_ERRNO\",
                args: [{index: 0, value: $value, valueTwo: $extra, op: \"$op\"}]}]")")" "$op with $miss"
    done <<-TABLE
		SCMP_CMP_EQ 4294967301 0 0x100000005 5
		SCMP_CMP_NE 5 0 0x100000005 5
		SCMP_CMP_LT 4294967296 0 5 0x100000000
		SCMP_CMP_LE 4294967296 0 0x100000000 0x100000001
		SCMP_CMP_GT 4294967296 0 0x100000001 0x100000000
		SCMP_CMP_GE 4294967296 0 0x100000000 0xffffffff
		SCMP_CMP_MASKED_EQ 4294967295 5 0x700000005 0x100000006
	TABLE
}

test_kill_ends_the_process_by_sigsys() {
    needs_x86_64
    bundle_sh "helper syscall $MKDIR 0 0; echo \$?" "$(filter '[{names: ["mkdir"], action: "SCMP_ACT_KILL"}]')"
    run
    assert_eq 159 "$(tail -n 1 out)" "status of the process"
    bundle_sh "helper syscall $MKDIR 0 0; echo \$?" "$(filter '[{names: ["mkdir"], action: "SCMP_ACT_KILL_PROCESS"}]')"
    run
    assert_eq 159 "$(tail -n 1 out)" "status of the process"
}

test_a_filter_and_no_new_privileges_go_together() {
    needs_x86_64
    assert_eq "errno 1 NoNewPrivs: 1" "$(run_sh "helper syscall $MKDIR 0 0; grep NoNewPrivs /proc/self/status" \
        ".process.noNewPrivileges = true | $(filter '[{names: ["mkdir"], action: "SCMP_ACT_ERRNO"}]')" | xargs)"
}

test_a_filter_holds_for_an_unprivileged_user() {
    needs_x86_64
    assert_eq "errno 1" "$(run_sh "helper syscall $MKDIR 0 0" \
        ".process.user = {uid: 1000, gid: 1000} | $(filter '[{names: ["mkdir"], action: "SCMP_ACT_ERRNO"}]')")"
}

test_an_unprivileged_user_may_have_a_filter_without_no_new_privileges() {
    assert_eq "NoNewPrivs: 0 Seccomp: 2" "$(run_sh 'grep -E "^(NoNewPrivs|Seccomp):" /proc/self/status | xargs' \
        ".process.user = {uid: 1000, gid: 1000} | $(filter '[{names: ["mkdir"], action: "SCMP_ACT_ERRNO"}]')")"
}

test_a_call_that_the_runtime_itself_makes_may_be_forbidden() {
    assert_eq fine "$(run_sh 'echo fine' "$(filter '[{names: ["getcwd", "fchdir", "mount", "setns", "unshare", "pivot_root", "clone3", "close_range", "openat2"], action: "SCMP_ACT_ERRNO"}]')")"
}

notified() { # JQ: a container whose mkdir is answered by the agent of the helper
    needs_x86_64
    bundle_sh "helper syscall $MKDIR 0 0" "$(filter '[{names: ["mkdir"], action: "SCMP_ACT_NOTIFY"}]')
        | .linux.seccomp.listenerPath = \"$TEST_DIR/agent.sock\" | .linux.seccomp.listenerMetadata = \"a \\\"b\\\"\"
        | .annotations = {\"org.example.a\": \"b\"} | $1"
}

agent() {
    "$CLI_HELPER" agent "$TEST_DIR/agent.sock" ready >state 2>agent.err &
    eventually test -e ready
}

test_an_agent_answers_for_the_kernel() {
    needs_runlet
    local nnp
    for nnp in false true; do
        rm -f ready agent.sock
        notified ".process.noNewPrivileges = $nnp"
        agent
        run
        assert_eq "errno 61" "$(cat out)" "$(cat err)"
        assert_eq "$ID $B b seccompFd a \"b\" creating" "$(jq -r '[.state.id, .state.bundle,
            .state.annotations["org.example.a"], .fds[0], .metadata, .state.status] | join(" ")' state)"
        assert_eq true "$(jq '.pid > 1 and .pid == .state.pid and (.ociVersion | startswith("1."))' state)"
    done
}

test_an_agent_is_told_by_start() {
    needs_runlet
    notified .
    agent
    create
    assert_eq "" "$(cat state)" "before start"
    rt start "$ID"
    eventually has_status stopped
    assert_eq "errno 61" "$(cat out)"
    assert_eq "$PID" "$(jq .pid state)"
    assert_eq created "$(jq -r .state.status state)"
}

test_an_agent_that_is_not_there_is_an_error() {
    needs_runlet
    notified .
    refused listenerPath agent.sock
    agent
    create
    kill %1
    rm agent.sock
    ! rt start "$ID" 2>err || fail "started"
    assert_contains "$(cat err)" "agent.sock"
    gone "$PID" || fail "the process lives"
}

test_an_unknown_system_call_is_passed_over() {
    needs_x86_64
    assert_eq "errno 1" "$(run_sh "helper syscall $MKDIR 0 0" \
        "$(filter '[{names: ["no_such_call", "mkdir"], action: "SCMP_ACT_ERRNO"}]')")"
}

cli_main "$@"
