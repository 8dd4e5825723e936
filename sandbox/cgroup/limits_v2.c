/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux.resources as files of cgroup v2, with the conversions that the runtimes agreed on. What
 * has no form there is an error that says why. Device rules are elsewhere.
 */
#include <inttypes.h>

#include <base/base.h>

#include "internal.h"

#define RES "linux.resources."
#define MEMORY(f) offsetof(struct oci_resources, memory), offsetof(struct oci_memory, f)
#define CPU(f) offsetof(struct oci_resources, cpu), offsetof(struct oci_cpu, f)
#define BLOCK_IO(f) offsetof(struct oci_resources, block_io), offsetof(struct oci_block_io, f)

static const struct sb_cg_scalar memory_scalars[] = {
    {MEMORY(limit), SB_CG_I64, "memory", "memory.max", RES "memory.limit", 0, true},
    {MEMORY(reservation), SB_CG_I64, "memory", "memory.low", RES "memory.reservation", 0, true},
};

static const struct sb_cg_scalar cpu_scalars[] = {
    {CPU(burst), SB_CG_U64, "cpu", "cpu.max.burst", RES "cpu.burst", 0, 0},
    {CPU(idle), SB_CG_I64, "cpu", "cpu.idle", RES "cpu.idle", 0, 0},
    {CPU(cpus), SB_CG_STRING, "cpuset", "cpuset.cpus", RES "cpu.cpus", 0, 0},
    {CPU(mems), SB_CG_STRING, "cpuset", "cpuset.mems", RES "cpu.mems", 0, 0},
};

/* What only v1 can do; "file" says why. */
static const struct sb_cg_scalar v1_only[] = {
    {MEMORY(kernel), SB_CG_I64, NULL,
     "cgroup v2 has no limit of kernel memory by itself; it counts to memory.limit",
     RES "memory.kernel", 0, true},
    {MEMORY(kernel_tcp), SB_CG_I64, NULL,
     "cgroup v2 has no limit of TCP buffers by itself; they count to memory.limit",
     RES "memory.kernelTCP", 0, true},
    {CPU(realtime_runtime), SB_CG_I64, NULL, "cgroup v2 cannot ration realtime scheduling",
     RES "cpu.realtimeRuntime", 0, true},
    {CPU(realtime_period), SB_CG_U64, NULL, "cgroup v2 cannot ration realtime scheduling",
     RES "cpu.realtimePeriod", 0, true},
    {BLOCK_IO(leaf_weight), SB_CG_U16, NULL, "cgroup v2 has no leaf weights; use blockIO.weight",
     RES "blockIO.leafWeight", 0, true},
};

/* -1 asks for no limit, and there is none. */
static int refuse_v1_only(struct sb_cg_builder *b)
{
    const struct oci_memory *m = b->opts->resources->memory;
    const struct oci_network *net = b->opts->resources->network;

    for (size_t i = 0; i < SU_ARRAY_SIZE(v1_only); i++) {
        const char *value;
        int r = sb_cg_scalar_value(b, &v1_only[i], &value);
        if (r < 0)
            return r;
        if (value && !su_streq(value, "max"))
            return sb_cg_refuse(b, v1_only[i].json_path, v1_only[i].file);
    }
    if (m && m->swappiness && *m->swappiness != UINT64_MAX)
        return sb_cg_refuse(
            b, RES "memory.swappiness",
            "cgroup v2 has no swappiness of a group, only the host's vm.swappiness");
    if (m && m->disable_oom_killer && *m->disable_oom_killer)
        return sb_cg_refuse(b, RES "memory.disableOOMKiller",
                            "cgroup v2 cannot disable the OOM killer for a group");
    if (net && net->class_id && *net->class_id)
        return sb_cg_refuse(b, RES "network.classID",
                            "cgroup v2 has no net_cls controller; match the group's path in "
                            "nftables (socket cgroupv2) or by eBPF");
    if (net && net->priorities.n > 0)
        return sb_cg_refuse(b, RES "network.priorities[0]",
                            "cgroup v2 has no net_prio controller; match the group's path in "
                            "nftables (socket cgroupv2) or by eBPF");
    return 0;
}

/* The spec counts memory and swap together, cgroup v2 swap alone. */
static int add_swap(struct sb_cg_builder *b)
{
    const struct oci_memory *m = b->opts->resources->memory;
    struct sb_cgroup_write w = {.file = "memory.swap.max", .json_path = RES "memory.swap"};

    if (!m)
        return 0;
    int64_t limit = m->limit ? *m->limit : 0, swap = m->swap ? *m->swap : 0;
    if (swap < -1)
        return su_fail_at(b->err, SU_ERR_SPEC, EINVAL, w.json_path,
                          "%" PRId64 " is neither an amount nor -1 for no limit", swap);
    /* Memory without a limit never meant a limit of swap. */
    if (swap == -1 || (swap == 0 && limit == -1))
        w.value = "max";
    else if (swap == 0)
        return 0;
    else
        w.value = su_arena_printf(b->arena, "%" PRId64, swap - limit);
    /* A kernel without swap has no such file, and then no swap is used either. */
    w.optional = w.value && (su_streq(w.value, "max") || su_streq(w.value, "0"));
    return sb_cg_add(b, "memory", &w);
}

/* 2 ... 262144 shares to 1 ... 10000. */
static uint64_t shares_to_weight(uint64_t shares)
{
    if (shares < 2)
        shares = 2;
    if (shares > 262144)
        shares = 262144;
    return 1 + ((shares - 2) * 9999) / 262142;
}

static int add_cpu(struct sb_cg_builder *b)
{
    const struct oci_cpu *cpu = b->opts->resources->cpu;
    int r = 0;

    if (!cpu)
        return 0;
    if (cpu->shares && *cpu->shares) {
        struct sb_cgroup_write w = {.file = "cpu.weight", .json_path = RES "cpu.shares"};
        w.value = su_arena_printf(b->arena, "%" PRIu64, shares_to_weight(*cpu->shares));
        r = sb_cg_add(b, "cpu", &w);
    }
    int64_t quota = cpu->quota ? *cpu->quota : 0;
    uint64_t period = cpu->period ? *cpu->period : 0;
    if (quota < -1)
        return su_fail_at(b->err, SU_ERR_SPEC, EINVAL, RES "cpu.quota",
                          "%" PRId64 " is neither an amount nor -1 for no limit", quota);
    if (r == 0 && (quota || period)) {
        struct sb_cgroup_write w = {.file = "cpu.max"};
        w.json_path = quota ? RES "cpu.quota" : RES "cpu.period";
        const char *max = quota > 0 ? su_arena_printf(b->arena, "%" PRId64, quota) : "max";
        if (!max)
            return -ENOMEM;
        w.value = period ? su_arena_printf(b->arena, "%s %" PRIu64, max, period) : max;
        r = sb_cg_add(b, "cpu", &w);
    }
    return r == 0 ? sb_cg_add_scalars(b, cpu_scalars, SU_ARRAY_SIZE(cpu_scalars)) : r;
}

/* BFQ takes the weight as it is (its file exists while BFQ is loaded); io.weight has 1 ... 10000
 * for 10 ... 1000. device is "default" or a number. */
static int add_io_weight(struct sb_cg_builder *b, const char *device, unsigned weight,
                         const char *json_path)
{
    struct sb_cgroup_write w = {.file = "io.bfq.weight", .json_path = json_path, .optional = true};

    if (weight > 1000)
        return su_fail_at(b->err, SU_ERR_SPEC, EINVAL, json_path,
                          "a weight of %u is not between 10 and 1000", weight);
    w.value = su_arena_printf(b->arena, "%s %u", device, weight);
    int r = sb_cg_add(b, "io", &w);
    if (r < 0)
        return r;
    unsigned above = weight < 10 ? 0 : weight - 10;
    w.file = "io.weight";
    w.value = su_arena_printf(b->arena, "%s %u", device, 1 + above * 9999 / 990);
    w.optional = false;
    w.fallback = true;
    return sb_cg_add(b, "io", &w);
}

static int add_io_weights(struct sb_cg_builder *b, const struct oci_block_io *io)
{
    int r = 0;

    if (io->weight && *io->weight)
        r = add_io_weight(b, "default", *io->weight, RES "blockIO.weight");
    for (size_t i = 0; r == 0 && i < io->weight_device.n; i++) {
        const struct oci_weight_device *dev = &io->weight_device.v[i];
        const char *path = su_arena_printf(b->arena, RES "blockIO.weightDevice[%zu]", i);
        const char *number;
        r = sb_cg_block_device(b, dev->major, dev->minor, path, &number);
        if (r == 0 && dev->leaf_weight && *dev->leaf_weight)
            return sb_cg_refuse(b, path, "cgroup v2 has no leaf weights; use weight");
        if (r == 0 && dev->weight && *dev->weight)
            r = add_io_weight(b, number, *dev->weight, path);
    }
    return r;
}

static int add_block_io(struct sb_cg_builder *b)
{
    const struct oci_block_io *io = b->opts->resources->block_io;

    if (!io)
        return 0;
    const struct {
        const oci_throttle_list *list;
        const char *key, *name;
    } throttles[] = {
        {&io->throttle_read_bps_device, "rbps", "throttleReadBpsDevice"},
        {&io->throttle_write_bps_device, "wbps", "throttleWriteBpsDevice"},
        {&io->throttle_read_iops_device, "riops", "throttleReadIOPSDevice"},
        {&io->throttle_write_iops_device, "wiops", "throttleWriteIOPSDevice"},
    };
    int r = add_io_weights(b, io);
    for (size_t t = 0; r == 0 && t < SU_ARRAY_SIZE(throttles); t++) {
        for (size_t i = 0; r == 0 && i < throttles[t].list->n; i++) {
            const struct oci_throttle_device *dev = &throttles[t].list->v[i];
            struct sb_cgroup_write w = {.file = "io.max"};
            const char *number;
            w.json_path = su_arena_printf(b->arena, RES "blockIO.%s[%zu]", throttles[t].name, i);
            r = sb_cg_block_device(b, dev->major, dev->minor, w.json_path, &number);
            if (r < 0)
                return r;
            /* v1 takes a rate of 0 as none, io.max refuses it. */
            w.value = dev->rate ? su_arena_printf(b->arena, "%s %s=%" PRIu64, number,
                                                  throttles[t].key, dev->rate)
                                : su_arena_printf(b->arena, "%s %s=max", number, throttles[t].key);
            r = sb_cg_add(b, "io", &w);
        }
    }
    return r;
}

/* The controller of a file: what is before the first dot. Files of the core ("cgroup.…") and
 * pressure files need none. */
static int controller_of(struct sb_cg_builder *b, const char *file, const char **controller)
{
    size_t len = strcspn(file, ".");
    const char *last = strrchr(file, '.');

    *controller = NULL;
    if (su_has_prefix(file, "cgroup.") || (last && su_streq(last, ".pressure")))
        return 0;
    *controller = su_arena_strndup(b->arena, file, len);
    return *controller ? 0 : -ENOMEM;
}

/* Several lines are as many writes: the kernel takes one a time. */
static int add_unified_lines(struct sb_cg_builder *b, const char *value, const char *controller,
                             struct sb_cgroup_write *w)
{
    do {
        size_t len = strcspn(value, "\n");
        w->value = su_arena_strndup(b->arena, value, len);
        int r = sb_cg_add(b, controller, w);
        if (r < 0)
            return r;
        value += len;
        value += *value == '\n';
    } while (*value);
    return 0;
}

static int add_unified(struct sb_cg_builder *b)
{
    const struct oci_resources *res = b->opts->resources;

    for (size_t i = 0; i < res->unified.n; i++) {
        const struct oci_pair *pair = &res->unified.v[i];
        const char *controller = NULL;
        struct sb_cgroup_write w = {.file = pair->key};
        w.json_path = su_arena_printf(b->arena, RES "unified[\"%s\"]", pair->key);
        /* The dot also keeps out ".", ".." and an empty name's folder. */
        if (strchr(pair->key, '/') || !strchr(pair->key, '.') || pair->key[0] == '.')
            return sb_cg_refuse(b, w.json_path,
                                "is not the name of a cgroup v2 file such as memory.high");
        if (!pair->value)
            return sb_cg_refuse(b, w.json_path, "has no value");
        int r = controller_of(b, pair->key, &controller);
        if (r == 0)
            r = add_unified_lines(b, pair->value, controller, &w);
        if (r < 0)
            return r;
    }
    return 0;
}

int sb_cg_add_limits_v2(struct sb_cg_builder *b)
{
    static int (*const parts[])(struct sb_cg_builder *) = {
        add_swap, add_cpu, sb_cg_add_pids, add_block_io, sb_cg_add_rdma,
    };
    int r = refuse_v1_only(b);

    if (r == 0)
        r = sb_cg_check_memory(b);
    if (r == 0)
        r = sb_cg_add_scalars(b, memory_scalars, SU_ARRAY_SIZE(memory_scalars));
    for (size_t i = 0; r == 0 && i < SU_ARRAY_SIZE(parts); i++)
        r = parts[i](b);
    if (r == 0)
        r = sb_cg_add_hugetlb(b, "max");
    /* Last, so that what is set file by file overrides what was converted. */
    return r == 0 ? add_unified(b) : r;
}
