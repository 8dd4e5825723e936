/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The arena: a list of chunks, the newest first, from which pieces are cut. Chunks come zeroed
 * from calloc, so that untouched pages of a big one are never touched here either.
 */
#include <specutils/arena.h>

#include <stdalign.h>

#include "base.h"

struct su_arena_chunk {
    struct su_arena_chunk *next;
    size_t size, used;
    alignas(max_align_t) char bytes[];
};

enum { FIRST_CHUNK_BYTES = 8 << 10, LARGEST_CHUNK_BYTES = 256 << 10 };

static struct su_arena_chunk *add_chunk(struct su_arena *arena, size_t at_least)
{
    size_t size = arena->chunk_bytes ? arena->chunk_bytes : FIRST_CHUNK_BYTES;
    if (size < LARGEST_CHUNK_BYTES)
        arena->chunk_bytes = size * 2;
    if (size < at_least)
        size = at_least;
    if (size > PTRDIFF_MAX - sizeof(struct su_arena_chunk))
        return NULL;
    struct su_arena_chunk *chunk = calloc(1, sizeof(*chunk) + size);
    if (!chunk)
        return NULL;
    chunk->size = size;
    chunk->next = arena->chunk;
    arena->chunk = chunk;
    return chunk;
}

void *su_arena_alloc(struct su_arena *arena, size_t size)
{
    const size_t align = alignof(max_align_t);

    if (size > PTRDIFF_MAX - align)
        return NULL;
    size = (size + align - 1) & ~(align - 1);
    struct su_arena_chunk *chunk = arena->chunk;
    if (!chunk || chunk->size - chunk->used < size) {
        chunk = add_chunk(arena, size);
        if (!chunk)
            return NULL;
    }
    void *piece = chunk->bytes + chunk->used;
    chunk->used += size;
    return piece;
}

void *su_arena_array(struct su_arena *arena, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        return NULL;
    return su_arena_alloc(arena, bytes);
}

char *su_arena_strndup(struct su_arena *arena, const char *text, size_t len)
{
    if (len == SIZE_MAX)
        return NULL;
    char *copy = su_arena_alloc(arena, len + 1);
    if (copy && len)
        memcpy(copy, text, len);
    return copy;
}

char *su_arena_strdup(struct su_arena *arena, const char *text)
{
    return text ? su_arena_strndup(arena, text, strlen(text)) : NULL;
}

char *su_arena_vprintf(struct su_arena *arena, const char *fmt, va_list args)
{
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    if (len < 0)
        return NULL;
    char *text = su_arena_alloc(arena, (size_t)len + 1);
    /* Wide fields need memory of their own, which may be there once and not twice. */
    return text && vsnprintf(text, (size_t)len + 1, fmt, args) == len ? text : NULL;
}

char *su_arena_printf(struct su_arena *arena, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *text = su_arena_vprintf(arena, fmt, args);
    va_end(args);
    return text;
}

void su_arena_free(struct su_arena *arena)
{
    if (!arena)
        return;
    for (struct su_arena_chunk *chunk = arena->chunk; chunk;) {
        struct su_arena_chunk *next = chunk->next;
        free(chunk);
        chunk = next;
    }
    *arena = (struct su_arena){0};
}
