/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the runtime supports, described by types and tables of its own. The lists come from the
 * library's tables, so that the document cannot promise what the decoder refuses. Engines act on
 * it: a mount option or idmap that is named here will be used.
 */
#include "features_document.h"

#include <specutils/specutils.h>

#include "base/base.h"
#include "version.h"

struct features_cgroup {
    bool v1, v2, systemd, systemd_user, rdma;
};

struct features_seccomp {
    bool enabled;
    struct su_strv actions, operators, archs, known_flags, supported_flags;
};

/* apparmor, selinux, intelRdt, idmap, netDevices. */
struct features_switch {
    bool enabled;
};

struct features_mount_extensions {
    struct features_switch *idmap;
};

struct features_linux {
    struct su_strv namespaces, capabilities;
    struct features_cgroup *cgroup;
    struct features_seccomp *seccomp;
    struct features_switch *apparmor, *selinux, *intel_rdt, *net_devices;
    struct features_mount_extensions *mount_extensions;
};

struct features {
    char *oci_version_min, *oci_version_max;
    struct su_strv hooks, mount_options;
    struct features_linux *linux_;
    struct {
        struct oci_pair *v;
        size_t n;
    } annotations;
    struct su_strv unsafe_annotations;
};

#define FIELD(key, field_kind, owner, member, ...)                                             \
    {                                                                                          \
        .name = key, .kind = field_kind, .offset = offsetof(struct owner, member), __VA_ARGS__ \
    }
/* Booleans are REQUIRED, so that "no" is said and not left out. */
#define SWITCH(key, owner, member) FIELD(key, SU_K_BOOL, owner, member, .flags = SU_F_REQUIRED)
#define STRINGS(key, owner, member) FIELD(key, SU_K_STRING_LIST, owner, member, .flags = 0)
#define OBJECT(key, owner, member, t) FIELD(key, SU_K_OBJECT, owner, member, .type = t)
#define TYPE(c_name, table)                                              \
    {                                                                    \
        .name = #c_name, .size = sizeof(struct c_name), .fields = table, \
        .n_fields = SU_ARRAY_SIZE(table)                                 \
    }

static const struct su_field switch_fields[] = {SWITCH("enabled", features_switch, enabled)};
static const struct su_type switch_type = TYPE(features_switch, switch_fields);

static const struct su_field cgroup_fields[] = {
    SWITCH("v1", features_cgroup, v1),
    SWITCH("v2", features_cgroup, v2),
    SWITCH("systemd", features_cgroup, systemd),
    SWITCH("systemdUser", features_cgroup, systemd_user),
    SWITCH("rdma", features_cgroup, rdma),
};
static const struct su_type cgroup_type = TYPE(features_cgroup, cgroup_fields);

static const struct su_field seccomp_fields[] = {
    SWITCH("enabled", features_seccomp, enabled),
    STRINGS("actions", features_seccomp, actions),
    STRINGS("operators", features_seccomp, operators),
    STRINGS("archs", features_seccomp, archs),
    STRINGS("knownFlags", features_seccomp, known_flags),
    STRINGS("supportedFlags", features_seccomp, supported_flags),
};
static const struct su_type seccomp_type = TYPE(features_seccomp, seccomp_fields);

static const struct su_field mount_extensions_fields[] = {
    OBJECT("idmap", features_mount_extensions, idmap, &switch_type),
};
static const struct su_type mount_extensions_type =
    TYPE(features_mount_extensions, mount_extensions_fields);

static const struct su_field linux_fields[] = {
    STRINGS("namespaces", features_linux, namespaces),
    STRINGS("capabilities", features_linux, capabilities),
    OBJECT("cgroup", features_linux, cgroup, &cgroup_type),
    OBJECT("seccomp", features_linux, seccomp, &seccomp_type),
    OBJECT("apparmor", features_linux, apparmor, &switch_type),
    OBJECT("selinux", features_linux, selinux, &switch_type),
    OBJECT("intelRdt", features_linux, intel_rdt, &switch_type),
    OBJECT("mountExtensions", features_linux, mount_extensions, &mount_extensions_type),
    OBJECT("netDevices", features_linux, net_devices, &switch_type),
};
static const struct su_type linux_type = TYPE(features_linux, linux_fields);

static const struct su_field features_fields[] = {
    FIELD("ociVersionMin", SU_K_STRING, features, oci_version_min, .flags = SU_F_REQUIRED),
    FIELD("ociVersionMax", SU_K_STRING, features, oci_version_max, .flags = SU_F_REQUIRED),
    STRINGS("hooks", features, hooks),
    STRINGS("mountOptions", features, mount_options),
    OBJECT("linux", features, linux_, &linux_type),
    FIELD("annotations", SU_K_STRING_MAP, features, annotations, .flags = 0),
    STRINGS("potentiallyUnsafeConfigAnnotations", features, unsafe_annotations),
};
static const struct su_type features_type = TYPE(features, features_fields);

static const char *const hooks[] = {"prestart",       "createRuntime", "createContainer",
                                    "startContainer", "poststart",     "poststop"};
/* They change options, if --allow-flag-override was given. */
static const char *const unsafe_annotations[] = {"dev.gvisor.bundle.", "dev.gvisor.flag."};

/* The encoder only reads, so a constant may be lent to it as if it were not. */
static char *lend(const char *text)
{
    return (char *)(uintptr_t)text;
}

static struct su_strv lend_list(const char *const *words, size_t n)
{
    return (struct su_strv){.v = (char **)(uintptr_t)words, .n = n};
}

static struct su_strv lend_ended_list(const char *const *words)
{
    size_t n = 0;
    while (words && words[n])
        n++;
    return lend_list(words, n);
}

static struct su_strv list_namespaces(struct su_arena *arena)
{
    struct su_strv list = {0};
    size_t n;
    const struct su_ns_kind *kinds = su_ns_kinds(&n);

    list.v = su_arena_array(arena, n + 1, sizeof(*list.v));
    for (; list.v && list.n < n; list.n++)
        list.v[list.n] = lend(kinds[list.n].oci_name);
    return list;
}

static struct su_strv list_capabilities(struct su_arena *arena)
{
    struct su_strv list = {0};
    unsigned n = su_capability_count();

    list.v = su_arena_array(arena, n + 1, sizeof(*list.v));
    for (; list.v && list.n < n; list.n++)
        list.v[list.n] = lend(su_capability_name((unsigned)list.n));
    return list;
}

static int encode(struct su_arena *arena, struct features *features, char **text, size_t *len,
                  struct su_error *err)
{
    struct features_linux *l = features->linux_;
    size_t n;
    const char *const *mount_options = su_known_mount_options(&n);

    features->mount_options = lend_list(mount_options, n);
    l->namespaces = list_namespaces(arena);
    l->capabilities = list_capabilities(arena);
    l->seccomp->supported_flags = lend_ended_list(su_seccomp_supported_flags(arena));
    if (!l->namespaces.v || !l->capabilities.v || !l->seccomp->supported_flags.v)
        return su_fail(err, ENOMEM, "out of memory");
    return su_json_encode(&features_type, features, SU_JSON_PRETTY, 2, text, len, err);
}

int features_encode(struct su_arena *arena, char **text, size_t *len, struct su_error *err)
{
    struct features_cgroup cgroup = {.v1 = true, .v2 = true, .rdma = true};
    struct features_seccomp seccomp = {
        .enabled = true,
        .actions = lend_ended_list(su_seccomp_known_actions()),
        .operators = lend_ended_list(su_seccomp_known_operators()),
        .archs = lend_ended_list(su_seccomp_known_archs()),
        .known_flags = lend_ended_list(su_seccomp_known_flags()),
    };
    struct features_switch yes = {.enabled = true}, no = {.enabled = false};
    struct features_mount_extensions mount_extensions = {.idmap = &yes};
    struct features_linux linux_ = {
        .cgroup = &cgroup,
        .seccomp = &seccomp,
        .apparmor = &yes,
        .selinux = &yes,
        .intel_rdt = &no,
        .mount_extensions = &mount_extensions,
        .net_devices = &no,
    };
    struct oci_pair annotations[] = {
        {lend("org.runlet.commit"), lend(runlet_commit)},
        {lend("org.runlet.version"), lend(runlet_version)},
    };
    struct features features = {
        .oci_version_min = lend("1.0.0"),
        .oci_version_max = lend(SU_VERSION),
        .hooks = lend_list(hooks, SU_ARRAY_SIZE(hooks)),
        .linux_ = &linux_,
        .annotations = {annotations, SU_ARRAY_SIZE(annotations)},
        .unsafe_annotations = lend_list(unsafe_annotations, SU_ARRAY_SIZE(unsafe_annotations)),
    };
    return encode(arena, &features, text, len, err);
}
