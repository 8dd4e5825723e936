/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sequence of init: namespaces, rootfs, mounts, hooks, protection, pivot_root, "ready", a
 * wait for "go", exec. Each step is elsewhere; this file owns their order and what happens when
 * one fails.
 */
#include "init.h"

#include <assert.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <base/base.h>

#include "hooks.h"
#include "net.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

int sb_init_fail(struct sb_init *in, enum sb_step step, size_t index, int value)
{
    in->fail = (struct sb_msg){
        .kind = SB_MSG_ERROR, .step = step, .index = (uint32_t)index, .value = value};
    return -value;
}

/* Waits for one kind of message from the builder. */
static int expect(struct sb_init *in, enum sb_msg_kind kind)
{
    struct sb_msg msg;
    int ret = sb_recv(in->sock, &msg, NULL);

    if (ret < 0 || msg.kind != kind)
        return sb_init_fail(in, SB_STEP_SYNC, 0, ret < 0 ? -ret : EPROTO);
    in->ignored = msg.extra;
    return 0;
}

static int tell(struct sb_init *in, enum sb_msg_kind kind, int32_t value)
{
    const struct sb_msg msg = {.kind = kind, .value = value};
    int ret = sb_send(in->sock, &msg, -1);

    return ret < 0 ? sb_init_fail(in, SB_STEP_SYNC, 0, -ret) : 0;
}

/* --- namespaces
 * -------------------------------------------------------------------------------------- */

/* Nobody may look into this process, which still knows the host. */
static int hide(struct sb_init *in)
{
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ? sb_init_fail(in, SB_STEP_SYNC, 0, errno) : 0;
}

static int fork_into_pidns(struct sb_init *in)
{
    /* With CLONE_PARENT the new init is the builder's child, as it would be without this step. */
    struct clone_args args = {.flags = CLONE_NEWPID | CLONE_PARENT};
    long pid = syscall(SYS_clone3, &args, sizeof(args));

    if (pid < 0)
        return sb_init_fail(in, SB_STEP_UNSHARE, 0, errno);
    if (pid == 0)
        return 0;
    _exit(tell(in, SB_MSG_FORKED, (int32_t)pid) < 0);
}

/* A user namespace that exists: what is new must be made inside it, so that it owns it. */
static int join_user(struct sb_init *in)
{
    const struct sb_join *join = &in->plan->join_user;
    unsigned long flags = (unsigned long)in->plan->clone_flags & ~(unsigned long)CLONE_NEWPID;

    if (!join->ns)
        return 0;
    /* Inside, setgroups may be denied for good. */
    if (setgroups(0, NULL) < 0 && errno != EPERM)
        return sb_init_fail(in, SB_STEP_GROUPS, 0, errno);
    if (setns(join->fd, CLONE_NEWUSER) < 0)
        return sb_init_fail(in, SB_STEP_JOIN, join->index, errno);
    if (flags && syscall(SYS_unshare, flags) < 0)
        return sb_init_fail(in, SB_STEP_UNSHARE, 0, errno);
    return in->plan->clone_flags & CLONE_NEWPID ? fork_into_pidns(in) : 0;
}

/* Files are made by root, or where that is not mapped by somebody who is. */
static uint32_t builder_id(const struct su_id_map *maps, size_t n)
{
    return sb_id_is_mapped(maps, n, 0) ? 0 : maps[0].container_id;
}

static int become_root(struct sb_init *in)
{
    const struct sb_plan *plan = in->plan;

    if (!plan->new_userns && !plan->join_user.ns)
        return 0;
    uid_t uid = plan->join_user.ns ? 0 : builder_id(plan->uid_maps, plan->n_uid_maps);
    gid_t gid = plan->join_user.ns ? 0 : builder_id(plan->gid_maps, plan->n_gid_maps);
    return setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0
               ? sb_init_fail(in, SB_STEP_IDS, 0, errno)
               : 0;
}

/*
 * A new time namespace takes offsets only while nobody is in it, which is so between unshare and
 * setns.
 */
static int enter_time_namespace(struct sb_init *in)
{
    if (!in->plan->new_timens)
        return 0;
    if (unshare(CLONE_NEWTIME) < 0)
        return sb_init_fail(in, SB_STEP_UNSHARE, 0, errno);
    if (in->plan->time_offsets) {
        /* Becoming root has hidden this process, its own files included. Nobody else is in the
         * user namespace yet. */
        if (in->plan->new_userns && prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0)
            return sb_init_fail(in, SB_STEP_TIME_OFFSETS, 0, errno);
        int ret = su_write_file_at(AT_FDCWD, "/proc/self/timens_offsets", in->plan->time_offsets);
        if (ret < 0)
            return sb_init_fail(in, SB_STEP_TIME_OFFSETS, 0, -ret);
    }
    _cleanup_fd_ int fd = open("/proc/self/ns/time_for_children", O_RDONLY | O_CLOEXEC);
    if (fd < 0 || setns(fd, CLONE_NEWTIME) < 0)
        return sb_init_fail(in, SB_STEP_UNSHARE, 0, errno);
    return 0;
}

static int enter_namespaces(struct sb_init *in)
{
    const struct sb_plan *plan = in->plan;
    bool owner = plan->initial_userns && !plan->new_userns;
    int ret = owner ? hide(in) : 0;

    if (ret == 0 && in->wait_mapped)
        ret = expect(in, SB_MSG_MAPPED);
    if (ret == 0)
        ret = join_user(in);
    if (ret == 0)
        ret = become_root(in);
    if (ret == 0 && plan->join_mount.ns && setns(plan->join_mount.fd, CLONE_NEWNS) < 0)
        ret = sb_init_fail(in, SB_STEP_JOIN, plan->join_mount.index, errno);
    /* Not with clone3: the root of a cgroup namespace is the cgroup that its maker is in. */
    if (ret == 0 && plan->new_cgroupns && unshare(CLONE_NEWCGROUP) < 0)
        ret = sb_init_fail(in, SB_STEP_UNSHARE, 0, errno);
    if (ret == 0)
        ret = enter_time_namespace(in);
    /* In a user namespace a hidden process could not have written its own files in /proc. */
    return ret < 0 || owner ? ret : hide(in);
}

/* --- in between
 * ----------------------------------------------------------------------------------------- */

static int wait_for_runtime_hooks(struct sb_init *in)
{
    if (!in->plan->wait_for_hooks)
        return 0;
    int ret = tell(in, SB_MSG_MOUNTED, 0);
    return ret < 0 ? ret : expect(in, SB_MSG_CONTINUE);
}

static int run_hooks(struct sb_init *in, enum sb_hook_kind kind, const char *status,
                     char *const *env)
{
    const oci_hook_list *list = sb_hooks_of(in->plan->spec->oci.hooks, kind);
    /* These hooks see the container's process by its number in there. */
    struct sb_hook_state state = {
        in->plan->state_head, in->plan->state_tail, status, getpid(),
        .cancel = {.fd = kind == SB_HOOK_CREATE_CONTAINER ? in->sock : 0}};
    struct sb_hook_failure failure;

    static_assert(sizeof(failure.output) == sizeof(in->fail.text), "a hook's output fits");
    if (list->n == 0)
        return 0;
    /* Our own mask is empty for the sake of exact modes, which is not for others. */
    umask(in->caller_umask);
    int ret = sb_run_hooks(list, &state, env, &failure);
    umask(0);
    if (ret == 0)
        return 0;
    sb_init_fail(in, SB_STEP_HOOK, failure.index,
                 failure.errnum ? failure.errnum : -failure.wait_status);
    in->fail.extra = kind;
    in->fail.n_text = (uint32_t)failure.n_output;
    memcpy(in->fail.text, failure.output, failure.n_output);
    return -1;
}

static int create_container_hooks(struct sb_init *in)
{
    return run_hooks(in, SB_HOOK_CREATE_CONTAINER, "creating", environ);
}

static int set_names(struct sb_init *in)
{
    const struct oci_spec *oci = &in->plan->spec->oci;

    if (oci->hostname && *oci->hostname && sethostname(oci->hostname, strlen(oci->hostname)) < 0)
        return sb_init_fail(in, SB_STEP_HOSTNAME, 0, errno);
    if (oci->domainname && *oci->domainname &&
        setdomainname(oci->domainname, strlen(oci->domainname)) < 0)
        return sb_init_fail(in, SB_STEP_DOMAINNAME, 0, errno);
    return 0;
}

static int bring_loopback_up(struct sb_init *in)
{
    if (!in->plan->new_netns)
        return 0;
    int ret = sb_loopback_up();
    return ret < 0 ? sb_init_fail(in, SB_STEP_LOOPBACK, 0, -ret) : 0;
}

/* The label is written last, through a file that was opened while /proc was the host's. */
static int open_label_file(struct sb_init *in)
{
    if (!in->plan->process.lsm_label)
        return 0;
    _cleanup_fd_ int dir = open("/proc/self/attr", O_PATH | O_DIRECTORY | O_CLOEXEC);
    in->lsm_fd = dir < 0 ? -1 : openat(dir, in->plan->process.lsm_attr, O_WRONLY | O_CLOEXEC);
    return in->lsm_fd < 0 ? sb_init_fail(in, SB_STEP_LSM, 0, errno) : 0;
}

/* --- go
 * --------------------------------------------------------------------------------------------------
 */

/* Waits for sb_start(); one that dies before it has said "go" is as if it had never come. */
static int wait_for_start(struct sb_init *in)
{
    for (;;) {
        struct sb_msg msg;
        int conn = SU_RETRY_EINTR(accept4(in->start_fd, NULL, NULL, SOCK_CLOEXEC));
        if (conn < 0)
            return sb_init_fail(in, SB_STEP_SYNC, 0, errno);
        if (sb_recv(conn, &msg, NULL) == 0 && msg.kind == SB_MSG_GO) {
            in->sock = conn;
            in->ignored = msg.extra;
            close(in->start_fd);
            return 0;
        }
        close(conn);
    }
}

/* A container may stay created for long: until then nothing of the host is kept open. */
static void close_all_but(struct sb_init *in, int a, int b)
{
    int low = a < b ? a : b, high = a < b ? b : a;
    int next = 3 + (int)in->plan->opts->preserve_fds;

    for (int i = 0; i < 2; i++) {
        int keep = i == 0 ? low : high;
        if (keep < next)
            continue;
        if (keep > next)
            su_close_range((unsigned)next, (unsigned)keep - 1);
        next = keep + 1;
    }
    su_close_range((unsigned)next, ~0U);
}

static int wait_for_go(struct sb_init *in)
{
    int ret = tell(in, SB_MSG_READY, 0);

    if (ret < 0)
        return ret;
    if (in->start_fd < 0)
        return expect(in, SB_MSG_GO);
    in->n_created = 0; /* what is there now belongs to a container that exists */
    close_all_but(in, in->start_fd, in->lsm_fd);
    in->sock = -1;
    return wait_for_start(in);
}

static int start_container_hooks(struct sb_init *in)
{
    return run_hooks(in, SB_HOOK_START_CONTAINER, "created", in->plan->process.env);
}

/* The caller's terminal and its process group are not the container's. */
static int start_session(struct sb_init *in)
{
    return setsid() < 0 ? sb_init_fail(in, SB_STEP_SYNC, 0, errno) : 0;
}

/* The caller's fds that the container is to have stay, all others go at exec: those that leaked
 * into the runtime as well as its own. */
static int keep_fds(struct sb_init *in)
{
    unsigned first = 3 + in->plan->opts->preserve_fds;

    close(in->builder_fd);
    close(in->lock_fd);
    su_cloexec_from(first);
    in->caller_umask = umask(0);
    return 0;
}

/* Detaches the rootfs, since what is mounted on cannot be removed, and removes what was made. */
static void take_back(struct sb_init *in)
{
    bool attached = in->plan->new_mountns || in->plan->join_mount.ns;

    if (in->n_created == 0)
        return;
    /* Only a mount of ours: without a mount namespace the one there is the host's. */
    if (attached && fchdir(in->tree_fd) == 0)
        umount2(".", MNT_DETACH);
    sb_init_remove_created(in);
}

_Noreturn void sb_init_run(struct sb_init *in)
{
    static int (*const steps[])(struct sb_init *) = {
        keep_fds,
        start_session,
        enter_namespaces,
        sb_init_attach_rootfs,
        sb_init_mounts,
        sb_init_devices,
        wait_for_runtime_hooks,
        create_container_hooks,
        sb_init_sysctls,
        set_names,
        bring_loopback_up,
        open_label_file,
        sb_init_terminal,
        sb_init_protect_paths,
        sb_init_finish_rootfs,
        sb_init_pivot,
        sb_init_share_rootfs,
        sb_init_check_process,
        wait_for_go,
        start_container_hooks,
        sb_init_exec,
    };
    int ret = 0;

    for (size_t i = 0; i < SU_ARRAY_SIZE(steps) && ret == 0; i++)
        ret = steps[i](in);
    take_back(in);
    /* A builder that is gone has no use for the message. */
    sb_send(in->sock, &in->fail, -1);
    _exit(1);
}
