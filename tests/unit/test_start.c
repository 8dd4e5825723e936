/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs started in namespaces, joined ones and new ones: what they find themselves in, and
 * what is left of those that could not be started.
 */
#include <grp.h>
#include <linux/nsfs.h>
#include <sys/ioctl.h>

#include "namespace_helpers.h"

START_TEST(plain_start_changes_no_namespace)
{
    size_t n;
    const struct su_ns_kind *kinds = su_ns_kinds(&n);
    int out;
    struct su_cmd cmd = probe_cmd(&out);
    const char *text = run_probe(&cmd, out, NULL, 0);

    for (size_t i = 0; i < n; i++)
        ck_assert_str_eq(value_of(text, kinds[i].proc_name), own_ns(kinds[i].proc_name));
    ck_assert_str_eq(value_of(text, "self"), su_arena_printf(&arena, "%d", cmd.pid));
    ck_assert_str_eq(value_of(text, "fd0"), "/dev/null");
    ck_assert_str_eq(value_of(text, "arg0"), "probe");
    ck_assert_str_eq(value_of(text, "env"), "PROBE=1");
    ck_assert_str_eq(value_of(text, "leader"), "0");
    ck_assert_uint_eq(cmd.clone_flags, 0);
}
END_TEST

START_TEST(new_namespaces_are_new_and_the_rest_is_shared)
{
    size_t n;
    const struct su_ns_kind *kinds = su_ns_kinds(&n);
    struct oci_linux_namespace nss[] = {{CLONE_NEWIPC, NULL}, {CLONE_NEWUTS, (char *)""}};
    int out;

    if (skipped_without_root(__func__))
        return;
    struct su_cmd cmd = probe_cmd(&out);
    const char *text = run_probe(&cmd, out, nss, 2);
    ck_assert_uint_eq(cmd.clone_flags, 0x0c000000);
    for (size_t i = 0; i < n; i++) {
        bool same = su_streq(value_of(text, kinds[i].proc_name), own_ns(kinds[i].proc_name));
        bool asked = kinds[i].clone_flag & 0x0c000000;
        ck_assert_msg(same != asked, "%s", kinds[i].oci_name);
    }
}
END_TEST

START_TEST(every_kind_can_be_made)
{
    size_t n;
    const struct su_ns_kind *kinds = su_ns_kinds(&n);

    if (skipped_without_root(__func__))
        return;
    for (size_t i = 0; i < n; i++) {
        struct oci_linux_namespace ns = {kinds[i].clone_flag, NULL};
        const char *home = own_ns(kinds[i].proc_name);
        int out;
        struct su_cmd cmd = probe_cmd(&out);
        const char *text = run_probe(&cmd, out, &ns, 1);
        if (kinds[i].clone_flag == CLONE_NEWPID)
            ck_assert_str_eq(value_of(text, "self"), "1");
        ck_assert_str_ne(value_of(text, kinds[i].proc_name), home);
        ck_assert_str_eq(own_ns(kinds[i].proc_name), home);
    }
}
END_TEST

START_TEST(every_kind_can_be_joined)
{
    static const struct {
        int flag;
        const char *proc_name;
    } rows[] = {{CLONE_NEWNET, "net"},  {CLONE_NEWIPC, "ipc"},       {CLONE_NEWUTS, "uts"},
                {CLONE_NEWNS, "mnt"},   {CLONE_NEWCGROUP, "cgroup"}, {CLONE_NEWUSER, "user"},
                {CLONE_NEWTIME, "time"}};

    if (skipped_without_root(__func__))
        return;
    for (size_t i = 0; i < SU_ARRAY_SIZE(rows); i++) {
        struct holder holder = hold_ns(rows[i].flag, false);
        bool is_time = rows[i].flag == CLONE_NEWTIME;
        struct oci_linux_namespace ns = {
            rows[i].flag, ns_path(&holder, is_time ? "time_for_children" : rows[i].proc_name)};
        const char *there = link_text(ns.path), *home = own_ns(rows[i].proc_name);
        int out;
        struct su_cmd cmd = probe_cmd(&out);
        const char *text = run_probe(&cmd, out, &ns, 1);
        ck_assert_str_eq(value_of(text, rows[i].proc_name), there);
        ck_assert_str_ne(there, home);
        ck_assert_str_eq(own_ns(rows[i].proc_name), home);
        release(&holder);
    }
}
END_TEST

START_TEST(joined_network_with_new_pid_namespace)
{
    if (skipped_without_root(__func__))
        return;
    struct holder holder = hold_ns(CLONE_NEWNET, false);
    struct oci_linux_namespace nss[] = {
        {CLONE_NEWNET, ns_path(&holder, "net")}, {CLONE_NEWPID, NULL}, {CLONE_NEWUTS, NULL}};
    const char *there = link_text(nss[0].path), *home = own_ns("net");
    int out;
    struct su_cmd cmd = probe_cmd(&out);
    const char *text = run_probe(&cmd, out, nss, 3);

    ck_assert_str_eq(value_of(text, "self"), "1");
    ck_assert_str_eq(value_of(text, "net"), there);
    ck_assert_str_ne(there, home);
    ck_assert_uint_eq(cmd.clone_flags, CLONE_NEWPID | CLONE_NEWUTS);
    release(&holder);
}
END_TEST

START_TEST(program_is_our_child_inside_of_a_joined_pid_namespace)
{
    if (skipped_without_root(__func__))
        return;
    struct holder holder = hold_ns(CLONE_NEWPID | CLONE_NEWNET, false);
    struct oci_linux_namespace nss[] = {{CLONE_NEWPID, ns_path(&holder, "pid_for_children")},
                                        {CLONE_NEWNET, ns_path(&holder, "net")},
                                        {CLONE_NEWIPC, NULL}};
    struct su_cmd cmd = {.stdio = {-1, -1, 2}};
    pid_t pid = start_sleeper(&cmd, nss, 3);

    ck_assert_str_eq(link_text(su_arena_printf(&arena, "/proc/%d/ns/pid", pid)),
                     link_text(nss[0].path));
    ck_assert_str_eq(link_text(su_arena_printf(&arena, "/proc/%d/ns/net", pid)),
                     link_text(nss[1].path));
    ck_assert_str_ne(link_text(su_arena_printf(&arena, "/proc/%d/ns/ipc", pid)), own_ns("ipc"));
    ck_assert_int_eq(waitpid(pid, NULL, WNOHANG), 0);
    end_sleeper(&cmd);
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), 0); /* the holder, and nothing else */
    release(&holder);
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
}
END_TEST

START_TEST(joined_pid_namespace_alone_takes_the_program_in)
{
    if (skipped_without_root(__func__))
        return;
    struct holder holder = hold_ns(CLONE_NEWPID, false);
    struct oci_linux_namespace ns = {CLONE_NEWPID, ns_path(&holder, "pid_for_children")};
    struct su_cmd cmd = {.stdio = {-1, -1, 2}};
    pid_t pid = start_sleeper(&cmd, &ns, 1);

    ck_assert_str_eq(link_text(su_arena_printf(&arena, "/proc/%d/ns/pid", pid)),
                     link_text(ns.path));
    end_sleeper(&cmd);
    release(&holder);
}
END_TEST

START_TEST(new_namespaces_belong_to_the_joined_user_namespace)
{
    if (skipped_without_root(__func__) || !can_unshare_user(__func__))
        return;
    struct holder holder = hold_ns(CLONE_NEWUSER, true);
    struct oci_linux_namespace nss[] = {{CLONE_NEWUSER, ns_path(&holder, "user")},
                                        {CLONE_NEWUTS, NULL}};
    struct su_cmd cmd = {.stdio = {-1, -1, 2}};
    pid_t pid = start_sleeper(&cmd, nss, 2);
    int uts = open(su_arena_printf(&arena, "/proc/%d/ns/uts", pid), O_RDONLY | O_CLOEXEC);
    int owner = ioctl(uts, NS_GET_USERNS);
    struct stat st, wanted;

    ck_assert_int_ge(owner, 0);
    ck_assert_int_eq(fstat(owner, &st), 0);
    ck_assert_int_eq(stat(nss[0].path, &wanted), 0);
    ck_assert_uint_eq(st.st_ino, wanted.st_ino);
    close(owner);
    close(uts);
    end_sleeper(&cmd);
    release(&holder);
}
END_TEST

/* The piece of a test that runs as nobody: joins what belongs to a user namespace, in the order
 * in which only a privileged process could. */
static void join_owned_namespaces(const struct holder *holder)
{
    struct oci_linux_namespace nss[] = {{CLONE_NEWNET, ns_path(holder, "net")},
                                        {CLONE_NEWUSER, ns_path(holder, "user")},
                                        {CLONE_NEWUTS, NULL}};
    int out;
    struct su_cmd cmd = probe_cmd(&out);
    const char *net = link_text(nss[0].path), *user = link_text(nss[1].path);

    const char *text = run_probe(&cmd, out, nss, 3);
    ck_assert_str_eq(value_of(text, "net"), net);
    ck_assert_str_eq(value_of(text, "user"), user);
    ck_assert_str_ne(value_of(text, "uts"), own_ns("uts"));
    ck_assert_str_eq(value_of(text, "uid"), "0 0");
}

START_TEST(unprivileged_caller_joins_what_its_user_namespace_owns)
{
    if (skipped_without_root(__func__) || !can_unshare_user(__func__))
        return;
    struct holder holder = hold_ns(CLONE_NEWUSER | CLONE_NEWNET, true);
    pid_t pid = fork();

    if (pid == 0) {
        become_nobody();
        join_owned_namespaces(&holder);
        _exit(0);
    }
    ck_assert_int_eq(exit_status_of(pid), 0);
    release(&holder);
}
END_TEST

START_TEST(failed_exec_is_an_error_of_the_start)
{
    struct holder holder = {-1, -1};
    struct oci_linux_namespace nss[] = {{CLONE_NEWUTS, NULL}, {CLONE_NEWIPC, NULL}};
    size_t n = 0;

    if (geteuid() == 0) {
        holder = hold_ns(CLONE_NEWUTS, false);
        nss[0].path = ns_path(&holder, "uts");
        n = 2;
    }
    int fds = open_fds();
    for (int i = 0; i < 50; i++) {
        _cleanup_error_ struct su_error err = {0};
        struct su_cmd cmd = {.path = "/nowhere/program", .stdio = {-1, -1, -1}};
        ck_assert_int_eq(su_start_in_ns(&cmd, nss, i % 2 ? n : 0, &err), -ENOENT);
        ck_assert_str_eq(err.msg, "cannot start \"/nowhere/program\": no such file or directory");
        ck_assert_int_eq(cmd.pid, 0);
        ck_assert_int_eq(cmd.pidfd, -1);
        ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), holder.pid > 0 ? 0 : -1);
        ck_assert_int_eq(open_fds(), fds);
    }
    if (holder.pid > 0)
        release(&holder);
}
END_TEST

START_TEST(impossible_combinations_are_refused)
{
    struct su_id_map map = {0, 0, 1};
    struct oci_linux_namespace own_user = {CLONE_NEWUSER, (char *)"/proc/self/ns/user"};
    _cleanup_error_ struct su_error err = {0};
    struct oci_linux_namespace own_pid = {CLONE_NEWPID, (char *)"/proc/self/ns/pid"};
    struct su_cmd both = {.path = "/bin/true", .clone_flags = CLONE_NEWUSER};
    struct su_cmd both_pid = {.path = "/bin/true", .clone_flags = CLONE_NEWPID};
    struct su_cmd maps = {.path = "/bin/true", .uid_maps = &map, .n_uid_maps = 1};
    struct su_cmd flags = {.path = "/bin/true", .clone_flags = CLONE_VM | CLONE_NEWUTS};

    ck_assert_int_eq(su_start_in_ns(&both, &own_user, 1, &err), -EINVAL);
    ck_assert_int_eq(su_start_in_ns(&both_pid, &own_pid, 1, &err), -EINVAL);
    ck_assert_str_eq(err.msg, "linux.namespaces: one pid namespace to join and one to make, "
                              "expected at most one");
    ck_assert_int_eq(su_start_in_ns(&maps, NULL, 0, &err), -EINVAL);
    assert_text_has(err.msg, "id maps without a new user namespace");
    ck_assert_int_eq(su_start_in_ns(&flags, NULL, 0, &err), -EINVAL);
    assert_text_has(err.msg, "0x100 are not flags of namespaces");
}
END_TEST

START_TEST(open_files_land_in_their_places_and_nothing_else_is_kept)
{
    int out, leaked = open("/etc/passwd", O_RDONLY);
    int a = open("/dev/null", O_RDONLY | O_CLOEXEC), b = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    struct su_cmd cmd = probe_cmd(&out);
    const int extra[] = {b, a, b};

    cmd.stdio[0] = a;
    cmd.extra_fds = extra;
    cmd.n_extra_fds = 3;
    const char *text = run_probe(&cmd, out, NULL, 0);
    ck_assert_str_eq(value_of(text, "fd0"), "/dev/null");
    ck_assert_str_eq(value_of(text, "fd3"), "/dev/zero");
    ck_assert_str_eq(value_of(text, "fd4"), "/dev/null");
    ck_assert_str_eq(value_of(text, "fd5"), "/dev/zero");
    for (int fd = 6; fd < 100; fd++)
        ck_assert_str_eq(value_of(text, su_arena_printf(&arena, "fd%d", fd)), "absent");

    cmd = probe_cmd(&out);
    cmd.keep_fds = true;
    text = run_probe(&cmd, out, NULL, 0);
    ck_assert_str_eq(value_of(text, su_arena_printf(&arena, "fd%d", leaked)), "/etc/passwd");
    ck_assert_str_eq(value_of(text, su_arena_printf(&arena, "fd%d", a)), "absent");
    close(leaked);
    close(a);
    close(b);
}
END_TEST

START_TEST(places_may_be_swapped)
{
    int out, a = open("/dev/null", O_RDONLY | O_CLOEXEC), b = open("/dev/zero", O_RDONLY);
    struct su_cmd cmd = probe_cmd(&out);
    /* Wherever these two are, one of them is in the other's place. */
    int extra[64];

    for (size_t i = 0; i < SU_ARRAY_SIZE(extra); i++)
        extra[i] = i + 3 == (size_t)a ? b : a;
    cmd.extra_fds = extra;
    cmd.n_extra_fds = SU_ARRAY_SIZE(extra);
    const char *text = run_probe(&cmd, out, NULL, 0);
    ck_assert_str_eq(value_of(text, su_arena_printf(&arena, "fd%d", a)), "/dev/zero");
    ck_assert_str_eq(value_of(text, su_arena_printf(&arena, "fd%d", b)), "/dev/null");
    ck_assert_str_eq(value_of(text, "fd66"), "/dev/null");
    ck_assert_str_eq(value_of(text, "fd67"), "absent");
    close(a);
    close(b);
}
END_TEST

START_TEST(session_directory_mask_and_death_signal_are_set)
{
    sigset_t blocked, old;
    int out;
    struct su_cmd cmd = probe_cmd(&out);

    cmd.setsid = true;
    cmd.cwd = "/proc";
    cmd.pdeath_sig = SIGUSR1;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR2);
    sigprocmask(SIG_SETMASK, &blocked, &old);
    const char *text = run_probe(&cmd, out, NULL, 0);
    ck_assert_str_eq(value_of(text, "leader"), "1");
    ck_assert_str_eq(value_of(text, "cwd"), "/proc");
    ck_assert_str_eq(value_of(text, "pdeathsig"), su_arena_printf(&arena, "%d", SIGUSR1));
    assert_text_has(text, "SigBlk:\t0000000000000800");
    sigprocmask(SIG_SETMASK, NULL, &blocked);
    ck_assert(sigismember(&blocked, SIGUSR2) && !sigismember(&blocked, SIGUSR1));
    sigprocmask(SIG_SETMASK, &old, NULL);
}
END_TEST

START_TEST(failed_steps_are_named)
{
    _cleanup_error_ struct su_error err = {0};
    struct su_cmd cwd = {.path = "/bin/true", .stdio = {-1, -1, -1}, .cwd = "/nowhere"};
    struct su_cmd fd = {.path = "/bin/true", .stdio = {-1, 999, -1}};

    ck_assert_int_eq(su_start_in_ns(&cwd, NULL, 0, &err), -ENOENT);
    ck_assert_str_eq(err.msg, "cannot start \"/bin/true\": changing the working directory: no "
                              "such file or directory");
    ck_assert_int_eq(su_start_in_ns(&fd, NULL, 0, &err), -EBADF);
    assert_text_has(err.msg, "placing the open files");
}
END_TEST

START_TEST(identity_and_ambient_capabilities_are_set)
{
    int out;

    if (skipped_without_root(__func__))
        return;
    struct su_cmd cmd = probe_cmd(&out);
    cmd.set_cred = true;
    cmd.uid = 1234;
    cmd.gid = 5678;
    cmd.ambient_caps = UINT64_C(1) << 10 | UINT64_C(1) << 38;
    gid_t groups[] = {1, 2, 3};
    ck_assert_int_eq(setgroups(3, groups), 0);
    const char *text = run_probe(&cmd, out, NULL, 0);
    ck_assert_str_eq(value_of(text, "uid"), "1234 1234");
    ck_assert_str_eq(value_of(text, "gid"), "5678 5678");
    ck_assert_str_eq(value_of(text, "ngroups"), "0");
    assert_text_has(text, "CapAmb:\t0000004000000400");
}
END_TEST

START_TEST(terminal_becomes_the_controlling_one)
{
    int out, master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

    if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0) {
        fprintf(stderr, "SKIP %s: no pseudo terminals\n", __func__);
        return;
    }
    int slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
    ck_assert_int_ge(slave, 0);
    struct su_cmd cmd = probe_cmd(&out);
    cmd.stdio[0] = slave;
    cmd.setsid = cmd.setctty = true;
    cmd.ctty_fd = 0;
    const char *text = run_probe(&cmd, out, NULL, 0);
    ck_assert_str_eq(value_of(text, "ctty"), "1");

    cmd = probe_cmd(&out);
    cmd.stdio[0] = slave;
    cmd.setsid = true;
    ck_assert_str_eq(value_of(run_probe(&cmd, out, NULL, 0), "ctty"), "0");
    close(slave);
    close(master);
}
END_TEST

START_TEST(program_dies_with_its_starter)
{
    int ends[2], fds_of_starter[2];
    char byte;

    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    ck_assert_int_eq(pipe2(fds_of_starter, O_CLOEXEC), 0);
    pid_t starter = fork();
    if (starter == 0) {
        struct su_cmd cmd = {.stdio = {-1, -1, 2}, .pdeath_sig = SIGKILL};
        cmd.extra_fds = &ends[1];
        cmd.n_extra_fds = 1;
        start_sleeper(&cmd, NULL, 0);
        (void)!write(fds_of_starter[1], "", 1);
        _exit(0);
    }
    close(ends[1]);
    close(fds_of_starter[1]);
    ck_assert_int_eq(read(fds_of_starter[0], &byte, 1), 1);
    ck_assert_int_eq(exit_status_of(starter), 0);
    struct pollfd closed = {.fd = ends[0], .events = POLLIN};
    ck_assert_int_eq(poll(&closed, 1, 10000), 1);
    ck_assert_int_eq(read(ends[0], &byte, 1), 0);
    close(ends[0]);
    close(fds_of_starter[0]);
}
END_TEST

int main(int argc, char **argv)
{
    if (argc > 1 && su_streq(argv[1], "--probe"))
        return probe(argv);
    Suite *suite = suite_create("start");
    TCase *tc = tcase_create("start");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, plain_start_changes_no_namespace);
    tcase_add_test(tc, new_namespaces_are_new_and_the_rest_is_shared);
    tcase_add_test(tc, every_kind_can_be_made);
    tcase_add_test(tc, every_kind_can_be_joined);
    tcase_add_test(tc, joined_network_with_new_pid_namespace);
    tcase_add_test(tc, program_is_our_child_inside_of_a_joined_pid_namespace);
    tcase_add_test(tc, joined_pid_namespace_alone_takes_the_program_in);
    tcase_add_test(tc, new_namespaces_belong_to_the_joined_user_namespace);
    tcase_add_test(tc, unprivileged_caller_joins_what_its_user_namespace_owns);
    tcase_add_test(tc, failed_exec_is_an_error_of_the_start);
    tcase_add_test(tc, impossible_combinations_are_refused);
    tcase_add_test(tc, open_files_land_in_their_places_and_nothing_else_is_kept);
    tcase_add_test(tc, places_may_be_swapped);
    tcase_add_test(tc, session_directory_mask_and_death_signal_are_set);
    tcase_add_test(tc, failed_steps_are_named);
    tcase_add_test(tc, identity_and_ambient_capabilities_are_set);
    tcase_add_test(tc, terminal_becomes_the_controlling_one);
    tcase_add_test(tc, program_dies_with_its_starter);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
