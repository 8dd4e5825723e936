/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands for a container that exists: start, kill, delete. Each holds the container's lock,
 * and acts on init only through a pidfd that was checked to be it.
 */
#include "control.h"

#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>

#include <base/base.h>

#include "hook_state.h"
#include "hooks.h"
#include "listener.h"
#include "pod.h"
#include "report.h"
#include "sync.h"

/* An open, locked container. */
struct target {
    struct su_arena arena;
    struct sb_state state;
    struct sb_proc init;
    int root_fd, dir_fd;
};

#define NO_TARGET                                          \
    {                                                      \
        .init = {.pidfd = -1}, .root_fd = -1, .dir_fd = -1 \
    }

static void close_target(struct target *t)
{
    su_closep(&t->init.pidfd);
    su_closep(&t->dir_fd);
    su_closep(&t->root_fd);
    su_arena_free(&t->arena);
}

static int open_root(const char *root, const char *id, struct su_error *err)
{
    int ret = sb_check_id(id, err);
    int fd = ret < 0 ? ret : sb_state_open_root(root, false, err);

    return fd == -ENOENT ? su_fail(err, ENOENT, "container \"%s\" does not exist", id) : fd;
}

static int open_target(const char *root, const char *id, struct target *t, struct su_error *err)
{
    t->root_fd = open_root(root, id, err);
    if (t->root_fd < 0)
        return t->root_fd;
    t->dir_fd = sb_state_lock_dir(t->root_fd, id, err);
    if (t->dir_fd < 0)
        return t->dir_fd;
    int ret = sb_state_read(t->dir_fd, id, &t->arena, &t->state, err);
    if (ret < 0)
        return ret;
    sb_state_find_init(t->dir_fd, &t->init);
    return 0;
}

static void send_signal(int pidfd, int sig)
{
    syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0);
}

static void wait_for_end(int pidfd)
{
    struct pollfd p = {.fd = pidfd, .events = POLLIN};

    while (poll(&p, 1, -1) < 0 && errno == EINTR)
        continue;
}

/* Ends all of a container. The cgroup first: init may be dead while others are not. */
static void kill_all(const struct target *t)
{
    if (t->init.pidfd >= 0)
        send_signal(t->init.pidfd, SIGKILL);
    if (t->state.cgroup && t->state.cgroup->paths.n > 0)
        sb_cgroup_signal(t->state.cgroup, SIGKILL, NULL);
    if (t->init.pidfd >= 0)
        wait_for_end(t->init.pidfd);
}

/* --- the end -------------------------------------------------------------------------------------
 */

static void run_poststop_hooks(const struct sb_state *state, const struct su_spec *spec)
{
    const oci_hook_list *list = sb_hooks_of(spec->oci.hooks, SB_HOOK_POSTSTOP);
    _cleanup_arena_ struct su_arena arena = {0};
    struct sb_hook_state text = {.status = "stopped"};

    if (sb_hook_state_text(&arena, state, &text.head, &text.tail, NULL) < 0)
        return;
    for (size_t i = 0; i < list->n; i++) {
        struct sb_hook_failure failure = {.index = i};
        _cleanup_error_ struct su_error err = {0};
        if (sb_run_hook(&list->v[i], &text, environ, &failure) == 0)
            continue;
        sb_hook_error(SB_HOOK_POSTSTOP, list->v[i].path, &failure, &err);
        su_warn("%s", su_error_text(&err));
    }
}

int sb_remove_container(int root_fd, int dir_fd, const struct sb_state *state,
                        const struct su_spec *spec, struct su_error *err)
{
    _cleanup_(su_spec_free) struct su_spec own = {0};
    _cleanup_error_ struct su_error no_spec = {0};
    int ret = 0;

    if (!spec && state->has_poststop) {
        if (sb_state_read_config(dir_fd, state->bundle, &own, &no_spec) < 0)
            su_warn("poststop hooks left out: %s", su_error_text(&no_spec));
        else
            spec = &own;
    }
    if (state->cgroup && state->cgroup->paths.n > 0)
        ret = sb_cgroup_remove(state->cgroup, err);
    if (ret < 0)
        return su_error_prefix(err, "container \"%s\"", state->id);
    sb_state_remove_dir(root_fd, state->id);
    if (spec && state->has_poststop)
        run_poststop_hooks(state, spec);
    return 0;
}

/* What a builder that was killed early has left: a folder without a state, and no init. */
static int delete_broken(const struct target *t, const char *id, bool force, struct su_error *err)
{
    if (!force || t->dir_fd < 0)
        return -EINVAL;
    su_debug("container \"%s\" has no usable state, removing what is there: %s", id,
             su_error_text(err));
    su_error_clear(err);
    sb_state_remove_dir(t->root_fd, id);
    return 0;
}

/* A command that hangs, in a hook maybe, holds the lock: what it waits for ends. */
static void end_busy(const char *root, const char *id)
{
    _cleanup_(close_target) struct target t = NO_TARGET;

    t.root_fd = open_root(root, id, NULL);
    if (t.root_fd < 0)
        return;
    t.dir_fd = sb_state_open_dir(t.root_fd, id, NULL);
    if (t.dir_fd >= 0 && sb_state_is_locked(t.dir_fd) && sb_state_find_init(t.dir_fd, &t.init) == 0)
        send_signal(t.init.pidfd, SIGKILL);
}

int sb_delete(const char *root, const char *id, bool force, struct su_error *err)
{
    if (force)
        end_busy(root, id);
    _cleanup_(close_target) struct target t = NO_TARGET;
    _cleanup_error_ struct su_error own = {0};
    struct su_error *e = err ? err : &own;
    int ret = open_target(root, id, &t, e);

    if (ret == -ENOENT && t.dir_fd < 0 && force) {
        su_error_clear(e);
        return 0;
    }
    if (ret < 0) {
        int broken = delete_broken(&t, id, force, e);
        return broken < 0 ? ret : 0;
    }
    if (t.init.pidfd >= 0 && !force && !sb_state_is_waiting(t.dir_fd))
        return su_fail(e, EBUSY, "cannot delete container \"%s\" that is not stopped: %s", id,
                       t.state.cgroup && sb_cgroup_is_frozen(t.state.cgroup) == 1 ? "paused"
                                                                                  : "running");
    kill_all(&t);
    ret = sb_remove_container(t.root_fd, t.dir_fd, &t.state, NULL, e);
    if (ret == 0 && t.state.is_sandbox)
        sb_pod_name_members(root, id);
    return ret;
}

/* --- kill
 * ------------------------------------------------------------------------------------------ */

int sb_kill(const char *root, const char *id, int sig, bool all, struct su_error *err)
{
    _cleanup_(close_target) struct target t = NO_TARGET;
    const struct sb_cgroup_ref *cgroup;

    /* No lock: a signal must get through while another command waits for the container. */
    t.root_fd = open_root(root, id, err);
    if (t.root_fd < 0)
        return t.root_fd;
    t.dir_fd = sb_state_open_dir(t.root_fd, id, err);
    if (t.dir_fd < 0)
        return t.dir_fd;
    int ret = sb_state_read(t.dir_fd, id, &t.arena, &t.state, err);
    if (ret < 0)
        return ret;
    sb_state_find_init(t.dir_fd, &t.init);
    cgroup = t.state.cgroup && t.state.cgroup->paths.n > 0 ? t.state.cgroup : NULL;
    if (all && cgroup)
        return sb_cgroup_signal(cgroup, sig, err);
    if (t.init.pidfd < 0)
        return all ? 0 : su_fail(err, ESRCH, "container \"%s\": container not running", id);
    if (syscall(SYS_pidfd_send_signal, t.init.pidfd, sig, NULL, 0) < 0)
        return su_fail(err, errno, "cannot send signal %d to container \"%s\": %s", sig, id,
                       errno == ESRCH ? "container not running" : strerror(errno));
    /* A frozen v1 cgroup keeps even what was killed. */
    if (sig == SIGKILL && cgroup && sb_cgroup_is_frozen(cgroup) == 1)
        return sb_cgroup_freeze(cgroup, false, err);
    return 0;
}

/* --- start
 * ----------------------------------------------------------------------------------------- */

/* A container that cannot be started is of no use to anybody: it goes, and says why. */
static int fail_start(struct target *t, const struct su_spec *spec, struct su_error *err)
{
    int ret = -err->errnum;

    kill_all(t);
    sb_remove_container(t->root_fd, t->dir_fd, &t->state, spec, NULL);
    return ret;
}

static int pass_listener(struct target *t, int fd, const struct su_spec *spec, struct su_error *err)
{
    struct sb_hook_state text = {.status = "created", .pid = t->init.pid};
    _cleanup_fd_ int listener = fd;
    int ret = sb_hook_state_text(&t->arena, &t->state, &text.head, &text.tail, err);

    return ret < 0 ? ret : sb_pass_listener(&spec->oci, &text, listener, err);
}

/* "go", and then silence: the connection ends when the program is executed. A listener may come
 * before. spec is read where it is needed. */
static int let_go(struct target *t, struct su_spec *spec, struct sb_msg *reply,
                  struct su_error *err)
{
    const struct sb_msg go = {.kind = SB_MSG_GO, .value = t->init.pid, .extra = t->init.ignored};
    _cleanup_fd_ int conn = sb_state_connect(t->dir_fd);
    int fd = -1, ret = conn < 0 ? conn : 0;

    /* First, since nobody would do it if we were killed: a running container that seems created
     * could be deleted without force. */
    if (ret == 0) {
        sb_state_end_waiting(t->dir_fd);
        ret = sb_send(conn, &go, -1);
    }
    if (ret == 0)
        ret = sb_recv(conn, reply, &fd);
    if (ret == 0 && reply->kind == SB_MSG_LISTENER) {
        ret = sb_state_read_config(t->dir_fd, t->state.bundle, spec, err);
        if (ret == 0)
            ret = pass_listener(t, fd, spec, err);
        if (ret < 0)
            return fail_start(t, spec, err);
        ret = sb_recv(conn, reply, NULL);
    }
    if (ret == -ECONNRESET) {
        reply->kind = 0;
        return 0;
    }
    return ret < 0 ? su_fail(err, -ret, "cannot reach the init of container \"%s\": %s",
                             t->state.id, strerror(-ret))
                   : 0;
}

static int run_poststart_hooks(struct target *t, const struct su_spec *spec, struct su_error *err)
{
    const oci_hook_list *list = sb_hooks_of(spec->oci.hooks, SB_HOOK_POSTSTART);
    struct sb_hook_state text = {.status = "running", .pid = t->init.pid};
    struct sb_hook_failure failure;
    int ret = sb_hook_state_text(&t->arena, &t->state, &text.head, &text.tail, err);

    if (ret < 0)
        return ret;
    if (sb_run_hooks(list, &text, environ, &failure) == 0)
        return 0;
    return sb_hook_error(SB_HOOK_POSTSTART, list->v[failure.index].path, &failure, err);
}

int sb_start(const char *root, const char *id, struct su_error *err)
{
    _cleanup_(close_target) struct target t = NO_TARGET;
    _cleanup_(su_spec_free) struct su_spec spec = {0};
    struct sb_msg reply = {0};
    int ret = open_target(root, id, &t, err);

    if (ret < 0)
        return ret;
    if (t.init.pidfd < 0 || !sb_state_is_waiting(t.dir_fd))
        return su_fail(err, EINVAL,
                       "cannot start container \"%s\" in the \"%s\" state, expected "
                       "\"created\"",
                       id, t.init.pidfd < 0 ? "stopped" : "running");
    ret = let_go(&t, &spec, &reply, err);
    if (ret < 0)
        return ret;
    if (reply.kind == 0 && !t.state.has_poststart)
        return 0;
    ret = spec.oci.oci_version ? 0 : sb_state_read_config(t.dir_fd, t.state.bundle, &spec, err);
    if (ret == 0 && reply.kind != 0)
        ret = sb_report(NULL, &spec.oci, &reply, err);
    if (ret == 0)
        ret = run_poststart_hooks(&t, &spec, err);
    return ret < 0 ? fail_start(&t, &spec, err) : 0;
}
