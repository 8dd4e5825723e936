/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plans the process: its environment, ids, limits, capability masks, security label and system
 * call filter.
 */
#include <fcntl.h>
#include <sys/capability.h>
#include <sys/personality.h>

#include <base/base.h>

#include "plan.h"

static const char default_path[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/* The spec's environment, and what tells the process of the sockets that it was handed. */
static int base_env(struct sb_plan *plan, struct su_strv *env)
{
    const struct su_strv *given = &plan->process.oci->env;
    const unsigned n = plan->opts->listen_fds;

    *env = *given;
    if (n == 0)
        return 0;
    env->v = su_arena_array(&plan->arena, given->n + 2, sizeof(*env->v));
    if (!env->v)
        return -ENOMEM;
    if (given->n > 0)
        memcpy(env->v, given->v, given->n * sizeof(*env->v));
    env->v[env->n++] = su_arena_printf(&plan->arena, "LISTEN_FDS=%u", n);
    env->v[env->n++] = su_arena_strdup(&plan->arena, "LISTEN_PID=1");
    return env->v[given->n] && env->v[given->n + 1] ? 0 : -ENOMEM;
}

static int plan_env(struct sb_plan *plan, struct su_error *err)
{
    struct sb_process *p = &plan->process;
    struct su_strv given, env = {0};
    const struct su_strv *in = &given;

    if (base_env(plan, &given) < 0)
        return su_fail(err, ENOMEM, "out of memory");
    _cleanup_error_ struct su_error malformed = {0};
    /* An entry without "=" is nothing that a program could look up, but engines pass them on. */
    int ret = su_resolve_envs(&plan->arena, in, 1, &env, &malformed);
    if (ret == -ENOMEM)
        return su_fail(err, ENOMEM, "out of memory");
    if (ret < 0) {
        su_debug("process.env passed on as it is: %s", su_error_text(&malformed));
        env = *in;
    }
    p->env = su_arena_array(&plan->arena, env.n + 2, sizeof(*p->env));
    if (!p->env)
        return su_fail(err, ENOMEM, "out of memory");
    if (env.n > 0)
        memcpy(p->env, env.v, env.n * sizeof(*p->env));
    p->n_env = env.n;
    const char *home = su_env_var(&env, "HOME"), *path = su_env_var(&env, "PATH");
    p->needs_home = !home || !*home;
    p->path_list = path ? path : default_path;
    p->argv = p->oci->args.v;
    return 0;
}

/* In a user namespace whose maps an unprivileged user wrote, the kernel refuses setgroups. */
static bool may_set_groups(const struct sb_plan *plan)
{
    _cleanup_free_ char *text = NULL;

    if (plan->new_userns)
        return plan->allow_setgroups;
    if (plan->initial_userns || plan->join_user.ns)
        return true;
    return su_read_file_at(AT_FDCWD, "/proc/self/setgroups", 64, &text, NULL) < 0 ||
           !su_has_prefix(text, "deny");
}

static int plan_user(struct sb_plan *plan, struct su_error *err)
{
    struct sb_process *p = &plan->process;
    const struct oci_user *user = &p->oci->user;
    const char *why = "is not mapped in the container's user namespace, expected one of "
                      "the ids in linux";

    p->groups = user->additional_gids.v;
    p->n_groups = user->additional_gids.n;
    p->set_groups = may_set_groups(plan);
    if (plan->join_user.ns)
        return 0;
    if (!sb_id_is_mapped(plan->uid_maps, plan->n_uid_maps, user->uid))
        return su_fail_at(err, SU_ERR_SPEC, EINVAL, "process.user.uid", "%u %s.uidMappings",
                          user->uid, why);
    if (!sb_id_is_mapped(plan->gid_maps, plan->n_gid_maps, user->gid))
        return su_fail_at(err, SU_ERR_SPEC, EINVAL, "process.user.gid", "%u %s.gidMappings",
                          user->gid, why);
    if (!p->set_groups && p->n_groups > 0)
        su_debug("process.user.additionalGids: left out, setgroups is denied here");
    return 0;
}

/* The capabilities that this process could hand on. Those of a new user namespace are all. */
static uint64_t grantable_caps(const struct sb_plan *plan)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};

    if (plan->new_userns || plan->join_user.ns || capget(&head, data) < 0)
        return UINT64_MAX;
    return (uint64_t)data[1].permitted << 32 | data[0].permitted;
}

/* config.md wants a warning, not a failure, for a capability that can't be granted: one line for
 * all of them. */
static void warn_about_caps(const char *what, uint64_t caps, const char *why)
{
    _cleanup_(su_strbuf_free) struct su_strbuf names = {0};

    if (caps == 0)
        return;
    for (unsigned cap = 0; cap < su_capability_count(); cap++)
        if (caps & (UINT64_C(1) << cap))
            su_strbuf_printf(&names, "%s%s", names.len ? ", " : "", su_capability_name(cap));
    su_warn("process.capabilities: %s %s: %s", what, names.text ? names.text : "some", why);
}

static int plan_caps(struct sb_plan *plan, struct su_error *err)
{
    struct su_task_caps *caps = &plan->process.caps;
    int ret = su_capabilities(SU_CAPS_KEEP_RAW | SU_CAPS_SKIP_UNKNOWN,
                              plan->process.oci->capabilities, caps, err);

    if (ret < 0)
        return ret;
    uint64_t grantable = grantable_caps(plan);
    uint64_t wanted = caps->bounding | caps->permitted | caps->effective | caps->inheritable;
    warn_about_caps("can't grant", wanted & ~grantable, "the runtime itself lacks them");
    caps->bounding &= grantable;
    caps->permitted &= grantable;
    caps->effective &= caps->permitted;
    caps->inheritable &= grantable;
    uint64_t raisable = caps->permitted & caps->inheritable;
    warn_about_caps("can't raise ambient capability", caps->ambient & ~raisable,
                    "ambient ones must be permitted and inheritable as well");
    caps->ambient &= raisable;
    return 0;
}

static int plan_rlimits(struct sb_plan *plan, struct su_error *err)
{
    struct sb_process *p = &plan->process;

    p->rlimits = su_arena_array(&plan->arena, p->oci->rlimits.n, sizeof(*p->rlimits));
    if (!p->rlimits)
        return su_fail(err, ENOMEM, "out of memory");
    for (size_t i = 0; i < p->oci->rlimits.n; i++) {
        const struct oci_rlimit *r = &p->oci->rlimits.v[i];
        p->rlimits[p->n_rlimits++] =
            (struct sb_rlimit){r->type, {.rlim_cur = r->soft, .rlim_max = r->hard}, i};
    }
    return 0;
}

static int plan_lsm(struct sb_plan *plan, struct su_error *err)
{
    struct sb_process *p = &plan->process;
    const char *apparmor = p->oci->apparmor_profile, *selinux = p->oci->selinux_label;

    if (apparmor && *apparmor) {
        _cleanup_free_ char *enabled = NULL;
        p->lsm_json_path = "process.apparmorProfile";
        if (su_read_file_at(AT_FDCWD, "/sys/module/apparmor/parameters/enabled", 16, &enabled,
                            NULL) < 0 ||
            enabled[0] != 'Y')
            return su_fail_at(err, SU_ERR_SPEC, EOPNOTSUPP, p->lsm_json_path,
                              "\"%s\" cannot be applied, AppArmor is not enabled in this kernel",
                              apparmor);
        p->lsm_attr = access("/proc/self/attr/apparmor/exec", F_OK) == 0 ? "apparmor/exec" : "exec";
        p->lsm_label = su_arena_printf(&plan->arena, "exec %s", apparmor);
    } else if (selinux && *selinux) {
        p->lsm_json_path = "process.selinuxLabel";
        if (access("/sys/fs/selinux/enforce", F_OK) < 0)
            return su_fail_at(err, SU_ERR_SPEC, EOPNOTSUPP, p->lsm_json_path,
                              "\"%s\" cannot be applied, SELinux is not enabled in this kernel",
                              selinux);
        p->lsm_attr = "exec";
        p->lsm_label = selinux;
    } else {
        return 0;
    }
    return p->lsm_label ? 0 : su_fail(err, ENOMEM, "out of memory");
}

/* "0-3,7" as bits. The words were checked by the validation. */
static int plan_memory_policy(struct sb_plan *plan, struct su_error *err)
{
    enum { MAX_NODES = 1024, BITS = 8 * sizeof(unsigned long) };
    const struct oci_linux *lx = plan->spec->oci.linux_;
    struct sb_process *p = &plan->process;

    if (!lx || !lx->memory_policy || !lx->memory_policy->nodes)
        return 0;
    p->mempolicy_nodes = su_arena_alloc(&plan->arena, MAX_NODES / 8);
    if (!p->mempolicy_nodes)
        return su_fail(err, ENOMEM, "out of memory");
    p->mempolicy_bits = MAX_NODES;
    for (const char *s = lx->memory_policy->nodes; *s;) {
        char *end;
        unsigned long first = strtoul(s, &end, 10), last = first;
        if (*end == '-')
            last = strtoul(end + 1, &end, 10);
        if (end == s || last >= MAX_NODES || first > last || (*end && *end != ','))
            return su_fail_at(err, SU_ERR_SPEC, EINVAL, "linux.memoryPolicy.nodes",
                              "\"%s\" is not a list of nodes below %d, expected a form like "
                              "\"0-3,7\"",
                              lx->memory_policy->nodes, MAX_NODES);
        for (unsigned long node = first; node <= last; node++)
            p->mempolicy_nodes[node / BITS] |= 1UL << (node % BITS);
        s = end + (*end == ',');
    }
    return 0;
}

static int plan_seccomp(struct sb_plan *plan, struct su_error *err)
{
    const struct oci_linux *lx = plan->spec->oci.linux_;
    struct sb_process *p = &plan->process;

    if (lx && lx->personality) {
        p->personality = (unsigned long)lx->personality->domain;
        p->has_personality = true;
    }
    if (!lx || !lx->seccomp)
        return 0;
    int ret = su_seccomp_build(lx->seccomp, SU_FLAVOR_NATIVE, &plan->arena, &p->seccomp, err);
    if (ret < 0)
        return ret;
    p->has_seccomp = p->seccomp.n > 0;
    return 0;
}

int sb_plan_process(struct sb_plan *plan, struct su_error *err)
{
    static int (*const parts[])(struct sb_plan *, struct su_error *) = {
        plan_env, plan_user, plan_caps, plan_rlimits, plan_lsm, plan_memory_policy, plan_seccomp,
    };
    int ret = 0;

    plan->process.oci = plan->spec->oci.process;
    for (size_t i = 0; i < SU_ARRAY_SIZE(parts) && ret == 0; i++)
        ret = parts[i](plan, err);
    return ret;
}
