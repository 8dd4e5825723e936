/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two independent opinions on what a profile decides: libseccomp's program, and the words of the
 * document read call by call, with numbers turned into names (the library goes the other way).
 */
#ifndef SECCOMP_ORACLE_H
#define SECCOMP_ORACLE_H

#include <fcntl.h>
#include <seccomp.h>
#include <sys/mman.h>

#include "seccomp/filter.h"
#include "bpf_interp.h"
#include "seccomp_profiles.h"

static inline uint32_t action_value(int action, const uint32_t *errno_ret)
{
    static const uint32_t values[] = {
        [OCI_ACT_KILL] = 0x00000000,        [OCI_ACT_KILL_PROCESS] = 0x80000000,
        [OCI_ACT_KILL_THREAD] = 0x00000000, [OCI_ACT_TRAP] = 0x00030000,
        [OCI_ACT_ERRNO] = 0x00050000,       [OCI_ACT_TRACE] = 0x7ff00000,
        [OCI_ACT_ALLOW] = 0x7fff0000,       [OCI_ACT_LOG] = 0x7ffc0000,
        [OCI_ACT_NOTIFY] = 0x7fc00000};
    uint32_t data = errno_ret ? *errno_ret : 1;
    return values[action] | (action == OCI_ACT_ERRNO || action == OCI_ACT_TRACE ? data : 0);
}

static inline bool has_index_twice(const struct oci_seccomp_rule *rule)
{
    unsigned seen = 0;
    for (size_t i = 0; i < rule->args.n; i++) {
        if (seen & 1u << rule->args.v[i].index)
            return true;
        seen |= 1u << rule->args.v[i].index;
    }
    return false;
}

static inline void oracle_add_rule(scmp_filter_ctx ctx, const struct oci_seccomp_rule *rule)
{
    static const enum scmp_compare ops[] = {[OCI_CMP_NE] = SCMP_CMP_NE,
                                            [OCI_CMP_LT] = SCMP_CMP_LT,
                                            [OCI_CMP_LE] = SCMP_CMP_LE,
                                            [OCI_CMP_EQ] = SCMP_CMP_EQ,
                                            [OCI_CMP_GE] = SCMP_CMP_GE,
                                            [OCI_CMP_GT] = SCMP_CMP_GT,
                                            [OCI_CMP_MASKED_EQ] = SCMP_CMP_MASKED_EQ};
    struct scmp_arg_cmp args[16];
    uint32_t action = action_value(rule->action, rule->errno_ret);
    bool any = has_index_twice(rule);

    for (size_t i = 0; i < rule->args.n; i++)
        args[i] = (struct scmp_arg_cmp){.arg = rule->args.v[i].index,
                                        .op = ops[rule->args.v[i].op],
                                        .datum_a = rule->args.v[i].value,
                                        .datum_b = rule->args.v[i].value_two};
    for (size_t j = 0; j < rule->names.n; j++) {
        int nr = seccomp_syscall_resolve_name(rule->names.v[j]);
        if (nr == __NR_SCMP_ERROR)
            continue;
        size_t n = any ? rule->args.n : 1;
        for (size_t i = 0; i < n; i++)
            seccomp_rule_add_array(ctx, action, nr, any ? 1 : (unsigned)rule->args.n,
                                   any ? &args[i] : args);
    }
}

static inline void oracle_build(struct su_arena *arena, const struct oci_seccomp *s, int optimize,
                                struct su_seccomp_prog *prog)
{
    uint32_t default_action = action_value(s->default_action, s->default_errno_ret);
    scmp_filter_ctx ctx = seccomp_init(default_action);

    ck_assert_ptr_nonnull(ctx);
    seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, (uint32_t)optimize);
    for (size_t i = 0; i < s->architectures.n; i++) {
        const struct su_filter_arch *arch = su_filter_arch_find(s->architectures.v[i]);
        int r = seccomp_arch_add(ctx, arch->token);
        ck_assert_msg(r == 0 || r == -EEXIST, "%s: %d", arch->name, r);
    }
    for (size_t i = 0; i < s->syscalls.n; i++)
        if (action_value(s->syscalls.v[i].action, s->syscalls.v[i].errno_ret) != default_action)
            oracle_add_rule(ctx, &s->syscalls.v[i]);
    int fd = memfd_create("oracle", MFD_CLOEXEC);
    ck_assert_int_eq(seccomp_export_bpf(ctx, fd), 0);
    seccomp_release(ctx);
    off_t size = lseek(fd, 0, SEEK_CUR);
    prog->n = (size_t)size / sizeof(*prog->code);
    prog->code = pick(arena, prog->n, sizeof(*prog->code));
    ck_assert_int_eq(pread(fd, prog->code, (size_t)size, 0), size);
    close(fd);
}

/*
 * False if libseccomp's section for an ABI looks at the number before loading it. It emits the
 * load in front of the first system call, and then drops that call if it has no direct number on
 * the ABI (accept on i386).
 */
static inline bool oracle_covers(const struct su_seccomp_prog *prog, uint32_t audit)
{
    for (size_t i = 0; i < prog->n; i++) {
        const struct sock_filter *in = &prog->code[i];
        if (in->code != (BPF_JMP | BPF_JEQ | BPF_K) || in->k != audit)
            continue;
        const struct sock_filter *next = in + 1 + in->jt;
        while (next->code == (BPF_JMP | BPF_JA))
            next += 1 + next->k;
        return next->code != (BPF_JMP | BPF_JEQ | BPF_K);
    }
    return false;
}

/* The rules that name one number of one ABI, by its own name or as a call behind a selector. */
struct reading {
    const struct oci_seccomp *spec;
    const struct su_filter_arch *arch;
    uint32_t number;
    char *name;       /* NULL: the ABI has no such call */
    char *muxed[32];  /* names behind the selectors, where the number is socketcall or ipc */
    bool is_delicate; /* see is_delicate() */
    bool has_args;
};

static inline bool rule_names(const struct oci_seccomp_rule *rule, const char *name)
{
    for (size_t i = 0; name && i < rule->names.n; i++)
        if (strcmp(rule->names.v[i], name) == 0)
            return true;
    return false;
}

static inline bool is_order(int op)
{
    return op == OCI_CMP_LT || op == OCI_CMP_LE || op == OCI_CMP_GT || op == OCI_CMP_GE;
}

/*
 * Where libseccomp is no oracle. It merges the rules for one number into one tree, by its own
 * order if their actions differ, and joins nodes of 64-bit comparisons that are not the same:
 * with "a <= 8 or a > 1 << 32" its program also matches 9, and "a != 1, or b == 8 and a != 8"
 * can match a = 1 though b is not 8. And on 32-bit ABIs its LE after an argument that must be
 * equal becomes GT.
 */
static inline bool is_delicate(const struct oci_seccomp *spec, const size_t *rules, size_t n,
                               bool is_32bit)
{
    size_t cases = 0, orders = 0;
    bool differs = false, has_le = false;

    for (size_t i = 0; i < n; i++) {
        const struct oci_seccomp_rule *rule = &spec->syscalls.v[rules[i]];
        const struct oci_seccomp_rule *first = &spec->syscalls.v[rules[0]];
        cases += has_index_twice(rule) ? rule->args.n : 1;
        differs = differs || action_value(rule->action, rule->errno_ret) !=
                                 action_value(first->action, first->errno_ret);
        for (size_t j = 0; j < rule->args.n; j++) {
            bool is_not = rule->args.n > 1 && rule->args.v[j].op == OCI_CMP_NE;
            orders += is_order(rule->args.v[j].op) || is_not;
            has_le = has_le || (rule->args.n > 1 && rule->args.v[j].op == OCI_CMP_LE);
        }
    }
    return differs || (cases > 1 && orders) || (is_32bit && has_le);
}

static inline void reading_init(struct reading *r, const struct oci_seccomp *spec,
                                const struct su_filter_arch *arch, uint32_t number)
{
    size_t rules[64], n = 0;

    *r = (struct reading){.spec = spec, .arch = arch, .number = number};
    r->name = seccomp_syscall_resolve_num_arch(arch->token, (int)number);
    int base = r->name && strcmp(r->name, "socketcall") == 0 ? -100
               : r->name && strcmp(r->name, "ipc") == 0      ? -200
                                                             : 0;
    for (int i = 1; base && i < 32; i++)
        r->muxed[i] = seccomp_syscall_resolve_num_arch(arch->token, base - i);
    for (size_t i = 0; i < spec->syscalls.n; i++) {
        const struct oci_seccomp_rule *rule = &spec->syscalls.v[i];
        bool names = rule_names(rule, r->name);
        for (int j = 1; j < 32; j++)
            if (rule_names(rule, r->muxed[j]))
                names = r->has_args = true;
        if (!names)
            continue;
        ck_assert(n < SU_ARRAY_SIZE(rules));
        rules[n++] = i;
        r->has_args = r->has_args || rule->args.n;
    }
    r->is_delicate = is_delicate(spec, rules, n, !arch->is_64bit);
}

static inline void reading_free(struct reading *r)
{
    free(r->name);
    for (int j = 1; j < 32; j++)
        free(r->muxed[j]);
}

static inline bool arg_matches(const struct oci_seccomp_arg *arg, uint64_t value, bool is_64bit)
{
    uint64_t a = is_64bit ? value : (uint32_t)value;
    uint64_t b = is_64bit ? arg->value : (uint32_t)arg->value;
    uint64_t two = is_64bit ? arg->value_two : (uint32_t)arg->value_two;

    switch (arg->op) {
    case OCI_CMP_NE:
        return a != b;
    case OCI_CMP_LT:
        return a < b;
    case OCI_CMP_LE:
        return a <= b;
    case OCI_CMP_EQ:
        return a == b;
    case OCI_CMP_GE:
        return a >= b;
    case OCI_CMP_GT:
        return a > b;
    default:
        return (a & b) == (two & b);
    }
}

static inline bool args_match(const struct oci_seccomp_rule *rule, const struct reading *r,
                              const __u64 *args, bool is_muxed)
{
    bool any = has_index_twice(rule), all = true, some = false;

    for (size_t i = 0; i < rule->args.n; i++) {
        const struct oci_seccomp_arg *arg = &rule->args.v[i];
        bool ok =
            (is_muxed && arg->index == 0) || arg_matches(arg, args[arg->index], r->arch->is_64bit);
        all = all && ok;
        some = some || ok;
    }
    return any ? some : all;
}

static inline uint32_t reading_decides(const struct reading *r, const __u64 *args)
{
    uint64_t selector = r->arch->is_64bit ? args[0] : (uint32_t)args[0];
    const char *behind = selector < 32 ? r->muxed[selector] : NULL;

    for (size_t i = 0; i < r->spec->syscalls.n; i++) {
        const struct oci_seccomp_rule *rule = &r->spec->syscalls.v[i];
        if ((rule_names(rule, r->name) && args_match(rule, r, args, false)) ||
            (rule_names(rule, behind) && args_match(rule, r, args, true)))
            return action_value(rule->action, rule->errno_ret);
    }
    return action_value(r->spec->default_action, r->spec->default_errno_ret);
}

#endif
