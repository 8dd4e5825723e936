/* SPDX-License-Identifier: Apache-2.0 */
/* The undo log: a stack of inverses. */
#include "undo.h"

#include <base/base.h>

int sb_undo_push(struct sb_undo *log, sb_undo_fn *fn, int dirfd, const char *path)
{
    if (log->n == log->cap) {
        size_t cap = log->cap ? log->cap * 2 : 16;
        struct sb_undo_step *grown = reallocarray(log->steps, cap, sizeof(*grown));
        if (!grown)
            return -ENOMEM;
        log->steps = grown;
        log->cap = cap;
    }
    log->steps[log->n++] = (struct sb_undo_step){.fn = fn, .dirfd = dirfd, .path = path};
    return 0;
}

void sb_undo_run(struct sb_undo *log)
{
    while (log->n > 0) {
        const struct sb_undo_step *step = &log->steps[--log->n];
        step->fn(step->dirfd, step->path);
    }
    sb_undo_drop(log);
}

void sb_undo_drop(struct sb_undo *log)
{
    free(log->steps);
    *log = (struct sb_undo){0};
}
