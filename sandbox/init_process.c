/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last steps of init: working folder, program, scheduling, limits, ids, capabilities, filter,
 * exec. The order is the kernel's: what needs privileges comes before they are dropped, and the
 * filter comes as late as it can, since it applies to all that follows.
 */
#include <fcntl.h>
#include <grp.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <sys/capability.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <base/base.h>

#include "init.h"
#include "signals.h"

enum { PASSWD_CHUNK = 4096, IOPRIO_WHO_PROCESS = 1, IOPRIO_CLASS_SHIFT = 13 };

/* --- working folder and program
 * ------------------------------------------------------------------- */

/*
 * The folder is resolved without magic links and the kernel is asked where it is: a link such as
 * /proc/self/fd/7 in its place must not lead to the host by an fd that happens to be open.
 */
static int enter_cwd(struct sb_init *in)
{
    const char *cwd = in->plan->process.oci->cwd;
    char *where = in->scratch;
    _cleanup_fd_ int fd = sb_init_open(in, cwd + strspn(cwd, "/"), SB_WANT_DIR, 0);

    if (fd < 0)
        return sb_init_fail(in, SB_STEP_CWD, 0, -fd);
    if (fchdir(fd) < 0)
        return sb_init_fail(in, SB_STEP_CWD, 0, errno);
    if (syscall(SYS_getcwd, where, (size_t)SB_SCRATCH_BYTES) < 0)
        return sb_init_fail(in, SB_STEP_CWD, 0, errno);
    return where[0] == '/' ? 0 : sb_init_fail(in, SB_STEP_CWD_OUTSIDE, 0, EPERM);
}

/* 0: a program. The mode is looked at, not our own rights: those are root's for now. */
static int check_program(struct sb_init *in, const char *path)
{
    struct stat st;

    if (stat(path, &st) < 0)
        return -errno;
    if (S_ISDIR(st.st_mode))
        return -EISDIR;
    if (!S_ISREG(st.st_mode) || !(st.st_mode & 0111))
        return -EACCES;
    if (st.st_dev == in->plan->self_dev && st.st_ino == in->plan->self_ino)
        return -ETXTBSY;
    return 0;
}

/* As execvp(3): the first that is a program; a match without permission is remembered. */
static int find_in_path(struct sb_init *in, const char *name)
{
    size_t name_size = strlen(name) + 1;
    int result = -ENOENT;

    for (const char *dir = in->plan->process.path_list;; dir++) {
        size_t len = strcspn(dir, ":");
        if (len + 1 + name_size <= PATH_MAX) {
            memcpy(in->program, dir, len);
            in->program[len] = '/';
            memcpy(in->program + len + (len > 0), name, name_size);
            int ret = check_program(in, in->program);
            if (ret == 0 || ret == -ETXTBSY)
                return ret;
            if (ret == -EACCES)
                result = ret;
        }
        dir += len;
        if (!*dir)
            return result;
    }
}

static int find_program(struct sb_init *in)
{
    const char *name = in->plan->process.argv[0];
    bool in_path = !strchr(name, '/') && *name;
    int ret;

    if (in_path) {
        ret = find_in_path(in, name);
    } else {
        size_t size = strlen(name) + 1;
        if (size > PATH_MAX)
            return sb_init_fail(in, SB_STEP_EXECUTABLE, 0, ENAMETOOLONG);
        memcpy(in->program, name, size);
        ret = check_program(in, name);
    }
    if (ret == 0)
        return 0;
    sb_init_fail(in, ret == -ETXTBSY ? SB_STEP_EXECUTABLE_SELF : SB_STEP_EXECUTABLE, 0, -ret);
    in->fail.extra = in_path;
    return ret;
}

/* A line of passwd: returns the home folder (in place) if it is uid's. */
static char *home_of(char *line, uid_t uid)
{
    char *field[6], *end;

    for (size_t i = 0; i < SU_ARRAY_SIZE(field); i++)
        if (!(field[i] = strsep(&line, ":")))
            return NULL;
    unsigned long id = strtoul(field[2], &end, 10);
    return *field[2] >= '0' && *field[2] <= '9' && !*end && id == uid ? field[5] : NULL;
}

/* Looks HOME up, reading the container's passwd piece by piece; in->home keeps it. Long lines are
 * cut off, as nothing says how long a hostile file's are. */
static void find_home(struct sb_init *in)
{
    char *buf = in->scratch, *home = NULL;
    size_t used = 0;
    ssize_t n;
    _cleanup_fd_ int fd = sb_open_in_root(in->tree_fd, "etc/passwd", O_RDONLY | O_NONBLOCK, 0);
    struct stat st;

    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
        while (!home && (n = read(fd, buf + used, PASSWD_CHUNK - used)) > 0) {
            used += (size_t)n;
            for (char *nl; !home && (nl = memchr(buf, '\n', used));) {
                *nl = '\0';
                home = home_of(buf, in->plan->process.oci->user.uid);
                if (!home) {
                    used -= (size_t)(nl + 1 - buf);
                    memmove(buf, nl + 1, used);
                }
            }
            used = used == PASSWD_CHUNK ? 0 : used;
        }
    }
    snprintf(in->home, PATH_MAX, "HOME=%s", home && *home ? home : "/");
}

/* Where HOME is there but empty it is replaced, else it is added. */
static void set_home(struct sb_init *in)
{
    const struct sb_process *p = &in->plan->process;
    size_t i = 0;

    if (!p->needs_home)
        return;
    find_home(in);
    while (i < p->n_env && !su_has_prefix(p->env[i], "HOME="))
        i++;
    p->env[i] = in->home;
}

int sb_init_check_process(struct sb_init *in)
{
    int ret = enter_cwd(in);

    if (ret == 0)
        ret = find_program(in);
    if (ret == 0)
        set_home(in);
    return ret;
}

/* --- scheduling and limits
 * -------------------------------------------------------------------------- */

/* The kernel's struct, which glibc does not have. */
struct sched_attributes {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
};

static int set_scheduler(struct sb_init *in)
{
    const struct oci_process *p = in->plan->process.oci;

    if (p->scheduler) {
        struct sched_attributes attr = {
            .size = sizeof(attr),
            .policy = (uint32_t)p->scheduler->policy,
            .nice = p->scheduler->nice,
            .priority = (uint32_t)p->scheduler->priority,
            .runtime = p->scheduler->runtime,
            .deadline = p->scheduler->deadline,
            .period = p->scheduler->period,
        };
        for (size_t i = 0; i < p->scheduler->flags.n; i++)
            attr.flags |= (uint64_t)(unsigned)p->scheduler->flags.v[i];
        if (syscall(SYS_sched_setattr, 0, &attr, 0) < 0)
            return sb_init_fail(in, SB_STEP_SCHEDULER, 0, errno);
    }
    if (p->io_priority) {
        int value = p->io_priority->class_ << IOPRIO_CLASS_SHIFT | p->io_priority->priority;
        if (syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, value) < 0)
            return sb_init_fail(in, SB_STEP_IO_PRIORITY, 0, errno);
    }
    return 0;
}

static int set_memory_policy(struct sb_init *in)
{
    const struct oci_linux *lx = in->plan->spec->oci.linux_;
    const struct sb_process *p = &in->plan->process;

    if (lx && lx->memory_policy) {
        unsigned mode = (unsigned)lx->memory_policy->mode;
        for (size_t i = 0; i < lx->memory_policy->flags.n; i++)
            mode |= (unsigned)lx->memory_policy->flags.v[i];
        if (syscall(SYS_set_mempolicy, mode, p->mempolicy_nodes, p->mempolicy_bits) < 0)
            return sb_init_fail(in, SB_STEP_MEMORY_POLICY, 0, errno);
    }
    if (p->has_personality && personality(p->personality) < 0)
        return sb_init_fail(in, SB_STEP_PERSONALITY, 0, errno);
    return 0;
}

static int set_rlimits(struct sb_init *in)
{
    const struct sb_process *p = &in->plan->process;

    for (size_t i = 0; i < p->n_rlimits; i++)
        if (setrlimit((__rlimit_resource_t)p->rlimits[i].resource, &p->rlimits[i].limit) < 0)
            return sb_init_fail(in, SB_STEP_RLIMIT, p->rlimits[i].index, errno);
    return 0;
}

/* The user must be able to reopen its own standard streams: pipes, sockets and terminals. Files
 * and devices of the host keep their owner: they are somebody else's as well. */
static void own_stdio(const struct oci_user *user)
{
    struct stat st;

    for (int fd = 0; fd <= 2 && user->uid != 0; fd++) {
        if (fstat(fd, &st) < 0 || st.st_uid == user->uid ||
            !(S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode) || isatty(fd)))
            continue;
        if (fchown(fd, user->uid, (gid_t)-1) < 0)
            continue; /* a pipe of another user namespace: nothing that could be done */
    }
}

static int join_keyring(struct sb_init *in)
{
    if (in->plan->opts->no_new_keyring)
        return 0;
    /* Without a name: with one it would be joined if somebody had made it before, such as another
     * container of the same user. */
    if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 && errno != ENOSYS &&
        errno != EPERM && errno != EACCES)
        return sb_init_fail(in, SB_STEP_KEYRING, 0, errno);
    return 0;
}

static int set_label(struct sb_init *in)
{
    const struct sb_process *p = &in->plan->process;

    if (!p->lsm_label)
        return 0;
    /* Opened below the host's procfs before the image was in sight. */
    int ret = su_write_all(in->lsm_fd, p->lsm_label, strlen(p->lsm_label));
    return ret < 0 ? sb_init_fail(in, SB_STEP_LSM, 0, -ret) : 0;
}

/* --- ids, capabilities, filter
 * ------------------------------------------------------------------------ */

static int drop_bounding(struct sb_init *in)
{
    uint64_t keep = in->plan->process.caps.bounding;

    /* Up to the kernel's last capability, which it shows by EINVAL. */
    for (unsigned cap = 0; cap < 64; cap++) {
        if (keep & (UINT64_C(1) << cap))
            continue;
        if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0) {
            if (errno == EINVAL)
                return 0;
            return sb_init_fail(in, SB_STEP_CAPABILITIES, cap, errno);
        }
    }
    return 0;
}

static int set_caps(uint64_t permitted, uint64_t effective, uint64_t inheritable)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {
        {(uint32_t)effective, (uint32_t)permitted, (uint32_t)inheritable},
        {(uint32_t)(effective >> 32), (uint32_t)(permitted >> 32), (uint32_t)(inheritable >> 32)},
    };

    return capset(&head, data) < 0 ? -errno : 0;
}

static int set_ids(struct sb_init *in)
{
    const struct sb_process *p = &in->plan->process;
    const struct oci_user *user = &p->oci->user;

    /* A namespace that was joined may deny it; then there are no groups any more to drop. */
    if (p->set_groups && setgroups(p->n_groups, p->groups) < 0 &&
        !(in->plan->join_user.ns && p->n_groups == 0 && errno == EPERM))
        return sb_init_fail(in, SB_STEP_GROUPS, 0, errno);
    if (user->uid != 0 && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
        return sb_init_fail(in, SB_STEP_USER, 0, errno);
    if (setresgid(user->gid, user->gid, user->gid) < 0 ||
        setresuid(user->uid, user->uid, user->uid) < 0)
        return sb_init_fail(in, SB_STEP_USER, 0, errno);
    return 0;
}

static int load_filter(struct sb_init *in)
{
    const struct su_seccomp_prog *prog = &in->plan->process.seccomp;
    const unsigned flags = prog->flags | (prog->notify ? SECCOMP_FILTER_FLAG_NEW_LISTENER : 0);
    const struct sb_msg msg = {.kind = SB_MSG_LISTENER};
    const struct sock_fprog fprog = {.len = (unsigned short)prog->n, .filter = prog->code};

    if (!in->plan->process.has_seccomp)
        return 0;
    long listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &fprog);
    if (listener < 0)
        return sb_init_fail(in, SB_STEP_SECCOMP, 0, errno);
    if (!prog->notify)
        return 0;
    /* The kernel has made it close-on-exec. */
    int ret = sb_send(in->sock, &msg, (int)listener);
    return ret < 0 ? sb_init_fail(in, SB_STEP_SYNC, 0, -ret) : 0;
}

static int raise_ambient(struct sb_init *in)
{
    uint64_t ambient = in->plan->process.caps.ambient;

    for (unsigned cap = 0; ambient >> cap; cap++)
        if (ambient & (UINT64_C(1) << cap) &&
            prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0)
            return sb_init_fail(in, SB_STEP_CAPABILITIES, cap, errno);
    return 0;
}

/*
 * Without no_new_privs loading a filter takes CAP_SYS_ADMIN, so it is loaded before the last
 * capset; with it, as the very last thing.
 */
static int drop_privileges(struct sb_init *in)
{
    const uint64_t loader = UINT64_C(1) << CAP_SYS_ADMIN;
    const struct sb_process *p = &in->plan->process;
    const struct su_task_caps *caps = &p->caps;
    bool nnp = p->oci->no_new_privileges;
    int ret = drop_bounding(in);

    if (ret == 0)
        ret = set_ids(in);
    if (ret < 0)
        return ret;
    if (p->has_seccomp && !nnp) {
        if (p->oci->user.uid != 0 && (ret = set_caps(caps->permitted | loader, loader, 0)) < 0)
            return sb_init_fail(in, SB_STEP_CAPABILITIES, 0, -ret);
        ret = load_filter(in);
        if (ret < 0)
            return ret;
    }
    ret = set_caps(caps->permitted, caps->effective, caps->inheritable);
    if (ret < 0)
        return sb_init_fail(in, SB_STEP_CAPABILITIES, 0, -ret);
    ret = raise_ambient(in);
    if (ret < 0 || !nnp)
        return ret;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return sb_init_fail(in, SB_STEP_NO_NEW_PRIVS, 0, errno);
    return load_filter(in);
}

int sb_init_exec(struct sb_init *in)
{
    static int (*const steps[])(struct sb_init *) = {
        set_scheduler, set_memory_policy, join_keyring, set_rlimits, set_label,
    };
    const struct sb_process *p = &in->plan->process;
    int ret = 0;

    own_stdio(&p->oci->user);
    for (size_t i = 0; i < SU_ARRAY_SIZE(steps) && ret == 0; i++)
        ret = steps[i](in);
    if (ret < 0)
        return ret;
    umask(p->oci->user.umask ? (mode_t)*p->oci->user.umask : in->caller_umask);
    sb_reset_ignored_signals(in->ignored);
    ret = drop_privileges(in);
    if (ret < 0)
        return ret;
    execve(in->program, p->argv, p->env);
    return sb_init_fail(in, SB_STEP_EXEC, 0, errno);
}
