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
 * Looks at the host: statfs of /sys/fs/cgroup, /proc/self/cgroup, on v1 the names below
 * /sys/fs/cgroup, and only where the usual mount points are not there, mountinfo. No side effect.
 */
int sb_cgroup_probe(struct su_arena *arena, struct sb_cgroup_host *host, struct su_error *err);

/* One file to write. */
struct sb_cgroup_write {
    size_t dir;       /* index into dirs of the plan */
    const char *file; /* "memory.max" */
    const char *value;
    const char *json_path; /* of the property behind it: "linux.resources.memory.limit" */
    bool optional;         /* passed over where the kernel does not know the file */
    bool fallback;         /* done only where the file of the write before it does not exist */
    bool may_be_denied;    /* EPERM is passed over: not asked for by the spec itself */
};

/* One folder of the container's cgroup. */
struct sb_cgroup_dir {
    size_t hierarchy;        /* index into host->v */
    const char *controllers; /* of the hierarchy; "" is cgroup2 */
    const char *mount;       /* the hierarchy's mount point */
    const char *rel;         /* the folder below it, without a leading "/": "docker/0123" */
    const char *path;        /* both: "/sys/fs/cgroup/memory/docker/0123" */
};

struct sb_cgroup_plan {
    enum sb_cgroup_mode mode;
    struct sb_cgroup_dir *dirs; /* n_dirs 0: the container gets no cgroup of its own; a cgroup2
                                   folder is the first, then freezer, devices, the rest */
    size_t n_dirs;
    struct sb_cgroup_write *writes; /* in an order that the kernel accepts */
    size_t n_writes;
    const char **enable; /* v2: controllers to enable in subtree_control from the root down */
    size_t n_enable;
    bool enable_available;        /* v2: and all others that can be, for engines' statistics */
    struct bpf_insn *device_prog; /* the device filter of the cgroup2 folder; NULL: none */
    size_t n_device_prog;
    bool rootless;    /* as in the options */
    bool best_effort; /* rootless without limits: a cgroup that cannot be made is passed over */
};

struct sb_cgroup_opts {
    const char *id;
    const char *cgroups_path;              /* linux.cgroupsPath or NULL */
    const struct oci_resources *resources; /* or NULL */
    bool rootless;                         /* not root of the initial user namespace */
    bool ignore;                           /* --ignore-cgroups: empty plan */
};

/* True for "slice:prefix:name", the form that the systemd driver takes. */
bool sb_cgroup_is_systemd_path(const char *cgroups_path);

/*
 * Computes the plan. Absolute cgroups_path: below the mount point; relative: below "/" of it
 * too; absent or empty: the id below this process's own group (on v2, where limits need a
 * controller: beside it, as a group with processes cannot hand controllers down). ".." is
 * refused, and so is the systemd driver's form. With a cgroups_path the container gets a folder
 * in every hierarchy (engines read statistics there); without one only where resources ask for
 * it, plus freezer and devices.
 *
 * Device rules: everything is denied but what the rules allow, in their order, and but the
 * default devices, which are allowed behind the rules unless these end in "allow all". On v2 an
 * access is judged bit by bit (r, w, m), each by the last rule that names it; what v1 cannot say
 * (a hole in a wildcard) is an error there. Rootless: no device rules, the kernel forbids them.
 *
 * Zero stands for "leave it" (engines fill absent values with it), but for pids.limit: 0 there
 * becomes 1, the lowest limit under which an init can be born.
 *
 * -EINVAL (SU_ERR_SPEC) with JSON path where a limit needs a v1 controller that the host lacks
 * or a value that has no form there. A v2 controller that is missing shows in create.
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
 * in it and it is not frozen, else -EBUSY; undo leaves it. Controllers enabled in groups that
 * others made stay enabled. *v2_fd receives a directory fd fit for CLONE_INTO_CGROUP if the plan
 * has a cgroup2 folder, or -1; the caller closes. That is so on hybrid hosts too: the child is
 * born in its cgroup2 group and in its parent's v1 groups, from where sb_cgroup_join_v1() takes
 * it. ref is filled from arena. Strings that undo keeps live in arena.
 */
int sb_cgroup_create(struct su_arena *arena, const struct sb_cgroup_plan *plan,
                     struct sb_undo *undo, struct sb_cgroup_ref *ref, int *v2_fd,
                     struct su_error *err);

/* Moves a process into all v1 folders (not into a cgroup2 one: it was born there). */
int sb_cgroup_join_v1(const struct sb_cgroup_plan *plan, pid_t pid, struct su_error *err);
/* Moves a process into every folder of ref; for exec, and where CLONE_INTO_CGROUP failed. */
int sb_cgroup_join(const struct sb_cgroup_ref *ref, pid_t pid, struct su_error *err);

/* The processes in the container's cgroup and below it, sorted; malloc'd. None where the folder
 * is gone. */
int sb_cgroup_pids(const struct sb_cgroup_ref *ref, pid_t **pids, size_t *n, struct su_error *err);
/* Sends a signal to all of them; SIGKILL by cgroup.kill where there is one, else to a frozen
 * group, so that none is born meanwhile. Thaws for SIGKILL. No process is success. */
int sb_cgroup_signal(const struct sb_cgroup_ref *ref, int sig, struct su_error *err);
/* 1 frozen (or about to be), 0 not (or gone), negative errno. */
int sb_cgroup_is_frozen(const struct sb_cgroup_ref *ref);
/* Freezes or thaws and waits until it is so; what cannot be frozen in time is thawed again and
 * is -ETIMEDOUT (SU_ERR_TIMEOUT). */
int sb_cgroup_freeze(const struct sb_cgroup_ref *ref, bool frozen, struct su_error *err);

/*
 * Removes the folders with all below them, then the ancestors that create made and that are
 * empty. Waits (cgroup.events on v2, a bounded number of short waits on v1) while dying
 * processes keep a folder busy. A folder that is gone is success.
 */
int sb_cgroup_remove(const struct sb_cgroup_ref *ref, struct su_error *err);

#endif
