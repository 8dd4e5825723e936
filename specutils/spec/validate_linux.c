/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of the rest of config-linux.md: devices, paths, seccomp, memory policy and the like. */
#include <linux/mempolicy.h>
#include <specutils/namespace.h>

#include "spec_private.h"
#include "table.h"

typedef int check_fn(const struct oci_linux *linux_, struct su_error *err);

static int check_numbers(const struct oci_linux_device *device, struct place place,
                         struct su_error *err)
{
    /* What fits into the kernel's dev_t. */
    const struct {
        const char *member;
        const int64_t *value;
        int64_t max;
    } numbers[] = {{"major", device->major, 0xfff}, {"minor", device->minor, 0xfffff}};

    for (size_t i = 0; i < SU_ARRAY_SIZE(numbers); i++) {
        place.member = numbers[i].member;
        if (!numbers[i].value)
            return su_bad(err, place, "missing, expected a whole number");
        if (*numbers[i].value < 0 || *numbers[i].value > numbers[i].max)
            return su_bad(err, place, "%lld is out of range, expected 0 to %lld",
                          (long long)*numbers[i].value, (long long)numbers[i].max);
    }
    return 0;
}

static int check_device(const struct oci_linux_device *device, size_t index, struct su_error *err)
{
    struct place place = {.object = "linux", .list = "devices", .index = index};

    place.member = "path";
    int rc = su_check_absolute(device->path, place, err);
    if (rc == 0)
        rc = su_check_no_dotdot(device->path, place, err);
    if (rc == 0 && device->type != 'p')
        rc = check_numbers(device, place, err);
    return rc;
}

static int compare_devices(const void *a, const void *b)
{
    const struct oci_linux_device *const *left = a, *const *right = b;
    int order = strcmp((*left)->path, (*right)->path);

    return order ? order : (*left > *right) - (*left < *right);
}

static bool are_same_device(const struct oci_linux_device *a, const struct oci_linux_device *b)
{
    /* 'u' is another word for 'c'. */
    bool same_type = (a->type == 'u' ? 'c' : a->type) == (b->type == 'u' ? 'c' : b->type);

    return same_type && (a->type == 'p' || (*a->major == *b->major && *a->minor == *b->minor));
}

/* One path cannot be two devices. */
static int check_device_paths(const struct oci_linux *linux_, struct su_error *err)
{
    size_t n = linux_->devices.n;
    _cleanup_free_ const struct oci_linux_device **sorted = calloc(n + 1, sizeof(*sorted));

    if (!sorted)
        return su_fail(err, ENOMEM, "no memory to check %zu devices", n);
    for (size_t i = 0; i < n; i++)
        sorted[i] = &linux_->devices.v[i];
    qsort(sorted, n, sizeof(*sorted), compare_devices);
    for (size_t i = 1; i < n; i++) {
        if (!su_streq(sorted[i - 1]->path, sorted[i]->path) ||
            are_same_device(sorted[i - 1], sorted[i]))
            continue;
        struct place place = {.object = "linux",
                              .list = "devices",
                              .index = (size_t)(sorted[i] - linux_->devices.v),
                              .member = "path"};
        return su_bad_value(err, place, sorted[i]->path, "is another device in entry %td",
                            sorted[i - 1] - linux_->devices.v);
    }
    return 0;
}

static int check_devices(const struct oci_linux *linux_, struct su_error *err)
{
    for (size_t i = 0; i < linux_->devices.n; i++) {
        int rc = check_device(&linux_->devices.v[i], i, err);
        if (rc < 0)
            return rc;
    }
    return linux_->devices.n > 1 ? check_device_paths(linux_, err) : 0;
}

static int check_path_list(const struct su_strv *list, const char *name, struct su_error *err)
{
    for (size_t i = 0; i < list->n; i++) {
        struct place place = {.object = "linux", .list = name, .index = i};
        int rc = su_check_absolute(list->v[i], place, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int check_paths(const struct oci_linux *linux_, struct su_error *err)
{
    const struct place place = {.object = "linux.cgroupsPath"};

    int rc = check_path_list(&linux_->masked_paths, "maskedPaths", err);
    if (rc == 0)
        rc = check_path_list(&linux_->readonly_paths, "readonlyPaths", err);
    if (rc == 0 && linux_->cgroups_path)
        rc = su_check_no_dotdot(linux_->cgroups_path, place, err);
    return rc;
}

static int check_seccomp(const struct oci_linux *linux_, struct su_error *err)
{
    const struct oci_seccomp *seccomp = linux_->seccomp;

    if (!seccomp)
        return 0;
    bool has_path = seccomp->listener_path && *seccomp->listener_path;
    if (seccomp->listener_metadata && *seccomp->listener_metadata && !has_path)
        return su_bad(err, (struct place){.object = "linux.seccomp.listenerMetadata"},
                      "set, but listenerPath is not");
    for (size_t i = 0; i < seccomp->syscalls.n; i++) {
        struct place place = {
            .object = "linux.seccomp", .list = "syscalls", .index = i, .member = "names"};
        if (seccomp->syscalls.v[i].names.n == 0)
            return su_bad(err, place, "empty, expected at least one system call");
    }
    return 0;
}

static int check_schema_line(const char *line, const char *prefix, struct place place,
                             struct su_error *err)
{
    if (strchr(line, '\n'))
        return su_bad(err, place, "has a line end, expected one line");
    if (prefix && *line && !su_has_prefix(line, prefix))
        return su_bad_value(err, place, line, "does not begin with \"%s\"", prefix);
    return 0;
}

static int check_intel_rdt(const struct oci_linux *linux_, struct su_error *err)
{
    const struct oci_intel_rdt *rdt = linux_->intel_rdt;
    struct place place = {.object = "linux.intelRdt", .member = "closID"};
    int rc = 0;

    if (!rdt)
        return 0;
    const char *id = rdt->clos_id;
    /* It becomes a folder's name in resctrl; "/" alone is the root of it. */
    if (id && (su_streq(id, ".") || su_streq(id, "..") || (strchr(id, '/') && !su_streq(id, "/"))))
        return su_bad_value(err, place, id, "is not a name of a folder, expected one, or \"/\"");
    place.member = "l3CacheSchema";
    if (rdt->l3_cache_schema)
        rc = check_schema_line(rdt->l3_cache_schema, NULL, place, err);
    place.member = "memBwSchema";
    if (rc == 0 && rdt->mem_bw_schema)
        rc = check_schema_line(rdt->mem_bw_schema, "MB:", place, err);
    place.member = NULL;
    place.list = "schemata";
    for (size_t i = 0; rc == 0 && i < rdt->schemata.n; i++) {
        place.index = i;
        rc = check_schema_line(rdt->schemata.v[i], NULL, place, err);
    }
    return rc;
}

enum nodes_rule { NODES_OPTIONAL, NODES_NEEDED, NODES_REFUSED };

static enum nodes_rule nodes_rule(int mode)
{
    switch (mode) {
    case MPOL_DEFAULT:
    case MPOL_LOCAL:
        return NODES_REFUSED;
    case MPOL_PREFERRED:
        return NODES_OPTIONAL;
    default:
        return NODES_NEEDED;
    }
}

static int check_policy_flags(const struct oci_memory_policy *policy, bool has_nodes,
                              struct su_error *err)
{
    enum { NUMA_BALANCING = 1 << 13, RELATIVE_NODES = 1 << 14, STATIC_NODES = 1 << 15 };
    const struct place place = {.object = "linux.memoryPolicy.flags"};
    int flags = 0;

    for (size_t i = 0; i < policy->flags.n; i++)
        flags |= policy->flags.v[i];
    if (flags & RELATIVE_NODES && flags & STATIC_NODES)
        return su_bad(err, place,
                      "MPOL_F_RELATIVE_NODES and MPOL_F_STATIC_NODES exclude each other");
    if (flags & (RELATIVE_NODES | STATIC_NODES) && !has_nodes && policy->mode != MPOL_DEFAULT)
        return su_bad(err, place, "MPOL_F_RELATIVE_NODES and MPOL_F_STATIC_NODES need nodes");
    if (flags & NUMA_BALANCING && policy->mode != MPOL_BIND && policy->mode != 5)
        return su_bad(err, place,
                      "MPOL_F_NUMA_BALANCING needs mode MPOL_BIND or MPOL_PREFERRED_MANY");
    return 0;
}

static int check_memory_policy(const struct oci_linux *linux_, struct su_error *err)
{
    const struct oci_memory_policy *policy = linux_->memory_policy;
    const struct place place = {.object = "linux.memoryPolicy.nodes"};

    if (!policy)
        return 0;
    const char *mode = su_enum_name(su_words_memory_policies, policy->mode);
    bool has_nodes = policy->nodes && *policy->nodes;
    enum nodes_rule rule = nodes_rule(policy->mode);
    if (rule == NODES_NEEDED && !has_nodes)
        return su_bad(err, place, "missing, %s needs at least one node", mode ? mode : "the mode");
    if (rule == NODES_REFUSED && has_nodes)
        return su_bad_value(err, place, policy->nodes, "not possible with %s",
                            mode ? mode : "the mode");
    int rc = has_nodes ? su_check_number_list(policy->nodes, place, err) : 0;
    return rc < 0 ? rc : check_policy_flags(policy, has_nodes, err);
}

static int check_personality(const struct oci_linux *linux_, struct su_error *err)
{
    const struct oci_personality *personality = linux_->personality;

    if (!personality || personality->flags.n == 0)
        return 0;
    struct place place = {.object = "linux.personality", .list = "flags"};
    return su_bad_value(err, place, personality->flags.v[0],
                        "not supported, expected no flags at all");
}

static int check_resources(const struct oci_linux *linux_, struct su_error *err)
{
    return linux_->resources ? su_validate_resources(linux_->resources, "linux.resources", err) : 0;
}

int su_validate_linux(const struct oci_spec *spec, struct su_error *err)
{
    static check_fn *const checks[] = {
        check_devices,   check_paths,         check_resources,   check_seccomp,
        check_intel_rdt, check_memory_policy, check_personality,
    };
    /* hostname is checked against the namespaces even where there are none at all. */
    struct oci_linux none = {0};
    struct oci_spec whole = *spec;

    if (!whole.linux_)
        whole.linux_ = &none;
    int rc = su_validate_namespaces(&whole, err);
    for (size_t i = 0; rc == 0 && i < SU_ARRAY_SIZE(checks); i++)
        rc = checks[i](whole.linux_, err);
    return rc;
}
