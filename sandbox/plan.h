/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan: everything about a container that can be decided, or can fail, before the host is
 * touched. It is made from a valid spec and the host's facts, is never changed afterwards, and
 * is all that the builder and the container's init work from; nothing is allocated between clone
 * and exec. Strings are borrowed from the spec or live in the plan's arena.
 */
#ifndef SB_PLAN_H
#define SB_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <specutils/specutils.h>

#include "cgroup/cgroup.h"
#include "sandbox.h"

/* A namespace that exists already. */
struct sb_join {
    const struct oci_linux_namespace *ns;
    size_t index; /* in linux.namespaces */
    int fd;       /* opened by the builder, -1 before */
};

enum sb_mount_kind {
    SB_MOUNT_BIND,    /* a tree of the host */
    SB_MOUNT_FS,      /* a file system of its own */
    SB_MOUNT_REMOUNT, /* new attributes for what is mounted there */
};

/* One file system option: a flag if value is NULL. */
struct sb_fs_option {
    const char *key, *value;
    size_t index; /* in the mount's option list */
};

struct sb_mount_step {
    enum sb_mount_kind kind;
    size_t index;       /* in spec->mounts */
    const char *source; /* host path of a bind; name shown in mountinfo otherwise */
    const char *target; /* inside the rootfs, relative to it */
    const char *fstype;
    struct su_mount_opts opts;
    struct sb_fs_option *options;
    size_t n_options;
    const char *legacy_data; /* the same options, joined for mount(2) */
    bool ordinary_target;    /* the target must not be reached through a symlink (proc, sysfs) */
    bool may_cover_proc;     /* one of the few files below /proc that a bind may cover */
    bool optional;      /* made up by the plan; a target or source that is missing is skipped */
    bool bind_fallback; /* sysfs and mqueue: bind the host's where the kernel says EPERM */
    const struct oci_id_mapping *uid_maps, *gid_maps; /* idmapped mount */
    size_t n_uid_maps, n_gid_maps;
    const char *symlink_to; /* instead of a mount: a symlink at target (v1 controller names) */
    const char *json_path;  /* "mounts[3]" */
    bool legacy;            /* only mount(2) can do it: an option is too long for fsconfig(2) */
    bool readonly_last;     /* a tmpfs: mounts below it and devices come first */
    bool tmpfs_mode;        /* a tmpfs that takes the mode of the folder that it covers */
    int src_fd;             /* a bind's detached tree, opened by the builder; -1 before */
};

struct sb_device {
    const char *path; /* inside the rootfs, relative to it */
    mode_t mode;      /* type and permissions */
    dev_t dev;
    uid_t uid;
    gid_t gid;
    const char *host_path; /* what to bind where mknod is not allowed */
    size_t index;          /* in linux.devices, SIZE_MAX: a default device */
};

/* A kernel parameter: path is below /proc/sys. */
struct sb_sysctl {
    const char *path, *value;
};

struct sb_rlimit {
    int resource;
    struct rlimit limit;
    size_t index; /* in process.rlimits */
};

/* What becomes of the process, in the order in which it happens. */
struct sb_process {
    const struct oci_process *oci;
    char **argv;
    char **env;            /* NULL-terminated; has room for one more entry */
    size_t n_env;          /* without that room */
    bool needs_home;       /* HOME is to be looked up in the container's /etc/passwd */
    const char *path_list; /* PATH of env */
    gid_t *groups;
    size_t n_groups;
    bool set_groups; /* setgroups(2) is allowed here */
    struct su_task_caps caps;
    struct sb_rlimit *rlimits;
    size_t n_rlimits;
    struct su_seccomp_prog seccomp;
    bool has_seccomp;
    unsigned long *mempolicy_nodes; /* bit mask */
    size_t mempolicy_bits;
    unsigned long personality;
    bool has_personality;
    const char *lsm_label;     /* what is written to lsm_attr, or NULL */
    const char *lsm_attr;      /* below /proc/self/attr: "exec", "apparmor/exec" */
    const char *lsm_json_path; /* for errors */
};

struct sb_plan {
    struct su_arena arena;
    const struct sb_create_opts *opts;
    const struct su_spec *spec;

    /* The host. */
    bool initial_userns; /* the builder is in the initial user namespace */
    struct sb_cgroup_host cgroup_host;
    dev_t self_dev; /* the runtime's own binary, which no container may execute */
    ino_t self_ino;

    /* Namespaces. */
    uint64_t clone_flags; /* new namespaces, without cgroup and time, which init unshares */
    bool new_userns, new_cgroupns, new_timens, new_netns, new_mountns;
    struct sb_join *joins; /* all but user and mount: the builder steps in and out */
    size_t n_joins;
    struct sb_join join_user, join_mount; /* init's business; ns NULL: none */
    struct su_id_map *uid_maps, *gid_maps;
    size_t n_uid_maps, n_gid_maps;
    bool allow_setgroups;
    const char *time_offsets; /* text for timens_offsets, or NULL */

    /* Root file system. */
    const char *rootfs; /* absolute */
    bool rootfs_readonly;
    uint32_t rootfs_propagation; /* MS_* for after pivot_root, 0: private */
    struct sb_mount_step *mounts;
    size_t n_mounts;
    bool setup_dev;    /* default devices and symlinks are wanted */
    bool bind_devices; /* mknod(2) is not allowed: bind the host's nodes */
    struct sb_device *devices;
    size_t n_devices;
    struct sb_sysctl *sysctls;
    size_t n_sysctls;
    size_t n_creatable; /* how many files and folders init may have to make in the rootfs */

    struct sb_cgroup_plan cgroup;
    struct sb_process process;

    /* For hooks: the state document before and after `"status":"...","pid":N`. */
    char *state_head, *state_tail;
    bool wait_for_hooks; /* prestart or createRuntime hooks: init waits for the builder */
};

/*
 * Makes the plan. opts and spec must outlive it. Reads the host (cgroup mounts, id maps, the
 * binary's inode, the kind of the rootfs) but changes nothing. Errors carry JSON paths. On
 * failure the plan is empty; otherwise sb_plan_free() it.
 */
int sb_plan_make(const struct sb_create_opts *opts, const struct su_spec *spec,
                 struct sb_plan *plan, struct su_error *err);
void sb_plan_free(struct sb_plan *plan);

/* The plan's parts, one file each. */
int sb_plan_namespaces(struct sb_plan *plan, struct su_error *err);
int sb_plan_mounts(struct sb_plan *plan, struct su_error *err);
int sb_plan_devices(struct sb_plan *plan, struct su_error *err);
int sb_plan_process(struct sb_plan *plan, struct su_error *err);

/* True if container id is covered by one of the maps (or there are none). */
bool sb_id_is_mapped(const struct su_id_map *maps, size_t n, uint32_t container_id);

#endif
