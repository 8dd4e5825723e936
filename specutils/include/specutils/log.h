/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the library's warnings and debug lines go: nowhere, until the program sets a sink. The
 * sink is the only global state of the library; set it before the first thread is started.
 */
#ifndef SPECUTILS_LOG_H
#define SPECUTILS_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>
#include <specutils/config.h>
#include <specutils/error.h>
#include <specutils/visibility.h>

SU_BEGIN_DECLS

enum su_log_level { SU_LOG_ERROR, SU_LOG_WARNING, SU_LOG_INFO, SU_LOG_DEBUG };

/* Receives one record, without a line end. */
typedef void su_log_sink_fn(void *arg, enum su_log_level level, const char *msg);

/* Sets the sink (NULL: silence) and the most detailed level that it wants to see. */
SU_API void su_log_set_sink(su_log_sink_fn *sink, void *arg, enum su_log_level max_level);
/* True if a record of this level would reach the sink; spares the making of costly records. */
SU_API bool su_log_enabled(enum su_log_level level);
SU_API void su_log(enum su_log_level level, const char *fmt, ...) SU_PRINTF(2, 3);

#define su_warn(...) su_log(SU_LOG_WARNING, __VA_ARGS__)
#define su_debug(...) (su_log_enabled(SU_LOG_DEBUG) ? su_log(SU_LOG_DEBUG, __VA_ARGS__) : (void)0)

SU_END_DECLS

#endif
