/* SPDX-License-Identifier: Apache-2.0 */
/* create: makes a container whose process waits for start. */
#include "base/base.h"
#include "command.h"
#include "create_flags.h"

static int run(const struct cmd_ctx *ctx, int argc, char **argv, struct su_error *err)
{
    _cleanup_(su_spec_free) struct su_spec spec = {0};
    struct sb_create_opts opts;
    bool done;

    (void)argc;
    int rc = create_prepare(ctx, argv[0], &opts, &spec, &done, err);
    return rc < 0 || done ? rc : sb_create(&opts, &spec, err);
}

const struct command cmd_create = {
    .name = "create",
    .help = "make a container, to be started by start",
    .usage = "[OPTION...] ID",
    .run = run,
    .flags = {.more = &create_flag_set},
    .flags_size = sizeof(struct create_flags),
    .min_args = 1,
    .max_args = 1,
    .needs_root = true,
};
