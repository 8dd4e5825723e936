/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON by table. A C struct is described once, by a table of its fields; the decoder, the
 * encoder, the checks and the debug print all walk that table. Decoding is one pass of
 * streaming callbacks that write straight into the struct; no tree is built.
 */
#ifndef SPECUTILS_JSON_H
#define SPECUTILS_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <specutils/arena.h>
#include <specutils/error.h>
#include <specutils/visibility.h>

SU_BEGIN_DECLS

/*
 * How a field is stored. Scalars marked SU_F_PTR are stored behind a pointer into the arena,
 * NULL when absent; without it absent reads as zero.
 */
enum su_kind {
    SU_K_STRING,      /* char *, NULL when absent */
    SU_K_BOOL,        /* bool */
    SU_K_INT,         /* int: also for int32 */
    SU_K_INT64,       /* int64_t */
    SU_K_UINT16,      /* uint16_t */
    SU_K_UINT32,      /* uint32_t */
    SU_K_UINT64,      /* uint64_t */
    SU_K_ENUM,        /* int, a value of names */
    SU_K_ENUM_LIST,   /* struct { int *v; size_t n; } */
    SU_K_STRING_LIST, /* struct su_strv */
    SU_K_UINT32_LIST, /* struct { uint32_t *v; size_t n; } */
    SU_K_STRING_MAP,  /* struct { struct oci_pair *v; size_t n; }, in document order */
    SU_K_OBJECT,      /* T *, NULL when absent; with SU_F_INLINE a T */
    SU_K_OBJECT_LIST, /* struct { T *v; size_t n; } */
    SU_K_OBJECT_MAP,  /* struct { T *v; size_t n; }: T's first member is char *key */
    SU_K_RAW,         /* char *: the JSON text of the value as it stands, NULL when absent */
};

enum {
    SU_F_PTR = 1,       /* scalar behind a pointer */
    SU_F_REQUIRED = 2,  /* the specification says REQUIRED */
    SU_F_NOT_LINUX = 4, /* of no meaning on Linux: ignored with a debug line */
    SU_F_RUNTIME = 8,   /* made up by this project (state files), not by the specification */
    SU_F_INLINE = 16,   /* OBJECT: the struct itself is the member, so absent reads as zeroes */
};

/* One word of an enumeration. Tables of these end with a NULL name. */
struct su_enum {
    const char *name;
    int value;
};

struct su_type;

struct su_field {
    const char *name; /* JSON key */
    enum su_kind kind;
    unsigned flags;
    size_t offset;
    const struct su_type *type;  /* OBJECT, OBJECT_LIST, OBJECT_MAP */
    const struct su_enum *names; /* ENUM, ENUM_LIST */
    const char *what;            /* ENUM: the noun of error messages, "a namespace" */
    int64_t min;                 /* integers: inclusive bounds; min = max = 0 means the */
    uint64_t max;                /* whole range of the kind */
    const char *since;           /* spec version that brought it, NULL for 1.0 */
    int absent;                  /* ENUM without SU_F_PTR: what absent reads as, usually 0 */
};

struct su_type {
    const char *name; /* C name without "struct", for tests and debug */
    size_t size;
    const struct su_field *fields;
    size_t n_fields; /* at most 64 */
};

/* A string map's element. */
struct oci_pair {
    char *key, *value;
};

/* Bytes that one document may have; more is an error. */
#define SU_JSON_MAX_BYTES (16u << 20)
/* How deep values may be nested. */
#define SU_JSON_MAX_DEPTH 64

/*
 * Decodes text (len bytes) into out, a zeroed object of type t; strings and lists live in
 * arena. Unknown fields are skipped, each with a warning in the log that names its path (the
 * first 16, then a count). Errors (-EINVAL, kind SU_ERR_JSON): broken JSON, with line and
 * column; a value of the wrong type or out of range and an unknown enumeration word, with JSON
 * path, line:column, what was found and what was expected; a duplicate key, invalid UTF-8, a
 * lone surrogate, a NUL in a string, nesting over SU_JSON_MAX_DEPTH; -EFBIG: len over
 * SU_JSON_MAX_BYTES; -ENOMEM. A null value reads as absent; a document that is null is an error.
 * Missing fields are not errors here, su_json_check_required() looks for those; except for
 * required scalars without SU_F_PTR, whose absence could not be told from zero afterwards.
 */
SU_API int su_json_decode(const struct su_type *t, const char *text, size_t len,
                          struct su_arena *arena, void *out, struct su_error *err);

/* The same for a document that is an array of t: *list and *n receive the elements. */
SU_API int su_json_decode_list(const struct su_type *t, const char *text, size_t len,
                               struct su_arena *arena, void **list, size_t *n,
                               struct su_error *err);

/* -EINVAL (SU_ERR_SPEC) naming the first field marked REQUIRED that obj lacks, at any depth. A
 * scalar without SU_F_PTR always counts as present. */
SU_API int su_json_check_required(const struct su_type *t, const void *obj, struct su_error *err);

enum {
    SU_JSON_PRETTY = 1, /* indent by `indent` spaces, else one line */
};

/*
 * Encodes obj. Absent fields are left out, as are false and 0 unless the field is REQUIRED or
 * SU_F_PTR; empty lists, maps and objects that are present are written. Bytes that are not UTF-8
 * become U+FFFD, so that the result can always be decoded again. *text is malloc'd (the
 * caller frees), NUL-terminated, without a final line end; *len may be NULL. -ENOMEM.
 */
SU_API int su_json_encode(const struct su_type *t, const void *obj, unsigned flags, int indent,
                          char **text, size_t *len, struct su_error *err);
/* The same for an array of n objects. */
SU_API int su_json_encode_list(const struct su_type *t, const void *list, size_t n, unsigned flags,
                               int indent, char **text, size_t *len, struct su_error *err);

/* The name of value in names, or NULL. */
SU_API const char *su_enum_name(const struct su_enum *names, int value);
/* The value of name in names through *value; false if there is none. */
SU_API bool su_enum_value(const struct su_enum *names, const char *name, int *value);
/* The element of words (n of them) that is nearest to word by edit distance, or NULL if none is
 * near enough to be a likely slip. */
SU_API const char *su_nearest_word(const char *word, const char *const *words, size_t n);

SU_END_DECLS

#endif
