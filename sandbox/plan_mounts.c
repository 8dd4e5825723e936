/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plans the mounts: each entry of the spec becomes one step with its options sorted out; a mount
 * of type cgroup becomes what this host needs for it (plan_cgroup_mounts.c). No path is looked
 * up here.
 */
#include <sys/mount.h>

#include <base/base.h>

#include "plan.h"
#include "plan_mounts.h"

/* Files below /proc that engines cover with binds of their own (lxcfs and the like). Everything
 * else in procfs must stay what the kernel says. */
static const char *const coverable_proc_files[] = {
    "proc/cpuinfo",
    "proc/diskstats",
    "proc/meminfo",
    "proc/stat",
    "proc/swaps",
    "proc/uptime",
    "proc/loadavg",
    "proc/slabinfo",
    "proc/sys/kernel/ns_last_pid",
    "proc/net/dev",
    "proc/sys/crypto/fips_enabled",
};

enum { FSCONFIG_VALUE_MAX = 255 }; /* longer values are refused by fsconfig(2) */

static bool may_cover_proc(const char *target)
{
    for (size_t i = 0; i < SU_ARRAY_SIZE(coverable_proc_files); i++)
        if (su_streq(target, coverable_proc_files[i]))
            return true;
    return false;
}

/* An ownership option whose id does not exist in the container's user namespace would be refused
 * by the kernel; an unprivileged user's devpts with gid=5 is the usual case. */
static bool is_unmapped_id(const struct sb_plan *plan, const char *key, const char *value)
{
    bool is_uid = su_streq(key, "uid");
    char *end;

    if (!value || (!is_uid && !su_streq(key, "gid")) || plan->join_user.ns)
        return false;
    unsigned long id = strtoul(value, &end, 10);
    if (*end || end == value || id > UINT32_MAX)
        return false;
    return is_uid ? !sb_id_is_mapped(plan->uid_maps, plan->n_uid_maps, (uint32_t)id)
                  : !sb_id_is_mapped(plan->gid_maps, plan->n_gid_maps, (uint32_t)id);
}

static int add_option(struct sb_plan *plan, struct sb_mount_step *step, char *word, size_t index)
{
    struct sb_fs_option *option = &step->options[step->n_options];
    char *copy = su_arena_strdup(&plan->arena, word);

    if (!copy)
        return -ENOMEM;
    char *equals = strchr(copy, '=');
    if (equals)
        *equals = '\0';
    *option = (struct sb_fs_option){copy, equals ? equals + 1 : NULL, index};
    if (is_unmapped_id(plan, option->key, option->value)) {
        su_debug("mounts[%zu].options[%zu]: \"%s\" left out, the id is not mapped", step->index,
                 index, word);
        return 0;
    }
    step->n_options++;
    return 0;
}

/* The same options as one string, for mount(2). */
static int join_options(struct sb_plan *plan, struct sb_mount_step *step)
{
    _cleanup_(su_strbuf_free) struct su_strbuf data = {0};

    for (size_t i = 0; i < step->n_options; i++) {
        const struct sb_fs_option *o = &step->options[i];
        su_strbuf_printf(&data, "%s%s%s%s", i ? "," : "", o->key, o->value ? "=" : "",
                         o->value ? o->value : "");
    }
    step->legacy_data = su_arena_strdup(&plan->arena, data.text ? data.text : "");
    return data.failed || !step->legacy_data ? -ENOMEM : 0;
}

/* SELinux's context for a file system of the container's own. */
static int add_label(struct sb_plan *plan, struct sb_mount_step *step)
{
    const struct oci_linux *lx = plan->spec->oci.linux_;
    static const char *const labelled[] = {"tmpfs", "devpts", "overlay", "ramfs"};

    if (!lx || !lx->mount_label || !*lx->mount_label || access("/sys/fs/selinux", F_OK) < 0)
        return 0;
    for (size_t i = 0; i < SU_ARRAY_SIZE(labelled); i++) {
        if (!su_streq(step->fstype, labelled[i]))
            continue;
        step->options[step->n_options++] =
            (struct sb_fs_option){"context", lx->mount_label, step->opts.data.n};
    }
    return 0;
}

int sb_plan_fs_options(struct sb_plan *plan, struct sb_mount_step *step)
{
    step->options = su_arena_array(&plan->arena, step->opts.data.n + 1, sizeof(*step->options));
    if (!step->options)
        return -ENOMEM;
    for (size_t i = 0; i < step->opts.data.n; i++)
        if (add_option(plan, step, step->opts.data.v[i], step->opts.data_index[i]) < 0)
            return -ENOMEM;
    /* fsconfig(2) knows no word for it. */
    if (step->opts.sb_flags & MS_I_VERSION)
        step->legacy = true;
    if (add_label(plan, step) < 0 || join_options(plan, step) < 0)
        return -ENOMEM;
    for (size_t i = 0; i < step->n_options; i++)
        if (step->options[i].value && strlen(step->options[i].value) > FSCONFIG_VALUE_MAX)
            step->legacy = true;
    return 0;
}

/* Whose ids an idmapped mount is seen with: its own maps, or the container's. */
static int plan_idmap(struct sb_plan *plan, const struct oci_mount *m, struct sb_mount_step *step,
                      struct su_error *err)
{
    const struct oci_linux *lx = plan->spec->oci.linux_;

    if (m->uid_mappings.n > 0) {
        step->uid_maps = m->uid_mappings.v;
        step->n_uid_maps = m->uid_mappings.n;
        step->gid_maps = m->gid_mappings.v;
        step->n_gid_maps = m->gid_mappings.n;
    } else if (step->opts.idmap || step->opts.ridmap) {
        if (!lx || lx->uid_mappings.n == 0 || lx->gid_mappings.n == 0)
            return su_fail_at(err, SU_ERR_SPEC, EINVAL, step->json_path,
                              "idmap is asked for, but neither the mount nor the container has id "
                              "mappings, expected uidMappings and gidMappings");
        step->uid_maps = lx->uid_mappings.v;
        step->n_uid_maps = lx->uid_mappings.n;
        step->gid_maps = lx->gid_mappings.v;
        step->n_gid_maps = lx->gid_mappings.n;
    }
    if (step->n_uid_maps > 0 && step->kind != SB_MOUNT_BIND)
        return su_fail_at(err, SU_ERR_SPEC, EINVAL, step->json_path,
                          "id mappings are given, expected them on a bind mount only");
    return 0;
}

static enum sb_mount_kind kind_of(const struct sb_mount_step *step, bool is_bind)
{
    if (step->opts.remount)
        return SB_MOUNT_REMOUNT;
    return is_bind ? SB_MOUNT_BIND : SB_MOUNT_FS;
}

/* One entry of the spec, with everything but its kind's own rules. */
static int begin_step(struct sb_plan *plan, size_t index, struct sb_mount_step *step,
                      struct su_error *err)
{
    const struct oci_mount *m = &plan->spec->oci.mounts.v[index];
    bool is_bind = su_is_bind_mount(m);
    const char *target = m->destination;

    *step = (struct sb_mount_step){.index = index, .src_fd = -1};
    step->json_path = su_arena_printf(&plan->arena, "mounts[%zu]", index);
    if (!step->json_path)
        return su_fail(err, ENOMEM, "out of memory");
    int ret = su_parse_mount_options(&plan->arena, &m->options, is_bind, step->json_path,
                                     &step->opts, err);
    if (ret < 0)
        return ret;
    /* Cleaned lexically, so that a missing "a" in "a/../b" is never made. */
    step->target = su_clean_path(&plan->arena, "/", target + strspn(target, "/"));
    if (!step->target)
        return su_fail(err, ENOMEM, "out of memory");
    step->target += strspn(step->target, "/");
    if (!*step->target)
        return su_fail_at(err, SU_ERR_SPEC, EINVAL, step->json_path,
                          "destination \"%s\" is the root itself, expected a path below it",
                          target);
    step->kind = kind_of(step, is_bind);
    step->fstype = m->type && *m->type ? m->type : "none";
    step->source = m->source && *m->source ? m->source : step->fstype;
    step->may_cover_proc = may_cover_proc(step->target);
    if (step->kind == SB_MOUNT_BIND && !(m->source && *m->source))
        return su_fail_at(err, SU_ERR_SPEC, EINVAL, step->json_path,
                          "bind mount without a source, expected the path to bind");
    return plan_idmap(plan, m, step, err);
}

static bool has_option(const struct sb_mount_step *step, const char *key)
{
    for (size_t i = 0; i < step->n_options; i++)
        if (su_streq(step->options[i].key, key))
            return true;
    return false;
}

void sb_plan_readonly_last(struct sb_mount_step *step)
{
    const uint64_t readonly = MOUNT_ATTR_RDONLY;

    step->readonly_last = ((step->opts.attr_set | step->opts.rec_set) & readonly) != 0;
    step->opts.attr_set &= ~readonly;
    step->opts.rec_set &= ~readonly;
}

static int plan_mount(struct sb_plan *plan, size_t index, struct su_error *err)
{
    struct sb_mount_step *step = &plan->mounts[plan->n_mounts];
    int ret = begin_step(plan, index, step, err);

    if (ret < 0)
        return ret;
    if (step->kind == SB_MOUNT_FS && su_streq(step->fstype, "none"))
        return su_fail_at(err, SU_ERR_SPEC, EINVAL, step->json_path,
                          "type is missing, expected a file system type, or the option \"bind\"");
    if (step->kind == SB_MOUNT_FS &&
        (su_streq(step->fstype, "cgroup") || su_streq(step->fstype, "cgroup2")))
        return sb_plan_cgroup_mount(plan, step, err);
    if (step->kind == SB_MOUNT_FS) {
        step->ordinary_target = su_streq(step->fstype, "proc") || su_streq(step->fstype, "sysfs");
        step->bind_fallback = su_streq(step->fstype, "sysfs") || su_streq(step->fstype, "mqueue");
        if (sb_plan_fs_options(plan, step) < 0)
            return su_fail(err, ENOMEM, "out of memory");
        step->tmpfs_mode = su_streq(step->fstype, "tmpfs") && !has_option(step, "mode");
        if (su_streq(step->fstype, "tmpfs"))
            sb_plan_readonly_last(step);
    }
    plan->n_mounts++;
    return 0;
}

static size_t count_components(const char *path)
{
    size_t n = 1;

    for (; *path; path++)
        n += *path == '/';
    return n;
}

/* Without a mount namespace of its own, a container's mounts would be the host's. */
static int check_mount_namespace(const struct sb_plan *plan, struct su_error *err)
{
    const struct oci_spec *oci = &plan->spec->oci;
    const struct oci_linux *lx = oci->linux_;
    const char *what = NULL;

    if (plan->new_mountns || plan->join_mount.ns)
        return 0;
    if (oci->mounts.n > 0)
        what = "mounts";
    else if (lx && lx->masked_paths.n > 0)
        what = "linux.maskedPaths";
    else if (lx && lx->readonly_paths.n > 0)
        what = "linux.readonlyPaths";
    else if (oci->root->readonly)
        what = "root.readonly";
    if (!what)
        return 0;
    return su_fail_at(err, SU_ERR_SPEC, EINVAL, "linux.namespaces",
                      "no mount namespace, but %s would then change the host's mounts, expected "
                      "{\"type\": \"mount\"}",
                      what);
}

/* How many steps the entries can become: a cgroup mount on v1 is one for each hierarchy, with
 * symlinks for the joint ones. */
static size_t count_steps(const struct sb_plan *plan)
{
    const struct oci_spec *oci = &plan->spec->oci;
    size_t n = oci->mounts.n + 1;

    for (size_t i = 0; i < oci->mounts.n; i++) {
        const char *type = oci->mounts.v[i].type;
        if (type && su_has_prefix(type, "cgroup"))
            n += SB_CGROUP_STEPS_MAX(plan->cgroup_host.n);
    }
    return n;
}

int sb_plan_mounts(struct sb_plan *plan, struct su_error *err)
{
    const struct oci_spec *oci = &plan->spec->oci;
    int ret = check_mount_namespace(plan, err);

    if (ret < 0)
        return ret;
    plan->mounts = su_arena_array(&plan->arena, count_steps(plan), sizeof(*plan->mounts));
    if (!plan->mounts)
        return su_fail(err, ENOMEM, "out of memory");
    for (size_t i = 0; i < oci->mounts.n; i++) {
        ret = plan_mount(plan, i, err);
        if (ret < 0)
            return ret;
    }
    for (size_t i = 0; i < plan->n_mounts; i++)
        plan->n_creatable += count_components(plan->mounts[i].target);
    return 0;
}
