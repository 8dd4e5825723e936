/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of this room share. A profile (rules.c) is a checked linux.seccomp. For each ABI
 * it becomes a list of ranges of system call numbers with one decision each, from which tree.c
 * makes the program; archs.c knows ABIs and numbers. Not for other rooms.
 */
#ifndef SU_SECCOMP_FILTER_H
#define SU_SECCOMP_FILTER_H

#include <specutils/seccomp.h>

#include "base/base.h"

/*
 * One ABI. Calls come in with the audit number; where two ABIs share it (x86_64 and x32), their
 * system call numbers begin at a different first. base is what the ABI adds to the numbers that
 * all ABIs have in common since Linux 5.1.
 */
struct su_filter_arch {
    const char *name; /* as in config.json */
    uint32_t token;   /* libseccomp's */
    uint32_t audit;   /* AUDIT_ARCH_* */
    uint32_t first, base;
    bool is_64bit;
    int mux; /* column of the table of multiplexed calls, or -1 */
};

/* The numbers under which one ABI knows a system call. -1: not this way. */
struct su_filter_numbers {
    int64_t direct;
    int64_t mux;      /* socketcall or ipc, */
    uint64_t subcall; /* with this first argument */
};

const struct su_filter_arch *su_filter_arch_find(const char *name);
const struct su_filter_arch *su_filter_arch_native(void);
/* True for architectures that the specification names and no filter can be made for here. */
bool su_filter_arch_is_foreign(const char *name);
/* False if nobody knows the name; true with no number if only this ABI lacks the call. */
bool su_filter_resolve(const struct su_filter_arch *arch, const char *name,
                       struct su_filter_numbers *out);

/* (arg & mask) op value, op being EQ, GT or GE, or the opposite if negate. mask is full but for
 * EQ. On 32-bit ABIs only the low halves count. */
enum su_filter_op { SU_FILTER_EQ, SU_FILTER_GT, SU_FILTER_GE };

struct su_filter_cond {
    unsigned arg;
    enum su_filter_op op;
    bool negate;
    uint64_t value, mask;
};

/* All conditions must hold for the action. */
struct su_filter_case {
    uint32_t action;
    size_t n;
    struct su_filter_cond cond[6];
};

/* From first up to the next range: the first case that holds decides, else the action. */
struct su_filter_range {
    uint32_t first, action;
    size_t n_cases;
    const struct su_filter_case *cases;
};

struct su_filter_ranges {
    struct su_filter_range *v;
    size_t n, cap;
};

/* One rule's claim on one number. order is the place of the rule in the document; subcall, if
 * not 0, is the first argument that selects the call. */
struct su_filter_claim {
    uint32_t number, order;
    uint64_t subcall;
    const char *name;
};

struct su_filter_rule {
    const struct oci_seccomp_rule *spec;
    uint32_t action;
    bool any; /* one argument that matches is enough */
};

struct su_filter_profile {
    struct su_arena *scratch; /* for all that lives as long as the profile */
    size_t n_cases;           /* that were made so far */
    struct su_filter_rule *rules;
    size_t n_rules;
    struct su_filter_claim *claims; /* room for those of one ABI */
    uint32_t default_action;
    uint32_t newer_action;               /* for calls newer than all that the profile names */
    const struct su_filter_arch **archs; /* the native one first, no duplicates */
    size_t n_archs;
    unsigned flags;
    bool notify;
};

/* Checks spec and fills profile, with memory from scratch, which must outlive it. */
int su_filter_profile_init(struct su_filter_profile *profile, const struct oci_seccomp *spec,
                           enum su_flavor flavor, struct su_arena *scratch, struct su_error *err);
/* Appends the ranges of one ABI, in rising order from arch->first on. -ENOMEM; -E2BIG: no program
 * could hold the decisions. */
int su_filter_ranges_add(struct su_filter_profile *profile, const struct su_filter_arch *arch,
                         struct su_filter_ranges *out);
/* Appends one range without conditions. -ENOMEM. */
int su_filter_range_push(struct su_arena *scratch, struct su_filter_ranges *out,
                         struct su_filter_range range);

/* A program under construction, the last instruction first: then every target of a jump is known
 * when the jump is made. */
struct su_filter_code {
    struct sock_filter *v; /* room for BPF_MAXINSNS */
    size_t n;
    size_t returns[8], n_returns; /* where the last returns are, to share them */
    bool overflow;
};

/* Where to go: an action to return, or an instruction (its index in code). */
struct su_filter_target {
    bool is_action;
    uint32_t action;
    size_t at;
};

/* Adds the decision about all numbers in ranges, with the number loaded from seccomp_data. */
struct su_filter_target su_filter_tree(struct su_filter_code *code,
                                       const struct su_filter_ranges *ranges);
/* Adds the choice between sections by the audit number; what matches none gets otherwise. */
void su_filter_dispatch(struct su_filter_code *code, const uint32_t *audits,
                        const struct su_filter_target *sections, size_t n, uint32_t otherwise);

#endif
