/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The seccomp room: what profiles decide, run in an interpreter and in the kernel, and compared
 * with libseccomp's programs and with a reading of the document's words.
 */
#include <check.h>
#include <linux/audit.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <specutils/log.h>

#include "seccomp_oracle.h"

#define ALLOW 0x7fff0000u
#define ERRNO(n) (0x50000u | (n))
#define X86_64 AUDIT_ARCH_X86_64
#define X32_BIT 0x40000000u

static struct su_arena arena;
static struct su_error err;
static struct su_seccomp_prog prog;
static unsigned warnings;
static char *last_record;

static void count_record(void *arg, enum su_log_level level, const char *msg)
{
    (void)arg;
    warnings += level == SU_LOG_WARNING;
    free(last_record);
    last_record = strdup(msg);
}

static void set_up(void)
{
    warnings = 0;
    su_log_set_sink(count_record, NULL, SU_LOG_DEBUG);
}

static void tear_down(void)
{
    su_log_set_sink(NULL, NULL, SU_LOG_ERROR);
    free(last_record);
    last_record = NULL;
    su_arena_free(&arena);
    su_error_clear(&err);
}

/* --- making profiles by hand --------------------------------------------------------------------
 */

static struct oci_seccomp profile_with(int default_action, size_t n_rules)
{
    struct oci_seccomp s = {.default_action = default_action};

    s.syscalls.n = n_rules;
    s.syscalls.v = pick(&arena, n_rules, sizeof(*s.syscalls.v));
    return s;
}

static struct oci_seccomp_rule *rule(struct oci_seccomp *s, size_t i, int action, const char *name)
{
    struct oci_seccomp_rule *r = &s->syscalls.v[i];

    r->action = action;
    r->names.v = pick(&arena, 2, sizeof(char *));
    r->names.v[0] = su_arena_strdup(&arena, name);
    r->names.n = 1;
    r->args.v = pick(&arena, 6, sizeof(*r->args.v));
    return r;
}

static void arg(struct oci_seccomp_rule *r, uint32_t index, int op, uint64_t value, uint64_t two)
{
    r->args.v[r->args.n++] =
        (struct oci_seccomp_arg){.index = index, .op = op, .value = value, .value_two = two};
}

static uint32_t *u32(uint32_t value)
{
    uint32_t *p = pick(&arena, 1, sizeof(*p));
    *p = value;
    return p;
}

static void add_arch(struct oci_seccomp *s, const char *name)
{
    char **v = pick(&arena, s->architectures.n + 2, sizeof(*v));

    if (s->architectures.n)
        memcpy(v, s->architectures.v, s->architectures.n * sizeof(*v));
    v[s->architectures.n++] = su_arena_strdup(&arena, name);
    s->architectures.v = v;
}

static void build_as(const struct oci_seccomp *s, enum su_flavor flavor)
{
    int r = su_seccomp_build(s, flavor, &arena, &prog, &err);
    ck_assert_msg(r == 0, "%s", su_error_text(&err));
}

static void build(const struct oci_seccomp *s)
{
    build_as(s, SU_FLAVOR_NATIVE);
}

static uint32_t decide(uint32_t arch, uint32_t nr, uint64_t a0, uint64_t a1, uint64_t a2)
{
    struct seccomp_data data = {.nr = (int)nr, .arch = arch, .args = {a0, a1, a2}};
    return bpf_interp(prog.code, prog.n, &data, NULL);
}

static uint32_t nr(const char *name)
{
    return (uint32_t)seccomp_syscall_resolve_name(name);
}

static uint32_t decide_name(const char *name, uint64_t a0)
{
    return decide(seccomp_arch_native(), nr(name), a0, 0, 0);
}

static void assert_refused(const struct oci_seccomp *s, const char *path, const char *text)
{
    ck_assert_int_eq(su_seccomp_build(s, SU_FLAVOR_NATIVE, &arena, &prog, &err), -EINVAL);
    ck_assert_int_eq(err.kind, SU_ERR_SECCOMP);
    ck_assert_str_eq(err.json_path, path);
    ck_assert_msg(strstr(err.msg, text) != NULL, "\"%s\" lacks \"%s\"", err.msg, text);
    su_error_clear(&err);
}

/* --- decisions
 * ------------------------------------------------------------------------------------ */

START_TEST(errno_rule_denies_with_eperm)
{
    struct oci_seccomp s = profile_with(OCI_ACT_ALLOW, 1);
    rule(&s, 0, OCI_ACT_ERRNO, "chmod");
    build(&s);
    ck_assert_uint_eq(decide_name("chmod", 0), ERRNO(1));
    ck_assert_uint_eq(decide_name("fchmod", 0), ALLOW);
    build_as(&s, SU_FLAVOR_RUNSC);
    ck_assert_uint_eq(decide_name("chmod", 0), ERRNO(1));
}
END_TEST

START_TEST(condition_on_an_argument_counts)
{
    struct oci_seccomp s = profile_with(OCI_ACT_ALLOW, 1);
    arg(rule(&s, 0, OCI_ACT_ERRNO, "personality"), 0, OCI_CMP_EQ, 8, 0);
    build(&s);
    ck_assert_uint_eq(decide_name("personality", 0), ALLOW);
    ck_assert_uint_eq(decide_name("personality", 8), ERRNO(1));
    ck_assert_uint_eq(decide_name("personality", 0x100000008), ALLOW);
}
END_TEST

START_TEST(masked_condition_of_clone_stops_namespaces)
{
    struct oci_seccomp s = profile_with(OCI_ACT_ERRNO, 1);
    arg(rule(&s, 0, OCI_ACT_ALLOW, "clone"), 0, OCI_CMP_MASKED_EQ, 0x7e020000, 0);
    build(&s);
    ck_assert_uint_eq(decide_name("clone", 0x7e020000), ERRNO(1));
    ck_assert_uint_eq(decide_name("clone", 0x10000000), ERRNO(1));
    ck_assert_uint_eq(decide_name("clone", 0x11), ALLOW);
    ck_assert_uint_eq(decide_name("openat", 0), ERRNO(1));
}
END_TEST

START_TEST(other_architectures_are_killed)
{
    struct oci_seccomp s = profile_with(OCI_ACT_ALLOW, 0);
    add_arch(&s, "SCMP_ARCH_X86");
    build_as(&s, SU_FLAVOR_RUNSC);
    ck_assert_uint_eq(decide(AUDIT_ARCH_I386, 1, 0, 0, 0), 0);
    ck_assert_uint_eq(decide(X86_64, 1, 0, 0, 0), ALLOW);
    build(&s);
    ck_assert_uint_eq(decide(AUDIT_ARCH_I386, 1, 0, 0, 0), ALLOW);
    ck_assert_uint_eq(decide(AUDIT_ARCH_ARM, 1, 0, 0, 0), 0);
    ck_assert_uint_eq(decide(X86_64, X32_BIT | 1, 0, 0, 0), 0);
    ck_assert_uint_eq(decide(X86_64, UINT32_MAX, 0, 0, 0), ALLOW);
}
END_TEST

START_TEST(x32_is_a_filter_of_its_own)
{
    struct oci_seccomp s = profile_with(OCI_ACT_ALLOW, 1);
    add_arch(&s, "SCMP_ARCH_X32");
    rule(&s, 0, OCI_ACT_ERRNO, "ptrace");
    build(&s);
    ck_assert_uint_eq(decide(X86_64, 101, 0, 0, 0), ERRNO(1));
    ck_assert_uint_eq(decide(X86_64, X32_BIT | 521, 0, 0, 0), ERRNO(1));
    ck_assert_uint_eq(decide(X86_64, X32_BIT | 101, 0, 0, 0), ALLOW);
}
END_TEST

static const struct {
    int action;
    uint32_t value;
} action_values[] = {
    {OCI_ACT_KILL, 0},           {OCI_ACT_KILL_PROCESS, 0x80000000}, {OCI_ACT_KILL_THREAD, 0},
    {OCI_ACT_TRAP, 0x30000},     {OCI_ACT_ERRNO, 0x50001},           {OCI_ACT_TRACE, 0x7ff00001},
    {OCI_ACT_ALLOW, 0x7fff0000}, {OCI_ACT_LOG, 0x7ffc0000},          {OCI_ACT_NOTIFY, 0x7fc00000},
};

START_TEST(action_becomes_the_return_value_of_the_kernel)
{
    int other = action_values[_i].action == OCI_ACT_ALLOW ? OCI_ACT_KILL : OCI_ACT_ALLOW;
    struct oci_seccomp s = profile_with(other, 1);
    s.listener_path = (char *)"/run/agent.sock";
    rule(&s, 0, action_values[_i].action, "chmod");
    build(&s);
    ck_assert_uint_eq(decide_name("chmod", 0), action_values[_i].value);
    ck_assert(prog.notify == (action_values[_i].action == OCI_ACT_NOTIFY));
    bool original = action_values[_i].action != OCI_ACT_KILL_PROCESS &&
                    action_values[_i].action != OCI_ACT_KILL_THREAD &&
                    action_values[_i].action != OCI_ACT_LOG &&
                    action_values[_i].action != OCI_ACT_NOTIFY;
    int r = su_seccomp_build(&s, SU_FLAVOR_RUNSC, &arena, &prog, NULL);
    ck_assert_int_eq(r, original ? 0 : -EINVAL);
}
END_TEST

START_TEST(errno_of_rule_and_default_is_returned)
{
    struct oci_seccomp s = profile_with(OCI_ACT_ERRNO, 2);
    s.default_errno_ret = u32(38);
    rule(&s, 0, OCI_ACT_ERRNO, "chmod")->errno_ret = u32(13);
    rule(&s, 1, OCI_ACT_TRACE, "fchmod")->errno_ret = u32(0xffff);
    build(&s);
    ck_assert_uint_eq(decide_name("chmod", 0), ERRNO(13));
    ck_assert_uint_eq(decide_name("fchmod", 0), 0x7ff0ffff);
    ck_assert_uint_eq(decide_name("read", 0), ERRNO(38));
    build_as(&s, SU_FLAVOR_RUNSC);
    ck_assert_uint_eq(decide_name("chmod", 0), ERRNO(1));
    ck_assert_uint_eq(decide_name("read", 0), ERRNO(1));
}
END_TEST

static const struct {
    int op;
    uint64_t value, two, arg;
    bool matches;
} comparisons[] = {
    {OCI_CMP_EQ, 5, 0, 5, true},
    {OCI_CMP_EQ, 5, 0, 0x100000005, false},
    {OCI_CMP_NE, 5, 0, 5, false},
    {OCI_CMP_NE, 5, 0, 0x100000005, true},
    {OCI_CMP_GT, 5, 0, 5, false},
    {OCI_CMP_GT, 5, 0, 6, true},
    {OCI_CMP_GT, 0x100000005, 0, 6, false},
    {OCI_CMP_GT, 0x100000005, 0, 0x100000006, true},
    {OCI_CMP_GT, 0x100000005, 0, 0x200000000, true},
    {OCI_CMP_GE, 5, 0, 5, true},
    {OCI_CMP_GE, 5, 0, 4, false},
    {OCI_CMP_GE, UINT64_MAX, 0, UINT64_MAX, true},
    {OCI_CMP_GE, UINT64_MAX, 0, UINT64_MAX - 1, false},
    {OCI_CMP_LT, 5, 0, 4, true},
    {OCI_CMP_LT, 5, 0, 5, false},
    {OCI_CMP_LT, 1ull << 63, 0, INT64_MAX, true},
    {OCI_CMP_LT, 1ull << 63, 0, 1ull << 63, false},
    {OCI_CMP_LE, 5, 0, 5, true},
    {OCI_CMP_LE, 5, 0, 6, false},
    {OCI_CMP_LE, 5, 0, 1ull << 32, false},
    {OCI_CMP_MASKED_EQ, 0xf0, 0x50, 0x1234565a, true},
    {OCI_CMP_MASKED_EQ, 0xf0, 0x50, 0x1234566a, false},
    {OCI_CMP_MASKED_EQ, 0xf00000000, 0x500000000, 0x500000001, true},
    {OCI_CMP_MASKED_EQ, 0xf00000000, 0x500000000, 0x5, false},
    {OCI_CMP_MASKED_EQ, 0, 0, 77, true},
};

START_TEST(operator_compares_64_bits_without_sign)
{
    struct oci_seccomp s = profile_with(OCI_ACT_ALLOW, 1);
    arg(rule(&s, 0, OCI_ACT_KILL, "ioctl"), 2, comparisons[_i].op, comparisons[_i].value,
        comparisons[_i].two);
    build(&s);
    ck_assert_uint_eq(decide(X86_64, nr("ioctl"), 0, 0, comparisons[_i].arg),
                      comparisons[_i].matches ? 0 : ALLOW);
}
END_TEST

START_TEST(conditions_on_different_arguments_must_all_hold)
{
    struct oci_seccomp s = profile_with(OCI_ACT_ALLOW, 1);
    struct oci_seccomp_rule *r = rule(&s, 0, OCI_ACT_KILL, "ioctl");
    arg(r, 0, OCI_CMP_EQ, 1, 0);
    arg(r, 1, OCI_CMP_GT, 9, 0);
    build(&s);
    ck_assert_uint_eq(decide(X86_64, nr("ioctl"), 1, 10, 0), 0);
    ck_assert_uint_eq(decide(X86_64, nr("ioctl"), 1, 9, 0), ALLOW);
    ck_assert_uint_eq(decide(X86_64, nr("ioctl"), 2, 10, 0), ALLOW);
}
END_TEST

START_TEST(an_argument_named_twice_makes_any_condition_enough)
{
    struct oci_seccomp s = profile_with(OCI_ACT_ALLOW, 1);
    struct oci_seccomp_rule *r = rule(&s, 0, OCI_ACT_KILL, "ioctl");
    arg(r, 0, OCI_CMP_EQ, 1, 0);
    arg(r, 0, OCI_CMP_EQ, 2, 0);
    arg(r, 1, OCI_CMP_EQ, 3, 0);
    build(&s);
    ck_assert_uint_eq(decide(X86_64, nr("ioctl"), 1, 0, 0), 0);
    ck_assert_uint_eq(decide(X86_64, nr("ioctl"), 2, 0, 0), 0);
    ck_assert_uint_eq(decide(X86_64, nr("ioctl"), 7, 3, 0), 0);
    ck_assert_uint_eq(decide(X86_64, nr("ioctl"), 7, 0, 0), ALLOW);
}
END_TEST

START_TEST(first_entry_that_matches_decides)
{
    struct oci_seccomp s = profile_with(OCI_ACT_KILL, 4);
    arg(rule(&s, 0, OCI_ACT_ERRNO, "socket"), 0, OCI_CMP_EQ, 40, 0);
    arg(rule(&s, 1, OCI_ACT_LOG, "socket"), 0, OCI_CMP_GE, 40, 0);
    rule(&s, 2, OCI_ACT_ALLOW, "socket");
    rule(&s, 3, OCI_ACT_ALLOW, "read");
    build(&s);
    ck_assert_uint_eq(decide_name("socket", 40), ERRNO(1));
    ck_assert_uint_eq(decide_name("socket", 41), 0x7ffc0000);
    ck_assert_uint_eq(decide_name("socket", 2), ALLOW);
    ck_assert_uint_eq(decide_name("read", 0), ALLOW);
}
END_TEST

START_TEST(entry_with_the_default_action_still_shields_from_later_ones)
{
    struct oci_seccomp s = profile_with(OCI_ACT_ERRNO, 2);
    arg(rule(&s, 0, OCI_ACT_ERRNO, "socket"), 0, OCI_CMP_EQ, 40, 0);
    rule(&s, 1, OCI_ACT_ALLOW, "socket");
    build(&s);
    ck_assert_uint_eq(decide_name("socket", 40), ERRNO(1));
    ck_assert_uint_eq(decide_name("socket", 2), ALLOW);
}
END_TEST

START_TEST(entry_that_cannot_be_reached_is_reported)
{
    struct oci_seccomp s = profile_with(OCI_ACT_KILL, 2);
    rule(&s, 0, OCI_ACT_ALLOW, "socket");
    arg(rule(&s, 1, OCI_ACT_ERRNO, "socket"), 0, OCI_CMP_EQ, 40, 0);
    build(&s);
    ck_assert_uint_eq(decide_name("socket", 40), ALLOW);
    ck_assert_uint_eq(warnings, 0);
    ck_assert_ptr_nonnull(strstr(last_record, "linux.seccomp.syscalls[1]"));
    ck_assert_ptr_nonnull(strstr(last_record, "\"socket\""));
}
END_TEST

START_TEST(i386_calls_are_filtered_direct_and_multiplexed)
{
    struct oci_seccomp s = profile_with(OCI_ACT_ALLOW, 2);
    add_arch(&s, "SCMP_ARCH_X86");
    rule(&s, 0, OCI_ACT_ERRNO, "bind");
    rule(&s, 1, OCI_ACT_ERRNO, "shmget");
    build(&s);
    ck_assert_uint_eq(decide(AUDIT_ARCH_I386, 361, 0, 0, 0), ERRNO(1));
    ck_assert_uint_eq(decide(AUDIT_ARCH_I386, 102, 2, 0, 0), ERRNO(1));
    ck_assert_uint_eq(decide(AUDIT_ARCH_I386, 102, 3, 0, 0), ALLOW);
    ck_assert_uint_eq(decide(AUDIT_ARCH_I386, 395, 0, 0, 0), ERRNO(1));
    ck_assert_uint_eq(decide(AUDIT_ARCH_I386, 117, 23, 0, 0), ERRNO(1));
    ck_assert_uint_eq(decide(AUDIT_ARCH_I386, 117, 24, 0, 0), ALLOW);
}
END_TEST

/* --- names and numbers
 * ---------------------------------------------------------------------------- */

START_TEST(calls_newer_than_the_profile_fail_with_enosys)
{
    struct oci_seccomp s = profile_with(OCI_ACT_ERRNO, 2);
    rule(&s, 0, OCI_ACT_ALLOW, "read");
    rule(&s, 1, OCI_ACT_ALLOW, "openat2");
    build(&s);
    ck_assert_uint_eq(decide(X86_64, 436, 0, 0, 0), ERRNO(1));
    ck_assert_uint_eq(decide(X86_64, 437, 0, 0, 0), ALLOW);
    ck_assert_uint_eq(decide(X86_64, 438, 0, 0, 0), ERRNO(38));
    ck_assert_uint_eq(decide(X86_64, 100000, 0, 0, 0), ERRNO(38));
    ck_assert_uint_eq(decide(X86_64, X32_BIT | 438, 0, 0, 0), 0);
    s.default_errno_ret = u32(1);
    build(&s);
    ck_assert_uint_eq(decide(X86_64, 438, 0, 0, 0), ERRNO(38));
    s.default_errno_ret = u32(13);
    build(&s);
    ck_assert_uint_eq(decide(X86_64, 438, 0, 0, 0), ERRNO(13));
    s.default_errno_ret = NULL;
    build_as(&s, SU_FLAVOR_RUNSC);
    ck_assert_uint_eq(decide(X86_64, 438, 0, 0, 0), ERRNO(1));
    s.default_action = OCI_ACT_KILL_PROCESS;
    build(&s);
    ck_assert_uint_eq(decide(X86_64, 438, 0, 0, 0), 0x80000000);
}
END_TEST

START_TEST(old_calls_fail_with_eperm_even_if_a_short_profile_names_none_so_high)
{
    struct oci_seccomp s = profile_with(OCI_ACT_ERRNO, 1);
    add_arch(&s, "SCMP_ARCH_X86");
    rule(&s, 0, OCI_ACT_ALLOW, "read");
    build(&s);
    ck_assert_uint_eq(decide_name("openat", 0), ERRNO(1));
    ck_assert_uint_eq(decide_name("statx", 0), ERRNO(1));
    ck_assert_uint_eq(decide_name("openat2", 0), ERRNO(38));
    ck_assert_uint_eq(decide(AUDIT_ARCH_I386, 402, 0, 0, 0), ERRNO(1));
    ck_assert_uint_eq(decide(AUDIT_ARCH_I386, 403, 0, 0, 0), ERRNO(38));
}
END_TEST

START_TEST(calls_that_libseccomp_does_not_know_yet_have_numbers)
{
    struct oci_seccomp s = profile_with(OCI_ACT_ERRNO, 2);
    add_arch(&s, "SCMP_ARCH_X32");
    add_arch(&s, "SCMP_ARCH_X86");
    rule(&s, 0, OCI_ACT_ALLOW, "fchmodat2");
    rule(&s, 1, OCI_ACT_ALLOW, "mseal");
    build(&s);
    ck_assert_uint_eq(decide(X86_64, 452, 0, 0, 0), ALLOW);
    ck_assert_uint_eq(decide(X86_64, 462, 0, 0, 0), ALLOW);
    ck_assert_uint_eq(decide(X86_64, 461, 0, 0, 0), ERRNO(1));
    ck_assert_uint_eq(decide(X86_64, 463, 0, 0, 0), ERRNO(38));
    ck_assert_uint_eq(decide(X86_64, X32_BIT | 462, 0, 0, 0), ALLOW);
    ck_assert_uint_eq(decide(AUDIT_ARCH_I386, 462, 0, 0, 0), ALLOW);
    ck_assert_uint_eq(warnings, 0);
}
END_TEST

START_TEST(unknown_names_are_skipped_and_the_rest_of_the_entry_holds)
{
    struct oci_seccomp s = profile_with(OCI_ACT_ERRNO, 1);
    struct oci_seccomp_rule *r = rule(&s, 0, OCI_ACT_ALLOW, "no_such_call");
    r->names.v = pick(&arena, 3, sizeof(char *));
    r->names.v[0] = (char *)"no_such_call";
    r->names.v[1] = (char *)"read";
    r->names.n = 2;
    build(&s);
    ck_assert_uint_eq(decide_name("read", 0), ALLOW);
    ck_assert_uint_eq(warnings, 0);
}
END_TEST

START_TEST(a_denial_that_names_no_known_call_is_reported)
{
    struct oci_seccomp s = profile_with(OCI_ACT_ALLOW, 1);
    rule(&s, 0, OCI_ACT_ERRNO, "ptarce");
    build(&s);
    ck_assert_uint_ge(warnings, 1);
    ck_assert_ptr_nonnull(strstr(last_record, "linux.seccomp.syscalls[0]"));
}
END_TEST

/* The table of direct numbers against libseccomp's, for all ABIs that multiplex. */
START_TEST(multiplexed_calls_have_their_direct_numbers_on_every_abi)
{
    unsigned found = 0;

    for (const char *const *name = su_seccomp_known_archs(); *name; name++) {
        const struct su_filter_arch *arch = su_filter_arch_find(*name);
        ck_assert_ptr_nonnull(arch);
        ck_assert(seccomp_syscall_resolve_name_arch(arch->token, "read") >= 0);
        for (int n = (int)arch->base; arch->mux >= 0 && n < (int)arch->base + 500; n++) {
            struct su_filter_numbers numbers;
            _cleanup_free_ char *call = seccomp_syscall_resolve_num_arch(arch->token, n);
            int pseudo = call ? seccomp_syscall_resolve_name_arch(arch->token, call) : 0;
            if (pseudo >= 0)
                continue;
            ck_assert(su_filter_resolve(arch, call, &numbers));
            ck_assert_msg(numbers.direct == n, "%s %s: %d", *name, call, n);
            ck_assert_int_eq(numbers.mux, seccomp_syscall_resolve_name_rewrite(arch->token, call));
            found++;
        }
    }
    ck_assert_uint_gt(found, 200);
}
END_TEST

/* --- what is refused
 * ------------------------------------------------------------------------------ */

START_TEST(malformed_profiles_are_refused_with_their_json_path)
{
    struct oci_seccomp s = profile_with(0, 1);
    struct oci_seccomp_rule *r = rule(&s, 0, OCI_ACT_ALLOW, "read");

    assert_refused(&s, "linux.seccomp.defaultAction", "required");
    s.default_action = 99;
    assert_refused(&s, "linux.seccomp.defaultAction", "not supported");
    s.default_action = OCI_ACT_NOTIFY;
    assert_refused(&s, "linux.seccomp.defaultAction", "SCMP_ACT_NOTIFY");
    s.default_action = OCI_ACT_KILL;
    s.default_errno_ret = u32(1);
    assert_refused(&s, "linux.seccomp.defaultErrnoRet", "SCMP_ACT_KILL has no errno");
    s.default_errno_ret = NULL;
    r->errno_ret = u32(1);
    assert_refused(&s, "linux.seccomp.syscalls[0].errnoRet", "SCMP_ACT_ALLOW has no errno");
    r->action = OCI_ACT_ERRNO;
    r->errno_ret = u32(4096);
    assert_refused(&s, "linux.seccomp.syscalls[0].errnoRet", "so large");
    r->errno_ret = NULL;
    r->action = 0;
    assert_refused(&s, "linux.seccomp.syscalls[0].action", "required");
    r->action = OCI_ACT_ERRNO;
    arg(r, 0, OCI_CMP_EQ, 0, 0);
    arg(r, 6, OCI_CMP_EQ, 0, 0);
    assert_refused(&s, "linux.seccomp.syscalls[0].args[1].index", "0 to 5");
    r->args.v[1].index = 5;
    r->args.v[1].op = 0;
    assert_refused(&s, "linux.seccomp.syscalls[0].args[1].op", "required");
    r->args.v[1].op = 8;
    assert_refused(&s, "linux.seccomp.syscalls[0].args[1].op", "operator");
}
END_TEST

START_TEST(unknown_architecture_is_refused_with_a_suggestion)
{
    struct oci_seccomp s = profile_with(OCI_ACT_ALLOW, 0);
    add_arch(&s, "SCMP_ARCH_X86");
    add_arch(&s, "SCMP_ARCH_X86_46");
    assert_refused(&s, "linux.seccomp.architectures[1]", "did you mean \"SCMP_ARCH_X86_64\"?");
}
END_TEST

START_TEST(architectures_of_the_specification_are_accepted_even_if_libseccomp_lacks_them)
{
    struct oci_seccomp s = profile_with(OCI_ACT_ALLOW, 0);
    add_arch(&s, "SCMP_ARCH_LOONGARCH64");
    add_arch(&s, "SCMP_ARCH_SHEB");
    build(&s);
    ck_assert_uint_eq(decide(0xc0000102, 1, 0, 0, 0), 0);
}
END_TEST

START_TEST(notification_needs_an_agent_and_never_covers_write)
{
    struct oci_seccomp s = profile_with(OCI_ACT_ALLOW, 1);
    rule(&s, 0, OCI_ACT_NOTIFY, "mkdir");
    assert_refused(&s, "linux.seccomp.syscalls[0].action", "listenerPath");
    s.listener_metadata = (char *)"x";
    s.syscalls.v[0].action = OCI_ACT_KILL;
    assert_refused(&s, "linux.seccomp.listenerMetadata", "listenerPath");
    s.listener_path = (char *)"/run/agent.sock";
    rule(&s, 0, OCI_ACT_NOTIFY, "write");
    assert_refused(&s, "linux.seccomp.syscalls[0].action",
                   "SCMP_ACT_NOTIFY cannot be used for the write syscall");
}
END_TEST

START_TEST(flags_are_handed_to_the_loader)
{
    struct oci_seccomp s = profile_with(OCI_ACT_ALLOW, 1);
    int all[] = {1 << 0, 1 << 1, 1 << 2, 1 << 5};
    s.flags.v = all;
    s.flags.n = 4;
    rule(&s, 0, OCI_ACT_NOTIFY, "mkdir");
    s.listener_path = (char *)"/run/agent.sock";
    build(&s);
    /* TSYNC_ESRCH is added: the kernel wants it with a listener. */
    ck_assert_uint_eq(prog.flags, 0x37);
    s.syscalls.v[0].action = OCI_ACT_KILL;
    build(&s);
    ck_assert_uint_eq(prog.flags, 0x07);
    build_as(&s, SU_FLAVOR_RUNSC);
    ck_assert_uint_eq(prog.flags, 0);
    all[2] = 1 << 3;
    assert_refused(&s, "linux.seccomp.flags[2]", "flag");
}
END_TEST

START_TEST(a_profile_too_big_for_the_kernel_is_refused)
{
    struct oci_seccomp s = profile_with(OCI_ACT_ALLOW, 2000);
    for (size_t i = 0; i < 2000; i++)
        arg(rule(&s, i, OCI_ACT_ERRNO, "ioctl"), 1, OCI_CMP_EQ, i, 0);
    ck_assert_int_eq(su_seccomp_build(&s, SU_FLAVOR_NATIVE, &arena, &prog, &err), -E2BIG);
    ck_assert_str_eq(err.json_path, "linux.seccomp");
    s.syscalls.n = 1000;
    build(&s);
    ck_assert_uint_eq(decide(X86_64, nr("ioctl"), 0, 999, 0), ERRNO(1));
    ck_assert_uint_eq(decide(X86_64, nr("ioctl"), 0, 1000, 0), ALLOW);
    ck_assert_uint_eq(decide(X86_64, nr("ioctl") + 1, 0, 0, 0), ALLOW);
}
END_TEST

START_TEST(a_profile_that_multiplies_itself_is_refused_in_bounded_memory)
{
    enum { N_NAMES = 20000, N_ARGS = 4000 };
    struct oci_seccomp s = profile_with(OCI_ACT_ALLOW, 1);
    struct oci_seccomp_rule *r = rule(&s, 0, OCI_ACT_ERRNO, "read");

    r->names.v = pick(&arena, N_NAMES, sizeof(char *));
    r->names.n = N_NAMES;
    for (size_t i = 0; i < N_NAMES; i++)
        r->names.v[i] = (char *)(i % 2 ? "read" : "openat");
    ck_assert_int_eq(su_seccomp_build(&s, SU_FLAVOR_NATIVE, &arena, &prog, &err), 0);
    r->args.v = pick(&arena, N_ARGS, sizeof(*r->args.v));
    for (size_t i = 0; i < N_ARGS; i++)
        arg(r, 0, OCI_CMP_EQ, i, 0);
    ck_assert_int_eq(su_seccomp_build(&s, SU_FLAVOR_NATIVE, &arena, &prog, &err), -E2BIG);
    for (size_t i = 0; i < 300; i++)
        r->names.v[i] = seccomp_syscall_resolve_num_arch(SCMP_ARCH_X86_64, (int)i);
    r->names.n = 300;
    su_error_clear(&err);
    ck_assert_int_eq(su_seccomp_build(&s, SU_FLAVOR_NATIVE, &arena, &prog, &err), -E2BIG);
    for (size_t i = 0; i < 300; i++)
        free(r->names.v[i]);
}
END_TEST

START_TEST(known_words_are_listed)
{
    size_t n = 0;
    const char *const *flags = su_seccomp_supported_flags(&arena);
    while (su_seccomp_known_archs()[n])
        n++;
    ck_assert_uint_eq(n, 19);
    for (n = 0; su_seccomp_known_actions()[n];)
        n++;
    ck_assert_uint_eq(n, 9);
    for (n = 0; su_seccomp_known_operators()[n];)
        n++;
    ck_assert_uint_eq(n, 7);
    for (n = 0; su_seccomp_known_flags()[n];)
        n++;
    ck_assert_uint_eq(n, 4);
    /* Any kernel that runs the tests has these two (4.14). */
    ck_assert_str_eq(flags[0], "SECCOMP_FILTER_FLAG_TSYNC");
    ck_assert_str_eq(flags[1], "SECCOMP_FILTER_FLAG_LOG");
}
END_TEST

/* --- against the oracles
 * --------------------------------------------------------------------------- */

/* Which opinions were compared, over a whole test. */
struct tally {
    unsigned long inputs, with_libseccomp;
};

enum { N_POOL = 64 };

static size_t fill_pool(const struct oci_seccomp *s, const struct reading *r, uint64_t *pool)
{
    static const uint64_t always[] = {0, 1, UINT64_MAX, 0xffffffff, 0x100000000, 1ull << 63};
    size_t n = SU_ARRAY_SIZE(always);

    memcpy(pool, always, sizeof(always));
    for (size_t i = 0; i < s->syscalls.n; i++) {
        const struct oci_seccomp_rule *rule = &s->syscalls.v[i];
        bool names = rule_names(rule, r->name);
        for (int j = 1; j < 32 && !names; j++)
            names = rule_names(rule, r->muxed[j]);
        for (size_t j = 0; names && j < rule->args.n && n + 6 < N_POOL; j++) {
            uint64_t v = rule->args.v[j].value;
            uint64_t near[] = {v, v - 1, v + 1, v ^ 1ull << 32, rule->args.v[j].value_two, ~v};
            memcpy(pool + n, near, sizeof(near));
            n += SU_ARRAY_SIZE(near);
        }
    }
    return n;
}

/* libseccomp 2.5 knows no calls of this age; the library does. */
static bool is_from_own_table(const struct reading *r)
{
    uint32_t n = r->number - r->arch->base;
    return !r->name && n >= 450 && n <= 470;
}

static uint32_t newer_than_profile(const struct oci_seccomp *s, const struct su_filter_arch *arch)
{
    uint32_t largest = arch->base + (arch->is_64bit ? 423 : 402);

    if (action_value(s->default_action, s->default_errno_ret) != ERRNO(1))
        return UINT32_MAX;
    for (size_t i = 0; i < s->syscalls.n; i++)
        for (size_t j = 0; j < s->syscalls.v[i].names.n; j++) {
            struct su_filter_numbers numbers;
            su_filter_resolve(arch, s->syscalls.v[i].names.v[j], &numbers);
            if (numbers.direct > (int64_t)largest)
                largest = (uint32_t)numbers.direct;
        }
    return largest + 1;
}

static void compare_one(const struct reading *r, const struct su_seccomp_prog *oracle,
                        uint32_t newer, const struct seccomp_data *data, struct tally *tally)
{
    uint32_t ours = bpf_interp(prog.code, prog.n, data, NULL);
    uint32_t said = reading_decides(r, data->args);

    tally->inputs++;
    if (is_from_own_table(r))
        return;
    if (r->number >= newer)
        said = ERRNO(38);
    ck_assert_msg(ours == said, "%s %u (%s) args %#llx %#llx %#llx: %#x, the document says %#x",
                  r->arch->name, r->number, r->name ? r->name : "-", data->args[0], data->args[1],
                  data->args[2], ours, said);
    if (!oracle || r->is_delicate || r->number >= newer)
        return;
    uint32_t theirs = bpf_interp(oracle->code, oracle->n, data, NULL);
    tally->with_libseccomp++;
    ck_assert_msg(ours == theirs, "%s %u (%s) args %#llx %#llx %#llx: %#x, libseccomp says %#x",
                  r->arch->name, r->number, r->name ? r->name : "-", data->args[0], data->args[1],
                  data->args[2], ours, theirs);
}

static void compare_number(const struct oci_seccomp *s, const struct su_filter_arch *arch,
                           uint32_t number, uint32_t newer, const struct su_seccomp_prog *oracle,
                           struct tally *tally)
{
    struct reading r;
    uint64_t pool[N_POOL], state = 88172645463325252u + number;

    reading_init(&r, s, arch, number);
    size_t n = fill_pool(s, &r, pool);
    for (int i = 0; i < (r.has_args ? 96 : 1); i++) {
        struct seccomp_data data = {.nr = (int)number, .arch = arch->audit};
        for (int j = 0; j < 6; j++)
            data.args[j] = pool[next_random(&state) % n];
        if (r.muxed[1] && i % 4)
            data.args[0] = (uint64_t)(i / 4);
        compare_one(&r, oracle, newer, &data, tally);
    }
    reading_free(&r);
}

static void compare_arch(const struct oci_seccomp *s, const struct su_filter_arch *arch,
                         const struct su_seccomp_prog *oracle, struct tally *tally)
{
    static const uint32_t far[] = {1024, 4095, 0xffff, 0x3fffffff, 0x7fffffff};
    uint32_t base = arch->first ? arch->first : arch->base;
    uint32_t newer = newer_than_profile(s, arch);

    if (oracle && !oracle_covers(oracle, arch->audit))
        oracle = NULL;
    for (uint32_t n = 0; n < 600; n++)
        compare_number(s, arch, base + n, newer, oracle, tally);
    for (size_t i = 0; i < SU_ARRAY_SIZE(far); i++)
        if (arch->audit != X86_64 || (far[i] < X32_BIT) == (arch->first == 0))
            compare_number(s, arch, far[i], newer, oracle, tally);
}

/* Byte orders cannot be mixed in libseccomp, so it is asked about these only. */
static const char *const little_endian[] = {
    "SCMP_ARCH_X86_64",   "SCMP_ARCH_X86",         "SCMP_ARCH_X32",     "SCMP_ARCH_ARM",
    "SCMP_ARCH_AARCH64",  "SCMP_ARCH_MIPSEL",      "SCMP_ARCH_PPC64LE", "SCMP_ARCH_RISCV64",
    "SCMP_ARCH_MIPSEL64", "SCMP_ARCH_MIPSEL64N32",
};

static void compare_listed(const struct oci_seccomp *s, const struct su_seccomp_prog *oracle,
                           struct tally *tally)
{
    for (size_t i = 0; i < s->architectures.n; i++)
        compare_arch(s, su_filter_arch_find(s->architectures.v[i]), oracle, tally);
}

START_TEST(recorded_profile_decides_as_libseccomp_and_as_it_reads)
{
    struct tally tally = {0};
    struct su_seccomp_prog oracle;
    struct oci_seccomp s = read_profile(&arena, profile_names[_i]);

    build(&s);
    ck_assert_uint_eq(warnings, 0);
    oracle_build(&arena, &s, 2, &oracle);
    compare_listed(&s, &oracle, &tally);
    ck_assert_uint_gt(tally.with_libseccomp, 1500);
}
END_TEST

START_TEST(recorded_profile_decides_alike_on_every_abi)
{
    struct tally tally = {0};
    struct oci_seccomp s = read_profile(&arena, profile_names[_i]);

    for (const char *const *name = su_seccomp_known_archs(); *name; name++) {
        s.architectures.n = 0;
        add_arch(&s, *name);
        build(&s);
        compare_listed(&s, NULL, &tally);
    }
    ck_assert_uint_gt(tally.inputs, 19 * 600);
}
END_TEST

START_TEST(random_profile_decides_as_libseccomp_and_as_it_reads)
{
    struct tally tally = {0};
    struct su_seccomp_prog oracle;
    struct oci_seccomp s = random_profile(&arena, (uint64_t)_i + 1, true);

    for (size_t i = 0; i < 3; i++)
        add_arch(&s, little_endian[_i % 4 && i ? 3 + (i * 7 + (size_t)_i) % 7 : i]);
    build(&s);
    oracle_build(&arena, &s, 1 + _i % 2, &oracle);
    compare_listed(&s, &oracle, &tally);
    ck_assert_uint_gt(tally.with_libseccomp, 500);
}
END_TEST

START_TEST(random_profile_of_many_actions_decides_as_it_reads)
{
    struct tally tally = {0};
    struct oci_seccomp s = random_profile(&arena, (uint64_t)_i + 1000, false);

    add_arch(&s, "SCMP_ARCH_X86_64");
    add_arch(&s, "SCMP_ARCH_X86");
    add_arch(&s, "SCMP_ARCH_X32");
    build(&s);
    compare_listed(&s, NULL, &tally);
}
END_TEST

/* --- in the kernel
 * ---------------------------------------------------------------------------------- */

static int load(void)
{
    struct sock_fprog fprog = {.len = (unsigned short)prog.n, .filter = prog.code};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return -1;
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, prog.flags, &fprog);
}

/* Runs fn in a child with the filter loaded; returns what waitpid() says. */
static int in_filtered_child(int (*fn)(void))
{
    int status;
    pid_t pid = fork();

    ck_assert_int_ge(pid, 0);
    if (pid == 0)
        _exit(load() == 0 ? fn() : 99);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    return status;
}

static int try_denied_calls(void)
{
    char text[4096];

    if (syscall(SYS_acct, NULL) != -1 || errno != EPERM)
        return 1;
    if (syscall(SYS_clone3, NULL, 0) != -1 || errno != ENOSYS)
        return 2;
    if (syscall(5000) != -1 || errno != ENOSYS)
        return 3;
    if (syscall(SYS_personality, 0xffffffff) < 0)
        return 4;
    if (syscall(SYS_personality, 5) != -1 || errno != EPERM)
        return 5;
    int fd = (int)syscall(SYS_openat, -100, "/proc/self/status", O_RDONLY | O_CLOEXEC);
    ssize_t n = read(fd, text, sizeof(text) - 1);
    if (n < 0)
        return 6;
    text[n] = '\0';
    return strstr(text, "\nSeccomp:\t2\n") ? 0 : 7;
}

START_TEST(kernel_takes_and_obeys_dockers_profile)
{
    struct oci_seccomp s = read_profile(&arena, "docker-28.5");
    build(&s);
    int status = in_filtered_child(try_denied_calls);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST

static int call_chmod(void)
{
    syscall(SYS_chmod, "/nowhere", 0);
    return 0;
}

START_TEST(kernel_kills_where_the_profile_says_so)
{
    struct oci_seccomp s = profile_with(OCI_ACT_ALLOW, 1);
    rule(&s, 0, OCI_ACT_KILL_PROCESS, "chmod");
    build(&s);
    int status = in_filtered_child(call_chmod);
    ck_assert(WIFSIGNALED(status));
    ck_assert_int_eq(WTERMSIG(status), SIGSYS);
    s.syscalls.v[0].action = OCI_ACT_TRAP;
    build(&s);
    status = in_filtered_child(call_chmod);
    ck_assert(WIFSIGNALED(status));
    ck_assert_int_eq(WTERMSIG(status), SIGSYS);
}
END_TEST

static int exit_quietly(void)
{
    return 0;
}

START_TEST(kernel_takes_every_program)
{
    for (size_t i = 0; i < SU_ARRAY_SIZE(profile_names); i++) {
        struct oci_seccomp s = read_profile(&arena, profile_names[i]);
        for (const char *const *name = su_seccomp_known_archs(); *name; name++)
            add_arch(&s, *name);
        build(&s);
        int status = in_filtered_child(exit_quietly);
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s: %#x", profile_names[i],
                      (unsigned)status);
    }
}
END_TEST

static TCase *group(Suite *suite, const char *name)
{
    TCase *tc = tcase_create(name);

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_set_timeout(tc, 60);
    suite_add_tcase(suite, tc);
    return tc;
}

static void add_decisions(TCase *tc)
{
    tcase_add_test(tc, errno_rule_denies_with_eperm);
    tcase_add_test(tc, condition_on_an_argument_counts);
    tcase_add_test(tc, masked_condition_of_clone_stops_namespaces);
    tcase_add_test(tc, other_architectures_are_killed);
    tcase_add_test(tc, x32_is_a_filter_of_its_own);
    tcase_add_loop_test(tc, action_becomes_the_return_value_of_the_kernel, 0,
                        SU_ARRAY_SIZE(action_values));
    tcase_add_test(tc, errno_of_rule_and_default_is_returned);
    tcase_add_loop_test(tc, operator_compares_64_bits_without_sign, 0, SU_ARRAY_SIZE(comparisons));
    tcase_add_test(tc, conditions_on_different_arguments_must_all_hold);
    tcase_add_test(tc, an_argument_named_twice_makes_any_condition_enough);
    tcase_add_test(tc, first_entry_that_matches_decides);
    tcase_add_test(tc, entry_with_the_default_action_still_shields_from_later_ones);
    tcase_add_test(tc, entry_that_cannot_be_reached_is_reported);
    tcase_add_test(tc, i386_calls_are_filtered_direct_and_multiplexed);
}

static void add_names(TCase *tc)
{
    tcase_add_test(tc, calls_newer_than_the_profile_fail_with_enosys);
    tcase_add_test(tc, old_calls_fail_with_eperm_even_if_a_short_profile_names_none_so_high);
    tcase_add_test(tc, calls_that_libseccomp_does_not_know_yet_have_numbers);
    tcase_add_test(tc, unknown_names_are_skipped_and_the_rest_of_the_entry_holds);
    tcase_add_test(tc, a_denial_that_names_no_known_call_is_reported);
    tcase_add_test(tc, multiplexed_calls_have_their_direct_numbers_on_every_abi);
    tcase_add_test(tc, known_words_are_listed);
}

static void add_refusals(TCase *tc)
{
    tcase_add_test(tc, malformed_profiles_are_refused_with_their_json_path);
    tcase_add_test(tc, unknown_architecture_is_refused_with_a_suggestion);
    tcase_add_test(tc,
                   architectures_of_the_specification_are_accepted_even_if_libseccomp_lacks_them);
    tcase_add_test(tc, notification_needs_an_agent_and_never_covers_write);
    tcase_add_test(tc, flags_are_handed_to_the_loader);
    tcase_add_test(tc, a_profile_too_big_for_the_kernel_is_refused);
    tcase_add_test(tc, a_profile_that_multiplies_itself_is_refused_in_bounded_memory);
}

static void add_comparisons(TCase *tc)
{
    int n = SU_ARRAY_SIZE(profile_names);

    tcase_add_loop_test(tc, recorded_profile_decides_as_libseccomp_and_as_it_reads, 0, n);
    tcase_add_loop_test(tc, recorded_profile_decides_alike_on_every_abi, 0, n);
    tcase_add_loop_test(tc, random_profile_decides_as_libseccomp_and_as_it_reads, 0, 300);
    tcase_add_loop_test(tc, random_profile_of_many_actions_decides_as_it_reads, 0, 300);
}

static void add_kernel(TCase *tc)
{
    tcase_add_test(tc, kernel_takes_and_obeys_dockers_profile);
    tcase_add_test(tc, kernel_kills_where_the_profile_says_so);
    tcase_add_test(tc, kernel_takes_every_program);
}

int main(void)
{
    Suite *suite = suite_create("seccomp");

    add_decisions(group(suite, "decisions"));
    add_names(group(suite, "names"));
    add_refusals(group(suite, "refusals"));
    add_comparisons(group(suite, "comparisons"));
    add_kernel(group(suite, "kernel"));
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
