/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plans /dev and the kernel parameters: the spec's devices, then the default ones that the spec
 * does not name. Where the kernel forbids mknod (any user namespace but the first) the host's node
 * is bound instead.
 */
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <base/base.h>

#include "plan.h"

/* config-linux.md, "Default Devices". */
static const struct {
    const char *path;
    unsigned major, minor;
} default_devices[] = {
    {"dev/null", 1, 3},   {"dev/zero", 1, 5},    {"dev/full", 1, 7},
    {"dev/random", 1, 8}, {"dev/urandom", 1, 9}, {"dev/tty", 5, 0},
};

enum { DEFAULT_MODE = 0666 };

/* A bind at /dev brings the host's nodes: nothing of ours belongs in there. */
static bool dev_is_bound(const struct sb_plan *plan)
{
    for (size_t i = 0; i < plan->n_mounts; i++) {
        const struct sb_mount_step *m = &plan->mounts[i];
        if (m->kind == SB_MOUNT_BIND && (su_streq(m->target, "dev") || su_streq(m->target, "dev/")))
            return true;
    }
    return false;
}

static mode_t type_bits(int type)
{
    switch (type) {
    case 'b':
        return S_IFBLK;
    case 'p':
        return S_IFIFO;
    default:
        return S_IFCHR; /* 'c' and 'u' */
    }
}

static void add_device(struct sb_plan *plan, const struct oci_linux_device *d, size_t index)
{
    struct sb_device *device = &plan->devices[plan->n_devices++];

    *device = (struct sb_device){
        .path = d->path + strspn(d->path, "/"),
        .host_path = d->path,
        .mode = type_bits(d->type) | (d->file_mode ? *d->file_mode & 07777 : DEFAULT_MODE),
        .uid = d->uid ? *d->uid : 0,
        .gid = d->gid ? *d->gid : 0,
        .index = index,
    };
    if (d->major && d->minor)
        device->dev = makedev((unsigned)*d->major, (unsigned)*d->minor);
}

static bool has_device(const struct sb_plan *plan, const char *path)
{
    for (size_t i = 0; i < plan->n_devices; i++)
        if (su_streq(plan->devices[i].path, path))
            return true;
    return false;
}

static int add_default_device(struct sb_plan *plan, size_t i)
{
    char *host_path = su_arena_printf(&plan->arena, "/%s", default_devices[i].path);

    if (!host_path)
        return -ENOMEM;
    if (has_device(plan, default_devices[i].path))
        return 0;
    plan->devices[plan->n_devices++] = (struct sb_device){
        .path = default_devices[i].path,
        .host_path = host_path,
        .mode = S_IFCHR | DEFAULT_MODE,
        .dev = makedev(default_devices[i].major, default_devices[i].minor),
        .index = SIZE_MAX,
    };
    return 0;
}

/* "net.ipv4.ip_forward" as a path; a name written with slashes is one already (and its dots are
 * those of interface names), as sysctl(8) has it. */
static int plan_sysctls(struct sb_plan *plan, const struct oci_linux *lx)
{
    plan->sysctls = su_arena_array(&plan->arena, lx->sysctl.n, sizeof(*plan->sysctls));
    if (!plan->sysctls)
        return -ENOMEM;
    for (size_t i = 0; i < lx->sysctl.n; i++) {
        char *path = su_arena_strdup(&plan->arena, lx->sysctl.v[i].key);
        if (!path)
            return -ENOMEM;
        if (path[strcspn(path, "./")] == '.')
            for (char *dot = path; (dot = strchr(dot, '.'));)
                *dot = '/';
        plan->sysctls[plan->n_sysctls++] = (struct sb_sysctl){path, lx->sysctl.v[i].value};
    }
    return 0;
}

int sb_plan_devices(struct sb_plan *plan, struct su_error *err)
{
    static const struct oci_linux none;
    const struct oci_linux *lx = plan->spec->oci.linux_ ? plan->spec->oci.linux_ : &none;
    const char *dash;

    if (plan_sysctls(plan, lx) < 0)
        return su_fail(err, ENOMEM, "out of memory");
    plan->setup_dev = !dev_is_bound(plan) && (plan->new_mountns || plan->join_mount.ns);
    if (!plan->setup_dev)
        return 0;
    plan->devices = su_arena_array(&plan->arena, lx->devices.n + SU_ARRAY_SIZE(default_devices),
                                   sizeof(*plan->devices));
    if (!plan->devices)
        return su_fail(err, ENOMEM, "out of memory");
    for (size_t i = 0; i < lx->devices.n; i++)
        add_device(plan, &lx->devices.v[i], i);
    for (size_t i = 0; i < SU_ARRAY_SIZE(default_devices); i++)
        if (add_default_device(plan, i) < 0)
            return su_fail(err, ENOMEM, "out of memory");
    plan->bind_devices = !plan->initial_userns || plan->new_userns || plan->join_user.ns;
    for (size_t i = 0; i < plan->n_devices; i++)
        for (dash = plan->devices[i].path; dash; dash = strchr(dash + 1, '/'))
            plan->n_creatable++;
    return 0;
}
