/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loads the device filter and attaches it to a cgroup2 folder by bpf(2) itself: three calls do
 * not need a library.
 */
#include <linux/bpf.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <base/base.h>
#include <specutils/log.h>

#include "internal.h"

#define MAX_OLD_PROGRAMS 64

static int bpf(int command, union bpf_attr *attr)
{
    long r = syscall(SYS_bpf, command, attr, sizeof(*attr));
    return r < 0 ? -errno : (int)r;
}

/* Kernels before 5.11 count programs as locked memory, of which the default is little. */
static bool raise_memlock(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_MEMLOCK, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY)
        return false;
    limit = (struct rlimit){RLIM_INFINITY, RLIM_INFINITY};
    return setrlimit(RLIMIT_MEMLOCK, &limit) == 0;
}

static int load(const struct sb_cgroup_plan *plan)
{
    union bpf_attr attr = {
        .prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
        .insn_cnt = (uint32_t)plan->n_device_prog,
        .insns = (uintptr_t)plan->device_prog,
        .license = (uintptr_t) "Apache-2.0",
        .prog_name = "device_filter",
    };
    return bpf(BPF_PROG_LOAD, &attr);
}

/* The limit is put back: the container inherits it. */
static int load_with_memory(const struct sb_cgroup_plan *plan)
{
    struct rlimit before;
    int fd = load(plan);

    if (fd != -EPERM || getrlimit(RLIMIT_MEMLOCK, &before) < 0 || !raise_memlock())
        return fd;
    fd = load(plan);
    setrlimit(RLIMIT_MEMLOCK, &before);
    return fd;
}

struct old_programs {
    uint32_t ids[MAX_OLD_PROGRAMS];
    uint32_t n;
};

/* The programs that an earlier user left on the folder: with BPF_F_ALLOW_MULTI all have a say. */
static void query(int cgroup_fd, struct old_programs *old)
{
    union bpf_attr attr = {
        .query = {.target_fd = (uint32_t)cgroup_fd,
                  .attach_type = BPF_CGROUP_DEVICE,
                  .prog_ids = (uintptr_t)old->ids,
                  .prog_cnt = MAX_OLD_PROGRAMS},
    };
    int r = bpf(BPF_PROG_QUERY, &attr);
    if (r < 0)
        su_debug("cannot ask for device filters on an existing cgroup: %s", strerror(-r));
    old->n = r < 0 ? 0 : attr.query.prog_cnt;
}

static int detach(int cgroup_fd, uint32_t id)
{
    union bpf_attr by_id = {.prog_id = id};
    _cleanup_fd_ int fd = bpf(BPF_PROG_GET_FD_BY_ID, &by_id);

    if (fd < 0)
        return fd == -ENOENT ? 0 : fd;
    union bpf_attr attr = {
        .target_fd = (uint32_t)cgroup_fd,
        .attach_bpf_fd = (uint32_t)fd,
        .attach_type = BPF_CGROUP_DEVICE,
    };
    return bpf(BPF_PROG_DETACH, &attr);
}

static int attach(int cgroup_fd, int prog_fd)
{
    union bpf_attr attr = {
        .target_fd = (uint32_t)cgroup_fd,
        .attach_bpf_fd = (uint32_t)prog_fd,
        .attach_type = BPF_CGROUP_DEVICE,
        .attach_flags = BPF_F_ALLOW_MULTI,
    };
    return bpf(BPF_PROG_ATTACH, &attr);
}

static int fail(struct su_error *err, const char *what, int r)
{
    const char *hint = r == -EINVAL || r == -ENOSYS ? " (does the kernel have CONFIG_CGROUP_BPF?)"
                       : r == -EPERM ? " (CAP_BPF or CAP_SYS_ADMIN on the host is needed)"
                                     : "";
    return su_fail_at(err, SU_ERR_IO, -r, "linux.resources.devices",
                      "cannot %s the device filter: %s%s", what, strerror(-r), hint);
}

int sb_cg_attach_device_prog(const struct sb_cgroup_plan *plan, int cgroup_fd, bool reused,
                             struct su_error *err)
{
    struct old_programs old = {0};
    int r;

    if (reused)
        query(cgroup_fd, &old);
    if (plan->device_prog) {
        _cleanup_fd_ int prog_fd = load_with_memory(plan);
        if (prog_fd < 0)
            return fail(err, "load", prog_fd);
        if ((r = attach(cgroup_fd, prog_fd)) < 0)
            return fail(err, "attach", r);
    }
    for (uint32_t i = 0; i < old.n; i++)
        if ((r = detach(cgroup_fd, old.ids[i])) < 0)
            return fail(err, "detach an older program beside", r);
    return 0;
}
