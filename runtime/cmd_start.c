/* SPDX-License-Identifier: Apache-2.0 */
/* start: lets the process of a created container run. */
#include "command.h"
#include "sandbox.h"

static int run(const struct cmd_ctx *ctx, int argc, char **argv, struct su_error *err)
{
    (void)argc;
    return sb_start(ctx->globals->conf.root, argv[0], err);
}

const struct command cmd_start = {
    .name = "start",
    .help = "start the process of a created container",
    .usage = "ID",
    .run = run,
    .min_args = 1,
    .max_args = 1,
    .needs_root = true,
};
