/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Profiles made of bytes: the program must pass the kernel's rules, and decide as the profile
 * reads, about the calls that it names and their neighbours, with arguments near its values.
 */
#include "fuzz_filter.h"
#include "seccomp_oracle.h"

enum { MAX_RULES = 60 };

/* Mostly what the action takes: one rule that is refused spoils a profile. */
static uint32_t *some_errno(struct fuzz_bytes *b, struct su_arena *arena, int action)
{
    bool is_taken = action == OCI_ACT_ERRNO || action == OCI_ACT_TRACE;
    uint8_t choice = fuzz_byte(b);

    if (is_taken ? choice % 2 : choice != 255)
        return NULL;
    uint32_t *value = fuzz_array(arena, 1, sizeof(*value));
    *value = (uint32_t)fuzz_byte(b) << (choice == 254 ? 12 : choice % 4);
    return value;
}

static uint64_t some_value(struct fuzz_bytes *b)
{
    /* Few bytes a value, so that long programs come of short inputs. */
    uint64_t state = (fuzz_byte(b) + 1) * 0x9e3779b97f4a7c15u;
    return random_value(&state);
}

static void some_rule(struct fuzz_bytes *b, struct su_arena *arena, struct oci_seccomp_rule *rule)
{
    rule->names.n = fuzz_below(b, 5);
    rule->names.v = fuzz_array(arena, rule->names.n + 1, sizeof(char *));
    for (size_t i = 0; i < rule->names.n; i++) {
        uint64_t state = fuzz_byte(b) + 1;
        rule->names.v[i] = random_name(&state);
    }
    rule->action = (int)fuzz_below(b, 10);
    rule->errno_ret = some_errno(b, arena, rule->action);
    rule->args.n = fuzz_below(b, 8);
    rule->args.v = fuzz_array(arena, rule->args.n, sizeof(*rule->args.v));
    for (size_t i = 0; i < rule->args.n; i++)
        rule->args.v[i] = (struct oci_seccomp_arg){.index = (uint32_t)fuzz_below(b, 6),
                                                   .op = 1 + (int)fuzz_below(b, 7),
                                                   .value = some_value(b),
                                                   .value_two = some_value(b)};
}

static struct oci_seccomp some_profile(struct fuzz_bytes *b, struct su_arena *arena)
{
    struct oci_seccomp s = {.default_action = (int)fuzz_below(b, 10)};
    const char *const *archs = su_seccomp_known_archs();

    s.default_errno_ret = some_errno(b, arena, s.default_action);
    s.listener_path = fuzz_byte(b) != 255 ? (char *)(uintptr_t) "/agent" : NULL;
    s.architectures.n = fuzz_below(b, 5);
    s.architectures.v = fuzz_array(arena, s.architectures.n + 1, sizeof(char *));
    for (size_t i = 0; i < s.architectures.n; i++)
        s.architectures.v[i] = (char *)(uintptr_t)archs[i ? fuzz_below(b, 19) : 1];
    s.syscalls.n = fuzz_below(b, MAX_RULES);
    s.syscalls.v = fuzz_array(arena, s.syscalls.n, sizeof(*s.syscalls.v));
    for (size_t i = 0; i < s.syscalls.n && b->left; i++)
        some_rule(b, arena, &s.syscalls.v[i]);
    /* Rules without a byte of their own would all be refused. */
    for (size_t i = 0; i < s.syscalls.n; i++)
        if (!s.syscalls.v[i].action)
            s.syscalls.v[i].action = OCI_ACT_ALLOW;
    return s;
}

/* Where calls that the profile does not know begin to fail with ENOSYS. */
static uint32_t first_newer(const struct oci_seccomp *s, const struct su_filter_arch *arch)
{
    int64_t largest = arch->base + (arch->is_64bit ? 423 : 402);

    if (action_value(s->default_action, s->default_errno_ret) != 0x50001)
        return UINT32_MAX;
    for (size_t i = 0; i < s->syscalls.n; i++)
        for (size_t j = 0; j < s->syscalls.v[i].names.n; j++) {
            struct su_filter_numbers numbers;
            su_filter_resolve(arch, s->syscalls.v[i].names.v[j], &numbers);
            largest = numbers.direct > largest ? numbers.direct : largest;
        }
    return (uint32_t)largest + 1;
}

/* A value near one that some rule compares with. */
static uint64_t near_value(struct fuzz_bytes *b, const struct oci_seccomp *s)
{
    size_t i = s->syscalls.n ? fuzz_below(b, s->syscalls.n) : 0;
    const struct oci_seccomp_rule *rule = s->syscalls.n ? &s->syscalls.v[i] : NULL;

    if (!rule || !rule->args.n)
        return fuzz_below(b, 25);
    const struct oci_seccomp_arg *arg = &rule->args.v[fuzz_below(b, rule->args.n)];
    const uint64_t values[] = {arg->value,
                               arg->value - 1,
                               arg->value + 1,
                               arg->value_two,
                               arg->value ^ 1ull << 32u,
                               ~arg->value,
                               arg->value & arg->value_two};
    return values[fuzz_below(b, SU_ARRAY_SIZE(values))];
}

/* The number of a call that the profile may name, or of its neighbour, or any. */
static uint32_t some_number(struct fuzz_bytes *b, const struct su_filter_arch *arch)
{
    uint64_t state = fuzz_byte(b) + 1;
    struct su_filter_numbers numbers;
    uint32_t base = arch->first ? arch->first : arch->base;

    su_filter_resolve(arch, random_name(&state), &numbers);
    int64_t number = numbers.mux >= 0 && fuzz_below(b, 2) ? numbers.mux : numbers.direct;
    if (number < 0)
        return base + (uint32_t)fuzz_below(b, 256) * 2;
    return (uint32_t)number + (uint32_t)fuzz_below(b, 2);
}

static void check_decision(const struct oci_seccomp *s, const struct su_seccomp_prog *prog,
                           const struct su_filter_arch *arch, struct fuzz_bytes *b)
{
    uint32_t number = some_number(b, arch), newer = first_newer(s, arch);
    struct seccomp_data data = {.nr = (int)number, .arch = arch->audit};
    struct reading reading;

    reading_init(&reading, s, arch, number);
    for (int round = 0; round < 4; round++) {
        for (int i = 0; i < 6; i++)
            data.args[i] = near_value(b, s);
        if (reading.muxed[1] && round)
            data.args[0] = fuzz_below(b, 26);
        uint32_t ours = bpf_interp(prog->code, prog->n, &data, NULL);
        uint32_t said = number >= newer ? 0x50000 | ENOSYS : reading_decides(&reading, data.args);
        fuzz_require(ours == said, "%s %u (%s) args %#llx %#llx %#llx: %#x, the profile says %#x",
                     arch->name, number, reading.name ? reading.name : "-", data.args[0],
                     data.args[1], data.args[2], ours, said);
    }
    reading_free(&reading);
}

static void build_as(const struct oci_seccomp *s, enum su_flavor flavor, struct su_arena *arena,
                     struct fuzz_bytes *b)
{
    _cleanup_error_ struct su_error err = {0};
    struct su_seccomp_prog prog;

    int rc = su_seccomp_build(s, flavor, arena, &prog, &err);
    if (rc < 0) {
        fuzz_check_error(rc, &err);
        return;
    }
    fuzz_check_filter(&prog);
    /* The other flavor knows no errno but EPERM. */
    if (flavor != SU_FLAVOR_NATIVE)
        return;
    check_decision(s, &prog, su_filter_arch_native(), b);
    for (size_t i = 0; i < s->architectures.n; i++)
        check_decision(s, &prog, su_filter_arch_find(s->architectures.v[i]), b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_arena_ struct su_arena arena = {0};
    /* The questions come from the end, so that a longer profile does not change them all. */
    size_t questions = size < 64 ? size : 64;
    struct fuzz_bytes bytes = {data, size - questions}, rest = {data + size - questions, questions};

    struct oci_seccomp s = some_profile(&bytes, &arena);
    build_as(&s, SU_FLAVOR_NATIVE, &arena, &rest);
    build_as(&s, SU_FLAVOR_RUNSC, &arena, &rest);
    return 0;
}
