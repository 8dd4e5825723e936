/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Device rules as an eBPF program of type BPF_PROG_TYPE_CGROUP_DEVICE. One pass over the rules
 * from the last to the first: the program keeps the asked access bits that no rule has decided
 * yet; a rule that allows clears its bits, a rule that denies one of them ends the matter.
 *
 * Registers: r1 context, r2 type, r3 undecided access bits, r4 major, r5 minor; r0 the answer.
 */
#include <stddef.h>
#include <linux/bpf.h>

#include <base/base.h>

#include "internal.h"

/* What one rule may take at most: three tests, and three instructions to decide. */
#define MAX_RULE_INSNS 7
#define HEAD_INSNS 6
#define TAIL_INSNS 2

static struct bpf_insn insn(unsigned code, unsigned dst, unsigned src, int off, int imm)
{
    return (struct bpf_insn){.code = (uint8_t)code,
                             .dst_reg = dst & 15,
                             .src_reg = src & 15,
                             .off = (int16_t)off,
                             .imm = imm};
}

static struct bpf_insn load(unsigned dst, size_t offset)
{
    return insn(BPF_LDX | BPF_MEM | BPF_W, dst, BPF_REG_1, (int)offset, 0);
}

static size_t answer(struct bpf_insn *out, bool allow)
{
    out[0] = insn(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, allow);
    out[1] = insn(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
    return 2;
}

/* The context's first word has the type in its low half and the access in its high half. */
static size_t head(struct bpf_insn *out)
{
    out[0] = load(BPF_REG_2, offsetof(struct bpf_cgroup_dev_ctx, access_type));
    out[1] = insn(BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_3, BPF_REG_2, 0, 0);
    out[2] = insn(BPF_ALU64 | BPF_RSH | BPF_K, BPF_REG_3, 0, 0, 16);
    out[3] = insn(BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_2, 0, 0, 0xffff);
    out[4] = load(BPF_REG_4, offsetof(struct bpf_cgroup_dev_ctx, major));
    out[5] = load(BPF_REG_5, offsetof(struct bpf_cgroup_dev_ctx, minor));
    return 6;
}

static unsigned bpf_access(unsigned access)
{
    return (access & SB_CG_READ ? BPF_DEVCG_ACC_READ : 0u) |
           (access & SB_CG_WRITE ? BPF_DEVCG_ACC_WRITE : 0u) |
           (access & SB_CG_MKNOD ? BPF_DEVCG_ACC_MKNOD : 0u);
}

static size_t one_rule(struct bpf_insn *out, const struct sb_cg_rule *rule)
{
    int access = (int)bpf_access(rule->access);
    size_t n = 0, n_tests;

    /* The kernel has no device numbers that large (20 bits), and a comparison would extend the
     * sign of its constant. */
    if (rule->major > INT32_MAX || rule->minor > INT32_MAX)
        return 0;
    if (rule->type != 'a')
        out[n++] = insn(BPF_JMP | BPF_JNE | BPF_K, BPF_REG_2, 0, 0,
                        rule->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
    if (rule->major >= 0)
        out[n++] = insn(BPF_JMP | BPF_JNE | BPF_K, BPF_REG_4, 0, 0, (int)rule->major);
    if (rule->minor >= 0)
        out[n++] = insn(BPF_JMP | BPF_JNE | BPF_K, BPF_REG_5, 0, 0, (int)rule->minor);
    n_tests = n;
    if (rule->allow && rule->access != SB_CG_ALL) {
        out[n++] = insn(BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_3, 0, 0, ~access);
        out[n++] = insn(BPF_JMP | BPF_JNE | BPF_K, BPF_REG_3, 0, 2, 0);
    } else if (!rule->allow && rule->access != SB_CG_ALL) {
        out[n++] = insn(BPF_JMP | BPF_JSET | BPF_K, BPF_REG_3, 0, 1, access);
        out[n++] = insn(BPF_JMP | BPF_JA, 0, 0, 2, 0);
    }
    n += answer(out + n, rule->allow);
    /* A test that fails goes to the next rule. */
    for (size_t i = 0; i < n_tests; i++)
        out[i].off = (int16_t)(n - i - 1);
    return n;
}

int sb_cg_device_prog(struct su_arena *arena, const struct sb_cg_rules *rules,
                      struct bpf_insn **prog, size_t *n)
{
    *prog = NULL;
    *n = 0;
    if (rules->allow && rules->n == 0)
        return 0;
    struct bpf_insn *out =
        su_arena_array(arena, HEAD_INSNS + TAIL_INSNS + rules->n * MAX_RULE_INSNS, sizeof(*out));
    if (!out)
        return -ENOMEM;
    *n = head(out);
    for (size_t i = rules->n; i > 0; i--)
        *n += one_rule(out + *n, &rules->v[i - 1]);
    *n += answer(out + *n, rules->allow);
    *prog = out;
    return 0;
}
