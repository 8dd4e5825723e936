/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Structs by their tables, written apart from the library's decoder and encoder: comparing two
 * of a type member by member, and filling one with whatever bytes choose.
 */
#ifndef FUZZ_TABLE_H
#define FUZZ_TABLE_H

#include "fuzz.h"

struct fuzz_list {
    char *v;
    size_t n;
};

static inline bool fuzz_is_scalar(const struct su_field *f)
{
    return f->kind >= SU_K_BOOL && f->kind <= SU_K_ENUM;
}

static inline size_t fuzz_scalar_size(enum su_kind kind)
{
    switch (kind) {
    case SU_K_BOOL:
        return sizeof(bool);
    case SU_K_UINT16:
        return sizeof(uint16_t);
    case SU_K_INT64:
    case SU_K_UINT64:
        return sizeof(uint64_t);
    default:
        return sizeof(uint32_t);
    }
}

static inline size_t fuzz_element_size(const struct su_field *f)
{
    switch (f->kind) {
    case SU_K_STRING_LIST:
        return sizeof(char *);
    case SU_K_STRING_MAP:
        return sizeof(struct oci_pair);
    case SU_K_OBJECT_LIST:
    case SU_K_OBJECT_MAP:
        return f->type->size;
    default:
        return sizeof(uint32_t);
    }
}

/* --- comparing ---------------------------------------------------------------------------------
 */

static inline bool fuzz_equal(const struct su_type *t, const char *a, const char *b);

static inline bool fuzz_equal_text(const char *a, const char *b)
{
    return a && b ? su_streq(a, b) : a == b;
}

static inline bool fuzz_equal_element(const struct su_field *f, const char *a, const char *b)
{
    const struct oci_pair *x = (const void *)a, *y = (const void *)b;

    switch (f->kind) {
    case SU_K_STRING_LIST:
        return su_streq(*(char *const *)(const void *)a, *(char *const *)(const void *)b);
    case SU_K_STRING_MAP:
        return su_streq(x->key, y->key) && fuzz_equal_text(x->value, y->value);
    case SU_K_OBJECT_MAP:
        return su_streq(x->key, y->key) && fuzz_equal(f->type, a, b);
    case SU_K_OBJECT_LIST:
        return fuzz_equal(f->type, a, b);
    default:
        return memcmp(a, b, sizeof(uint32_t)) == 0;
    }
}

static inline bool fuzz_equal_list(const struct su_field *f, const char *a, const char *b)
{
    const struct fuzz_list *x = (const void *)a, *y = (const void *)b;
    bool same = !x->v == !y->v && x->n == y->n;

    for (size_t i = 0; same && i < x->n; i++)
        same =
            fuzz_equal_element(f, x->v + i * fuzz_element_size(f), y->v + i * fuzz_element_size(f));
    if (same && f->kind == SU_K_STRING_LIST && x->v)
        same = !((char **)(void *)x->v)[x->n] && !((char **)(void *)y->v)[y->n];
    return same;
}

static inline bool fuzz_equal_member(const struct su_field *f, const char *a, const char *b)
{
    if (fuzz_is_scalar(f) && !(f->flags & SU_F_PTR))
        return memcmp(a, b, fuzz_scalar_size(f->kind)) == 0;
    if (f->kind == SU_K_OBJECT && f->flags & SU_F_INLINE)
        return fuzz_equal(f->type, a, b);
    if (f->kind > SU_K_ENUM && f->kind != SU_K_OBJECT && f->kind != SU_K_RAW)
        return fuzz_equal_list(f, a, b);
    const char *x = *(char *const *)(const void *)a, *y = *(char *const *)(const void *)b;
    if (!x || !y)
        return x == y;
    if (f->kind == SU_K_STRING)
        return su_streq(x, y);
    /* Blanks in kept JSON text may differ. */
    if (f->kind == SU_K_RAW)
        return true;
    return f->kind == SU_K_OBJECT ? fuzz_equal(f->type, x, y)
                                  : memcmp(x, y, fuzz_scalar_size(f->kind)) == 0;
}

static inline bool fuzz_equal(const struct su_type *t, const char *a, const char *b)
{
    for (size_t i = 0; i < t->n_fields; i++)
        if (!fuzz_equal_member(&t->fields[i], a + t->fields[i].offset, b + t->fields[i].offset)) {
            fprintf(stderr, "%s.%s differs\n", t->name, t->fields[i].name);
            return false;
        }
    return true;
}

/* --- filling -----------------------------------------------------------------------------------
 */

static inline void fuzz_fill(const struct su_type *t, char *object, struct fuzz_bytes *b,
                             struct su_arena *arena);

/* UTF-8, as the encoder replaces everything else. */
static inline char *fuzz_word(struct fuzz_bytes *b, struct su_arena *arena)
{
    static const char *const pieces[] = {
        "/",     "..",        ".",
        "-",     "a",         "0",
        "9",     "1",         "=",
        ",",     "\"",        "\\",
        "\n",    "\t",        "\r",
        "\v",    "\x01",      "\x1f",
        "\x7f",  "é",         "€",
        "😀",     "\uffff",    "CAP_",
        "CHOWN", "/proc",     "bind",
        "ro",    ":",         " ",
        "KB",    "net.",      "dev.gvisor.flag.",
        "debug", "true",      "SCMP_ARCH_X86_64",
        "write", "/dev/null", "shared",
        "eth0",  "1.0.2",     "rw",
        "m",
    };
    struct su_strbuf sb = {0};

    su_strbuf_adds(&sb, "");
    for (size_t n = fuzz_below(b, 5); n > 0; n--)
        su_strbuf_adds(&sb, pieces[fuzz_below(b, SU_ARRAY_SIZE(pieces))]);
    char *word = su_arena_strdup(arena, sb.text);
    su_strbuf_free(&sb);
    fuzz_require(word, "no memory");
    return word;
}

static inline char *fuzz_raw(struct fuzz_bytes *b)
{
    static const char *const texts[] = {
        "1",      "\"a\\\"]\"", "[]", "{}", "[1,[2,{}],{\"a\":[]}]", "{\"a\":{\"b\":[\"}\",null]}}",
        "-1.5e3", "true"};
    return (char *)(uintptr_t)texts[fuzz_below(b, SU_ARRAY_SIZE(texts))];
}

static inline int fuzz_enum(const struct su_enum *names, struct fuzz_bytes *b)
{
    size_t n = 0;

    while (names[n].name)
        n++;
    return names[fuzz_below(b, n)].value;
}

static inline void fuzz_fill_integer(const struct su_field *f, void *place, struct fuzz_bytes *b)
{
    uint64_t value = fuzz_below(b, 2) ? fuzz_u64(b) : fuzz_byte(b);
    int64_t min = f->kind == SU_K_INT64 ? INT64_MIN : f->kind == SU_K_INT ? INT32_MIN : 0;

    if (f->min || f->max) {
        min = f->min;
        value = (uint64_t)min + value % (f->max - (uint64_t)min + 1);
    } else if (min && fuzz_below(b, 4) == 0) {
        value = (uint64_t)min;
    }
    memcpy(place, &value, fuzz_scalar_size(f->kind));
}

static inline void fuzz_fill_scalar(const struct su_field *f, void *member, struct fuzz_bytes *b,
                                    struct su_arena *arena)
{
    void *place = member;

    if (f->flags & SU_F_PTR) {
        place = fuzz_array(arena, 1, sizeof(uint64_t));
        memcpy(member, &place, sizeof(place));
    }
    if (f->kind == SU_K_BOOL)
        *(bool *)place = fuzz_below(b, 2);
    else if (f->kind == SU_K_ENUM)
        *(int *)place = fuzz_enum(f->names, b);
    else
        fuzz_fill_integer(f, place, b);
}

static inline void fuzz_fill_element(const struct su_field *f, char *element, size_t index,
                                     struct fuzz_bytes *b, struct su_arena *arena)
{
    char **text = (char **)(void *)element;

    if (f->kind == SU_K_ENUM_LIST)
        *(int *)(void *)element = fuzz_enum(f->names, b);
    else if (f->kind == SU_K_UINT32_LIST)
        *(uint32_t *)(void *)element = (uint32_t)fuzz_u64(b);
    else if (f->kind == SU_K_OBJECT_LIST || f->kind == SU_K_OBJECT_MAP)
        fuzz_fill(f->type, element, b, arena);
    else
        text[f->kind == SU_K_STRING_MAP] = fuzz_word(b, arena);
    /* Keys differ from each other. */
    if (f->kind == SU_K_STRING_MAP || f->kind == SU_K_OBJECT_MAP) {
        *text = su_arena_printf(arena, index ? "%s#%zu" : "%s", fuzz_word(b, arena), index);
        fuzz_require(*text, "no memory");
    }
}

static inline void fuzz_fill_list(const struct su_field *f, char *member, struct fuzz_bytes *b,
                                  struct su_arena *arena)
{
    size_t size = fuzz_element_size(f);
    struct fuzz_list list = {.n = fuzz_below(b, 4)};

    list.v = fuzz_array(arena, list.n + 1, size);
    for (size_t i = 0; i < list.n; i++)
        fuzz_fill_element(f, list.v + i * size, i, b, arena);
    memcpy(member, &list, sizeof(list));
}

static inline void fuzz_fill_member(const struct su_field *f, char *member, struct fuzz_bytes *b,
                                    struct su_arena *arena)
{
    char *value = NULL;

    if (fuzz_is_scalar(f)) {
        fuzz_fill_scalar(f, member, b, arena);
    } else if (f->kind == SU_K_OBJECT && f->flags & SU_F_INLINE) {
        fuzz_fill(f->type, member, b, arena);
    } else if (f->kind > SU_K_ENUM && f->kind != SU_K_OBJECT && f->kind != SU_K_RAW) {
        fuzz_fill_list(f, member, b, arena);
    } else if (f->kind == SU_K_OBJECT) {
        value = fuzz_array(arena, 1, f->type->size);
        fuzz_fill(f->type, value, b, arena);
        memcpy(member, &value, sizeof(value));
    } else {
        value = f->kind == SU_K_RAW ? fuzz_raw(b) : fuzz_word(b, arena);
        memcpy(member, &value, sizeof(value));
    }
}

/* Members that the specification requires are usually there, others half of the time. */
static inline void fuzz_fill(const struct su_type *t, char *object, struct fuzz_bytes *b,
                             struct su_arena *arena)
{
    for (size_t i = 0; i < t->n_fields; i++) {
        const struct su_field *f = &t->fields[i];
        bool must = fuzz_is_scalar(f) && f->flags & SU_F_REQUIRED && !(f->flags & SU_F_PTR);
        uint8_t choice = b->left ? fuzz_byte(b) : 0;
        if (f->kind == SU_K_ENUM && f->absent)
            memcpy(object + f->offset, &f->absent, sizeof(f->absent));
        if (must || (f->flags & SU_F_REQUIRED ? choice >= 8 : choice >= 128))
            fuzz_fill_member(f, object + f->offset, b, arena);
    }
}

#endif
