/* SPDX-License-Identifier: Apache-2.0 */
/* Namespaces: their kinds, looking them up, entering them and coming back. */
#include <pthread.h>

#include "namespace_helpers.h"

START_TEST(kinds_agree_with_the_kernel)
{
    size_t n;
    const struct su_ns_kind *kinds = su_ns_kinds(&n);

    ck_assert_uint_eq(n, 8);
    for (size_t i = 0; i < n; i++) {
        struct oci_linux_namespace ns = {
            kinds[i].clone_flag, su_arena_printf(&arena, "/proc/self/ns/%s", kinds[i].proc_name)};
        int fd = su_open_ns(&ns, NULL);
        ck_assert_msg(fd >= 0, "%s", kinds[i].oci_name);
        ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
        close(fd);
        ck_assert_ptr_eq(su_ns_kind_by_flag(kinds[i].clone_flag), &kinds[i]);
        if (i > 0)
            ck_assert(strcmp(kinds[i - 1].oci_name, kinds[i].oci_name) < 0);
    }
    ck_assert_ptr_null(su_ns_kind_by_flag(0));
    ck_assert_ptr_null(su_ns_kind_by_flag(CLONE_NEWNS | CLONE_NEWPID));
}
END_TEST

START_TEST(first_namespace_of_a_type_is_found)
{
    struct oci_linux_namespace list[] = {{CLONE_NEWPID, NULL},
                                         {CLONE_NEWNET, (char *)"/n"},
                                         {CLONE_NEWUSER, (char *)"/a"},
                                         {CLONE_NEWUSER, NULL}};
    struct oci_linux os = {.namespaces = {list, SU_ARRAY_SIZE(list)}};
    struct oci_spec spec = {.linux_ = &os}, bare = {0};

    ck_assert_ptr_eq(su_get_ns(CLONE_NEWNET, &spec), &list[1]);
    ck_assert_ptr_eq(su_get_ns(CLONE_NEWUSER, &spec), &list[2]);
    ck_assert_ptr_null(su_get_ns(CLONE_NEWIPC, &spec));
    ck_assert_ptr_null(su_get_ns(CLONE_NEWIPC, &bare));
    ck_assert_ptr_null(su_get_ns(CLONE_NEWIPC, NULL));
}
END_TEST

START_TEST(what_is_no_namespace_of_that_type_is_not_opened)
{
    const char *dir = temp_dir(&arena);
    char *fifo = su_arena_printf(&arena, "%s/fifo", dir);
    ck_assert_int_eq(mkfifo(fifo, 0600), 0);
    const struct {
        struct oci_linux_namespace ns;
        int error;
        const char *message;
    } rows[] = {
        {{CLONE_NEWNET, (char *)"/proc/self/ns/uts"},
         EINVAL,
         "linux.namespaces: \"/proc/self/ns/uts\" is a uts namespace, expected a network "
         "namespace"},
        {{CLONE_NEWIPC, (char *)"/etc/passwd"},
         EINVAL,
         "linux.namespaces: cannot open ipc namespace \"/etc/passwd\": this is not the file of a "
         "namespace"},
        {{CLONE_NEWNET, (char *)"/nowhere/n"},
         ENOENT,
         "linux.namespaces: cannot open network namespace \"/nowhere/n\": no such file or "
         "directory"},
        {{CLONE_NEWNET, fifo}, EINVAL, "this is not the file of a namespace"},
        {{CLONE_NEWNET, (char *)"/dev/null"}, EINVAL, "this is not the file of a namespace"},
        {{CLONE_NEWNET, NULL}, EINVAL, "network namespace without a path"},
        {{CLONE_NEWNET, (char *)""}, EINVAL, "network namespace without a path"},
        {{3, (char *)"/proc/self/ns/uts"}, EINVAL, "type 0x3 is not a namespace"},
    };
    for (size_t i = 0; i < SU_ARRAY_SIZE(rows); i++) {
        _cleanup_error_ struct su_error err = {0};
        ck_assert_int_eq(su_open_ns(&rows[i].ns, &err), -rows[i].error);
        ck_assert_int_eq(err.kind, SU_ERR_NAMESPACE);
        assert_text_has(err.msg, rows[i].message);
        struct su_ns_restore restore;
        ck_assert_int_eq(su_apply_ns(&rows[i].ns, &restore, NULL), -rows[i].error);
        ck_assert_int_eq(restore.fd, -1);
        struct su_cmd cmd = {.path = "/proc/self/exe", .argv = probe_argv, .stdio = {-1, -1, -1}};
        struct oci_linux_namespace both[] = {rows[i].ns, {CLONE_NEWPID, NULL}};
        if (both[0].path && *both[0].path)
            ck_assert_int_eq(su_start_in_ns(&cmd, both, 2, NULL), -rows[i].error);
        ck_assert_int_eq(cmd.pid, 0);
    }
    unlink(fifo);
    rmdir(dir);
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
}
END_TEST

/* --- entering and coming back ------------------------------------------------------------------
 */

START_TEST(thread_enters_and_comes_back)
{
    static const struct {
        int flag;
        const char *proc_name;
    } rows[] = {{CLONE_NEWNET, "net"},
                {CLONE_NEWIPC, "ipc"},
                {CLONE_NEWUTS, "uts"},
                {CLONE_NEWCGROUP, "cgroup"},
                {CLONE_NEWNS, "mnt"}};

    if (skipped_without_root(__func__))
        return;
    for (size_t i = 0; i < SU_ARRAY_SIZE(rows); i++) {
        _cleanup_error_ struct su_error err = {0};
        struct holder holder = hold_ns(rows[i].flag, false);
        struct oci_linux_namespace ns = {rows[i].flag, ns_path(&holder, rows[i].proc_name)};
        const char *there = link_text(ns.path), *home = own_ns(rows[i].proc_name);
        struct su_ns_restore restore;
        ck_assert_str_ne(there, home);
        int r = su_apply_ns(&ns, &restore, &err);
        ck_assert_msg(r == 0, "%s", r < 0 ? su_error_text(&err) : "");
        ck_assert_str_eq(own_ns(rows[i].proc_name), there);
        ck_assert_int_eq(fcntl(restore.fd, F_GETFD), FD_CLOEXEC);
        ck_assert_int_eq(su_ns_restore(&restore, &err), 0);
        ck_assert_str_eq(own_ns(rows[i].proc_name), home);
        ck_assert_int_eq(su_ns_restore(&restore, &err), -EBADF);
        release(&holder);
    }
}
END_TEST

START_TEST(children_go_where_the_pid_namespace_was_entered)
{
    if (skipped_without_root(__func__))
        return;
    struct holder holder = hold_ns(CLONE_NEWPID, false);
    /* The holder itself stayed outside. */
    struct oci_linux_namespace ns = {CLONE_NEWPID, ns_path(&holder, "pid_for_children")};
    const char *there = link_text(ns.path), *home = own_ns("pid_for_children");
    struct su_ns_restore restore;

    ck_assert_int_eq(su_apply_ns(&ns, &restore, NULL), 0);
    ck_assert_str_eq(own_ns("pid_for_children"), there);
    ck_assert_str_eq(own_ns("pid"), home);
    ck_assert_int_eq(su_ns_restore(&restore, NULL), 0);
    ck_assert_str_eq(own_ns("pid_for_children"), home);
    release(&holder);
}
END_TEST

struct thread_result {
    struct oci_linux_namespace ns;
    int r;
    char there[128], back[128];
};

static void *enter_in_thread(void *arg)
{
    struct thread_result *result = arg;
    struct su_ns_restore restore;

    /* A network namespace of the thread's own, which is not the main thread's. */
    result->r = unshare(CLONE_NEWUTS);
    ssize_t n = readlink("/proc/thread-self/ns/uts", result->there, 127);
    if (result->r == 0 && n > 0)
        result->r = su_apply_ns(&result->ns, &restore, NULL);
    if (result->r == 0)
        result->r = su_ns_restore(&restore, NULL);
    n = readlink("/proc/thread-self/ns/uts", result->back, 127);
    return NULL;
}

START_TEST(way_home_is_the_threads_own_namespace)
{
    if (skipped_without_root(__func__))
        return;
    struct holder holder = hold_ns(CLONE_NEWUTS, false);
    struct thread_result result = {.ns = {CLONE_NEWUTS, ns_path(&holder, "uts")}};
    const char *home = own_ns("uts");
    pthread_t thread;

    ck_assert_int_eq(pthread_create(&thread, NULL, enter_in_thread, &result), 0);
    pthread_join(thread, NULL);
    ck_assert_int_eq(result.r, 0);
    ck_assert_str_eq(result.back, result.there);
    ck_assert_str_ne(result.back, home);
    ck_assert_str_eq(own_ns("uts"), home);
    release(&holder);
}
END_TEST

START_TEST(entering_without_privileges_is_refused)
{
    if (skipped_without_root(__func__))
        return;
    struct holder holder = hold_ns(CLONE_NEWUTS, false);
    struct oci_linux_namespace ns = {CLONE_NEWUTS, ns_path(&holder, "uts")};
    /* Opened by root, so that it is setns(2) that refuses. */
    int fd = open(ns.path, O_RDONLY);
    pid_t pid = fork();

    if (pid == 0) {
        struct su_error err = {0};
        struct su_ns_restore restore;
        become_nobody();
        ns.path = su_arena_printf(&arena, "/proc/self/fd/%d", fd);
        int fds = open_fds();
        ck_assert_int_eq(su_apply_ns(&ns, &restore, &err), -EPERM);
        assert_text_has(err.msg, "linux.namespaces: cannot enter uts namespace");
        int out;
        struct su_cmd cmd = probe_cmd(&out);
        ck_assert_int_eq(su_start_in_ns(&cmd, &ns, 1, &err), -EPERM);
        assert_text_has(err.msg, "linux.namespaces: cannot enter uts namespace");
        ck_assert_int_eq(cmd.pid, 0);
        ck_assert_int_eq(cmd.pidfd, -1);
        struct oci_linux_namespace new_uts = {CLONE_NEWUTS, NULL};
        ck_assert_int_eq(su_start_in_ns(&cmd, &new_uts, 1, &err), -EPERM);
        assert_text_has(err.msg, "clone3: operation not permitted (new namespaces need");
        ck_assert_int_eq(open_fds(), fds + 2);
        ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
        _exit(0);
    }
    ck_assert_int_eq(exit_status_of(pid), 0);
    close(fd);
    release(&holder);
}
END_TEST

int main(int argc, char **argv)
{
    if (argc > 1 && su_streq(argv[1], "--probe"))
        return probe(argv);
    Suite *suite = suite_create("namespace");
    TCase *tc = tcase_create("namespace");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, kinds_agree_with_the_kernel);
    tcase_add_test(tc, first_namespace_of_a_type_is_found);
    tcase_add_test(tc, what_is_no_namespace_of_that_type_is_not_opened);
    tcase_add_test(tc, thread_enters_and_comes_back);
    tcase_add_test(tc, children_go_where_the_pid_namespace_was_entered);
    tcase_add_test(tc, way_home_is_the_threads_own_namespace);
    tcase_add_test(tc, entering_without_privileges_is_refused);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
