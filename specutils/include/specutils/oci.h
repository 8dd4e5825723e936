/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The data types of the OCI runtime specification 1.3 for Linux (config.md, config-linux.md).
 * Each struct has a table of its fields (su_type_oci_*), from which decoder, encoder and checks
 * are driven. Everything hangs on one arena. "Absent" is NULL (or v == NULL of a list); a plain
 * scalar reads as 0 or false when absent, a pointer to a scalar tells the difference.
 */
#ifndef SPECUTILS_OCI_H
#define SPECUTILS_OCI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <specutils/arena.h>
#include <specutils/json.h>
#include <specutils/visibility.h>

SU_BEGIN_DECLS

/* clang-format off */
#define OCI_LIST(T) struct { T *v; size_t n; }
/* clang-format on */

/* config.md, "Root". */
struct oci_root {
    char *path;
    bool readonly;
};

/* config-linux.md, "User namespace mappings"; also of mounts. */
struct oci_id_mapping {
    uint32_t container_id, host_id, size;
};

/* config.md, "Mounts". */
struct oci_mount {
    char *destination;
    char *type;
    char *source;
    struct su_strv options;
    OCI_LIST(struct oci_id_mapping) uid_mappings, gid_mappings;
};

/* config.md, "User": numeric ids in the container's user namespace. */
struct oci_user {
    uint32_t uid, gid;
    uint32_t *umask;
    OCI_LIST(uint32_t) additional_gids;
    char *username; /* Windows only, ignored */
};

struct oci_console_size {
    uint32_t height, width;
};

/* config.md, "capabilities": five lists of names as they stand in the document. */
struct oci_capabilities {
    struct su_strv bounding, effective, inheritable, permitted, ambient;
};

/* type is a RLIMIT_* value of getrlimit(2). */
struct oci_rlimit {
    int type;
    uint64_t soft, hard;
};

/* policy is a SCHED_* value, flags are SCHED_FLAG_* values; times in nanoseconds. */
struct oci_scheduler {
    int policy;
    int nice, priority;
    OCI_LIST(int) flags;
    uint64_t runtime, deadline, period;
};

/* class is an IOPRIO_CLASS_* value. */
struct oci_io_priority {
    int class_;
    int priority;
};

struct oci_exec_cpu_affinity {
    char *initial, *final;
};

/* config.md, "Process"; also the document given to exec. */
struct oci_process {
    bool terminal;
    struct oci_console_size *console_size;
    struct oci_user user;
    char *cwd;
    struct su_strv args, env;
    char *command_line; /* Windows only, ignored */
    OCI_LIST(struct oci_rlimit) rlimits;
    char *apparmor_profile, *selinux_label;
    struct oci_capabilities *capabilities;
    bool no_new_privileges;
    int *oom_score_adj;
    struct oci_scheduler *scheduler;
    struct oci_io_priority *io_priority;
    struct oci_exec_cpu_affinity *exec_cpu_affinity;
};

/* config.md, "POSIX-platform Hooks"; timeout in seconds. */
struct oci_hook {
    char *path;
    struct su_strv args, env;
    int *timeout;
};

typedef OCI_LIST(struct oci_hook) oci_hook_list;

struct oci_hooks {
    oci_hook_list prestart, create_runtime, create_container, start_container, poststart, poststop;
};

/* type is a CLONE_NEW* flag. */
struct oci_linux_namespace {
    int type;
    char *path;
};

/* A member of the timeOffsets map; key is the clock: "monotonic" or "boottime". */
struct oci_time_offset {
    char *key;
    int64_t secs;
    uint32_t nanosecs;
};

/* type is 'c', 'b', 'u' or 'p'. */
struct oci_linux_device {
    int type;
    char *path;
    int64_t *major, *minor;
    uint32_t *file_mode, *uid, *gid;
};

/* A member of the netDevices map; key is the host's name of the device. */
struct oci_linux_net_device {
    char *key;
    char *name;
};

/* A rule of the device cgroup; type is 'a' (also when absent), 'c' or 'b'; NULL is a wildcard. */
struct oci_device_cgroup {
    bool allow;
    int type;
    int64_t *major, *minor;
    char *access;
};

struct oci_memory {
    int64_t *limit, *reservation, *swap, *kernel, *kernel_tcp;
    uint64_t *swappiness;
    bool *disable_oom_killer, *use_hierarchy, *check_before_update;
};

struct oci_cpu {
    uint64_t *shares;
    int64_t *quota;
    uint64_t *burst, *period;
    int64_t *realtime_runtime;
    uint64_t *realtime_period;
    char *cpus, *mems;
    int64_t *idle;
};

struct oci_weight_device {
    int64_t major, minor;
    uint16_t *weight, *leaf_weight;
};

struct oci_throttle_device {
    int64_t major, minor;
    uint64_t rate;
};

typedef OCI_LIST(struct oci_throttle_device) oci_throttle_list;

struct oci_block_io {
    uint16_t *weight, *leaf_weight;
    OCI_LIST(struct oci_weight_device) weight_device;
    oci_throttle_list throttle_read_bps_device, throttle_write_bps_device;
    oci_throttle_list throttle_read_iops_device, throttle_write_iops_device;
};

struct oci_hugepage_limit {
    char *page_size;
    uint64_t limit;
};

struct oci_interface_priority {
    char *name;
    uint32_t priority;
};

struct oci_network {
    uint32_t *class_id;
    OCI_LIST(struct oci_interface_priority) priorities;
};

/* -1 means no limit. */
struct oci_pids {
    int64_t *limit;
};

/* A member of the rdma map; key is the device. */
struct oci_rdma {
    char *key;
    uint32_t *hca_handles, *hca_objects;
};

/* config-linux.md, "Control groups"; also the document given to update. */
struct oci_resources {
    OCI_LIST(struct oci_device_cgroup) devices;
    struct oci_memory *memory;
    struct oci_cpu *cpu;
    struct oci_pids *pids;
    struct oci_block_io *block_io;
    OCI_LIST(struct oci_hugepage_limit) hugepage_limits;
    struct oci_network *network;
    OCI_LIST(struct oci_rdma) rdma;
    OCI_LIST(struct oci_pair) unified;
};

struct oci_intel_rdt {
    char *clos_id, *l3_cache_schema, *mem_bw_schema;
    struct su_strv schemata;
    bool enable_monitoring;
};

/* mode is an MPOL_* value, flags are MPOL_F_* values. */
struct oci_memory_policy {
    int mode;
    char *nodes;
    OCI_LIST(int) flags;
};

/* Actions of seccomp rules, in the order of the specification's list. */
enum oci_seccomp_action {
    OCI_ACT_KILL = 1, /* the thread, as SCMP_ACT_KILL always was */
    OCI_ACT_KILL_PROCESS,
    OCI_ACT_KILL_THREAD,
    OCI_ACT_TRAP,
    OCI_ACT_ERRNO,
    OCI_ACT_TRACE,
    OCI_ACT_ALLOW,
    OCI_ACT_LOG,
    OCI_ACT_NOTIFY,
};

enum oci_seccomp_op {
    OCI_CMP_NE = 1,
    OCI_CMP_LT,
    OCI_CMP_LE,
    OCI_CMP_EQ,
    OCI_CMP_GE,
    OCI_CMP_GT,
    OCI_CMP_MASKED_EQ,
};

struct oci_seccomp_arg {
    uint32_t index;
    uint64_t value, value_two;
    int op; /* enum oci_seccomp_op */
};

struct oci_seccomp_rule {
    struct su_strv names;
    int action; /* enum oci_seccomp_action */
    uint32_t *errno_ret;
    OCI_LIST(struct oci_seccomp_arg) args;
};

/* architectures are SCMP_ARCH_* names, flags SECCOMP_FILTER_FLAG_* bits of seccomp(2). */
struct oci_seccomp {
    int default_action; /* enum oci_seccomp_action; 0 when absent */
    uint32_t *default_errno_ret;
    struct su_strv architectures;
    OCI_LIST(int) flags;
    char *listener_path, *listener_metadata;
    OCI_LIST(struct oci_seccomp_rule) syscalls;
};

/* domain is a PER_* value of personality(2). */
struct oci_personality {
    int domain;
    struct su_strv flags;
};

/* config-linux.md. */
struct oci_linux {
    OCI_LIST(struct oci_id_mapping) uid_mappings, gid_mappings;
    OCI_LIST(struct oci_pair) sysctl;
    struct oci_resources *resources;
    char *cgroups_path;
    OCI_LIST(struct oci_linux_namespace) namespaces;
    OCI_LIST(struct oci_linux_device) devices;
    OCI_LIST(struct oci_linux_net_device) net_devices;
    struct oci_seccomp *seccomp;
    char *rootfs_propagation;
    struct su_strv masked_paths, readonly_paths;
    char *mount_label;
    struct oci_intel_rdt *intel_rdt;
    struct oci_memory_policy *memory_policy;
    struct oci_personality *personality;
    OCI_LIST(struct oci_time_offset) time_offsets;
};

/* A whole config.json. The other platforms' parts are kept as the JSON text that they are. */
struct oci_spec {
    char *oci_version;
    struct oci_process *process;
    struct oci_root *root;
    char *hostname, *domainname;
    OCI_LIST(struct oci_mount) mounts;
    struct oci_hooks *hooks;
    OCI_LIST(struct oci_pair) annotations;
    struct oci_linux *linux_; /* "linux" is a macro of GNU C */
    char *solaris, *windows, *vm, *zos, *freebsd;
};

/* The value of an annotation, or NULL. */
SU_API const char *oci_annotation(const struct oci_spec *spec, const char *key);

/* The tables of the documents that exist on their own. The rest is reachable from these. */
SU_API extern const struct su_type su_type_oci_spec;
SU_API extern const struct su_type su_type_oci_process;
SU_API extern const struct su_type su_type_oci_resources;
SU_API extern const struct su_type su_type_oci_mount;

SU_END_DECLS

#endif
