/* SPDX-License-Identifier: Apache-2.0 */
/* Patterns of debug logs, against a model: three lines are the pattern, the command and the test,
 * a fourth is the list of commands that log. Before them eight bytes are the time. */
#include "fuzz.h"

enum { LINE_MAX_BYTES = 300 };

/* text with all of what replaced, in arena; by recursion. */
static const char *replaced(struct su_arena *arena, const char *text, const char *what,
                            const char *with)
{
    struct su_strbuf sb = {0};

    while (*text) {
        if (su_has_prefix(text, what)) {
            su_strbuf_adds(&sb, with);
            text += strlen(what);
        } else {
            su_strbuf_addc(&sb, *text++);
        }
    }
    const char *copy = su_arena_strdup(arena, sb.text ? sb.text : "");
    su_strbuf_free(&sb);
    return copy;
}

static char *path_of(const char *pattern, const char *command, const char *test,
                     const struct timespec *when)
{
    _cleanup_error_ struct su_error err = {0};
    char *path = NULL;

    int rc = su_debug_log_path(pattern, command, test, when, &path, &err);
    if (rc < 0) {
        fuzz_check_error(rc, &err);
        fuzz_require(rc == -EINVAL && !*pattern && !path, "\"%s\": %d", pattern, rc);
    }
    return path;
}

static void check_path(struct su_arena *arena, const char *pattern, const char *command,
                       const char *test, const struct timespec *when)
{
    _cleanup_free_ char *time_text = path_of("%TIMESTAMP%", NULL, NULL, when);
    _cleanup_free_ char *path = path_of(pattern, command, test, when);

    if (!path)
        return;
    const char *expected = pattern;
    if (pattern[strlen(pattern) - 1] == '/')
        expected = su_arena_printf(arena, "%s%s", pattern, SU_DEBUG_LOG_NAME);
    expected = replaced(arena, expected, "%TIMESTAMP%", time_text);
    expected = replaced(arena, expected, "%COMMAND%", replaced(arena, command, "/", "_"));
    expected = replaced(arena, expected, "%TEST%", test);
    fuzz_require(su_streq(path, expected), "\"%s\" gives \"%s\", not \"%s\"", pattern, path,
                 expected);
}

static bool is_listed(const char *list, const char *word)
{
    size_t len = strlen(word);

    for (const char *at = list;; at++)
        if (strncmp(at, word, len) == 0 && (at == list || at[-1] == ',') &&
            (!at[len] || at[len] == ','))
            return true;
        else if (!*at)
            return false;
}

static void check_command(char *list, const char *command)
{
    const struct su_config conf = {.debug_command = list};
    bool expected =
        !*list || (*list == '!' ? !is_listed(list + 1, command) : is_listed(list, command));

    /* A word with a comma is no word of a list. */
    if (!strchr(command, ','))
        fuzz_require(su_is_debug_command(&conf, command) == expected, "\"%s\" in \"%s\"", command,
                     list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_arena_ struct su_arena arena = {0};
    struct fuzz_bytes bytes = {data, size};
    const char *lines[3];

    uint64_t when = fuzz_u64(&bytes);
    struct timespec timestamp = {(time_t)(when >> (when & 31)), (long)(when % 1000000000)};
    for (size_t i = 0; i < SU_ARRAY_SIZE(lines); i++) {
        lines[i] = fuzz_line(&bytes, &arena);
        /* The three may multiply each other. */
        if (strlen(lines[i]) > LINE_MAX_BYTES)
            return -1;
    }
    check_path(&arena, lines[0], lines[1], lines[2], &timestamp);
    check_command(fuzz_line(&bytes, &arena), lines[1]);
    return 0;
}
