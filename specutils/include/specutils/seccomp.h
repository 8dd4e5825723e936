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
 * Builds the program. What it decides about a call:
 * - The first entry of syscalls that names the call and whose arguments match decides, in the
 *   document's order; else the default action. An argument that an entry names twice makes any of
 *   its conditions enough. Comparisons are of 64 bits without sign; on 32-bit ABIs (x32 too) only
 *   low halves count. Bits of valueTwo outside the mask do not count.
 * - Calls of ABIs that are neither native nor in architectures kill the thread. Names of
 *   architectures that cannot run here and that libseccomp lacks are accepted without effect.
 * - On ABIs with socketcall and ipc, an entry for a call behind these also governs the multiplexed
 *   form, where its conditions on the first argument cannot be checked and count as met.
 * - Native flavor: where the default is ERRNO with EPERM, calls newer than the profile fail with
 *   ENOSYS, so that programs fall back to older calls as on an older kernel. Newer is what has a
 *   number above all that the profile names on this ABI, and above those of Linux 5.0.
 * - Flavor runsc: only the native ABI, five actions, EPERM as the only errno, no flags.
 *
 * Unknown system call names are skipped: with a warning where a denial is lost by that, else with
 * a debug record. Flags that the kernel would refuse together are adjusted: TSYNC_ESRCH joins
 * TSYNC where there is a listener, WAIT_KILLABLE_RECV goes where there is none.
 *
 * -EINVAL (SU_ERR_SECCOMP, with JSON path): unknown action, operator, architecture or flag,
 * argument index over 5, an errno where the action has none or that is too large, NOTIFY for
 * write, as default or without listenerPath, listenerMetadata without listenerPath, missing
 * defaultAction. -E2BIG (SU_ERR_SECCOMP): more instructions than the kernel takes. -ENOMEM.
 * Seed: package seccomp, BuildProgram.
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
