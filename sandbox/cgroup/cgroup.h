/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The door of the cgroup room. Three steps, as everywhere: the host is looked at (read only), a
 * plan says which folders and which writes (pure), and the plan is carried out. What a container
 * has is remembered as a struct sb_cgroup_ref in its state file.
 */
#ifndef SB_CGROUP_H
#define SB_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <linux/bpf.h>
#include <specutils/arena.h>
#include <specutils/error.h>
#include <specutils/oci.h>

#include "../undo.h"

enum sb_cgroup_mode {
    SB_CGROUP_NONE,   /* no cgroup file system at /sys/fs/cgroup */
    SB_CGROUP_V1,     /* v1 hierarchies alone */
    SB_CGROUP_HYBRID, /* v1 hierarchies and a cgroup2 without controllers beside them */
    SB_CGROUP_V2,     /* cgroup2 alone at /sys/fs/cgroup */
};

/* One mounted hierarchy. */
struct sb_cgroup_hierarchy {
    const char *controllers; /* v1: "cpu,cpuacct" or "name=systemd", as in /proc/self/cgroup;
                                v2: "" */
    const char *mount;       /* "/sys/fs/cgroup/cpu,cpuacct" */
    const char *own_path;    /* this process's group in it: "/", "/user.slice/..." */
};

/* What the host offers. Everything lives in the arena given to sb_cgroup_probe(). */
struct sb_cgroup_host {
    enum sb_cgroup_mode mode;
    struct sb_cgroup_hierarchy *v; /* v1: each mounted hierarchy (hybrid: cgroup2 last); v2: one */
    size_t n;
};

/*
 * Looks at the host: statfs of /sys/fs/cgroup, /proc/self/cgroup, and only where the usual mount
 * points are not there, mountinfo. No other side effect.
 */
int sb_cgroup_probe(struct su_arena *arena, struct sb_cgroup_host *host, struct su_error *err);

/* One file to write. */
struct sb_cgroup_write {
    size_t dir;       /* index into dirs of the plan */
    const char *file; /* "memory.max" */
    const char *value;
    const char
        *json_path; /* of the property behind it, for errors: "linux.resources.memory.limit" */
    bool optional;  /* a file that does not exist is silently passed over */
};

/* One folder of the container's cgroup. */
struct sb_cgroup_dir {
    size_t hierarchy;  /* index into host->v */
    const char *mount; /* the hierarchy's mount point */
    const char *rel;   /* the folder below it, without a leading "/": "docker/0123" */
    const char *path;  /* both: "/sys/fs/cgroup/memory/docker/0123" */
};

struct sb_cgroup_plan {
    enum sb_cgroup_mode mode;
    struct sb_cgroup_dir *dirs; /* n_dirs 0: the container gets no cgroup of its own */
    size_t n_dirs;
    struct sb_cgroup_write *writes; /* in an order that the kernel accepts */
    size_t n_writes;
    const char **enable; /* v2: controllers to enable in subtree_control from the root down */
    size_t n_enable;
    struct bpf_insn *device_prog; /* v2: the device filter; NULL: none */
    size_t n_device_prog;
    bool best_effort; /* rootless without limits: a cgroup that cannot be made is passed over */
};

struct sb_cgroup_opts {
    const char *id;
    const char *cgroups_path;              /* linux.cgroupsPath or NULL */
    const struct oci_resources *resources; /* or NULL */
    bool rootless;                         /* not root of the initial user namespace */
    bool ignore;                           /* --ignore-cgroups: empty plan */
};

/*
 * Computes the plan. Absolute cgroups_path: below the mount point; relative: below "/" of it
 * too; absent: the id below this process's own group. ".." is refused. With a cgroups_path the
 * container gets a folder in every hierarchy (engines read statistics there); without one only
 * where resources ask for it, plus freezer and devices. Device rules always allow the default
 * devices. -EINVAL (SU_ERR_SPEC) with JSON path where a limit needs a controller that the host
 * lacks or a value that has no form there.
 */
int sb_cgroup_plan(struct su_arena *arena, const struct sb_cgroup_host *host,
                   const struct sb_cgroup_opts *opts, struct sb_cgroup_plan *plan,
                   struct su_error *err);

/* What the state file keeps of a container's cgroup. */
struct sb_cgroup_ref {
    struct su_strv paths;   /* the folders, absolute */
    struct su_strv parents; /* ancestors that create made, deepest first */
};
extern const struct su_type sb_type_cgroup_ref;

/*
 * Makes the folders (each pushed on undo before it is made; ancestors too), enables controllers,
 * does the writes and attaches the device program. A folder that exists is used if no process is
 * in it and it is not frozen, else -EBUSY. *v2_fd receives an O_PATH-free directory fd fit for
 * CLONE_INTO_CGROUP (mode V2), or -1; the caller closes. ref is filled from arena. Strings that
 * undo keeps live in arena.
 */
int sb_cgroup_create(struct su_arena *arena, const struct sb_cgroup_plan *plan,
                     struct sb_undo *undo, struct sb_cgroup_ref *ref, int *v2_fd,
                     struct su_error *err);

/* Moves a process into all v1 folders (not into a v2 one: it was born there). */
int sb_cgroup_join_v1(const struct sb_cgroup_plan *plan, pid_t pid, struct su_error *err);
/* Moves a process into every folder of ref; for exec, and where CLONE_INTO_CGROUP failed. */
int sb_cgroup_join(const struct sb_cgroup_ref *ref, pid_t pid, struct su_error *err);

/* The processes in the container's cgroup and below it; malloc'd. */
int sb_cgroup_pids(const struct sb_cgroup_ref *ref, pid_t **pids, size_t *n, struct su_error *err);
/* Sends a signal to all of them; SIGKILL by cgroup.kill where there is one. Thaws for SIGKILL. */
int sb_cgroup_signal(const struct sb_cgroup_ref *ref, int sig, struct su_error *err);
/* 1 frozen, 0 not, negative errno. */
int sb_cgroup_is_frozen(const struct sb_cgroup_ref *ref);
/* Freezes or thaws and waits until it is so. */
int sb_cgroup_freeze(const struct sb_cgroup_ref *ref, bool frozen, struct su_error *err);

/*
 * Removes the folders with all below them, then the ancestors that create made and that are
 * empty. Waits (cgroup.events on v2, a bounded number of short waits on v1) while dying
 * processes keep a folder busy. A folder that is gone is success.
 */
int sb_cgroup_remove(const struct sb_cgroup_ref *ref, struct su_error *err);

#endif
