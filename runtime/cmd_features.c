/* SPDX-License-Identifier: Apache-2.0 */
/* features: prints what this runtime supports, as JSON. Needs neither root nor a container. */
#include "base/base.h"
#include "command.h"
#include "features_document.h"
#include "output.h"

static int run(const struct cmd_ctx *ctx, int argc, char **argv, struct su_error *err)
{
    _cleanup_(su_strbuf_free) struct su_strbuf out = {0};

    (void)argc;
    (void)argv;
    int rc = features_encode(ctx->arena, &out.text, &out.len, err);
    if (rc < 0)
        return rc;
    out.cap = out.len + 1;
    su_strbuf_addc(&out, '\n');
    return output_write(&out, err);
}

const struct command cmd_features = {
    .name = "features",
    .help = "print what this runtime supports",
    .usage = "",
    .run = run,
};
