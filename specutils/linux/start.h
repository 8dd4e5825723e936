/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What start.c, start_child.c and run_as_root.c share: the data that a child needs between clone
 * and exec, and the messages that it sends. Not installed.
 */
#ifndef SU_LINUX_START_H
#define SU_LINUX_START_H

#include <signal.h>
#include <specutils/namespace.h>

/* What the child was about to do. */
enum su_stage {
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

struct su_stage_message {
    enum su_stage stage;
    int error;
    size_t index; /* STAGE_JOIN: the entry of the list */
    pid_t pid;    /* STAGE_CLONED */
};

struct su_ns_join {
    int fd, type;
    size_t index;
    bool done;
};

/* All that the child needs, made before it is. */
struct su_start {
    struct su_cmd *cmd;
    char *const *argv, *const *envp;
    struct su_ns_join *joins;
    size_t n_joins;
    int *fds; /* to become 0, 1, 2, ... */
    size_t n_fds;
    int null_fd, child_sock, parent_sock;
    uint64_t new_ns; /* flags of the namespaces to make */
    bool awaits_maps, clones_again;
    sigset_t mask;
};

/* fork(2) with more flags; the caller's signal handlers are cleared, so that none runs in the
 * child. -1 with errno. */
pid_t su_clone_process(uint64_t flags, int *pidfd);

/* The child's way from clone to exec; never returns. */
__attribute__((noreturn)) void su_run_child(struct su_start *start);

/* su_start_in_ns() with the signal mask that the program is to have; NULL: the caller's. */
int su_start_masked(struct su_cmd *cmd, const struct oci_linux_namespace *nss, size_t n,
                    const sigset_t *mask, struct su_error *err);

#endif
