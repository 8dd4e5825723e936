/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an attacker of these tests does and no shell can: swap two names without a moment between,
 * take a pid again, push input into a terminal, look at descriptors. Linked statically, so that it
 * also runs inside a container. Never links any code of runlet.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef RENAME_EXCHANGE
#define RENAME_EXCHANGE 2
#endif

static int fail(const char *what)
{
    fprintf(stderr, "attack: %s: %s\n", what, strerror(errno));
    return 1;
}

/* swap A B: exchanges both names until it is killed. */
static int cmd_swap(char **argv)
{
    for (;;)
        if (syscall(SYS_renameat2, AT_FDCWD, argv[0], AT_FDCWD, argv[1], RENAME_EXCHANGE) < 0)
            return fail(argv[0]);
}

/* takepid PID: becomes the process PID, prints "here" and sleeps. */
static int cmd_takepid(char **argv)
{
    pid_t wanted = (pid_t)atoi(argv[0]);
    struct clone_args args = {
        .exit_signal = SIGCHLD, .set_tid = (uintptr_t)&wanted, .set_tid_size = 1};
    long pid = syscall(SYS_clone3, &args, sizeof args);
    if (pid < 0)
        return fail("clone3");
    if (pid > 0)
        return 0;
    puts("here");
    fflush(stdout);
    for (;;)
        pause();
}

/* push: types a line into the terminal that is standard input; says what came of it. */
static int cmd_push(void)
{
    for (const char *c = "injected\n"; *c; c++)
        if (ioctl(0, TIOCSTI, c) < 0) {
            printf("refused: %s\n", strerror(errno));
            return 0;
        }
    puts("pushed");
    return 0;
}

/* fds: number and target of each open descriptor but this listing's own. */
static int cmd_fds(void)
{
    char link[64], target[4096];
    for (int fd = 0; fd < 4096; fd++) {
        if (fcntl(fd, F_GETFD) < 0)
            continue;
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        ssize_t n = readlink(link, target, sizeof target - 1);
        target[n < 0 ? 0 : n] = 0;
        printf("%d %s\n", fd, target);
    }
    return 0;
}

/* ctty: whether there is a controlling terminal. */
static int cmd_ctty(void)
{
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC);
    puts(fd < 0 ? "none" : "has one");
    return 0;
}

/*
 * overwrite: the end of an attack on the runtime's binary. Run as that binary's loader or instead
 * of it, it holds /proc/self/exe open, lets the runtime go away and opens it for writing.
 */
static int cmd_overwrite(char **argv)
{
    char again[64];
    int fd = open(argv[0], O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fail(argv[0]);
    snprintf(again, sizeof again, "/proc/self/fd/%d", fd);
    for (int i = 0; i < 2000; i++) {
        if (open(again, O_WRONLY | O_CLOEXEC) >= 0) {
            puts("writable");
            return 0;
        }
        if (errno != ETXTBSY)
            break;
        usleep(1000);
    }
    printf("refused: %s\n", strerror(errno));
    return 0;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";
    if (!strcmp(name, "swap") && argc == 4)
        return cmd_swap(argv + 2);
    if (!strcmp(name, "takepid") && argc == 3)
        return cmd_takepid(argv + 2);
    if (!strcmp(name, "push"))
        return cmd_push();
    if (!strcmp(name, "fds"))
        return cmd_fds();
    if (!strcmp(name, "ctty"))
        return cmd_ctty();
    if (!strcmp(name, "overwrite") && argc == 3)
        return cmd_overwrite(argv + 2);
    fprintf(stderr, "usage: attack swap|takepid|push|fds|ctty|overwrite ...\n");
    return 125;
}
