/* SPDX-License-Identifier: Apache-2.0 */
/* A verifier of seccomp programs by the rules of seccomp(2): what the kernel would refuse to load,
 * and instructions that nothing reaches. */
#ifndef FUZZ_FILTER_H
#define FUZZ_FILTER_H

#include <linux/filter.h>
#include <linux/seccomp.h>

#include "fuzz.h"

static inline void fuzz_check_instruction(const struct su_seccomp_prog *prog, size_t i,
                                          uint8_t *reached)
{
    const struct sock_filter *in = &prog->code[i];
    size_t room = prog->n - i - 1;

    switch (in->code) {
    case BPF_RET | BPF_K:
        return;
    case BPF_LD | BPF_W | BPF_ABS:
        fuzz_require(in->k % 4 == 0 && in->k + 4 <= sizeof(struct seccomp_data), "%zu: loads at %u",
                     i, in->k);
        break;
    case BPF_ALU | BPF_AND | BPF_K:
        break;
    case BPF_JMP | BPF_JA:
        fuzz_require(in->k < room, "%zu: jumps by %u", i, in->k);
        reached[i + 1 + in->k] = 1;
        return;
    case BPF_JMP | BPF_JEQ | BPF_K:
    case BPF_JMP | BPF_JGT | BPF_K:
    case BPF_JMP | BPF_JGE | BPF_K:
    case BPF_JMP | BPF_JSET | BPF_K:
        fuzz_require(in->jt < room && in->jf < room, "%zu: jumps by %u or %u", i, in->jt, in->jf);
        reached[i + 1 + in->jt] = reached[i + 1 + in->jf] = 1;
        return;
    default:
        fuzz_require(false, "%zu: instruction %#x", i, in->code);
    }
    fuzz_require(room > 0, "runs over its end");
    reached[i + 1] = 1;
}

static inline void fuzz_check_filter(const struct su_seccomp_prog *prog)
{
    uint8_t reached[BPF_MAXINSNS] = {1};

    fuzz_require(prog->n > 0 && prog->n <= BPF_MAXINSNS, "%zu instructions", prog->n);
    for (size_t i = 0; i < prog->n; i++)
        if (reached[i])
            fuzz_check_instruction(prog, i, reached);
}

#endif
