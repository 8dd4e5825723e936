/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Environments: joining lists of NAME=VALUE, looking a name up. Entries are borrowed, never
 * copied, and their values never appear in a message.
 */
#include <specutils/env.h>

#include <sys/auxv.h>

#include "base/base.h"

/* Open addressing over the entries of the output; a slot holds an index plus one, 0 is free. */
struct name_index {
    size_t *slots;
    size_t mask;
    uint64_t seed;
};

static int index_init(struct name_index *index, size_t entries)
{
    size_t size = 16;

    while (size / 2 < entries)
        size *= 2;
    index->slots = calloc(size, sizeof(*index->slots));
    index->mask = size - 1;
    /* The kernel's random bytes keep a crafted list from filling one chain. */
    const void *random = (const void *)getauxval(AT_RANDOM);
    if (random)
        memcpy(&index->seed, random, sizeof(index->seed));
    return index->slots ? 0 : -ENOMEM;
}

static void index_free(struct name_index *index)
{
    free(index->slots);
}

/* FNV-1a, then a mix so that the low bits depend on all of it. */
static uint64_t hash_name(const char *name, size_t len, uint64_t seed)
{
    uint64_t hash = seed ^ UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (unsigned char)name[i]) * UINT64_C(0x100000001b3);
    return hash ^ hash >> 32;
}

/* The slot of entry's name: the one that holds it, or the free one where it belongs. */
static size_t *find_slot(const struct name_index *index, const struct su_strv *list,
                         const char *entry, size_t name_len)
{
    size_t i = hash_name(entry, name_len, index->seed) & index->mask;

    for (;; i = (i + 1) & index->mask) {
        size_t *slot = &index->slots[i];
        /* With the "=", so that a longer name does not match. */
        if (*slot == 0 || strncmp(list->v[*slot - 1], entry, name_len + 1) == 0)
            return slot;
    }
}

static int no_equals_sign(const char *entry, size_t list, size_t n_lists, size_t index,
                          struct su_error *err)
{
    char path[sizeof("process.env[]") + 20];
    char which[sizeof(" (list  of )") + 40] = "";

    snprintf(path, sizeof(path), "process.env[%zu]", index);
    if (n_lists > 1)
        snprintf(which, sizeof(which), " (list %zu of %zu)", list + 1, n_lists);
    return su_fail_at(err, SU_ERR_ENV, EINVAL, path, "\"%s\" has no \"=\", expected NAME=VALUE%s",
                      entry, which);
}

int su_resolve_envs(struct su_arena *arena, const struct su_strv *lists, size_t n,
                    struct su_strv *out, struct su_error *err)
{
    size_t total = 0;
    for (size_t i = 0; i < n; i++)
        total += lists[i].n;

    _cleanup_(index_free) struct name_index index = {0};
    struct su_strv joined = {.v = su_arena_array(arena, total + 1, sizeof(char *))};
    if (!joined.v || index_init(&index, total) < 0)
        return su_fail(err, ENOMEM, "out of memory");

    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < lists[i].n; j++) {
            char *entry = lists[i].v[j];
            const char *equals = strchr(entry, '=');
            if (!equals)
                return no_equals_sign(entry, i, n, j, err);
            size_t *slot = find_slot(&index, &joined, entry, (size_t)(equals - entry));
            if (*slot == 0)
                *slot = ++joined.n;
            joined.v[*slot - 1] = entry;
        }
    }
    *out = joined;
    return 0;
}

const char *su_env_var(const struct su_strv *env, const char *name)
{
    /* An entry's own name ends at its first "=", also where the name asked for goes on. */
    size_t own_len = strcspn(name, "="), len = strlen(name);
    const char *last = NULL;

    for (size_t i = 0; i < env->n; i++) {
        const char *equals = strchr(env->v[i], '=');
        if (!equals)
            return NULL;
        if ((size_t)(equals - env->v[i]) == own_len && strncmp(env->v[i], name, own_len) == 0)
            last = env->v[i];
    }
    if (!last || strncmp(last, name, len) != 0 || last[len] != '=')
        return NULL;
    return last + len + 1;
}
