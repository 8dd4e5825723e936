/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a checked profile to decisions: names become numbers of one ABI, the rules of each number
 * are put in the document's order, of which the first that matches decides, and neighbours with
 * the same decision are joined into ranges. No instruction is made here.
 */
#include <seccomp.h>
#include <linux/seccomp.h>
#include <specutils/log.h>

#include "filter.h"

/* Many more than any program can hold, as equal neighbours count once only. */
enum { LARGEST_N_CASES = 16 * BPF_MAXINSNS };

/* The last numbers of Linux 5.0. */
enum { LAST_OLD_64BIT = 423, LAST_OLD_32BIT = 402 };

static int by_number_and_order(const void *a, const void *b)
{
    const struct su_filter_claim *x = a, *y = b;

    if (x->number != y->number)
        return x->number < y->number ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

static bool is_permissive(uint32_t action)
{
    return action == SECCOMP_RET_ALLOW || action == SECCOMP_RET_LOG;
}

/* Profiles name calls of all kernels, so an unknown name is normal. It is worth a warning where
 * it makes the filter weaker than the profile reads. */
static void report_unknown(const struct su_filter_profile *profile, size_t i, const char *name)
{
    bool is_weaker =
        is_permissive(profile->default_action) && !is_permissive(profile->rules[i].action);

    if (is_weaker)
        su_warn("linux.seccomp.syscalls[%zu]: system call \"%s\" is unknown, so this rule does not "
                "stop it",
                i, name);
    else
        su_debug("linux.seccomp.syscalls[%zu]: system call \"%s\" is unknown, ignored", i, name);
}

/* Puts the claims of rule i behind the n that are there; returns how many there are then. */
static size_t claim_rule(const struct su_filter_profile *profile, const struct su_filter_arch *arch,
                         size_t i, size_t n)
{
    const struct su_filter_rule *rule = &profile->rules[i];
    const struct su_strv *names = &rule->spec->names;
    bool report = arch == profile->archs[0];
    size_t known = 0;

    for (size_t j = 0; j < names->n; j++) {
        struct su_filter_numbers numbers;
        struct su_filter_claim claim = {.order = (uint32_t)i, .name = names->v[j]};
        if (su_filter_resolve(arch, names->v[j], &numbers))
            known++;
        else if (report)
            report_unknown(profile, i, names->v[j]);
        if (numbers.direct >= 0) {
            claim.number = (uint32_t)numbers.direct;
            profile->claims[n++] = claim;
        }
        if (numbers.mux >= 0) {
            claim.number = (uint32_t)numbers.mux;
            claim.subcall = numbers.subcall;
            profile->claims[n++] = claim;
        }
    }
    if (report && names->n && !known && rule->action != SECCOMP_RET_ALLOW)
        su_warn("linux.seccomp.syscalls[%zu]: no system call of this rule is known, it has no "
                "effect",
                i);
    return n;
}

/* Fills profile->claims for one ABI, in the order of numbers and then of the document. */
static size_t collect_claims(const struct su_filter_profile *profile,
                             const struct su_filter_arch *arch)
{
    size_t n = 0;

    for (size_t i = 0; i < profile->n_rules; i++)
        n = claim_rule(profile, arch, i, n);
    if (n)
        qsort(profile->claims, n, sizeof(*profile->claims), by_number_and_order);
    return n;
}

static const struct {
    enum su_filter_op op;
    bool negate;
} operators[] = {
    [OCI_CMP_NE] = {SU_FILTER_EQ, true},         [OCI_CMP_LT] = {SU_FILTER_GE, true},
    [OCI_CMP_LE] = {SU_FILTER_GT, true},         [OCI_CMP_EQ] = {SU_FILTER_EQ, false},
    [OCI_CMP_GE] = {SU_FILTER_GE, false},        [OCI_CMP_GT] = {SU_FILTER_GT, false},
    [OCI_CMP_MASKED_EQ] = {SU_FILTER_EQ, false},
};

/* Adds one argument's condition, unless it always holds. As with libseccomp, bits of valueTwo
 * outside the mask do not count, and a 32-bit ABI compares low halves only. */
static void add_cond(struct su_filter_case *out, const struct su_filter_arch *arch,
                     const struct oci_seccomp_arg *arg)
{
    uint64_t all = arch->is_64bit ? UINT64_MAX : UINT32_MAX;
    struct su_filter_cond cond = {.arg = arg->index,
                                  .op = operators[arg->op].op,
                                  .negate = operators[arg->op].negate,
                                  .value = arg->value & all,
                                  .mask = all};

    if (arg->op == OCI_CMP_MASKED_EQ) {
        cond.mask = arg->value & all;
        cond.value = arg->value_two & cond.mask;
    }
    if (cond.mask)
        out->cond[out->n++] = cond;
}

/*
 * A multiplexed call: the first argument selects the subcall and the real arguments lie in
 * memory, where a filter cannot look. As with libseccomp, the selector takes the place of
 * conditions on the first argument, and the others stay.
 */
static void add_selector(struct su_filter_case *out, const struct su_filter_arch *arch,
                         const struct su_filter_claim *c)
{
    uint64_t all = arch->is_64bit ? UINT64_MAX : UINT32_MAX;

    if (c->subcall)
        out->cond[out->n++] =
            (struct su_filter_cond){.op = SU_FILTER_EQ, .value = c->subcall, .mask = all};
}

/* Appends the cases of one claim to cases: one, or one for each argument. True if one of them
 * has no condition: whatever comes behind it is never reached. */
static bool add_cases(const struct su_filter_profile *profile, const struct su_filter_arch *arch,
                      const struct su_filter_claim *c, struct su_filter_case *cases, size_t *used)
{
    const struct su_filter_rule *rule = &profile->rules[c->order];
    size_t n = rule->any ? rule->spec->args.n : 1;

    for (size_t i = 0; i < n; i++) {
        struct su_filter_case *out = &cases[(*used)++];
        *out = (struct su_filter_case){.action = rule->action};
        add_selector(out, arch, c);
        for (size_t j = 0; j < rule->spec->args.n; j++) {
            const struct oci_seccomp_arg *arg = &rule->spec->args.v[j];
            bool is_replaced = c->subcall && arg->index == 0;
            if ((!rule->any || i == j) && !is_replaced)
                add_cond(out, arch, arg);
        }
        if (out->n == 0)
            return true;
    }
    return false;
}

/* Engines write such rules every day, so this is no warning. */
static void report_unreachable(const struct su_filter_profile *profile,
                               const struct su_filter_claim *claims, size_t n, uint32_t action)
{
    for (size_t i = 0; i < n; i++)
        if (profile->rules[claims[i].order].action != action)
            su_debug("linux.seccomp.syscalls[%u]: the rule for \"%s\" is never reached, an earlier "
                     "one always matches",
                     claims[i].order, claims[i].name);
}

/* Makes room for the cases of all claims. Without a limit a small document could ask for
 * gigabytes of them. */
static int make_cases(struct su_filter_profile *profile, const struct su_filter_claim *claims,
                      size_t n, struct su_filter_case **cases)
{
    size_t most = 0;

    for (size_t i = 0; i < n; i++) {
        const struct su_filter_rule *rule = &profile->rules[claims[i].order];
        most += rule->any ? rule->spec->args.n : 1;
    }
    if (most > LARGEST_N_CASES - profile->n_cases)
        return -E2BIG;
    profile->n_cases += most;
    *cases = su_arena_array(profile->scratch, most, sizeof(**cases));
    return *cases ? 0 : -ENOMEM;
}

static bool is_plain(const struct su_filter_profile *profile, const struct su_filter_claim *c)
{
    return !c->subcall && profile->rules[c->order].spec->args.n == 0;
}

/* The decision about the number that claims[0 .. n - 1] claim. */
static int decide(struct su_filter_profile *profile, const struct su_filter_arch *arch,
                  const struct su_filter_claim *claims, size_t n, struct su_filter_range *out)
{
    size_t used = 0, i = 0;
    struct su_filter_case *cases = NULL;
    bool always = is_plain(profile, &claims[0]);

    *out = (struct su_filter_range){.first = claims->number, .action = profile->default_action};
    if (!always) {
        int r = make_cases(profile, claims, n, &cases);
        if (r < 0)
            return r;
        while (i < n && !always)
            always = add_cases(profile, arch, &claims[i++], cases, &used);
        i -= always;
    }
    if (always) {
        out->action = profile->rules[claims[i].order].action;
        if (arch == profile->archs[0])
            report_unreachable(profile, claims + i + 1, n - i - 1, out->action);
    }
    /* What decides like all the rest need not be asked; the case without condition is one. */
    while (used && cases[used - 1].action == out->action)
        used--;
    out->n_cases = used;
    out->cases = cases;
    return 0;
}

static bool same_cond(const struct su_filter_cond *a, const struct su_filter_cond *b)
{
    return a->arg == b->arg && a->op == b->op && a->negate == b->negate && a->value == b->value &&
           a->mask == b->mask;
}

static bool same_case(const struct su_filter_case *a, const struct su_filter_case *b)
{
    if (a->action != b->action || a->n != b->n)
        return false;
    for (size_t i = 0; i < a->n; i++)
        if (!same_cond(&a->cond[i], &b->cond[i]))
            return false;
    return true;
}

static bool same_decision(const struct su_filter_range *a, const struct su_filter_range *b)
{
    if (a->action != b->action || a->n_cases != b->n_cases)
        return false;
    for (size_t i = 0; i < a->n_cases; i++)
        if (!same_case(&a->cases[i], &b->cases[i]))
            return false;
    return true;
}

int su_filter_range_push(struct su_arena *scratch, struct su_filter_ranges *out,
                         struct su_filter_range range)
{
    if (out->n && same_decision(&out->v[out->n - 1], &range))
        return 0;
    if (out->n == out->cap) {
        size_t cap = out->cap ? 2 * out->cap : 256;
        struct su_filter_range *grown = su_arena_array(scratch, cap, sizeof(*grown));
        if (!grown)
            return -ENOMEM;
        if (out->n)
            memcpy(grown, out->v, out->n * sizeof(*grown));
        out->v = grown;
        out->cap = cap;
    }
    out->v[out->n++] = range;
    return 0;
}

/*
 * The first number that counts as newer than the profile: behind the largest that it names, and
 * not among the calls that were there before Linux 5.1, so that a short list of allowed calls
 * does not make old calls look as if the kernel lacked them.
 */
static uint32_t first_newer(const struct su_filter_profile *profile,
                            const struct su_filter_arch *arch, size_t n_claims)
{
    uint32_t named = n_claims ? profile->claims[n_claims - 1].number : 0;
    uint32_t old = arch->base + (arch->is_64bit ? LAST_OLD_64BIT : LAST_OLD_32BIT);

    return (named > old ? named : old) + 1;
}

int su_filter_ranges_add(struct su_filter_profile *profile, const struct su_filter_arch *arch,
                         struct su_filter_ranges *out)
{
    size_t n_claims = collect_claims(profile, arch);
    uint32_t newer = first_newer(profile, arch, n_claims);
    struct su_filter_range gap = {.first = arch->first, .action = profile->default_action};
    int r = 0;

    for (size_t i = 0, n; i < n_claims && r == 0; i += n) {
        const struct su_filter_claim *claims = &profile->claims[i];
        struct su_filter_range range;
        for (n = 1; i + n < n_claims && claims[n].number == claims->number;)
            n++;
        r = decide(profile, arch, claims, n, &range);
        if (r == 0 && gap.first < range.first)
            r = su_filter_range_push(profile->scratch, out, gap);
        if (r == 0)
            r = su_filter_range_push(profile->scratch, out, range);
        gap.first = range.first + 1;
    }
    if (r == 0 && gap.first < newer)
        r = su_filter_range_push(profile->scratch, out, gap);
    gap = (struct su_filter_range){.first = newer, .action = profile->newer_action};
    return r == 0 ? su_filter_range_push(profile->scratch, out, gap) : r;
}
