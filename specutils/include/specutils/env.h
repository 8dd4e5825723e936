/* SPDX-License-Identifier: Apache-2.0 */
/* Environments: lists of NAME=VALUE. */
#ifndef SPECUTILS_ENV_H
#define SPECUTILS_ENV_H

#include <specutils/arena.h>
#include <specutils/error.h>
#include <specutils/visibility.h>

SU_BEGIN_DECLS

/*
 * Joins n lists into one (in arena) without duplicate names: the place of a name's first
 * appearance, the value of its last. -EINVAL (SU_ERR_ENV): an entry without "=". Linear time.
 * Seed: ResolveEnvs.
 */
SU_API int su_resolve_envs(struct su_arena *arena, const struct su_strv *lists, size_t n,
                           struct su_strv *out, struct su_error *err);
/* The last value of name, borrowed, or NULL; NULL too if any entry lacks "=". Seed: EnvVar. */
SU_API const char *su_env_var(const struct su_strv *env, const char *name);

SU_END_DECLS

#endif
