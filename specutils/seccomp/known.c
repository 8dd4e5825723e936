/* SPDX-License-Identifier: Apache-2.0 */
/* The words of linux.seccomp for the features command, and what the kernel knows of them. */
#include <linux/seccomp.h>
#include <sys/syscall.h>

#include "filter.h"

static const char *const known_actions[] = {
    "SCMP_ACT_KILL",        "SCMP_ACT_KILL_PROCESS",
    "SCMP_ACT_KILL_THREAD", "SCMP_ACT_TRAP",
    "SCMP_ACT_ERRNO",       "SCMP_ACT_TRACE",
    "SCMP_ACT_ALLOW",       "SCMP_ACT_LOG",
    "SCMP_ACT_NOTIFY",      NULL,
};

static const char *const known_operators[] = {
    "SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE",        "SCMP_CMP_EQ",
    "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_MASKED_EQ", NULL,
};

enum { N_FLAGS = 4 };

static const char *const known_flags[N_FLAGS + 1] = {
    "SECCOMP_FILTER_FLAG_TSYNC",
    "SECCOMP_FILTER_FLAG_LOG",
    "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
    "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV",
    NULL,
};

/* The last flag is only taken together with a listener. */
static const unsigned flag_bits[N_FLAGS] = {1u << 0, 1u << 1, 1u << 2, 1u << 5 | 1u << 3};

const char *const *su_seccomp_known_actions(void)
{
    return known_actions;
}

const char *const *su_seccomp_known_operators(void)
{
    return known_operators;
}

const char *const *su_seccomp_known_flags(void)
{
    return known_flags;
}

/* A program at NULL: the kernel looks at the flags first, so EFAULT means that it knows them. */
static bool kernel_knows(unsigned flags)
{
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, NULL) < 0 && errno == EFAULT;
}

const char *const *su_seccomp_supported_flags(struct su_arena *arena)
{
    const char **list = su_arena_array(arena, N_FLAGS + 1, sizeof(*list));
    size_t n = 0;

    for (size_t i = 0; list && i < N_FLAGS; i++)
        if (kernel_knows(flag_bits[i]))
            list[n++] = known_flags[i];
    return list;
}
