/* SPDX-License-Identifier: Apache-2.0 */
/* Signals by name and number, as kill takes them. */
#ifndef RT_SIGNAL_NAMES_H
#define RT_SIGNAL_NAMES_H

#include <specutils/error.h>

/*
 * The number of a signal: "9", "KILL", "SIGKILL" in any case, "RTMIN+3", "RTMAX-1". 0 to 64, or
 * -EINVAL with a suggestion.
 */
int signal_number(const char *word, struct su_error *err);

#endif
