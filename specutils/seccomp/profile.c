/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks linux.seccomp by the rules of the specification and of a flavor, and turns its words
 * into the kernel's: return values, flags, ABIs. System call names are not looked at here, but
 * for write, which must not wait for a notification.
 */
#include <seccomp.h>
#include <linux/seccomp.h>
#include <specutils/json.h>
#include <specutils/log.h>

#include "filter.h"

enum { LARGEST_ERRNO = 4095, LARGEST_TRACE_DATA = 0xffff };

/* Kernels and headers differ in age; the number is fixed by the kernel's ABI. */
#define FLAG_TSYNC_ESRCH (1u << 4)
#define FLAG_WAIT_KILLABLE_RECV (1u << 5)
#define KNOWN_FLAGS                                                                         \
    (SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_SPEC_ALLOW | \
     FLAG_WAIT_KILLABLE_RECV)

static const struct action {
    const char *name;
    uint32_t value;
    uint32_t largest_data; /* 0: the action has no errno */
    bool runsc;
} actions[] = {
    [OCI_ACT_KILL] = {"SCMP_ACT_KILL", SECCOMP_RET_KILL_THREAD, 0, true},
    [OCI_ACT_KILL_PROCESS] = {"SCMP_ACT_KILL_PROCESS", SECCOMP_RET_KILL_PROCESS, 0, false},
    [OCI_ACT_KILL_THREAD] = {"SCMP_ACT_KILL_THREAD", SECCOMP_RET_KILL_THREAD, 0, false},
    [OCI_ACT_TRAP] = {"SCMP_ACT_TRAP", SECCOMP_RET_TRAP, 0, true},
    [OCI_ACT_ERRNO] = {"SCMP_ACT_ERRNO", SECCOMP_RET_ERRNO, LARGEST_ERRNO, true},
    [OCI_ACT_TRACE] = {"SCMP_ACT_TRACE", SECCOMP_RET_TRACE, LARGEST_TRACE_DATA, true},
    [OCI_ACT_ALLOW] = {"SCMP_ACT_ALLOW", SECCOMP_RET_ALLOW, 0, true},
    [OCI_ACT_LOG] = {"SCMP_ACT_LOG", SECCOMP_RET_LOG, 0, false},
    [OCI_ACT_NOTIFY] = {"SCMP_ACT_NOTIFY", SECCOMP_RET_USER_NOTIF, 0, false},
};

static int SU_PRINTF(3, 4) fail_at(struct su_error *err, const char *path, const char *fmt, ...)
{
    _cleanup_free_ char *text = NULL;
    va_list args;

    va_start(args, fmt);
    if (vasprintf(&text, fmt, args) < 0)
        text = NULL;
    va_end(args);
    return su_fail_at(err, SU_ERR_SECCOMP, EINVAL, path, "%s", text ? text : "is not valid");
}

/* linux.seccomp.syscalls[i]<rest>, for messages only. */
static int SU_PRINTF(4, 5)
    fail_rule(struct su_error *err, size_t i, const char *rest, const char *fmt, ...)
{
    _cleanup_free_ char *path = NULL;
    _cleanup_free_ char *text = NULL;
    va_list args;

    va_start(args, fmt);
    if (vasprintf(&text, fmt, args) < 0)
        text = NULL;
    va_end(args);
    if (asprintf(&path, "linux.seccomp.syscalls[%zu]%s", i, rest) < 0)
        path = NULL;
    return su_fail_at(err, SU_ERR_SECCOMP, EINVAL, path ? path : "linux.seccomp.syscalls", "%s",
                      text ? text : "is not valid");
}

static const struct action *find_action(int action, enum su_flavor flavor)
{
    if (action <= 0 || (size_t)action >= SU_ARRAY_SIZE(actions))
        return NULL;
    return flavor == SU_FLAVOR_NATIVE || actions[action].runsc ? &actions[action] : NULL;
}

/* The return value of an action, or an explanation why there is none. */
static const char *action_value(const struct action *action, const uint32_t *errno_ret,
                                enum su_flavor flavor, uint32_t *value)
{
    *value = action->value;
    if (action->largest_data)
        *value |= errno_ret && flavor == SU_FLAVOR_NATIVE ? *errno_ret : EPERM;
    if (!errno_ret || flavor != SU_FLAVOR_NATIVE)
        return NULL;
    if (!action->largest_data)
        return "has no errno to return; only SCMP_ACT_ERRNO and SCMP_ACT_TRACE take one";
    return *errno_ret > action->largest_data ? "cannot return a number so large" : NULL;
}

static int check_default(struct su_filter_profile *profile, const struct oci_seccomp *spec,
                         enum su_flavor flavor, struct su_error *err)
{
    const char *path = "linux.seccomp.defaultAction";
    const struct action *action = find_action(spec->default_action, flavor);

    if (!spec->default_action)
        return fail_at(err, path, "is required");
    if (!action)
        return fail_at(err, path, "this action is not supported");
    if (spec->default_action == OCI_ACT_NOTIFY)
        return fail_at(err, path,
                       "SCMP_ACT_NOTIFY cannot be the default: the process that is to answer "
                       "would never get the listener");
    const char *why =
        action_value(action, spec->default_errno_ret, flavor, &profile->default_action);
    if (why)
        return fail_at(err, "linux.seccomp.defaultErrnoRet", "%u: %s %s", *spec->default_errno_ret,
                       action->name, why);
    profile->newer_action = profile->default_action;
    if (flavor == SU_FLAVOR_NATIVE && profile->default_action == (SECCOMP_RET_ERRNO | EPERM))
        profile->newer_action = SECCOMP_RET_ERRNO | ENOSYS;
    return 0;
}

static bool has_arch(const struct su_filter_profile *profile, const struct su_filter_arch *arch)
{
    for (size_t i = 0; i < profile->n_archs; i++)
        if (profile->archs[i] == arch)
            return true;
    return false;
}

static int fail_arch(const char *name, size_t i, struct su_error *err)
{
    const char *const *known = su_seccomp_known_archs();
    size_t n = 0;

    while (known[n])
        n++;
    const char *nearest = su_nearest_word(name, known, n);
    _cleanup_free_ char *path = NULL;
    if (asprintf(&path, "linux.seccomp.architectures[%zu]", i) < 0)
        path = NULL;
    return fail_at(err, path, "\"%s\" is not an architecture%s%s%s", name,
                   nearest ? " (did you mean \"" : "", nearest ? nearest : "",
                   nearest ? "\"?)" : ", expected SCMP_ARCH_X86_64 or the like");
}

static int check_archs(struct su_filter_profile *profile, const struct oci_seccomp *spec,
                       enum su_flavor flavor, struct su_error *err)
{
    const struct su_filter_arch *native = su_filter_arch_native();
    size_t n = flavor == SU_FLAVOR_NATIVE ? spec->architectures.n : 0;

    if (!native)
        return su_fail(err, ENOTSUP, "linux.seccomp: no filter can be made for this architecture");
    profile->archs = su_arena_array(profile->scratch, n + 1, sizeof(*profile->archs));
    if (!profile->archs)
        return su_fail(err, ENOMEM, "linux.seccomp: out of memory");
    profile->archs[profile->n_archs++] = native;
    for (size_t i = 0; i < n; i++) {
        const char *name = spec->architectures.v[i];
        const struct su_filter_arch *arch = su_filter_arch_find(name);
        if (!arch && !su_filter_arch_is_foreign(name))
            return fail_arch(name, i, err);
        if (!arch)
            su_debug("linux.seccomp.architectures[%zu]: %s cannot run here, ignored", i, name);
        else if (!has_arch(profile, arch))
            profile->archs[profile->n_archs++] = arch;
    }
    return 0;
}

static int check_args(const struct oci_seccomp_rule *rule, size_t i, bool *any,
                      struct su_error *err)
{
    unsigned seen = 0;

    *any = false;
    for (size_t j = 0; j < rule->args.n; j++) {
        const struct oci_seccomp_arg *arg = &rule->args.v[j];
        char rest[64];
        if (arg->index > 5) {
            snprintf(rest, sizeof(rest), ".args[%zu].index", j);
            return fail_rule(err, i, rest,
                             "%u is not an argument of a system call, expected 0 to 5", arg->index);
        }
        if (arg->op < OCI_CMP_NE || arg->op > OCI_CMP_MASKED_EQ) {
            snprintf(rest, sizeof(rest), ".args[%zu].op", j);
            return fail_rule(err, i, rest, "%s", arg->op ? "is not an operator" : "is required");
        }
        *any = *any || (seen & 1u << arg->index);
        seen |= 1u << arg->index;
    }
    return 0;
}

/* The runtime writes to the agent's socket, and the container to its streams, before the agent
 * could answer for the first write: that would be a deadlock. */
static int check_notify(const struct oci_seccomp *spec, size_t i, struct su_error *err)
{
    const struct su_strv *names = &spec->syscalls.v[i].names;

    if (!spec->listener_path || !*spec->listener_path)
        return fail_rule(err, i, ".action",
                         "SCMP_ACT_NOTIFY needs linux.seccomp.listenerPath, the socket of the "
                         "agent that answers");
    for (size_t j = 0; j < names->n; j++)
        if (su_streq(names->v[j], "write"))
            return fail_rule(err, i, ".action",
                             "SCMP_ACT_NOTIFY cannot be used for the write syscall");
    return 0;
}

static int check_rule(struct su_filter_profile *profile, const struct oci_seccomp *spec, size_t i,
                      enum su_flavor flavor, struct su_error *err)
{
    const struct oci_seccomp_rule *rule = &spec->syscalls.v[i];
    const struct action *action = find_action(rule->action, flavor);
    struct su_filter_rule *out = &profile->rules[i];

    if (!action)
        return fail_rule(err, i, ".action", "%s",
                         rule->action ? "this action is not supported" : "is required");
    const char *why = action_value(action, rule->errno_ret, flavor, &out->action);
    if (why)
        return fail_rule(err, i, ".errnoRet", "%u: %s %s", *rule->errno_ret, action->name, why);
    out->spec = rule;
    int r = check_args(rule, i, &out->any, err);
    if (r < 0 || rule->action != OCI_ACT_NOTIFY)
        return r;
    profile->notify = true;
    return check_notify(spec, i, err);
}

static int check_flags(struct su_filter_profile *profile, const struct oci_seccomp *spec,
                       struct su_error *err)
{
    for (size_t i = 0; i < spec->flags.n; i++) {
        unsigned flag = (unsigned)spec->flags.v[i];
        if (!flag || flag & ~(unsigned)KNOWN_FLAGS) {
            char path[64];
            snprintf(path, sizeof(path), "linux.seccomp.flags[%zu]", i);
            return fail_at(err, path, "%#x is not a flag of seccomp(2) that a profile may set",
                           flag);
        }
        profile->flags |= flag;
    }
    /* The kernel refuses a listener with TSYNC unless failures are reported as ESRCH, and the
     * killable wait without a listener. */
    if (profile->notify && profile->flags & SECCOMP_FILTER_FLAG_TSYNC)
        profile->flags |= FLAG_TSYNC_ESRCH;
    if (!profile->notify)
        profile->flags &= ~FLAG_WAIT_KILLABLE_RECV;
    return 0;
}

/* Each name can claim two numbers: its own, and that of the call that multiplexes it. */
static int make_room(struct su_filter_profile *profile, const struct oci_seccomp *spec,
                     struct su_error *err)
{
    size_t most = 0;

    for (size_t i = 0; i < spec->syscalls.n; i++)
        most += 2 * spec->syscalls.v[i].names.n;
    profile->rules = su_arena_array(profile->scratch, spec->syscalls.n, sizeof(*profile->rules));
    profile->claims = su_arena_array(profile->scratch, most, sizeof(*profile->claims));
    if (!profile->rules || !profile->claims)
        return su_fail(err, ENOMEM, "linux.seccomp: out of memory");
    return 0;
}

int su_filter_profile_init(struct su_filter_profile *profile, const struct oci_seccomp *spec,
                           enum su_flavor flavor, struct su_arena *scratch, struct su_error *err)
{
    *profile = (struct su_filter_profile){.scratch = scratch, .n_rules = spec->syscalls.n};
    int r = check_default(profile, spec, flavor, err);
    if (r == 0)
        r = check_archs(profile, spec, flavor, err);
    if (r == 0)
        r = make_room(profile, spec, err);
    for (size_t i = 0; i < profile->n_rules && r == 0; i++)
        r = check_rule(profile, spec, i, flavor, err);
    if (r < 0 || flavor != SU_FLAVOR_NATIVE)
        return r;
    if (spec->listener_metadata && !spec->listener_path)
        return fail_at(err, "linux.seccomp.listenerMetadata",
                       "must not be set without linux.seccomp.listenerPath");
    return check_flags(profile, spec, err);
}
