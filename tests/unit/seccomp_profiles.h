/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Profiles for the tests of the seccomp room: recorded ones, read with nothing but yajl's tree so
 * that a fault of the library's decoder cannot hide one here, and pseudo-random ones.
 */
#ifndef SECCOMP_PROFILES_H
#define SECCOMP_PROFILES_H

#include <check.h>
#include <stdlib.h>
#include <yajl/yajl_tree.h>
#include <specutils/seccomp.h>

#include "base/base.h"

static const char *const profile_names[] = {
    "containerd-1.6", "containerd-2.1",       "docker-20.10",
    "docker-28.5",    "docker-28.5-all-caps", "docker-28.5-no-caps",
    "podman-4.3",     "podman-4.3-caps",      "podman-5.8",
};

static inline void *pick(struct su_arena *arena, size_t n, size_t size)
{
    void *p = su_arena_array(arena, n, size);
    ck_assert_ptr_nonnull(p);
    return p;
}

static inline yajl_val member(yajl_val object, const char *name)
{
    const char *path[] = {name, NULL};
    return yajl_tree_get(object, path, yajl_t_any);
}

static inline uint64_t number_member(yajl_val object, const char *name)
{
    yajl_val v = member(object, name);
    return v ? strtoull(YAJL_GET_NUMBER(v), NULL, 10) : 0;
}

static inline uint32_t *u32_member(struct su_arena *arena, yajl_val object, const char *name)
{
    if (!member(object, name))
        return NULL;
    uint32_t *p = pick(arena, 1, sizeof(*p));
    *p = (uint32_t)number_member(object, name);
    return p;
}

static inline int word_member(yajl_val object, const char *name, const char *prefix,
                              const char *const *words)
{
    const char *text = YAJL_GET_STRING(member(object, name));
    for (int i = 1; words[i]; i++)
        if (strcmp(text + strlen(prefix), words[i]) == 0)
            return i;
    ck_abort_msg("unknown word %s", text);
    return 0;
}

static inline int action_member(yajl_val object, const char *name)
{
    static const char *const words[] = {"",      "KILL",  "KILL_PROCESS", "KILL_THREAD", "TRAP",
                                        "ERRNO", "TRACE", "ALLOW",        "LOG",         "NOTIFY",
                                        NULL};
    return word_member(object, name, "SCMP_ACT_", words);
}

static inline struct su_strv strings_member(struct su_arena *arena, yajl_val object,
                                            const char *name)
{
    yajl_val v = member(object, name);
    struct su_strv list = {0};
    if (!v)
        return list;
    list.n = YAJL_GET_ARRAY(v)->len;
    list.v = pick(arena, list.n + 1, sizeof(*list.v));
    for (size_t i = 0; i < list.n; i++)
        list.v[i] = su_arena_strdup(arena, YAJL_GET_STRING(YAJL_GET_ARRAY(v)->values[i]));
    return list;
}

static inline void read_rule(struct su_arena *arena, yajl_val v, struct oci_seccomp_rule *rule)
{
    static const char *const ops[] = {"", "NE", "LT", "LE", "EQ", "GE", "GT", "MASKED_EQ", NULL};

    rule->action = action_member(v, "action");
    rule->names = strings_member(arena, v, "names");
    rule->errno_ret = u32_member(arena, v, "errnoRet");
    yajl_val args = member(v, "args");
    rule->args.n = args ? YAJL_GET_ARRAY(args)->len : 0;
    rule->args.v = pick(arena, rule->args.n, sizeof(*rule->args.v));
    for (size_t i = 0; i < rule->args.n; i++) {
        yajl_val a = YAJL_GET_ARRAY(args)->values[i];
        rule->args.v[i] = (struct oci_seccomp_arg){
            .index = (uint32_t)number_member(a, "index"),
            .value = number_member(a, "value"),
            .value_two = number_member(a, "valueTwo"),
            .op = word_member(a, "op", "SCMP_CMP_", ops),
        };
    }
}

static inline struct oci_seccomp read_profile(struct su_arena *arena, const char *name)
{
    _cleanup_free_ char *path = NULL;
    _cleanup_free_ char *text = NULL;
    struct oci_seccomp s = {0};

    ck_assert_int_ge(asprintf(&path, "%s/seccomp/%s.json", TEST_DATA, name), 0);
    ck_assert_int_eq(su_read_file_at(-100, path, 1 << 20, &text, NULL), 0);
    yajl_val v = yajl_tree_parse(text, NULL, 0);
    ck_assert_ptr_nonnull(v);
    s.default_action = action_member(v, "defaultAction");
    s.default_errno_ret = u32_member(arena, v, "defaultErrnoRet");
    s.architectures = strings_member(arena, v, "architectures");
    yajl_val rules = member(v, "syscalls");
    s.syscalls.n = YAJL_GET_ARRAY(rules)->len;
    s.syscalls.v = pick(arena, s.syscalls.n, sizeof(*s.syscalls.v));
    for (size_t i = 0; i < s.syscalls.n; i++)
        read_rule(arena, YAJL_GET_ARRAY(rules)->values[i], &s.syscalls.v[i]);
    yajl_tree_free(v);
    return s;
}

static inline void add_arch(struct su_arena *arena, struct oci_seccomp *s, const char *name)
{
    char **v = pick(arena, s->architectures.n + 2, sizeof(*v));

    if (s->architectures.n)
        memcpy(v, s->architectures.v, s->architectures.n * sizeof(*v));
    v[s->architectures.n++] = su_arena_strdup(arena, name);
    s->architectures.v = v;
}

/* xorshift: the same numbers on every machine. */
static inline uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static inline uint64_t random_value(uint64_t *state)
{
    static const uint64_t values[] = {0,           1,           2,          8,
                                      9,           0x7fffffff,  0x80000000, 0xffffffff,
                                      0x100000000, 0x100000001, UINT64_MAX, UINT64_MAX - 1,
                                      1ull << 63,  0x7e020000};
    size_t i = next_random(state) % (SU_ARRAY_SIZE(values) + 1);
    return i < SU_ARRAY_SIZE(values) ? values[i] : next_random(state);
}

static inline char *random_name(uint64_t *state)
{
    static const char *const names[] = {
        "read",       "openat",     "clone",    "clone3",       "personality", "ptrace",
        "socket",     "connect",    "accept",   "accept4",      "send",        "recv",
        "socketpair", "socketcall", "ipc",      "semop",        "semtimedop",  "shmat",
        "msgget",     "mmap",       "mmap2",    "fcntl64",      "statx",       "fadvise64",
        "open",       "arch_prctl", "setuid32", "_llseek",      "recvmmsg",    "sendmsg",
        "keyctl",     "faccessat2", "time",     "no_such_call",
    };
    return (char *)names[next_random(state) % SU_ARRAY_SIZE(names)];
}

static inline void random_rule(struct su_arena *arena, uint64_t *state, struct oci_seccomp_rule *r)
{
    r->names.n = 1 + next_random(state) % 4;
    r->names.v = pick(arena, r->names.n + 1, sizeof(*r->names.v));
    for (size_t i = 0; i < r->names.n; i++)
        r->names.v[i] = random_name(state);
    r->args.n = next_random(state) % 4;
    r->args.v = pick(arena, r->args.n, sizeof(*r->args.v));
    for (size_t i = 0; i < r->args.n; i++) {
        r->args.v[i] = (struct oci_seccomp_arg){.index = (uint32_t)(next_random(state) % 3),
                                                .value = random_value(state),
                                                .value_two = random_value(state),
                                                .op = 1 + (int)(next_random(state) % 7)};
    }
}

/* All rules have one action if uniform, else each has its own. */
static inline struct oci_seccomp random_profile(struct su_arena *arena, uint64_t seed, bool uniform)
{
    static const int actions[] = {OCI_ACT_ALLOW, OCI_ACT_ERRNO, OCI_ACT_KILL_PROCESS, OCI_ACT_TRAP,
                                  OCI_ACT_LOG};
    uint64_t state = seed * 0x9e3779b97f4a7c15u + 1;
    struct oci_seccomp s = {.default_action = actions[seed % SU_ARRAY_SIZE(actions)]};

    s.syscalls.n = 1 + next_random(&state) % 24;
    s.syscalls.v = pick(arena, s.syscalls.n, sizeof(*s.syscalls.v));
    int common = actions[(seed + 1 + next_random(&state) % 4) % SU_ARRAY_SIZE(actions)];
    for (size_t i = 0; i < s.syscalls.n; i++) {
        struct oci_seccomp_rule *r = &s.syscalls.v[i];
        random_rule(arena, &state, r);
        r->action = uniform ? common : actions[next_random(&state) % SU_ARRAY_SIZE(actions)];
        if (r->action == OCI_ACT_ERRNO && next_random(&state) % 2) {
            r->errno_ret = pick(arena, 1, sizeof(*r->errno_ret));
            *r->errno_ret = uniform ? 13 : (uint32_t)(next_random(&state) % 100);
        }
        if (uniform && r->action == OCI_ACT_ERRNO && !r->errno_ret) {
            r->errno_ret = pick(arena, 1, sizeof(*r->errno_ret));
            *r->errno_ret = 13;
        }
    }
    return s;
}

#endif
