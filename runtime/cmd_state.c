/* SPDX-License-Identifier: Apache-2.0 */
/* state: prints one container's state as JSON. */
#include "base/base.h"
#include "command.h"
#include "output.h"
#include "sandbox.h"

static int print_state(struct su_arena *arena, const struct sb_container *c, struct su_error *err)
{
    _cleanup_(su_strbuf_free) struct su_strbuf out = {0};
    struct container_view view;

    int rc = container_view_make(arena, c, &view, err);
    if (rc == 0)
        rc = su_json_encode(&type_container_view, &view, SU_JSON_PRETTY, 2, &out.text, &out.len,
                            err);
    if (rc < 0)
        return rc;
    out.cap = out.len + 1;
    su_strbuf_addc(&out, '\n');
    return output_write(&out, err);
}

static int run(const struct cmd_ctx *ctx, int argc, char **argv, struct su_error *err)
{
    struct sb_container c = {0};

    (void)argc;
    int rc = sb_container_load(ctx->globals->conf.root, argv[0], &c, err);
    if (rc == 0)
        rc = print_state(ctx->arena, &c, err);
    sb_container_free(&c);
    return rc;
}

const struct command cmd_state = {
    .name = "state",
    .help = "print the state of a container",
    .usage = "ID",
    .run = run,
    .min_args = 1,
    .max_args = 1,
    .needs_root = true,
};
