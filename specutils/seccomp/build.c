/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The entry of the room: a checked profile becomes one section of code for each audit number,
 * and the sections one program in the caller's arena. Loads nothing.
 */
#include <linux/audit.h>
#include <linux/seccomp.h>

#include "filter.h"

/* What libseccomp answers to calls of ABIs that a profile does not list. */
#define UNLISTED_ABI SECCOMP_RET_KILL_THREAD
#define X32_FIRST 0x40000000u

/* All that one build needs; nothing of it outlives the build. */
struct build {
    struct su_filter_profile profile;
    struct su_arena scratch;
    struct su_filter_code code;
    uint32_t *audits; /* one for each section */
    struct su_filter_target *sections;
    size_t n_sections;
};

static void build_free(struct build *b)
{
    free(b->code.v);
    su_arena_free(&b->scratch);
}

/* The ABI that owns the numbers from first on, of those that share an audit number. */
static const struct su_filter_arch *find_part(const struct su_filter_profile *profile,
                                              uint32_t audit, uint32_t first)
{
    for (size_t i = 0; i < profile->n_archs; i++)
        if (profile->archs[i]->audit == audit && profile->archs[i]->first == first)
            return profile->archs[i];
    return NULL;
}

static int add_part(struct build *b, uint32_t audit, uint32_t first,
                    struct su_filter_ranges *ranges)
{
    const struct su_filter_arch *arch = find_part(&b->profile, audit, first);

    if (arch)
        return su_filter_ranges_add(&b->profile, arch, ranges);
    struct su_filter_range unlisted = {.first = first, .action = UNLISTED_ABI};
    return su_filter_range_push(&b->scratch, ranges, unlisted);
}

static int add_section(struct build *b, uint32_t audit)
{
    struct su_filter_ranges ranges = {0};
    int r = add_part(b, audit, 0, &ranges);

    if (r == 0 && audit == AUDIT_ARCH_X86_64) {
        /* -1 is no call of x32: it is what a tracer leaves behind to skip a call. */
        struct su_filter_range skipped = {.first = UINT32_MAX, .action = b->profile.default_action};
        r = add_part(b, audit, X32_FIRST, &ranges);
        if (r == 0)
            r = su_filter_range_push(&b->scratch, &ranges, skipped);
    }
    if (r == 0) {
        b->audits[b->n_sections] = audit;
        b->sections[b->n_sections++] = su_filter_tree(&b->code, &ranges);
    }
    return r;
}

static bool has_section(const struct build *b, uint32_t audit)
{
    for (size_t i = 0; i < b->n_sections; i++)
        if (b->audits[i] == audit)
            return true;
    return false;
}

static int assemble(struct build *b)
{
    size_t most = b->profile.n_archs;

    b->audits = su_arena_array(&b->scratch, most, sizeof(*b->audits));
    b->sections = su_arena_array(&b->scratch, most, sizeof(*b->sections));
    b->code.v = malloc(BPF_MAXINSNS * sizeof(*b->code.v));
    if (!b->audits || !b->sections || !b->code.v)
        return -ENOMEM;
    for (size_t i = 0; i < most; i++) {
        int r = 0;
        if (!has_section(b, b->profile.archs[i]->audit))
            r = add_section(b, b->profile.archs[i]->audit);
        if (r < 0)
            return r;
    }
    su_filter_dispatch(&b->code, b->audits, b->sections, b->n_sections, UNLISTED_ABI);
    return 0;
}

static int hand_over(const struct build *b, struct su_arena *arena, struct su_seccomp_prog *prog)
{
    struct sock_filter *code = su_arena_array(arena, b->code.n, sizeof(*code));

    if (!code)
        return -ENOMEM;
    for (size_t i = 0; i < b->code.n; i++)
        code[i] = b->code.v[b->code.n - 1 - i];
    *prog = (struct su_seccomp_prog){
        .code = code, .n = b->code.n, .flags = b->profile.flags, .notify = b->profile.notify};
    return 0;
}

int su_seccomp_build(const struct oci_seccomp *seccomp, enum su_flavor flavor,
                     struct su_arena *arena, struct su_seccomp_prog *prog, struct su_error *err)
{
    _cleanup_(build_free) struct build b = {0};
    int r = su_filter_profile_init(&b.profile, seccomp, flavor, &b.scratch, err);

    if (r < 0)
        return r;
    r = assemble(&b);
    if (r == -E2BIG || (r == 0 && b.code.overflow))
        return su_fail_at(err, SU_ERR_SECCOMP, E2BIG, "linux.seccomp",
                          "the filter would need more than the %d instructions that the kernel "
                          "takes; fewer rules with arguments make it shorter",
                          BPF_MAXINSNS);
    if (r == 0)
        r = hand_over(&b, arena, prog);
    return r < 0 ? su_fail(err, ENOMEM, "linux.seccomp: out of memory") : 0;
}
