/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of resource limits, for a whole spec as well as for a document given to update. */
#include "spec_private.h"

typedef int check_fn(const struct oci_resources *resources, const char *path, struct su_error *err);

static int check_device_rules(const struct oci_resources *r, const char *path, struct su_error *err)
{
    for (size_t i = 0; i < r->devices.n; i++) {
        const struct oci_device_cgroup *rule = &r->devices.v[i];
        struct place place = {.object = path, .list = "devices", .index = i, .member = "access"};
        if (rule->access && rule->access[strspn(rule->access, "rwm")])
            return su_bad_value(err, place, rule->access, "is no access, expected letters of rwm");
        /* Some engines write -1 for a wildcard. */
        place.member = "major";
        if (rule->major && *rule->major < -1)
            return su_bad(err, place, "%lld is no device number", (long long)*rule->major);
        place.member = "minor";
        if (rule->minor && *rule->minor < -1)
            return su_bad(err, place, "%lld is no device number", (long long)*rule->minor);
    }
    return 0;
}

static int check_memory(const struct oci_resources *r, const char *path, struct su_error *err)
{
    const struct oci_memory *m = r->memory;

    if (!m)
        return 0;
    const struct {
        const char *member;
        const int64_t *value;
    } limits[] = {
        {"memory.limit", m->limit},
        {"memory.reservation", m->reservation},
        {"memory.swap", m->swap},
        {"memory.kernel", m->kernel},
        {"memory.kernelTCP", m->kernel_tcp},
    };
    for (size_t i = 0; i < SU_ARRAY_SIZE(limits); i++)
        if (limits[i].value && *limits[i].value < -1)
            return su_bad(err, (struct place){.object = path, .member = limits[i].member},
                          "%lld is out of range, expected bytes, or -1 for no limit",
                          (long long)*limits[i].value);
    if (m->swappiness && *m->swappiness > 100)
        return su_bad(err, (struct place){.object = path, .member = "memory.swappiness"},
                      "%llu is out of range, expected 0 to 100",
                      (unsigned long long)*m->swappiness);
    return 0;
}

static int check_cpu(const struct oci_resources *r, const char *path, struct su_error *err)
{
    const struct oci_cpu *cpu = r->cpu;
    int rc = 0;

    if (!cpu)
        return 0;
    if (cpu->quota && cpu->burst && *cpu->quota > 0 && *cpu->burst > (uint64_t)*cpu->quota)
        return su_bad(err, (struct place){.object = path, .member = "cpu.burst"},
                      "%llu is over the quota, %lld", (unsigned long long)*cpu->burst,
                      (long long)*cpu->quota);
    if (cpu->idle && (*cpu->idle < 0 || *cpu->idle > 1))
        return su_bad(err, (struct place){.object = path, .member = "cpu.idle"},
                      "%lld is out of range, expected 0 or 1", (long long)*cpu->idle);
    if (cpu->cpus)
        rc = su_check_number_list(cpu->cpus, (struct place){.object = path, .member = "cpu.cpus"},
                                  err);
    if (rc == 0 && cpu->mems)
        rc = su_check_number_list(cpu->mems, (struct place){.object = path, .member = "cpu.mems"},
                                  err);
    return rc;
}

static int check_pids(const struct oci_resources *r, const char *path, struct su_error *err)
{
    if (!r->pids || !r->pids->limit || *r->pids->limit >= -1)
        return 0;
    return su_bad(err, (struct place){.object = path, .member = "pids.limit"},
                  "%lld is out of range, expected a number, or -1 for no limit",
                  (long long)*r->pids->limit);
}

static int check_block_io(const struct oci_resources *r, const char *path, struct su_error *err)
{
    for (size_t i = 0; r->block_io && i < r->block_io->weight_device.n; i++) {
        const struct oci_weight_device *device = &r->block_io->weight_device.v[i];
        struct place place = {.object = path, .list = "blockIO.weightDevice", .index = i};
        if (!device->weight && !device->leaf_weight)
            return su_bad(err, place, "has no weight, expected weight or leafWeight");
    }
    return 0;
}

/* "64KB", "2MB", "1GB". */
static bool is_page_size(const char *text)
{
    size_t digits = strspn(text, "0123456789");

    return digits > 0 && text[0] != '0' && text[digits] && strchr("KMG", text[digits]) &&
           su_streq(text + digits + 1, "B");
}

static int check_hugepages(const struct oci_resources *r, const char *path, struct su_error *err)
{
    for (size_t i = 0; i < r->hugepage_limits.n; i++) {
        const char *size = r->hugepage_limits.v[i].page_size;
        struct place place = {
            .object = path, .list = "hugepageLimits", .index = i, .member = "pageSize"};
        if (!size || !is_page_size(size))
            return su_bad_value(err, place, size ? size : "",
                                "is not a page size, expected one like \"2MB\"");
    }
    return 0;
}

static int check_rdma(const struct oci_resources *r, const char *path, struct su_error *err)
{
    for (size_t i = 0; i < r->rdma.n; i++) {
        const struct oci_rdma *device = &r->rdma.v[i];
        struct place place = {.object = path, .list = "rdma", .key = device->key};
        if (!device->hca_handles && !device->hca_objects)
            return su_bad(err, place, "has no limit, expected hcaHandles or hcaObjects");
    }
    return 0;
}

/* The keys are names of files in the container's cgroup; a path would lead out of it. */
static int check_unified(const struct oci_resources *r, const char *path, struct su_error *err)
{
    for (size_t i = 0; i < r->unified.n; i++) {
        const char *key = r->unified.v[i].key;
        struct place place = {.object = path, .list = "unified", .key = key};
        if (!*key || strchr(key, '/') || su_streq(key, ".") || su_streq(key, ".."))
            return su_bad(err, place,
                          "not a name of a cgroup file, expected one like "
                          "\"memory.max\"");
    }
    return 0;
}

int su_validate_resources(const struct oci_resources *resources, const char *path,
                          struct su_error *err)
{
    static check_fn *const checks[] = {
        check_device_rules, check_memory,    check_cpu,  check_pids,
        check_block_io,     check_hugepages, check_rdma, check_unified,
    };

    for (size_t i = 0; i < SU_ARRAY_SIZE(checks); i++) {
        int rc = checks[i](resources, path, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}
