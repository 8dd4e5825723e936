/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes the plan from a valid spec: looks at the host, then lets each part be planned by its own
 * file. Nothing here changes the host.
 */
#include "plan.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <base/base.h>

#include "hook_state.h"
#include "listener.h"

static const struct su_enum propagations[] = {
    {"private", MS_PRIVATE},
    {"rprivate", MS_PRIVATE | MS_REC},
    {"slave", MS_SLAVE},
    {"rslave", MS_SLAVE | MS_REC},
    {"shared", MS_SHARED},
    {"rshared", MS_SHARED | MS_REC},
    {"unbindable", MS_UNBINDABLE},
    {"runbindable", MS_UNBINDABLE | MS_REC},
    {NULL, 0},
};

/* What would be silently ignored otherwise: better no container than half of one. */
static int refuse_unsupported(struct sb_plan *plan, struct su_error *err)
{
    const struct oci_linux *lx = plan->spec->oci.linux_;
    const char *path = NULL;

    if (lx && lx->net_devices.n > 0)
        path = "linux.netDevices";
    else if (lx && lx->intel_rdt)
        path = "linux.intelRdt";
    if (!path)
        return 0;
    return su_fail_at(err, SU_ERR_SPEC, EOPNOTSUPP, path,
                      "present, but this runtime does not implement it, expected it to be absent");
}

static int look_at_host(struct sb_plan *plan, struct su_error *err)
{
    struct stat st;

    plan->initial_userns = su_in_initial_user_ns();
    if (stat(SU_EXE_PATH, &st) < 0)
        return su_fail(err, errno, "cannot look at the runtime's own binary: %s", strerror(errno));
    plan->self_dev = st.st_dev;
    plan->self_ino = st.st_ino;
    return sb_cgroup_probe(&plan->arena, &plan->cgroup_host, err);
}

static int plan_rootfs(struct sb_plan *plan, struct su_error *err)
{
    const struct oci_spec *oci = &plan->spec->oci;
    const char *propagation = oci->linux_ ? oci->linux_->rootfs_propagation : NULL;
    struct stat st;

    plan->rootfs = oci->root->path;
    plan->rootfs_readonly = oci->root->readonly;
    if (stat(plan->rootfs, &st) < 0)
        return su_fail_at(err, SU_ERR_SPEC, errno, "root.path", "\"%s\": %s, expected a directory",
                          plan->rootfs, strerror(errno));
    if (!S_ISDIR(st.st_mode))
        return su_fail_at(err, SU_ERR_SPEC, ENOTDIR, "root.path",
                          "\"%s\" is not a directory, expected one", plan->rootfs);
    int flag = 0;
    if (propagation && *propagation)
        su_enum_value(propagations, propagation, &flag);
    plan->rootfs_propagation = (uint32_t)flag;
    return 0;
}

static int plan_cgroup(struct sb_plan *plan, struct su_error *err)
{
    const struct oci_linux *lx = plan->spec->oci.linux_;
    const struct sb_cgroup_opts opts = {
        .id = plan->opts->id,
        .cgroups_path = lx ? lx->cgroups_path : NULL,
        .resources = lx ? lx->resources : NULL,
        .rootless = !plan->initial_userns,
        .ignore = plan->opts->ignore_cgroups,
    };

    if (plan->opts->systemd_cgroup)
        return su_fail(err, EOPNOTSUPP,
                       "--systemd-cgroup: the systemd cgroup driver is not built in, leave the "
                       "flag out to use cgroupfs");
    return sb_cgroup_plan(&plan->arena, &plan->cgroup_host, &opts, &plan->cgroup, err);
}

static int plan_hook_state(struct sb_plan *plan, struct su_error *err)
{
    const struct oci_spec *oci = &plan->spec->oci;
    struct sb_state state = {
        .id = (char *)(uintptr_t)plan->opts->id,
        .oci_version = oci->oci_version,
        .bundle = (char *)(uintptr_t)plan->opts->bundle,
    };

    int ret = sb_check_listener(oci, err);
    if (ret < 0 || (!oci->hooks && !plan->process.seccomp.notify))
        return ret;
    plan->wait_for_hooks =
        oci->hooks && (oci->hooks->prestart.n > 0 || oci->hooks->create_runtime.n > 0);
    state.annotations.v = oci->annotations.v;
    state.annotations.n = oci->annotations.n;
    return sb_hook_state_text(&plan->arena, &state, &plan->state_head, &plan->state_tail, err);
}

int sb_plan_make(const struct sb_create_opts *opts, const struct su_spec *spec,
                 struct sb_plan *plan, struct su_error *err)
{
    static int (*const parts[])(struct sb_plan *, struct su_error *) = {
        refuse_unsupported, look_at_host,    sb_plan_namespaces, plan_rootfs,     plan_cgroup,
        sb_plan_mounts,     sb_plan_devices, sb_plan_process,    plan_hook_state,
    };
    int ret = 0;

    *plan = (struct sb_plan){.opts = opts, .spec = spec};
    for (size_t i = 0; i < SU_ARRAY_SIZE(parts) && ret == 0; i++)
        ret = parts[i](plan, err);
    if (ret < 0)
        sb_plan_free(plan);
    return ret;
}

void sb_plan_free(struct sb_plan *plan)
{
    su_arena_free(&plan->arena);
    *plan = (struct sb_plan){0};
}
