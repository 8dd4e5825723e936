/* SPDX-License-Identifier: Apache-2.0 */
/* From linux.seccomp to a filter program of the kernel. */
#ifndef SPECUTILS_SECCOMP_H
#define SPECUTILS_SECCOMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/filter.h>
#include <specutils/arena.h>
#include <specutils/config.h>
#include <specutils/error.h>
#include <specutils/oci.h>
#include <specutils/visibility.h>

SU_BEGIN_DECLS

/* A program ready for seccomp(2). code lives in the arena given to su_seccomp_build(). */
struct su_seccomp_prog {
    struct sock_filter *code;
    size_t n;
    unsigned flags; /* SECCOMP_FILTER_FLAG_* */
    bool notify;    /* some rule has SCMP_ACT_NOTIFY: the loader gets a listener fd */
};

/*
 * Builds the program. Unknown system call names are skipped with a warning. -EINVAL
 * (SU_ERR_SECCOMP, with JSON path): unknown architecture or flag, argument index over 5, an
 * errno where the action has none, NOTIFY for write or without listenerPath, missing
 * defaultAction. Seed: package seccomp, BuildProgram.
 */
SU_API int su_seccomp_build(const struct oci_seccomp *seccomp, enum su_flavor flavor,
                            struct su_arena *arena, struct su_seccomp_prog *prog,
                            struct su_error *err);

/* What this build and the spec know, for the features command. Each ends with NULL. */
SU_API const char *const *su_seccomp_known_actions(void);
SU_API const char *const *su_seccomp_known_operators(void);
SU_API const char *const *su_seccomp_known_archs(void);
SU_API const char *const *su_seccomp_known_flags(void);
/* Of the known flags, those that the running kernel supports (asked with seccomp(2)). The list
 * is in arena. NULL: no memory. */
SU_API const char *const *su_seccomp_supported_flags(struct su_arena *arena);

SU_END_DECLS

#endif
