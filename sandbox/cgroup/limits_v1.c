/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux.resources as files of cgroup v1. Input: the spec's resources; output: writes of the plan,
 * in an order that the kernel accepts on a fresh group. Device rules are elsewhere.
 */
#include <inttypes.h>

#include <base/base.h>

#include "internal.h"

#define RES "linux.resources."
#define MEMORY(f) offsetof(struct oci_resources, memory), offsetof(struct oci_memory, f)
#define CPU(f) offsetof(struct oci_resources, cpu), offsetof(struct oci_cpu, f)
#define BLOCK_IO(f) offsetof(struct oci_resources, block_io), offsetof(struct oci_block_io, f)

/* memory: the limit comes before memory+swap, which must not be less. Limits of kernel memory are
 * optional because newer kernels have none. cpu: a period before the quota that it bounds, idle
 * last since an idle group takes no shares. */
static const struct sb_cg_scalar scalars[] = {
    {MEMORY(limit), SB_CG_I64, "memory", "memory.limit_in_bytes", RES "memory.limit", 0, 0},
    {MEMORY(swap), SB_CG_I64, "memory", "memory.memsw.limit_in_bytes", RES "memory.swap", 0, 0},
    {MEMORY(reservation), SB_CG_I64, "memory", "memory.soft_limit_in_bytes",
     RES "memory.reservation", 0, 0},
    {MEMORY(kernel), SB_CG_I64, "memory", "memory.kmem.limit_in_bytes", RES "memory.kernel", true,
     0},
    {MEMORY(kernel_tcp), SB_CG_I64, "memory", "memory.kmem.tcp.limit_in_bytes",
     RES "memory.kernelTCP", true, 0},
    {CPU(shares), SB_CG_U64, "cpu", "cpu.shares", RES "cpu.shares", 0, 0},
    {CPU(period), SB_CG_U64, "cpu", "cpu.cfs_period_us", RES "cpu.period", 0, 0},
    {CPU(quota), SB_CG_I64, "cpu", "cpu.cfs_quota_us", RES "cpu.quota", 0, 0},
    {CPU(burst), SB_CG_U64, "cpu", "cpu.cfs_burst_us", RES "cpu.burst", 0, 0},
    {CPU(realtime_period), SB_CG_U64, "cpu", "cpu.rt_period_us", RES "cpu.realtimePeriod", 0, 0},
    {CPU(realtime_runtime), SB_CG_I64, "cpu", "cpu.rt_runtime_us", RES "cpu.realtimeRuntime", 0, 0},
    {CPU(idle), SB_CG_I64, "cpu", "cpu.idle", RES "cpu.idle", 0, 0},
    {CPU(cpus), SB_CG_STRING, "cpuset", "cpuset.cpus", RES "cpu.cpus", 0, 0},
    {CPU(mems), SB_CG_STRING, "cpuset", "cpuset.mems", RES "cpu.mems", 0, 0},
};

static const struct sb_cg_scalar leaf_weight = {
    BLOCK_IO(leaf_weight), SB_CG_U16, "blkio", "blkio.leaf_weight", RES "blockIO.leafWeight", 0, 0};

/* The switches of the memory controller. Only "true" is written: false is how a group begins. */
static int add_memory_switches(struct sb_cg_builder *b)
{
    const struct oci_memory *m = b->opts->resources->memory;
    struct sb_cgroup_write w;
    int r = 0;

    if (!m)
        return 0;
    if (m->use_hierarchy && *m->use_hierarchy) {
        w = (struct sb_cgroup_write){.file = "memory.use_hierarchy",
                                     .value = "1",
                                     .json_path = RES "memory.useHierarchy",
                                     .optional = true};
        r = sb_cg_add(b, "memory", &w);
    }
    if (r == 0 && m->disable_oom_killer && *m->disable_oom_killer) {
        w = (struct sb_cgroup_write){
            .file = "memory.oom_control", .value = "1", .json_path = RES "memory.disableOOMKiller"};
        r = sb_cg_add(b, "memory", &w);
    }
    /* All bits set is how engines in Go write -1, "as it is". 0 is a value like others. */
    if (r == 0 && m->swappiness && *m->swappiness != UINT64_MAX) {
        if (*m->swappiness > 100)
            return su_fail_at(b->err, SU_ERR_SPEC, EINVAL, RES "memory.swappiness",
                              "%" PRIu64 " is not between 0 and 100", *m->swappiness);
        w = (struct sb_cgroup_write){.file = "memory.swappiness",
                                     .json_path = RES "memory.swappiness"};
        w.value = su_arena_printf(b->arena, "%" PRIu64, *m->swappiness);
        r = sb_cg_add(b, "memory", &w);
    }
    return r;
}

/* A weight goes to BFQ's file, or where the kernel is too old for BFQ to CFQ's. */
static int add_weight(struct sb_cg_builder *b, const char *suffix, const char *value,
                      const char *json_path)
{
    struct sb_cgroup_write w = {.value = value, .json_path = json_path, .optional = true};

    w.file = su_arena_printf(b->arena, "blkio.bfq.weight%s", suffix);
    int r = sb_cg_add(b, "blkio", &w);
    if (r < 0)
        return r;
    w.file = su_arena_printf(b->arena, "blkio.weight%s", suffix);
    w.optional = false;
    w.fallback = true;
    return sb_cg_add(b, "blkio", &w);
}

static int add_weight_devices(struct sb_cg_builder *b, const struct oci_block_io *io)
{
    for (size_t i = 0; i < io->weight_device.n; i++) {
        const struct oci_weight_device *dev = &io->weight_device.v[i];
        const char *path = su_arena_printf(b->arena, RES "blockIO.weightDevice[%zu]", i);
        const char *number;
        int r = sb_cg_block_device(b, dev->major, dev->minor, path, &number);
        if (r == 0 && dev->weight && *dev->weight)
            r = add_weight(b, "_device", su_arena_printf(b->arena, "%s %u", number, *dev->weight),
                           path);
        if (r == 0 && dev->leaf_weight && *dev->leaf_weight) {
            struct sb_cgroup_write w = {.file = "blkio.leaf_weight_device", .json_path = path};
            w.value = su_arena_printf(b->arena, "%s %u", number, *dev->leaf_weight);
            r = sb_cg_add(b, "blkio", &w);
        }
        if (r < 0)
            return r;
    }
    return 0;
}

static int add_block_io(struct sb_cg_builder *b)
{
    const struct oci_block_io *io = b->opts->resources->block_io;

    if (!io)
        return 0;
    const struct {
        const oci_throttle_list *list;
        const char *file, *name;
    } throttles[] = {
        {&io->throttle_read_bps_device, "read_bps", "throttleReadBpsDevice"},
        {&io->throttle_write_bps_device, "write_bps", "throttleWriteBpsDevice"},
        {&io->throttle_read_iops_device, "read_iops", "throttleReadIOPSDevice"},
        {&io->throttle_write_iops_device, "write_iops", "throttleWriteIOPSDevice"},
    };
    int r = 0;
    if (io->weight && *io->weight)
        r = add_weight(b, "", su_arena_printf(b->arena, "%u", *io->weight), RES "blockIO.weight");
    if (r == 0)
        r = sb_cg_add_scalars(b, &leaf_weight, 1);
    if (r == 0)
        r = add_weight_devices(b, io);
    for (size_t t = 0; r == 0 && t < SU_ARRAY_SIZE(throttles); t++) {
        for (size_t i = 0; r == 0 && i < throttles[t].list->n; i++) {
            const struct oci_throttle_device *dev = &throttles[t].list->v[i];
            struct sb_cgroup_write w = {0};
            const char *number;
            w.file = su_arena_printf(b->arena, "blkio.throttle.%s_device", throttles[t].file);
            w.json_path = su_arena_printf(b->arena, RES "blockIO.%s[%zu]", throttles[t].name, i);
            r = sb_cg_block_device(b, dev->major, dev->minor, w.json_path, &number);
            if (r < 0)
                return r;
            w.value = su_arena_printf(b->arena, "%s %" PRIu64, number, dev->rate);
            r = sb_cg_add(b, "blkio", &w);
        }
    }
    return r;
}

static int add_network(struct sb_cg_builder *b)
{
    const struct oci_network *net = b->opts->resources->network;
    int r = 0;

    if (!net)
        return 0;
    if (net->class_id && *net->class_id) {
        struct sb_cgroup_write w = {.file = "net_cls.classid", .json_path = RES "network.classID"};
        w.value = su_arena_printf(b->arena, "%" PRIu32, *net->class_id);
        r = sb_cg_add(b, "net_cls", &w);
    }
    for (size_t i = 0; r == 0 && i < net->priorities.n; i++) {
        const struct oci_interface_priority *p = &net->priorities.v[i];
        struct sb_cgroup_write w = {.file = "net_prio.ifpriomap"};
        w.json_path = su_arena_printf(b->arena, RES "network.priorities[%zu]", i);
        if (!p->name || !*p->name || strpbrk(p->name, " \t\n"))
            return sb_cg_refuse(b, w.json_path, "name is not that of a network interface");
        w.value = su_arena_printf(b->arena, "%s %" PRIu32, p->name, p->priority);
        r = sb_cg_add(b, "net_prio", &w);
    }
    return r;
}

int sb_cg_add_limits_v1(struct sb_cg_builder *b)
{
    static int (*const parts[])(struct sb_cg_builder *) = {
        add_memory_switches, sb_cg_add_pids, add_block_io, add_network, sb_cg_add_rdma,
    };
    const struct oci_resources *res = b->opts->resources;

    if (res->unified.n > 0)
        return su_fail_at(b->err, SU_ERR_SPEC, EINVAL,
                          su_arena_printf(b->arena, RES "unified[\"%s\"]", res->unified.v[0].key),
                          "needs a host with cgroup v2 alone; this one has cgroup v1 limits");
    int r = sb_cg_check_memory(b);
    if (r == 0)
        r = sb_cg_add_scalars(b, scalars, SU_ARRAY_SIZE(scalars));
    for (size_t i = 0; r == 0 && i < SU_ARRAY_SIZE(parts); i++)
        r = parts[i](b);
    return r == 0 ? sb_cg_add_hugetlb(b, "limit_in_bytes") : r;
}
