/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of config.md: the whole document, process, root, mounts, hooks. */
#include "table.h"

static const struct su_field console_size_fields[] = {
    UINT32(oci_console_size, height, "height", REQUIRED),
    UINT32(oci_console_size, width, "width", REQUIRED),
};
static const struct su_type su_type_oci_console_size = TYPE(oci_console_size, console_size_fields);

static const struct su_field user_fields[] = {
    UINT32(oci_user, uid, "uid", REQUIRED),
    UINT32(oci_user, gid, "gid", REQUIRED),
    OPT_UINT32(oci_user, umask, "umask", .since = "1.0.2"),
    IDS(oci_user, additional_gids, "additionalGids"),
    STRING(oci_user, username, "username", NOT_LINUX),
};
static const struct su_type su_type_oci_user = TYPE(oci_user, user_fields);

static const struct su_field capabilities_fields[] = {
    STRINGS(oci_capabilities, bounding, "bounding"),
    STRINGS(oci_capabilities, effective, "effective"),
    STRINGS(oci_capabilities, inheritable, "inheritable"),
    STRINGS(oci_capabilities, permitted, "permitted"),
    STRINGS(oci_capabilities, ambient, "ambient"),
};
static const struct su_type su_type_oci_capabilities = TYPE(oci_capabilities, capabilities_fields);

static const struct su_field rlimit_fields[] = {
    WORD(oci_rlimit, type, "type", su_words_rlimits, "a resource limit", REQUIRED),
    UINT64(oci_rlimit, hard, "hard", REQUIRED),
    UINT64(oci_rlimit, soft, "soft", REQUIRED),
};
static const struct su_type su_type_oci_rlimit = TYPE(oci_rlimit, rlimit_fields);

static const struct su_field scheduler_fields[] = {
    WORD(oci_scheduler, policy, "policy", su_words_schedulers, "a scheduling policy", REQUIRED),
    INT(oci_scheduler, nice, "nice", .min = -20, .max = 19),
    INT(oci_scheduler, priority, "priority"),
    WORDS(oci_scheduler, flags, "flags", su_words_scheduler_flags, "a scheduling flag"),
    UINT64(oci_scheduler, runtime, "runtime"),
    UINT64(oci_scheduler, deadline, "deadline"),
    UINT64(oci_scheduler, period, "period"),
};
static const struct su_type su_type_oci_scheduler = TYPE(oci_scheduler, scheduler_fields);

static const struct su_field io_priority_fields[] = {
    WORD(oci_io_priority, class_, "class", su_words_io_classes, "an I/O priority class", REQUIRED),
    INT(oci_io_priority, priority, "priority", REQUIRED, .max = 7),
};
static const struct su_type su_type_oci_io_priority = TYPE(oci_io_priority, io_priority_fields);

static const struct su_field exec_cpu_affinity_fields[] = {
    STRING(oci_exec_cpu_affinity, initial, "initial"),
    STRING(oci_exec_cpu_affinity, final, "final"),
};
static const struct su_type su_type_oci_exec_cpu_affinity =
    TYPE(oci_exec_cpu_affinity, exec_cpu_affinity_fields);

static const struct su_field process_fields[] = {
    BOOL(oci_process, terminal, "terminal"),
    OBJECT(oci_process, console_size, "consoleSize", oci_console_size),
    INLINE(oci_process, user, "user", oci_user),
    STRINGS(oci_process, args, "args"),
    STRING(oci_process, command_line, "commandLine", NOT_LINUX),
    STRINGS(oci_process, env, "env"),
    STRING(oci_process, cwd, "cwd", REQUIRED),
    OBJECT(oci_process, capabilities, "capabilities", oci_capabilities),
    OBJECTS(oci_process, rlimits, "rlimits", oci_rlimit),
    BOOL(oci_process, no_new_privileges, "noNewPrivileges"),
    STRING(oci_process, apparmor_profile, "apparmorProfile"),
    OPT_INT(oci_process, oom_score_adj, "oomScoreAdj", .min = -1000, .max = 1000),
    OBJECT(oci_process, scheduler, "scheduler", oci_scheduler, .since = "1.1.0"),
    STRING(oci_process, selinux_label, "selinuxLabel"),
    OBJECT(oci_process, io_priority, "ioPriority", oci_io_priority, .since = "1.1.0"),
    OBJECT(oci_process, exec_cpu_affinity, "execCPUAffinity", oci_exec_cpu_affinity,
           .since = "1.2.1"),
};
const struct su_type su_type_oci_process = TYPE(oci_process, process_fields);

static const struct su_field root_fields[] = {
    STRING(oci_root, path, "path", REQUIRED),
    BOOL(oci_root, readonly, "readonly"),
};
static const struct su_type su_type_oci_root = TYPE(oci_root, root_fields);

static const struct su_field id_mapping_fields[] = {
    UINT32(oci_id_mapping, container_id, "containerID", REQUIRED),
    UINT32(oci_id_mapping, host_id, "hostID", REQUIRED),
    UINT32(oci_id_mapping, size, "size", REQUIRED),
};
const struct su_type su_type_oci_id_mapping = TYPE(oci_id_mapping, id_mapping_fields);

static const struct su_field mount_fields[] = {
    STRING(oci_mount, destination, "destination", REQUIRED),
    STRING(oci_mount, type, "type"),
    STRING(oci_mount, source, "source"),
    STRINGS(oci_mount, options, "options"),
    OBJECTS(oci_mount, uid_mappings, "uidMappings", oci_id_mapping, .since = "1.1.0"),
    OBJECTS(oci_mount, gid_mappings, "gidMappings", oci_id_mapping, .since = "1.1.0"),
};
const struct su_type su_type_oci_mount = TYPE(oci_mount, mount_fields);

static const struct su_field hook_fields[] = {
    STRING(oci_hook, path, "path", REQUIRED),
    STRINGS(oci_hook, args, "args"),
    STRINGS(oci_hook, env, "env"),
    OPT_INT(oci_hook, timeout, "timeout", .min = 1, .max = INT32_MAX),
};
static const struct su_type su_type_oci_hook = TYPE(oci_hook, hook_fields);

static const struct su_field hooks_fields[] = {
    OBJECTS(oci_hooks, prestart, "prestart", oci_hook),
    OBJECTS(oci_hooks, create_runtime, "createRuntime", oci_hook, .since = "1.0.2"),
    OBJECTS(oci_hooks, create_container, "createContainer", oci_hook, .since = "1.0.2"),
    OBJECTS(oci_hooks, start_container, "startContainer", oci_hook, .since = "1.0.2"),
    OBJECTS(oci_hooks, poststart, "poststart", oci_hook),
    OBJECTS(oci_hooks, poststop, "poststop", oci_hook),
};
const struct su_type su_type_oci_hooks = TYPE(oci_hooks, hooks_fields);

static const struct su_field spec_fields[] = {
    STRING(oci_spec, oci_version, "ociVersion", REQUIRED),
    OBJECT(oci_spec, process, "process", oci_process),
    OBJECT(oci_spec, root, "root", oci_root),
    STRING(oci_spec, hostname, "hostname"),
    STRING(oci_spec, domainname, "domainname", .since = "1.1.0"),
    OBJECTS(oci_spec, mounts, "mounts", oci_mount),
    OBJECT(oci_spec, hooks, "hooks", oci_hooks),
    MAP(oci_spec, annotations, "annotations"),
    OBJECT(oci_spec, linux_, "linux", oci_linux),
    RAW(oci_spec, solaris, "solaris", NOT_LINUX),
    RAW(oci_spec, windows, "windows", NOT_LINUX),
    RAW(oci_spec, vm, "vm", NOT_LINUX),
    RAW(oci_spec, zos, "zos", NOT_LINUX),
    RAW(oci_spec, freebsd, "freebsd", NOT_LINUX),
};
const struct su_type su_type_oci_spec = TYPE(oci_spec, spec_fields);
