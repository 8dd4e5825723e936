/* SPDX-License-Identifier: Apache-2.0 */
/* Processes: waiting until one is ready, becoming root in a user namespace, and the like. */
#ifndef SPECUTILS_PROCESS_H
#define SPECUTILS_PROCESS_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <specutils/arena.h>
#include <specutils/error.h>
#include <specutils/namespace.h>
#include <specutils/visibility.h>

SU_BEGIN_DECLS

/* Repeats a call while it fails with EINTR exactly. Seed: RetryEintr. */
#define SU_RETRY_EINTR(expr)                              \
    __extension__({                                       \
        __typeof__(expr) su_retry_result_;                \
        do                                                \
            su_retry_result_ = (expr);                    \
        while (su_retry_result_ == -1 && errno == EINTR); \
        su_retry_result_;                                 \
    })

/* 1: ready, 0: not yet, negative errno: failed (err filled). */
typedef int su_ready_fn(void *arg, struct su_error *err);

/*
 * Calls ready until it says 1 or fails, while child process pid lives, for at most timeout_ms
 * (0: no limit). 0, ready's error, -ECHILD (pid is no child), -ESRCH with SU_ERR_EXITED (it
 * ended: it is reaped and its status is in the message), -ETIMEDOUT. Between the calls it sleeps
 * in poll(2) on the process, so that a death is seen at once. Seed: WaitForReady.
 */
SU_API int su_wait_for_ready(pid_t pid, int timeout_ms, su_ready_fn *ready, void *arg,
                             struct su_error *err);

/* /proc/PID/oom_score_adj. Seed: GetOOMScoreAdj. */
SU_API int su_get_oom_score_adj(pid_t pid, int *score, struct su_error *err);

/*
 * Runs this program again as root of a new user namespace if it lacks CAP_SYS_ADMIN,
 * CAP_SYS_CHROOT, CAP_SETUID or CAP_SETGID. 0: nothing done, go on; 1: done, leave with
 * *exit_status; negative: error. Seed: MaybeRunAsRoot.
 */
SU_API int su_maybe_run_as_root(char *const *argv, int *exit_status, struct su_error *err);

/*
 * The same with id maps of the caller's choice (none: the real ids become 0). The program gets
 * the same arguments but for argv[0], the same environment and open files, and a session of its
 * own, so that it has no controlling terminal; a terminal on its open files works nevertheless.
 * It gets every signal that reaches this process and that was not ignored, and dies with it. Not
 * to be called by a process with threads.
 */
SU_API int su_maybe_run_as_root_mapped(char *const *argv, const struct su_id_map *uid_maps,
                                       size_t n_uid_maps, const struct su_id_map *gid_maps,
                                       size_t n_gid_maps, int *exit_status, struct su_error *err);

/* True if this process's user namespace maps all ids to themselves, as the initial one does. */
SU_API bool su_in_initial_user_ns(void);

/* The id maps of this process's user namespace, in arena. */
SU_API int su_current_id_maps(struct su_arena *arena, struct su_id_map **uid_maps,
                              size_t *n_uid_maps, struct su_id_map **gid_maps, size_t *n_gid_maps,
                              struct su_error *err);

SU_END_DECLS

#endif
