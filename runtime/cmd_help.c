/* SPDX-License-Identifier: Apache-2.0 */
/* help and flags: print what the tables say. */
#include "base/base.h"
#include "command.h"
#include "help.h"
#include "output.h"

static int run_help(const struct cmd_ctx *ctx, int argc, char **argv, struct su_error *err)
{
    _cleanup_(su_strbuf_free) struct su_strbuf out = {0};
    const struct command *command = NULL;

    (void)ctx;
    if (argc == 0) {
        help_program(&out);
        return output_write(&out, err);
    }
    int rc = command_find(argv[0], &command, err);
    if (rc < 0)
        return rc;
    help_command(&out, command);
    return output_write(&out, err);
}

static int run_flags(const struct cmd_ctx *ctx, int argc, char **argv, struct su_error *err)
{
    _cleanup_(su_strbuf_free) struct su_strbuf out = {0};

    (void)ctx;
    (void)argc;
    (void)argv;
    help_flags(&out, &global_flags, true);
    return output_write(&out, err);
}

const struct command cmd_help = {
    .name = "help",
    .help = "print help on the program or a command",
    .usage = "[COMMAND]",
    .run = run_help,
    .max_args = 1,
};

const struct command cmd_flags = {
    .name = "flags",
    .help = "list all global options, also those without effect",
    .usage = "",
    .run = run_flags,
};
