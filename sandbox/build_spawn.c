/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gives birth to init with one clone3 and does for it what only the builder can: id maps, v1
 * cgroups, limits above its own, its place in the state folder. All of that goes on while init
 * makes its mounts; where nothing else is to wait for, "go" is sent ahead.
 */
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <base/base.h>

#include "build.h"
#include "init.h"

/* Signals are read from an fd from here on, so that none ends the builder in the middle. */
static int block_signals(struct sb_build *b, struct su_error *err)
{
    sigset_t wanted;

    sigfillset(&wanted);
    if (sigprocmask(SIG_BLOCK, &wanted, NULL) < 0)
        return su_fail(err, errno, "cannot block signals: %s", strerror(errno));
    sigdelset(&wanted, SIGCHLD);
    sigdelset(&wanted, SIGPIPE);
    b->signal_fd = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
    return b->signal_fd < 0 ? su_fail(err, errno, "cannot read signals: %s", strerror(errno)) : 0;
}

static bool waits_for_builder(const struct sb_build *b)
{
    /* A v1 cgroup namespace is rooted where init is, so it must have been moved before. */
    return b->plan.new_userns || (b->plan.new_cgroupns && b->plan.cgroup_host.mode != SB_CGROUP_V2);
}

/* All that init needs, allocated before it is born. */
static int make_init(struct sb_build *b, struct sb_init *in, struct su_error *err)
{
    struct sb_plan *plan = &b->plan;

    plan->n_creatable += 16; /* symlinks in /dev, the console, the working folder */
    *in = (struct sb_init){
        .plan = plan,
        .sock = b->init_sock,
        .builder_fd = b->sock,
        .lock_fd = b->dir_fd,
        .wait_mapped = waits_for_builder(b),
        .start_fd = b->start_fd,
        .tree_fd = b->tree_fd,
        .lsm_fd = -1,
        .master_fd = -1,
        .slave_fd = -1,
        .created = su_arena_array(&plan->arena, plan->n_creatable, sizeof(struct sb_created)),
        .readonly = su_arena_array(&plan->arena, plan->n_mounts, sizeof(struct sb_readonly)),
        .program = su_arena_alloc(&plan->arena, PATH_MAX),
        .home = su_arena_alloc(&plan->arena, PATH_MAX),
        .scratch = su_arena_array(&plan->arena, 3, SB_SCRATCH_BYTES),
    };
    return in->created && in->readonly && in->program && in->home && in->scratch
               ? 0
               : su_fail(err, ENOMEM, "out of memory");
}

/* One clone; where the kernel will not put init into its cgroup at birth it is moved later. */
static long clone_init(struct sb_build *b, bool *in_cgroup)
{
    const struct sb_plan *plan = &b->plan;
    struct clone_args args = {
        .flags = (uint64_t)CLONE_PIDFD | (plan->join_user.ns ? 0 : plan->clone_flags),
        .pidfd = (uint64_t)(uintptr_t)&b->init.pidfd,
        .exit_signal = SIGCHLD,
    };

    *in_cgroup = b->cgroup_fd >= 0;
    if (*in_cgroup) {
        struct clone_args with = args;
        with.flags |= CLONE_INTO_CGROUP;
        with.cgroup = (unsigned)b->cgroup_fd;
        long pid = syscall(SYS_clone3, &with, sizeof(with));
        if (pid >= 0 || (errno != EINVAL && errno != EOPNOTSUPP && errno != E2BIG))
            return pid;
        *in_cgroup = false;
    }
    return syscall(SYS_clone3, &args, sizeof(args));
}

/* Steps into the namespaces that exist, so that init is born there, and out again. */
static int enter_joins(struct sb_build *b, struct su_ns_restore *back, size_t *n,
                       struct su_error *err)
{
    for (*n = 0; *n < b->plan.n_joins; (*n)++) {
        const struct sb_join *join = &b->plan.joins[*n];
        int ret = su_apply_ns(join->ns, &back[*n], err);
        if (ret < 0)
            return sb_namespace_error(join, err);
    }
    return 0;
}

static int leave_joins(struct su_ns_restore *back, size_t n, struct su_error *err)
{
    int ret = 0;

    while (n > 0 && ret == 0)
        ret = su_ns_restore(&back[--n], err);
    return ret;
}

static int give_birth(struct sb_build *b, bool *in_cgroup, struct su_error *err)
{
    struct sb_init in;
    size_t n_back = 0;
    struct su_ns_restore *back = su_arena_array(&b->plan.arena, b->plan.n_joins, sizeof(*back));
    int ret = back ? make_init(b, &in, err) : su_fail(err, ENOMEM, "out of memory");

    if (ret == 0)
        ret = enter_joins(b, back, &n_back, err);
    if (ret < 0) {
        leave_joins(back, n_back, NULL);
        return ret;
    }
    long pid = clone_init(b, in_cgroup);
    if (pid == 0)
        sb_init_run(&in);
    int why = errno;
    ret = leave_joins(back, n_back, err);
    if (pid < 0)
        return su_fail_at(err, SU_ERR_NAMESPACE, why, "linux.namespaces",
                          "cannot make the container's process and namespaces: %s%s", strerror(why),
                          why == EPERM ? " (are user namespaces allowed here?)" : "");
    b->init.pid = (pid_t)pid;
    return ret;
}

/* With a user namespace that exists and a pid namespace that is new, the first child only lives
 * to make the real init. */
static int adopt_forked_init(struct sb_build *b, struct su_error *err)
{
    struct sb_msg msg;

    if (!b->plan.join_user.ns || !(b->plan.clone_flags & CLONE_NEWPID))
        return 0;
    int ret = sb_recv(b->sock, &msg, NULL);
    if (ret < 0 || msg.kind != SB_MSG_FORKED)
        return su_fail_at(err, SU_ERR_NAMESPACE, EPROTO, "linux.namespaces",
                          "cannot enter the user namespace and make a pid namespace in it: %s",
                          strerror(ret < 0 ? -ret : msg.value));
    SU_RETRY_EINTR(waitid(P_PIDFD, (id_t)b->init.pidfd, &(siginfo_t){0}, WEXITED));
    su_closep(&b->init.pidfd);
    b->init.pid = msg.value;
    b->init.pidfd = (int)syscall(SYS_pidfd_open, b->init.pid, 0);
    return b->init.pidfd < 0
               ? su_fail(err, errno, "cannot open the container's process: %s", strerror(errno))
               : 0;
}

/* --- what only the builder can do
 * ------------------------------------------------------------------ */

static int write_maps(struct sb_build *b, struct su_error *err)
{
    const struct sb_plan *plan = &b->plan;

    if (!plan->new_userns)
        return 0;
    return su_write_id_maps(b->init.pid, plan->uid_maps, plan->n_uid_maps, plan->gid_maps,
                            plan->n_gid_maps, plan->allow_setgroups, err);
}

static int join_cgroups(struct sb_build *b, bool in_cgroup, struct su_error *err)
{
    if (b->cgroup.paths.n == 0)
        return 0;
    if (in_cgroup)
        return b->plan.cgroup.mode == SB_CGROUP_V2
                   ? 0
                   : sb_cgroup_join_v1(&b->plan.cgroup, b->init.pid, err);
    return sb_cgroup_join(&b->cgroup, b->init.pid, err);
}

static int set_oom_score(struct sb_build *b, struct su_error *err)
{
    const int *score = b->plan.process.oci->oom_score_adj;
    char path[sizeof("/proc/2147483647/oom_score_adj")], text[sizeof("-2147483648")];

    if (!score)
        return 0;
    snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", (int)b->init.pid);
    snprintf(text, sizeof(text), "%d", *score);
    int ret = su_write_file_at(AT_FDCWD, path, text);
    if (ret < 0)
        return su_fail_at(err, SU_ERR_IO, -ret, "process.oomScoreAdj", "cannot set %d: %s%s",
                          *score, strerror(-ret),
                          ret == -EACCES || ret == -EPERM ? " (lowering it takes CAP_SYS_RESOURCE)"
                                                          : "");
    return 0;
}

/* In a user namespace init cannot raise a hard limit, but its builder may be able to. Init sets
 * the exact values, and reports what cannot be had. */
static void raise_limits(struct sb_build *b)
{
    const struct sb_process *p = &b->plan.process;

    if (!b->plan.new_userns && !b->plan.join_user.ns)
        return;
    for (size_t i = 0; i < p->n_rlimits; i++) {
        struct rlimit limit;
        __rlimit_resource_t resource = (__rlimit_resource_t)p->rlimits[i].resource;
        if (prlimit(b->init.pid, resource, NULL, &limit) < 0 ||
            limit.rlim_max >= p->rlimits[i].limit.rlim_max)
            continue;
        limit.rlim_max = p->rlimits[i].limit.rlim_max;
        prlimit(b->init.pid, resource, &limit, NULL);
    }
}

static int send_to_init(struct sb_build *b, enum sb_msg_kind kind, struct su_error *err)
{
    const struct sb_msg msg = {.kind = kind, .value = b->init.pid, .extra = b->init.ignored};
    int ret = sb_send(b->sock, &msg, -1);

    /* An init that has died is found out about, and explained, by sb_build_follow(). */
    return ret < 0 && ret != -EPIPE && ret != -ECONNRESET
               ? su_fail(err, -ret, "cannot reach the container's init: %s", strerror(-ret))
               : 0;
}

static void remove_pid_file(int dirfd, const char *path)
{
    unlinkat(dirfd, path, 0);
}

/* Whole or not at all, and without a line end: callers convert the whole file. Something that is
 * no regular file (/dev/stdout) cannot be replaced and is written to. */
static int write_pid_file(struct sb_build *b, struct su_error *err)
{
    const char *path = b->plan.opts->pid_file;
    char text[sizeof("-2147483648")];
    struct stat st;

    if (!path)
        return 0;
    int len = snprintf(text, sizeof(text), "%d", (int)b->init.pid);
    bool in_place = stat(path, &st) == 0 && !S_ISREG(st.st_mode);
    const char *temporary = in_place ? path : su_arena_printf(&b->plan.arena, "%s.%s", path, text);
    if (!temporary || (!in_place && sb_undo_push(&b->undo, remove_pid_file, AT_FDCWD, path) < 0))
        return su_fail(err, ENOMEM, "out of memory");
    _cleanup_fd_ int fd =
        open(temporary, O_WRONLY | O_CREAT | (in_place ? 0 : O_TRUNC) | O_CLOEXEC, 0644);
    int ret = fd < 0 ? -errno : su_write_all(fd, text, (size_t)len);
    if (ret == 0 && !in_place && rename(temporary, path) < 0) {
        ret = -errno;
        unlink(temporary);
    }
    return ret < 0 ? su_fail(err, -ret, "cannot write pid file \"%s\": %s", path, strerror(-ret))
                   : 0;
}

/* Sources are init's by now; held any longer they would keep the host's file systems busy. */
static void close_sources(struct sb_build *b)
{
    for (size_t i = 0; i < b->plan.n_mounts; i++)
        if (b->plan.mounts[i].kind == SB_MOUNT_BIND && b->plan.mounts[i].src_fd >= 0)
            close(b->plan.mounts[i].src_fd);
    su_closep(&b->tree_fd);
    b->tree_fd = -1;
    su_closep(&b->init_sock);
    b->init_sock = -1;
    su_closep(&b->start_fd);
    b->start_fd = -1;
}

int sb_build_spawn(struct sb_build *b, struct su_error *err)
{
    bool in_cgroup = false;
    int ret = block_signals(b, err);

    if (ret == 0)
        ret = give_birth(b, &in_cgroup, err);
    if (ret < 0)
        return ret;
    close_sources(b);
    ret = adopt_forked_init(b, err);
    if (ret == 0)
        ret = sb_state_write_pid(b->dir_fd, &b->init, err);
    if (ret == 0)
        ret = write_maps(b, err);
    if (ret == 0)
        ret = join_cgroups(b, in_cgroup, err);
    if (ret == 0 && waits_for_builder(b))
        ret = send_to_init(b, SB_MSG_MAPPED, err);
    if (ret == 0)
        ret = set_oom_score(b, err);
    if (ret < 0)
        return ret;
    raise_limits(b);
    ret = write_pid_file(b, err);
    /* Hooks come before the container's program, so "go" follows them. */
    return ret < 0 || b->wait_for_start || b->plan.wait_for_hooks ? ret
                                                                  : send_to_init(b, SB_MSG_GO, err);
}
