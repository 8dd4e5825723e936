/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs of the seccomp room against two oracles, over system calls, ABIs and arguments at the
 * edges: libseccomp's programs, and a reading of the document's words.
 */
#include "seccomp_helpers.h"
#include "seccomp_oracle.h"

/* Asked by the leak checker: libseccomp, whose allocator this is, loses nodes when it joins trees.
 */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:zmalloc\n";
}

/* One profile held against the oracles; the numbers are of one test. */
struct comparison {
    const struct oci_seccomp *spec;
    const struct su_seccomp_prog *oracle; /* libseccomp's, or NULL */
    const struct su_filter_arch *arch;
    uint32_t newer; /* where ENOSYS begins */
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

static void compare_one(struct comparison *c, const struct reading *r,
                        const struct seccomp_data *data)
{
    uint32_t ours = bpf_interp(prog.code, prog.n, data, NULL);
    uint32_t said = reading_decides(r, data->args);

    c->inputs++;
    if (is_from_own_table(r))
        return;
    if (r->number >= c->newer)
        said = ERRNO(38);
    ck_assert_msg(ours == said, "%s %u (%s) args %#llx %#llx %#llx: %#x, the document says %#x",
                  r->arch->name, r->number, r->name ? r->name : "-", data->args[0], data->args[1],
                  data->args[2], ours, said);
    if (!c->oracle || r->is_delicate || r->number >= c->newer)
        return;
    uint32_t theirs = bpf_interp(c->oracle->code, c->oracle->n, data, NULL);
    c->with_libseccomp++;
    ck_assert_msg(ours == theirs, "%s %u (%s) args %#llx %#llx %#llx: %#x, libseccomp says %#x",
                  r->arch->name, r->number, r->name ? r->name : "-", data->args[0], data->args[1],
                  data->args[2], ours, theirs);
}

static void compare_number(struct comparison *c, uint32_t number)
{
    struct reading r;
    uint64_t pool[N_POOL], state = 88172645463325252u + number;

    reading_init(&r, c->spec, c->arch, number);
    size_t n = fill_pool(c->spec, &r, pool);
    for (int i = 0; i < (r.has_args ? 96 : 1); i++) {
        struct seccomp_data data = {.nr = (int)number, .arch = c->arch->audit};
        for (int j = 0; j < 6; j++)
            data.args[j] = pool[next_random(&state) % n];
        if (r.muxed[1] && i % 4)
            data.args[0] = (uint64_t)(i / 4);
        compare_one(c, &r, &data);
    }
    reading_free(&r);
}

static void compare_arch(struct comparison *c)
{
    static const uint32_t far[] = {1024, 4095, 0xffff, 0x3fffffff, 0x7fffffff};
    uint32_t base = c->arch->first ? c->arch->first : c->arch->base;

    c->newer = newer_than_profile(c->spec, c->arch);
    if (c->oracle && !oracle_covers(c->oracle, c->arch->audit))
        c->oracle = NULL;
    for (uint32_t n = 0; n < 600; n++)
        compare_number(c, base + n);
    for (size_t i = 0; i < SU_ARRAY_SIZE(far); i++)
        if (c->arch->audit != X86_64 || (far[i] < X32_BIT) == (c->arch->first == 0))
            compare_number(c, far[i]);
}

/* Byte orders cannot be mixed in libseccomp, so it is asked about these only. */
static const char *const little_endian[] = {
    "SCMP_ARCH_X86_64",   "SCMP_ARCH_X86",         "SCMP_ARCH_X32",     "SCMP_ARCH_ARM",
    "SCMP_ARCH_AARCH64",  "SCMP_ARCH_MIPSEL",      "SCMP_ARCH_PPC64LE", "SCMP_ARCH_RISCV64",
    "SCMP_ARCH_MIPSEL64", "SCMP_ARCH_MIPSEL64N32",
};

static void compare_listed(struct comparison *c, const struct oci_seccomp *s,
                           const struct su_seccomp_prog *oracle)
{
    c->spec = s;
    for (size_t i = 0; i < s->architectures.n; i++) {
        c->oracle = oracle;
        c->arch = su_filter_arch_find(s->architectures.v[i]);
        compare_arch(c);
    }
}

START_TEST(recorded_profile_decides_as_libseccomp_and_as_it_reads)
{
    struct comparison c = {0};
    struct su_seccomp_prog oracle;
    struct oci_seccomp s = read_profile(&arena, profile_names[_i]);

    build(&s);
    ck_assert_uint_eq(warnings, 0);
    oracle_build(&arena, &s, 2, &oracle);
    compare_listed(&c, &s, &oracle);
    ck_assert_uint_gt(c.with_libseccomp, 1500);
}
END_TEST

START_TEST(recorded_profile_decides_alike_on_every_abi)
{
    struct comparison c = {0};
    struct oci_seccomp s = read_profile(&arena, profile_names[_i]);

    for (const char *const *name = su_seccomp_known_archs(); *name; name++) {
        s.architectures.n = 0;
        add_arch(&arena, &s, *name);
        build(&s);
        compare_listed(&c, &s, NULL);
    }
    ck_assert_uint_gt(c.inputs, 19 * 600);
}
END_TEST

START_TEST(random_profile_decides_as_libseccomp_and_as_it_reads)
{
    struct comparison c = {0};
    struct su_seccomp_prog oracle;
    struct oci_seccomp s = random_profile(&arena, (uint64_t)_i + 1, true);

    for (size_t i = 0; i < 3; i++)
        add_arch(&arena, &s, little_endian[_i % 4 && i ? 3 + (i * 7 + (size_t)_i) % 7 : i]);
    build(&s);
    oracle_build(&arena, &s, 1 + _i % 2, &oracle);
    compare_listed(&c, &s, &oracle);
    ck_assert_uint_gt(c.with_libseccomp, 500);
}
END_TEST

START_TEST(random_profile_of_many_actions_decides_as_it_reads)
{
    struct comparison c = {0};
    struct oci_seccomp s = random_profile(&arena, (uint64_t)_i + 1000, false);

    add_arch(&arena, &s, "SCMP_ARCH_X86_64");
    add_arch(&arena, &s, "SCMP_ARCH_X86");
    add_arch(&arena, &s, "SCMP_ARCH_X32");
    build(&s);
    compare_listed(&c, &s, NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("seccomp_oracle");
    TCase *tc = group(suite, "comparisons");
    int n = SU_ARRAY_SIZE(profile_names);

    tcase_add_loop_test(tc, recorded_profile_decides_as_libseccomp_and_as_it_reads, 0, n);
    tcase_add_loop_test(tc, recorded_profile_decides_alike_on_every_abi, 0, n);
    tcase_add_loop_test(tc, random_profile_decides_as_libseccomp_and_as_it_reads, 0, 300);
    tcase_add_loop_test(tc, random_profile_of_many_actions_decides_as_it_reads, 0, 300);
    return run_suite(suite);
}
