/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Storing values: what may stand where the decoder is, the place in the struct where it goes,
 * conversion and range check of scalars. Elements of an open list grow on a stack beside the
 * arena and are copied to it once, when their number is known.
 */
#include "json_decoder.h"

#include <stdalign.h>

struct json_slot json_slot(struct json_decoder *d)
{
    static const enum su_kind element_kinds[] = {
        [SU_K_ENUM_LIST] = SU_K_ENUM,     [SU_K_STRING_LIST] = SU_K_STRING,
        [SU_K_UINT32_LIST] = SU_K_UINT32, [SU_K_STRING_MAP] = SU_K_STRING,
        [SU_K_OBJECT_LIST] = SU_K_OBJECT, [SU_K_OBJECT_MAP] = SU_K_OBJECT,
    };
    const struct json_frame *frame = json_top(d);

    if (!frame)
        return (struct json_slot){&d->root, d->root.kind, false};
    if (!frame->field || frame->kind == JSON_SKIP)
        return (struct json_slot){NULL, SU_K_RAW, false};
    if (frame->kind == JSON_OBJECT)
        return (struct json_slot){frame->field, frame->field->kind, false};
    return (struct json_slot){frame->field, element_kinds[frame->field->kind], true};
}

void *json_push(struct json_decoder *d, struct json_stack *stack, size_t size)
{
    if (!stack->bytes || size > stack->cap - stack->len) {
        size_t cap = stack->cap ? stack->cap : 1024;
        while (cap - stack->len < size)
            cap *= 2;
        char *grown = realloc(stack->bytes, cap);
        if (!grown) {
            json_fail_memory(d);
            return NULL;
        }
        stack->bytes = grown;
        stack->cap = cap;
    }
    void *piece = stack->bytes + stack->len;
    stack->len += size;
    return memset(piece, 0, size);
}

size_t json_element_size(const struct su_field *field)
{
    switch (field->kind) {
    case SU_K_ENUM_LIST:
        return sizeof(int);
    case SU_K_STRING_LIST:
        return sizeof(char *);
    case SU_K_UINT32_LIST:
        return sizeof(uint32_t);
    case SU_K_STRING_MAP:
        return sizeof(struct oci_pair);
    default:
        return field->type->size;
    }
}

/* A new element on top of the open list or map. */
static void *place_element(struct json_decoder *d, const struct json_frame *frame)
{
    void *element = json_push(d, &d->items, json_element_size(frame->field));

    if (!element || frame->kind != JSON_MAP)
        return element;
    memcpy(element, &frame->key, sizeof(frame->key));
    return frame->field->kind == SU_K_STRING_MAP ? &((struct oci_pair *)element)->value : element;
}

void *json_place(struct json_decoder *d, const struct json_slot *slot)
{
    struct json_frame *frame = json_top(d);

    if (slot->is_element)
        return place_element(d, frame);
    char *member = frame ? (char *)json_frame_object(d, frame) + slot->field->offset : d->out;
    if (!(slot->field->flags & SU_F_PTR))
        return member;
    void *scalar = su_arena_alloc(d->arena, sizeof(uint64_t));
    if (scalar)
        memcpy(member, &scalar, sizeof(scalar));
    else
        json_fail_memory(d);
    return scalar;
}

char *json_copy(struct json_decoder *d, const char *text, size_t len)
{
    char *copy = d->strings;

    if (d->strings_left > len) {
        memcpy(copy, text, len);
        copy[len] = '\0';
        d->strings += len + 1;
        d->strings_left -= len + 1;
        return copy;
    }
    copy = su_arena_strndup(d->arena, text, len);
    if (!copy)
        json_fail_memory(d);
    return copy;
}

void json_value_done(struct json_decoder *d)
{
    struct json_frame *frame = json_top(d);

    if (!frame)
        d->root_ended = true;
    else if (frame->kind != JSON_OBJECT)
        frame->count++;
    else if (frame->field)
        frame->stored |= UINT64_C(1) << (frame->next - 1);
}

bool json_store_raw(struct json_decoder *d, size_t before)
{
    const struct json_slot slot = json_slot(d);
    size_t start = json_token_start(d, before);

    char **place = json_place(d, &slot);
    if (!place)
        return false;
    *place = su_arena_strndup(d->arena, d->text + start, d->end - start);
    if (!*place)
        return json_fail_memory(d);
    json_value_done(d);
    return true;
}

static bool store_word(struct json_decoder *d, const struct json_slot *slot, const char *text,
                       size_t len)
{
    for (const struct su_enum *word = slot->field->names; word->name; word++) {
        if (strncmp(word->name, text, len) != 0 || word->name[len] != '\0')
            continue;
        int *place = json_place(d, slot);
        if (!place)
            return false;
        *place = word->value;
        json_value_done(d);
        return true;
    }
    return json_fail_word(d, slot->field, text, len);
}

bool json_store_string(struct json_decoder *d, const char *text, size_t len)
{
    const struct json_slot slot = json_slot(d);

    if (!slot.field)
        return true;
    if (slot.kind == SU_K_RAW)
        return json_store_raw(d, d->before);
    if (slot.kind == SU_K_ENUM)
        return store_word(d, &slot, text, len);
    if (slot.kind != SU_K_STRING)
        return json_fail_type(d, &slot, "found a string");
    char **place = json_place(d, &slot);
    if (!place)
        return false;
    *place = json_copy(d, text, len);
    if (!*place)
        return false;
    json_value_done(d);
    return true;
}

bool json_store_bool(struct json_decoder *d, bool value)
{
    const struct json_slot slot = json_slot(d);

    if (!slot.field)
        return true;
    if (slot.kind == SU_K_RAW)
        return json_store_raw(d, d->before);
    if (slot.kind != SU_K_BOOL)
        return json_fail_type(d, &slot, value ? "found true" : "found false");
    bool *place = json_place(d, &slot);
    if (!place)
        return false;
    *place = value;
    json_value_done(d);
    return true;
}

bool json_store_null(struct json_decoder *d)
{
    const struct json_slot slot = json_slot(d);
    const struct json_frame *frame = json_top(d);

    if (!frame || frame->kind == JSON_LIST)
        return json_fail_type(d, &slot, "found null");
    return true;
}

/* The bounds of an integer field. */
static void integer_range(const struct su_field *field, enum su_kind kind, int64_t *min,
                          uint64_t *max)
{
    static const struct {
        int64_t min;
        uint64_t max;
    } ranges[] = {
        [SU_K_INT] = {INT32_MIN, INT32_MAX}, [SU_K_INT64] = {INT64_MIN, INT64_MAX},
        [SU_K_UINT16] = {0, UINT16_MAX},     [SU_K_UINT32] = {0, UINT32_MAX},
        [SU_K_UINT64] = {0, UINT64_MAX},
    };

    bool has_own = field->min != 0 || field->max != 0;
    *min = has_own ? field->min : ranges[kind].min;
    *max = has_own ? field->max : ranges[kind].max;
}

/* Digits to a magnitude, false if it has no place in 64 bits. */
static bool parse_digits(const char *text, size_t len, uint64_t *magnitude)
{
    *magnitude = 0;
    for (size_t i = 0; i < len; i++)
        if (__builtin_mul_overflow(*magnitude, UINT64_C(10), magnitude) ||
            __builtin_add_overflow(*magnitude, (uint64_t)(text[i] - '0'), magnitude))
            return false;
    return true;
}

static bool parse_integer(const char *text, size_t len, int64_t min, uint64_t max, uint64_t *value)
{
    bool is_negative = text[0] == '-';

    if (!parse_digits(text + is_negative, len - is_negative, value))
        return false;
    if (!is_negative || *value == 0)
        return *value <= max && (min <= 0 || *value >= (uint64_t)min);
    /* -min as a magnitude, which INT64_MIN has no signed negation for. */
    if (min >= 0 || *value > (uint64_t)0 - (uint64_t)min)
        return false;
    *value = (uint64_t)0 - *value;
    return true;
}

static void write_integer(void *place, enum su_kind kind, uint64_t value)
{
    switch (kind) {
    case SU_K_INT:
        *(int *)place = (int)(int64_t)value;
        break;
    case SU_K_UINT16:
        *(uint16_t *)place = (uint16_t)value;
        break;
    case SU_K_UINT32:
        *(uint32_t *)place = (uint32_t)value;
        break;
    case SU_K_INT64:
        *(int64_t *)place = (int64_t)value;
        break;
    default:
        *(uint64_t *)place = value;
    }
}

bool json_store_number(struct json_decoder *d, const char *text, size_t len)
{
    const struct json_slot slot = json_slot(d);
    int64_t min;
    uint64_t max, value;

    if (!slot.field)
        return true;
    if (slot.kind == SU_K_RAW)
        return json_store_raw(d, d->before);
    if (slot.kind < SU_K_INT || slot.kind > SU_K_UINT64)
        return json_fail_type(d, &slot, "found a number");
    int shown = len < 40 ? (int)len : 40;
    if (memchr(text, '.', len) || memchr(text, 'e', len) || memchr(text, 'E', len))
        return json_fail(d, d->before, "found %.*s, expected a whole number", shown, text);
    integer_range(slot.field, slot.kind, &min, &max);
    if (!parse_integer(text, len, min, max, &value))
        return json_fail(d, d->before, "%.*s is out of range, expected %lld to %llu", shown, text,
                         (long long)min, (unsigned long long)max);
    void *place = json_place(d, &slot);
    if (!place)
        return false;
    write_integer(place, slot.kind, value);
    json_value_done(d);
    return true;
}
