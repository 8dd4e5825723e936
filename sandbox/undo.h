/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The undo log. Each step that changes the host pushes its inverse; if the build fails the log
 * runs backwards and the host is as before. A build that succeeds drops the log.
 */
#ifndef SB_UNDO_H
#define SB_UNDO_H

#include <stddef.h>

/* Takes one change back. dirfd and path are what was pushed; a failure is the function's to log. */
typedef void sb_undo_fn(int dirfd, const char *path);

struct sb_undo_step {
    sb_undo_fn *fn;
    int dirfd;        /* borrowed: must stay open until the log is run or dropped */
    const char *path; /* borrowed: lives in the plan */
};

/* Start from zero. */
struct sb_undo {
    struct sb_undo_step *steps;
    size_t n, cap;
};

/* Pushes an inverse; call it before the change, so that a push that fails leaves nothing to undo
 * (the inverse of a change that did not happen must be harmless). 0 or -ENOMEM. */
int sb_undo_push(struct sb_undo *log, sb_undo_fn *fn, int dirfd, const char *path);
/* Runs the log backwards and empties it. */
void sb_undo_run(struct sb_undo *log);
/* Forgets the log: all changes stay. */
void sb_undo_drop(struct sb_undo *log);

#endif
