/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plans the namespaces: which are new, which exist, in what order init and builder get into
 * them, and the id maps of a new user namespace.
 */
#include <sched.h>
#include <sys/stat.h>

#include <base/base.h>

#include "plan.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

/* An entry with a path. The builder steps into most kinds around the clone; a user namespace
 * cannot be left again and a mount namespace takes the file system view along: these are init's. */
static void add_join(struct sb_plan *plan, const struct oci_linux_namespace *ns, size_t index)
{
    const struct sb_join join = {.ns = ns, .index = index, .fd = -1};

    if (ns->type == CLONE_NEWUSER)
        plan->join_user = join;
    else if (ns->type == CLONE_NEWNS)
        plan->join_mount = join;
    else
        plan->joins[plan->n_joins++] = join;
}

static void add_new(struct sb_plan *plan, const struct oci_linux_namespace *ns)
{
    switch (ns->type) {
    case CLONE_NEWCGROUP:
        plan->new_cgroupns = true; /* unshared once init is in its cgroup, which is the root then */
        return;
    case CLONE_NEWTIME:
        plan->new_timens = true; /* unshared by init: offsets are written before anybody is in */
        return;
    case CLONE_NEWUSER:
        plan->new_userns = true;
        break;
    case CLONE_NEWNET:
        plan->new_netns = true;
        break;
    case CLONE_NEWNS:
        plan->new_mountns = true;
        break;
    default:
        break;
    }
    plan->clone_flags |= (uint64_t)(unsigned)ns->type;
}

static int copy_maps(struct su_arena *arena, const struct oci_id_mapping *in, size_t n,
                     struct su_id_map **out, size_t *n_out)
{
    *out = su_arena_array(arena, n, sizeof(**out));
    if (!*out)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++)
        (*out)[i] = (struct su_id_map){in[i].container_id, in[i].host_id, in[i].size};
    *n_out = n;
    return 0;
}

static bool same_maps(const struct su_id_map *a, size_t n, const struct su_id_map *b, size_t m)
{
    return n == m && memcmp(a, b, n * sizeof(*a)) == 0;
}

/*
 * The maps of a new user namespace. An unprivileged caller was run again as root of a namespace
 * that has the very maps of the spec already: then that one is the container's.
 */
static int plan_id_maps(struct sb_plan *plan, const struct oci_linux *lx, struct su_error *err)
{
    struct su_id_map *uid_maps = NULL, *gid_maps = NULL;
    size_t n_uid_maps = 0, n_gid_maps = 0;

    if (copy_maps(&plan->arena, lx->uid_mappings.v, lx->uid_mappings.n, &plan->uid_maps,
                  &plan->n_uid_maps) < 0 ||
        copy_maps(&plan->arena, lx->gid_mappings.v, lx->gid_mappings.n, &plan->gid_maps,
                  &plan->n_gid_maps) < 0)
        return su_fail(err, ENOMEM, "out of memory");
    if (!plan->new_userns) {
        plan->n_uid_maps = plan->n_gid_maps = 0;
        plan->uid_maps = plan->gid_maps = NULL;
    }
    if (plan->initial_userns)
        return 0;
    int ret = su_current_id_maps(&plan->arena, &uid_maps, &n_uid_maps, &gid_maps, &n_gid_maps, err);
    if (ret < 0)
        return ret;
    if (!plan->new_userns || (same_maps(uid_maps, n_uid_maps, plan->uid_maps, plan->n_uid_maps) &&
                              same_maps(gid_maps, n_gid_maps, plan->gid_maps, plan->n_gid_maps))) {
        plan->new_userns = false;
        plan->clone_flags &= ~(uint64_t)CLONE_NEWUSER;
        plan->uid_maps = uid_maps;
        plan->gid_maps = gid_maps;
        plan->n_uid_maps = n_uid_maps;
        plan->n_gid_maps = n_gid_maps;
    }
    return 0;
}

/* A new user namespace without mappings has the caller as its root and nobody else. */
static int map_caller(struct sb_plan *plan, struct su_error *err)
{
    if (!plan->new_userns || plan->n_uid_maps > 0)
        return 0;
    struct su_id_map *maps = su_arena_array(&plan->arena, 2, sizeof(*maps));
    if (!maps)
        return su_fail(err, ENOMEM, "out of memory");
    maps[0] = (struct su_id_map){0, geteuid(), 1};
    maps[1] = (struct su_id_map){0, getegid(), 1};
    plan->uid_maps = &maps[0];
    plan->gid_maps = &maps[1];
    plan->n_uid_maps = plan->n_gid_maps = 1;
    return 0;
}

static int plan_time_offsets(struct sb_plan *plan, const struct oci_linux *lx, struct su_error *err)
{
    _cleanup_(su_strbuf_free) struct su_strbuf text = {0};

    if (!plan->new_timens || lx->time_offsets.n == 0)
        return 0;
    for (size_t i = 0; i < lx->time_offsets.n; i++) {
        const struct oci_time_offset *o = &lx->time_offsets.v[i];
        su_strbuf_printf(&text, "%s %lld %u\n", o->key, (long long)o->secs, o->nanosecs);
    }
    plan->time_offsets = text.failed ? NULL : su_arena_strdup(&plan->arena, text.text);
    return plan->time_offsets ? 0 : su_fail(err, ENOMEM, "out of memory");
}

/* True if the path leads to the namespace that the builder is in itself. */
static bool is_own(const struct oci_linux_namespace *ns)
{
    struct stat given, own;
    char path[sizeof("/proc/self/ns/") + 32];

    snprintf(path, sizeof(path), "/proc/self/ns/%s", su_ns_kind_by_flag(ns->type)->proc_name);
    return stat(ns->path, &given) == 0 && stat(path, &own) == 0 && given.st_dev == own.st_dev &&
           given.st_ino == own.st_ino;
}

/* setgroups stays possible unless the maps are a lone caller's, whom the kernel forbids it. */
static bool setgroups_allowed(const struct sb_plan *plan)
{
    if (!plan->new_userns)
        return true;
    return geteuid() == 0 || plan->n_gid_maps > 1 ||
           (plan->n_gid_maps == 1 && plan->gid_maps[0].size > 1);
}

int sb_plan_namespaces(struct sb_plan *plan, struct su_error *err)
{
    static const struct oci_linux none;
    const struct oci_linux *lx = plan->spec->oci.linux_ ? plan->spec->oci.linux_ : &none;

    plan->joins = su_arena_array(&plan->arena, lx->namespaces.n + 1, sizeof(*plan->joins));
    if (!plan->joins)
        return su_fail(err, ENOMEM, "out of memory");
    for (size_t i = 0; i < lx->namespaces.n; i++) {
        const struct oci_linux_namespace *ns = &lx->namespaces.v[i];
        if (!ns->path || !*ns->path)
            add_new(plan, ns);
        else if (!is_own(ns)) /* joining one's own is what happens anyway, and often forbidden */
            add_join(plan, ns, i);
    }
    int ret = plan_id_maps(plan, lx, err);
    if (ret == 0)
        ret = map_caller(plan, err);
    plan->allow_setgroups = setgroups_allowed(plan);
    return ret < 0 ? ret : plan_time_offsets(plan, lx, err);
}

bool sb_id_is_mapped(const struct su_id_map *maps, size_t n, uint32_t container_id)
{
    for (size_t i = 0; i < n; i++)
        if (container_id >= maps[i].container_id &&
            container_id - maps[i].container_id < maps[i].size)
            return true;
    return n == 0;
}
