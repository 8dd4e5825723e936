/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The builder's frame: plan, prepare the host, give birth to init, follow it until it is ready;
 * and back again if anything fails.
 */
#include "build.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <base/base.h>

#include "pod.h"

enum { UNDO_TIMEOUT_MS = 2000 };

/* fds that the caller promised for the container must be there, and be the caller's: one that is
 * closed now would be taken by something of ours. */
static int check_preserved_fds(const struct sb_create_opts *opts, struct su_error *err)
{
    for (unsigned i = 0; i < opts->preserve_fds; i++) {
        int flags = fcntl(3 + (int)i, F_GETFD);
        if (flags < 0 || (flags & FD_CLOEXEC))
            return su_fail(err, EBADF, "--preserve-fds %u: fd %u is not open", opts->preserve_fds,
                           3 + i);
    }
    return 0;
}

/* A call that the kernel lacks has been met by a kernel too old, or by a filter as good as one. */
static void explain_old_kernel(struct su_error *err)
{
    if (!err || err->errnum != ENOSYS || strstr(su_error_text(err), "Linux 5."))
        return;
    char *json_path = su_take_ptr(&err->json_path);
    su_fail_at(err, err->kind, ENOSYS, NULL, "%s (runlet takes Linux 5.6 or newer)",
               su_error_text(err));
    err->json_path = json_path;
}

void sb_build_kill(struct sb_build *b)
{
    if (b->init.pidfd < 0)
        return;
    syscall(SYS_pidfd_send_signal, b->init.pidfd, SIGKILL, NULL, 0);
    /* Without a pid namespace of its own the container may have left more than init. */
    if (b->cgroup.paths.n > 0)
        sb_cgroup_signal(&b->cgroup, SIGKILL, NULL);
    SU_RETRY_EINTR(waitid(P_PIDFD, (id_t)b->init.pidfd, &(siginfo_t){0}, WEXITED));
}

/* An init that is let down takes back what it made in the rootfs; one that is killed cannot. */
static void let_init_undo(struct sb_build *b)
{
    struct pollfd p = {.fd = b->init.pidfd, .events = POLLIN};

    if (b->init.pidfd < 0 || b->is_ready)
        return;
    shutdown(b->sock, SHUT_RDWR);
    SU_RETRY_EINTR(poll(&p, 1, UNDO_TIMEOUT_MS));
}

int sb_build(struct sb_build *b, const struct sb_create_opts *opts, const struct su_spec *spec,
             struct su_error *err)
{
    static int (*const steps[])(struct sb_build *, struct su_error *) = {
        sb_build_prepare,
        sb_build_spawn,
        sb_build_follow,
    };
    int ret = sb_check_id(opts->id, err);

    if (ret == 0)
        ret = check_preserved_fds(opts, err);
    if (ret == 0)
        ret = sb_pod_check(opts, &spec->oci, err);
    if (ret == 0)
        ret = sb_plan_make(opts, spec, &b->plan, err);
    for (size_t i = 0; i < SU_ARRAY_SIZE(steps) && ret == 0; i++)
        ret = steps[i](b, err);
    if (ret < 0) {
        explain_old_kernel(err);
        let_init_undo(b);
        sb_build_kill(b);
        sb_undo_run(&b->undo);
    }
    return ret;
}

void sb_build_free(struct sb_build *b)
{
    int *const fds[] = {&b->root_fd,   &b->dir_fd,     &b->sock,      &b->init_sock,
                        &b->start_fd,  &b->console_fd, &b->tree_fd,   &b->signal_fd,
                        &b->cgroup_fd, &b->master_fd,  &b->init.pidfd};

    sb_undo_drop(&b->undo);
    sb_plan_free(&b->plan);
    for (size_t i = 0; i < SU_ARRAY_SIZE(fds); i++)
        su_closep(fds[i]);
}
