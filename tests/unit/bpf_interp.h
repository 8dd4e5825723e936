/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An interpreter of the classic BPF programs that seccomp(2) takes: what the kernel would decide
 * about one call. Knows the kernel's rules of verification as far as they matter to a builder of
 * programs: no unknown instruction, no jump behind the end, a return at every end.
 */
#ifndef BPF_INTERP_H
#define BPF_INTERP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <linux/bpf_common.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

/* No action of the kernel has this value. */
#define BPF_INTERP_BROKEN 0xdeadbeefu

static inline bool bpf_interp_jump(const struct sock_filter *in, uint32_t a, size_t *pc)
{
    bool yes;

    switch (BPF_OP(in->code)) {
    case BPF_JA:
        *pc += in->k;
        return true;
    case BPF_JEQ:
        yes = a == in->k;
        break;
    case BPF_JGT:
        yes = a > in->k;
        break;
    case BPF_JGE:
        yes = a >= in->k;
        break;
    case BPF_JSET:
        yes = a & in->k;
        break;
    default:
        return false;
    }
    *pc += yes ? in->jt : in->jf;
    return true;
}

/* *steps, if not NULL, receives the number of instructions that were executed. */
static inline uint32_t bpf_interp(const struct sock_filter *code, size_t n,
                                  const struct seccomp_data *data, size_t *steps)
{
    uint32_t a = 0;
    size_t done = 0;

    for (size_t pc = 0; pc < n;) {
        const struct sock_filter *in = &code[pc++];
        done++;
        switch (in->code) {
        case BPF_LD | BPF_W | BPF_ABS:
            if (in->k > sizeof(*data) - 4 || in->k % 4)
                return BPF_INTERP_BROKEN;
            memcpy(&a, (const char *)data + in->k, 4);
            break;
        case BPF_ALU | BPF_AND | BPF_K:
            a &= in->k;
            break;
        case BPF_RET | BPF_K:
            if (steps)
                *steps = done;
            return in->k;
        default:
            if (BPF_CLASS(in->code) != BPF_JMP || BPF_SRC(in->code) != BPF_K ||
                !bpf_interp_jump(in, a, &pc))
                return BPF_INTERP_BROKEN;
        }
    }
    return BPF_INTERP_BROKEN;
}

#endif
