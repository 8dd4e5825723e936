/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the fuzz targets share: the entry point's declaration, properties that stop the fuzzer
 * with words, and readers that make choices, texts and lists of lines out of any bytes.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <specutils/specutils.h>

#include "base/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the program, and so keeps the input, unless a property holds. */
static inline void SU_PRINTF(2, 3) fuzz_require(bool holds, const char *fmt, ...)
{
    va_list args;

    if (holds)
        return;
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fputc('\n', stderr);
    abort();
}

/* Records are made, and thrown away when they are whole. */
static inline void fuzz_sink(void *arg, enum su_log_level level, const char *msg)
{
    (void)level;
    *(volatile size_t *)arg += strlen(msg);
}

static inline void fuzz_log_everything(void)
{
    static size_t logged;
    su_log_set_sink(fuzz_sink, &logged, SU_LOG_DEBUG);
}

/* A failure is described: by the errno that was returned and by words. */
static inline void fuzz_check_error(int rc, const struct su_error *err)
{
    fuzz_require(rc < 0 && err->errnum == -rc && err->kind, "returned %d, errnum %d, kind %d", rc,
                 err->errnum, err->kind);
    fuzz_require(err->msg && *err->msg, "an error without words");
    fuzz_require(!err->json_path || su_has_prefix(err->msg, err->json_path),
                 "\"%s\" does not begin with its place, %s", err->msg, err->json_path);
}

/* Memory in arena; there is always enough. */
static inline void *fuzz_array(struct su_arena *arena, size_t n, size_t size)
{
    void *p = su_arena_array(arena, n, size);
    fuzz_require(p, "no memory for %zu * %zu bytes", n, size);
    return p;
}

/* --- bytes as choices; behind the end all are 0 ------------------------------------------------
 */

struct fuzz_bytes {
    const uint8_t *at;
    size_t left;
};

static inline uint8_t fuzz_byte(struct fuzz_bytes *b)
{
    if (b->left == 0)
        return 0;
    b->left--;
    return *b->at++;
}

static inline size_t fuzz_below(struct fuzz_bytes *b, size_t n)
{
    return fuzz_byte(b) % n;
}

static inline uint64_t fuzz_u64(struct fuzz_bytes *b)
{
    uint64_t value = 0;

    for (int i = 0; i < 8; i++)
        value = value << 8 | fuzz_byte(b);
    return value;
}

/* --- bytes as text -----------------------------------------------------------------------------
 */

/* The bytes up to the next line end (which goes, too), without NULs, in arena. */
static inline char *fuzz_line(struct fuzz_bytes *b, struct su_arena *arena)
{
    const uint8_t *end = b->left ? memchr(b->at, '\n', b->left) : NULL;
    size_t len = end ? (size_t)(end - b->at) : b->left;
    char *line = fuzz_array(arena, len + 1, 1), *out = line;

    for (size_t i = 0; i < len; i++)
        if (b->at[i])
            *out++ = (char)b->at[i];
    b->at += len + (end != NULL);
    b->left -= len + (end != NULL);
    return line;
}

/* The lines up to one that is "--", or all. */
static inline struct su_strv fuzz_lines(struct fuzz_bytes *b, struct su_arena *arena)
{
    size_t most = 2;

    for (size_t i = 0; i < b->left; i++)
        most += b->at[i] == '\n';
    struct su_strv list = {.v = fuzz_array(arena, most, sizeof(char *))};
    while (b->left) {
        char *line = fuzz_line(b, arena);
        if (su_streq(line, "--"))
            break;
        list.v[list.n++] = line;
    }
    return list;
}

#endif
