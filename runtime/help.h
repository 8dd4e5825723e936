/* SPDX-License-Identifier: Apache-2.0 */
/* Help texts, made from the tables of commands and options. */
#ifndef RT_HELP_H
#define RT_HELP_H

#include <stdbool.h>

#include "command.h"

struct su_strbuf;

void help_program(struct su_strbuf *out);
void help_command(struct su_strbuf *out, const struct command *command);
/* One line for each option of set; with hidden also those that have no effect or no text. */
void help_flags(struct su_strbuf *out, const struct flag_set *set, bool hidden);
void help_version(struct su_strbuf *out);

#endif
