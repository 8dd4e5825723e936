/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An arena: memory that is handed out piece by piece and freed at once. A spec and everything
 * that hangs on it live in one. Allocation failure is a NULL return, never an abort.
 */
#ifndef SPECUTILS_ARENA_H
#define SPECUTILS_ARENA_H

#include <stdarg.h>
#include <stddef.h>
#include <specutils/visibility.h>

SU_BEGIN_DECLS

struct su_arena_chunk;

/* Start from zero; end with su_arena_free(). Not to be copied, not to be shared by threads. */
struct su_arena {
    struct su_arena_chunk *chunk; /* newest first */
    size_t chunk_bytes;           /* size of the next chunk; 0 means the default */
};

/* size bytes, zeroed, aligned for any object; size 0 gives a valid pointer. NULL: no memory. */
SU_API void *su_arena_alloc(struct su_arena *arena, size_t size);
/* count zeroed elements; NULL also if count * size overflows. */
SU_API void *su_arena_array(struct su_arena *arena, size_t count, size_t size);
/* A copy of text (len bytes and a NUL). */
SU_API char *su_arena_strndup(struct su_arena *arena, const char *text, size_t len);
/* A copy of text; NULL gives NULL. */
SU_API char *su_arena_strdup(struct su_arena *arena, const char *text);
/* Formatted text. */
SU_API char *su_arena_printf(struct su_arena *arena, const char *fmt, ...) SU_PRINTF(2, 3);
SU_API char *su_arena_vprintf(struct su_arena *arena, const char *fmt, va_list args)
    SU_PRINTF(2, 0);
/* Frees all chunks and zeroes the arena. NULL is allowed. */
SU_API void su_arena_free(struct su_arena *arena);

/*
 * A list of strings. v is NULL where the list is absent; a present list, even an empty one, has
 * a NULL behind its last element, so that v serves as argv or environ.
 */
struct su_strv {
    char **v;
    size_t n;
};

SU_END_DECLS

#endif
