/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules of the specification that a decoder cannot see. First those that both flavors have,
 * in the original's order; then, for the native flavor only, what config.md and config-linux.md
 * say and what can be decided without asking the host. The first violation is the error.
 */
#include <specutils/annotation.h>
#include <specutils/log.h>

#include "spec_private.h"

typedef int check_fn(const struct oci_spec *spec, bool is_native, struct su_error *err);

static int check_process(const struct oci_spec *spec, bool is_native, struct su_error *err)
{
    (void)is_native;
    if (!spec->process)
        return su_bad(err, (struct place){.object = "process"}, "missing, expected an object");
    if (spec->process->args.n == 0)
        return su_bad(err, (struct place){.object = "process.args"},
                      "empty, expected at least the program");
    return 0;
}

static int check_root(const struct oci_spec *spec, bool is_native, struct su_error *err)
{
    (void)is_native;
    if (!spec->root)
        return su_bad(err, (struct place){.object = "root"},
                      "missing, expected an object with \"path\"");
    if (!spec->root->path || !*spec->root->path)
        return su_bad(err, (struct place){.object = "root.path"}, "empty, expected a directory");
    return 0;
}

static int check_platform(const struct oci_spec *spec, bool is_native, struct su_error *err)
{
    (void)is_native;
    const char *present = spec->solaris ? "solaris" : spec->windows ? "windows" : NULL;

    return present
               ? su_bad(err, (struct place){.object = present}, "present, this is a Linux runtime")
               : 0;
}

static int check_security(const struct oci_spec *spec, bool is_native, struct su_error *err)
{
    const struct oci_process *process = spec->process;

    if (is_native)
        return 0;
    if (process->selinux_label && *process->selinux_label)
        return su_bad_value(err, (struct place){.object = "process.selinuxLabel"},
                            process->selinux_label, "not supported by this flavor");
    if (process->apparmor_profile && *process->apparmor_profile)
        su_warn("process.apparmorProfile: ignored by this flavor");
    if (!process->no_new_privileges)
        su_warn("process.noNewPrivileges: false, taken as true by this flavor");
    return 0;
}

static int check_propagation(const struct oci_spec *spec, bool is_native, struct su_error *err)
{
    /* The first four are the ones that the original has. */
    static const char *const modes[] = {"private", "rprivate", "slave",      "rslave",
                                        "shared",  "rshared",  "unbindable", "runbindable"};
    const char *mode = spec->linux_ ? spec->linux_->rootfs_propagation : NULL;

    if (!mode || !*mode)
        return 0;
    for (size_t i = 0; i < (is_native ? SU_ARRAY_SIZE(modes) : 4); i++)
        if (su_streq(mode, modes[i]))
            return 0;
    return su_bad_value(err, (struct place){.object = "linux.rootfsPropagation"}, mode,
                        "is not a propagation mode, expected one of private, rprivate, slave, "
                        "rslave%s",
                        is_native ? ", shared, rshared, unbindable, runbindable" : "");
}

/* Puts "mounts[i]." before the place that an error of an option list names. */
static int place_option_error(struct su_error *err, size_t index, int rc)
{
    char *path = NULL, *msg = NULL;

    if (!err || !err->msg || !err->json_path)
        return rc;
    if (asprintf(&path, "mounts[%zu].%s", index, err->json_path) < 0)
        return rc;
    if (asprintf(&msg, "mounts[%zu].%s", index, err->msg) < 0) {
        free(path);
        return rc;
    }
    free(err->json_path);
    free(err->msg);
    err->json_path = path;
    err->msg = msg;
    return rc;
}

static int check_mounts(const struct oci_spec *spec, bool is_native, struct su_error *err)
{
    for (size_t i = 0; i < spec->mounts.n; i++) {
        const struct oci_mount *mount = &spec->mounts.v[i];
        const char *destination = mount->destination ? mount->destination : "";
        struct place place = {.list = "mounts", .index = i, .member = "destination"};
        if (destination[0] != '/' && !is_native)
            return su_bad_value(err, place, destination, "is not absolute");
        if (destination[0] == '\0')
            return su_bad(err, place, "empty, expected a path in the container");
        if (destination[0] != '/')
            su_warn("mounts[%zu].destination: not absolute, taken from / (deprecated)", i);
        if (!su_is_gofer_mount(mount))
            continue;
        int rc = su_validate_mount_options(&mount->options,
                                           is_native ? SU_FLAVOR_NATIVE : SU_FLAVOR_RUNSC, err);
        if (rc < 0)
            return place_option_error(err, i, rc);
    }
    return 0;
}

static int check_container_type(const struct oci_spec *spec, bool is_native, struct su_error *err)
{
    if (is_native)
        return 0;
    enum su_container_type type = su_spec_container_type(spec);
    if (type == SU_CONTAINER_TYPE_CONTAINER && !su_sandbox_id(spec))
        return su_bad(err, (struct place){.object = "annotations"},
                      "container-type is \"container\" but no sandbox ID is set, expected "
                      "\"" SU_CONTAINERD_SANDBOX_ID_ANNOTATION
                      "\" or \"" SU_CRIO_SANDBOX_ID_ANNOTATION "\"");
    if (type != SU_CONTAINER_TYPE_UNKNOWN)
        return 0;
    struct place place = {.object = "annotations", .key = SU_CONTAINERD_CONTAINER_TYPE_ANNOTATION};
    const char *value = oci_annotation(spec, place.key);
    if (!value) {
        place.key = SU_CRIO_CONTAINER_TYPE_ANNOTATION;
        value = oci_annotation(spec, place.key);
    }
    return su_bad_value(err, place, value ? value : "",
                        "is not a container type, expected \"container\" or \"sandbox\"");
}

/* --- the native flavor's own ---------------------------------------------------------------- */

/* Digits without a leading zero; moves *p behind them. */
static bool take_version_number(const char **p)
{
    size_t digits = strspn(*p, "0123456789");
    bool ok = digits > 0 && !(digits > 1 && **p == '0');

    *p += digits;
    return ok;
}

static int check_version(const struct oci_spec *spec, bool is_native, struct su_error *err)
{
    static const char suffix_characters[] =
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-.+";
    const struct place place = {.object = "ociVersion"};
    const char *version = spec->oci_version, *p = version;

    if (!is_native)
        return 0;
    if (!version)
        return su_bad(err, place, "missing, expected a version like \"" SU_VERSION "\"");
    bool ok = take_version_number(&p) && *p++ == '.' && take_version_number(&p) && *p++ == '.' &&
              take_version_number(&p);
    if (ok && *p)
        ok = (*p == '-' || *p == '+') && p[1] && p[1 + strspn(p + 1, suffix_characters)] == '\0';
    if (!ok)
        return su_bad_value(err, place, version,
                            "is not a version, expected one like \"" SU_VERSION "\"");
    if (!su_has_prefix(version, "1."))
        return su_bad_value(err, place, version,
                            "is not supported, expected major version 1, like \"" SU_VERSION "\"");
    return 0;
}

static int check_required(const struct oci_spec *spec, bool is_native, struct su_error *err)
{
    return is_native ? su_json_check_required(&su_type_oci_spec, spec, err) : 0;
}

static int check_whole_process(const struct oci_spec *spec, bool is_native, struct su_error *err)
{
    return is_native ? su_validate_process(spec->process, "process", err) : 0;
}

static int check_hook(const struct oci_hook *hook, const char *list, size_t index,
                      struct su_error *err)
{
    struct place place = {.object = "hooks", .list = list, .index = index, .member = "path"};

    int rc = su_check_absolute(hook->path, place, err);
    if (rc == 0 && hook->timeout && *hook->timeout <= 0) {
        place.member = "timeout";
        rc = su_bad(err, place, "%d, expected at least 1 second", *hook->timeout);
    }
    return rc;
}

static int check_hooks(const struct oci_spec *spec, bool is_native, struct su_error *err)
{
    static const struct {
        const char *name;
        size_t offset;
    } lists[] = {
        {"prestart", offsetof(struct oci_hooks, prestart)},
        {"createRuntime", offsetof(struct oci_hooks, create_runtime)},
        {"createContainer", offsetof(struct oci_hooks, create_container)},
        {"startContainer", offsetof(struct oci_hooks, start_container)},
        {"poststart", offsetof(struct oci_hooks, poststart)},
        {"poststop", offsetof(struct oci_hooks, poststop)},
    };

    if (!is_native || !spec->hooks)
        return 0;
    for (size_t i = 0; i < SU_ARRAY_SIZE(lists); i++) {
        const oci_hook_list *list = (const void *)((const char *)spec->hooks + lists[i].offset);
        for (size_t k = 0; k < list->n; k++) {
            int rc = check_hook(&list->v[k], lists[i].name, k, err);
            if (rc < 0)
                return rc;
        }
    }
    return 0;
}

static int check_native_mounts(const struct oci_spec *spec, bool is_native, struct su_error *err)
{
    return is_native ? su_validate_mounts(spec, err) : 0;
}

static int check_linux(const struct oci_spec *spec, bool is_native, struct su_error *err)
{
    return is_native ? su_validate_linux(spec, err) : 0;
}

static int check_annotations(const struct oci_spec *spec, bool is_native, struct su_error *err)
{
    for (size_t i = 0; is_native && i < spec->annotations.n; i++)
        if (!*spec->annotations.v[i].key)
            return su_bad(err, (struct place){.object = "annotations", .key = ""},
                          "an empty key, expected a name");
    return 0;
}

int su_validate_spec(const struct oci_spec *spec, const struct su_config *conf,
                     struct su_error *err)
{
    static check_fn *const checks[] = {
        check_process, check_root,           check_platform, check_security,    check_propagation,
        check_mounts,  check_container_type, check_version,  check_required,    check_whole_process,
        check_hooks,   check_native_mounts,  check_linux,    check_annotations,
    };
    bool is_native = !conf || conf->flavor == SU_FLAVOR_NATIVE;

    for (size_t i = 0; i < SU_ARRAY_SIZE(checks); i++) {
        int rc = checks[i](spec, is_native, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}
