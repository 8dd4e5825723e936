/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decoder's messages: the JSON path of a value, its line and column, what was expected and
 * what was found. Everything here is computed only once something is wrong. Of the document no
 * more is quoted than a key, a number or a word of an enumeration: it may hold secrets.
 */
#include "json_decoder.h"

enum { QUOTED_MAX_BYTES = 80 };

void json_add_quoted(struct su_strbuf *sb, const char *text, size_t len)
{
    bool is_cut = len > QUOTED_MAX_BYTES;
    const unsigned char *p = (const unsigned char *)text;

    su_strbuf_addc(sb, '"');
    for (size_t i = 0; i < len && i < QUOTED_MAX_BYTES;) {
        size_t step = json_utf8_length(p + i, len - i);
        if (step == 0 || p[i] < 0x20 || p[i] == 0x7f)
            su_strbuf_printf(sb, "\\x%02x", p[i]);
        else if (p[i] == '"' || p[i] == '\\')
            su_strbuf_printf(sb, "\\%c", p[i]);
        else
            su_strbuf_add(sb, text + i, step);
        i += step ? step : 1;
    }
    su_strbuf_adds(sb, is_cut ? "...\"" : "\"");
}

static bool is_name(const char *key)
{
    static const char name_characters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    size_t len = strlen(key);

    return len > 0 && len <= QUOTED_MAX_BYTES && strspn(key, name_characters) == len;
}

void json_add_key(struct su_strbuf *sb, const char *key, bool is_map)
{
    if (!is_map && is_name(key)) {
        su_strbuf_printf(sb, "%s%s", sb->len ? "." : "", key);
        return;
    }
    su_strbuf_addc(sb, '[');
    json_add_quoted(sb, key, strlen(key));
    su_strbuf_addc(sb, ']');
}

char *json_path(const struct json_decoder *d)
{
    _cleanup_(su_strbuf_free) struct su_strbuf sb = {0};

    su_strbuf_adds(&sb, "");
    for (size_t i = 0; i < d->depth; i++) {
        const struct json_frame *frame = &d->frames[i];
        if (frame->kind == JSON_LIST)
            su_strbuf_printf(&sb, "[%zu]", frame->count);
        else if (frame->kind == JSON_OBJECT && frame->field)
            json_add_key(&sb, frame->field->name, false);
        else if (frame->key)
            json_add_key(&sb, frame->key, frame->kind == JSON_MAP);
    }
    return sb.failed ? NULL : su_take_ptr(&sb.text);
}

size_t json_token_start(const struct json_decoder *d, size_t before)
{
    while (before < d->len && d->text[before] && strchr(" \t\r\n,:", d->text[before]))
        before++;
    return before;
}

/* Line and column, both from 1; columns count characters. */
static void position(const char *text, size_t offset, size_t *line, size_t *column)
{
    *line = 1;
    *column = 1;
    for (size_t i = 0; i < offset; i++) {
        if (text[i] == '\n') {
            ++*line;
            *column = 1;
        } else if ((text[i] & 0xc0) != 0x80) {
            ++*column;
        }
    }
}

int json_fail_at_offset(const char *text, size_t offset, struct su_error *err, const char *what)
{
    size_t line, column;

    position(text, offset, &line, &column);
    return su_fail_at(err, SU_ERR_JSON, EINVAL, NULL, "line %zu, column %zu: %s", line, column,
                      what);
}

bool json_fail_memory(struct json_decoder *d)
{
    d->rc = su_fail(d->err, ENOMEM, "no memory to decode a document of %zu bytes", d->len);
    return false;
}

static bool fail_with_text(struct json_decoder *d, enum su_err_kind kind, size_t before,
                           const char *text)
{
    _cleanup_free_ char *path = json_path(d);
    size_t line, column;

    position(d->text, json_token_start(d, before), &line, &column);
    d->rc = su_fail_at(d->err, kind, EINVAL, path && *path ? path : NULL,
                       "%s (line %zu, column %zu)", text ? text : "invalid", line, column);
    return false;
}

bool json_fail(struct json_decoder *d, size_t before, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    _cleanup_free_ char *text = su_vformat(fmt, args);
    va_end(args);
    return fail_with_text(d, SU_ERR_JSON, before, text);
}

bool json_fail_kind(struct json_decoder *d, enum su_err_kind kind, size_t before, const char *fmt,
                    ...)
{
    va_list args;

    va_start(args, fmt);
    _cleanup_free_ char *text = su_vformat(fmt, args);
    va_end(args);
    return fail_with_text(d, kind, before, text);
}

const char *json_kind_noun(enum su_kind kind)
{
    switch (kind) {
    case SU_K_STRING:
    case SU_K_ENUM:
        return "a string";
    case SU_K_BOOL:
        return "true or false";
    case SU_K_INT:
    case SU_K_INT64:
    case SU_K_UINT16:
    case SU_K_UINT32:
    case SU_K_UINT64:
        return "a whole number";
    case SU_K_ENUM_LIST:
    case SU_K_STRING_LIST:
        return "an array of strings";
    case SU_K_UINT32_LIST:
        return "an array of whole numbers";
    case SU_K_OBJECT_LIST:
        return "an array of objects";
    case SU_K_STRING_MAP:
    case SU_K_OBJECT:
    case SU_K_OBJECT_MAP:
        return "an object";
    case SU_K_RAW:
        break;
    }
    return "a value";
}

bool json_fail_type(struct json_decoder *d, const struct json_slot *slot, const char *found)
{
    const char *noun = json_kind_noun(slot->kind);

    if (d->depth == 0 && slot->kind == SU_K_OBJECT_LIST)
        noun = "an array of objects";
    return json_fail(d, d->before, "%s, expected %s", found, noun);
}

/* The word of names that text is likely meant to be, or NULL. */
static const char *nearest_enum(const struct su_enum *names, const char *word)
{
    size_t n = 0;

    while (names[n].name)
        n++;
    _cleanup_free_ const char **words = calloc(n + 1, sizeof(*words));
    if (!words)
        return NULL;
    for (size_t i = 0; i < n; i++)
        words[i] = names[i].name;
    return su_nearest_word(word, words, n);
}

/* Adds ", expected a, b or c" where the words are few. */
static void add_choices(struct su_strbuf *sb, const struct su_enum *names)
{
    enum { CHOICES_MAX = 8 };
    size_t n = 0;

    while (names[n].name)
        n++;
    for (size_t i = 0; n <= CHOICES_MAX && i < n; i++)
        su_strbuf_printf(sb, "%s\"%s\"",
                         i == 0       ? ", expected "
                         : i + 1 == n ? " or "
                                      : ", ",
                         names[i].name);
}

bool json_fail_word(struct json_decoder *d, const struct su_field *field, const char *text,
                    size_t len)
{
    _cleanup_(su_strbuf_free) struct su_strbuf sb = {0};
    _cleanup_free_ char *word = strndup(text, len);
    const char *nearest = word ? nearest_enum(field->names, word) : NULL;

    json_add_quoted(&sb, text, len);
    su_strbuf_printf(&sb, " is not %s", field->what ? field->what : "a known word");
    if (nearest)
        su_strbuf_printf(&sb, " (did you mean \"%s\"?)", nearest);
    else
        add_choices(&sb, field->names);
    return fail_with_text(d, SU_ERR_JSON, d->before, sb.failed ? NULL : sb.text);
}

bool json_fail_syntax(struct json_decoder *d)
{
    size_t consumed = yajl_get_bytes_consumed(d->yajl);
    size_t start = json_token_start(d, d->end);
    const char *what = "not valid JSON";

    if (d->at_end) {
        start = d->len;
        what = "the document ends too early";
    } else if (start >= consumed && consumed > d->end) {
        /* The bad token is a comma or a colon. */
        start = consumed - 1;
    }
    if (d->root_ended)
        what = "text after the end of the document";
    d->rc = json_fail_at_offset(d->text, start, d->err, what);
    return false;
}
