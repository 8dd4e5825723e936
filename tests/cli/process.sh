#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The process of the container: folder, environment, program, user, limits, privileges, descriptors.
. "$(dirname "$0")/lib.sh"

test_the_process_starts_in_its_folder() {
    assert_eq /srv "$(run_sh 'pwd' '.process.cwd = "/srv"')"
    assert_eq /srv "$(run_sh 'readlink /proc/self/cwd' '.process.cwd = "/srv"')"
}

test_a_missing_folder_is_created() {
    assert_eq /new/folder "$(run_sh 'pwd' '.process.cwd = "/new/folder"')"
}

test_the_environment_is_exactly_that_of_the_spec() {
    bundle '.process.args = ["cat", "/proc/self/environ"] |
        .process.env = ["PATH=/bin", "HOME=/h", "A=b=c", "EMPTY=", "NL=one\ntwo", "Q=\"\u0027"]'
    run
    assert_eq 0 "$status" "$(cat err)"
    printf 'PATH=/bin\0HOME=/h\0A=b=c\0EMPTY=\0NL=one\ntwo\0Q="\x27\0' | cmp - out ||
        fail "environment: $(tr '\0' '|' <out)"
}

test_of_a_variable_given_twice_the_last_counts() {
    assert_eq two "$(run_sh 'echo $TWICE' '.process.env += ["TWICE=one", "TWICE=two"]')"
}

test_home_is_looked_up_for_the_user() {
    assert_eq /root "$(run_sh 'echo $HOME')"
    assert_eq /home/app "$(run_sh 'echo $HOME' '.process.user = {"uid": 1000, "gid": 1000}')"
    assert_eq /elsewhere "$(run_sh 'echo $HOME' '.process.env += ["HOME=/elsewhere"]')"
    assert_eq / "$(run_sh 'echo $HOME' '.process.user = {"uid": 4242, "gid": 1}')"
}

test_the_program_is_looked_up_in_the_containers_path() {
    bundle '.process.args = ["tool"] | .process.env = ["PATH=/nowhere:/opt"]'
    printf '#!/bin/sh\necho from opt\n' >"$B/rootfs/opt/tool"
    chmod 755 "$B/rootfs/opt/tool"
    run
    assert_eq "from opt" "$(cat out)" "$(cat err)"
}

test_a_program_with_a_slash_is_relative_to_the_folder() {
    bundle '.process.args = ["./tool"] | .process.cwd = "/opt"'
    printf '#!/bin/sh\necho from $PWD\n' >"$B/rootfs/opt/tool"
    chmod 755 "$B/rootfs/opt/tool"
    run
    assert_eq "from /opt" "$(cat out)" "$(cat err)"
}

test_arguments_arrive_unchanged() {
    bundle '.process.args = ["sh", "-c", "for a; do printf \"[%s]\" \"$a\"; done", "x", "", "a b", "-", "$HOME", "ž"]'
    run
    assert_eq '[][a b][-][$HOME][ž]' "$(cat out)" "$(cat err)"
}

test_user_and_groups_are_those_of_the_spec() {
    assert_eq "Uid: 1000 1000 1000 1000 Gid: 1001 1001 1001 1001 Groups: 7 4242" \
        "$(run_sh 'grep -E "^(Uid|Gid|Groups)" /proc/self/status | xargs' \
            '.process.user = {"uid": 1000, "gid": 1001, "additionalGids": [7, 4242]}')"
}

test_without_additional_groups_there_are_none() {
    assert_eq "Groups:" "$(run_sh 'grep ^Groups /proc/self/status | xargs')"
}

test_the_umask_is_that_of_the_spec() {
    assert_eq 0077 "$(run_sh 'umask' '.process.user.umask = 63')"
    assert_eq 0022 "$(run_sh 'umask')"
}

test_the_callers_umask_does_not_change_what_the_runtime_makes() {
    bundle_sh 'stat -c %a /dev /dev/shm /dev/null /made' '.process.cwd = "/made"'
    (
        umask 0077
        rt run --bundle "$B" "$ID" </dev/null >out 2>&1
    )
    assert_eq "755 1777 666 755" "$(xargs <out)"
}

test_rlimits_are_set_before_the_program_starts() {
    assert_eq "100 200" \
        "$(run_sh "sed -n 's/^Max open files *\([0-9]*\) *\([0-9]*\).*/\1 \2/p' /proc/self/limits" \
            '.process.rlimits = [{"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200}]')"
    assert_eq "0 0" \
        "$(run_sh "sed -n 's/^Max core file size *\([0-9]*\) *\([0-9]*\).*/\1 \2/p' /proc/self/limits" \
            '.process.rlimits = [{"type": "RLIMIT_CORE", "soft": 0, "hard": 0}]')"
}

test_oom_score_adj_is_set() {
    assert_eq 321 "$(run_sh 'cat /proc/self/oom_score_adj' '.process.oomScoreAdj = 321')"
}

test_no_new_privileges_is_set_only_if_asked_for() {
    assert_eq "NoNewPrivs: 1" "$(run_sh 'grep NoNewPrivs /proc/self/status | xargs' '.process.noNewPrivileges = true')"
    assert_eq "NoNewPrivs: 0" "$(run_sh 'grep NoNewPrivs /proc/self/status | xargs')"
}

caps() { # JQ
    run_sh 'grep ^Cap /proc/self/status | xargs' ".process.capabilities = $1"
}

test_each_capability_set_is_that_of_the_spec() {
    local z=0000000000000000
    # At exec the kernel gives root all of the bounding set.
    assert_eq "CapInh: $z CapPrm: 0000000000000421 CapEff: 0000000000000421 CapBnd: 0000000000000421 CapAmb: $z" \
        "$(caps '{"bounding": ["CAP_CHOWN", "CAP_KILL", "CAP_NET_BIND_SERVICE"],
            "permitted": ["CAP_CHOWN", "CAP_KILL"], "effective": ["CAP_CHOWN", "CAP_KILL"]}')"
    assert_eq "CapInh: $z CapPrm: $z CapEff: $z CapBnd: $z CapAmb: $z" "$(caps '{}')"
}

test_an_unprivileged_user_gets_ambient_capabilities() {
    local k=0000000000000020
    assert_eq "CapInh: $k CapPrm: $k CapEff: $k CapBnd: $k CapAmb: $k" \
        "$(caps '{"bounding": ["CAP_KILL"], "permitted": ["CAP_KILL"], "effective": ["CAP_KILL"],
            "inheritable": ["CAP_KILL"], "ambient": ["CAP_KILL"]} | .process.user = {"uid": 1000, "gid": 1000}')"
}

test_an_unprivileged_user_has_no_capabilities_otherwise() {
    local z=0000000000000000
    assert_eq "CapInh: $z CapPrm: $z CapEff: $z CapBnd: 0000000000000020 CapAmb: $z" \
        "$(caps '{"bounding": ["CAP_KILL"]} | .process.user = {"uid": 1000, "gid": 1000}')"
}

test_only_the_standard_descriptors_are_open() {
    bundle '.process.args = ["helper", "fds"]'
    exec 5</etc/passwd 9</etc/passwd
    run
    assert_eq "0 1 2" "$(xargs <out)" "$(cat err)"
}

test_preserved_descriptors_are_open_and_no_others() {
    bundle '.process.args = ["helper", "fds"]'
    exec 3</etc/passwd 4</etc/group 7</etc/passwd
    run --preserve-fds 2
    assert_eq "0 1 2 3 4" "$(xargs <out)" "$(cat err)"
}

test_a_preserved_descriptor_is_the_callers_file() {
    bundle_sh 'cat <&3'
    echo secret >"$TEST_DIR/given"
    exec 3<"$TEST_DIR/given"
    run --preserve-fds 1
    assert_eq secret "$(cat out)" "$(cat err)"
}

test_listening_sockets_are_passed_on_if_they_are_meant_for_the_runtime() {
    needs_runlet
    bundle_sh 'echo $LISTEN_FDS $LISTEN_PID; helper fds' '.process.env += ["LISTEN_FDS=9"]'
    exec 3</etc/passwd 4</etc/group 5</etc/passwd 7</etc/passwd
    # shellcheck disable=SC2016 # the inner shell's pid
    bash -c 'export LISTEN_FDS=2 LISTEN_PID=$$; exec "$@"' sh \
        "$RUNLET" --root "$ROOT" run --bundle "$B" --preserve-fds 1 "$ID" >out 2>err || fail "$(cat err)"
    assert_eq "2 1 0 1 2 3 4 5" "$(xargs <out)"
    LISTEN_FDS=2 LISTEN_PID=1 run
    assert_eq "9 0 1 2" "$(xargs <out)" "$(cat err)"
}

test_a_created_container_holds_no_file_of_the_host() {
    local fd
    bundle '.process.args = ["sleep", "1000"]'
    create
    for fd in "/proc/$PID/fd"/*; do
        [[ ${fd##*/} -gt 2 && -e $fd ]] || continue
        [[ ! -d $fd || $fd -ef /proc/$PID/root ]] || fail "${fd##*/} is the folder $(readlink "$fd")"
        [[ ! -f $fd || $(readlink "$fd") =~ memfd:|anon_inode: ]] || fail "${fd##*/} is the file $(readlink "$fd")"
    done
}

test_the_process_leads_a_session_of_its_own() {
    bundle '.process.args = ["cat", "/proc/self/stat"]'
    run
    # pid (comm) state ppid pgrp session: all that of the first process
    assert_match "$(cat out)" '^1 \(cat\) R 0 1 1 0 ' "/proc/self/stat"
}

test_signals_are_neither_ignored_nor_blocked() {
    bundle '.process.args = ["grep", "-E", "^Sig(Ign|Blk)", "/proc/self/status"]'
    (
        trap '' PIPE INT TERM USR1
        run
        [[ $status == 0 ]]
    ) || fail "$(cat err)"
    assert_eq "SigBlk: 0000000000000000 SigIgn: 0000000000000000" "$(xargs <out)"
}

test_sigpipe_is_not_ignored_by_detached_containers() {
    bundle_sh 'grep SigIgn /proc/self/status'
    create_started
    eventually has_status stopped
    local ignored
    ignored=$(sed 's/SigIgn:[[:space:]]*//' out)
    assert_eq 0 $((0x$ignored & 1 << 12)) "SIGPIPE in SigIgn $ignored"
}

test_the_process_cannot_be_dumped_into_the_host_by_inherited_environment() {
    assert_lacks "$(SECRET=hidden run_sh 'cat /proc/self/environ; env')" hidden
}

test_personality_is_set() {
    assert_eq 8 "$(run_sh 'helper syscall 135 0xffffffff' '.linux.personality = {"domain": "LINUX32"}')"
}

test_io_priority_is_set() {
    assert_match "$(run_sh 'ionice -p 1' '.process.ioPriority = {"class": "IOPRIO_CLASS_BE", "priority": 6}')" \
        'best-effort: prio 6'
}

cli_main "$@"
