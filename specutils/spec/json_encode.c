/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The encoder: walks a table and writes the struct's members in the table's order. What it
 * writes, the decoder reads back as the same struct.
 */
#include "json_decoder.h"

struct writer {
    struct su_strbuf sb;
    bool pretty;
    int indent, depth;
    bool is_first; /* nothing stands yet in the open object or list */
};

static void write_object(struct writer *w, const struct su_type *t, const char *object);

static void new_line(struct writer *w)
{
    if (w->pretty)
        su_strbuf_printf(&w->sb, "\n%*s", w->indent * w->depth, "");
}

static void open_bracket(struct writer *w, char bracket)
{
    su_strbuf_addc(&w->sb, bracket);
    w->depth++;
    w->is_first = true;
}

static void close_bracket(struct writer *w, char bracket)
{
    w->depth--;
    if (!w->is_first)
        new_line(w);
    su_strbuf_addc(&w->sb, bracket);
    w->is_first = false;
}

static void next_item(struct writer *w)
{
    if (!w->is_first)
        su_strbuf_addc(&w->sb, ',');
    w->is_first = false;
    new_line(w);
}

/* The two characters of a short escape, or NULL. */
static const char *short_escape(unsigned char c)
{
    switch (c) {
    case '"':
        return "\\\"";
    case '\\':
        return "\\\\";
    case '\n':
        return "\\n";
    case '\r':
        return "\\r";
    case '\t':
        return "\\t";
    default:
        return NULL;
    }
}

static void write_string(struct writer *w, const char *text)
{
    const unsigned char *p = (const unsigned char *)text;
    size_t len = strlen(text), plain = 0;

    su_strbuf_addc(&w->sb, '"');
    for (size_t i = 0; i < len;) {
        size_t step = p[i] < 0x80 ? 1 : json_utf8_length(p + i, len - i);
        const char *escape = short_escape(p[i]);
        if (step > 0 && p[i] >= 0x20 && !escape) {
            i += step;
            continue;
        }
        su_strbuf_add(&w->sb, text + plain, i - plain);
        if (step == 0)
            su_strbuf_adds(&w->sb, "\xef\xbf\xbd");
        else if (escape)
            su_strbuf_adds(&w->sb, escape);
        else
            su_strbuf_printf(&w->sb, "\\u%04x", p[i]);
        plain = ++i;
    }
    su_strbuf_add(&w->sb, text + plain, len - plain);
    su_strbuf_addc(&w->sb, '"');
}

static void write_key(struct writer *w, const char *key)
{
    next_item(w);
    write_string(w, key);
    su_strbuf_adds(&w->sb, w->pretty ? ": " : ":");
}

/* JSON text that was valid when it was read, laid out as all the rest. */
static void write_raw(struct writer *w, const char *text)
{
    bool in_string = false, is_start = true;

    for (const char *p = text; *p; p++) {
        if (in_string) {
            su_strbuf_addc(&w->sb, *p);
            if (*p == '\\' && p[1])
                su_strbuf_addc(&w->sb, *++p);
            else if (*p == '"')
                in_string = false;
            continue;
        }
        if (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n')
            continue;
        if (*p == '}' || *p == ']') {
            close_bracket(w, *p);
            continue;
        }
        if (*p == ',') {
            is_start = true;
            continue;
        }
        /* The first character of an item: of a member's key or of a list's element. */
        if (is_start && p != text)
            next_item(w);
        is_start = *p == '{' || *p == '[';
        if (is_start)
            open_bracket(w, *p);
        else
            su_strbuf_addc(&w->sb, *p);
        if (*p == ':' && w->pretty)
            su_strbuf_addc(&w->sb, ' ');
        in_string = *p == '"';
    }
}

struct list_head {
    const char *v;
    size_t n;
};

static struct list_head list_head(const char *member)
{
    struct list_head head;

    memcpy(&head, member, sizeof(head));
    return head;
}

static const void *pointer_at(const char *member)
{
    const void *p;

    memcpy(&p, member, sizeof(p));
    return p;
}

static void write_word(struct writer *w, const struct su_field *field, int value)
{
    const char *word = su_enum_name(field->names, value);
    write_string(w, word ? word : "");
}

static void write_scalar(struct writer *w, const struct su_field *field, const char *place)
{
    switch (field->kind) {
    case SU_K_BOOL:
        su_strbuf_adds(&w->sb, *(const bool *)place ? "true" : "false");
        break;
    case SU_K_INT:
        su_strbuf_printf(&w->sb, "%d", *(const int *)place);
        break;
    case SU_K_INT64:
        su_strbuf_printf(&w->sb, "%lld", (long long)*(const int64_t *)place);
        break;
    case SU_K_UINT16:
        su_strbuf_printf(&w->sb, "%u", *(const uint16_t *)place);
        break;
    case SU_K_UINT32:
        su_strbuf_printf(&w->sb, "%u", *(const uint32_t *)place);
        break;
    case SU_K_UINT64:
        su_strbuf_printf(&w->sb, "%llu", (unsigned long long)*(const uint64_t *)place);
        break;
    default:
        write_word(w, field, *(const int *)place);
    }
}

static void write_list(struct writer *w, const struct su_field *field, struct list_head list)
{
    open_bracket(w, '[');
    for (size_t i = 0; i < list.n; i++) {
        next_item(w);
        if (field->kind == SU_K_STRING_LIST)
            write_string(w, ((char *const *)(const void *)list.v)[i]);
        else if (field->kind == SU_K_UINT32_LIST)
            su_strbuf_printf(&w->sb, "%u", ((const uint32_t *)(const void *)list.v)[i]);
        else if (field->kind == SU_K_ENUM_LIST)
            write_word(w, field, ((const int *)(const void *)list.v)[i]);
        else
            write_object(w, field->type, list.v + i * field->type->size);
    }
    close_bracket(w, ']');
}

static void write_map(struct writer *w, const struct su_field *field, struct list_head map)
{
    open_bracket(w, '{');
    for (size_t i = 0; i < map.n; i++) {
        if (field->kind == SU_K_STRING_MAP) {
            const struct oci_pair *pair = (const struct oci_pair *)(const void *)map.v + i;
            write_key(w, pair->key);
            write_string(w, pair->value);
        } else {
            const char *element = map.v + i * field->type->size;
            write_key(w, pointer_at(element));
            write_object(w, field->type, element);
        }
    }
    close_bracket(w, '}');
}

/* Where the scalar of a member is, or NULL if it is not to be written. */
static const char *scalar_place(const struct su_field *field, const char *member)
{
    static const char zeroes[sizeof(uint64_t)];
    static const size_t sizes[] = {
        [SU_K_BOOL] = sizeof(bool),       [SU_K_INT] = sizeof(int),
        [SU_K_INT64] = sizeof(int64_t),   [SU_K_UINT16] = sizeof(uint16_t),
        [SU_K_UINT32] = sizeof(uint32_t), [SU_K_UINT64] = sizeof(uint64_t),
        [SU_K_ENUM] = sizeof(int),
    };

    if (field->flags & SU_F_PTR)
        return pointer_at(member);
    if (field->kind == SU_K_ENUM) {
        int value;
        memcpy(&value, member, sizeof(value));
        bool is_default = value == field->absent && !(field->flags & SU_F_REQUIRED);
        return is_default || !su_enum_name(field->names, value) ? NULL : member;
    }
    bool is_zero = memcmp(member, zeroes, sizes[field->kind]) == 0;
    return is_zero && !(field->flags & SU_F_REQUIRED) ? NULL : member;
}

static void write_compound(struct writer *w, const struct su_field *field, const char *member)
{
    const void *pointer = field->flags & SU_F_INLINE ? member : pointer_at(member);

    if (!pointer)
        return;
    write_key(w, field->name);
    switch (field->kind) {
    case SU_K_STRING:
        write_string(w, pointer);
        break;
    case SU_K_RAW:
        write_raw(w, pointer);
        break;
    case SU_K_OBJECT:
        write_object(w, field->type, pointer);
        break;
    case SU_K_STRING_MAP:
    case SU_K_OBJECT_MAP:
        write_map(w, field, list_head(member));
        break;
    default:
        write_list(w, field, list_head(member));
    }
}

static void write_object(struct writer *w, const struct su_type *t, const char *object)
{
    open_bracket(w, '{');
    for (size_t i = 0; i < t->n_fields; i++) {
        const struct su_field *field = &t->fields[i];
        const char *member = object + field->offset;
        if (field->kind < SU_K_BOOL || field->kind > SU_K_ENUM) {
            write_compound(w, field, member);
            continue;
        }
        const char *place = scalar_place(field, member);
        if (!place)
            continue;
        write_key(w, field->name);
        write_scalar(w, field, place);
    }
    close_bracket(w, '}');
}

static int finish(struct writer *w, char **text, size_t *len, struct su_error *err)
{
    if (w->sb.failed) {
        su_strbuf_free(&w->sb);
        return su_fail(err, ENOMEM, "no memory to encode JSON");
    }
    *text = su_take_ptr(&w->sb.text);
    if (len)
        *len = w->sb.len;
    return 0;
}

static struct writer writer_new(unsigned flags, int indent)
{
    return (struct writer){.pretty = flags & SU_JSON_PRETTY, .indent = indent, .is_first = true};
}

int su_json_encode(const struct su_type *t, const void *obj, unsigned flags, int indent,
                   char **text, size_t *len, struct su_error *err)
{
    struct writer w = writer_new(flags, indent);

    write_object(&w, t, obj);
    return finish(&w, text, len, err);
}

/* NOLINTNEXTLINE(readability-function-size): su_json_encode()'s, and how many there are. */
int su_json_encode_list(const struct su_type *t, const void *list, size_t n, unsigned flags,
                        int indent, char **text, size_t *len, struct su_error *err)
{
    struct writer w = writer_new(flags, indent);
    const struct su_field elements = {.kind = SU_K_OBJECT_LIST, .type = t};

    write_list(&w, &elements, (struct list_head){list, n});
    return finish(&w, text, len, err);
}
