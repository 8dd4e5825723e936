/* SPDX-License-Identifier: Apache-2.0 */
/* The one place that lays out help and version; it reads the tables and knows no command. */
#include "help.h"

#include <specutils/config.h>

#include "base/base.h"
#include "version.h"

enum { NAME_COLUMN = 30 };

static void pad(struct su_strbuf *out, size_t line_start, size_t column)
{
    do
        su_strbuf_addc(out, ' ');
    while (!out->failed && out->len - line_start < column);
}

static void add_origin(struct su_strbuf *out, unsigned origin)
{
    static const struct {
        unsigned bit;
        const char *name;
    } names[] = {{FLAG_RUNSC, "runsc"}, {FLAG_RUNC, "runc"}, {FLAG_CRUN, "crun"}};
    const char *separator = " [";

    if ((origin & FLAG_ALL) == 0 || (origin & FLAG_ALL) == FLAG_ALL)
        return;
    for (size_t i = 0; i < SU_ARRAY_SIZE(names); i++) {
        if (origin & names[i].bit) {
            su_strbuf_printf(out, "%s%s", separator, names[i].name);
            separator = ", ";
        }
    }
    su_strbuf_addc(out, ']');
}

static void add_flag(struct su_strbuf *out, const struct flag *flag)
{
    size_t start = out->len;

    if (flag->letter)
        su_strbuf_printf(out, "  -%c, --%s", flag->letter, flag->name);
    else
        su_strbuf_printf(out, "      --%s", flag->name);
    if (flags_takes_value(flag))
        su_strbuf_printf(out, " %s", flag->value ? flag->value : "VALUE");
    pad(out, start, NAME_COLUMN);
    su_strbuf_adds(out, flag->help ? flag->help : "accepted, has no effect");
    add_origin(out, flag->origin);
    su_strbuf_addc(out, '\n');
}

void help_flags(struct su_strbuf *out, const struct flag_set *set, bool hidden)
{
    for (const struct flag_set *s = set; s; s = s->more) {
        for (size_t i = 0; i < s->n_flags; i++) {
            if (s->flags[i].help || hidden)
                add_flag(out, &s->flags[i]);
        }
    }
}

static void add_help_flag(struct su_strbuf *out)
{
    static const struct flag help = {"help", 'h',      FLAG_BOOL, 0,
                                     NULL,   FLAG_ALL, NULL,      "print this help"};
    add_flag(out, &help);
}

void help_program(struct su_strbuf *out)
{
    size_t n;
    const struct command *const *commands = command_list(&n);

    su_strbuf_adds(out, "Usage: runlet [GLOBAL OPTION...] COMMAND [OPTION...] [ARGUMENT...]\n\n"
                        "Runs containers as the OCI runtime specification " SU_VERSION
                        " describes them.\n\nCommands:\n");
    for (size_t i = 0; i < n; i++) {
        size_t start = out->len;
        su_strbuf_printf(out, "  %s", commands[i]->name);
        pad(out, start, 14);
        su_strbuf_printf(out, "%s\n", commands[i]->help);
    }
    su_strbuf_adds(out, "\nGlobal options:\n");
    help_flags(out, &global_flags, false);
    add_help_flag(out);
    su_strbuf_adds(out,
                   "\nThe exit status is 0 for success and 1 for any failure; run exits with the\n"
                   "status of the container's process, or 128 + N if signal N ended it.\n"
                   "\"runlet help COMMAND\" tells more of a command, \"runlet flags\" lists all\n"
                   "global options, with those that are accepted for the sake of others.\n");
}

void help_command(struct su_strbuf *out, const struct command *command)
{
    su_strbuf_printf(out, "Usage: runlet %s %s\n\n%s\n\nOptions:\n", command->name, command->usage,
                     command->help);
    help_flags(out, &command->flags, false);
    add_help_flag(out);
}

/* Engines read these lines; each has its place. */
void help_version(struct su_strbuf *out)
{
    su_strbuf_printf(out, "runlet version %s\ncommit: %s\nspec: %s\n", runlet_version,
                     runlet_commit, SU_VERSION);
}
