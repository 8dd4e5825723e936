/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program: global options, command, the command's options, run. All failures end up here and
 * become one message and one exit status.
 */
#include <fcntl.h>
#include <poll.h>

#include "base/base.h"
#include "command.h"
#include "globals.h"
#include "help.h"
#include "logger.h"
#include "output.h"

/* runc's status for a failure, which engines know; runsc has 128, crun 1. */
enum { STATUS_FAILURE = 1 };

/*
 * A descriptor that the caller closed would be given to the next file that is opened, and
 * messages meant for standard error would end up there.
 */
static int keep_stdio_open(struct su_error *err)
{
    struct pollfd fds[] = {{.fd = 0}, {.fd = 1}, {.fd = 2}};

    if (SU_RETRY_EINTR(poll(fds, SU_ARRAY_SIZE(fds), 0)) == 0)
        return 0;
    for (int fd = 0; fd <= 2; fd++) {
        /* The lowest free number is the closed one. */
        if ((fds[fd].revents & POLLNVAL) && open("/dev/null", O_RDWR) != fd)
            return su_fail(err, EBADF, "cannot open /dev/null for closed descriptor %d", fd);
    }
    return 0;
}

static int print(void (*fill)(struct su_strbuf *), struct su_error *err)
{
    _cleanup_(su_strbuf_free) struct su_strbuf text = {0};

    fill(&text);
    return output_write(&text, err);
}

static int print_command_help(const struct command *command, struct su_error *err)
{
    _cleanup_(su_strbuf_free) struct su_strbuf text = {0};

    help_command(&text, command);
    return output_write(&text, err);
}

/* Reads what stands behind the command's name and runs it. */
static int run_command(const struct command *command, struct cmd_ctx *ctx, struct globals *globals,
                       const struct su_strv *words, struct su_error *err)
{
    struct flag_args args = {.argc = (int)words->n - 1, .argv = words->v + 1, .arena = ctx->arena};
    void *flags = su_arena_alloc(ctx->arena, command->flags_size);
    if (!flags)
        return su_fail(err, ENOMEM, "out of memory");

    int rc = command_parse(command, &args, flags, err);
    if (rc < 0)
        return rc;
    if (args.wants_help)
        return print_command_help(command, err);
    if (command->needs_root && (rc = globals_find_root(globals, ctx->arena, err)) < 0)
        return rc;
    ctx->globals = globals;
    ctx->flags = flags;
    return command->run(ctx, (int)args.operands.n, args.operands.v, err);
}

static int run_program(int argc, char **argv, struct cmd_ctx *ctx, struct su_error *err)
{
    struct globals globals;
    struct flag_args args = {.argc = argc - 1, .argv = argv + 1, .arena = ctx->arena};
    const struct command *command = NULL;

    if (argc < 1)
        return su_fail(err, EINVAL, "started without arguments, not even a name");
    int rc = globals_parse(&args, &globals, err);
    logger_start(ctx->logger, &globals);
    if (rc < 0)
        return rc;
    if (args.wants_help)
        return print(help_program, err);
    if (globals.version)
        return print(help_version, err);
    if (args.operands.n == 0)
        return su_fail(err, EINVAL, "no command given, see \"runlet --help\"");
    rc = command_find(args.operands.v[0], &command, err);
    if (rc == 0)
        rc = logger_open_debug(ctx->logger, &globals.conf, command->name, err);
    return rc < 0 ? rc : run_command(command, ctx, &globals, &args.operands, err);
}

int main(int argc, char **argv)
{
    _cleanup_error_ struct su_error err = {0};
    _cleanup_arena_ struct su_arena arena = {0};
    struct logger logger = {.fd = -1, .debug_fd = -1};
    struct cmd_ctx ctx = {.arena = &arena, .logger = &logger, .argv = argv};

    int status = keep_stdio_open(&err);
    if (status == 0)
        status = run_program(argc, argv, &ctx, &err);
    if (status < 0) {
        logger_fail(&logger, &err);
        return STATUS_FAILURE;
    }
    logger_finish(&logger);
    return status;
}
