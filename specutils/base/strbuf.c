/* SPDX-License-Identifier: Apache-2.0 */
/* A string that grows. Running out of memory is remembered, so that callers check once. */
#include "base.h"

static bool reserve(struct su_strbuf *sb, size_t extra)
{
    if (sb->failed)
        return false;
    if (extra < sb->cap - sb->len)
        return true;
    size_t cap = sb->cap ? sb->cap : 256;
    while (cap - sb->len <= extra) {
        if (cap > SIZE_MAX / 2) {
            sb->failed = true;
            return false;
        }
        cap *= 2;
    }
    char *grown = realloc(sb->text, cap);
    if (!grown) {
        sb->failed = true;
        return false;
    }
    sb->text = grown;
    sb->cap = cap;
    return true;
}

void su_strbuf_add(struct su_strbuf *sb, const char *bytes, size_t len)
{
    if (!reserve(sb, len))
        return;
    if (len)
        memcpy(sb->text + sb->len, bytes, len);
    sb->len += len;
    sb->text[sb->len] = '\0';
}

void su_strbuf_adds(struct su_strbuf *sb, const char *text)
{
    su_strbuf_add(sb, text, strlen(text));
}

void su_strbuf_addc(struct su_strbuf *sb, char c)
{
    su_strbuf_add(sb, &c, 1);
}

void su_strbuf_printf(struct su_strbuf *sb, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    int len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (len < 0)
        sb->failed = true;
    if (len < 0 || !reserve(sb, (size_t)len))
        return;
    va_start(args, fmt);
    int again = vsnprintf(sb->text + sb->len, (size_t)len + 1, fmt, args);
    va_end(args);
    /* Wide fields need memory of their own, which may be there once and not twice. */
    if (again != len)
        sb->failed = true;
    else
        sb->len += (size_t)len;
    sb->text[sb->len] = '\0';
}

void su_strbuf_free(struct su_strbuf *sb)
{
    free(sb->text);
    *sb = (struct su_strbuf){0};
}

char *su_vformat(const char *fmt, va_list args)
{
    char *text;

    return vasprintf(&text, fmt, args) < 0 ? NULL : text;
}
