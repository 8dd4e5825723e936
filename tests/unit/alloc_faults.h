/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that runs out at a chosen moment. The program is linked with --wrap for the functions
 * below, so every allocation of the project's own code and of the archives that it is linked with
 * goes through here; also the arena's, which would otherwise fail only once in some kilobytes.
 * Counts what is not freed. Works the same with and without sanitizers.
 */
#ifndef ALLOC_FAULTS_H
#define ALLOC_FAULTS_H

#include <check.h>
#include <fcntl.h>
#include <specutils/arena.h>
#include <specutils/log.h>

#include "base/base.h"

/* What happens at the chosen allocation: it fails alone, or with all that follow. */
enum fault_mode { FAULT_ONCE, FAULT_FROM_THEN_ON };

static struct {
    bool is_armed;
    enum fault_mode mode;
    unsigned long seen, fail_at; /* since armed; fail_at 0: never */
    long live;
} faults;

static inline bool fault_now(void)
{
    if (!faults.is_armed)
        return false;
    faults.seen++;
    bool hit = faults.fail_at && (faults.mode == FAULT_ONCE ? faults.seen == faults.fail_at
                                                            : faults.seen >= faults.fail_at);
    if (hit)
        errno = ENOMEM;
    return hit;
}

static inline void *counted(void *p)
{
    faults.live += p != NULL;
    return p;
}

/* Declares the wrapper of a function and the function behind it. */
#define WRAPPED(type, name, ...)     \
    type __real_##name(__VA_ARGS__); \
    type __wrap_##name(__VA_ARGS__)

WRAPPED(void *, malloc, size_t size);
WRAPPED(void *, calloc, size_t n, size_t size);
WRAPPED(void *, realloc, void *old, size_t size);
WRAPPED(void *, reallocarray, void *old, size_t n, size_t size);
WRAPPED(void, free, void *p);
WRAPPED(char *, strdup, const char *text);
WRAPPED(char *, strndup, const char *text, size_t len);
WRAPPED(char *, getcwd, char *buf, size_t size);
WRAPPED(DIR *, opendir, const char *path);
WRAPPED(DIR *, fdopendir, int fd);
WRAPPED(int, vasprintf, char **out, const char *fmt, va_list args);
WRAPPED(int, asprintf, char **out, const char *fmt, ...);
WRAPPED(int, __vasprintf_chk, char **out, int flag, const char *fmt, va_list args);
WRAPPED(int, __asprintf_chk, char **out, int flag, const char *fmt, ...);
WRAPPED(int, vsnprintf, char *out, size_t size, const char *fmt, va_list args);
WRAPPED(int, __vsnprintf_chk, char *out, size_t size, int flag, size_t room, const char *fmt,
        va_list args);
WRAPPED(void *, su_arena_alloc, struct su_arena *arena, size_t size);
WRAPPED(void *, su_arena_array, struct su_arena *arena, size_t n, size_t size);
WRAPPED(char *, su_arena_strdup, struct su_arena *arena, const char *text);
WRAPPED(char *, su_arena_strndup, struct su_arena *arena, const char *text, size_t len);
WRAPPED(char *, su_arena_vprintf, struct su_arena *arena, const char *fmt, va_list args);
WRAPPED(char *, su_arena_printf, struct su_arena *arena, const char *fmt, ...);

void *__wrap_malloc(size_t size)
{
    return fault_now() ? NULL : counted(__real_malloc(size));
}

void *__wrap_calloc(size_t n, size_t size)
{
    return fault_now() ? NULL : counted(__real_calloc(n, size));
}

void *__wrap_realloc(void *old, size_t size)
{
    if (fault_now())
        return NULL;
    void *p = __real_realloc(old, size);
    return old ? p : counted(p);
}

void *__wrap_reallocarray(void *old, size_t n, size_t size)
{
    if (fault_now())
        return NULL;
    void *p = __real_reallocarray(old, n, size);
    return old ? p : counted(p);
}

void __wrap_free(void *p)
{
    faults.live -= p != NULL;
    __real_free(p);
}

char *__wrap_strdup(const char *text)
{
    return fault_now() ? NULL : counted(__real_strdup(text));
}

char *__wrap_strndup(const char *text, size_t len)
{
    return fault_now() ? NULL : counted(__real_strndup(text, len));
}

char *__wrap_getcwd(char *buf, size_t size)
{
    if (buf)
        return __real_getcwd(buf, size);
    return fault_now() ? NULL : counted(__real_getcwd(buf, size));
}

DIR *__wrap_opendir(const char *path)
{
    return fault_now() ? NULL : __real_opendir(path);
}

DIR *__wrap_fdopendir(int fd)
{
    return fault_now() ? NULL : __real_fdopendir(fd);
}

/* As glibc does it, a failure leaves garbage behind the pointer. */
static inline int failed_print(char **out)
{
    *out = (char *)out;
    return -1;
}

int __wrap_vasprintf(char **out, const char *fmt, va_list args)
{
    if (fault_now())
        return failed_print(out);
    int len = __real_vasprintf(out, fmt, args);
    faults.live += len >= 0;
    return len;
}

int __wrap_asprintf(char **out, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    int len = __wrap_vasprintf(out, fmt, args);
    va_end(args);
    return len;
}

int __wrap___vasprintf_chk(char **out, int flag, const char *fmt, va_list args)
{
    (void)flag;
    return __wrap_vasprintf(out, fmt, args);
}

int __wrap___asprintf_chk(char **out, int flag, const char *fmt, ...)
{
    va_list args;

    (void)flag;
    va_start(args, fmt);
    int len = __wrap_vasprintf(out, fmt, args);
    va_end(args);
    return len;
}

/* It allocates for wide fields. */
int __wrap_vsnprintf(char *out, size_t size, const char *fmt, va_list args)
{
    return fault_now() ? -1 : __real_vsnprintf(out, size, fmt, args);
}

int __wrap___vsnprintf_chk(char *out, size_t size, int flag, size_t room, const char *fmt,
                           va_list args)
{
    return fault_now() ? -1 : __real___vsnprintf_chk(out, size, flag, room, fmt, args);
}

void *__wrap_su_arena_alloc(struct su_arena *arena, size_t size)
{
    return fault_now() ? NULL : __real_su_arena_alloc(arena, size);
}

void *__wrap_su_arena_array(struct su_arena *arena, size_t n, size_t size)
{
    return fault_now() ? NULL : __real_su_arena_array(arena, n, size);
}

char *__wrap_su_arena_strdup(struct su_arena *arena, const char *text)
{
    return text && fault_now() ? NULL : __real_su_arena_strdup(arena, text);
}

char *__wrap_su_arena_strndup(struct su_arena *arena, const char *text, size_t len)
{
    return fault_now() ? NULL : __real_su_arena_strndup(arena, text, len);
}

char *__wrap_su_arena_vprintf(struct su_arena *arena, const char *fmt, va_list args)
{
    return fault_now() ? NULL : __real_su_arena_vprintf(arena, fmt, args);
}

char *__wrap_su_arena_printf(struct su_arena *arena, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    char *text = __wrap_su_arena_vprintf(arena, fmt, args);
    va_end(args);
    return text;
}

/* --- trying a call with every allocation failing in turn ------------------------------------- */

/* One call under test. It brackets what it tests with arm() and disarm(), between which nothing
 * may be asserted (check allocates and exits without memory), and describes in text
 * what came out, so that a result made without memory is compared with one made with it. */
struct attempt {
    const void *input;
    struct su_error *err; /* NULL in some attempts */
    struct su_strbuf text;
    enum fault_mode mode;
    unsigned long fail_at;
};

typedef int attempt_fn(struct attempt *a);

static inline void arm(const struct attempt *a)
{
    faults.mode = a->mode;
    faults.fail_at = a->fail_at;
    faults.seen = 0;
    faults.is_armed = true;
}

static inline void disarm(void)
{
    faults.is_armed = false;
}

/* A leaked fd is among the lowest: there was no other hole. */
static inline int open_fds_now(void)
{
    int n = 0;
    for (int fd = 0; fd < 24; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

/* What must hold of a call whatever failed in it; expected is how it went with memory. */
static inline void check_outcome(const struct attempt *a, int rc, int expected_rc,
                                 const struct su_strbuf *expected)
{
    if (rc == -ENOMEM && expected_rc != -ENOMEM)
        ck_assert_uint_ne(a->fail_at, 0);
    else
        ck_assert_msg(rc == expected_rc, "allocation %lu: %d, with memory %d", a->fail_at, rc,
                      expected_rc);
    if (rc < 0 && a->err) {
        ck_assert_msg(a->err->errnum == -rc, "allocation %lu: errnum %d, returned %d", a->fail_at,
                      a->err->errnum, rc);
        ck_assert_ptr_nonnull(su_error_text(a->err));
    }
    if (rc >= 0 && rc == expected_rc)
        ck_assert_msg(
            su_streq(a->text.text ? a->text.text : "", expected->text ? expected->text : ""),
            "allocation %lu: \"%.99s\", with memory \"%.99s\"", a->fail_at, a->text.text,
            expected->text);
}

/* Runs one attempt; false if the allocation that was to fail did not come any more. */
static inline bool run_attempt(attempt_fn *fn, struct attempt *a, int *rc)
{
    long live = faults.live;
    int fds = open_fds_now();

    *rc = fn(a);
    disarm();
    bool came = faults.seen >= a->fail_at;
    ck_assert_msg(open_fds_now() == fds, "allocation %lu: fds leaked", a->fail_at);
    /* The text and the error are still there: their owner is the caller. */
    long own = a->text.text != NULL;
    if (a->err)
        own += (a->err->msg != NULL) + (a->err->json_path != NULL) + (a->err->expected != NULL) +
               (a->err->found != NULL);
    ck_assert_msg(faults.live == live + own, "allocation %lu: %ld pieces leaked", a->fail_at,
                  faults.live - live - own);
    return came;
}

static inline void sink_record(void *arg, enum su_log_level level, const char *msg)
{
    (void)level;
    *(size_t *)arg += strlen(msg);
}

/* Fails the first, second, ... allocation of fn until it meets none any more. Returns how many
 * there are. */
static inline unsigned long try_every_allocation(attempt_fn *fn, const void *input)
{
    _cleanup_error_ struct su_error err = {0};
    _cleanup_(su_strbuf_free) struct su_strbuf expected = {0};
    struct attempt a = {.input = input, .err = &err};
    size_t logged = 0;
    int expected_rc, rc;

    su_log_set_sink(sink_record, &logged, SU_LOG_DEBUG);
    run_attempt(fn, &a, &expected_rc);
    expected = a.text;
    unsigned long n = faults.seen;
    for (int way = 0; way < 3; way++) {
        a = (struct attempt){.mode = way == 1 ? FAULT_FROM_THEN_ON : FAULT_ONCE};
        bool came = true;
        while (came) {
            su_error_clear(&err);
            a = (struct attempt){input, way == 2 ? NULL : &err, {0}, a.mode, a.fail_at + 1};
            came = run_attempt(fn, &a, &rc);
            check_outcome(&a, rc, expected_rc, &expected);
            su_strbuf_free(&a.text);
        }
    }
    su_log_set_sink(NULL, NULL, SU_LOG_ERROR);
    return n;
}

#endif
