/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Debug log files: a pattern becomes a path (pure), the path a file. Also which commands log, and
 * the pointer to the list of questions and answers. Writes nothing into the files.
 */
#include <specutils/debug_log.h>

#include <fcntl.h>
#include <sys/stat.h>

#include "base/base.h"

/* text with all of what replaced by with; freed by the caller. NULL in, NULL out. */
static char *replace_all(const char *text, const char *what, const char *with)
{
    struct su_strbuf sb = {0};

    if (!text)
        return NULL;
    for (const char *hit; (hit = strstr(text, what)); text = hit + strlen(what)) {
        su_strbuf_add(&sb, text, (size_t)(hit - text));
        su_strbuf_adds(&sb, with);
    }
    su_strbuf_adds(&sb, text);
    if (sb.failed)
        su_strbuf_free(&sb);
    return sb.text;
}

/* yyyymmdd-hhmmss.uuuuuu in local time. */
static void format_time(const struct timespec *timestamp, char *out, size_t size)
{
    struct timespec now = {0};
    struct tm tm = {0};
    char seconds[64];

    if (!timestamp) {
        clock_gettime(CLOCK_REALTIME, &now);
        timestamp = &now;
    }
    localtime_r(&timestamp->tv_sec, &tm);
    if (strftime(seconds, sizeof(seconds), "%Y%m%d-%H%M%S", &tm) == 0)
        seconds[0] = '\0';
    snprintf(out, size, "%s.%06ld", seconds, timestamp->tv_nsec / 1000);
}

int su_debug_log_path(const char *pattern, const char *command, const char *test,
                      const struct timespec *timestamp, char **path, struct su_error *err)
{
    char time_text[96];

    if (!pattern || !*pattern)
        return su_fail(err, EINVAL, "debug log: the pattern is empty, expected a path");
    bool is_directory = pattern[strlen(pattern) - 1] == '/';
    format_time(timestamp, time_text, sizeof(time_text));
    /* A command is a word that somebody typed: it must not lead out of the directory. */
    _cleanup_free_ char *word = replace_all(command ? command : "", "/", "_");
    _cleanup_free_ char *full = NULL;
    if (asprintf(&full, "%s%s", pattern, is_directory ? SU_DEBUG_LOG_NAME : "") < 0)
        full = NULL;
    _cleanup_free_ char *timed = replace_all(full, "%TIMESTAMP%", time_text);
    _cleanup_free_ char *commanded = word ? replace_all(timed, "%COMMAND%", word) : NULL;
    *path = replace_all(commanded, "%TEST%", test ? test : "");
    return *path ? 0 : su_fail(err, ENOMEM, "debug log: out of memory");
}

/* Makes the directories above path. Those that are there already, by whatever means, do no harm:
 * open(2) says what is wrong with them. */
static int make_parents(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        int r = mkdir(path, 0755);
        int saved = errno;
        *slash = '/';
        if (r < 0 && saved != EEXIST && saved != EISDIR && saved != EROFS)
            return -saved;
    }
    return 0;
}

int su_debug_log_file(const char *pattern, const char *command, const char *test,
                      const struct timespec *timestamp, struct su_error *err)
{
    _cleanup_free_ char *path = NULL;
    int r = su_debug_log_path(pattern, command, test, timestamp, &path, err);

    if (!path)
        return r;
    r = make_parents(path);
    if (r < 0)
        return su_fail(err, -r, "debug log: cannot make the directories of %s: %s", path,
                       strerrordesc_np(-r));
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (fd < 0)
        return su_fail(err, errno, "debug log: cannot open %s: %s", path, strerrordesc_np(errno));
    return fd;
}

bool su_is_debug_command(const struct su_config *conf, const char *command)
{
    const char *list = conf ? conf->debug_command : NULL;

    if (!list || !*list)
        return true;
    bool negated = *list == '!';
    size_t command_len = strlen(command);
    for (const char *word = list + negated;;) {
        size_t len = strcspn(word, ",");
        if (len == command_len && memcmp(word, command, len) == 0)
            return !negated;
        if (!word[len])
            return negated;
        word += len + 1;
    }
}

char *su_faq_error_msg(const char *anchor, const char *msg)
{
    char *text = NULL;

    if (asprintf(&text, "%s; see %s#%s for more details", msg, SU_FAQ_URL, anchor) < 0)
        return NULL;
    return text;
}
