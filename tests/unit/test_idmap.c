/* SPDX-License-Identifier: Apache-2.0 */
/* Id maps: of a spec, of this process, and written for new user namespaces. */
#include "namespace_helpers.h"

START_TEST(mappings_of_the_spec_are_appended)
{
    struct oci_id_mapping uids[] = {{0, 1000, 1}, {1, 100000, 65536}}, gids[] = {{0, 0, 0}};
    struct oci_linux os = {.uid_mappings = {uids, 2}, .gid_mappings = {gids, 1}};
    struct oci_spec spec = {.linux_ = &os}, bare = {0};
    struct su_cmd cmd = {.uid_maps = malloc(sizeof(struct su_id_map)), .n_uid_maps = 1};

    cmd.uid_maps[0] = (struct su_id_map){5, 5, 1};
    ck_assert_int_eq(su_set_uid_gid_mappings(&cmd, &bare, NULL), 0);
    ck_assert_uint_eq(cmd.n_uid_maps, 1);
    ck_assert_int_eq(su_set_uid_gid_mappings(&cmd, &spec, NULL), 0);
    ck_assert_uint_eq(cmd.n_uid_maps, 3);
    ck_assert_uint_eq(cmd.uid_maps[0].host_id, 5);
    ck_assert_uint_eq(cmd.uid_maps[1].host_id, 1000);
    ck_assert_uint_eq(cmd.uid_maps[2].size, 65536);
    ck_assert_uint_eq(cmd.n_gid_maps, 1);
    ck_assert_uint_eq(cmd.clone_flags, 0);
    free(cmd.uid_maps);
    free(cmd.gid_maps);
}
END_TEST

/* Starts the probe as root of a new user namespace and returns the text of its map files. */
static void probe_new_userns(void)
{
    struct su_id_map uid = {0, getuid(), 1}, gid = {0, getgid(), 1};
    struct oci_linux_namespace ns = {CLONE_NEWUSER, NULL};
    int out;
    struct su_cmd cmd = probe_cmd(&out);

    cmd.uid_maps = &uid;
    cmd.gid_maps = &gid;
    cmd.n_uid_maps = cmd.n_gid_maps = 1;
    cmd.set_cred = true;
    const char *text = run_probe(&cmd, out, &ns, 1);
    ck_assert_str_eq(value_of(text, "uid"), "0 0");
    ck_assert_str_eq(value_of(text, "gid"), "0 0");
    ck_assert_str_ne(value_of(text, "user"), own_ns("user"));
}

START_TEST(new_user_namespace_is_mapped_before_the_program_runs)
{
    if (!can_unshare_user(__func__))
        return;
    probe_new_userns();
    if (skipped_without_root(__func__))
        return;
    pid_t pid = fork();
    if (pid == 0) {
        become_nobody();
        probe_new_userns();
        _exit(0);
    }
    ck_assert_int_eq(exit_status_of(pid), 0);
}
END_TEST

START_TEST(maps_and_setgroups_read_back_as_written)
{
    struct su_id_map uids[] = {{0, 1000, 1}, {1, 100000, 65536}}, gids[] = {{0, 500, 10}};
    struct su_cmd cmd = {.stdio = {-1, -1, 2},
                         .clone_flags = CLONE_NEWUSER,
                         .uid_maps = uids,
                         .gid_maps = gids,
                         .n_uid_maps = 2,
                         .n_gid_maps = 1};
    char *text;

    if (skipped_without_root(__func__) || !can_unshare_user(__func__))
        return;
    for (int allow = 0; allow < 2; allow++) {
        cmd.allow_setgroups = allow;
        pid_t pid = start_sleeper(&cmd, NULL, 0);
        const char *proc = su_arena_printf(&arena, "/proc/%d", pid);
        unsigned v[6];
        ck_assert_int_eq(su_read_file_at(AT_FDCWD, su_arena_printf(&arena, "%s/uid_map", proc),
                                         4096, &text, NULL),
                         0);
        ck_assert_int_eq(
            sscanf(text, "%u %u %u %u %u %u", &v[0], &v[1], &v[2], &v[3], &v[4], &v[5]), 6);
        ck_assert(v[1] == 1000 && v[4] == 100000 && v[5] == 65536);
        free(text);
        ck_assert_int_eq(su_read_file_at(AT_FDCWD, su_arena_printf(&arena, "%s/setgroups", proc),
                                         4096, &text, NULL),
                         0);
        ck_assert_str_eq(text, allow ? "allow\n" : "deny\n");
        free(text);
        end_sleeper(&cmd);
    }
}
END_TEST

START_TEST(maps_that_the_kernel_refuses_leave_no_program)
{
    struct su_id_map overlap[] = {{0, 1000, 10}, {5, 2000, 10}};
    struct su_cmd cmd = {.path = "/bin/sleep",
                         .stdio = {-1, -1, -1},
                         .clone_flags = CLONE_NEWUSER,
                         .uid_maps = overlap,
                         .n_uid_maps = 2};
    _cleanup_error_ struct su_error err = {0};

    if (skipped_without_root(__func__) || !can_unshare_user(__func__))
        return;
    ck_assert_int_eq(su_start_in_ns(&cmd, NULL, 0, &err), -EINVAL);
    assert_text_has(err.msg, "cannot write uid_map of process");
    assert_text_has(err.msg, "maps must not overlap");
    ck_assert_int_eq(cmd.pid, 0);
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
}
END_TEST

/* As nobody: maps ids that only the system's helpers may give. */
static int start_with_foreign_ids(struct su_error *err, struct su_cmd *cmd)
{
    static struct su_id_map uids[] = {{0, 65534, 1}, {1, 200000, 1000}};
    static struct su_id_map gids[] = {{0, 65534, 1}, {1, 300000, 1000}};
    static char *const argv[] = {(char *)"sleep", (char *)"1000", NULL};

    become_nobody();
    *cmd = (struct su_cmd){.path = "/bin/sleep",
                           .argv = argv,
                           .stdio = {-1, -1, 2},
                           .clone_flags = CLONE_NEWUSER,
                           .uid_maps = uids,
                           .gid_maps = gids,
                           .n_uid_maps = 2,
                           .n_gid_maps = 2,
                           .allow_setgroups = true};
    return su_start_in_ns(cmd, NULL, 0, err);
}

/* Puts a file of one line over the databases, in a mount namespace of this process's own. */
static void give_ids(const char *uids, const char *gids)
{
    char path[] = "/tmp/runlet-test-ids-XXXXXX";
    int fd = mkstemp(path);

    ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
    ck_assert_int_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
    ck_assert_int_eq(fchmod(fd, 0644), 0);
    ck_assert_int_eq(su_write_all(fd, uids, strlen(uids)), 0);
    ck_assert_int_eq(su_write_all(fd, gids, strlen(gids)), 0);
    close(fd);
    int a = mount(path, "/etc/subuid", NULL, MS_BIND, NULL);
    int b = mount(path, "/etc/subgid", NULL, MS_BIND, NULL);
    unlink(path);
    if (a < 0 || b < 0)
        _exit(77);
}

static bool skipped_without_helper(const char *test)
{
    if (skipped_without_root(test) || !can_unshare_user(test))
        return true;
    if (access("/usr/bin/newuidmap", X_OK) == 0)
        return false;
    fprintf(stderr, "SKIP %s: newuidmap is not installed\n", test);
    return true;
}

START_TEST(foreign_ids_are_mapped_by_the_systems_helpers)
{
    if (skipped_without_helper(__func__))
        return;
    pid_t pid = fork();
    if (pid == 0) {
        struct su_error err = {0};
        struct su_cmd cmd;
        char *text;
        give_ids("nobody:200000:1000\n", "nobody:300000:1000\n");
        /* Neither PATH nor the rest of the environment may matter to the helper. */
        clearenv();
        int fds = open_fds();
        int r = start_with_foreign_ids(&err, &cmd);
        ck_assert_msg(r == 0, "%s", r < 0 ? su_error_text(&err) : "");
        ck_assert_int_eq(su_read_file_at(AT_FDCWD,
                                         su_arena_printf(&arena, "/proc/%d/gid_map", cmd.pid), 4096,
                                         &text, NULL),
                         0);
        assert_text_has(text, "300000");
        free(text);
        end_sleeper(&cmd);
        ck_assert_int_eq(open_fds(), fds);
        ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
        _exit(0);
    }
    int status = exit_status_of(pid);
    if (status == 77)
        fprintf(stderr, "SKIP %s: there is no /etc/subuid to mount over\n", __func__);
    else
        ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(helpers_refusal_is_passed_on)
{
    if (skipped_without_helper(__func__))
        return;
    pid_t pid = fork();
    if (pid == 0) {
        struct su_error err = {0};
        struct su_cmd cmd;
        int fds = open_fds();
        ck_assert_int_eq(start_with_foreign_ids(&err, &cmd), -EPERM);
        assert_text_has(err.msg, "cannot map user ids: newuidmap refused: ");
        assert_text_has(err.msg, "/etc/subuid");
        ck_assert_int_eq(open_fds(), fds);
        ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
        _exit(0);
    }
    ck_assert_int_eq(exit_status_of(pid), 0);
}
END_TEST

START_TEST(own_id_maps_are_those_of_the_namespace)
{
    if (!can_unshare_user(__func__))
        return;
    _cleanup_free_ char *text = NULL;
    ck_assert_int_eq(su_read_file_at(AT_FDCWD, "/proc/self/uid_map", 4096, &text, NULL), 0);
    unsigned a, b, c;
    bool initial = sscanf(text, "%u %u %u", &a, &b, &c) == 3 && !a && !b && c == UINT32_MAX;
    ck_assert_int_eq(su_in_initial_user_ns(), initial);
    pid_t pid = fork();
    if (pid == 0) {
        struct su_id_map *uids, *gids;
        size_t n, m;
        uid_t uid = getuid();
        ck_assert_int_eq(unshare(CLONE_NEWUSER), 0);
        ck_assert(!su_in_initial_user_ns());
        ck_assert_int_eq(su_current_id_maps(&arena, &uids, &n, &gids, &m, NULL), 0);
        ck_assert_uint_eq(n + m, 0);
        write_file("/proc/self/uid_map", su_arena_printf(&arena, "7 %u 1", uid));
        ck_assert(!su_in_initial_user_ns());
        ck_assert_int_eq(su_current_id_maps(&arena, &uids, &n, &gids, &m, NULL), 0);
        ck_assert_uint_eq(n, 1);
        ck_assert_uint_eq(m, 0);
        ck_assert_uint_eq(uids[0].container_id, 7);
        ck_assert_uint_eq(uids[0].size, 1);
        _exit(0);
    }
    ck_assert_int_eq(exit_status_of(pid), 0);
}
END_TEST

int main(int argc, char **argv)
{
    if (argc > 1 && su_streq(argv[1], "--probe"))
        return probe(argv);
    Suite *suite = suite_create("idmap");
    TCase *tc = tcase_create("idmap");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, mappings_of_the_spec_are_appended);
    tcase_add_test(tc, new_user_namespace_is_mapped_before_the_program_runs);
    tcase_add_test(tc, maps_and_setgroups_read_back_as_written);
    tcase_add_test(tc, maps_that_the_kernel_refuses_leave_no_program);
    tcase_add_test(tc, foreign_ids_are_mapped_by_the_systems_helpers);
    tcase_add_test(tc, helpers_refusal_is_passed_on);
    tcase_add_test(tc, own_id_maps_are_those_of_the_namespace);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
