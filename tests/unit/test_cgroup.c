/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cgroup room without a kernel: plans against tables of expected folders and writes for each
 * kind of host, and device filters against a naive reading of their rules. The programs are run
 * by a small interpreter, v1's files by a model of the kernel's exception list.
 */
#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <base/base.h>
#include <cgroup/cgroup.h>
#include <cgroup/internal.h>

#define MOUNT "/sys/fs/cgroup/"
#define P(T, ...) (&(T){__VA_ARGS__})
#define LIST(T, ...)                                                         \
    {                                                                        \
        .v = (T[]){__VA_ARGS__}, .n = sizeof((T[]){__VA_ARGS__}) / sizeof(T) \
    }

/* --- hosts --------------------------------------------------------------------------------------
 */

static struct sb_cgroup_hierarchy v1_list[] = {
    {"name=systemd", MOUNT "systemd", "/user.slice"},
    {"pids", MOUNT "pids", "/user.slice"},
    {"blkio", MOUNT "blkio", "/"},
    {"freezer", MOUNT "freezer", "/"},
    {"devices", MOUNT "devices", "/user.slice"},
    {"memory", MOUNT "memory", "/user.slice/me"},
    {"cpuset", MOUNT "cpuset", "/"},
    {"cpu,cpuacct", MOUNT "cpu,cpuacct", "/"},
    {"net_cls,net_prio", MOUNT "net_cls,net_prio", "/"},
    {"hugetlb", MOUNT "hugetlb", "/"},
    {"rdma", MOUNT "rdma", "/"},
    {"", MOUNT "unified", "/user.slice"},
};
static struct sb_cgroup_hierarchy v2_list[] = {{"", "/sys/fs/cgroup", "/user.slice/me"}};
static struct sb_cgroup_hierarchy v2_root_list[] = {{"", "/sys/fs/cgroup", "/"}};
static struct sb_cgroup_hierarchy v2_outside_list[] = {{"", "/sys/fs/cgroup", "/../other"}};
static struct sb_cgroup_hierarchy poor_list[] = {{"freezer", MOUNT "freezer", "/"}};

static const struct sb_cgroup_host none = {SB_CGROUP_NONE, NULL, 0};
static const struct sb_cgroup_host v1 = {SB_CGROUP_V1, v1_list, SU_ARRAY_SIZE(v1_list) - 1};
static const struct sb_cgroup_host hybrid = {SB_CGROUP_HYBRID, v1_list, SU_ARRAY_SIZE(v1_list)};
static const struct sb_cgroup_host v2 = {SB_CGROUP_V2, v2_list, 1};
static const struct sb_cgroup_host v2_root = {SB_CGROUP_V2, v2_root_list, 1};
static const struct sb_cgroup_host v2_outside = {SB_CGROUP_V2, v2_outside_list, 1};
static const struct sb_cgroup_host poor = {SB_CGROUP_V1, poor_list, 1};

/* --- plans as text ------------------------------------------------------------------------------
 */

static struct su_arena arena;
static struct su_error err;

static void teardown(void)
{
    su_arena_free(&arena);
    su_error_clear(&err);
}

static const char *short_path(const char *path)
{
    return strncmp(path, MOUNT, strlen(MOUNT)) == 0 ? path + strlen(MOUNT) : path;
}

/* "folder file=value" lines; "?" behind optional writes, "|" before fallbacks. */
static const char *writes_text(const struct sb_cgroup_plan *plan, bool devices)
{
    struct su_strbuf sb = {0};

    for (size_t i = 0; i < plan->n_writes; i++) {
        const struct sb_cgroup_write *w = &plan->writes[i];
        if (su_has_prefix(w->file, "devices.") != devices)
            continue;
        if (devices)
            su_strbuf_printf(&sb, "%s %s%s\n", strchr(w->file, '.') + 1, w->value,
                             w->may_be_denied ? " ?" : "");
        else
            su_strbuf_printf(&sb, "%s%s%s=%s\n", w->fallback ? "|" : "", w->file,
                             w->optional ? "?" : "", w->value);
    }
    const char *text = su_arena_strdup(&arena, sb.text ? sb.text : "");
    su_strbuf_free(&sb);
    return text;
}

static const char *dirs_text(const struct sb_cgroup_plan *plan)
{
    struct su_strbuf sb = {0};

    for (size_t i = 0; i < plan->n_dirs; i++)
        su_strbuf_printf(&sb, "%s%s", i ? " " : "", short_path(plan->dirs[i].path));
    const char *text = su_arena_strdup(&arena, sb.text ? sb.text : "");
    su_strbuf_free(&sb);
    return text;
}

static const char *enable_text(const struct sb_cgroup_plan *plan)
{
    struct su_strbuf sb = {0};

    for (size_t i = 0; i < plan->n_enable; i++)
        su_strbuf_printf(&sb, "%s%s", i ? " " : "", plan->enable[i]);
    const char *text = su_arena_strdup(&arena, sb.text ? sb.text : "");
    su_strbuf_free(&sb);
    return text;
}

static int plan_for(const struct sb_cgroup_host *host, const char *path,
                    const struct oci_resources *res, struct sb_cgroup_plan *plan)
{
    struct sb_cgroup_opts opts = {.id = "id", .cgroups_path = path, .resources = res};
    return sb_cgroup_plan(&arena, host, &opts, plan, &err);
}

static void ck_ok(int r)
{
    ck_assert_msg(r == 0, "%d: %s", r, su_error_text(&err));
}

/* --- folders ------------------------------------------------------------------------------------
 */

static const struct {
    const struct sb_cgroup_host *host;
    const char *path, *dirs;
} place_cases[] = {
    {&v2, "/docker/0123", "docker/0123"},
    {&v2, "docker/0123", "docker/0123"},
    {&v2, "//a/./b//", "a/b"},
    {&v2, NULL, "user.slice/me/id"},
    {&v2, "", "user.slice/me/id"},
    {&v2_root, NULL, "id"},
    {&v2_outside, NULL, "id"},
    {&v1, NULL, "freezer/id devices/user.slice/id"},
    {&hybrid, NULL, "freezer/id devices/user.slice/id"},
    {&v1, "/x",
     "freezer/x devices/x systemd/x pids/x blkio/x memory/x cpuset/x cpu,cpuacct/x "
     "net_cls,net_prio/x hugetlb/x rdma/x"},
    {&hybrid, "/x",
     "unified/x freezer/x devices/x systemd/x pids/x blkio/x memory/x cpuset/x "
     "cpu,cpuacct/x net_cls,net_prio/x hugetlb/x rdma/x"},
    {&none, "/x", ""},
};

START_TEST(folders_are_where_path_and_host_say)
{
    struct sb_cgroup_plan plan;

    ck_ok(plan_for(place_cases[_i].host, place_cases[_i].path, NULL, &plan));
    ck_assert_str_eq(dirs_text(&plan), place_cases[_i].dirs);
}
END_TEST

START_TEST(v2_default_place_with_limits_is_beside_the_own_group)
{
    struct oci_resources res = {.pids = P(struct oci_pids, .limit = P(int64_t, 5))};
    struct sb_cgroup_plan plan;

    ck_ok(plan_for(&v2, NULL, &res, &plan));
    ck_assert_str_eq(dirs_text(&plan), "user.slice/id");
    ck_assert_str_eq(enable_text(&plan), "pids");
    ck_assert(!plan.enable_available);
}
END_TEST

START_TEST(limits_without_a_path_add_only_the_folders_that_they_need)
{
    struct oci_resources res = {.memory = P(struct oci_memory, .limit = P(int64_t, 1 << 20))};
    struct sb_cgroup_plan plan;

    ck_ok(plan_for(&hybrid, NULL, &res, &plan));
    ck_assert_str_eq(dirs_text(&plan), "freezer/id devices/user.slice/id memory/user.slice/me/id");
}
END_TEST

static const struct {
    const char *path, *message;
} bad_paths[] = {
    {"/a/../b", "linux.cgroupsPath: \"/a/../b\" contains \"..\", which could leave the parent "
                "cgroup"},
    {"..", "linux.cgroupsPath: \"..\" contains \"..\", which could leave the parent cgroup"},
    {"/", "linux.cgroupsPath: \"/\" is the root of the hierarchy; name a group below it"},
    {"a\nb", "linux.cgroupsPath: a cgroup's name cannot contain a line break"},
    {"system.slice:runlet:x",
     "linux.cgroupsPath: \"system.slice:runlet:x\" has the form slice:prefix:name of the systemd "
     "driver; pass --systemd-cgroup or use a path"},
};

START_TEST(bad_cgroups_path_is_refused)
{
    struct sb_cgroup_plan plan;

    ck_assert_int_eq(plan_for(&v1, bad_paths[_i].path, NULL, &plan), -EINVAL);
    ck_assert_int_eq(err.kind, SU_ERR_SPEC);
    ck_assert_str_eq(err.msg, bad_paths[_i].message);
}
END_TEST

START_TEST(systemd_paths_are_told_from_paths)
{
    ck_assert(sb_cgroup_is_systemd_path("user.slice:podman:abc"));
    ck_assert(sb_cgroup_is_systemd_path("::abc"));
    ck_assert(!sb_cgroup_is_systemd_path("/a:b:c"));
    ck_assert(!sb_cgroup_is_systemd_path("a:b"));
    ck_assert(!sb_cgroup_is_systemd_path("a:b:c:d"));
    ck_assert(!sb_cgroup_is_systemd_path(""));
}
END_TEST

START_TEST(ignored_cgroups_are_an_empty_plan)
{
    struct oci_resources res = {.pids = P(struct oci_pids, .limit = P(int64_t, 5))};
    struct sb_cgroup_opts opts = {.id = "id", .resources = &res, .ignore = true};
    struct sb_cgroup_plan plan;

    ck_ok(sb_cgroup_plan(&arena, &v2, &opts, &plan, &err));
    ck_assert_uint_eq(plan.n_dirs + plan.n_writes + plan.n_device_prog, 0);
}
END_TEST

START_TEST(rootless_without_limits_is_best_effort)
{
    struct oci_resources limited = {.pids = P(struct oci_pids, .limit = P(int64_t, 5))};
    struct sb_cgroup_opts opts = {.id = "id", .rootless = true};
    struct sb_cgroup_plan plan;

    ck_ok(sb_cgroup_plan(&arena, &v2, &opts, &plan, &err));
    ck_assert(plan.best_effort);
    ck_assert_ptr_null(plan.device_prog);
    ck_ok(sb_cgroup_plan(&arena, &v1, &opts, &plan, &err));
    ck_assert(plan.best_effort);
    ck_assert_uint_eq(plan.n_writes, 0);
    opts.resources = &limited;
    ck_ok(sb_cgroup_plan(&arena, &v2, &opts, &plan, &err));
    ck_assert(!plan.best_effort);
}
END_TEST

/* --- limits -------------------------------------------------------------------------------------
 */

#define MEM(...)                                    \
    {                                               \
        .memory = P(struct oci_memory, __VA_ARGS__) \
    }
#define CPU(...)                              \
    {                                         \
        .cpu = P(struct oci_cpu, __VA_ARGS__) \
    }
#define IO(...)                                         \
    {                                                   \
        .block_io = P(struct oci_block_io, __VA_ARGS__) \
    }
#define I64(n) P(int64_t, n)
#define U64(n) P(uint64_t, n)
#define U16(n) P(uint16_t, n)
#define YES P(bool, true)
#define NO P(bool, false)

/* A message that begins with '!' is the error that is expected. */
static const struct {
    struct oci_resources res;
    const char *v1, *v2;
} limit_cases[] = {
    {{.memory = NULL}, "", ""},
    {MEM(.limit = I64(4096)), "memory.limit_in_bytes=4096\n", "memory.max=4096\n"},
    {MEM(.limit = I64(-1)), "memory.limit_in_bytes=-1\n", "memory.max=max\nmemory.swap.max?=max\n"},
    {MEM(.limit = I64(-2)),
     "!linux.resources.memory.limit: -2 is neither an amount nor -1 for no limit",
     "!linux.resources.memory.limit: -2 is neither an amount nor -1 for no limit"},
    {MEM(.limit = I64(100), .swap = I64(300), .reservation = I64(50)),
     "memory.limit_in_bytes=100\nmemory.memsw.limit_in_bytes=300\nmemory.soft_limit_in_bytes=50\n",
     "memory.max=100\nmemory.low=50\nmemory.swap.max=200\n"},
    {MEM(.limit = I64(100), .swap = I64(100)),
     "memory.limit_in_bytes=100\nmemory.memsw.limit_in_bytes=100\n",
     "memory.max=100\nmemory.swap.max?=0\n"},
    {MEM(.limit = I64(100), .swap = I64(-1)),
     "memory.limit_in_bytes=100\nmemory.memsw.limit_in_bytes=-1\n",
     "memory.max=100\nmemory.swap.max?=max\n"},
    {MEM(.limit = I64(100), .swap = I64(99)),
     "!linux.resources.memory.swap: 99 (memory and swap together) is less than "
     "linux.resources.memory.limit, 100",
     "!linux.resources.memory.swap: 99 (memory and swap together) is less than "
     "linux.resources.memory.limit, 100"},
    {MEM(.swap = I64(99)),
     "!linux.resources.memory.swap: limits memory and swap together, so it needs "
     "linux.resources.memory.limit beside it",
     "!linux.resources.memory.swap: limits memory and swap together, so it needs "
     "linux.resources.memory.limit beside it"},
    {MEM(.limit = I64(0), .swap = I64(0), .kernel = I64(0), .kernel_tcp = I64(0),
         .reservation = I64(0), .disable_oom_killer = NO, .use_hierarchy = NO),
     "", ""},
    {MEM(.kernel = I64(4096)), "memory.kmem.limit_in_bytes?=4096\n",
     "!linux.resources.memory.kernel: cgroup v2 has no limit of kernel memory by itself; it counts "
     "to memory.limit"},
    {MEM(.kernel = I64(-1)), "memory.kmem.limit_in_bytes?=-1\n", ""},
    {MEM(.kernel_tcp = I64(4096)), "memory.kmem.tcp.limit_in_bytes?=4096\n",
     "!linux.resources.memory.kernelTCP: cgroup v2 has no limit of TCP buffers by itself; they "
     "count to memory.limit"},
    {MEM(.swappiness = U64(0)), "memory.swappiness=0\n",
     "!linux.resources.memory.swappiness: cgroup v2 has no swappiness of a group, only the host's "
     "vm.swappiness"},
    {MEM(.swappiness = U64(101)),
     "!linux.resources.memory.swappiness: 101 is not between 0 and 100",
     "!linux.resources.memory.swappiness: cgroup v2 has no swappiness of a group, only the host's "
     "vm.swappiness"},
    {MEM(.swappiness = U64(UINT64_MAX)), "", ""},
    {MEM(.disable_oom_killer = YES), "memory.oom_control=1\n",
     "!linux.resources.memory.disableOOMKiller: cgroup v2 cannot disable the OOM killer for a "
     "group"},
    {MEM(.use_hierarchy = YES), "memory.use_hierarchy?=1\n", ""},
    {CPU(.shares = U64(1024)), "cpu.shares=1024\n", "cpu.weight=39\n"},
    {CPU(.shares = U64(2)), "cpu.shares=2\n", "cpu.weight=1\n"},
    {CPU(.shares = U64(1)), "cpu.shares=1\n", "cpu.weight=1\n"},
    {CPU(.shares = U64(262144)), "cpu.shares=262144\n", "cpu.weight=10000\n"},
    {CPU(.shares = U64(UINT64_MAX)), "cpu.shares=18446744073709551615\n", "cpu.weight=10000\n"},
    {CPU(.shares = U64(0), .quota = I64(0), .period = U64(0)), "", ""},
    {CPU(.quota = I64(50000), .period = U64(100000)),
     "cpu.cfs_period_us=100000\ncpu.cfs_quota_us=50000\n", "cpu.max=50000 100000\n"},
    {CPU(.quota = I64(50000)), "cpu.cfs_quota_us=50000\n", "cpu.max=50000\n"},
    {CPU(.quota = I64(-1)), "cpu.cfs_quota_us=-1\n", "cpu.max=max\n"},
    {CPU(.period = U64(100000)), "cpu.cfs_period_us=100000\n", "cpu.max=max 100000\n"},
    {CPU(.quota = I64(-7)),
     "!linux.resources.cpu.quota: -7 is neither an amount nor -1 for no limit",
     "!linux.resources.cpu.quota: -7 is neither an amount nor -1 for no limit"},
    {CPU(.quota = I64(50000), .burst = U64(10000)),
     "cpu.cfs_quota_us=50000\ncpu.cfs_burst_us=10000\n", "cpu.max=50000\ncpu.max.burst=10000\n"},
    {CPU(.shares = U64(512), .idle = I64(1)), "cpu.shares=512\ncpu.idle=1\n",
     "cpu.weight=20\ncpu.idle=1\n"},
    {CPU(.realtime_runtime = I64(95), .realtime_period = U64(100)),
     "cpu.rt_period_us=100\ncpu.rt_runtime_us=95\n",
     "!linux.resources.cpu.realtimeRuntime: cgroup v2 cannot ration realtime scheduling"},
    {CPU(.cpus = (char *)"0-1", .mems = (char *)"0"), "cpuset.cpus=0-1\ncpuset.mems=0\n",
     "cpuset.cpus=0-1\ncpuset.mems=0\n"},
    {CPU(.cpus = (char *)"", .mems = (char *)""), "", ""},
    {{.pids = P(struct oci_pids, .limit = I64(50))}, "pids.max=50\n", "pids.max=50\n"},
    {{.pids = P(struct oci_pids, .limit = I64(-1))}, "pids.max=max\n", "pids.max=max\n"},
    {{.pids = P(struct oci_pids, .limit = I64(0))}, "pids.max=1\n", "pids.max=1\n"},
    {{.pids = P(struct oci_pids, 0)}, "", ""},
    {IO(.weight = U16(0)), "", ""},
    {IO(.weight = U16(500)), "blkio.bfq.weight?=500\n|blkio.weight=500\n",
     "io.bfq.weight?=default 500\n|io.weight=default 4950\n"},
    {IO(.weight = U16(10)), "blkio.bfq.weight?=10\n|blkio.weight=10\n",
     "io.bfq.weight?=default 10\n|io.weight=default 1\n"},
    {IO(.weight = U16(1000)), "blkio.bfq.weight?=1000\n|blkio.weight=1000\n",
     "io.bfq.weight?=default 1000\n|io.weight=default 10000\n"},
    {IO(.weight_device = LIST(struct oci_weight_device, {8, 16, U16(300), NULL})),
     "blkio.bfq.weight_device?=8:16 300\n|blkio.weight_device=8:16 300\n",
     "io.bfq.weight?=8:16 300\n|io.weight=8:16 2930\n"},
    {IO(.leaf_weight = U16(300)), "blkio.leaf_weight=300\n",
     "!linux.resources.blockIO.leafWeight: cgroup v2 has no leaf weights; use blockIO.weight"},
    {IO(.throttle_read_bps_device = LIST(struct oci_throttle_device, {254, 0, 1048576}),
        .throttle_write_iops_device = LIST(struct oci_throttle_device, {254, 0, 0})),
     "blkio.throttle.read_bps_device=254:0 1048576\nblkio.throttle.write_iops_device=254:0 0\n",
     "io.max=254:0 rbps=1048576\nio.max=254:0 wiops=max\n"},
    {IO(.throttle_write_bps_device = LIST(struct oci_throttle_device, {-1, 0, 1})),
     "!linux.resources.blockIO.throttleWriteBpsDevice[0]: -1:0 is not a device number",
     "!linux.resources.blockIO.throttleWriteBpsDevice[0]: -1:0 is not a device number"},
    {{.hugepage_limits = LIST(struct oci_hugepage_limit, {(char *)"2MB", 4194304})},
     "hugetlb.2MB.limit_in_bytes=4194304\nhugetlb.2MB.rsvd.limit_in_bytes?=4194304\n",
     "hugetlb.2MB.max=4194304\nhugetlb.2MB.rsvd.max?=4194304\n"},
    {{.hugepage_limits = LIST(struct oci_hugepage_limit, {(char *)"../2MB", 1})},
     "!linux.resources.hugepageLimits[0].pageSize: \"../2MB\" is not a page size such as 64KB, 2MB "
     "or 1GB",
     "!linux.resources.hugepageLimits[0].pageSize: \"../2MB\" is not a page size such as 64KB, 2MB "
     "or 1GB"},
    {{.rdma = LIST(struct oci_rdma, {(char *)"mlx5_1", P(uint32_t, 3), P(uint32_t, 10000)})},
     "rdma.max=mlx5_1 hca_handle=3 hca_object=10000\n",
     "rdma.max=mlx5_1 hca_handle=3 hca_object=10000\n"},
    {{.rdma = LIST(struct oci_rdma, {(char *)"mlx5_1", NULL, NULL})},
     "!linux.resources.rdma[\"mlx5_1\"]: needs hcaHandles or hcaObjects",
     "!linux.resources.rdma[\"mlx5_1\"]: needs hcaHandles or hcaObjects"},
    {{.network = P(struct oci_network, .class_id = P(uint32_t, 1048577),
                   .priorities = LIST(struct oci_interface_priority, {(char *)"eth0", 500}))},
     "net_cls.classid=1048577\nnet_prio.ifpriomap=eth0 500\n",
     "!linux.resources.network.classID: cgroup v2 has no net_cls controller; match the group's "
     "path "
     "in nftables (socket cgroupv2) or by eBPF"},
    {{.network = P(struct oci_network, .class_id = P(uint32_t, 0))}, "", ""},
    {{.unified = LIST(struct oci_pair, {(char *)"memory.high", (char *)"100"},
                      {(char *)"io.max", (char *)"8:0 rbps=1\n8:16 wbps=2\n"})},
     "!linux.resources.unified[\"memory.high\"]: needs a host with cgroup v2 alone; this one has "
     "cgroup v1 limits",
     "memory.high=100\nio.max=8:0 rbps=1\nio.max=8:16 wbps=2\n"},
    {{.unified = LIST(struct oci_pair, {(char *)"../memory.high", (char *)"1"})},
     "!linux.resources.unified[\"../memory.high\"]: needs a host with cgroup v2 alone; this one "
     "has "
     "cgroup v1 limits",
     "!linux.resources.unified[\"../memory.high\"]: is not the name of a cgroup v2 file such as "
     "memory.high"},
    {{.unified = LIST(struct oci_pair, {(char *)"memory.high", NULL})},
     "!linux.resources.unified[\"memory.high\"]: needs a host with cgroup v2 alone; this one has "
     "cgroup v1 limits",
     "!linux.resources.unified[\"memory.high\"]: has no value"},
    /* What Docker 20.10 sends when nothing is limited. */
    {{.memory = P(struct oci_memory, .disable_oom_killer = NO),
      .cpu = P(struct oci_cpu, .shares = U64(0)),
      .block_io = P(struct oci_block_io, .weight = U16(0))},
     "",
     ""},
};

static void check_limits(const struct sb_cgroup_host *host, const struct oci_resources *res,
                         const char *expected)
{
    struct sb_cgroup_plan plan;
    int r = plan_for(host, "/x", res, &plan);

    if (*expected == '!') {
        ck_assert_int_eq(r, -EINVAL);
        ck_assert_int_eq(err.kind, SU_ERR_SPEC);
        ck_assert_str_eq(err.msg, expected + 1);
        su_error_clear(&err);
        return;
    }
    ck_ok(r);
    ck_assert_str_eq(writes_text(&plan, false), expected);
}

START_TEST(limits_become_the_writes_of_the_host_s_kind)
{
    check_limits(&v1, &limit_cases[_i].res, limit_cases[_i].v1);
    check_limits(&hybrid, &limit_cases[_i].res, limit_cases[_i].v1);
    check_limits(&v2, &limit_cases[_i].res, limit_cases[_i].v2);
}
END_TEST

START_TEST(a_limit_whose_controller_is_not_mounted_is_refused)
{
    struct oci_resources res = MEM(.limit = I64(4096));
    struct sb_cgroup_plan plan;

    ck_assert_int_eq(plan_for(&poor, "/x", &res, &plan), -EINVAL);
    ck_assert_str_eq(err.msg, "linux.resources.memory.limit: needs the cgroup controller "
                              "\"memory\", which this host has not mounted");
    ck_assert_int_eq(plan_for(&none, "/x", &res, &plan), -EINVAL);
}
END_TEST

START_TEST(an_absent_controller_that_nobody_asks_for_is_no_matter)
{
    struct oci_resources res = MEM(.limit = I64(0));
    struct sb_cgroup_plan plan;

    ck_ok(plan_for(&poor, "/x", &res, &plan));
    ck_assert_str_eq(dirs_text(&plan), "freezer/x");
}
END_TEST

START_TEST(v2_limits_name_the_controllers_to_enable_once_each)
{
    struct oci_resources res = {
        .memory = P(struct oci_memory, .limit = I64(100), .reservation = I64(10)),
        .cpu = P(struct oci_cpu, .shares = U64(5), .cpus = (char *)"0"),
        .pids = P(struct oci_pids, .limit = I64(5)),
        .unified = LIST(struct oci_pair, {(char *)"io.weight", (char *)"5"},
                        {(char *)"cgroup.max.depth", (char *)"5"},
                        {(char *)"irq.pressure", (char *)"1"}, {(char *)"misc.max", (char *)"a 1"}),
    };
    struct sb_cgroup_plan plan;

    ck_ok(plan_for(&v2, "/x", &res, &plan));
    ck_assert_str_eq(enable_text(&plan), "memory cpu cpuset pids io misc");
    ck_assert(plan.enable_available);
}
END_TEST

/* --- device rules -------------------------------------------------------------------------------
 */

/* What the rules mean: bit by bit, the last rule that names a device has the say. */
static bool naive(const struct oci_device_cgroup *rules, size_t n, char type, int64_t major,
                  int64_t minor, unsigned access)
{
    static const struct {
        char type;
        int64_t major, minor;
        unsigned access;
    } defaults[] = {
        {'c', -1, -1, 4}, {'b', -1, -1, 4}, {'c', 1, 3, 7},    {'c', 1, 5, 7},
        {'c', 1, 7, 7},   {'c', 1, 8, 7},   {'c', 1, 9, 7},    {'c', 5, 0, 7},
        {'c', 5, 1, 7},   {'c', 5, 2, 7},   {'c', 136, -1, 7},
    };
    unsigned allowed = 0;
    bool rest = false;

    for (size_t i = 0; i < n; i++) {
        const struct oci_device_cgroup *r = &rules[i];
        unsigned bits = (strchr(r->access, 'r') ? 1u : 0) | (strchr(r->access, 'w') ? 2u : 0) |
                        (strchr(r->access, 'm') ? 4u : 0);
        if (r->type == 'a' && !r->major && !r->minor && bits == 7)
            rest = r->allow;
        if ((r->type != 'a' && r->type != type) || (r->major && *r->major != major) ||
            (r->minor && *r->minor != minor))
            continue;
        allowed = r->allow ? allowed | bits : allowed & ~bits;
    }
    for (size_t i = 0; !rest && i < SU_ARRAY_SIZE(defaults); i++)
        if (defaults[i].type == type && (defaults[i].major < 0 || defaults[i].major == major) &&
            (defaults[i].minor < 0 || defaults[i].minor == minor))
            allowed |= defaults[i].access;
    return !(access & ~allowed);
}

/* Runs a device filter. Knows the instructions that filters are made of and no other. */
static bool run_filter(const struct bpf_insn *prog, size_t n, char type, int64_t major,
                       int64_t minor, unsigned access)
{
    unsigned bits = (access & 1 ? BPF_DEVCG_ACC_READ : 0u) |
                    (access & 2 ? BPF_DEVCG_ACC_WRITE : 0u) |
                    (access & 4 ? BPF_DEVCG_ACC_MKNOD : 0u);
    struct bpf_cgroup_dev_ctx ctx = {
        .access_type = bits << 16 | (type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR),
        .major = (uint32_t)major,
        .minor = (uint32_t)minor,
    };
    uint64_t r[11] = {0};

    if (!prog)
        return true;
    for (size_t pc = 0; pc < n; pc++) {
        const struct bpf_insn *in = &prog[pc];
        uint64_t imm = (uint64_t)(int64_t)in->imm;
        uint64_t *dst = &r[in->dst_reg];
        bool jump = false;
        uint32_t word;
        switch (in->code) {
        case BPF_LDX | BPF_MEM | BPF_W:
            if (in->src_reg != 1 || (size_t)in->off + 4 > sizeof(ctx))
                ck_abort_msg("a load from outside the context");
            memcpy(&word, (const char *)&ctx + in->off, 4);
            *dst = word;
            break;
        case BPF_ALU64 | BPF_MOV | BPF_X:
            *dst = r[in->src_reg];
            break;
        case BPF_ALU64 | BPF_MOV | BPF_K:
            *dst = imm;
            break;
        case BPF_ALU64 | BPF_RSH | BPF_K:
            *dst >>= imm;
            break;
        case BPF_ALU64 | BPF_AND | BPF_K:
            *dst &= imm;
            break;
        case BPF_JMP | BPF_JNE | BPF_K:
            jump = *dst != imm;
            break;
        case BPF_JMP | BPF_JSET | BPF_K:
            jump = *dst & imm;
            break;
        case BPF_JMP | BPF_JA:
            jump = true;
            break;
        case BPF_JMP | BPF_EXIT:
            return r[0] != 0;
        default:
            ck_abort_msg("instruction %#x", in->code);
        }
        if (jump)
            pc += (size_t)in->off;
    }
    ck_abort_msg("the program runs past its end");
    return false;
}

/* The kernel's v1 device cgroup, fed with the plan's writes. */
struct model {
    bool allow;
    struct {
        char type;
        long major, minor;
        unsigned access;
    } v[512];
    size_t n;
};

static long model_number(const char **p)
{
    char *end;
    long n = -1;

    if (**p == '*') {
        ++*p;
    } else {
        n = strtol(*p, &end, 10);
        *p = end;
    }
    ++*p;
    return n;
}

static void model_write(struct model *m, bool allow, const char *text)
{
    if (*text == 'a') {
        *m = (struct model){.allow = allow};
        return;
    }
    char type = *text;
    const char *p = text + 2;
    long major = model_number(&p), minor = model_number(&p);
    unsigned access =
        (strchr(p, 'r') ? 1u : 0) | (strchr(p, 'w') ? 2u : 0) | (strchr(p, 'm') ? 4u : 0);
    ck_assert_msg(allow != m->allow, "a write that takes an exception away: %s", text);
    m->v[m->n].type = type;
    m->v[m->n].major = major;
    m->v[m->n].minor = minor;
    m->v[m->n++].access = access;
}

static bool model_allows(const struct model *m, char type, int64_t major, int64_t minor,
                         unsigned access)
{
    for (size_t i = 0; i < m->n; i++) {
        if (m->v[i].type != type || (m->v[i].major >= 0 && m->v[i].major != major) ||
            (m->v[i].minor >= 0 && m->v[i].minor != minor))
            continue;
        if (m->allow && (access & m->v[i].access))
            return false;
        if (!m->allow && !(access & ~m->v[i].access))
            return true;
    }
    return m->allow;
}

#define N_NUMBERS 16
static const int64_t numbers[N_NUMBERS] = {0, 1, 2,   3,   4,   5,   6,   7,
                                           8, 9, 135, 136, 137, 229, 230, 1048575};

/* Compares both plans of a rule list with its meaning, over all boundary values. Returns whether
 * v1 could say it. */
static bool compare_rules(struct oci_device_cgroup *rules, size_t n)
{
    struct oci_resources res = {.devices = {rules, n}};
    struct sb_cgroup_plan plan, plan1;
    struct model m = {.allow = true};

    ck_ok(plan_for(&v2, "/x", &res, &plan));
    bool has_v1 = plan_for(&v1, "/x", &res, &plan1) == 0;
    if (!has_v1) {
        ck_assert_int_eq(err.kind, SU_ERR_SPEC);
        ck_assert_ptr_nonnull(strstr(err.msg, "exception to the wildcard"));
        su_error_clear(&err);
    }
    for (size_t i = 0; has_v1 && i < plan1.n_writes; i++)
        model_write(&m, su_streq(plan1.writes[i].file, "devices.allow"), plan1.writes[i].value);
    for (size_t i = 0; i < N_NUMBERS * N_NUMBERS * 2 * 7; i++) {
        int64_t major = numbers[i % N_NUMBERS], minor = numbers[i / N_NUMBERS % N_NUMBERS];
        size_t rest = i / N_NUMBERS / N_NUMBERS;
        unsigned access = (unsigned)(rest % 7) + 1;
        char type = rest / 7 ? 'b' : 'c';
        bool want = naive(rules, n, type, major, minor, access);
        bool got = run_filter(plan.device_prog, plan.n_device_prog, type, major, minor, access);
        if (want != got)
            ck_abort_msg("%c %ld:%ld access %u: want %d", type, (long)major, (long)minor, access,
                         want);
        if (!has_v1)
            continue;
        got = model_allows(&m, type, major, minor, access);
        /* v1 wants one exception that covers all: it may refuse "rw" where "r" and "w" come from
         * wildcards that cross. It must never allow more. */
        if (want != got && !(want && (access & (access - 1))))
            ck_abort_msg("v1 %c %ld:%ld access %u: want %d", type, (long)major, (long)minor, access,
                         want);
    }
    return has_v1;
}

static struct oci_device_cgroup rule(bool allow, int type, const int64_t *major,
                                     const int64_t *minor, const char *access)
{
    return (struct oci_device_cgroup){allow, type, (int64_t *)major, (int64_t *)minor,
                                      (char *)access};
}

START_TEST(filters_of_the_rules_that_engines_send_mean_what_the_rules_mean)
{
    struct oci_device_cgroup docker[] = {
        rule(false, 'a', NULL, NULL, "rwm"),     rule(true, 'c', I64(1), I64(5), "rwm"),
        rule(true, 'c', I64(1), I64(3), "rwm"),  rule(true, 'c', I64(1), I64(9), "rwm"),
        rule(true, 'c', I64(1), I64(8), "rwm"),  rule(true, 'c', I64(5), I64(0), "rwm"),
        rule(true, 'c', I64(5), I64(1), "rwm"),  rule(false, 'c', I64(7), I64(229), "rwm"),
        rule(true, 'c', I64(7), I64(229), "rw"),
    };
    struct oci_device_cgroup privileged[] = {docker[0], docker[1],
                                             rule(true, 'a', NULL, NULL, "rwm")};
    struct oci_device_cgroup holes[] = {
        rule(true, 'a', NULL, NULL, "rwm"),
        rule(false, 'c', I64(1), I64(3), "w"),
        rule(false, 'b', NULL, I64(2), "m"),
    };

    ck_assert(compare_rules(NULL, 0));
    ck_assert(compare_rules(docker, 1));
    ck_assert(compare_rules(docker, SU_ARRAY_SIZE(docker)));
    ck_assert(compare_rules(privileged, SU_ARRAY_SIZE(privileged)));
    ck_assert(compare_rules(holes, SU_ARRAY_SIZE(holes)));
}
END_TEST

START_TEST(filters_of_random_rules_mean_what_the_rules_mean)
{
    static const char *const accesses[] = {"r", "w", "m", "rw", "rm", "wm", "rwm", "rwm"};
    static const int64_t small[] = {1, 3, 5, 136};
    unsigned v1_could = 0;

    srandom(4711);
    for (int round = 0; round < 400; round++) {
        struct oci_device_cgroup rules[12];
        size_t n = (size_t)random() % SU_ARRAY_SIZE(rules);
        for (size_t i = 0; i < n; i++) {
            rules[i] = rule(random() % 2, "abccbc"[random() % 6],
                            random() % 3 ? &small[random() % 4] : NULL,
                            random() % 3 ? &small[random() % 4] : NULL, accesses[random() % 8]);
        }
        v1_could += compare_rules(rules, n);
        su_arena_free(&arena);
    }
    /* Else the half of this test that is about v1 tests nothing. */
    ck_assert_uint_gt(v1_could, 40);
}
END_TEST

START_TEST(v1_rules_are_written_without_repetition)
{
    struct oci_device_cgroup rules[] = {
        rule(true, 'c', I64(9), I64(9), "rwm"),  rule(false, 'a', NULL, NULL, "rwm"),
        rule(true, 'c', I64(1), I64(3), "rw"),   rule(true, 'c', I64(10), I64(229), "r"),
        rule(true, 'c', I64(10), I64(229), "w"), rule(true, 'b', I64(8), NULL, "r"),
        rule(false, 'b', I64(8), NULL, "rwm"),
    };
    struct oci_resources res = {.devices = {rules, SU_ARRAY_SIZE(rules)}};
    struct sb_cgroup_plan plan;

    ck_ok(plan_for(&v1, "/x", &res, &plan));
    ck_assert_str_eq(writes_text(&plan, true),
                     "deny a\nallow c 1:3 rwm\nallow c 10:229 rwm\nallow c *:* m ?\n"
                     "allow b *:* m ?\nallow c 1:7 rwm ?\nallow c 1:8 rwm ?\nallow c 5:1 rwm ?\n"
                     "allow c 5:2 rwm ?\nallow c 136:* rwm ?\nallow c 5:0 rwm ?\n"
                     "allow c 1:5 rwm ?\nallow c 1:9 rwm ?\n");
}
END_TEST

START_TEST(privileged_containers_get_no_filter)
{
    struct oci_device_cgroup all = rule(true, 'a', NULL, NULL, "rwm");
    struct oci_resources res = {.devices = {&all, 1}};
    struct sb_cgroup_plan plan;

    ck_ok(plan_for(&v2, "/x", &res, &plan));
    ck_assert_ptr_null(plan.device_prog);
    ck_ok(plan_for(&v1, "/x", &res, &plan));
    ck_assert_str_eq(writes_text(&plan, true), "allow a ?\n");
    ck_ok(plan_for(&none, "/x", &res, &plan));
}
END_TEST

START_TEST(bad_device_rules_are_refused)
{
    struct {
        struct oci_device_cgroup rule;
        const char *message;
    } cases[] = {
        {rule(true, 'c', I64(-2), NULL, "r"), "linux.resources.devices[0]: -2 is not a device "
                                              "number"},
        {rule(true, 'c', NULL, I64(1ll << 32), "r"),
         "linux.resources.devices[0]: 4294967296 is not a device number"},
        {rule(true, 'p', NULL, NULL, "r"),
         "linux.resources.devices[0]: type is not one of \"a\", \"b\", \"c\""},
        {rule(true, 'c', NULL, NULL, "rx"),
         "linux.resources.devices[0]: access \"rx\" is not made of \"r\", \"w\" and \"m\""},
    };

    for (size_t i = 0; i < SU_ARRAY_SIZE(cases); i++) {
        struct oci_resources res = {.devices = {&cases[i].rule, 1}};
        struct sb_cgroup_plan plan;
        ck_assert_int_eq(plan_for(&v2, "/x", &res, &plan), -EINVAL);
        ck_assert_str_eq(err.msg, cases[i].message);
    }
}
END_TEST

START_TEST(device_rules_that_no_hierarchy_can_enforce_are_refused)
{
    struct oci_device_cgroup deny = rule(false, 'a', NULL, NULL, "rwm");
    struct oci_resources res = {.devices = {&deny, 1}};
    struct sb_cgroup_plan plan;

    ck_assert_int_eq(plan_for(&poor, "/x", &res, &plan), -EINVAL);
    ck_assert_str_eq(err.json_path, "linux.resources.devices");
    /* Nobody asked: no error. */
    ck_ok(plan_for(&poor, "/x", NULL, &plan));
}
END_TEST

START_TEST(device_numbers_beyond_the_kernel_s_never_match)
{
    struct oci_device_cgroup rules[] = {rule(false, 'a', NULL, NULL, "rwm"),
                                        rule(true, 'c', I64(0xffffffff), NULL, "rwm"),
                                        rule(true, 'c', I64(0x7fffffff), I64(-1), "rwm")};

    ck_assert(compare_rules(rules, 2));
    struct oci_resources res = {.devices = {rules, 3}};
    struct sb_cgroup_plan plan;
    ck_ok(plan_for(&v2, "/x", &res, &plan));
    ck_assert(!run_filter(plan.device_prog, plan.n_device_prog, 'c', 0x7ffffffe, 0, 1));
    ck_assert(run_filter(plan.device_prog, plan.n_device_prog, 'c', 0x7fffffff, 77, 1));
}
END_TEST

/* --- small parts --------------------------------------------------------------------------------
 */

START_TEST(events_are_found_by_their_whole_name)
{
    ck_assert_int_eq(sb_cg_event("populated 1\nfrozen 0\n", "frozen"), 0);
    ck_assert_int_eq(sb_cg_event("populated 1\nfrozen 0\n", "populated"), 1);
    ck_assert_int_eq(sb_cg_event("populated 1\n", "popul"), -1);
    ck_assert_int_eq(sb_cg_event("", "frozen"), -1);
}
END_TEST

START_TEST(controllers_are_the_same_in_any_order)
{
    ck_assert(sb_cg_same_words("cpu,cpuacct", "cpuacct,cpu"));
    ck_assert(sb_cg_same_words("memory", "memory"));
    ck_assert(!sb_cg_same_words("cpu,cpuacct", "cpu,cpuset0"));
    ck_assert(!sb_cg_same_words("cpu", "cpu,cpuacct"));
    ck_assert(sb_cg_has_word("cpu,cpuacct", "cpu"));
    ck_assert(!sb_cg_has_word("cpuset,cpuacct", "cpu"));
}
END_TEST

START_TEST(the_table_of_the_state_file_s_part_names_both_lists)
{
    ck_assert_uint_eq(sb_type_cgroup_ref.size, sizeof(struct sb_cgroup_ref));
    ck_assert_uint_eq(sb_type_cgroup_ref.n_fields, 2);
    ck_assert_str_eq(sb_type_cgroup_ref.fields[0].name, "paths");
    ck_assert_str_eq(sb_type_cgroup_ref.fields[1].name, "parents");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cgroup");
    TCase *tc = tcase_create("plan");

    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, NULL, teardown);
    tcase_add_loop_test(tc, folders_are_where_path_and_host_say, 0, SU_ARRAY_SIZE(place_cases));
    tcase_add_test(tc, v2_default_place_with_limits_is_beside_the_own_group);
    tcase_add_test(tc, limits_without_a_path_add_only_the_folders_that_they_need);
    tcase_add_loop_test(tc, bad_cgroups_path_is_refused, 0, SU_ARRAY_SIZE(bad_paths));
    tcase_add_test(tc, systemd_paths_are_told_from_paths);
    tcase_add_test(tc, ignored_cgroups_are_an_empty_plan);
    tcase_add_test(tc, rootless_without_limits_is_best_effort);
    tcase_add_loop_test(tc, limits_become_the_writes_of_the_host_s_kind, 0,
                        SU_ARRAY_SIZE(limit_cases));
    tcase_add_test(tc, a_limit_whose_controller_is_not_mounted_is_refused);
    tcase_add_test(tc, an_absent_controller_that_nobody_asks_for_is_no_matter);
    tcase_add_test(tc, v2_limits_name_the_controllers_to_enable_once_each);
    tcase_add_test(tc, filters_of_the_rules_that_engines_send_mean_what_the_rules_mean);
    tcase_add_test(tc, filters_of_random_rules_mean_what_the_rules_mean);
    tcase_add_test(tc, v1_rules_are_written_without_repetition);
    tcase_add_test(tc, privileged_containers_get_no_filter);
    tcase_add_test(tc, bad_device_rules_are_refused);
    tcase_add_test(tc, device_rules_that_no_hierarchy_can_enforce_are_refused);
    tcase_add_test(tc, device_numbers_beyond_the_kernel_s_never_match);
    tcase_add_test(tc, events_are_found_by_their_whole_name);
    tcase_add_test(tc, controllers_are_the_same_in_any_order);
    tcase_add_test(tc, the_table_of_the_state_file_s_part_names_both_lists);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
