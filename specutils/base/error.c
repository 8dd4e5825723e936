/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The error object: filling, prefixing, freeing. Every path through here copes with a NULL
 * struct and with memory running out; it never fails itself.
 */
#include <specutils/error.h>

#include <ctype.h>

#include "base.h"

/* A reason of the C library, "No such file or directory", stands in the middle of a sentence. */
static void lower_reason(char *text, int errnum)
{
    const char *reason = strerrordesc_np(errnum);

    if (!reason || !islower((unsigned char)reason[1]))
        return;
    for (char *p = text; (p = strstr(p, reason)); p++)
        *p = (char)tolower((unsigned char)*p);
}

static SU_PRINTF(5, 0) void error_set(struct su_error *err, enum su_err_kind kind, int errnum,
                                      const char *json_path, const char *fmt, va_list args)
{
    char *text = su_vformat(fmt, args), *with_path = NULL;

    if (text)
        lower_reason(text, errnum);
    if (text && json_path && asprintf(&with_path, "%s: %s", json_path, text) >= 0) {
        free(text);
        text = with_path;
    }
    char *path = json_path ? strdup(json_path) : NULL;
    /* The arguments may point into the old error, so it goes only now. */
    su_error_clear(err);
    *err = (struct su_error){.kind = kind, .errnum = errnum, .json_path = path, .msg = text};
}

int su_fail(struct su_error *err, int errnum, const char *fmt, ...)
{
    if (err) {
        va_list args;
        va_start(args, fmt);
        error_set(err, SU_ERR_IO, errnum, NULL, fmt, args);
        va_end(args);
    }
    return -errnum;
}

int su_fail_at(struct su_error *err, enum su_err_kind kind, int errnum, const char *json_path,
               const char *fmt, ...)
{
    if (err) {
        va_list args;
        va_start(args, fmt);
        error_set(err, kind, errnum, json_path, fmt, args);
        va_end(args);
    }
    return -errnum;
}

int su_error_prefix(struct su_error *err, const char *fmt, ...)
{
    if (!err)
        return -EINVAL;
    char *msg = NULL;
    va_list args;

    va_start(args, fmt);
    _cleanup_free_ char *prefix = su_vformat(fmt, args);
    va_end(args);
    if (prefix && asprintf(&msg, "%s: %s", prefix, su_error_text(err)) >= 0) {
        free(err->msg);
        err->msg = msg;
    }
    return -err->errnum;
}

const char *su_error_text(const struct su_error *err)
{
    return err->msg ? err->msg : strerrordesc_np(err->errnum);
}

void su_error_clear(struct su_error *err)
{
    if (!err)
        return;
    free(err->json_path);
    free(err->msg);
    free(err->expected);
    free(err->found);
    *err = (struct su_error){0};
}
