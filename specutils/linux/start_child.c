/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The child's way from clone to exec, for start.c: joins namespaces, takes on identity, working
 * directory and open files, and becomes the program. System calls only, on data that was made
 * before; it allocates nothing, and its failures travel over the socket as a struct.
 */
#include "start.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <specutils/process.h>

#include "base/base.h"

/* NOLINTNEXTLINE(readability-non-const-parameter): the kernel writes it. */
pid_t su_clone_process(uint64_t flags, int *pidfd)
{
    struct clone_args args = {
        .flags = flags | CLONE_CLEAR_SIGHAND,
        .exit_signal = flags & CLONE_PARENT ? 0 : SIGCHLD,
        .pidfd = (uintptr_t)pidfd,
    };
    return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

static void say(const struct su_start *start, const struct su_stage_message *message)
{
    /* Nobody is left to hear of a failure here. */
    (void)!send(start->child_sock, message, sizeof(*message), MSG_NOSIGNAL);
}

__attribute__((noreturn)) static void give_up(const struct su_start *start, enum su_stage stage)
{
    say(start, &(struct su_stage_message){.stage = stage, .error = errno});
    _exit(127);
}

/* The parent holds its end until exec: if it is closed, the parent has gone. */
static bool parent_is_gone(const struct su_start *start)
{
    char byte;

    return recv(start->child_sock, &byte, 1, MSG_DONTWAIT | MSG_PEEK) == 0;
}

/*
 * A privileged process has to join what belongs to its own user namespace before it leaves
 * that; an unprivileged one can join the rest only from inside. So what is refused while a user
 * namespace is still to come is tried again behind it.
 */
static void join_all(struct su_start *start)
{
    bool user_to_come = false;

    for (size_t i = 0; i < start->n_joins; i++)
        user_to_come |= start->joins[i].type == CLONE_NEWUSER;
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < start->n_joins; i++) {
            struct su_ns_join *join = &start->joins[i];
            if (join->done)
                continue;
            join->done = setns(join->fd, join->type) == 0;
            if (join->done)
                user_to_come &= join->type != CLONE_NEWUSER;
            else if (errno != EPERM || pass > 0 || !user_to_come) {
                say(start, &(struct su_stage_message){STAGE_JOIN, errno, join->index, 0});
                _exit(127);
            }
        }
    }
}

static void await_maps(const struct su_start *start)
{
    char byte;
    ssize_t n = SU_RETRY_EINTR(recv(start->child_sock, &byte, 1, 0));

    if (n == 0)
        errno = EPIPE;
    if (n <= 0)
        give_up(start, STAGE_MAPS);
}

/* System calls, not glibc's functions: those would signal threads that this child never had. */
static void set_cred(const struct su_start *start)
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

static void set_ambient_caps(const struct su_start *start)
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
static void place_fds(struct su_start *start)
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
    if (!start->cmd->keep_fds)
        su_cloexec_from((unsigned)n);
}

__attribute__((noreturn)) static void become_program(struct su_start *start)
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

void su_run_child(struct su_start *start)
{
    close(start->parent_sock);
    join_all(start);
    if (!start->clones_again)
        become_program(start);
    pid_t pid = su_clone_process(start->new_ns | CLONE_PARENT, NULL);
    if (pid == 0)
        become_program(start);
    if (pid < 0)
        give_up(start, STAGE_CLONE);
    /* Our own pid namespace is still the caller's, so the number means the same there. */
    say(start, &(struct su_stage_message){.stage = STAGE_CLONED, .pid = pid});
    _exit(0);
}
