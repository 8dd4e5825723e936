/* SPDX-License-Identifier: Apache-2.0 */
/* What the library's functions need to know of the program's command line. */
#ifndef SPECUTILS_CONFIG_H
#define SPECUTILS_CONFIG_H

#include <stdbool.h>
#include <specutils/visibility.h>

SU_BEGIN_DECLS

/* The version of the OCI runtime specification that the library implements (seed: Version). */
#define SU_VERSION "1.3.0"
/* The binary to run for helper processes unless conf->exe_path says otherwise (seed: ExePath). */
#define SU_EXE_PATH "/proc/self/exe"

/* Whose rules apply: a native Linux runtime's, or those of the original, gVisor's runsc. */
enum su_flavor { SU_FLAVOR_NATIVE = 0, SU_FLAVOR_RUNSC = 1 };

/*
 * A plain value: the caller owns the strings. All zeroes is the native default. Names follow the
 * flags of runsc's command line.
 */
struct su_config {
    enum su_flavor flavor;
    bool debug, debug_to_user_log, alsologtostderr, systemd_cgroup, ignore_cgroups, rootless;
    bool net_raw, oci_seccomp, allow_flag_override, directfs;
    bool nvproxy, nvproxy_docker, tpuproxy;
    char *root, *log, *log_format, *debug_log, *debug_log_format, *debug_command;
    char *network, *platform, *overlay2, *host_uds;
    char *nvproxy_allowed_driver_capabilities; /* NULL means "utility,compute" */
    char *exe_path;                            /* NULL means SU_EXE_PATH */
};

SU_END_DECLS

#endif
