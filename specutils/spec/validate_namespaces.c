/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of namespaces, and of what makes sense only inside one of its own: host names, id
 * mappings, clock offsets, network devices, kernel parameters. */
#include <sched.h>
#include <specutils/namespace.h>

#include "spec_private.h"
#include "table.h"

enum { NEWTIME = 0x80 }; /* CLONE_NEWTIME, which older headers lack */

static int check_namespaces(const struct oci_spec *spec, struct su_error *err)
{
    unsigned seen = 0;

    for (size_t i = 0; i < spec->linux_->namespaces.n; i++) {
        const struct oci_linux_namespace *ns = &spec->linux_->namespaces.v[i];
        struct place place = {
            .object = "linux", .list = "namespaces", .index = i, .member = "type"};
        const char *name = su_enum_name(su_words_namespaces, ns->type);
        if (!name)
            return su_bad(err, place, "%#x is not a namespace", (unsigned)ns->type);
        if (seen & (unsigned)ns->type)
            return su_bad_value(err, place, name, "stands there twice, expected once");
        seen |= (unsigned)ns->type;
        place.member = "path";
        int rc = ns->path && *ns->path ? su_check_absolute(ns->path, place, err) : 0;
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int check_host_names(const struct oci_spec *spec, struct su_error *err)
{
    const struct {
        const char *member, *value;
    } names[] = {{"hostname", spec->hostname}, {"domainname", spec->domainname}};
    enum { NAME_MAX_BYTES = 64 }; /* __NEW_UTS_LEN */

    for (size_t i = 0; i < SU_ARRAY_SIZE(names); i++) {
        const struct place place = {.object = names[i].member};
        if (!names[i].value || !*names[i].value)
            continue;
        if (strlen(names[i].value) > NAME_MAX_BYTES)
            return su_bad_value(err, place, names[i].value,
                                "is too long, expected at most %d bytes", NAME_MAX_BYTES);
        /* Without one, the host's own name would be changed. */
        if (!su_get_ns(CLONE_NEWUTS, spec))
            return su_bad_value(err, place, names[i].value,
                                "needs a uts namespace in linux.namespaces");
    }
    return 0;
}

static int check_user_mappings(const struct oci_spec *spec, struct su_error *err)
{
    const struct oci_linux *linux_ = spec->linux_;
    const char *member = linux_->uid_mappings.n   ? "linux.uidMappings"
                         : linux_->gid_mappings.n ? "linux.gidMappings"
                                                  : NULL;

    if (!member)
        return 0;
    if (!su_get_ns(CLONE_NEWUSER, spec))
        return su_bad(err, (struct place){.object = member},
                      "needs a user namespace in linux.namespaces");
    int rc = su_check_id_mappings(linux_->uid_mappings.v, linux_->uid_mappings.n,
                                  "linux.uidMappings", err);
    return rc < 0 ? rc
                  : su_check_id_mappings(linux_->gid_mappings.v, linux_->gid_mappings.n,
                                         "linux.gidMappings", err);
}

static int check_time_offsets(const struct oci_spec *spec, struct su_error *err)
{
    const struct oci_linux *linux_ = spec->linux_;

    if (linux_->time_offsets.n == 0)
        return 0;
    const struct oci_linux_namespace *ns = su_get_ns(NEWTIME, spec);
    if (!ns || (ns->path && *ns->path))
        return su_bad(err, (struct place){.object = "linux.timeOffsets"},
                      "needs a new time namespace in linux.namespaces");
    for (size_t i = 0; i < linux_->time_offsets.n; i++) {
        const struct oci_time_offset *offset = &linux_->time_offsets.v[i];
        struct place place = {.object = "linux.timeOffsets", .key = offset->key};
        if (!su_streq(offset->key, "monotonic") && !su_streq(offset->key, "boottime"))
            return su_bad(err, place, "no such clock, expected \"monotonic\" or \"boottime\"");
        place.member = "nanosecs";
        if (offset->nanosecs > 999999999)
            return su_bad(err, place, "%u is out of range, expected 0 to 999999999",
                          offset->nanosecs);
    }
    return 0;
}

/* The kernel's rule for names of network devices. */
static bool is_device_name(const char *name)
{
    enum { NAME_MAX_BYTES = 15 }; /* IFNAMSIZ - 1 */

    return *name && strlen(name) <= NAME_MAX_BYTES && !su_streq(name, ".") &&
           !su_streq(name, "..") && !strpbrk(name, "/: \t\n\v\f\r");
}

static int check_net_devices(const struct oci_spec *spec, struct su_error *err)
{
    const struct oci_linux *linux_ = spec->linux_;

    if (linux_->net_devices.n == 0)
        return 0;
    if (!su_get_ns(CLONE_NEWNET, spec))
        return su_bad(err, (struct place){.object = "linux.netDevices"},
                      "needs a network namespace in linux.namespaces");
    for (size_t i = 0; i < linux_->net_devices.n; i++) {
        const struct oci_linux_net_device *device = &linux_->net_devices.v[i];
        struct place place = {.object = "linux.netDevices", .key = device->key};
        if (!is_device_name(device->key))
            return su_bad(err, place, "not a name of a network device");
        place.member = "name";
        if (device->name && *device->name && !is_device_name(device->name))
            return su_bad_value(err, place, device->name, "is not a name of a network device");
    }
    return 0;
}

/* Which kernel parameters belong to a namespace, so that setting them cannot reach the host. */
static const struct {
    const char *name; /* ends with "." or "*": a prefix */
    int ns_type;
    const char *ns_name;
} parameters[] = {
    {"kernel.msg*", CLONE_NEWIPC, "an ipc"},        {"kernel.sem", CLONE_NEWIPC, "an ipc"},
    {"kernel.sem_next_id", CLONE_NEWIPC, "an ipc"}, {"kernel.shm*", CLONE_NEWIPC, "an ipc"},
    {"fs.mqueue.*", CLONE_NEWIPC, "an ipc"},        {"net.*", CLONE_NEWNET, "a network"},
    {"kernel.domainname", CLONE_NEWUTS, "a uts"},
};

/* Compares with a parameter of the table; both "." and "/" part the words of a key. */
static bool is_parameter(const char *key, const char *parameter)
{
    for (; *parameter && *parameter != '*'; key++, parameter++)
        if (*key != *parameter && !(*parameter == '.' && *key == '/'))
            return false;
    return *parameter == '*' ? *key != '\0' : *key == '\0';
}

/* Two separators in a row become "." or ".." in a path below /proc/sys: a way out of it. */
static bool has_empty_word(const char *key)
{
    const char *p = key;

    for (;;) {
        size_t word = strcspn(p, "./");
        if (word == 0)
            return true;
        if (!p[word])
            return false;
        p += word + 1;
    }
}

static int check_parameter(const struct oci_spec *spec, const char *key, struct su_error *err)
{
    const struct place place = {.object = "linux.sysctl", .key = key};

    if (has_empty_word(key))
        return su_bad(err, place, "not a name of a kernel parameter");
    if (is_parameter(key, "kernel.hostname"))
        return su_bad(err, place, "refused, set \"hostname\" instead");
    for (size_t i = 0; i < SU_ARRAY_SIZE(parameters); i++) {
        if (!is_parameter(key, parameters[i].name))
            continue;
        if (su_get_ns(parameters[i].ns_type, spec))
            return 0;
        return su_bad(err, place, "needs %s namespace in linux.namespaces", parameters[i].ns_name);
    }
    return su_bad(err, place, "refused, this parameter belongs to no namespace of the container");
}

static int check_sysctl(const struct oci_spec *spec, struct su_error *err)
{
    for (size_t i = 0; i < spec->linux_->sysctl.n; i++) {
        int rc = check_parameter(spec, spec->linux_->sysctl.v[i].key, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

int su_validate_namespaces(const struct oci_spec *spec, struct su_error *err)
{
    static int (*const checks[])(const struct oci_spec *, struct su_error *) = {
        check_namespaces,   check_host_names,  check_user_mappings,
        check_time_offsets, check_net_devices, check_sysctl,
    };

    for (size_t i = 0; i < SU_ARRAY_SIZE(checks); i++) {
        int rc = checks[i](spec, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}
