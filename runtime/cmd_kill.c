/* SPDX-License-Identifier: Apache-2.0 */
/* kill: sends a signal to a container. */
#include <signal.h>

#include "base/base.h"
#include "command.h"
#include "sandbox.h"
#include "signal_names.h"

struct kill_flags {
    bool all;
};

/* clang-format off */
static const struct flag flags[] = {
    {"all", 'a', FLAG_BOOL, offsetof(struct kill_flags, all), NULL, FLAG_ALL, NULL, "send it to all processes of the container"},
};
/* clang-format on */

static int run(const struct cmd_ctx *ctx, int argc, char **argv, struct su_error *err)
{
    const struct kill_flags *f = ctx->flags;

    int sig = argc > 1 ? signal_number(argv[1], err) : SIGTERM;
    return sig < 0 ? sig : sb_kill(ctx->globals->conf.root, argv[0], sig, f->all, err);
}

const struct command cmd_kill = {
    .name = "kill",
    .help = "send a signal (default: TERM) to a container",
    .usage = "[OPTION...] ID [SIGNAL]",
    .run = run,
    .flags = {.flags = flags, .n_flags = SU_ARRAY_SIZE(flags)},
    .flags_size = sizeof(struct kill_flags),
    .min_args = 1,
    .max_args = 2,
    .needs_root = true,
};
