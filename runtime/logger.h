/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where errors, warnings and debug records go: to the log file that the caller named, and to
 * standard error. Engines read both, so the forms are fixed; see logger.c.
 */
#ifndef RT_LOGGER_H
#define RT_LOGGER_H

#include <stdbool.h>
#include <stddef.h>
#include <specutils/error.h>

#include "globals.h"

struct logger {
    const char *path; /* of the log file, or NULL */
    int fd;           /* of the log, -1: not opened yet, or none */
    bool json, debug;
    int debug_fd; /* the debug log, -1: none */
    bool debug_json, also_to_stderr;
    char *held; /* records that wait for the end of the command, or NULL */
    size_t held_len;
};

/* Becomes the library's log sink. The log file is opened by the first record. */
void logger_start(struct logger *logger, const struct globals *globals);
/* Opens the debug log of --debug-log if it is wanted for this command: every record goes there as
 * well, in glog's form or as JSON. */
int logger_open_debug(struct logger *logger, const struct su_config *conf, const char *command,
                      struct su_error *err);
/* The command succeeded: writes the records that were held back. */
void logger_finish(struct logger *logger);
/* The command failed: writes the one error record and shows the message on standard error. */
void logger_fail(struct logger *logger, const struct su_error *err);
/* Another process has said all there is to say: forgets the records that were held back. */
void logger_forget(struct logger *logger);

#endif
