/* SPDX-License-Identifier: Apache-2.0 */
/* Processes: retrying calls, waiting for readiness, reading /proc. */
#include <specutils/process.h>

#include <poll.h>
#include <signal.h>
#include <time.h>

#include "linux_helpers.h"

static struct su_arena arena;
static int fds_before;

static void setup(void)
{
    fds_before = open_fds();
}

static void teardown(void)
{
    ck_assert_int_eq(open_fds(), fds_before);
    su_arena_free(&arena);
}

/* --- retrying ----------------------------------------------------------------------------------
 */

static int calls;

static int failing_twice(int second_error)
{
    static const int results[] = {-1, -1, 5};
    int call = calls++;

    errno = call == 0 ? EINTR : second_error;
    return results[call];
}

START_TEST(only_eintr_is_retried)
{
    calls = 0;
    ck_assert_int_eq(SU_RETRY_EINTR(failing_twice(EINTR)), 5);
    ck_assert_int_eq(calls, 3);
    calls = 0;
    ck_assert_int_eq(SU_RETRY_EINTR(failing_twice(EAGAIN)), -1);
    ck_assert_int_eq(calls, 2);
    ck_assert_int_eq(errno, EAGAIN);
}
END_TEST

/* --- waiting -----------------------------------------------------------------------------------
 */

struct script {
    const int *answers; /* the last one repeats */
    int n, asked;
};

static int scripted(void *arg, struct su_error *err)
{
    struct script *script = arg;
    int answer = script->answers[script->asked < script->n ? script->asked : script->n - 1];

    script->asked++;
    return answer < 0 ? su_fail(err, -answer, "scripted failure") : answer;
}

static pid_t start_child(int lives_ms, int exit_status)
{
    pid_t pid = fork();

    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        poll(NULL, 0, lives_ms);
        _exit(exit_status);
    }
    return pid;
}

static void end_child(pid_t pid)
{
    ck_assert_int_eq(waitpid(pid, NULL, WNOHANG), 0); /* alive and not reaped */
    kill(pid, SIGKILL);
    ck_assert_int_eq(exit_status_of(pid), 128 + SIGKILL);
}

START_TEST(waiting_ends_when_ready_says_so)
{
    static const int answers[] = {0, 0, 0, 1};
    struct script script = {answers, 4, 0};
    pid_t pid = start_child(60000, 0);

    ck_assert_int_eq(su_wait_for_ready(pid, 5000, scripted, &script, NULL), 0);
    ck_assert_int_eq(script.asked, 4);
    end_child(pid);
}
END_TEST

START_TEST(error_of_ready_ends_the_waiting)
{
    static const int answers[] = {0, 0, 0, -EBADMSG};
    struct script script = {answers, 4, 0};
    _cleanup_error_ struct su_error err = {0};
    pid_t pid = start_child(60000, 0);

    ck_assert_int_eq(su_wait_for_ready(pid, 5000, scripted, &script, &err), -EBADMSG);
    ck_assert_str_eq(err.msg, "scripted failure");
    end_child(pid);
}
END_TEST

START_TEST(ready_is_asked_before_death_is_noticed)
{
    static const int answers[] = {1};
    struct script script = {answers, 1, 0};
    pid_t pid = start_child(0, 3);
    siginfo_t info;

    ck_assert_int_eq(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
    ck_assert_int_eq(su_wait_for_ready(pid, 5000, scripted, &script, NULL), 0);
    ck_assert_int_eq(exit_status_of(pid), 3);
}
END_TEST

START_TEST(death_is_noticed_reaped_and_described)
{
    static const int answers[] = {0};
    struct script script = {answers, 1, 0};
    _cleanup_error_ struct su_error err = {0};
    pid_t pid = start_child(0, 7);

    ck_assert_int_eq(su_wait_for_ready(pid, 5000, scripted, &script, &err), -ESRCH);
    ck_assert_int_eq(err.kind, SU_ERR_EXITED);
    ck_assert_str_eq(
        err.msg,
        su_arena_printf(&arena, "process %d exited with status 7 before it was ready", pid));
    ck_assert_int_eq(waitpid(pid, NULL, WNOHANG), -1);
    ck_assert_int_eq(su_wait_for_ready(pid, 5000, scripted, &script, &err), -ECHILD);

    pid = start_child(60000, 0);
    kill(pid, SIGKILL);
    ck_assert_int_eq(su_wait_for_ready(pid, 5000, scripted, &script, &err), -ESRCH);
    assert_text_has(err.msg, "was killed by signal 9 (SIGKILL)");
}
END_TEST

START_TEST(death_during_a_long_pause_is_seen_at_once)
{
    static const int answers[] = {0};
    struct script script = {answers, 1, 0};
    pid_t pid = start_child(1500, 0);
    int64_t start = su_now_ms();

    /* By then the pauses are some 600 ms long. */
    ck_assert_int_eq(su_wait_for_ready(pid, 0, scripted, &script, NULL), -ESRCH);
    int64_t took = su_now_ms() - start;
    ck_assert_msg(took >= 1490 && took < 1900, "%d ms", (int)took);
    ck_assert_int_lt(script.asked, 25);
}
END_TEST

START_TEST(time_runs_out)
{
    static const int answers[] = {0};
    struct script script = {answers, 1, 0};
    _cleanup_error_ struct su_error err = {0};
    pid_t pid = start_child(60000, 0);
    int64_t start = su_now_ms();

    ck_assert_int_eq(su_wait_for_ready(pid, 50, scripted, &script, &err), -ETIMEDOUT);
    int64_t took = su_now_ms() - start;
    ck_assert_msg(took >= 50 && took < 1000, "%d ms", (int)took);
    ck_assert_int_eq(err.kind, SU_ERR_TIMEOUT);
    ck_assert_str_eq(err.msg, su_arena_printf(&arena, "process %d not ready after 50 ms", pid));
    end_child(pid);
}
END_TEST

START_TEST(only_children_are_waited_for)
{
    static const int answers[] = {0};
    const pid_t strangers[] = {getpid(), getppid(), 0, -1};
    pid_t pid = start_child(60000, 0);

    for (size_t i = 0; i < SU_ARRAY_SIZE(strangers); i++) {
        struct script script = {answers, 1, 0};
        ck_assert_int_eq(su_wait_for_ready(strangers[i], 50, scripted, &script, NULL), -ECHILD);
        ck_assert_int_eq(script.asked, 1);
    }
    end_child(pid);
}
END_TEST

/* --- /proc -------------------------------------------------------------------------------------
 */

START_TEST(oom_score_adj_is_read)
{
    _cleanup_error_ struct su_error err = {0};
    int score = 1;
    pid_t pid = start_child(60000, 0);
    const char *path = su_arena_printf(&arena, "/proc/%d/oom_score_adj", pid);

    write_file(path, "0");
    ck_assert_int_eq(su_get_oom_score_adj(pid, &score, NULL), 0);
    ck_assert_int_eq(score, 0);
    write_file(path, "998");
    ck_assert_int_eq(su_get_oom_score_adj(pid, &score, NULL), 0);
    ck_assert_int_eq(score, 998);
    end_child(pid);
    ck_assert_int_eq(su_get_oom_score_adj(pid, &score, &err), -ENOENT);
    assert_text_has(err.msg, "no such process");
    ck_assert_int_eq(su_get_oom_score_adj(0, &score, NULL), -ENOENT);
    ck_assert_int_eq(su_get_oom_score_adj(-1, &score, NULL), -ENOENT);
    ck_assert_int_eq(score, 998);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("process");
    TCase *tc = tcase_create("process");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, only_eintr_is_retried);
    tcase_add_test(tc, waiting_ends_when_ready_says_so);
    tcase_add_test(tc, error_of_ready_ends_the_waiting);
    tcase_add_test(tc, ready_is_asked_before_death_is_noticed);
    tcase_add_test(tc, death_is_noticed_reaped_and_described);
    tcase_add_test(tc, death_during_a_long_pause_is_seen_at_once);
    tcase_add_test(tc, time_runs_out);
    tcase_add_test(tc, only_children_are_waited_for);
    tcase_add_test(tc, oom_score_adj_is_read);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
