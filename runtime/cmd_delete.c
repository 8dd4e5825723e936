/* SPDX-License-Identifier: Apache-2.0 */
/* delete: removes containers. */
#include "base/base.h"
#include "command.h"
#include "sandbox.h"

struct delete_flags {
    bool force;
};

/* clang-format off */
static const struct flag flags[] = {
    {"force", 'f', FLAG_BOOL, offsetof(struct delete_flags, force), NULL, FLAG_ALL, NULL, "kill the container first if it runs; one that does not exist is no error"},
};
/* clang-format on */

/* All are tried; the failures become one error, because a caller reads only one. */
static int run(const struct cmd_ctx *ctx, int argc, char **argv, struct su_error *err)
{
    const struct delete_flags *f = ctx->flags;
    _cleanup_(su_strbuf_free) struct su_strbuf failures = {0};
    int first = 0;

    for (int i = 0; i < argc; i++) {
        _cleanup_error_ struct su_error one = {0};
        int rc = sb_delete(ctx->globals->conf.root, argv[i], f->force, &one);
        if (rc == 0)
            continue;
        su_strbuf_printf(&failures, "%s%s", first ? "; " : "", su_error_text(&one));
        first = first ? first : rc;
    }
    if (first == 0)
        return 0;
    return su_fail(err, -first, "%s", failures.failed ? "out of memory" : failures.text);
}

const struct command cmd_delete = {
    .name = "delete",
    .help = "remove containers that do not run",
    .usage = "[OPTION...] ID...",
    .run = run,
    .flags = {.flags = flags, .n_flags = SU_ARRAY_SIZE(flags)},
    .flags_size = sizeof(struct delete_flags),
    .min_args = 1,
    .max_args = -1,
    .needs_root = true,
};
