/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The global options: their table, and the state root that they lead to. Engines call without
 * --root, so that every command must come to the same default whoever runs it.
 */
#include "globals.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/base.h"

#define SYSTEM_ROOT "/run/runlet"

static const struct su_enum log_formats[] = {
    {"text", LOG_FORMAT_TEXT},
    {"json", LOG_FORMAT_JSON},
    {"json-k8s", LOG_FORMAT_JSON},
    {NULL, 0},
};
/* crun's levels. Errors and warnings are always wanted. */
static const struct su_enum log_levels[] = {
    {"error", LOG_LEVEL_WARNING},
    {"warning", LOG_LEVEL_WARNING},
    {"info", LOG_LEVEL_WARNING},
    {"debug", LOG_LEVEL_DEBUG},
    {NULL, 0},
};
static const struct su_enum flavors[] = {
    {"native", SU_FLAVOR_NATIVE}, {"runsc", SU_FLAVOR_RUNSC}, {NULL, 0}};
static const struct su_enum rootless_modes[] = {
    {"auto", ROOTLESS_AUTO},
    {"true", ROOTLESS_ALWAYS},
    {"false", ROOTLESS_NEVER},
    {NULL, 0},
};
static const struct su_enum cgroup_managers[] = {
    {"cgroupfs", CGROUP_MANAGER_CGROUPFS},
    {"systemd", CGROUP_MANAGER_SYSTEMD},
    {"disabled", CGROUP_MANAGER_DISABLED},
    {NULL, 0},
};

#define CONF(member) offsetof(struct globals, conf.member)
#define VALUE(member) offsetof(struct globals, member)

/* clang-format off */
static const struct flag flags[] = {
    {"root", 0, FLAG_STRING, CONF(root), NULL, FLAG_ALL, "DIR", "where the state of containers is kept"},
    {"log", 0, FLAG_STRING, CONF(log), NULL, FLAG_ALL, "FILE", "append errors and warnings to FILE"},
    {"log-format", 0, FLAG_CHOICE, VALUE(log_format), log_formats, FLAG_ALL, "FORMAT", "form of log records: text (default) or json"},
    {"log-fd", 0, FLAG_INT, VALUE(log_fd), NULL, FLAG_RUNSC, "N", "log to this file descriptor instead of a file"},
    {"log-level", 0, FLAG_CHOICE, VALUE(log_level), log_levels, FLAG_CRUN, "LEVEL", "error, warning or debug; debug is the same as --debug"},
    {"debug", 0, FLAG_BOOL, CONF(debug), NULL, FLAG_ALL, NULL, "log what is done, too"},
    {"systemd-cgroup", 0, FLAG_OPTIONAL_BOOL, CONF(systemd_cgroup), NULL, FLAG_ALL, NULL, "let systemd make the cgroup; the same as --cgroup-manager systemd"},
    {"cgroup-manager", 0, FLAG_CHOICE, VALUE(cgroup_manager), cgroup_managers, FLAG_CRUN, "NAME", "cgroupfs (default), systemd or disabled"},
    {"ignore-cgroups", 0, FLAG_BOOL, CONF(ignore_cgroups), NULL, FLAG_RUNSC, NULL, "make no cgroups; the same as --cgroup-manager disabled"},
    {"flavor", 0, FLAG_CHOICE, CONF(flavor), flavors, FLAG_OURS, "NAME", "native (default), or runsc: judge specs as gVisor's runtime does"},
    {"rootless", 0, FLAG_SWITCH, VALUE(rootless), rootless_modes, FLAG_ALL, "MODE", "auto (default) or true: work in a user namespace where privileges are missing; false: never"},
    {"allow-flag-override", 0, FLAG_BOOL, CONF(allow_flag_override), NULL, FLAG_RUNSC, NULL, "let annotations dev.gvisor.flag.NAME set options"},
    {"version", 'v', FLAG_BOOL, VALUE(version), NULL, FLAG_ALL, NULL, "print the version"},
    {"V", 'V', FLAG_BOOL, VALUE(version), NULL, FLAG_CRUN, NULL, NULL},
    {"alsologtostderr", 0, FLAG_BOOL, CONF(alsologtostderr), NULL, FLAG_RUNSC, NULL, "write the debug log to standard error, too"},
    {"debug-command", 0, FLAG_STRING, CONF(debug_command), NULL, FLAG_RUNSC, "LIST", "the commands that have a debug log: create,start or !list"},
    {"debug-log", 0, FLAG_STRING, CONF(debug_log), NULL, FLAG_RUNSC, "PATTERN", "write a debug log: a file, or a folder (ends with /); %TIMESTAMP% and %COMMAND% are replaced"},
    {"debug-log-format", 0, FLAG_STRING, CONF(debug_log_format), NULL, FLAG_RUNSC, "FORMAT", "text (default) or json"},
    /* Read by library functions that the runtime has no use for. */
    {"debug-to-user-log", 0, FLAG_BOOL, CONF(debug_to_user_log), NULL, FLAG_RUNSC, NULL, NULL},
    {"directfs", 0, FLAG_BOOL, CONF(directfs), NULL, FLAG_RUNSC, NULL, NULL},
    {"host-uds", 0, FLAG_STRING, CONF(host_uds), NULL, FLAG_RUNSC, NULL, NULL},
    {"net-raw", 0, FLAG_BOOL, CONF(net_raw), NULL, FLAG_RUNSC, NULL, NULL},
    {"network", 0, FLAG_STRING, CONF(network), NULL, FLAG_RUNSC, NULL, NULL},
    {"nvproxy", 0, FLAG_BOOL, CONF(nvproxy), NULL, FLAG_RUNSC, NULL, NULL},
    {"nvproxy-allowed-driver-capabilities", 0, FLAG_STRING, CONF(nvproxy_allowed_driver_capabilities), NULL, FLAG_RUNSC, NULL, NULL},
    {"nvproxy-docker", 0, FLAG_BOOL, CONF(nvproxy_docker), NULL, FLAG_RUNSC, NULL, NULL},
    {"oci-seccomp", 0, FLAG_BOOL, CONF(oci_seccomp), NULL, FLAG_RUNSC, NULL, NULL},
    {"overlay2", 0, FLAG_STRING, CONF(overlay2), NULL, FLAG_RUNSC, NULL, NULL},
    {"platform", 0, FLAG_STRING, CONF(platform), NULL, FLAG_RUNSC, NULL, NULL},
    {"tpuproxy", 0, FLAG_BOOL, CONF(tpuproxy), NULL, FLAG_RUNSC, NULL, NULL},
};
/* clang-format on */

const struct flag_set global_flags = {
    .flags = flags,
    .n_flags = SU_ARRAY_SIZE(flags),
    .more = &idle_global_flags,
    .ends_at = 1,
};

int globals_parse(struct flag_args *args, struct globals *g, struct su_error *err)
{
    *g = (struct globals){.log_fd = -1};
    int rc = flags_parse(&global_flags, args, g, err);
    g->root_given = g->conf.root != NULL;
    g->conf.debug |= g->log_level == LOG_LEVEL_DEBUG;
    g->conf.systemd_cgroup |= g->cgroup_manager == CGROUP_MANAGER_SYSTEMD;
    g->conf.ignore_cgroups |= g->cgroup_manager == CGROUP_MANAGER_DISABLED;
    g->conf.rootless = g->rootless == ROOTLESS_ALWAYS;
    return rc;
}

/* A folder in /tmp could have been put there by anybody, who would then own our state. */
static int check_owner(const char *root, uid_t uid, struct su_error *err)
{
    struct stat st;

    if (lstat(root, &st) < 0)
        return 0;
    if (S_ISDIR(st.st_mode) && st.st_uid == uid && (st.st_mode & (S_IWGRP | S_IWOTH)) == 0)
        return 0;
    return su_fail(err, EPERM,
                   "default state folder %s is not a folder that only user %u can write to: "
                   "remove it or give another one by --root",
                   root, (unsigned)uid);
}

static int default_root(struct globals *g, struct su_arena *arena, struct su_error *err)
{
    uid_t uid = geteuid();
    if (uid == 0 && su_in_initial_user_ns()) {
        g->conf.root = su_arena_strdup(arena, SYSTEM_ROOT);
        return g->conf.root ? 0 : su_fail(err, ENOMEM, "out of memory");
    }

    /* podman gives an empty variable where it means none. */
    const char *runtime_dir = getenv("XDG_RUNTIME_DIR");
    bool is_set = runtime_dir && runtime_dir[0] == '/';
    char *parent = is_set ? su_arena_strdup(arena, runtime_dir)
                          : su_arena_printf(arena, "/run/user/%u", (unsigned)uid);
    if (!parent)
        return su_fail(err, ENOMEM, "out of memory");
    bool in_tmp = !is_set && access(parent, X_OK) < 0;
    g->conf.root = in_tmp ? su_arena_printf(arena, "/tmp/runlet-%u", (unsigned)uid)
                          : su_arena_printf(arena, "%s/runlet", parent);
    if (!g->conf.root)
        return su_fail(err, ENOMEM, "out of memory");
    return in_tmp ? check_owner(g->conf.root, uid, err) : 0;
}

int globals_find_root(struct globals *g, struct su_arena *arena, struct su_error *err)
{
    if (!g->conf.root)
        return default_root(g, arena, err);
    if (!*g->conf.root)
        return su_fail_at(err, SU_ERR_FLAG, EINVAL, NULL, "option --root is empty");
    if (g->conf.root[0] == '/')
        return 0;
    _cleanup_free_ char *cwd = getcwd(NULL, 0);
    if (!cwd)
        return su_fail(err, errno, "cannot tell the working directory: %s", strerrordesc_np(errno));
    g->conf.root = su_arena_printf(arena, "%s/%s", cwd, g->conf.root);
    return g->conf.root ? 0 : su_fail(err, ENOMEM, "out of memory");
}
