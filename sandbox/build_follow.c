/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Follows init: one poll on its socket, its pidfd and the signals. Passes the terminal on, runs
 * the hooks of the runtime's side at their moment, and turns what went wrong into an error.
 */
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include <base/base.h>

#include "build.h"
#include "hooks.h"
#include "listener.h"
#include "report.h"

/* Long enough for a slow disk, short enough for a caller to get an answer. Hooks of init may set
 * their own timeouts, or none. */
enum { READY_TIMEOUT_MS = 120000 };

static int died(struct sb_build *b, struct su_error *err)
{
    siginfo_t info = {0};

    SU_RETRY_EINTR(waitid(P_PIDFD, (id_t)b->init.pidfd, &info, WEXITED | WNOWAIT));
    if (info.si_code == CLD_KILLED || info.si_code == CLD_DUMPED)
        return su_fail_at(err, SU_ERR_EXITED, ECHILD, NULL,
                          "the container's init was killed by signal %d before it was ready%s",
                          info.si_status,
                          info.si_status == SIGKILL ? " (is its memory limit too small?)" : "");
    return su_fail_at(err, SU_ERR_EXITED, ECHILD, NULL,
                      "the container's init exited with status %d before it was ready",
                      info.si_status);
}

static int run_runtime_hooks(struct sb_build *b, struct su_error *err)
{
    static const enum sb_hook_kind kinds[] = {SB_HOOK_PRESTART, SB_HOOK_CREATE_RUNTIME};
    const struct sb_plan *plan = &b->plan;
    const struct sb_hook_state state = {plan->state_head, plan->state_tail, "creating", b->init.pid,
                                        .cancel = {.fd = b->init.pidfd, .events = POLLIN}};
    struct sb_hook_failure failure;

    for (size_t i = 0; i < SU_ARRAY_SIZE(kinds); i++) {
        const oci_hook_list *list = sb_hooks_of(plan->spec->oci.hooks, kinds[i]);
        if (sb_run_hooks(list, &state, environ, &failure) == 0)
            continue;
        return failure.errnum == ECANCELED
                   ? died(b, err)
                   : sb_hook_error(kinds[i], list->v[failure.index].path, &failure, err);
    }
    return 0;
}

static int send_kind(struct sb_build *b, enum sb_msg_kind kind, struct su_error *err)
{
    const struct sb_msg msg = {.kind = kind, .value = b->init.pid, .extra = b->init.ignored};
    int ret = sb_send(b->sock, &msg, -1);

    return ret < 0 ? su_fail(err, -ret, "cannot reach the container's init: %s", strerror(-ret))
                   : 0;
}

/* The master goes to whoever listens, with the terminal's name as the payload. */
static int pass_terminal(struct sb_build *b, struct su_error *err)
{
    static const char name[] = "/dev/ptmx";

    if (b->console_fd < 0)
        return 0;
    int ret = sb_send_bytes(b->console_fd, name, strlen(name), b->master_fd);
    if (ret < 0)
        return su_fail(err, -ret, "cannot send the terminal to console socket \"%s\": %s",
                       b->plan.opts->console_socket, strerror(-ret));
    su_closep(&b->master_fd);
    b->master_fd = -1;
    return 0;
}

static int pass_listener(struct sb_build *b, int fd, struct su_error *err)
{
    const struct sb_plan *plan = &b->plan;
    const struct sb_hook_state state = {.head = plan->state_head,
                                        .tail = plan->state_tail,
                                        .status = "creating",
                                        .pid = b->init.pid};
    _cleanup_fd_ int listener = fd;

    return sb_pass_listener(&plan->spec->oci, &state, listener, err);
}

/* One message. 1: nothing more to wait for. */
static int handle(struct sb_build *b, struct su_error *err)
{
    struct sb_msg msg;
    int fd = -1;
    int ret = sb_recv(b->sock, &msg, &fd);

    if (ret == -ECONNRESET) {
        b->execed = b->is_ready;
        return b->is_ready ? 1 : died(b, err);
    }
    if (ret < 0)
        return su_fail(err, -ret, "cannot hear the container's init: %s", strerror(-ret));
    switch ((enum sb_msg_kind)msg.kind) {
    case SB_MSG_MASTER:
        b->master_fd = fd;
        return pass_terminal(b, err);
    case SB_MSG_LISTENER:
        return pass_listener(b, fd, err);
    case SB_MSG_MOUNTED:
        ret = run_runtime_hooks(b, err);
        if (ret == 0)
            ret = send_kind(b, SB_MSG_CONTINUE, err);
        return ret < 0 || b->wait_for_start ? ret : send_kind(b, SB_MSG_GO, err);
    case SB_MSG_READY:
        b->is_ready = true;
        return b->wait_for_start;
    default:
        return sb_report(&b->plan, &b->plan.spec->oci, &msg, err);
    }
}

/* A signal in the middle of a build ends it; those that say nothing about that are passed over. */
static int interrupted(struct sb_build *b, struct su_error *err)
{
    struct signalfd_siginfo info;

    while (read(b->signal_fd, &info, sizeof(info)) == sizeof(info))
        if (info.ssi_signo == SIGINT || info.ssi_signo == SIGTERM || info.ssi_signo == SIGHUP ||
            info.ssi_signo == SIGQUIT)
            return su_fail(err, EINTR, "interrupted by signal %u", info.ssi_signo);
    return 0;
}

int sb_build_follow(struct sb_build *b, struct su_error *err)
{
    const oci_hook_list *own_hooks = sb_hooks_of(b->plan.spec->oci.hooks, SB_HOOK_CREATE_CONTAINER);
    int timeout = own_hooks->n > 0 ? -1 : READY_TIMEOUT_MS;

    for (;;) {
        struct pollfd p[] = {
            {.fd = b->sock, .events = POLLIN},
            {.fd = b->signal_fd, .events = POLLIN},
            {.fd = b->init.pidfd, .events = POLLIN},
        };
        int n = poll(p, SU_ARRAY_SIZE(p), timeout), ret = 0;
        if (n < 0 && errno != EINTR)
            return su_fail(err, errno, "cannot wait for the container: %s", strerror(errno));
        if (n == 0)
            return su_fail_at(err, SU_ERR_TIMEOUT, ETIMEDOUT, NULL,
                              "the container's init was not ready after %d s",
                              READY_TIMEOUT_MS / 1000);
        if (n > 0 && p[0].revents)
            ret = handle(b, err);
        else if (n > 0 && p[1].revents)
            ret = interrupted(b, err);
        else if (n > 0 && p[2].revents)
            ret = died(b, err);
        if (ret != 0)
            return ret < 0 ? ret : 0;
    }
}
