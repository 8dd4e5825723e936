/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plans a mount of type cgroup. On v2 it is the cgroup2 file system seen from the container's
 * cgroup namespace, or without one a bind of the container's own folder: never the host's whole
 * tree. On v1 and hybrid hosts it is a tmpfs with one entry for each hierarchy that the
 * container has a folder in, and the usual symlinks for joint controllers.
 */
#include <sched.h>
#include <sys/mount.h>

#include <base/base.h>

#include "plan_mounts.h"

static bool has_own_cgroupns(const struct sb_plan *plan)
{
    if (plan->new_cgroupns)
        return true;
    for (size_t i = 0; i < plan->n_joins; i++)
        if (plan->joins[i].ns->type == CLONE_NEWCGROUP)
            return true;
    return false;
}

/* A step that inherits place and attributes of the begun one. */
static struct sb_mount_step *next_step(struct sb_plan *plan, const struct sb_mount_step *begun)
{
    struct sb_mount_step *step = &plan->mounts[plan->n_mounts++];

    *step = *begun;
    step->options = NULL;
    step->n_options = 0;
    step->legacy_data = "";
    return step;
}

static int set_data(struct sb_plan *plan, struct sb_mount_step *step, char *const *words, size_t n)
{
    step->opts.data =
        (struct su_strv){.v = su_arena_array(&plan->arena, n + 1, sizeof(char *)), .n = n};
    step->opts.data_index = su_arena_array(&plan->arena, n + 1, sizeof(size_t));
    if (!step->opts.data.v || !step->opts.data_index)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++)
        step->opts.data.v[i] = words[i];
    return sb_plan_fs_options(plan, step);
}

static int plan_v2(struct sb_plan *plan, const struct sb_mount_step *begun, struct su_error *err)
{
    struct sb_mount_step *step = next_step(plan, begun);

    if (has_own_cgroupns(plan)) {
        step->fstype = "cgroup2";
        step->source = "cgroup";
        return sb_plan_fs_options(plan, step) < 0 ? su_fail(err, ENOMEM, "out of memory") : 0;
    }
    step->kind = SB_MOUNT_BIND;
    step->source = plan->cgroup.n_dirs > 0 ? plan->cgroup.dirs[0].path : "/sys/fs/cgroup";
    step->opts.rbind = plan->cgroup.n_dirs == 0;
    step->optional = plan->cgroup.best_effort;
    return 0;
}

/* The names in "cpu,cpuacct" as symlinks to the folder of that name. */
static int plan_names(struct sb_plan *plan, const struct sb_mount_step *begun, const char *base,
                      const char *controllers)
{
    if (!strchr(controllers, ','))
        return 0;
    while (*controllers) {
        size_t len = strcspn(controllers, ",");
        struct sb_mount_step *step = next_step(plan, begun);
        step->target =
            su_arena_printf(&plan->arena, "%s/%.*s", begun->target, (int)len, controllers);
        step->symlink_to = base;
        if (!step->target)
            return -ENOMEM;
        controllers += len + (controllers[len] == ',');
    }
    return 0;
}

static int plan_hierarchy(struct sb_plan *plan, const struct sb_mount_step *begun,
                          const struct sb_cgroup_dir *dir)
{
    const struct sb_cgroup_hierarchy *h = &plan->cgroup_host.v[dir->hierarchy];
    const char *base = strrchr(h->mount, '/') + 1;
    struct sb_mount_step *step = next_step(plan, begun);

    step->target = su_arena_printf(&plan->arena, "%s/%s", begun->target, base);
    if (!step->target)
        return -ENOMEM;
    if (!has_own_cgroupns(plan)) {
        step->kind = SB_MOUNT_BIND;
        step->source = dir->path;
        step->optional = plan->cgroup.best_effort;
        return plan_names(plan, begun, base, h->controllers);
    }
    bool is_v2 = !*h->controllers;
    bool is_named = su_has_prefix(h->controllers, "name=");
    char none[] = "none";
    char *words[] = {is_named ? none : NULL, (char *)(uintptr_t)h->controllers};
    step->fstype = is_v2 ? "cgroup2" : "cgroup";
    step->source = "cgroup";
    step->legacy = strchr(h->controllers, ',') != NULL; /* several flags in one word */
    if (set_data(plan, step, words + (is_named ? 0 : 1), is_v2 ? 0 : is_named ? 2 : 1) < 0)
        return -ENOMEM;
    return plan_names(plan, begun, base, h->controllers);
}

static int plan_v1(struct sb_plan *plan, const struct sb_mount_step *begun, struct su_error *err)
{
    static char mode[] = "mode=755", size[] = "size=1m";
    char *const words[] = {mode, size};
    struct sb_mount_step *tmpfs = next_step(plan, begun);
    int ret = 0;

    tmpfs->fstype = "tmpfs";
    tmpfs->source = "tmpfs";
    sb_plan_readonly_last(tmpfs);
    if (set_data(plan, tmpfs, words, SU_ARRAY_SIZE(words)) < 0)
        return su_fail(err, ENOMEM, "out of memory");
    for (size_t i = 0; i < plan->cgroup.n_dirs && ret == 0; i++)
        ret = plan_hierarchy(plan, begun, &plan->cgroup.dirs[i]);
    return ret < 0 ? su_fail(err, ENOMEM, "out of memory") : 0;
}

int sb_plan_cgroup_mount(struct sb_plan *plan, const struct sb_mount_step *begun,
                         struct su_error *err)
{
    const struct sb_mount_step copy = *begun; /* its place is the first that is filled */

    switch (plan->cgroup_host.mode) {
    case SB_CGROUP_NONE:
        su_warn("%s: left out, this host has no cgroup file system", copy.json_path);
        return 0;
    case SB_CGROUP_V2:
        return plan_v2(plan, &copy, err);
    default:
        return plan_v1(plan, &copy, err);
    }
}
