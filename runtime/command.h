/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a command is. Each lives in a file cmd_NAME.c of its own, which holds its options, their
 * table and its run function; command.c lists them all.
 */
#ifndef RT_COMMAND_H
#define RT_COMMAND_H

#include <stddef.h>
#include <specutils/arena.h>
#include <specutils/error.h>

#include "flags.h"
#include "globals.h"
#include "logger.h"

/* What main() prepared for a command. */
struct cmd_ctx {
    const struct globals *globals; /* conf.root is set if the command needs it */
    const void *flags;             /* the command's own options, flags_size bytes */
    struct su_arena *arena;        /* freed at the end of the program */
    struct logger *logger;
    char *const *argv; /* of the program, whole */
};

struct command {
    const char *name;
    const char *help;  /* one line */
    const char *usage; /* what follows the name: "[OPTION...] ID" */
    /* Returns the exit status, or a negative errno with err filled. argv holds the operands. */
    int (*run)(const struct cmd_ctx *ctx, int argc, char **argv, struct su_error *err);
    struct flag_set flags;
    size_t flags_size;
    int min_args, max_args; /* operands; max_args -1: any number */
    bool needs_root;        /* looks at containers */
};

extern const struct command cmd_create, cmd_delete, cmd_features, cmd_flags, cmd_help, cmd_kill,
    cmd_list, cmd_run, cmd_spec, cmd_start, cmd_state;

/* All commands, sorted by name. */
const struct command *const *command_list(size_t *n);

/* -EINVAL, with a suggestion, for a name that is none. */
int command_find(const char *name, const struct command **command, struct su_error *err);

/* Reads the command's options and operands from args, which begins behind the name. */
int command_parse(const struct command *command, struct flag_args *args, void *flags,
                  struct su_error *err);

#endif
