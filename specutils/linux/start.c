/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starts a program in namespaces, new ones and such that exist. The caller never moves: a child
 * joins, and if something is to be made inside of what it joined, it clones the program as its
 * own sibling and goes. Between clone and exec the child makes system calls only, on data that
 * was prepared before; its failures travel over a socket as a struct.
 */
#include "start.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <specutils/process.h>

#include "base/base.h"

static const uint64_t ns_flags = CLONE_NEWCGROUP | CLONE_NEWIPC | CLONE_NEWNS | CLONE_NEWNET |
                                 CLONE_NEWPID | CLONE_NEWTIME | CLONE_NEWUSER | CLONE_NEWUTS;

/* What the child was about to do. */
enum stage {
    STAGE_JOIN,
    STAGE_CLONE,
    STAGE_CLONED, /* no failure: the pid of the program */
    STAGE_MAPS,
    STAGE_SETSID,
    STAGE_SETGROUPS,
    STAGE_SETGID,
    STAGE_SETUID,
    STAGE_CAPS,
    STAGE_CHDIR,
    STAGE_PDEATHSIG,
    STAGE_FDS,
    STAGE_CTTY,
    STAGE_EXEC,
};

static const char *const stage_names[] = {
    [STAGE_CLONE] = "clone3: ",
    [STAGE_MAPS] = "waiting for the id maps: ",
    [STAGE_SETSID] = "setsid: ",
    [STAGE_SETGROUPS] = "setgroups: ",
    [STAGE_SETGID] = "setting the group id: ",
    [STAGE_SETUID] = "setting the user id: ",
    [STAGE_CAPS] = "setting ambient capabilities: ",
    [STAGE_CHDIR] = "changing the working directory: ",
    [STAGE_PDEATHSIG] = "setting the parent-death signal: ",
    [STAGE_FDS] = "placing the open files: ",
    [STAGE_CTTY] = "setting the controlling terminal: ",
    [STAGE_EXEC] = "",
};

struct message {
    enum stage stage;
    int error;
    size_t index; /* STAGE_JOIN: the entry of the list */
    pid_t pid;    /* STAGE_CLONED */
};

struct join {
    int fd, type;
    size_t index;
    bool done;
};

/* All that the child needs. */
struct start {
    struct su_cmd *cmd;
    char *const *argv, *const *envp;
    struct join *joins;
    size_t n_joins;
    int *fds; /* to become 0, 1, 2, ... */
    size_t n_fds;
    int null_fd, child_sock, parent_sock;
    bool awaits_maps, clones_again;
    sigset_t mask;
};

static void start_free(struct start *start)
{
    for (size_t i = 0; i < start->n_joins; i++)
        close(start->joins[i].fd);
    free(start->joins);
    free(start->fds);
    su_closep(&start->null_fd);
    su_closep(&start->child_sock);
    su_closep(&start->parent_sock);
}

/* fork(2) with more flags, the caller's handlers cleared so that none runs in the child. */
static pid_t clone_process(uint64_t flags, int *pidfd)
{
    struct clone_args args = {
        .flags = flags | CLONE_CLEAR_SIGHAND,
        .exit_signal = flags & CLONE_PARENT ? 0 : SIGCHLD,
        .pidfd = (uintptr_t)pidfd,
    };
    return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

/* --- in the child ------------------------------------------------------------------------------
 */

static void say(const struct start *start, const struct message *message)
{
    /* Nobody is left to hear of a failure here. */
    (void)!send(start->child_sock, message, sizeof(*message), MSG_NOSIGNAL);
}

__attribute__((noreturn)) static void give_up(const struct start *start, enum stage stage)
{
    say(start, &(struct message){.stage = stage, .error = errno});
    _exit(127);
}

/* The parent holds its end until exec: if it is closed, the parent has gone. */
static bool parent_is_gone(const struct start *start)
{
    char byte;

    return recv(start->child_sock, &byte, 1, MSG_DONTWAIT | MSG_PEEK) == 0;
}

/*
 * A privileged process has to join what belongs to its own user namespace before it leaves
 * that; an unprivileged one can join the rest only from inside. So what is refused while a user
 * namespace is still to come is tried again behind it.
 */
static void join_all(struct start *start)
{
    bool user_to_come = false;

    for (size_t i = 0; i < start->n_joins; i++)
        user_to_come |= start->joins[i].type == CLONE_NEWUSER;
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < start->n_joins; i++) {
            struct join *join = &start->joins[i];
            if (join->done)
                continue;
            join->done = setns(join->fd, join->type) == 0;
            if (join->done)
                user_to_come &= join->type != CLONE_NEWUSER;
            else if (errno != EPERM || pass > 0 || !user_to_come) {
                say(start, &(struct message){STAGE_JOIN, errno, join->index, 0});
                _exit(127);
            }
        }
    }
}

static void await_maps(const struct start *start)
{
    char byte;
    ssize_t n = SU_RETRY_EINTR(recv(start->child_sock, &byte, 1, 0));

    if (n == 0)
        errno = EPIPE;
    if (n <= 0)
        give_up(start, STAGE_MAPS);
}

/* System calls, not glibc's functions: those would signal threads that this child never had. */
static void set_cred(const struct start *start)
{
    const struct su_cmd *cmd = start->cmd;

    if ((cmd->n_gid_maps == 0 || cmd->allow_setgroups) && syscall(SYS_setgroups, 0, NULL) < 0)
        give_up(start, STAGE_SETGROUPS);
    if (syscall(SYS_setresgid, cmd->gid, cmd->gid, cmd->gid) < 0)
        give_up(start, STAGE_SETGID);
    if (cmd->ambient_caps && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
        give_up(start, STAGE_CAPS);
    if (syscall(SYS_setresuid, cmd->uid, cmd->uid, cmd->uid) < 0)
        give_up(start, STAGE_SETUID);
}

static void set_ambient_caps(const struct start *start)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
    uint64_t caps = start->cmd->ambient_caps;

    if (syscall(SYS_capget, &header, data) < 0)
        give_up(start, STAGE_CAPS);
    for (unsigned i = 0; i < 2; i++) {
        uint32_t half = (uint32_t)(caps >> (32 * i));
        data[i].permitted |= half;
        data[i].inheritable |= half;
    }
    if (syscall(SYS_capset, &header, data) < 0)
        give_up(start, STAGE_CAPS);
    for (unsigned cap = 0; cap < 64; cap++) {
        if ((caps >> cap & 1) && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0)
            give_up(start, STAGE_CAPS);
    }
}

/* Away from the numbers that are to be filled first, so that none is overwritten unread. */
static void place_fds(struct start *start)
{
    int n = (int)start->n_fds;

    int sock = fcntl(start->child_sock, F_DUPFD_CLOEXEC, n);
    if (sock < 0)
        give_up(start, STAGE_FDS);
    start->child_sock = sock;
    for (int i = 0; i < n; i++) {
        start->fds[i] = fcntl(start->fds[i], F_DUPFD_CLOEXEC, n);
        if (start->fds[i] < 0)
            give_up(start, STAGE_FDS);
    }
    for (int i = 0; i < n; i++) {
        if (dup2(start->fds[i], i) < 0)
            give_up(start, STAGE_FDS);
    }
    /* Linux before 5.11 cannot; there all fds of our own are close-on-exec anyway. */
    if (!start->cmd->keep_fds)
        syscall(SYS_close_range, (unsigned)n, ~0U, CLOSE_RANGE_CLOEXEC);
}

__attribute__((noreturn)) static void become_program(struct start *start)
{
    const struct su_cmd *cmd = start->cmd;

    if (start->awaits_maps)
        await_maps(start);
    if (cmd->setsid && setsid() < 0)
        give_up(start, STAGE_SETSID);
    if (cmd->set_cred)
        set_cred(start);
    if (cmd->ambient_caps)
        set_ambient_caps(start);
    if (cmd->cwd && chdir(cmd->cwd) < 0)
        give_up(start, STAGE_CHDIR);
    if (cmd->pdeath_sig) {
        if (prctl(PR_SET_PDEATHSIG, cmd->pdeath_sig, 0, 0, 0) < 0)
            give_up(start, STAGE_PDEATHSIG);
        /* From here on the signal comes; before, nobody would have sent it. */
        if (parent_is_gone(start))
            _exit(127);
    }
    place_fds(start);
    if (cmd->setctty && ioctl(cmd->ctty_fd, TIOCSCTTY, 0) < 0)
        give_up(start, STAGE_CTTY);
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &start->mask, NULL, _NSIG / 8);
    execve(cmd->path, start->argv, start->envp);
    give_up(start, STAGE_EXEC);
}

__attribute__((noreturn)) static void run_child(struct start *start)
{
    close(start->parent_sock);
    join_all(start);
    if (!start->clones_again)
        become_program(start);
    pid_t pid = clone_process((start->cmd->clone_flags & ns_flags) | CLONE_PARENT, NULL);
    if (pid == 0)
        become_program(start);
    if (pid < 0)
        give_up(start, STAGE_CLONE);
    /* Our own pid namespace is still the caller's, so the number means the same there. */
    say(start, &(struct message){.stage = STAGE_CLONED, .pid = pid});
    _exit(0);
}

/* --- in the caller -----------------------------------------------------------------------------
 */

static int check_cmd(const struct su_cmd *cmd, const struct start *start, struct su_error *err)
{
    if (cmd->clone_flags & ~ns_flags)
        return su_fail(err, EINVAL, "cannot start \"%s\": 0x%llx are not flags of namespaces",
                       cmd->path, (unsigned long long)(cmd->clone_flags & ~ns_flags));
    if (!(cmd->clone_flags & CLONE_NEWUSER)) {
        if (cmd->n_uid_maps || cmd->n_gid_maps)
            return su_fail_at(err, SU_ERR_NAMESPACE, EINVAL, NULL,
                              "cannot start \"%s\": id maps without a new user namespace",
                              cmd->path);
        return 0;
    }
    for (size_t i = 0; i < start->n_joins; i++) {
        if (start->joins[i].type == CLONE_NEWUSER)
            return su_fail_at(err, SU_ERR_NAMESPACE, EINVAL, "linux.namespaces",
                              "one user namespace to join and one to make, expected at most one");
    }
    return 0;
}

/* Opens what is to be joined and adds the flags of what is to be made. */
static int prepare_nss(struct start *start, const struct oci_linux_namespace *nss, size_t n,
                       struct su_error *err)
{
    bool joins_pid = false;

    start->joins = calloc(n + 1, sizeof(*start->joins));
    if (!start->joins)
        return su_fail(err, ENOMEM, "out of memory");
    for (size_t i = 0; i < n; i++) {
        if (nss[i].path && *nss[i].path) {
            int fd = su_open_ns(&nss[i], err);
            if (fd < 0)
                return fd;
            start->joins[start->n_joins++] = (struct join){fd, nss[i].type, i, false};
            joins_pid |= nss[i].type == CLONE_NEWPID;
        } else if (su_ns_kind_by_flag(nss[i].type)) {
            start->cmd->clone_flags |= (unsigned)nss[i].type;
        } else {
            return su_fail_at(err, SU_ERR_NAMESPACE, EINVAL, "linux.namespaces",
                              "type 0x%x is not a namespace", (unsigned)nss[i].type);
        }
    }
    /* What is made has to be made inside of what is joined, and a joined pid namespace takes in
     * only what is born after the joining. */
    start->clones_again = joins_pid || (start->n_joins && start->cmd->clone_flags);
    return check_cmd(start->cmd, start, err);
}

static int prepare_fds(struct start *start, struct su_error *err)
{
    const struct su_cmd *cmd = start->cmd;

    start->n_fds = 3 + cmd->n_extra_fds;
    if (start->n_fds > INT32_MAX / sizeof(int))
        return su_fail(err, EINVAL, "cannot start \"%s\": too many open files", cmd->path);
    start->fds = malloc(start->n_fds * sizeof(int));
    if (!start->fds)
        return su_fail(err, ENOMEM, "out of memory");
    for (size_t i = 0; i < start->n_fds; i++) {
        start->fds[i] = i < 3 ? cmd->stdio[i] : cmd->extra_fds[i - 3];
        if (i >= 3 || start->fds[i] >= 0)
            continue;
        if (start->null_fd < 0)
            start->null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
        if (start->null_fd < 0)
            return su_fail(err, errno, "cannot open /dev/null: %s", strerrordesc_np(errno));
        start->fds[i] = start->null_fd;
    }
    return 0;
}

static int prepare_socket(struct start *start, struct su_error *err)
{
    int socks[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, socks) < 0)
        return su_fail(err, errno, "cannot make a socket pair: %s", strerrordesc_np(errno));
    start->parent_sock = socks[0];
    start->child_sock = socks[1];
    return 0;
}

static const char *clone_hint(int errnum, uint64_t flags)
{
    if (errnum == ENOSYS)
        return " (Linux 5.5 or newer is needed)";
    if (errnum == ENOSPC || errnum == EUSERS)
        return " (the limits are in /proc/sys/user/max_*_namespaces)";
    if (errnum != EPERM && errnum != EACCES)
        return "";
    if (flags & CLONE_NEWUSER)
        return " (user namespaces may be forbidden by the sysctls user.max_user_namespaces, "
               "kernel.unprivileged_userns_clone or "
               "kernel.apparmor_restrict_unprivileged_userns, or inside of a chroot)";
    return " (new namespaces need CAP_SYS_ADMIN, or a new user namespace with them)";
}

static int report(const struct start *start, const struct message *message,
                  const struct oci_linux_namespace *nss, struct su_error *err)
{
    const struct su_cmd *cmd = start->cmd;
    const char *why = strerrordesc_np(message->error);

    if (message->stage == STAGE_JOIN)
        return su_fail_at(err, SU_ERR_NAMESPACE, message->error, "linux.namespaces",
                          "cannot enter %s namespace \"%s\": %s",
                          su_ns_kind_by_flag(nss[message->index].type)->oci_name,
                          nss[message->index].path, why);
    if (message->stage == STAGE_CLONE)
        return su_fail_at(err, SU_ERR_NAMESPACE, message->error, NULL,
                          "cannot start \"%s\": clone3: %s%s", cmd->path, why,
                          clone_hint(message->error, cmd->clone_flags));
    return su_fail(err, message->error, "cannot start \"%s\": %s%s", cmd->path,
                   stage_names[message->stage], why);
}

static void reap(pid_t pid)
{
    SU_RETRY_EINTR(waitpid(pid, NULL, 0));
}

/* The second child takes the place of the first, which has nothing left to do. */
static int take_second(struct su_cmd *cmd, pid_t pid, struct su_error *err)
{
    reap(cmd->pid);
    close(cmd->pidfd);
    cmd->pid = pid;
    cmd->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (cmd->pidfd < 0)
        return su_fail(err, errno, "cannot start \"%s\": pidfd_open: %s", cmd->path,
                       strerrordesc_np(errno));
    return 0;
}

static int let_go_on(const struct start *start, struct su_error *err)
{
    const struct su_cmd *cmd = start->cmd;
    int r = su_write_id_maps(cmd->pid, cmd->uid_maps, cmd->n_uid_maps, cmd->gid_maps,
                             cmd->n_gid_maps, cmd->allow_setgroups, err);

    if (r == 0)
        (void)!send(start->parent_sock, "", 1, MSG_NOSIGNAL);
    return r;
}

/* Waits for the program to run: then the last copy of the child's end is closed, by exec. */
static int await_exec(struct start *start, const struct oci_linux_namespace *nss,
                      struct su_error *err)
{
    struct message message, failure = {.stage = STAGE_CLONED};
    bool awaits_clone = start->clones_again, awaits_maps = start->awaits_maps;

    for (;;) {
        int r = 0;
        if (awaits_maps && !awaits_clone) {
            r = let_go_on(start, err);
            awaits_maps = false;
        }
        if (r < 0)
            return r;
        ssize_t n = SU_RETRY_EINTR(recv(start->parent_sock, &message, sizeof(message), 0));
        if (n <= 0)
            break;
        if (message.stage == STAGE_CLONED) {
            r = take_second(start->cmd, message.pid, err);
            if (r < 0)
                return r;
            awaits_clone = false;
        } else {
            /* The second child may be heard before the first has told its pid. */
            failure = message;
        }
    }
    if (failure.stage != STAGE_CLONED)
        return report(start, &failure, nss, err);
    if (awaits_clone)
        return su_fail(err, ECHILD, "cannot start \"%s\": its starter was killed",
                       start->cmd->path);
    return 0;
}

static int launch(struct start *start, const struct oci_linux_namespace *nss, struct su_error *err)
{
    struct su_cmd *cmd = start->cmd;
    sigset_t all, old;

    /* No handler of the caller's may run in the child before it has none. */
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &old);
    cmd->pid =
        clone_process((start->clones_again ? 0 : cmd->clone_flags) | CLONE_PIDFD, &cmd->pidfd);
    if (cmd->pid == 0)
        run_child(start);
    int error = errno;
    sigprocmask(SIG_SETMASK, &old, NULL);
    if (cmd->pid < 0) {
        cmd->pid = 0;
        cmd->pidfd = -1;
        return report(start, &(struct message){.stage = STAGE_CLONE, .error = error}, nss, err);
    }
    close(su_take_fd(&start->child_sock));
    int r = await_exec(start, nss, err);
    if (r < 0) {
        kill(cmd->pid, SIGKILL);
        reap(cmd->pid);
        su_closep(&cmd->pidfd);
        cmd->pid = 0;
        cmd->pidfd = -1;
    }
    return r;
}

int su_start_masked(struct su_cmd *cmd, const struct oci_linux_namespace *nss, size_t n,
                    const sigset_t *mask, struct su_error *err)
{
    char *const only_path[] = {(char *)cmd->path, NULL};
    _cleanup_(start_free) struct start start = {
        .cmd = cmd,
        .argv = cmd->argv ? cmd->argv : only_path,
        .envp = cmd->envp ? cmd->envp : environ,
        .null_fd = -1,
        .child_sock = -1,
        .parent_sock = -1,
        .awaits_maps = cmd->n_uid_maps || cmd->n_gid_maps,
    };

    cmd->pid = 0;
    cmd->pidfd = -1;
    if (mask)
        start.mask = *mask;
    else
        sigprocmask(SIG_SETMASK, NULL, &start.mask);
    int r = prepare_nss(&start, nss, n, err);
    if (r == 0)
        r = prepare_fds(&start, err);
    if (r == 0)
        r = prepare_socket(&start, err);
    return r < 0 ? r : launch(&start, nss, err);
}

int su_start_in_ns(struct su_cmd *cmd, const struct oci_linux_namespace *nss, size_t n,
                   struct su_error *err)
{
    return su_start_masked(cmd, nss, n, NULL, err);
}
