/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Configuration by annotation: the original lets a container's author set flags of the runtime.
 * Annotations are not to be trusted, so natively nothing happens unless the caller allowed it,
 * and the seccomp filter is never dropped on the word of an annotation.
 */
#include <specutils/annotation.h>
#include <specutils/log.h>

#include "spec_private.h"

/* Who may set a flag by annotation where overriding is not allowed in general (runsc only). */
enum freedom { NEEDS_PERMISSION, FREE, FREE_TO_TURN_ON };

struct flag {
    const char *name;
    enum { FLAG_IGNORED, FLAG_BOOL, FLAG_STRING } kind;
    enum freedom freedom;
    size_t offset;
};

#define BOOL_FLAG(name, member, freedom)                             \
    {                                                                \
        name, FLAG_BOOL, freedom, offsetof(struct su_config, member) \
    }
#define STRING_FLAG(name, member, freedom)                             \
    {                                                                  \
        name, FLAG_STRING, freedom, offsetof(struct su_config, member) \
    }

static const struct flag flags[] = {
    BOOL_FLAG("allow-flag-override", allow_flag_override, NEEDS_PERMISSION),
    BOOL_FLAG("alsologtostderr", alsologtostderr, NEEDS_PERMISSION),
    BOOL_FLAG("debug", debug, FREE),
    STRING_FLAG("debug-command", debug_command, NEEDS_PERMISSION),
    STRING_FLAG("debug-log", debug_log, NEEDS_PERMISSION),
    STRING_FLAG("debug-log-format", debug_log_format, NEEDS_PERMISSION),
    BOOL_FLAG("debug-to-user-log", debug_to_user_log, FREE),
    BOOL_FLAG("directfs", directfs, NEEDS_PERMISSION),
    STRING_FLAG("host-uds", host_uds, FREE),
    BOOL_FLAG("ignore-cgroups", ignore_cgroups, NEEDS_PERMISSION),
    STRING_FLAG("log", log, NEEDS_PERMISSION),
    STRING_FLAG("log-format", log_format, NEEDS_PERMISSION),
    {"net-disconnect-ok", FLAG_IGNORED, FREE, 0},
    BOOL_FLAG("net-raw", net_raw, NEEDS_PERMISSION),
    STRING_FLAG("network", network, NEEDS_PERMISSION),
    BOOL_FLAG("nvproxy", nvproxy, NEEDS_PERMISSION),
    STRING_FLAG("nvproxy-allowed-driver-capabilities", nvproxy_allowed_driver_capabilities,
                NEEDS_PERMISSION),
    BOOL_FLAG("nvproxy-docker", nvproxy_docker, NEEDS_PERMISSION),
    BOOL_FLAG("oci-seccomp", oci_seccomp, FREE_TO_TURN_ON),
    STRING_FLAG("overlay2", overlay2, NEEDS_PERMISSION),
    STRING_FLAG("platform", platform, NEEDS_PERMISSION),
    {"reproduce-nftables", FLAG_IGNORED, FREE, 0},
    STRING_FLAG("root", root, NEEDS_PERMISSION),
    BOOL_FLAG("rootless", rootless, NEEDS_PERMISSION),
    {"strace", FLAG_IGNORED, FREE, 0},
    {"strace-log-size", FLAG_IGNORED, FREE, 0},
    {"strace-syscalls", FLAG_IGNORED, FREE, 0},
    BOOL_FLAG("systemd-cgroup", systemd_cgroup, NEEDS_PERMISSION),
    BOOL_FLAG("tpuproxy", tpuproxy, NEEDS_PERMISSION),
};

/* The flags that a bundle sets: name and value in turn. */
struct bundle {
    const char *name;
    const char *settings[8];
};

static const struct bundle bundles[] = {
    {"experimental-high-performance",
     {"directfs", "true", "overlay2", "root:self", "platform", "systrap", NULL}},
};

static struct place place_of(const struct oci_pair *annotation)
{
    return (struct place){.object = "annotations", .key = annotation->key};
}

static int refuse(struct su_error *err, const struct oci_pair *annotation, const char *why)
{
    int rc = su_bad_value(err, place_of(annotation), annotation->value, "%s", why);

    if (err)
        err->kind = SU_ERR_FLAG;
    return rc;
}

/* Keys come from strangers, so they reach the log only in quotes. */
static void log_annotation(enum su_log_level level, const struct oci_pair *annotation,
                           const char *what)
{
    if (!su_log_enabled(level))
        return;
    _cleanup_free_ char *path = su_place_path(place_of(annotation));
    su_log(level, "%s: %s", path ? path : "an annotation", what);
}

static const struct flag *find_flag(const char *name)
{
    for (size_t i = 0; i < SU_ARRAY_SIZE(flags); i++)
        if (su_streq(flags[i].name, name))
            return &flags[i];
    return NULL;
}

static bool parse_bool(const char *text, bool *value)
{
    static const char *const words[2][6] = {
        {"0", "f", "F", "FALSE", "false", "False"},
        {"1", "t", "T", "TRUE", "true", "True"},
    };

    for (size_t i = 0; i < 12; i++) {
        if (su_streq(words[i / 6][i % 6], text)) {
            *value = i / 6 == 1;
            return true;
        }
    }
    return false;
}

/* Whether every word of the list is a driver capability that may be given at all. */
static bool are_driver_capabilities(const char *list)
{
    static const char *const words[] = {"", "all", "compute", "utility"};

    for (;;) {
        list += strspn(list, " \t\r\n");
        size_t len = strcspn(list, ","), trimmed = len;
        while (trimmed > 0 && strchr(" \t\r\n", list[trimmed - 1]))
            trimmed--;
        bool is_known = false;
        for (size_t i = 0; i < SU_ARRAY_SIZE(words); i++)
            is_known |= strlen(words[i]) == trimmed && memcmp(words[i], list, trimmed) == 0;
        if (!is_known)
            return false;
        if (!list[len])
            return true;
        list += len + 1;
    }
}

/* What the annotations are applied to. */
struct target {
    struct su_spec *spec;
    struct su_config *conf;
    const char *container; /* its name in its pod, looked up once */
    bool may_override;
    struct su_error *err;
};

static int set_flag(struct target *t, const struct flag *flag, const struct oci_pair *annotation,
                    const char *value)
{
    void *member = (char *)t->conf + flag->offset;
    char *copy;

    switch (flag->kind) {
    case FLAG_BOOL:
        if (!parse_bool(value, member))
            return refuse(t->err, annotation, "is not a boolean, expected \"true\" or \"false\"");
        break;
    case FLAG_STRING:
        copy = su_arena_strdup(&t->spec->arena, value);
        if (!copy)
            return su_fail(t->err, ENOMEM, "no memory for the value of a flag");
        memcpy(member, &copy, sizeof(copy));
        break;
    case FLAG_IGNORED:
        su_debug("flag %s, set by an annotation, has no meaning here", flag->name);
        break;
    }
    const char *capabilities = t->conf->nvproxy_allowed_driver_capabilities;
    if (capabilities && !are_driver_capabilities(capabilities))
        return refuse(t->err, annotation,
                      "is no list of driver capabilities, expected compute, utility or all");
    return 0;
}

static int apply_bundle(struct target *t, const struct oci_pair *annotation)
{
    const char *name = annotation->key + strlen(SU_ANNOTATION_BUNDLE_PREFIX);

    if (!su_streq(annotation->value, "true"))
        return refuse(t->err, annotation,
                      "is not a value for a bundle of flags, expected \"true\"");
    for (size_t i = 0; i < SU_ARRAY_SIZE(bundles); i++) {
        if (!su_streq(bundles[i].name, name))
            continue;
        for (const char *const *s = bundles[i].settings; *s; s += 2) {
            int rc = set_flag(t, find_flag(s[0]), annotation, s[1]);
            if (rc < 0)
                return rc;
        }
        return 0;
    }
    log_annotation(SU_LOG_WARNING, annotation, "no such bundle of flags, ignored");
    return 0;
}

/* Whether the annotation may set the flag although overriding is not allowed in general. */
static bool is_free(const struct flag *flag, const char *value, enum su_flavor flavor)
{
    bool turns_on;

    if (flavor != SU_FLAVOR_RUNSC)
        return false;
    if (flag->freedom == FREE_TO_TURN_ON)
        return parse_bool(value, &turns_on) && turns_on;
    return flag->freedom == FREE;
}

static int apply_flag(struct target *t, const struct oci_pair *annotation)
{
    const struct flag *flag = find_flag(annotation->key + strlen(SU_ANNOTATION_FLAG_PREFIX));

    if (!flag)
        return refuse(t->err, annotation, "refused, there is no such flag");
    if (!t->may_override && !is_free(flag, annotation->value, t->conf->flavor))
        return refuse(t->err, annotation,
                      "refused, this flag may be set only with --allow-flag-override");
    return set_flag(t, flag, annotation, annotation->value);
}

/* runsc: drops the filter where an annotation for this very container asks for the default. */
static void apply_seccomp(const struct target *t, const struct oci_pair *annotation)
{
    const char *wanted = annotation->key + strlen(SU_ANNOTATION_SECCOMP_PREFIX);
    struct oci_spec *spec = &t->spec->oci;

    if (!*t->container || !su_streq(t->container, wanted) || !spec->linux_ ||
        !spec->linux_->seccomp || !su_streq(annotation->value, SU_SECCOMP_RUNTIME_DEFAULT))
        return;
    log_annotation(SU_LOG_DEBUG, annotation, "linux.seccomp dropped, as asked for");
    spec->linux_->seccomp = NULL;
}

static int compare_annotations(const void *a, const void *b)
{
    const struct oci_pair *const *left = a, *const *right = b;
    bool is_bundle_left = su_has_prefix((*left)->key, SU_ANNOTATION_BUNDLE_PREFIX);
    bool is_bundle_right = su_has_prefix((*right)->key, SU_ANNOTATION_BUNDLE_PREFIX);

    if (is_bundle_left != is_bundle_right)
        return is_bundle_left ? -1 : 1;
    return strcmp((*left)->key, (*right)->key);
}

static bool is_configuration(const char *key)
{
    return su_has_prefix(key, SU_ANNOTATION_FLAG_PREFIX) ||
           su_has_prefix(key, SU_ANNOTATION_BUNDLE_PREFIX) ||
           su_has_prefix(key, SU_ANNOTATION_SECCOMP_PREFIX);
}

/* Those that configure, bundles first, then by key. *n is their number; NULL: no memory. */
static const struct oci_pair **sorted_annotations(struct su_spec *spec, size_t *n)
{
    const struct oci_pair *all = spec->oci.annotations.v;
    size_t count = 0;

    for (size_t i = 0; i < spec->oci.annotations.n; i++)
        count += is_configuration(all[i].key);
    const struct oci_pair **found = su_arena_array(&spec->arena, count, sizeof(*found));
    *n = 0;
    for (size_t i = 0; found && i < spec->oci.annotations.n; i++)
        if (is_configuration(all[i].key))
            found[(*n)++] = &all[i];
    if (*n > 1)
        qsort(found, *n, sizeof(*found), compare_annotations);
    return found;
}

static int apply_one(struct target *t, const struct oci_pair *annotation)
{
    const char *key = annotation->key;
    bool is_runsc = t->conf->flavor == SU_FLAVOR_RUNSC;

    if (is_runsc && su_has_prefix(key, SU_ANNOTATION_BUNDLE_PREFIX))
        return apply_bundle(t, annotation);
    if (su_has_prefix(key, SU_ANNOTATION_FLAG_PREFIX) && (is_runsc || t->may_override))
        return apply_flag(t, annotation);
    if (is_runsc && su_has_prefix(key, SU_ANNOTATION_SECCOMP_PREFIX))
        apply_seccomp(t, annotation);
    else
        log_annotation(SU_LOG_DEBUG, annotation, "ignored");
    return 0;
}

int su_apply_annotations(struct su_spec *spec, struct su_config *conf, struct su_error *err)
{
    /* On failure the strings go with the spec's arena, so conf must not have seen them. */
    struct su_config changed = conf ? *conf : (struct su_config){0};
    /* The permission is read once: an annotation must not be able to give it to the others. */
    struct target target = {spec, &changed, su_container_name(&spec->oci),
                            changed.allow_flag_override, err};
    size_t n;

    const struct oci_pair **found = sorted_annotations(spec, &n);
    if (!found)
        return su_fail(err, ENOMEM, "no memory for the annotations of the spec");
    for (size_t i = 0; i < n; i++) {
        int rc = apply_one(&target, found[i]);
        if (rc < 0)
            return rc;
    }
    if (conf)
        *conf = changed;
    return 0;
}
