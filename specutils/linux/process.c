/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watching processes: waiting until a child is ready or dead, reading what /proc says. Nothing
 * here starts or signals a process.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include <specutils/process.h>

#include "base/base.h"

enum {
    NS_IN_MS = 1000000,
    FIRST_PAUSE_NS = NS_IN_MS,
    LONGEST_PAUSE_NS = 1000000000,
};

static int64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int has_exited(pid_t pid, int status, struct su_error *err)
{
    if (WIFSIGNALED(status)) {
        const char *name = sigabbrev_np(WTERMSIG(status));
        return su_fail_at(err, SU_ERR_EXITED, ESRCH, NULL,
                          "process %d was killed by signal %d (SIG%s) before it was ready", pid,
                          WTERMSIG(status), name ? name : "RT");
    }
    return su_fail_at(err, SU_ERR_EXITED, ESRCH, NULL,
                      "process %d exited with status %d before it was ready", pid,
                      WEXITSTATUS(status));
}

/* 0: it lives. */
static int check_alive(pid_t pid, struct su_error *err)
{
    int status;
    /* 0 and below would mean any child. */
    pid_t r = pid > 0 ? SU_RETRY_EINTR(waitpid(pid, &status, WNOHANG)) : -1;

    if (r < 0)
        return su_fail(err, ECHILD, "process %d is not a child of this one, or was waited for",
                       pid);
    return r == pid ? has_exited(pid, status, err) : 0;
}

/* Sleeps, until the process ends at most. Without a pidfd (Linux before 5.3) it only sleeps. */
static void pause_for(int pidfd, int64_t ns)
{
    struct pollfd fd = {.fd = pidfd, .events = POLLIN};
    struct timespec time = {ns / 1000000000, ns % 1000000000};

    ppoll(&fd, 1, &time, NULL);
}

int su_wait_for_ready(pid_t pid, int timeout_ms, su_ready_fn *ready, void *arg,
                      struct su_error *err)
{
    _cleanup_fd_ int pidfd = -1;
    int64_t pause = FIRST_PAUSE_NS;
    int64_t end = timeout_ms > 0 ? now_ns() + (int64_t)timeout_ms * NS_IN_MS : INT64_MAX;

    for (;;) {
        int r = ready(arg, err);
        if (r != 0)
            return r < 0 ? r : 0;
        r = check_alive(pid, err);
        if (r < 0)
            return r;
        int64_t left = end == INT64_MAX ? INT64_MAX : end - now_ns();
        if (left <= 0)
            return su_fail_at(err, SU_ERR_TIMEOUT, ETIMEDOUT, NULL,
                              "process %d not ready after %d ms", pid, timeout_ms);
        if (pidfd < 0)
            pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
        pause_for(pidfd, pause < left ? pause : left);
        pause += pause / 2;
        if (pause > LONGEST_PAUSE_NS)
            pause = LONGEST_PAUSE_NS;
    }
}

int su_get_oom_score_adj(pid_t pid, int *score, struct su_error *err)
{
    _cleanup_free_ char *text = NULL;
    char path[64], *end;

    snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", pid);
    int r = su_read_file_at(AT_FDCWD, path, 64, &text, NULL);
    if (r < 0)
        return su_fail(err, -r, "cannot read %s: %s%s", path, strerrordesc_np(-r),
                       r == -ENOENT ? " (no such process)" : "");
    errno = 0;
    long value = strtol(text, &end, 10);
    end += strspn(end, " \t\r\n");
    if (end == text || *end || errno || value < INT32_MIN || value > INT32_MAX)
        return su_fail(err, EINVAL, "%s is not a number", path);
    *score = (int)value;
    return 0;
}
