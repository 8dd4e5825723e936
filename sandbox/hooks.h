/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hooks: programs that run at fixed moments of a container's life with its state on standard
 * input. They get fds 0 to 2 and the environment that their entry names, nothing else.
 */
#ifndef SB_HOOKS_H
#define SB_HOOKS_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <specutils/error.h>
#include <specutils/oci.h>

enum sb_hook_kind {
    SB_HOOK_PRESTART,
    SB_HOOK_CREATE_RUNTIME,
    SB_HOOK_CREATE_CONTAINER,
    SB_HOOK_START_CONTAINER,
    SB_HOOK_POSTSTART,
    SB_HOOK_POSTSTOP,
};

/* "prestart", "createRuntime", ... */
const char *sb_hook_kind_name(enum sb_hook_kind kind);
/* The list of one kind; empty where hooks is NULL. */
const oci_hook_list *sb_hooks_of(const struct oci_hooks *hooks, enum sb_hook_kind kind);

/* The state document, in the pieces that are known at different times. */
struct sb_hook_state {
    char *head, *tail; /* around `"status":"...","pid":N` */
    const char *status;
    pid_t pid;
    /* What ends a hook early: these events, a hang-up or an error on fd (0: nothing does). */
    struct pollfd cancel;
};

enum { SB_HOOK_OUTPUT_BYTES = 512 };

/* How a hook failed. */
struct sb_hook_failure {
    size_t index;
    int errnum;      /* it could not be run, or ETIMEDOUT; else 0 */
    int wait_status; /* how it ended, as of waitpid(2) */
    size_t n_output;
    char output[SB_HOOK_OUTPUT_BYTES]; /* the last that it printed, where that is captured */
};

/*
 * Runs one hook and waits for it; at its timeout its whole process group is killed. env is for a
 * hook that names none. What it prints is kept for failure. Allocates nothing. 0, or -1 with
 * failure filled (but for index).
 */
int sb_run_hook(const struct oci_hook *hook, const struct sb_hook_state *state, char *const *env,
                struct sb_hook_failure *failure);

/* Runs a list in order up to the first failure. 0 or -1. */
int sb_run_hooks(const oci_hook_list *list, const struct sb_hook_state *state, char *const *env,
                 struct sb_hook_failure *failure);

/* Puts a failure into words: -errno. path is the hook's program. */
int sb_hook_error(enum sb_hook_kind kind, const char *path, const struct sb_hook_failure *failure,
                  struct su_error *err);

#endif
