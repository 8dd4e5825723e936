/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Device rules: the spec's list is checked, cut to what still counts, completed with the default
 * devices, and planned as v1's devices.deny and devices.allow. (The program for cgroup2 is
 * device_prog.c's.)
 */
#include <inttypes.h>

#include <base/base.h>
#include <specutils/log.h>

#include "internal.h"

#define JSON "linux.resources.devices"
/* The kernel walks the rules at each open(2) of a device. */
#define MAX_RULES 4096

/* Always allowed where the rest is denied. All device nodes may be made, as the other runtimes
 * have it: a node is of no use without the right to open it. */
static const struct sb_cg_rule default_devices[] = {
    {.type = 'c', .major = -1, .minor = -1, .access = SB_CG_MKNOD},
    {.type = 'b', .major = -1, .minor = -1, .access = SB_CG_MKNOD},
    {.type = 'c', .major = 1, .minor = 7, .access = SB_CG_ALL},    /* full */
    {.type = 'c', .major = 1, .minor = 8, .access = SB_CG_ALL},    /* random */
    {.type = 'c', .major = 5, .minor = 1, .access = SB_CG_ALL},    /* console */
    {.type = 'c', .major = 5, .minor = 2, .access = SB_CG_ALL},    /* ptmx */
    {.type = 'c', .major = 136, .minor = -1, .access = SB_CG_ALL}, /* pts */
    {.type = 'c', .major = 5, .minor = 0, .access = SB_CG_ALL},    /* tty */
    {.type = 'c', .major = 1, .minor = 5, .access = SB_CG_ALL},    /* zero */
    {.type = 'c', .major = 1, .minor = 9, .access = SB_CG_ALL},    /* urandom */
    {.type = 'c', .major = 1, .minor = 3, .access = SB_CG_ALL},    /* null */
};

static int parse_number(struct sb_cg_builder *b, const int64_t *number, const char *json_path,
                        int64_t *out)
{
    *out = number ? *number : -1;
    if (*out < -1 || *out > UINT32_MAX)
        return su_fail_at(b->err, SU_ERR_SPEC, EINVAL, json_path,
                          "%" PRId64 " is not a device number", *out);
    return 0;
}

static int parse_rule(struct sb_cg_builder *b, const struct oci_device_cgroup *spec, size_t index,
                      struct sb_cg_rule *rule)
{
    static const char letters[] = "rwm";
    const char *path = su_arena_printf(b->arena, JSON "[%zu]", index);

    if (!path)
        return -ENOMEM;
    *rule = (struct sb_cg_rule){
        .allow = spec->allow, .type = spec->type ? (char)spec->type : 'a', .json_path = path};
    if (rule->type != 'a' && rule->type != 'b' && rule->type != 'c')
        return sb_cg_refuse(b, path, "type is not one of \"a\", \"b\", \"c\"");
    int r = parse_number(b, spec->major, path, &rule->major);
    if (r == 0)
        r = parse_number(b, spec->minor, path, &rule->minor);
    if (r < 0)
        return r;
    /* Absent means all, as with the other fields. */
    const char *access = spec->access && *spec->access ? spec->access : letters;
    for (const char *p = access; *p; p++) {
        const char *letter = strchr(letters, *p);
        if (!letter)
            return su_fail_at(b->err, SU_ERR_SPEC, EINVAL, path,
                              "access \"%s\" is not made of \"r\", \"w\" and \"m\"", access);
        rule->access |= 1u << (letter - letters);
    }
    return 0;
}

static bool matches_all(const struct sb_cg_rule *r)
{
    return r->type == 'a' && r->major < 0 && r->minor < 0 && r->access == SB_CG_ALL;
}

static bool same_devices(const struct sb_cg_rule *a, const struct sb_cg_rule *b)
{
    return a->type == b->type && a->major == b->major && a->minor == b->minor;
}

static int append(struct sb_cg_builder *b, struct sb_cg_rules *rules, const struct sb_cg_rule *rule)
{
    rules->v = sb_cg_grow(b->arena, rules->v, rules->n, sizeof(*rules->v));
    if (!rules->v)
        return -ENOMEM;
    rules->v[rules->n++] = *rule;
    return 0;
}

/* True if the list allows all that rule does, and takes nothing of it back. */
static bool is_allowed_already(const struct sb_cg_rules *rules, const struct sb_cg_rule *rule)
{
    for (size_t i = rules->n; i > 0 && rules->v[i - 1].allow; i--)
        if (same_devices(&rules->v[i - 1], rule) && !(rule->access & ~rules->v[i - 1].access))
            return true;
    return false;
}

int sb_cg_device_rules(struct sb_cg_builder *b, struct sb_cg_rules *rules)
{
    const struct oci_resources *res = b->opts->resources;
    size_t n = res ? res->devices.n : 0;
    int r = 0;

    *rules = (struct sb_cg_rules){0};
    if (n > MAX_RULES)
        return su_fail_at(b->err, SU_ERR_SPEC, EINVAL, JSON, "has %zu rules; the limit is %d", n,
                          MAX_RULES);
    for (size_t i = 0; r == 0 && i < n; i++) {
        struct sb_cg_rule rule;
        r = parse_rule(b, &res->devices.v[i], i, &rule);
        if (r < 0)
            return r;
        if (matches_all(&rule)) {
            rules->allow = rule.allow;
            rules->n = 0;
        } else {
            r = append(b, rules, &rule);
        }
    }
    for (size_t i = 0; r == 0 && !rules->allow && i < SU_ARRAY_SIZE(default_devices); i++) {
        struct sb_cg_rule rule = default_devices[i];
        rule.allow = true;
        rule.is_default = true;
        rule.json_path = JSON;
        if (!is_allowed_already(rules, &rule))
            r = append(b, rules, &rule);
    }
    return r;
}

/* True if each device of inner is one of outer. Types are 'b' or 'c'. */
static bool contains(const struct sb_cg_rule *outer, const struct sb_cg_rule *inner)
{
    return outer->type == inner->type && (outer->major < 0 || outer->major == inner->major) &&
           (outer->minor < 0 || outer->minor == inner->minor);
}

static bool overlaps(const struct sb_cg_rule *a, const struct sb_cg_rule *b)
{
    return a->type == b->type && (a->major < 0 || b->major < 0 || a->major == b->major) &&
           (a->minor < 0 || b->minor < 0 || a->minor == b->minor);
}

/*
 * v1 keeps a default and a list of exceptions to it. A rule against the default is an exception
 * more; a rule that agrees with it takes exceptions away, but the kernel can only drop whole ones
 * and says nothing about the others. A hole that we cannot make must be an error: the rule would
 * be silently without effect.
 */
static int apply_v1(struct sb_cg_builder *b, struct sb_cg_rules *exceptions,
                    const struct sb_cg_rule *rule)
{
    for (size_t i = 0; i < exceptions->n; i++) {
        struct sb_cg_rule *e = &exceptions->v[i];
        if (rule->allow == exceptions->allow) {
            if (!(e->access & rule->access) || !overlaps(e, rule))
                continue;
            if (!contains(rule, e))
                return sb_cg_refuse(b, rule->json_path,
                                    "cgroup v1 cannot make an exception to the wildcard of an "
                                    "earlier rule; list the devices one by one");
            e->access &= ~rule->access;
        } else if (same_devices(e, rule)) {
            e->access |= rule->access;
            return 0;
        }
    }
    return rule->allow == exceptions->allow ? 0 : append(b, exceptions, rule);
}

static int add_exception(struct sb_cg_builder *b, const struct sb_cg_rules *exceptions, size_t i)
{
    const struct sb_cg_rule *e = &exceptions->v[i];
    unsigned access = e->access;
    char major[24] = "*", minor[24] = "*";

    if (!access)
        return 0;
    /* v1 wants one exception that covers the whole of an access: "r" in one and "w" in another
     * do not make "rw". */
    for (size_t j = 0; j < exceptions->n; j++)
        if (contains(&exceptions->v[j], e))
            access |= exceptions->v[j].access;
    if (e->major >= 0)
        snprintf(major, sizeof(major), "%" PRId64, e->major);
    if (e->minor >= 0)
        snprintf(minor, sizeof(minor), "%" PRId64, e->minor);
    struct sb_cgroup_write w = {.file = exceptions->allow ? "devices.deny" : "devices.allow",
                                .json_path = e->json_path,
                                .may_be_denied = e->is_default};
    w.value = su_arena_printf(b->arena, "%c %s:%s %s%s%s", e->type, major, minor,
                              access & SB_CG_READ ? "r" : "", access & SB_CG_WRITE ? "w" : "",
                              access & SB_CG_MKNOD ? "m" : "");
    return sb_cg_add(b, "devices", &w);
}

static int add_v1(struct sb_cg_builder *b, const struct sb_cg_rules *rules)
{
    struct sb_cg_rules exceptions = {.allow = rules->allow};
    int r = 0;

    for (size_t i = 0; r == 0 && i < rules->n; i++) {
        struct sb_cg_rule rule = rules->v[i];
        bool both = rule.type == 'a';
        if (both)
            rule.type = 'b';
        r = apply_v1(b, &exceptions, &rule);
        if (r == 0 && both) {
            rule.type = 'c';
            r = apply_v1(b, &exceptions, &rule);
        }
    }
    if (r < 0)
        return r;
    /* Where the parent group is restricted, "all" is refused, and its own rules hold here too. */
    struct sb_cgroup_write reset = {.file = rules->allow ? "devices.allow" : "devices.deny",
                                    .value = "a",
                                    .json_path = JSON,
                                    .may_be_denied = rules->allow};
    r = sb_cg_add(b, "devices", &reset);
    for (size_t i = 0; r == 0 && i < exceptions.n; i++)
        r = add_exception(b, &exceptions, i);
    return r;
}

int sb_cg_add_devices(struct sb_cg_builder *b)
{
    struct sb_cgroup_plan *plan = b->plan;
    struct sb_cg_rules rules;
    size_t dir;

    int r = sb_cg_device_rules(b, &rules);
    if (r < 0)
        return r;
    if (b->opts->rootless) {
        su_debug("device rules are left out: the kernel takes them from root alone");
        return 0;
    }
    if (!sb_cg_is_v2(b)) {
        r = sb_cg_need_dir(b, "devices", &dir);
        if (r == 0)
            return add_v1(b, &rules);
        if (r != -ENOENT)
            return r;
    }
    r = sb_cg_need_dir(b, "", &dir);
    if (r == 0)
        return sb_cg_device_prog(b->arena, &rules, &plan->device_prog, &plan->n_device_prog);
    if (r != -ENOENT)
        return r;
    if (b->opts->resources && b->opts->resources->devices.n > 0 && !(rules.allow && rules.n == 0))
        return sb_cg_refuse(b, JSON,
                            "cannot be enforced: this host has neither the devices controller of "
                            "cgroup v1 nor cgroup v2 (--ignore-cgroups goes on without)");
    return 0;
}
