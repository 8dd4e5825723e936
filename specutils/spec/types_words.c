/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words of the specification's enumerations and the kernel's numbers for them. Numbers that
 * headers of older systems lack are written out.
 */
#include <sched.h>
#include <linux/ioprio.h>
#include <linux/mempolicy.h>
#include <linux/seccomp.h>
#include <sys/personality.h>
#include <sys/resource.h>

#include "table.h"

const struct su_enum su_words_namespaces[] = {
    {"cgroup", CLONE_NEWCGROUP}, {"ipc", CLONE_NEWIPC}, {"mount", CLONE_NEWNS},
    {"network", CLONE_NEWNET},   {"pid", CLONE_NEWPID}, {"time", 0x80}, /* CLONE_NEWTIME */
    {"user", CLONE_NEWUSER},     {"uts", CLONE_NEWUTS}, {NULL, 0},
};

const struct su_enum su_words_rlimits[] = {
    {"RLIMIT_AS", RLIMIT_AS},
    {"RLIMIT_CORE", RLIMIT_CORE},
    {"RLIMIT_CPU", RLIMIT_CPU},
    {"RLIMIT_DATA", RLIMIT_DATA},
    {"RLIMIT_FSIZE", RLIMIT_FSIZE},
    {"RLIMIT_LOCKS", RLIMIT_LOCKS},
    {"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK},
    {"RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE},
    {"RLIMIT_NICE", RLIMIT_NICE},
    {"RLIMIT_NOFILE", RLIMIT_NOFILE},
    {"RLIMIT_NPROC", RLIMIT_NPROC},
    {"RLIMIT_RSS", RLIMIT_RSS},
    {"RLIMIT_RTPRIO", RLIMIT_RTPRIO},
    {"RLIMIT_RTTIME", RLIMIT_RTTIME},
    {"RLIMIT_SIGPENDING", RLIMIT_SIGPENDING},
    {"RLIMIT_STACK", RLIMIT_STACK},
    {NULL, 0},
};

const struct su_enum su_words_schedulers[] = {
    {"SCHED_OTHER", SCHED_OTHER}, {"SCHED_FIFO", SCHED_FIFO}, {"SCHED_RR", SCHED_RR},
    {"SCHED_BATCH", SCHED_BATCH}, {"SCHED_ISO", 4}, /* reserved: no kernel has it */
    {"SCHED_IDLE", SCHED_IDLE},   {"SCHED_DEADLINE", 6},      {NULL, 0},
};

const struct su_enum su_words_scheduler_flags[] = {
    {"SCHED_FLAG_RESET_ON_FORK", 0x01},  {"SCHED_FLAG_RECLAIM", 0x02},
    {"SCHED_FLAG_DL_OVERRUN", 0x04},     {"SCHED_FLAG_KEEP_POLICY", 0x08},
    {"SCHED_FLAG_KEEP_PARAMS", 0x10},    {"SCHED_FLAG_UTIL_CLAMP_MIN", 0x20},
    {"SCHED_FLAG_UTIL_CLAMP_MAX", 0x40}, {NULL, 0},
};

const struct su_enum su_words_io_classes[] = {
    {"IOPRIO_CLASS_RT", IOPRIO_CLASS_RT},
    {"IOPRIO_CLASS_BE", IOPRIO_CLASS_BE},
    {"IOPRIO_CLASS_IDLE", IOPRIO_CLASS_IDLE},
    {NULL, 0},
};

const struct su_enum su_words_device_types[] = {
    {"c", 'c'}, {"b", 'b'}, {"u", 'u'}, {"p", 'p'}, {NULL, 0},
};

/* The empty word is what some engines write for "all". */
const struct su_enum su_words_device_rule_types[] = {
    {"a", 'a'}, {"c", 'c'}, {"b", 'b'}, {"", 'a'}, {NULL, 0},
};

const struct su_enum su_words_memory_policies[] = {
    {"MPOL_DEFAULT", MPOL_DEFAULT},       {"MPOL_BIND", MPOL_BIND},
    {"MPOL_INTERLEAVE", MPOL_INTERLEAVE}, {"MPOL_WEIGHTED_INTERLEAVE", 6}, /* Linux 6.9 */
    {"MPOL_PREFERRED", MPOL_PREFERRED},   {"MPOL_PREFERRED_MANY", 5},      /* Linux 5.15 */
    {"MPOL_LOCAL", MPOL_LOCAL},           {NULL, 0},
};

const struct su_enum su_words_memory_policy_flags[] = {
    {"MPOL_F_NUMA_BALANCING", 1 << 13},
    {"MPOL_F_RELATIVE_NODES", 1 << 14},
    {"MPOL_F_STATIC_NODES", 1 << 15},
    {NULL, 0},
};

const struct su_enum su_words_personalities[] = {
    {"LINUX", PER_LINUX},
    {"LINUX32", PER_LINUX32},
    {NULL, 0},
};

const struct su_enum su_words_seccomp_actions[] = {
    {"SCMP_ACT_KILL", OCI_ACT_KILL},
    {"SCMP_ACT_KILL_PROCESS", OCI_ACT_KILL_PROCESS},
    {"SCMP_ACT_KILL_THREAD", OCI_ACT_KILL_THREAD},
    {"SCMP_ACT_TRAP", OCI_ACT_TRAP},
    {"SCMP_ACT_ERRNO", OCI_ACT_ERRNO},
    {"SCMP_ACT_TRACE", OCI_ACT_TRACE},
    {"SCMP_ACT_ALLOW", OCI_ACT_ALLOW},
    {"SCMP_ACT_LOG", OCI_ACT_LOG},
    {"SCMP_ACT_NOTIFY", OCI_ACT_NOTIFY},
    {NULL, 0},
};

const struct su_enum su_words_seccomp_operators[] = {
    {"SCMP_CMP_NE", OCI_CMP_NE},
    {"SCMP_CMP_LT", OCI_CMP_LT},
    {"SCMP_CMP_LE", OCI_CMP_LE},
    {"SCMP_CMP_EQ", OCI_CMP_EQ},
    {"SCMP_CMP_GE", OCI_CMP_GE},
    {"SCMP_CMP_GT", OCI_CMP_GT},
    {"SCMP_CMP_MASKED_EQ", OCI_CMP_MASKED_EQ},
    {NULL, 0},
};

const struct su_enum su_words_seccomp_flags[] = {
    {"SECCOMP_FILTER_FLAG_TSYNC", SECCOMP_FILTER_FLAG_TSYNC},
    {"SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG},
    {"SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW},
    {"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", 1 << 5}, /* Linux 5.19 */
    {NULL, 0},
};
