/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Instructions. Decisions about ranges of numbers become a balanced binary search, with the
 * arguments looked at in the leaves. The program grows from its end: the jumps of this machine
 * only go forward, so the place of every target is known when the jump to it is made.
 */
#include <linux/bpf_common.h>
#include <linux/seccomp.h>

#include "filter.h"

/* A conditional jump skips at most 255 instructions; two may yet come in between. */
enum { LARGEST_SKIP = 250 };

/* Where the two halves of an argument are: seccomp_data has the byte order of the machine. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
enum { LOW_HALF = 0, HIGH_HALF = 4 };
#else
enum { LOW_HALF = 4, HIGH_HALF = 0 };
#endif

static struct su_filter_target emit(struct su_filter_code *code, struct sock_filter instruction)
{
    if (code->n == BPF_MAXINSNS)
        code->overflow = true;
    else
        code->v[code->n++] = instruction;
    return (struct su_filter_target){.at = code->n - 1};
}

static struct su_filter_target emit_load(struct su_filter_code *code, size_t offset)
{
    return emit(code, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

static bool is_near(const struct su_filter_code *code, size_t at)
{
    return code->n - at <= LARGEST_SKIP;
}

/* A return of action within reach: one of the last that were made, or a new one. */
static size_t emit_return(struct su_filter_code *code, uint32_t action)
{
    for (size_t i = 0; i < SU_ARRAY_SIZE(code->returns); i++) {
        size_t at = code->returns[i];
        if (at < code->n && is_near(code, at) && code->v[at].code == (BPF_RET | BPF_K) &&
            code->v[at].k == action)
            return at;
    }
    size_t at = emit(code, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action)).at;
    code->returns[code->n_returns++ % SU_ARRAY_SIZE(code->returns)] = at;
    return at;
}

/* An instruction within reach that does what target asks for: a return that is there already, a
 * new one, or a jump to a place that is too far away. */
static size_t bring_near(struct su_filter_code *code, struct su_filter_target target)
{
    if (!target.is_action) {
        if (is_near(code, target.at))
            return target.at;
        uint32_t skip = (uint32_t)(code->n - target.at - 1);
        return emit(code, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, skip)).at;
    }
    return emit_return(code, target.action);
}

/* A test of the accumulator against k; op is BPF_JEQ, BPF_JGT or BPF_JGE. */
static struct su_filter_target emit_test(struct su_filter_code *code, unsigned op, uint32_t k,
                                         struct su_filter_target yes, struct su_filter_target no)
{
    size_t yes_at = bring_near(code, yes);
    size_t no_at = bring_near(code, no);
    uint8_t skip_yes = (uint8_t)(code->n - yes_at - 1);
    uint8_t skip_no = (uint8_t)(code->n - no_at - 1);

    return emit(
        code, (struct sock_filter)BPF_JUMP((uint16_t)(BPF_JMP | op | BPF_K), k, skip_yes, skip_no));
}

static size_t half_offset(unsigned arg, size_t half)
{
    return offsetof(struct seccomp_data, args) + arg * sizeof(uint64_t) + half;
}

/* One half of (arg & mask) == value. */
static struct su_filter_target emit_half(struct su_filter_code *code, size_t offset, uint32_t mask,
                                         uint32_t value, struct su_filter_target yes,
                                         struct su_filter_target no)
{
    if (!mask)
        return yes;
    emit_test(code, BPF_JEQ, value, yes, no);
    if (mask != UINT32_MAX)
        emit(code, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, mask));
    return emit_load(code, offset);
}

static struct su_filter_target emit_equal(struct su_filter_code *code,
                                          const struct su_filter_cond *cond,
                                          struct su_filter_target yes, struct su_filter_target no)
{
    struct su_filter_target low = emit_half(code, half_offset(cond->arg, LOW_HALF),
                                            (uint32_t)cond->mask, (uint32_t)cond->value, yes, no);

    return emit_half(code, half_offset(cond->arg, HIGH_HALF), (uint32_t)(cond->mask >> 32),
                     (uint32_t)(cond->value >> 32), low, no);
}

/* Greater, or greater or equal: the low halves count where the high halves are equal. */
static struct su_filter_target emit_greater(struct su_filter_code *code,
                                            const struct su_filter_cond *cond,
                                            struct su_filter_target yes, struct su_filter_target no)
{
    uint32_t high = (uint32_t)(cond->value >> 32);
    unsigned op = cond->op == SU_FILTER_GT ? BPF_JGT : BPF_JGE;

    emit_test(code, op, (uint32_t)cond->value, yes, no);
    struct su_filter_target low = emit_load(code, half_offset(cond->arg, LOW_HALF));
    if (!(cond->mask >> 32))
        return low;
    struct su_filter_target equal = emit_test(code, BPF_JEQ, high, low, no);
    emit_test(code, BPF_JGT, high, yes, equal);
    return emit_load(code, half_offset(cond->arg, HIGH_HALF));
}

static struct su_filter_target emit_cond(struct su_filter_code *code,
                                         const struct su_filter_cond *cond,
                                         struct su_filter_target yes, struct su_filter_target no)
{
    if (cond->negate) {
        struct su_filter_target other = yes;
        yes = no;
        no = other;
    }
    return cond->op == SU_FILTER_EQ ? emit_equal(code, cond, yes, no)
                                    : emit_greater(code, cond, yes, no);
}

static struct su_filter_target emit_range(struct su_filter_code *code,
                                          const struct su_filter_range *range)
{
    struct su_filter_target next = {.is_action = true, .action = range->action};

    for (size_t i = range->n_cases; i-- > 0;) {
        const struct su_filter_case *c = &range->cases[i];
        struct su_filter_target target = {.is_action = true, .action = c->action};
        for (size_t j = c->n; j-- > 0;)
            target = emit_cond(code, &c->cond[j], target, next);
        next = target;
    }
    return next;
}

static bool is_plain(const struct su_filter_range *range, uint32_t action)
{
    return range->n_cases == 0 && range->action == action;
}

static struct su_filter_target emit_tree(struct su_filter_code *code,
                                         const struct su_filter_range *ranges, size_t n)
{
    if (n == 1)
        return emit_range(code, ranges);
    if (n == 3 && ranges[2].first - ranges[1].first == 1 && ranges[0].n_cases == 0 &&
        is_plain(&ranges[2], ranges[0].action)) {
        /* One number that differs from both sides needs one test only. */
        struct su_filter_target outside = {.is_action = true, .action = ranges[0].action};
        struct su_filter_target inside = emit_range(code, &ranges[1]);
        return emit_test(code, BPF_JEQ, ranges[1].first, inside, outside);
    }
    size_t half = n / 2;
    struct su_filter_target right = emit_tree(code, ranges + half, n - half);
    struct su_filter_target left = emit_tree(code, ranges, half);
    return emit_test(code, BPF_JGE, ranges[half].first, right, left);
}

struct su_filter_target su_filter_tree(struct su_filter_code *code,
                                       const struct su_filter_ranges *ranges)
{
    struct su_filter_target root = emit_tree(code, ranges->v, ranges->n);

    /* The root of a search is the instruction made last, so that the load falls through to it. */
    if (root.is_action)
        return root;
    return emit_load(code, offsetof(struct seccomp_data, nr));
}

void su_filter_dispatch(struct su_filter_code *code, const uint32_t *audits,
                        const struct su_filter_target *sections, size_t n, uint32_t otherwise)
{
    struct su_filter_target next = {.is_action = true, .action = otherwise};

    for (size_t i = n; i-- > 0;)
        next = emit_test(code, BPF_JEQ, audits[i], sections[i], next);
    emit_load(code, offsetof(struct seccomp_data, arch));
}
