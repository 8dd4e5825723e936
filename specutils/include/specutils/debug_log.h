/* SPDX-License-Identifier: Apache-2.0 */
/* Debug log files by pattern, and the texts that go with errors. */
#ifndef SPECUTILS_DEBUG_LOG_H
#define SPECUTILS_DEBUG_LOG_H

#include <stdbool.h>
#include <time.h>
#include <specutils/config.h>
#include <specutils/error.h>
#include <specutils/visibility.h>

SU_BEGIN_DECLS

/* The file's name where a pattern names only a directory; log collectors look for it. */
#define SU_DEBUG_LOG_NAME "runsc.log.%TIMESTAMP%.%COMMAND%.txt"
#define SU_FAQ_URL "https://gvisor.dev/faq"

/*
 * The path of a debug log. A pattern that ends with "/" gets SU_DEBUG_LOG_NAME; then all
 * %TIMESTAMP% (local time, yyyymmdd-hhmmss.uuuuuu), %COMMAND% and %TEST% are replaced in this
 * order, each in the result of the one before. "/" in command becomes "_", as a command is no
 * path. command and test may be NULL (empty), timestamp too (now). *path is malloc'd. -EINVAL: an
 * empty pattern; -ENOMEM.
 */
SU_API int su_debug_log_path(const char *pattern, const char *command, const char *test,
                             const struct timespec *timestamp, char **path, struct su_error *err);
/*
 * Opens that file for appending (mode 0644, close-on-exec), after making missing directories
 * (0755). The fd, or -errno with the path in the message. Seed: DebugLogFile.
 */
SU_API int su_debug_log_file(const char *pattern, const char *command, const char *test,
                             const struct timespec *timestamp, struct su_error *err);

/*
 * Whether a command writes a debug log: it is in the list conf->debug_command (commas between,
 * exact match); a leading "!" negates the whole list; no list means every command. Seed:
 * IsDebugCommand.
 */
SU_API bool su_is_debug_command(const struct su_config *conf, const char *command);

/* "<msg>; see <SU_FAQ_URL>#<anchor> for more details". The caller frees; NULL: no memory. Seed:
 * FaqErrorMsg. */
SU_API char *su_faq_error_msg(const char *anchor, const char *msg);

SU_END_DECLS

#endif
