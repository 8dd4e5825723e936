/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of field tables, and the tables themselves. Each row checks at compile time that the
 * member has the C type that its kind is stored in: a wrong kind would corrupt memory.
 */
#ifndef SU_SPEC_TABLE_H
#define SU_SPEC_TABLE_H

#include <specutils/oci.h>

/* offsetof(), refused by the compiler unless the member has the type. */
#define TYPED_OFFSET(S, member, ctype)                                                    \
    (offsetof(struct S, member) +                                                         \
     0 * sizeof(struct {                                                                  \
         _Static_assert(                                                                  \
             __builtin_types_compatible_p(__typeof__(((struct S *)NULL)->member), ctype), \
             "the member's type is not the kind's");                                      \
         int unused;                                                                      \
     }))

/* S is a struct's tag everywhere. For lists: the member is a struct of a pointer to ctype and a
 * size. */
#define LIST_OFFSET(S, member, ctype) \
    (TYPED_OFFSET(S, member.v, ctype *) + 0 * TYPED_OFFSET(S, member.n, size_t))

/* clang-format off */
#define STRING(S, m, json, ...)  { json, SU_K_STRING, .offset = TYPED_OFFSET(S, m, char *), ##__VA_ARGS__ }
#define RAW(S, m, json, ...)     { json, SU_K_RAW, .offset = TYPED_OFFSET(S, m, char *), ##__VA_ARGS__ }
#define STRINGS(S, m, json, ...) { json, SU_K_STRING_LIST, .offset = TYPED_OFFSET(S, m, struct su_strv), ##__VA_ARGS__ }
#define MAP(S, m, json, ...)     { json, SU_K_STRING_MAP, .offset = LIST_OFFSET(S, m, struct oci_pair), ##__VA_ARGS__ }
#define IDS(S, m, json, ...)     { json, SU_K_UINT32_LIST, .offset = LIST_OFFSET(S, m, uint32_t), ##__VA_ARGS__ }
#define BOOL(S, m, json, ...)    { json, SU_K_BOOL, .offset = TYPED_OFFSET(S, m, bool), ##__VA_ARGS__ }
#define INT(S, m, json, ...)     { json, SU_K_INT, .offset = TYPED_OFFSET(S, m, int), ##__VA_ARGS__ }
#define INT64(S, m, json, ...)   { json, SU_K_INT64, .offset = TYPED_OFFSET(S, m, int64_t), ##__VA_ARGS__ }
#define UINT32(S, m, json, ...)  { json, SU_K_UINT32, .offset = TYPED_OFFSET(S, m, uint32_t), ##__VA_ARGS__ }
#define UINT64(S, m, json, ...)  { json, SU_K_UINT64, .offset = TYPED_OFFSET(S, m, uint64_t), ##__VA_ARGS__ }
/* Scalars that may be absent: stored behind a pointer. */
#define OPT_BOOL(S, m, json, ...) { json, SU_K_BOOL, .flags = SU_F_PTR, .offset = TYPED_OFFSET(S, m, bool *), ##__VA_ARGS__ }
#define OPT_INT(S, m, json, ...) { json, SU_K_INT, .flags = SU_F_PTR, .offset = TYPED_OFFSET(S, m, int *), ##__VA_ARGS__ }
#define OPT_INT64(S, m, json, ...) { json, SU_K_INT64, .flags = SU_F_PTR, .offset = TYPED_OFFSET(S, m, int64_t *), ##__VA_ARGS__ }
#define OPT_UINT16(S, m, json, ...) { json, SU_K_UINT16, .flags = SU_F_PTR, .offset = TYPED_OFFSET(S, m, uint16_t *), ##__VA_ARGS__ }
#define OPT_UINT32(S, m, json, ...) { json, SU_K_UINT32, .flags = SU_F_PTR, .offset = TYPED_OFFSET(S, m, uint32_t *), ##__VA_ARGS__ }
#define OPT_UINT64(S, m, json, ...) { json, SU_K_UINT64, .flags = SU_F_PTR, .offset = TYPED_OFFSET(S, m, uint64_t *), ##__VA_ARGS__ }
/* Words: w is the table of words, noun their name in messages. */
#define WORD(S, m, json, w, noun, ...)  { json, SU_K_ENUM, .offset = TYPED_OFFSET(S, m, int), .names = (w), .what = (noun), ##__VA_ARGS__ }
#define WORDS(S, m, json, w, noun, ...) { json, SU_K_ENUM_LIST, .offset = LIST_OFFSET(S, m, int), .names = (w), .what = (noun), ##__VA_ARGS__ }
/* Structs: T is the struct's tag, which is also its table's name. */
#define OBJECT(S, m, json, T, ...)      { json, SU_K_OBJECT, .offset = TYPED_OFFSET(S, m, struct T *), .type = &su_type_##T, ##__VA_ARGS__ }
#define INLINE(S, m, json, T, ...)      { json, SU_K_OBJECT, .flags = SU_F_INLINE, .offset = TYPED_OFFSET(S, m, struct T), .type = &su_type_##T, ##__VA_ARGS__ }
#define OBJECTS(S, m, json, T, ...)     { json, SU_K_OBJECT_LIST, .offset = LIST_OFFSET(S, m, struct T), .type = &su_type_##T, ##__VA_ARGS__ }
#define OBJECT_MAP(S, m, json, T, ...)  { json, SU_K_OBJECT_MAP, .offset = LIST_OFFSET(S, m, struct T) + 0 * TYPED_OFFSET(T, key, char *), .type = &su_type_##T, ##__VA_ARGS__ }
/* clang-format on */

#define REQUIRED .flags = SU_F_REQUIRED
#define NOT_LINUX .flags = SU_F_NOT_LINUX

/* The table of struct T, made of `rows`. */
/* clang-format off */
#define TYPE(T, rows) { #T, sizeof(struct T), rows, sizeof(rows) / sizeof((rows)[0]) }
/* clang-format on */

extern const struct su_type su_type_oci_id_mapping, su_type_oci_hooks, su_type_oci_linux;
extern const struct su_type su_type_oci_seccomp;

/* The word tables of types_words.c. */
extern const struct su_enum su_words_namespaces[], su_words_rlimits[], su_words_schedulers[];
extern const struct su_enum su_words_scheduler_flags[], su_words_io_classes[];
extern const struct su_enum su_words_device_types[], su_words_device_rule_types[];
extern const struct su_enum su_words_memory_policies[], su_words_memory_policy_flags[];
extern const struct su_enum su_words_personalities[], su_words_seccomp_actions[];
extern const struct su_enum su_words_seccomp_operators[], su_words_seccomp_flags[];

#endif
