/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decoder's own state, shared by its files: json_decode.c (the parser's events and the stack
 * of open values), json_value.c (storing values), json_error.c (places and messages).
 */
#ifndef SU_SPEC_JSON_DECODER_H
#define SU_SPEC_JSON_DECODER_H

#include <setjmp.h>
#include <yajl/yajl_parse.h>
#include <specutils/json.h>
#include <specutils/log.h>

#include "../base/base.h"

/* Memory that grows and moves: addresses into it hold only until the next push. */
struct json_stack {
    char *bytes;
    size_t len, cap;
};

enum json_frame_kind {
    JSON_OBJECT, /* an object that a table describes */
    JSON_MAP,    /* a map: any key, elements of one kind */
    JSON_LIST,   /* a list of elements of one kind */
    JSON_SKIP,   /* a value that is not stored, or stored as text */
};

/* An open object or list. */
struct json_frame {
    enum json_frame_kind kind;
    const struct su_type *type;   /* OBJECT */
    const struct su_field *field; /* OBJECT: the member being read, NULL if unknown; LIST, MAP:
                                     the member that it is the value of */
    void *fixed;      /* OBJECT, LIST, MAP: the struct being filled (or that holds the list) ... */
    size_t offset;    /* ... or, if NULL, its offset in the decoder's items */
    const char *key;  /* the newest key, NULL if it is field's name */
    uint64_t seen;    /* OBJECT: bit per field whose key was read */
    uint64_t stored;  /* OBJECT: bit per field whose value was not null */
    size_t next;      /* OBJECT: the field after the newest, where the search for a key begins */
    size_t count;     /* LIST, MAP: complete elements */
    size_t items;     /* LIST, MAP: where its elements begin in items */
    size_t items_len; /* LIST, MAP: the length of items before it */
    size_t n_keys;    /* the number of the decoder's keys before it */
    size_t before;    /* the end of the token before it */
};

/* A key that no bit of `seen` stands for, to find duplicates when its object ends. */
struct json_key {
    const char *text;
    size_t before; /* the end of the token before it */
};

struct json_decoder {
    const char *text;
    size_t len;
    struct su_arena *arena;
    struct su_error *err;
    int rc;

    yajl_handle yajl;
    struct su_arena yajl_memory;
    jmp_buf no_memory;
    bool at_end;     /* the whole text was handed over */
    size_t before;   /* the end of the token before the newest */
    size_t end;      /* the end of the newest token */
    bool root_ended; /* the document's value is complete */

    struct su_field root; /* the document as if it were a member */
    void *out;
    struct json_frame frames[SU_JSON_MAX_DEPTH];
    size_t depth;
    struct json_stack items; /* elements of lists and maps that are still open */
    struct json_stack keys;  /* struct json_key */
    char *strings;           /* where the next string goes */
    size_t strings_left;
    size_t n_unknown;
};

/* What is expected where the next value stands. */
struct json_slot {
    const struct su_field *field; /* NULL: the value is skipped */
    enum su_kind kind;            /* of the value itself: of the element in lists and maps */
    bool is_element;
};

static inline struct json_frame *json_top(struct json_decoder *d)
{
    return d->depth ? &d->frames[d->depth - 1] : NULL;
}

/* The pointer that is stored at member. */
static inline const void *json_pointer_at(const char *member)
{
    const void *p;

    memcpy(&p, member, sizeof(p));
    return p;
}

/* The struct that frame fills; holds until the next push on items. */
static inline void *json_frame_object(struct json_decoder *d, const struct json_frame *frame)
{
    return frame->fixed ? frame->fixed : d->items.bytes + frame->offset;
}

/* json_value.c. All return false with d->rc and d->err set when something is wrong. */
struct json_slot json_slot(struct json_decoder *d);
/* size zeroed bytes on the stack, or NULL. */
void *json_push(struct json_decoder *d, struct json_stack *stack, size_t size);
/* Where the value of slot is to be written; NULL: no memory. Ends with the next push. */
void *json_place(struct json_decoder *d, const struct json_slot *slot);
char *json_copy(struct json_decoder *d, const char *text, size_t len);
size_t json_element_size(const struct su_field *field);
bool json_store_string(struct json_decoder *d, const char *text, size_t len);
bool json_store_number(struct json_decoder *d, const char *text, size_t len);
bool json_store_bool(struct json_decoder *d, bool value);
bool json_store_null(struct json_decoder *d);
/* Keeps the text of a SU_K_RAW member, from the end of the token before it to the newest. */
bool json_store_raw(struct json_decoder *d, size_t before);
/* Notes that the value of the newest member or element is complete. */
void json_value_done(struct json_decoder *d);

/* json_keys.c: false with d->rc and d->err set when something is wrong. */
/* A key of an object that a table describes. */
bool json_object_key(struct json_decoder *d, const char *key, size_t len);
/* A key that no table knows, to be checked when its object ends. */
bool json_push_key(struct json_decoder *d, const char *text, size_t len);
bool json_check_keys(struct json_decoder *d);
/* One warning for all unknown fields that got none of their own. */
void json_warn_rest(const struct json_decoder *d);

/* json_error.c. All return false. */
bool json_fail_memory(struct json_decoder *d);
/* The value that begins after the token that ended at `before` is wrong. */
bool json_fail(struct json_decoder *d, size_t before, const char *fmt, ...) SU_PRINTF(3, 4);
bool json_fail_kind(struct json_decoder *d, enum su_err_kind kind, size_t before, const char *fmt,
                    ...) SU_PRINTF(4, 5);
bool json_fail_type(struct json_decoder *d, const struct json_slot *slot, const char *found);
bool json_fail_word(struct json_decoder *d, const struct su_field *field, const char *text,
                    size_t len);
/* The parser stopped: says why and where. */
bool json_fail_syntax(struct json_decoder *d);
/* The offset of the token that follows the one that ended at `before`. */
size_t json_token_start(const struct json_decoder *d, size_t before);
/* An error at an offset of the text, without a JSON path. */
int json_fail_at_offset(const char *text, size_t offset, struct su_error *err, const char *what);
/* The path of the newest value: malloc'd, NULL if memory is short, "" for the document. */
char *json_path(const struct json_decoder *d);
/* "an object", "a string": the noun of a kind. */
const char *json_kind_noun(enum su_kind kind);
/* Quotes at most the beginning of text, with everything but plain characters escaped. */
void json_add_quoted(struct su_strbuf *sb, const char *text, size_t len);
/* Adds a key to a path: ".name" where it is a name, ["..."] where it is not. */
void json_add_key(struct su_strbuf *sb, const char *key, bool is_map);

/* json_text.c: 0, or -EINVAL: a byte that is not UTF-8, or a \u escape that stands for none. */
int json_check_text(const char *text, size_t len, struct su_error *err);
/* The length (1 to 4) of the UTF-8 sequence at p, at most left bytes; 0 if it is none. */
size_t json_utf8_length(const unsigned char *p, size_t left);

#endif
