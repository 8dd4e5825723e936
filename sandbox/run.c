/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sb_create() and sb_run(): a build, and for an attached run the watch over the container until
 * it ends and all is removed.
 */
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <base/base.h>

#include "build.h"
#include "control.h"
#include "hooks.h"
#include "tty.h"

#define NEW_BUILD                                                                           \
    {                                                                                       \
        .root_fd = -1, .dir_fd = -1, .sock = -1, .init_sock = -1, .start_fd = -1,           \
        .console_fd = -1, .tree_fd = -1, .signal_fd = -1, .cgroup_fd = -1, .master_fd = -1, \
        .init = {                                                                           \
            .pidfd = -1                                                                     \
        }                                                                                   \
    }

int sb_create(const struct sb_create_opts *opts, const struct su_spec *spec, struct su_error *err)
{
    _cleanup_(sb_build_free) struct sb_build b = NEW_BUILD;

    b.wait_for_start = true;
    return sb_build(&b, opts, spec, err);
}

static int run_poststart_hooks(const struct sb_build *b, struct su_error *err)
{
    const oci_hook_list *list = sb_hooks_of(b->plan.spec->oci.hooks, SB_HOOK_POSTSTART);
    const struct sb_hook_state state = {.head = b->plan.state_head,
                                        .tail = b->plan.state_tail,
                                        .status = "running",
                                        .pid = b->init.pid};
    struct sb_hook_failure failure;

    if (sb_run_hooks(list, &state, environ, &failure) == 0)
        return 0;
    return sb_hook_error(SB_HOOK_POSTSTART, list->v[failure.index].path, &failure, err);
}

/* Passes on what the runtime is told, but for what concerns the runtime itself. */
static void forward_signals(const struct sb_build *b, struct sb_tty *tty)
{
    struct signalfd_siginfo info;

    while (read(b->signal_fd, &info, sizeof(info)) == sizeof(info)) {
        if (info.ssi_signo == SIGWINCH && b->master_fd >= 0)
            sb_tty_resize(tty);
        else
            syscall(SYS_pidfd_send_signal, b->init.pidfd, (int)info.ssi_signo, NULL, 0);
    }
}

static int exit_status_of(const siginfo_t *info)
{
    return info->si_code == CLD_EXITED ? info->si_status : 128 + info->si_status;
}

static int watch(struct sb_build *b, int *exit_status, struct su_error *err)
{
    _cleanup_(sb_tty_close) struct sb_tty tty = SB_TTY_NONE;
    siginfo_t info = {0};

    if (b->master_fd >= 0)
        sb_tty_open(&tty, b->master_fd);
    for (;;) {
        struct pollfd p[2 + SB_TTY_POLLFDS] = {
            {.fd = b->init.pidfd, .events = POLLIN},
            {.fd = b->signal_fd, .events = POLLIN},
        };
        sb_tty_poll(&tty, &p[2]);
        if (poll(p, SU_ARRAY_SIZE(p), -1) < 0 && errno != EINTR)
            return su_fail(err, errno, "cannot wait for the container: %s", strerror(errno));
        if (p[1].revents)
            forward_signals(b, &tty);
        sb_tty_copy(&tty, &p[2]);
        if (p[0].revents)
            break;
    }
    sb_tty_drain(&tty);
    if (SU_RETRY_EINTR(waitid(P_PIDFD, (id_t)b->init.pidfd, &info, WEXITED)) < 0)
        return su_fail(err, errno, "cannot learn the container's exit status: %s", strerror(errno));
    *exit_status = exit_status_of(&info);
    su_closep(&b->init.pidfd);
    b->init.pidfd = -1;
    return 0;
}

/* The container has ended or must end: all that was made for it goes. */
static int remove_all(struct sb_build *b, struct su_error *err)
{
    sb_build_kill(b);
    return sb_remove_container(b->root_fd, b->dir_fd, &b->state, b->plan.spec, err);
}

int sb_run(const struct sb_create_opts *opts, const struct su_spec *spec, int *exit_status,
           struct su_error *err)
{
    _cleanup_(sb_build_free) struct sb_build b = NEW_BUILD;
    int ret = sb_build(&b, opts, spec, err);

    if (ret < 0)
        return ret;
    ret = run_poststart_hooks(&b, err);
    if (ret < 0) {
        remove_all(&b, NULL);
        return ret;
    }
    sb_state_unlock(b.dir_fd);
    *exit_status = 0;
    if (opts->detach)
        return 0;
    ret = watch(&b, exit_status, err);
    if (opts->keep)
        return ret;
    /* Somebody else may have deleted it meanwhile, and even made another of the same name. */
    int removed =
        sb_state_relock(b.root_fd, opts->id, b.dir_fd) ? remove_all(&b, ret < 0 ? NULL : err) : 0;
    return ret < 0 ? ret : removed;
}
