/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs this program again as root of a new user namespace, for callers without privileges, and
 * stands in for it meanwhile: signals go on to it, its end becomes ours. Ends no process itself:
 * leaving with the exit status is left to the caller.
 */
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <specutils/capability.h>
#include <specutils/config.h>
#include <specutils/log.h>
#include <specutils/process.h>

#include "base/base.h"
#include "start.h"

static const uint64_t needed_caps = UINT64_C(1) << CAP_SYS_ADMIN | UINT64_C(1) << CAP_SYS_CHROOT |
                                    UINT64_C(1) << CAP_SETUID | UINT64_C(1) << CAP_SETGID;

/* What this process was like before it stood in for another. */
struct stand_in {
    sigset_t mask;
    struct sigaction on_child;
    int signal_fd;
};

/*
 * All signals that reach this process and mean the program: not those of its own faults, and
 * not those that whoever started it has told it to ignore.
 */
static void forwarded_signals(sigset_t *set)
{
    static const int own[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGCHLD};
    struct sigaction action;

    sigfillset(set);
    for (size_t i = 0; i < SU_ARRAY_SIZE(own); i++)
        sigdelset(set, own[i]);
    for (int sig = 1; sig <= SIGRTMAX; sig++) {
        if (sigaction(sig, NULL, &action) == 0 && action.sa_handler == SIG_IGN)
            sigdelset(set, sig);
    }
}

static int stand_in_begin(struct stand_in *before, struct su_error *err)
{
    struct sigaction default_action = {.sa_handler = SIG_DFL};
    sigset_t forwarded;

    forwarded_signals(&forwarded);
    before->signal_fd = signalfd(-1, &forwarded, SFD_CLOEXEC | SFD_NONBLOCK);
    if (before->signal_fd < 0)
        return su_fail(err, errno, "cannot watch for signals: %s", strerrordesc_np(errno));
    /* If SIGCHLD were ignored, the kernel would throw the exit status away. */
    sigaction(SIGCHLD, &default_action, &before->on_child);
    sigprocmask(SIG_BLOCK, &forwarded, &before->mask);
    return 0;
}

static void forward_pending(int signal_fd, int pidfd)
{
    struct signalfd_siginfo info;

    while (read(signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        if (pidfd >= 0 && syscall(SYS_pidfd_send_signal, pidfd, (int)info.ssi_signo, NULL, 0) < 0 &&
            errno != ESRCH)
            su_warn("cannot forward signal %u: %s", info.ssi_signo, strerrordesc_np(errno));
    }
}

static void stand_in_end(struct stand_in *before)
{
    if (before->signal_fd < 0)
        return;
    /* What came too late to be forwarded must not kill this process in its last moments. */
    forward_pending(before->signal_fd, -1);
    sigprocmask(SIG_SETMASK, &before->mask, NULL);
    sigaction(SIGCHLD, &before->on_child, NULL);
    close(before->signal_fd);
}

static int wait_and_forward(const struct su_cmd *cmd, int signal_fd, int *exit_status,
                            struct su_error *err)
{
    struct pollfd fds[] = {{.fd = cmd->pidfd, .events = POLLIN},
                           {.fd = signal_fd, .events = POLLIN}};
    int status;

    while (!(fds[0].revents & POLLIN)) {
        if (poll(fds, SU_ARRAY_SIZE(fds), -1) < 0 && errno != EINTR)
            return su_fail(err, errno, "cannot wait for process %d: %s", cmd->pid,
                           strerrordesc_np(errno));
        forward_pending(signal_fd, cmd->pidfd);
    }
    if (SU_RETRY_EINTR(waitpid(cmd->pid, &status, 0)) < 0)
        return su_fail(err, errno, "cannot wait for process %d: %s", cmd->pid,
                       strerrordesc_np(errno));
    *exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return 1;
}

/* The arguments with the program's own path in front. NULL: no memory. */
static char **own_argv(char *const *argv)
{
    size_t n = 0;

    while (argv[n])
        n++;
    char **copy = calloc(n + 2, sizeof(*copy));
    if (!copy)
        return NULL;
    for (size_t i = 1; i < n; i++)
        copy[i] = argv[i];
    copy[0] = (char *)SU_EXE_PATH;
    return copy;
}

static int run_and_wait(struct su_cmd *cmd, int *exit_status, struct su_error *err)
{
    _cleanup_(stand_in_end) struct stand_in before = {.signal_fd = -1};
    int r = stand_in_begin(&before, err);

    if (r == 0)
        r = su_start_masked(cmd, NULL, 0, &before.mask, err);
    if (r < 0) {
        su_error_prefix(err, "cannot run again in a user namespace");
        return r;
    }
    r = wait_and_forward(cmd, before.signal_fd, exit_status, err);
    close(cmd->pidfd);
    return r;
}

int su_maybe_run_as_root_mapped(char *const *argv, const struct su_id_map *uid_maps,
                                size_t n_uid_maps, const struct su_id_map *gid_maps,
                                size_t n_gid_maps, int *exit_status, struct su_error *err)
{
    if (su_has_capabilities(needed_caps))
        return 0;
    struct su_id_map uid_map = {0, getuid(), 1}, gid_map = {0, getgid(), 1};
    _cleanup_free_ char **args = own_argv(argv);
    if (!args)
        return su_fail(err, ENOMEM, "out of memory");
    /* The kernel lets a process without privileges map its own group only if it gives up
     * setgroups; all else is the helper's to decide. */
    bool own_group_only = n_gid_maps == 0 || (n_gid_maps == 1 && gid_maps->size == 1 &&
                                              gid_maps->host_id == getegid());
    struct su_cmd cmd = {
        .path = SU_EXE_PATH,
        .argv = args,
        .keep_fds = true,
        .clone_flags = CLONE_NEWUSER | CLONE_NEWNS,
        .uid_maps = n_uid_maps ? (struct su_id_map *)uid_maps : &uid_map,
        .n_uid_maps = n_uid_maps ? n_uid_maps : 1,
        .gid_maps = n_gid_maps ? (struct su_id_map *)gid_maps : &gid_map,
        .n_gid_maps = n_gid_maps ? n_gid_maps : 1,
        .allow_setgroups = !own_group_only,
        .set_cred = true,
        .pdeath_sig = SIGKILL,
        .setsid = true,
    };
    for (int i = 0; i < 3; i++)
        cmd.stdio[i] = fcntl(i, F_GETFD) < 0 ? -1 : i;
    return run_and_wait(&cmd, exit_status, err);
}

int su_maybe_run_as_root(char *const *argv, int *exit_status, struct su_error *err)
{
    return su_maybe_run_as_root_mapped(argv, NULL, 0, NULL, 0, exit_status, err);
}
