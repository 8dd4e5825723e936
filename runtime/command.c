/* SPDX-License-Identifier: Apache-2.0 */
/* The list of all commands, looking one up, and the checks that all of them share. */
#include "command.h"

#include "base/base.h"

static const struct command *const commands[] = {
    &cmd_create, &cmd_delete, &cmd_features, &cmd_flags, &cmd_help,  &cmd_kill,
    &cmd_list,   &cmd_run,    &cmd_spec,     &cmd_start, &cmd_state,
};

const struct command *const *command_list(size_t *n)
{
    *n = SU_ARRAY_SIZE(commands);
    return commands;
}

int command_find(const char *name, const struct command **command, struct su_error *err)
{
    const char *names[SU_ARRAY_SIZE(commands)];

    for (size_t i = 0; i < SU_ARRAY_SIZE(commands); i++) {
        names[i] = commands[i]->name;
        if (su_streq(names[i], name)) {
            *command = commands[i];
            return 0;
        }
    }
    const char *near = su_nearest_word(name, names, SU_ARRAY_SIZE(names));
    if (near)
        return su_fail(err, EINVAL, "unknown command \"%s\" (did you mean \"%s\"?)", name, near);
    return su_fail(err, EINVAL, "unknown command \"%s\", see \"runlet --help\"", name);
}

int command_parse(const struct command *command, struct flag_args *args, void *flags,
                  struct su_error *err)
{
    struct flag_set set = command->flags;

    set.command = command->name;
    int rc = flags_parse(&set, args, flags, err);
    if (rc < 0 || args->wants_help)
        return rc;
    size_t n = args->operands.n;
    if (n >= (size_t)command->min_args && (command->max_args < 0 || n <= (size_t)command->max_args))
        return 0;
    return su_fail(err, EINVAL, "%s: %s, usage: runlet %s %s", command->name,
                   n < (size_t)command->min_args ? "an argument is missing" : "too many arguments",
                   command->name, command->usage);
}
