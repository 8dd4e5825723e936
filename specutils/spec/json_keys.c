/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys: from a name to the field of a table, duplicates, and the warnings of unknown fields. A
 * known field is a bit of a mask; all other keys are kept until their object ends, and sorted.
 */
#include "json_decoder.h"

bool json_push_key(struct json_decoder *d, const char *text, size_t len)
{
    struct json_frame *frame = json_top(d);

    frame->key = json_copy(d, text, len);
    struct json_key *key = frame->key ? json_push(d, &d->keys, sizeof(*key)) : NULL;
    if (!key)
        return false;
    *key = (struct json_key){frame->key, d->before};
    return true;
}

static int compare_keys(const void *a, const void *b)
{
    const struct json_key *left = a, *right = b;
    int order = strcmp(left->text, right->text);

    return order ? order : (left->before > right->before) - (left->before < right->before);
}

/* Engines write maps sorted, so this is the usual case. */
static bool are_ascending(const struct json_key *keys, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (strcmp(keys[i - 1].text, keys[i].text) >= 0)
            return false;
    return true;
}

/* The second of two equal keys, or NULL. Sorting keeps a hostile map from costing its square. */
static const struct json_key *find_duplicate(struct json_key *keys, size_t n)
{
    if (!are_ascending(keys, n))
        qsort(keys, n, sizeof(*keys), compare_keys);
    for (size_t i = 1; i < n; i++)
        if (su_streq(keys[i - 1].text, keys[i].text))
            return &keys[i];
    return NULL;
}

bool json_check_keys(struct json_decoder *d)
{
    struct json_frame *frame = json_top(d);
    size_t n = d->keys.len / sizeof(struct json_key) - frame->n_keys;

    if (n == 0)
        return true;
    struct json_key *keys = (struct json_key *)d->keys.bytes + frame->n_keys;
    const struct json_key *duplicate = find_duplicate(keys, n);
    if (duplicate) {
        frame->key = duplicate->text;
        if (frame->kind == JSON_OBJECT)
            frame->field = NULL;
        return json_fail(d, duplicate->before, "duplicate key");
    }
    d->keys.len = frame->n_keys * sizeof(struct json_key);
    return true;
}

/* Warnings of unknown fields that one document brings at most, the last being a count. */
enum { WARNINGS_MAX = 16 };

static void warn_unknown(struct json_decoder *d)
{
    if (++d->n_unknown > WARNINGS_MAX || !su_log_enabled(SU_LOG_WARNING))
        return;
    _cleanup_free_ char *path = json_path(d);
    su_warn("%s: unknown field, ignored", path ? path : "a field");
}

void json_warn_rest(const struct json_decoder *d)
{
    if (d->n_unknown > WARNINGS_MAX)
        su_warn("%zu more unknown fields, ignored", d->n_unknown - WARNINGS_MAX);
}

/* The field of that name. Documents tend to have the table's order, so the search begins behind
 * the field before. */
static const struct su_field *find_field(const struct su_type *type, size_t first, const char *key,
                                         size_t len)
{
    for (size_t i = 0; i < type->n_fields; i++) {
        size_t at = first + i < type->n_fields ? first + i : first + i - type->n_fields;
        const struct su_field *field = &type->fields[at];
        if (strncmp(field->name, key, len) == 0 && field->name[len] == '\0')
            return field;
    }
    return NULL;
}

bool json_object_key(struct json_decoder *d, const char *key, size_t len)
{
    struct json_frame *frame = json_top(d);

    frame->field = find_field(frame->type, frame->next, key, len);
    if (!frame->field) {
        if (!json_push_key(d, key, len))
            return false;
        warn_unknown(d);
        return true;
    }
    size_t index = (size_t)(frame->field - frame->type->fields);
    if (frame->seen >> index & 1)
        return json_fail(d, d->before, "duplicate key");
    frame->seen |= UINT64_C(1) << index;
    frame->next = index + 1;
    if (frame->field->flags & SU_F_NOT_LINUX && su_log_enabled(SU_LOG_DEBUG)) {
        _cleanup_free_ char *path = json_path(d);
        su_debug("%s: not for Linux, ignored", path ? path : frame->field->name);
    }
    return true;
}
