/* SPDX-License-Identifier: Apache-2.0 */
/* The log sink: the only mutable global of the library. Records are formatted only if wanted. */
#include <specutils/log.h>

#include "base/base.h"

static struct {
    su_log_sink_fn *fn;
    void *arg;
    enum su_log_level max_level;
} sink;

void su_log_set_sink(su_log_sink_fn *fn, void *arg, enum su_log_level max_level)
{
    sink.fn = fn;
    sink.arg = arg;
    sink.max_level = max_level;
}

bool su_log_enabled(enum su_log_level level)
{
    return sink.fn && level <= sink.max_level;
}

void su_log(enum su_log_level level, const char *fmt, ...)
{
    if (!su_log_enabled(level))
        return;
    va_list args;
    va_start(args, fmt);
    _cleanup_free_ char *text = su_vformat(fmt, args);
    va_end(args);
    sink.fn(sink.arg, level, text ? text : fmt);
}
