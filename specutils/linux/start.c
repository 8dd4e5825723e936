/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starts a program in namespaces, new ones and such that exist: prepares all that the child
 * needs, clones it, writes its id maps and hears how it went. The caller never moves: a child
 * joins, and if something is to be made inside of what it joined, it clones the program as its
 * own sibling and goes.
 */
#include "start.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <specutils/process.h>

#include "base/base.h"

static const uint64_t ns_flags = CLONE_NEWCGROUP | CLONE_NEWIPC | CLONE_NEWNS | CLONE_NEWNET |
                                 CLONE_NEWPID | CLONE_NEWTIME | CLONE_NEWUSER | CLONE_NEWUTS;

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

static void start_free(struct su_start *start)
{
    for (size_t i = 0; i < start->n_joins; i++)
        close(start->joins[i].fd);
    free(start->joins);
    free(start->fds);
    su_closep(&start->null_fd);
    su_closep(&start->child_sock);
    su_closep(&start->parent_sock);
}

/* The kernel makes no pid namespace for whose children are in another one already; and the maps
 * of a user namespace can be written from its parent only, where the caller is not. */
static int check_joins(const struct su_start *start, struct su_error *err)
{
    for (size_t i = 0; i < start->n_joins; i++) {
        int type = start->joins[i].type;
        if ((type == CLONE_NEWUSER || type == CLONE_NEWPID) && (start->new_ns & (unsigned)type))
            return su_fail_at(err, SU_ERR_NAMESPACE, EINVAL, "linux.namespaces",
                              "one %s namespace to join and one to make, expected at most one",
                              su_ns_kind_by_flag(type)->oci_name);
    }
    return 0;
}

static int check_cmd(const struct su_start *start, struct su_error *err)
{
    const struct su_cmd *cmd = start->cmd;

    if (start->new_ns & ~ns_flags)
        return su_fail(err, EINVAL, "cannot start \"%s\": 0x%llx are not flags of namespaces",
                       cmd->path, (unsigned long long)(start->new_ns & ~ns_flags));
    if (!(start->new_ns & CLONE_NEWUSER) && (cmd->n_uid_maps || cmd->n_gid_maps))
        return su_fail_at(err, SU_ERR_NAMESPACE, EINVAL, NULL,
                          "cannot start \"%s\": id maps without a new user namespace", cmd->path);
    return check_joins(start, err);
}

/* Opens what is to be joined and adds the flags of what is to be made. */
static int prepare_nss(struct su_start *start, const struct oci_linux_namespace *nss, size_t n,
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
            start->joins[start->n_joins++] = (struct su_ns_join){fd, nss[i].type, i, false};
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
    start->new_ns = start->cmd->clone_flags;
    return check_cmd(start, err);
}

static int prepare_fds(struct su_start *start, struct su_error *err)
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

static int prepare_socket(struct su_start *start, struct su_error *err)
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

static int report(const struct su_start *start, const struct su_stage_message *message,
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

static int let_go_on(const struct su_start *start, struct su_error *err)
{
    const struct su_cmd *cmd = start->cmd;
    int r = su_write_id_maps(cmd->pid, cmd->uid_maps, cmd->n_uid_maps, cmd->gid_maps,
                             cmd->n_gid_maps, cmd->allow_setgroups, err);

    if (r == 0)
        (void)!send(start->parent_sock, "", 1, MSG_NOSIGNAL);
    return r;
}

/* Waits for the program to run: then the last copy of the child's end is closed, by exec. */
static int await_exec(struct su_start *start, const struct oci_linux_namespace *nss,
                      struct su_error *err)
{
    struct su_stage_message message, failure = {.stage = STAGE_CLONED};
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

static int launch(struct su_start *start, const struct oci_linux_namespace *nss,
                  struct su_error *err)
{
    struct su_cmd *cmd = start->cmd;
    sigset_t all, old;

    /* No handler of the caller's may run in the child before it has none. */
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &old);
    cmd->pid =
        su_clone_process((start->clones_again ? 0 : start->new_ns) | CLONE_PIDFD, &cmd->pidfd);
    if (cmd->pid == 0)
        su_run_child(start);
    int error = errno;
    sigprocmask(SIG_SETMASK, &old, NULL);
    if (cmd->pid < 0) {
        cmd->pid = 0;
        cmd->pidfd = -1;
        return report(start, &(struct su_stage_message){.stage = STAGE_CLONE, .error = error}, nss,
                      err);
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
    _cleanup_(start_free) struct su_start start = {
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
