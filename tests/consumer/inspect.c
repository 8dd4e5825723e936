/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An example of a program that uses the installed library: reads the bundle that it is given,
 * which also checks it, and prints what a runtime would need: mounts with their options sorted
 * out, capabilities, the environment without duplicates and the size of the seccomp filter.
 */
#include <specutils/specutils.h>

#include <inttypes.h>
#include <stdio.h>

static void print_warning(void *arg, enum su_log_level level, const char *msg)
{
    (void)level;
    fprintf((FILE *)arg, "warning: %s\n", msg);
}

static int print_mounts(struct su_spec *spec, struct su_error *err)
{
    for (size_t i = 0; i < spec->oci.mounts.n; i++) {
        const struct oci_mount *mount = &spec->oci.mounts.v[i];
        struct su_mount_opts opts;
        char path[32];

        snprintf(path, sizeof(path), "mounts[%zu]", i);
        int rc = su_parse_mount_options(&spec->arena, &mount->options, su_is_bind_mount(mount),
                                        path, &opts, err);
        if (rc < 0)
            return rc;
        printf("mount %s type=%s%s set=%#" PRIx64, mount->destination, mount->type,
               opts.rbind  ? " recursive"
               : opts.bind ? " bind"
                           : "",
               opts.attr_set);
        for (size_t k = 0; k < opts.n_propagation; k++)
            printf(" propagation=%#" PRIx32, opts.propagation[k]);
        for (size_t k = 0; k < opts.data.n; k++)
            printf(" data=%s", opts.data.v[k]);
        putchar('\n');
    }
    return 0;
}

static int print_process(struct su_spec *spec, struct su_error *err)
{
    const struct oci_process *process = spec->oci.process;
    struct su_task_caps caps;
    struct su_strv env;

    int rc = su_capabilities(SU_CAPS_KEEP_RAW, process->capabilities, &caps, err);
    if (rc == 0)
        rc = su_resolve_envs(&spec->arena, &process->env, 1, &env, err);
    if (rc < 0)
        return rc;
    for (unsigned cap = 0; cap < su_capability_count(); cap++) {
        if (caps.bounding >> cap & 1)
            printf("capability %s%s\n", su_capability_name(cap),
                   caps.effective >> cap & 1 ? " effective" : "");
    }
    for (size_t i = 0; i < env.n; i++)
        printf("env %s\n", env.v[i]);
    return 0;
}

static int print_filter(struct su_spec *spec, struct su_error *err)
{
    const struct oci_linux *lin = spec->oci.linux_;
    struct su_seccomp_prog prog;

    if (!lin || !lin->seccomp)
        return 0;
    int rc = su_seccomp_build(lin->seccomp, SU_FLAVOR_NATIVE, &spec->arena, &prog, err);
    if (rc == 0)
        printf("filter %zu\n", prog.n);
    return rc;
}

int main(int argc, char **argv)
{
    struct su_spec spec = {0};
    struct su_error err = {0};

    if (argc != 2) {
        fprintf(stderr, "usage: inspect BUNDLE\n");
        return 2;
    }
    su_log_set_sink(print_warning, stderr, SU_LOG_WARNING);
    int rc = su_read_spec(argv[1], NULL, &spec, &err);
    if (rc == 0) {
        printf("spec %s of %s\n", spec.oci.oci_version, SU_VERSION);
        rc = print_mounts(&spec, &err);
    }
    if (rc == 0)
        rc = print_process(&spec, &err);
    if (rc == 0)
        rc = print_filter(&spec, &err);
    if (rc < 0)
        fprintf(stderr, "inspect: %s\n", su_error_text(&err));
    su_error_clear(&err);
    su_spec_free(&spec);
    return rc < 0;
}
