/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The container's init, from its birth by clone3 to its exec. It works from the plan alone:
 * nothing is allocated, nothing is decided, nothing is printed. What fails is noted in the
 * struct and travels to the builder as one message.
 */
#ifndef SB_INIT_H
#define SB_INIT_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "plan.h"
#include "sync.h"

/* A file or folder that init made in the rootfs: taken back if the build fails. */
struct sb_created {
    int parent_fd;
    bool is_dir;
    char name[NAME_MAX + 1];
};

/* A tmpfs that becomes read-only when all is in it. */
struct sb_readonly {
    int fd;
    size_t step; /* in plan->mounts */
};

struct sb_init {
    const struct sb_plan *plan;
    int sock;         /* to the builder */
    int builder_fd;   /* the builder's end, to be closed here so that its death is seen */
    int lock_fd;      /* the state folder, to be closed here so that the lock is the builder's */
    bool wait_mapped; /* the builder has something to do before any step: maps, a v1 cgroup */
    int start_fd;     /* where sb_start() connects, -1: the builder says go */
    int tree_fd;      /* the rootfs as a detached tree, then mounted; all paths start here */
    int lsm_fd;       /* the attribute file that takes the security label, -1: none is set */
    int master_fd, slave_fd; /* the terminal, -1 without */
    uint32_t ignored;        /* signals that were ignored at its birth */
    struct sb_created *created;
    size_t n_created;
    struct sb_readonly *readonly;
    size_t n_readonly;
    size_t n_mounted; /* how many of the plan's mounts are made */
    bool is_passing;  /* what is made now vanishes with a mount of the container's: no note */
    char *program;    /* PATH_MAX bytes: what is executed */
    char *home;       /* PATH_MAX bytes: "HOME=..." where it had to be looked up */
    mode_t caller_umask;
    char *scratch;      /* room for three paths (SB_SCRATCH_BYTES each) */
    struct sb_msg fail; /* what failed */
};

enum { SB_SCRATCH_BYTES = 2 * PATH_MAX };

/* Runs the container's process; never returns. */
_Noreturn void sb_init_run(struct sb_init *in);

/* Notes a failure (value is an errno) and returns -value. */
int sb_init_fail(struct sb_init *in, enum sb_step step, size_t index, int value);

/* --- init_path.c: paths inside the rootfs ------------------------------------------------------
 */

enum sb_want { SB_WANT_DIR, SB_WANT_FILE, SB_WANT_EXISTING };

enum {
    SB_NO_SYMLINKS = 1, /* refuse a path with a symbolic link anywhere in it */
    SB_NO_FOLLOW = 2,   /* do not follow one at the end */
};

/*
 * Opens path (relative to the rootfs; symbolic links stay inside) as an O_PATH fd. What is
 * missing is made and noted in in->created, never through a link that leads out. -errno.
 */
int sb_init_open(struct sb_init *in, const char *path, enum sb_want want, unsigned flags);
/* The folder that the last part of path is in, made if missing; *name points to that part. */
int sb_init_open_parent(struct sb_init *in, const char *path, const char **name);
/* Notes that name was made below parent_fd. */
void sb_init_note_created(struct sb_init *in, int parent_fd, const char *name, bool is_dir);
/* Takes back all that was made, after the rootfs has been detached. */
void sb_init_remove_created(struct sb_init *in);
/* openat2(2) below fd with RESOLVE_IN_ROOT; -errno. */
int sb_open_in_root(int fd, const char *path, int flags, unsigned long long resolve);

/* --- init_mount.c, init_fs.c: the plan's mount steps -------------------------------------------
 */

/* Carries out all of plan->mounts. */
int sb_init_mounts(struct sb_init *in);
/* The mount of a file system of its own as a detached tree; -errno with in->fail set. */
int sb_init_make_fs(struct sb_init *in, const struct sb_mount_step *step, int target_fd,
                    bool target_is_new);
/* Opens the source of a bind as a detached tree. Also the builder's, before init is born. */
int sb_open_bind_source(const struct sb_mount_step *step);
/* Attributes, propagation and id map of a detached or mounted tree. */
int sb_init_set_attributes(struct sb_init *in, const struct sb_mount_step *step, int fd);

/* --- init_rootfs.c: what is there beside the spec's mounts -------------------------------------
 */

int sb_init_attach_rootfs(struct sb_init *in);
int sb_init_devices(struct sb_init *in);
int sb_init_sysctls(struct sb_init *in);
int sb_init_pivot(struct sb_init *in);
int sb_init_protect_paths(struct sb_init *in);
int sb_init_finish_rootfs(struct sb_init *in);
int sb_init_share_rootfs(struct sb_init *in);

/* --- init_process.c: the process itself --------------------------------------------------------
 */

/* Checks that cwd and program are there, while an error still undoes everything. */
int sb_init_check_process(struct sb_init *in);
/* Becomes the process of the spec. Returns only on failure. */
int sb_init_exec(struct sb_init *in);

/* --- init_terminal.c ----------------------------------------------------------------------------
 */

/* Makes the terminal in the container's devpts and sends its master to the builder. */
int sb_init_terminal(struct sb_init *in);

#endif
