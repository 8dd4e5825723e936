/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log. A record is one line, text in logrus' manner or a JSON object, appended with a single
 * write, because all commands of a container share the file. podman reads a JSON log as one
 * object and containerd takes its last error, so in JSON form warnings are held back until the
 * command has succeeded: after a failure the error is the only record.
 */
#include "logger.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <specutils/debug_log.h>
#include <specutils/log.h>

#include "base/base.h"
#include "escape.h"

static const char *const level_names[] = {
    [SU_LOG_ERROR] = "error",
    [SU_LOG_WARNING] = "warning",
    [SU_LOG_INFO] = "info",
    [SU_LOG_DEBUG] = "debug",
};

static void add_time(struct su_strbuf *out)
{
    struct timespec now;
    struct tm tm;

    clock_gettime(CLOCK_REALTIME, &now);
    if (!gmtime_r(&now.tv_sec, &tm))
        tm = (struct tm){.tm_year = 70, .tm_mday = 1};
    su_strbuf_printf(out, "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900, tm.tm_mon + 1,
                     tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static void add_record(struct su_strbuf *out, bool json, enum su_log_level level, const char *msg)
{
    if (json) {
        su_strbuf_printf(out, "{\"level\":\"%s\",\"msg\":\"", level_names[level]);
        escape_add(out, msg, ESCAPE_JSON);
        su_strbuf_adds(out, "\",\"time\":\"");
        add_time(out);
        su_strbuf_adds(out, "\"}\n");
    } else {
        su_strbuf_adds(out, "time=\"");
        add_time(out);
        su_strbuf_printf(out, "\" level=%s msg=\"", level_names[level]);
        escape_add(out, msg, ESCAPE_QUOTED);
        su_strbuf_adds(out, "\"\n");
    }
}

/* "runlet: warning: ..." for a person; the bare message for an engine, which adds its own. */
static void show(const struct logger *logger, enum su_log_level level, const char *msg)
{
    _cleanup_(su_strbuf_free) struct su_strbuf line = {0};

    if (!logger->path && (logger->json || level >= SU_LOG_INFO)) {
        add_record(&line, logger->json, level, msg);
    } else {
        if (!logger->path)
            su_strbuf_adds(&line, "runlet: ");
        if (level == SU_LOG_WARNING)
            su_strbuf_adds(&line, "warning: ");
        escape_add(&line, msg, ESCAPE_LINE);
        su_strbuf_addc(&line, '\n');
    }
    /* Nobody is left to tell if this fails, too. */
    if (!line.failed)
        su_write_all(STDERR_FILENO, line.text, line.len);
}

/* Makes the folders above path. What fails shows when the file is opened. */
static void make_parents(const char *path)
{
    _cleanup_free_ char *copy = strdup(path);
    if (!copy)
        return;
    for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(copy, 0755);
        *slash = '/';
    }
}

static int open_log(struct logger *logger)
{
    const int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY;

    if (logger->fd >= 0)
        return 0;
    if (!logger->path || !*logger->path)
        return -ENOENT;
    logger->fd = open(logger->path, flags, 0644);
    if (logger->fd < 0 && errno == ENOENT) {
        make_parents(logger->path);
        logger->fd = open(logger->path, flags, 0644);
    }
    return logger->fd < 0 ? -errno : 0;
}

/* Appends bytes to the log; if that is impossible says so once. */
static void append(struct logger *logger, const char *bytes, size_t len)
{
    int rc = open_log(logger);
    if (rc == 0)
        rc = su_write_all(logger->fd, bytes, len);
    if (rc == 0)
        return;
    _cleanup_error_ struct su_error err = {0};
    su_fail(&err, -rc, "cannot write log %s: %s", logger->path, strerrordesc_np(-rc));
    logger->path = NULL;
    show(logger, SU_LOG_WARNING, su_error_text(&err));
}

static void hold(struct logger *logger, const struct su_strbuf *record)
{
    char *grown = realloc(logger->held, logger->held_len + record->len);
    if (!grown)
        return;
    memcpy(grown + logger->held_len, record->text, record->len);
    logger->held = grown;
    logger->held_len += record->len;
}

/* A line as glog writes it: "I1213 08:54:07.000123   42 runlet] msg", in local time. */
static void add_glog(struct su_strbuf *out, enum su_log_level level, const char *msg)
{
    static const char letters[] = {'E', 'W', 'I', 'D'};
    struct timespec now;
    struct tm tm = {0};

    clock_gettime(CLOCK_REALTIME, &now);
    localtime_r(&now.tv_sec, &tm);
    su_strbuf_printf(out, "%c%02d%02d %02d:%02d:%02d.%06ld %7d runlet] ", letters[level],
                     tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
                     now.tv_nsec / 1000, (int)getpid());
    escape_add(out, msg, ESCAPE_LINE);
    su_strbuf_addc(out, '\n');
}

static void write_debug(const struct logger *logger, enum su_log_level level, const char *msg)
{
    _cleanup_(su_strbuf_free) struct su_strbuf record = {0};

    if (logger->debug_fd < 0)
        return;
    if (logger->debug_json)
        add_record(&record, true, level, msg);
    else
        add_glog(&record, level, msg);
    if (record.failed)
        return;
    su_write_all(logger->debug_fd, record.text, record.len);
    if (logger->also_to_stderr)
        su_write_all(STDERR_FILENO, record.text, record.len);
}

static void sink(void *arg, enum su_log_level level, const char *msg)
{
    struct logger *logger = arg;
    _cleanup_(su_strbuf_free) struct su_strbuf record = {0};

    write_debug(logger, level, msg);
    if (level > SU_LOG_WARNING && !logger->debug)
        return;
    if (!logger->path) {
        show(logger, level, msg);
        return;
    }
    add_record(&record, logger->json, level, msg);
    if (record.failed)
        return;
    if (logger->json && !logger->debug)
        hold(logger, &record);
    else
        append(logger, record.text, record.len);
}

void logger_start(struct logger *logger, const struct globals *globals)
{
    *logger = (struct logger){
        .path = globals->conf.log,
        .fd = globals->log_fd,
        .json = globals->log_format == LOG_FORMAT_JSON,
        .debug = globals->conf.debug,
        .debug_fd = -1,
    };
    if (logger->path && !*logger->path)
        logger->path = NULL;
    if (logger->fd >= 0 && !logger->path)
        logger->path = "(--log-fd)";
    su_log_set_sink(sink, logger, logger->debug ? SU_LOG_DEBUG : SU_LOG_WARNING);
}

int logger_open_debug(struct logger *logger, const struct su_config *conf, const char *command,
                      struct su_error *err)
{
    struct timespec now;

    if (!conf->debug_log || !*conf->debug_log || !su_is_debug_command(conf, command))
        return 0;
    clock_gettime(CLOCK_REALTIME, &now);
    int fd = su_debug_log_file(conf->debug_log, command, "", &now, err);
    if (fd < 0)
        return fd;
    logger->debug_fd = fd;
    logger->debug_json = conf->debug_log_format && su_has_prefix(conf->debug_log_format, "json");
    logger->also_to_stderr = conf->alsologtostderr;
    su_log_set_sink(sink, logger, logger->debug ? SU_LOG_DEBUG : SU_LOG_INFO);
    return 0;
}

void logger_forget(struct logger *logger)
{
    free(su_take_ptr(&logger->held));
    logger->held_len = 0;
}

void logger_finish(struct logger *logger)
{
    if (logger->held)
        append(logger, logger->held, logger->held_len);
    logger_forget(logger);
}

void logger_fail(struct logger *logger, const struct su_error *err)
{
    const char *msg = su_error_text(err);
    _cleanup_(su_strbuf_free) struct su_strbuf record = {0};

    logger_forget(logger);
    write_debug(logger, SU_LOG_ERROR, msg);
    if (logger->path) {
        add_record(&record, logger->json, SU_LOG_ERROR, msg);
        if (!record.failed)
            append(logger, record.text, record.len);
    }
    show(logger, SU_LOG_ERROR, msg);
}
