/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decoder: the parser's events drive a stack of open objects, maps and lists; each value is
 * written straight into the struct that its table describes. Nothing is read twice but what an
 * error message needs. Its stack is bounded, so a hostile document cannot exhaust the program's.
 */
#include "json_decoder.h"

static struct json_frame *open_frame(struct json_decoder *d, enum json_frame_kind kind)
{
    if (d->depth == SU_JSON_MAX_DEPTH) {
        json_fail(d, d->before, "nested too deeply, expected at most %d levels", SU_JSON_MAX_DEPTH);
        return NULL;
    }
    struct json_frame *frame = &d->frames[d->depth++];
    *frame = (struct json_frame){
        .kind = kind,
        .before = d->before,
        .n_keys = d->keys.len / sizeof(struct json_key),
    };
    return frame;
}

/* Makes frame fill what lies at the newest member of its parent. */
static void locate_in_parent(struct json_decoder *d, struct json_frame *frame)
{
    const struct json_frame *parent = d->depth > 1 ? frame - 1 : NULL;

    if (!parent)
        frame->fixed = d->out;
    else if (parent->fixed)
        frame->fixed = (char *)parent->fixed + parent->field->offset;
    else
        frame->offset = parent->offset + parent->field->offset;
}

static void set_absent_values(const struct su_type *type, void *object)
{
    for (size_t i = 0; i < type->n_fields; i++) {
        const struct su_field *field = &type->fields[i];
        if (field->absent)
            memcpy((char *)object + field->offset, &field->absent, sizeof(field->absent));
    }
}

static bool open_object(struct json_decoder *d, const struct json_slot *slot)
{
    const struct su_type *type = slot->field->type;
    void *object = NULL;

    if (slot->is_element) {
        if (!json_place(d, slot))
            return false;
    } else if (!(slot->field->flags & SU_F_INLINE)) {
        object = su_arena_alloc(d->arena, type->size);
        if (!object)
            return json_fail_memory(d);
        memcpy(json_place(d, slot), &object, sizeof(object));
    }
    struct json_frame *frame = open_frame(d, JSON_OBJECT);
    if (!frame)
        return false;
    frame->type = type;
    if (object)
        frame->fixed = object;
    else if (slot->is_element)
        frame->offset = d->items.len - type->size;
    else
        locate_in_parent(d, frame);
    set_absent_values(type, json_frame_object(d, frame));
    return true;
}

static bool open_list(struct json_decoder *d, const struct json_slot *slot,
                      enum json_frame_kind kind)
{
    const size_t align = _Alignof(max_align_t);
    struct json_frame *frame = open_frame(d, kind);

    if (!frame)
        return false;
    frame->field = slot->field;
    locate_in_parent(d, frame);
    frame->items_len = d->items.len;
    size_t padding = (align - d->items.len % align) % align;
    frame->items = d->items.len + padding;
    return json_push(d, &d->items, padding) != NULL;
}

/* Moves the elements to the arena and writes the list's head. */
static bool close_list(struct json_decoder *d)
{
    const struct json_frame *frame = json_top(d);
    size_t bytes = frame->count * json_element_size(frame->field);
    /* A list of strings has a NULL behind its last one. */
    size_t extra = frame->field->kind == SU_K_STRING_LIST ? sizeof(char *) : 0;
    void *v = su_arena_alloc(d->arena, bytes + extra);

    if (!v)
        return json_fail_memory(d);
    if (bytes)
        memcpy(v, d->items.bytes + frame->items, bytes);
    char *head = json_frame_object(d, frame);
    memcpy(head, &v, sizeof(v));
    memcpy(head + sizeof(v), &frame->count, sizeof(frame->count));
    d->items.len = frame->items_len;
    d->depth--;
    json_value_done(d);
    return true;
}

/* A required scalar that lies in its struct must be checked now: afterwards 0 looks the same. */
static bool check_required_scalars(struct json_decoder *d)
{
    struct json_frame *frame = json_top(d);

    for (size_t i = 0; i < frame->type->n_fields; i++) {
        const struct su_field *field = &frame->type->fields[i];
        bool is_scalar = field->kind >= SU_K_BOOL && field->kind <= SU_K_ENUM;
        if ((field->flags & (SU_F_REQUIRED | SU_F_PTR)) != SU_F_REQUIRED || !is_scalar ||
            frame->stored >> i & 1)
            continue;
        frame->field = field;
        return json_fail_kind(d, SU_ERR_SPEC, frame->before, "missing, expected %s",
                              json_kind_noun(field->kind));
    }
    return true;
}

/* --- the parser's events: 1 goes on, 0 stops ---------------------------------------------------
 */

static struct json_decoder *next_token(void *ctx)
{
    struct json_decoder *d = ctx;

    d->before = d->end;
    d->end = d->at_end ? d->len : yajl_get_bytes_consumed(d->yajl);
    return d;
}

static int on_null(void *ctx)
{
    return json_store_null(next_token(ctx));
}

static int on_bool(void *ctx, int value)
{
    return json_store_bool(next_token(ctx), value != 0);
}

static int on_number(void *ctx, const char *text, size_t len)
{
    return json_store_number(next_token(ctx), text, len);
}

static int on_string(void *ctx, const unsigned char *text, size_t len)
{
    return json_store_string(next_token(ctx), (const char *)text, len);
}

static int on_key(void *ctx, const unsigned char *text, size_t len)
{
    struct json_decoder *d = next_token(ctx);

    if (json_top(d)->kind == JSON_OBJECT)
        return json_object_key(d, (const char *)text, len);
    return json_push_key(d, (const char *)text, len);
}

static int on_start_map(void *ctx)
{
    struct json_decoder *d = next_token(ctx);
    const struct json_slot slot = json_slot(d);

    if (slot.kind == SU_K_RAW)
        return open_frame(d, JSON_SKIP) != NULL;
    if (slot.kind == SU_K_OBJECT)
        return open_object(d, &slot);
    if (slot.kind == SU_K_STRING_MAP || slot.kind == SU_K_OBJECT_MAP)
        return open_list(d, &slot, JSON_MAP);
    return json_fail_type(d, &slot, "found an object");
}

static int on_start_list(void *ctx)
{
    struct json_decoder *d = next_token(ctx);
    const struct json_slot slot = json_slot(d);

    switch (slot.kind) {
    case SU_K_RAW:
        return open_frame(d, JSON_SKIP) != NULL;
    case SU_K_ENUM_LIST:
    case SU_K_STRING_LIST:
    case SU_K_UINT32_LIST:
    case SU_K_OBJECT_LIST:
        return open_list(d, &slot, JSON_LIST);
    default:
        return json_fail_type(d, &slot, "found an array");
    }
}

/* A skipped object or list ended; if it is kept as text, this is the time. */
static bool close_skipped(struct json_decoder *d)
{
    size_t before = json_top(d)->before;

    d->depth--;
    const struct json_slot slot = json_slot(d);
    return !slot.field || json_store_raw(d, before);
}

static int on_end_map(void *ctx)
{
    struct json_decoder *d = next_token(ctx);

    if (!json_check_keys(d))
        return 0;
    if (json_top(d)->kind == JSON_SKIP)
        return close_skipped(d);
    if (json_top(d)->kind == JSON_MAP)
        return close_list(d);
    if (!check_required_scalars(d))
        return 0;
    d->depth--;
    json_value_done(d);
    return 1;
}

static int on_end_list(void *ctx)
{
    struct json_decoder *d = next_token(ctx);

    return json_top(d)->kind == JSON_SKIP ? close_skipped(d) : close_list(d);
}

/* --- the parser's memory: it does not check what it is given, so failure must not return --- */

/* Each piece is preceded by its size, for realloc. */
static void *parser_malloc(void *ctx, size_t size)
{
    struct json_decoder *d = ctx;
    size_t *piece = su_arena_alloc(&d->yajl_memory, size + _Alignof(max_align_t));

    if (!piece)
        longjmp(d->no_memory, 1);
    *piece = size;
    return (char *)piece + _Alignof(max_align_t);
}

static void *parser_realloc(void *ctx, void *old, size_t size)
{
    size_t old_size = old ? *(size_t *)((char *)old - _Alignof(max_align_t)) : 0;
    void *piece = parser_malloc(ctx, size);

    if (old)
        memcpy(piece, old, old_size < size ? old_size : size);
    return piece;
}

static void parser_free(void *ctx, void *piece)
{
    (void)ctx;
    (void)piece;
}

static void parse(struct json_decoder *d)
{
    static const yajl_callbacks events = {
        .yajl_null = on_null,
        .yajl_boolean = on_bool,
        .yajl_number = on_number,
        .yajl_string = on_string,
        .yajl_start_map = on_start_map,
        .yajl_map_key = on_key,
        .yajl_end_map = on_end_map,
        .yajl_start_array = on_start_list,
        .yajl_end_array = on_end_list,
    };
    yajl_alloc_funcs memory = {parser_malloc, parser_realloc, parser_free, d};

    if (setjmp(d->no_memory) != 0) {
        json_fail_memory(d);
        return;
    }
    d->yajl = yajl_alloc(&events, &memory, d);
    /* json_check_text() has done that, and better. */
    yajl_config(d->yajl, yajl_dont_validate_strings, 1);
    yajl_status status = yajl_parse(d->yajl, (const unsigned char *)d->text, d->len);
    if (status == yajl_status_ok) {
        d->at_end = true;
        status = yajl_complete_parse(d->yajl);
    }
    if (status == yajl_status_error)
        json_fail_syntax(d);
}

static bool is_blank(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (text[i] != ' ' && text[i] != '\t' && text[i] != '\r' && text[i] != '\n')
            return false;
    return true;
}

static int check_size(const struct json_decoder *d)
{
    if (d->len > SU_JSON_MAX_BYTES)
        return su_fail_at(d->err, SU_ERR_JSON, EFBIG, NULL,
                          "the document has %zu bytes, expected at most %u", d->len,
                          SU_JSON_MAX_BYTES);
    if (is_blank(d->text, d->len))
        return su_fail_at(d->err, SU_ERR_JSON, EINVAL, NULL, "the document is empty, expected %s",
                          d->root.kind == SU_K_OBJECT ? "an object" : "an array of objects");
    return json_check_text(d->text, d->len, d->err);
}

static int decode(struct json_decoder *d)
{
    d->rc = check_size(d);
    if (d->rc < 0)
        return d->rc;
    /* All strings together are shorter than the document, quotes included: one piece of memory. */
    d->strings = su_arena_alloc(d->arena, d->len);
    d->strings_left = d->strings ? d->len : 0;
    if (d->strings)
        parse(d);
    else
        json_fail_memory(d);
    if (d->rc == 0)
        json_warn_rest(d);
    free(d->items.bytes);
    free(d->keys.bytes);
    su_arena_free(&d->yajl_memory);
    return d->rc;
}

int su_json_decode(const struct su_type *t, const char *text, size_t len, struct su_arena *arena,
                   void *out, struct su_error *err)
{
    struct json_decoder d = {
        .text = text,
        .len = len,
        .arena = arena,
        .err = err,
        .root = {.name = "", .kind = SU_K_OBJECT, .flags = SU_F_INLINE, .type = t},
        .out = out,
    };

    return decode(&d);
}

int su_json_decode_list(const struct su_type *t, const char *text, size_t len,
                        struct su_arena *arena, void **list, size_t *n, struct su_error *err)
{
    struct {
        void *v;
        size_t n;
    } out = {0};
    struct json_decoder d = {
        .text = text,
        .len = len,
        .arena = arena,
        .err = err,
        .root = {.name = "", .kind = SU_K_OBJECT_LIST, .type = t},
        .out = &out,
    };

    int rc = decode(&d);
    if (rc == 0) {
        *list = out.v;
        *n = out.n;
    }
    return rc;
}
