/* SPDX-License-Identifier: Apache-2.0 */
/* Debug log files: their names, their modes, and which commands write one. */
#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <specutils/debug_log.h>

#include "base/base.h"

static struct su_error err;
static char dir[] = "/tmp/runlet-debug-log-XXXXXX";

static void set_up(void)
{
    setenv("TZ", "UTC", 1);
    tzset();
    umask(022);
    ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void tear_down(void)
{
    _cleanup_free_ char *command = NULL;

    su_error_clear(&err);
    ck_assert_int_ge(asprintf(&command, "rm -rf '%s'", dir), 0);
    ck_assert_int_eq(system(command), 0);
}

/* 2024-12-13 08:54:07.000123999 UTC */
static const struct timespec when = {.tv_sec = 1734080047, .tv_nsec = 123999};

static const struct {
    const char *pattern, *command, *test, *path;
} paths[] = {
    {"/l/", "create", NULL, "/l/runsc.log.20241213-085407.000123.create.txt"},
    {"/l/%TEST%-%COMMAND%.log", "boot", "t1", "/l/t1-boot.log"},
    {"/l/fixed", "boot", "t1", "/l/fixed"},
    {"/l/%COMMAND%%COMMAND%", "a", "t", "/l/aa"},
    {"/l/%COMMAND%", "%TEST%", "t", "/l/t"},
    {"/l/%TEST%", "c", "%COMMAND%", "/l/%COMMAND%"},
    {"/l/%ID%.%TIMESTAMP%", "c", "t", "/l/%ID%.20241213-085407.000123"},
    {"/l/%COMMAND%", "../../etc/passwd", NULL, "/l/.._.._etc_passwd"},
    {"/l/x%COMMAND%%TEST%", NULL, NULL, "/l/x"},
    {"relative", NULL, NULL, "relative"},
};

START_TEST(pattern_becomes_a_path)
{
    _cleanup_free_ char *path = NULL;
    int r =
        su_debug_log_path(paths[_i].pattern, paths[_i].command, paths[_i].test, &when, &path, &err);
    ck_assert_int_eq(r, 0);
    ck_assert_str_eq(path, paths[_i].path);
}
END_TEST

START_TEST(local_time_is_used)
{
    _cleanup_free_ char *path = NULL;
    setenv("TZ", "TST-5:30", 1);
    tzset();
    ck_assert_int_eq(su_debug_log_path("%TIMESTAMP%", NULL, NULL, &when, &path, &err), 0);
    ck_assert_str_eq(path, "20241213-142407.000123");
}
END_TEST

START_TEST(no_timestamp_means_now)
{
    _cleanup_free_ char *path = NULL;
    char today[32];
    time_t now = time(NULL);
    strftime(today, sizeof(today), "%Y", gmtime(&now));
    ck_assert_int_eq(su_debug_log_path("%TIMESTAMP%", NULL, NULL, NULL, &path, &err), 0);
    ck_assert_uint_eq(strlen(path), 22);
    ck_assert(strncmp(path, today, 4) == 0);
}
END_TEST

START_TEST(empty_pattern_is_refused)
{
    char *path = NULL;
    ck_assert_int_eq(su_debug_log_path("", "c", NULL, &when, &path, &err), -EINVAL);
    ck_assert_int_eq(su_debug_log_file("", "c", NULL, &when, &err), -EINVAL);
    ck_assert_int_eq(su_debug_log_file(NULL, "c", NULL, &when, NULL), -EINVAL);
}
END_TEST

START_TEST(file_is_made_with_its_directories_and_appended_to)
{
    _cleanup_free_ char *pattern = NULL;
    _cleanup_free_ char *path = NULL;
    _cleanup_free_ char *text = NULL;
    struct stat st;

    ck_assert_int_ge(asprintf(&pattern, "%s/a/b//", dir), 0);
    for (int i = 0; i < 2; i++) {
        _cleanup_fd_ int fd = su_debug_log_file(pattern, "run", NULL, &when, &err);
        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
        ck_assert_int_eq(fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND), O_WRONLY | O_APPEND);
        ck_assert_int_eq(su_write_all(fd, "line\n", 5), 0);
    }
    ck_assert_int_ge(asprintf(&path, "%s/a/b/runsc.log.20241213-085407.000123.run.txt", dir), 0);
    ck_assert_int_eq(su_read_file_at(AT_FDCWD, path, 100, &text, NULL), 0);
    ck_assert_str_eq(text, "line\nline\n");
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0644);
    *strrchr(path, '/') = '\0';
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0755);
}
END_TEST

START_TEST(failure_names_the_path)
{
    ck_assert_int_eq(su_debug_log_file("/proc/nowhere/x", "c", NULL, &when, &err), -ENOENT);
    ck_assert_ptr_nonnull(strstr(err.msg, "/proc/nowhere/x"));
    ck_assert_int_eq(su_debug_log_file("/dev/null/x", "c", NULL, &when, &err), -ENOTDIR);
    ck_assert_ptr_nonnull(strstr(err.msg, "/dev/null/x"));
    ck_assert_int_eq(su_debug_log_file("/dev", "c", NULL, &when, &err), -EISDIR);
}
END_TEST

static const struct {
    const char *list, *command;
    bool result;
} commands[] = {
    {NULL, "boot", true},
    {"", "boot", true},
    {"create,start", "start", true},
    {"create,start", "create", true},
    {"create,start", "boot", false},
    {"create,start", "star", false},
    {"create, start", "start", false},
    {"!boot,events", "events", false},
    {"!boot,events", "boot", false},
    {"!boot,events", "run", true},
    {"!!boot", "boot", true},
    {"!!boot", "!boot", false},
    {"!", "boot", true},
    {"boot,!run", "run", false},
};

START_TEST(list_of_debug_commands_is_obeyed)
{
    struct su_config conf = {.debug_command = (char *)commands[_i].list};
    ck_assert(su_is_debug_command(&conf, commands[_i].command) == commands[_i].result);
    ck_assert(su_is_debug_command(NULL, commands[_i].command));
}
END_TEST

START_TEST(error_points_to_its_explanation)
{
    _cleanup_free_ char *full = su_faq_error_msg("runsc-perms", "bad mode");
    _cleanup_free_ char *bare = su_faq_error_msg("", "x");
    ck_assert_str_eq(full, "bad mode; see https://gvisor.dev/faq#runsc-perms for more details");
    ck_assert_str_eq(bare, "x; see https://gvisor.dev/faq# for more details");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("debug_log");
    TCase *tc = tcase_create("debug_log");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_loop_test(tc, pattern_becomes_a_path, 0, SU_ARRAY_SIZE(paths));
    tcase_add_test(tc, local_time_is_used);
    tcase_add_test(tc, no_timestamp_means_now);
    tcase_add_test(tc, empty_pattern_is_refused);
    tcase_add_test(tc, file_is_made_with_its_directories_and_appended_to);
    tcase_add_test(tc, failure_names_the_path);
    tcase_add_loop_test(tc, list_of_debug_commands_is_obeyed, 0, SU_ARRAY_SIZE(commands));
    tcase_add_test(tc, error_points_to_its_explanation);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
