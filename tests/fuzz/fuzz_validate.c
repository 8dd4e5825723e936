/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a bundle's document, read as the program reads it, for both flavors, with and
 * without the permission to set flags. What passes has absolute paths and passes again.
 */
#include <sys/mman.h>

#include "fuzz_filter.h"

static int document_with(const uint8_t *data, size_t size)
{
    static int fd = -1;

    if (fd < 0)
        fd = memfd_create("document", MFD_CLOEXEC);
    fuzz_require(fd >= 0 && ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0 &&
                     su_write_all(fd, data, size) == 0,
                 "no document");
    return fd;
}

static void check_paths(const struct oci_spec *spec)
{
    fuzz_require(spec->root->path[0] == '/', "root.path is \"%s\"", spec->root->path);
    for (size_t i = 0; i < spec->mounts.n; i++) {
        const struct oci_mount *mount = &spec->mounts.v[i];
        if (su_is_gofer_mount(mount))
            fuzz_require(mount->source[0] == '/', "mounts[%zu].source is \"%s\"", i, mount->source);
    }
}

/* Flags change only by permission, and the filter never does. */
static void check_flags(const struct su_config *before, const struct su_config *after)
{
    if (before->flavor == SU_FLAVOR_NATIVE && !before->allow_flag_override)
        fuzz_require(memcmp(before, after, sizeof(*after)) == 0, "an annotation set a flag");
}

/* What the program does with a valid spec, as far as the library goes. */
static void use(const struct oci_spec *spec, const struct su_config *conf)
{
    _cleanup_arena_ struct su_arena arena = {0};
    _cleanup_error_ struct su_error err = {0};
    struct su_task_caps caps;
    struct su_mount_opts opts;
    struct su_seccomp_prog prog;
    struct su_strv env;
    const char *devices;
    su_driver_caps_t driver_caps;

    su_log_spec_debug(spec, true);
    (void)!su_capabilities(SU_CAPS_SKIP_UNKNOWN, spec->process->capabilities, &caps, NULL);
    (void)!su_merge_capabilities(&arena, spec->process->capabilities, spec->process->capabilities);
    (void)!su_resolve_envs(&arena, &spec->process->env, 1, &env, NULL);
    (void)!su_parse_nvidia_visible_devices(spec, &devices, NULL);
    (void)!su_nv_proxy_driver_caps_from_env(spec, conf, &driver_caps, NULL);
    (void)!su_gpu_functionality_requested(spec, conf);
    (void)!su_tpu_functionality_requested(spec, conf);
    (void)!su_container_name(spec);
    for (size_t i = 0; i < spec->mounts.n; i++)
        (void)!su_parse_mount_options(&arena, &spec->mounts.v[i].options,
                                      su_is_bind_mount(&spec->mounts.v[i]), "mounts", &opts, NULL);
    /* Filters are slow to build here, and the other flavor's are in fuzz_seccomp.c. */
    if (!spec->linux_ || !spec->linux_->seccomp || conf->flavor != SU_FLAVOR_NATIVE)
        return;
    int rc = su_seccomp_build(spec->linux_->seccomp, conf->flavor, &arena, &prog, &err);
    if (rc < 0)
        fuzz_check_error(rc, &err);
    else
        fuzz_check_filter(&prog);
}

static void read_as(int fd, enum su_flavor flavor, bool may_override)
{
    const struct su_config before = {.flavor = flavor, .allow_flag_override = may_override};
    _cleanup_error_ struct su_error err = {0};
    struct su_config conf = before;
    struct su_spec spec;

    int rc = su_read_spec_from_file("/bundle/./x/..", fd, &conf, &spec, &err);
    if (rc < 0) {
        fuzz_check_error(rc, &err);
        fuzz_require(memcmp(&before, &conf, sizeof(conf)) == 0, "flags set by a failure");
        fuzz_require(!spec.text && !spec.arena.chunk, "a failure left memory");
        return;
    }
    check_paths(&spec.oci);
    check_flags(&before, &conf);
    rc = su_validate_spec(&spec.oci, &before, &err);
    fuzz_require(rc == 0, "not valid the second time: %s", rc < 0 ? su_error_text(&err) : "");
    use(&spec.oci, &conf);
    su_spec_free(&spec);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int fd = document_with(data, size);

    fuzz_log_everything();
    read_as(fd, SU_FLAVOR_NATIVE, false);
    read_as(fd, SU_FLAVOR_NATIVE, true);
    read_as(fd, SU_FLAVOR_RUNSC, false);
    read_as(fd, SU_FLAVOR_RUNSC, true);
    return 0;
}
