/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running again as root of a user namespace. The program that runs again is this one: called
 * with "--again" it does what its next argument says.
 */
#include <specutils/capability.h>
#include <specutils/process.h>

#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>
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

static volatile sig_atomic_t counted;

static void count_signal(int sig)
{
    (void)sig;
    counted++;
}

/* Says that it is there, waits for a signal and for more of them; the exit status is how many. */
static int count_signals(int sig)
{
    struct sigaction action = {.sa_handler = count_signal};

    sigaction(sig, &action, NULL);
    if (write(1, "!", 1) != 1)
        return 100;
    for (int64_t end = su_now_ms() + 5000; !counted && su_now_ms() < end;)
        poll(NULL, 0, 10);
    for (int64_t end = su_now_ms() + 100; su_now_ms() < end;)
        poll(NULL, 0, 10);
    return counted;
}

/* Facts about a process that should be root of a user namespace of its own: 0 if all hold. */
static int check_root(void)
{
    char ns[64] = "", text[64] = "";
    int signal = 0;
    ssize_t n = readlink("/proc/self/ns/user", ns, sizeof(ns) - 1);
    int fd = open("/proc/self/setgroups", O_RDONLY | O_CLOEXEC);

    prctl(PR_GET_PDEATHSIG, &signal);
    if (n <= 0 || su_streq(ns, getenv("PARENT_USERNS")))
        return 10;
    if (getuid() != 0 || geteuid() != 0 || getgid() != 0 || getegid() != 0)
        return 11;
    if (!su_has_capabilities(1 << 21 | 1 << 18 | 1 << 7 | 1 << 6))
        return 12;
    if (read(fd, text, sizeof(text) - 1) <= 0 || !su_has_prefix(text, "deny"))
        return 13;
    if (signal != SIGKILL)
        return 14;
    if (getsid(0) != getpid())
        return 15;
    if (fcntl(40, F_GETFD) != 0 || fcntl(41, F_GETFD) >= 0)
        return 16;
    sigset_t mask;
    sigprocmask(SIG_SETMASK, NULL, &mask);
    return sigismember(&mask, SIGUSR2) && !sigismember(&mask, SIGTERM) ? 0 : 17;
}

/* Uses the terminal on fd 0, which is not a controlling one any more. */
static int use_terminal(void)
{
    struct termios attr;
    struct winsize size;
    char line[16];

    if (tcgetattr(0, &attr) < 0 || tcsetattr(0, TCSANOW, &attr) < 0)
        return 101;
    if (ioctl(0, TIOCGWINSZ, &size) < 0)
        return 102;
    if (read(0, line, sizeof(line)) != 3)
        return 103;
    if (open("/dev/tty", O_RDWR | O_CLOEXEC) >= 0)
        return 104;
    return count_signals(SIGINT);
}

static int again(char **args)
{
    int number = args[1] ? atoi(args[1]) : 0;

    if (su_streq(args[0], "exit"))
        return number;
    if (su_streq(args[0], "kill"))
        kill(getpid(), number);
    if (su_streq(args[0], "count"))
        return count_signals(number);
    if (su_streq(args[0], "ignored")) {
        struct sigaction old, action = {.sa_handler = count_signal};
        sigaction(SIGHUP, &action, &old);
        return old.sa_handler == SIG_IGN ? count_signals(SIGUSR1) : 50;
    }
    if (su_streq(args[0], "terminal"))
        return use_terminal();
    if (su_streq(args[0], "hang")) {
        (void)!write(1, "!", 1);
        poll(NULL, 0, 60000);
    }
    if (su_streq(args[0], "ids")) {
        _cleanup_free_ char *text = NULL;
        return su_read_file_at(AT_FDCWD, "/proc/self/gid_map", 4096, &text, NULL) == 0 &&
                       strstr(text, "300000") && getuid() == 0 && getgid() == 0
                   ? 0
                   : 60;
    }
    return su_streq(args[0], "root") ? check_root() : 99;
}

/* Runs this program again; leaves with its status, and with 200 where it does not run. */
static int run_again(const char *what, const char *argument)
{
    char *const argv[] = {(char *)"unit", (char *)"--again", (char *)what, (char *)argument, NULL};
    struct su_error err = {0};
    int status = -1, fds = open_fds();
    int r = su_maybe_run_as_root(argv, &status, &err);

    if (r < 0)
        fprintf(stderr, "%s\n", su_error_text(&err));
    su_error_clear(&err);
    if (open_fds() != fds || waitpid(-1, NULL, WNOHANG) != -1)
        return 201;
    return r == 1 ? status : 200;
}

/* A child that is nobody (where we are root) and runs the program again. */
static pid_t start_again(const char *what, const char *argument)
{
    pid_t pid = fork();

    if (pid == 0) {
        if (geteuid() == 0)
            become_nobody();
        _exit(run_again(what, argument));
    }
    return pid;
}

START_TEST(root_with_all_capabilities_goes_on)
{
    char *const argv[] = {(char *)"unit", (char *)"--again", (char *)"exit", NULL};
    int status = -1;

    if (!su_has_capabilities(1 << 21 | 1 << 18 | 1 << 7 | 1 << 6)) {
        fprintf(stderr, "SKIP %s: not root\n", __func__);
        return;
    }
    ck_assert_int_eq(su_maybe_run_as_root(argv, &status, NULL), 0);
    ck_assert_int_eq(status, -1);
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
}
END_TEST

START_TEST(exit_status_is_that_of_the_program)
{
    if (!can_unshare_user(__func__))
        return;
    ck_assert_int_eq(exit_status_of(start_again("exit", "3")), 3);
    ck_assert_int_eq(exit_status_of(start_again("exit", "0")), 0);
    ck_assert_int_eq(exit_status_of(start_again("kill", "9")), 137);
    ck_assert_int_eq(exit_status_of(start_again("kill", "15")), 143);
}
END_TEST

START_TEST(any_missing_capability_is_enough)
{
    if (geteuid() != 0 || !can_unshare_user(__func__)) {
        fprintf(stderr, "SKIP %s: not root\n", __func__);
        return;
    }
    static const unsigned needed[] = {21, 18, 7, 6};
    for (size_t i = 0; i < SU_ARRAY_SIZE(needed); i++) {
        pid_t pid = fork();
        if (pid == 0) {
            struct __attribute__((packed)) {
                uint32_t version;
                int pid;
            } header = {0x20080522, 0};
            uint32_t data[6];
            ck_assert_int_eq(syscall(SYS_capget, &header, data), 0);
            data[0] &= ~(1u << needed[i]);
            data[1] &= ~(1u << needed[i]);
            ck_assert_int_eq(syscall(SYS_capset, &header, data), 0);
            _exit(run_again("exit", "5"));
        }
        ck_assert_int_eq(exit_status_of(pid), 5);
    }
}
END_TEST

START_TEST(program_is_root_of_a_namespace_of_its_own)
{
    char ns[64] = "";

    if (!can_unshare_user(__func__))
        return;
    ck_assert_int_gt(readlink("/proc/self/ns/user", ns, sizeof(ns) - 1), 0);
    setenv("PARENT_USERNS", ns, 1);
    pid_t pid = fork();
    if (pid == 0) {
        sigset_t mask;
        sigemptyset(&mask);
        sigaddset(&mask, SIGUSR2);
        sigprocmask(SIG_SETMASK, &mask, NULL);
        int fd = open("/dev/null", O_RDONLY);
        dup2(fd, 40);
        dup3(fd, 41, O_CLOEXEC);
        if (geteuid() == 0)
            become_nobody();
        _exit(run_again("root", NULL));
    }
    ck_assert_int_eq(exit_status_of(pid), 0);
}
END_TEST

/* Starts with a pipe as fd 1 and waits until the program has said that it is there. */
static pid_t start_and_hear(const char *what, const char *argument, void (*prepare)(void))
{
    int ends[2];
    char byte;

    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(ends[1], 1);
        if (prepare)
            prepare();
        if (geteuid() == 0)
            become_nobody();
        _exit(run_again(what, argument));
    }
    close(ends[1]);
    ck_assert_int_eq(read(ends[0], &byte, 1), 1);
    close(ends[0]);
    return pid;
}

START_TEST(signals_are_forwarded)
{
    if (!can_unshare_user(__func__))
        return;
    static const int sent[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGWINCH, SIGQUIT, SIGABRT};
    for (size_t i = 0; i < SU_ARRAY_SIZE(sent); i++) {
        pid_t pid = start_and_hear("count", su_arena_printf(&arena, "%d", sent[i]), NULL);
        kill(pid, sent[i]);
        ck_assert_int_eq(exit_status_of(pid), 1);
    }
}
END_TEST

START_TEST(signal_that_the_program_does_not_catch_ends_it)
{
    if (!can_unshare_user(__func__))
        return;
    pid_t pid = start_and_hear("hang", NULL, NULL);
    kill(pid, SIGTERM);
    ck_assert_int_eq(exit_status_of(pid), 128 + SIGTERM);
}
END_TEST

static void ignore_hup(void)
{
    signal(SIGHUP, SIG_IGN);
    signal(SIGCHLD, SIG_IGN);
}

START_TEST(ignored_signals_stay_ignored)
{
    if (!can_unshare_user(__func__))
        return;
    pid_t pid = start_and_hear("ignored", NULL, ignore_hup);
    kill(pid, SIGHUP);
    kill(pid, SIGUSR1);
    ck_assert_int_eq(exit_status_of(pid), 1);
}
END_TEST

START_TEST(program_dies_with_the_process_that_stands_in_for_it)
{
    int ends[2];
    char byte;

    if (!can_unshare_user(__func__))
        return;
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(ends[1], 1);
        if (geteuid() == 0)
            become_nobody();
        _exit(run_again("hang", NULL));
    }
    close(ends[1]);
    ck_assert_int_eq(read(ends[0], &byte, 1), 1);
    kill(pid, SIGKILL);
    ck_assert_int_eq(exit_status_of(pid), 128 + SIGKILL);
    struct pollfd closed = {.fd = ends[0], .events = POLLIN};
    ck_assert_int_eq(poll(&closed, 1, 10000), 1);
    ck_assert_int_eq(read(ends[0], &byte, 1), 0);
    close(ends[0]);
}
END_TEST

/* The terminal's child: a session with slave as its controlling terminal. */
static void run_on_terminal(const char *slave_name, int out)
{
    setsid();
    int slave = open(slave_name, O_RDWR);
    ioctl(slave, TIOCSCTTY, 0);
    fchmod(slave, 0666);
    dup2(slave, 0);
    dup2(out, 1);
    if (slave > 2)
        close(slave);
    if (geteuid() == 0)
        become_nobody();
    _exit(run_again("terminal", NULL));
}

START_TEST(terminal_works_and_its_signals_arrive_once)
{
    int ends[2], master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    char byte;

    if (!can_unshare_user(__func__))
        return;
    if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0) {
        fprintf(stderr, "SKIP %s: no pseudo terminals\n", __func__);
        return;
    }
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    pid_t pid = fork();
    if (pid == 0)
        run_on_terminal(ptsname(master), ends[1]);
    close(ends[1]);
    ck_assert_int_eq(write(master, "ab\n", 3), 3);
    ck_assert_int_eq(read(ends[0], &byte, 1), 1);
    ck_assert_int_eq(write(master, "\003", 1), 1); /* what Ctrl-C sends */
    ck_assert_int_eq(exit_status_of(pid), 1);
    close(ends[0]);
    close(master);
}
END_TEST

START_TEST(closed_standard_files_are_filled)
{
    if (!can_unshare_user(__func__))
        return;
    pid_t pid = fork();
    if (pid == 0) {
        close(0);
        if (geteuid() == 0)
            become_nobody();
        /* run_again() counts fds with one, so 0 must be free only for the call itself. */
        char *const argv[] = {(char *)"unit", (char *)"--again", (char *)"exit", (char *)"4", NULL};
        int status = -1;
        int r = su_maybe_run_as_root(argv, &status, NULL);
        _exit(r == 1 && fcntl(0, F_GETFD) < 0 ? status : 200);
    }
    ck_assert_int_eq(exit_status_of(pid), 4);
}
END_TEST

START_TEST(forbidden_user_namespaces_are_explained)
{
    if (geteuid() != 0 || !can_unshare_user(__func__)) {
        fprintf(stderr, "SKIP %s: not root\n", __func__);
        return;
    }
    pid_t pid = fork();
    if (pid == 0) {
        /* The kernel gives no user namespace to a process in a chroot. */
        char *const argv[] = {(char *)"unit", NULL};
        struct su_error err = {0};
        int status = -1;
        ck_assert_int_eq(chroot("/proc"), 0);
        ck_assert_int_eq(chdir("/"), 0);
        become_nobody();
        ck_assert_int_eq(su_maybe_run_as_root(argv, &status, &err), -EPERM);
        assert_text_has(err.msg, "cannot run again in a user namespace: cannot start "
                                 "\"/proc/self/exe\": clone3: operation not permitted (user "
                                 "namespaces may be forbidden");
        ck_assert_int_eq(status, -1);
        sigset_t mask;
        sigprocmask(SIG_SETMASK, NULL, &mask);
        ck_assert(!sigismember(&mask, SIGTERM));
        _exit(0);
    }
    ck_assert_int_eq(exit_status_of(pid), 0);
}
END_TEST

START_TEST(more_ids_are_mapped_if_asked)
{
    struct su_id_map uids[] = {{0, 200000, 1000}}, gids[] = {{0, 300000, 1000}};
    char *const argv[] = {(char *)"unit", (char *)"--again", (char *)"ids", NULL};

    if (geteuid() != 0 || !can_unshare_user(__func__)) {
        fprintf(stderr, "SKIP %s: not root\n", __func__);
        return;
    }
    pid_t pid = fork();
    if (pid == 0) {
        /* All that is missing is CAP_SYS_CHROOT, so that the kernel takes these maps. */
        struct {
            uint32_t version;
            int pid;
        } header = {0x20080522, 0};
        uint32_t data[6];
        int status = 70;
        ck_assert_int_eq(syscall(SYS_capget, &header, data), 0);
        data[0] &= ~(1u << 18);
        ck_assert_int_eq(syscall(SYS_capset, &header, data), 0);
        int r = su_maybe_run_as_root_mapped(argv, uids, 1, gids, 1, &status, NULL);
        _exit(r == 1 ? status : 71);
    }
    ck_assert_int_eq(exit_status_of(pid), 0);
}
END_TEST

int main(int argc, char **argv)
{
    if (argc > 2 && su_streq(argv[1], "--again"))
        return su_streq(argv[0], "/proc/self/exe") ? again(argv + 2) : 98;
    Suite *suite = suite_create("run_as_root");
    TCase *tc = tcase_create("run_as_root");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, root_with_all_capabilities_goes_on);
    tcase_add_test(tc, exit_status_is_that_of_the_program);
    tcase_add_test(tc, any_missing_capability_is_enough);
    tcase_add_test(tc, program_is_root_of_a_namespace_of_its_own);
    tcase_add_test(tc, signals_are_forwarded);
    tcase_add_test(tc, signal_that_the_program_does_not_catch_ends_it);
    tcase_add_test(tc, ignored_signals_stay_ignored);
    tcase_add_test(tc, program_dies_with_the_process_that_stands_in_for_it);
    tcase_add_test(tc, terminal_works_and_its_signals_arrive_once);
    tcase_add_test(tc, closed_standard_files_are_filled);
    tcase_add_test(tc, forbidden_user_namespaces_are_explained);
    tcase_add_test(tc, more_ids_are_mapped_if_asked);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
