/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the test programs of the seccomp room share: profiles made by hand, building them, and
 * asking the program that comes out. One arena, error and program for each test.
 */
#ifndef SECCOMP_HELPERS_H
#define SECCOMP_HELPERS_H

#include <check.h>
#include <linux/audit.h>
#include <seccomp.h>
#include <specutils/log.h>

#include "seccomp/filter.h"
#include "bpf_interp.h"
#include "seccomp_profiles.h"

#define ALLOW 0x7fff0000u
#define ERRNO(n) (0x50000u | (n))
#define X86_64 AUDIT_ARCH_X86_64
#define X32_BIT 0x40000000u

static struct su_arena arena;
static struct su_error err;
static struct su_seccomp_prog prog;
static unsigned warnings;
static char *last_record;

static inline void count_record(void *arg, enum su_log_level level, const char *msg)
{
    (void)arg;
    warnings += level == SU_LOG_WARNING;
    free(last_record);
    last_record = strdup(msg);
}

static inline void set_up(void)
{
    warnings = 0;
    su_log_set_sink(count_record, NULL, SU_LOG_DEBUG);
}

static inline void tear_down(void)
{
    su_log_set_sink(NULL, NULL, SU_LOG_ERROR);
    free(last_record);
    last_record = NULL;
    su_arena_free(&arena);
    su_error_clear(&err);
}

static inline struct oci_seccomp profile_with(int default_action, size_t n_rules)
{
    struct oci_seccomp s = {.default_action = default_action};

    s.syscalls.n = n_rules;
    s.syscalls.v = pick(&arena, n_rules, sizeof(*s.syscalls.v));
    return s;
}

static inline struct oci_seccomp_rule *rule(struct oci_seccomp *s, size_t i, int action,
                                            const char *name)
{
    struct oci_seccomp_rule *r = &s->syscalls.v[i];

    r->action = action;
    r->names.v = pick(&arena, 2, sizeof(char *));
    r->names.v[0] = su_arena_strdup(&arena, name);
    r->names.n = 1;
    r->args.v = pick(&arena, 6, sizeof(*r->args.v));
    return r;
}

static inline void arg(struct oci_seccomp_rule *r, uint32_t index, int op, uint64_t value,
                       uint64_t two)
{
    r->args.v[r->args.n++] =
        (struct oci_seccomp_arg){.index = index, .op = op, .value = value, .value_two = two};
}

static inline uint32_t *u32(uint32_t value)
{
    uint32_t *p = pick(&arena, 1, sizeof(*p));
    *p = value;
    return p;
}

static inline void build_as(const struct oci_seccomp *s, enum su_flavor flavor)
{
    int r = su_seccomp_build(s, flavor, &arena, &prog, &err);
    ck_assert_msg(r == 0, "%s", su_error_text(&err));
}

static inline void build(const struct oci_seccomp *s)
{
    build_as(s, SU_FLAVOR_NATIVE);
}

static inline uint32_t decide(uint32_t arch, uint32_t nr, uint64_t a0, uint64_t a1, uint64_t a2)
{
    struct seccomp_data data = {.nr = (int)nr, .arch = arch, .args = {a0, a1, a2}};
    return bpf_interp(prog.code, prog.n, &data, NULL);
}

static inline uint32_t nr(const char *name)
{
    return (uint32_t)seccomp_syscall_resolve_name(name);
}

static inline uint32_t decide_name(const char *name, uint64_t a0)
{
    return decide(seccomp_arch_native(), nr(name), a0, 0, 0);
}

static inline void assert_refused(const struct oci_seccomp *s, const char *path, const char *text)
{
    ck_assert_int_eq(su_seccomp_build(s, SU_FLAVOR_NATIVE, &arena, &prog, &err), -EINVAL);
    ck_assert_int_eq(err.kind, SU_ERR_SECCOMP);
    ck_assert_str_eq(err.json_path, path);
    ck_assert_msg(strstr(err.msg, text) != NULL, "\"%s\" lacks \"%s\"", err.msg, text);
    su_error_clear(&err);
}

static inline TCase *group(Suite *suite, const char *name)
{
    TCase *tc = tcase_create(name);

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_set_timeout(tc, 60);
    suite_add_tcase(suite, tc);
    return tc;
}

static inline int run_suite(Suite *suite)
{
    SRunner *runner = srunner_create(suite);

    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
