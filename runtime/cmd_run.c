/* SPDX-License-Identifier: Apache-2.0 */
/* run: create, start and, unless detached, wait for the end. */
#include "base/base.h"
#include "command.h"
#include "create_flags.h"

#define VALUE(member) offsetof(struct create_flags, member)

/* clang-format off */
static const struct flag flags[] = {
    {"detach", 'd', FLAG_BOOL, VALUE(detach), NULL, FLAG_ALL, NULL, "return as soon as the process runs"},
    {"keep", 0, FLAG_BOOL, VALUE(keep), NULL, FLAG_RUNC | FLAG_CRUN, NULL, "keep the container when its process has ended"},
    {"pass-fd", 0, FLAG_IDLE_VALUE, 0, NULL, FLAG_RUNSC, NULL, NULL},
    {"exec-fd", 0, FLAG_IDLE_VALUE, 0, NULL, FLAG_RUNSC, NULL, NULL},
};
/* clang-format on */

static int run(const struct cmd_ctx *ctx, int argc, char **argv, struct su_error *err)
{
    _cleanup_(su_spec_free) struct su_spec spec = {0};
    struct sb_create_opts opts;
    int exit_status = 0;
    bool done;

    (void)argc;
    int rc = create_prepare(ctx, argv[0], &opts, &spec, &done, err);
    if (rc < 0 || done)
        return rc;
    rc = sb_run(&opts, &spec, &exit_status, err);
    return rc < 0 ? rc : exit_status;
}

const struct command cmd_run = {
    .name = "run",
    .help = "make and start a container, and wait until it ends",
    .usage = "[OPTION...] ID",
    .run = run,
    .flags = {.flags = flags, .n_flags = SU_ARRAY_SIZE(flags), .more = &create_flag_set},
    .flags_size = sizeof(struct create_flags),
    .min_args = 1,
    .max_args = 1,
    .needs_root = true,
};
