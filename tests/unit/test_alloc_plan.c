/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plans without memory: of a cgroup on each kind of host, and of a whole container. A plan that
 * cannot be made leaves nothing, and one that is made without memory is no other plan.
 */
#include <specutils/specutils.h>

#include "cgroup/cgroup.h"
#include "plan.h"
#include "alloc_faults.h"

static struct sb_cgroup_hierarchy v1_list[] = {
    {"name=systemd", "/sys/fs/cgroup/systemd", "/a"},
    {"pids", "/sys/fs/cgroup/pids", "/a"},
    {"blkio", "/sys/fs/cgroup/blkio", "/"},
    {"freezer", "/sys/fs/cgroup/freezer", "/"},
    {"devices", "/sys/fs/cgroup/devices", "/"},
    {"memory", "/sys/fs/cgroup/memory", "/a"},
    {"cpuset", "/sys/fs/cgroup/cpuset", "/"},
    {"cpu,cpuacct", "/sys/fs/cgroup/cpu,cpuacct", "/"},
    {"net_cls,net_prio", "/sys/fs/cgroup/net_cls,net_prio", "/"},
    {"hugetlb", "/sys/fs/cgroup/hugetlb", "/"},
    {"", "/sys/fs/cgroup/unified", "/a"},
};
static struct sb_cgroup_hierarchy v2_list[] = {{"", "/sys/fs/cgroup", "/a/b"}};

static const struct sb_cgroup_host hosts[] = {
    {SB_CGROUP_NONE, NULL, 0},
    {SB_CGROUP_V1, v1_list, SU_ARRAY_SIZE(v1_list) - 1},
    {SB_CGROUP_HYBRID, v1_list, SU_ARRAY_SIZE(v1_list)},
    {SB_CGROUP_V2, v2_list, 1},
};

static const char *const files[] = {
    "cli/config.json",
    "spec/docker-28.5--run-bind--config.json",
    "spec/docker-20.10--run-blkio--config.json",
    "spec/podman-5.8--run-resources--config.json",
    "spec/containerd-2.1--cri-hostnetwork-privileged-pod--config.json",
};

struct input {
    struct su_spec spec;
    const struct sb_cgroup_host *host;
};

static void load(struct su_spec *spec, const char *file)
{
    _cleanup_free_ char *path = NULL;
    _cleanup_free_ char *text = NULL;
    size_t len;

    ck_assert_int_ge(asprintf(&path, "%s/%s", TEST_DATA, file), 0);
    ck_assert_int_eq(su_read_file_at(AT_FDCWD, path, 1 << 20, &text, &len), 0);
    ck_assert_int_eq(su_json_decode(&su_type_oci_spec, text, len, &spec->arena, &spec->oci, NULL),
                     0);
    ck_assert_ptr_nonnull(spec->oci.root);
    spec->oci.root->path = (char *)"/";
}

static void add_cgroup(struct su_strbuf *sb, const struct sb_cgroup_plan *plan)
{
    for (size_t i = 0; i < plan->n_dirs; i++)
        su_strbuf_printf(sb, "%s\n", plan->dirs[i].path);
    for (size_t i = 0; i < plan->n_writes; i++)
        su_strbuf_printf(sb, "%s=%s\n", plan->writes[i].file, plan->writes[i].value);
    for (size_t i = 0; i < plan->n_enable; i++)
        su_strbuf_printf(sb, "+%s\n", plan->enable[i]);
    su_strbuf_printf(sb, "%zu\n", plan->n_device_prog);
}

static int plan_cgroup(struct attempt *a)
{
    const struct input *in = a->input;
    const struct oci_linux *linux_ = in->spec.oci.linux_;
    const struct sb_cgroup_opts opts = {
        .id = "box", .cgroups_path = linux_->cgroups_path, .resources = linux_->resources};
    _cleanup_arena_ struct su_arena arena = {0};
    struct sb_cgroup_plan plan;

    arm(a);
    int rc = sb_cgroup_plan(&arena, in->host, &opts, &plan, a->err);
    disarm();
    if (rc == 0)
        add_cgroup(&a->text, &plan);
    return rc;
}

START_TEST(cgroup_is_planned_without_memory)
{
    struct input in = {.host = &hosts[_i % 4]};

    load(&in.spec, files[_i / 4]);
    unsigned long n = try_every_allocation(plan_cgroup, &in);
    if (in.host->n)
        ck_assert_uint_gt(n, 5);
    su_spec_free(&in.spec);
}
END_TEST

static int probe(struct attempt *a)
{
    _cleanup_arena_ struct su_arena arena = {0};
    struct sb_cgroup_host host;

    arm(a);
    int rc = sb_cgroup_probe(&arena, &host, a->err);
    disarm();
    for (size_t i = 0; rc == 0 && i < host.n; i++)
        su_strbuf_printf(&a->text, "%s %s %s\n", host.v[i].controllers, host.v[i].mount,
                         host.v[i].own_path);
    return rc;
}

START_TEST(host_is_probed_without_memory)
{
    try_every_allocation(probe, NULL);
}
END_TEST

static void add_plan(struct su_strbuf *sb, const struct sb_plan *plan)
{
    add_cgroup(sb, &plan->cgroup);
    for (size_t i = 0; i < plan->n_mounts; i++) {
        const struct sb_mount_step *step = &plan->mounts[i];
        su_strbuf_printf(sb, "%d %s %s %s %zu %d %d\n", step->kind, step->target,
                         step->source ? step->source : "-",
                         step->legacy_data ? step->legacy_data : "-", step->n_options,
                         step->optional, step->ordinary_target);
    }
    for (size_t i = 0; i < plan->n_devices; i++)
        su_strbuf_printf(sb, "%s\n", plan->devices[i].path);
    for (size_t i = 0; i < plan->n_sysctls; i++)
        su_strbuf_printf(sb, "%s=%s\n", plan->sysctls[i].path, plan->sysctls[i].value);
    for (char **p = plan->process.argv; *p; p++)
        su_strbuf_printf(sb, "%s\n", *p);
    for (char **p = plan->process.env; *p; p++)
        su_strbuf_printf(sb, "%s\n", *p);
    su_strbuf_printf(
        sb, "%zu %zu %zu %llx %zu %s%s\n", plan->process.n_groups, plan->process.n_rlimits,
        plan->process.seccomp.n, (unsigned long long)plan->process.caps.permitted, plan->n_uid_maps,
        plan->state_head ? plan->state_head : "", plan->state_tail ? plan->state_tail : "");
}

static int plan_container(struct attempt *a)
{
    const struct sb_create_opts opts = {.root = "/run", .id = "box", .bundle = "/"};
    const struct input *in = a->input;
    struct sb_plan plan;

    arm(a);
    int rc = sb_plan_make(&opts, &in->spec, &plan, a->err);
    disarm();
    if (rc == 0)
        add_plan(&a->text, &plan);
    sb_plan_free(&plan);
    return rc;
}

START_TEST(container_is_planned_without_memory)
{
    struct input in = {0};

    load(&in.spec, files[_i]);
    ck_assert_uint_gt(try_every_allocation(plan_container, &in), 50);
    su_spec_free(&in.spec);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("alloc_plan");
    TCase *tc = tcase_create("faults");

    tcase_set_timeout(tc, 100);
    tcase_add_test(tc, host_is_probed_without_memory);
    tcase_add_loop_test(tc, cgroup_is_planned_without_memory, 0, 4 * SU_ARRAY_SIZE(files));
    tcase_add_loop_test(tc, container_is_planned_without_memory, 0, SU_ARRAY_SIZE(files));
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
