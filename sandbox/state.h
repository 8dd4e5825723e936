/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is kept of a container on disk, one folder an id below the state root:
 *
 *   state.json   what the kernel cannot tell; written before the first change to the host
 *   config.json  the spec as it was at creation; later edits of the bundle have no effect
 *   pid          init's pid and start time, once it is born
 *   start        the socket on which a created container waits for sb_start()
 *
 * Commands that change a container hold a lock on the folder; those that look do not need it,
 * since each file appears whole.
 */
#ifndef SB_STATE_H
#define SB_STATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <specutils/arena.h>
#include <specutils/error.h>
#include <specutils/oci.h>

#include "cgroup/cgroup.h"
#include "sandbox.h"

struct sb_state {
    char *id, *oci_version, *bundle, *rootfs;
    char *created; /* RFC 3339 */
    uint32_t owner;
    struct {
        struct oci_pair *v;
        size_t n;
    } annotations;
    struct sb_cgroup_ref *cgroup;
    char *sandbox_id;                 /* the pod's sandbox that it joined by annotation, or NULL */
    bool is_sandbox;                  /* it is one */
    bool has_poststart, has_poststop; /* hooks: else config.json need not be read for them */
};

/* Opens the state root; with create it is made (0700) with its parents. -ENOENT. */
int sb_state_open_root(const char *root, bool create, struct su_error *err);
/* Makes the folder of a new id and locks it. Returns its fd; -EEXIST: the id is in use. */
int sb_state_make_dir(int root_fd, const char *id, struct su_error *err);
/* Opens the folder of an id; -ENOENT: container "<id>" does not exist. */
int sb_state_open_dir(int root_fd, const char *id, struct su_error *err);
/* The same, and waits for the lock; what is locked then is what the id stands for. */
int sb_state_lock_dir(int root_fd, const char *id, struct su_error *err);
/* Removes the folder of an id with all that is in it. Harmless if it is gone. An undo step. */
void sb_state_remove_dir(int root_fd, const char *id);

/* Writes state.json as a whole. */
int sb_state_write(int dir_fd, const struct sb_state *state, struct su_error *err);
/* Reads it; strings live in arena. */
int sb_state_read(int dir_fd, const char *id, struct su_arena *arena, struct sb_state *state,
                  struct su_error *err);
/* Writes config.json: the bytes that the spec was read from. */
int sb_state_write_config(int dir_fd, const struct su_spec *spec, struct su_error *err);
/* Reads the spec back. */
int sb_state_read_config(int dir_fd, const char *bundle, struct su_spec *spec,
                         struct su_error *err);

/* A container's init, found alive. */
struct sb_proc {
    pid_t pid;
    int pidfd;        /* the holder of the struct closes */
    uint32_t ignored; /* signals that it ignores: bit N - 1 stands for signal N, up to 31 */
};

/* Writes the pid file of proc (its pid) and fills in what it ignores. */
int sb_state_write_pid(int dir_fd, struct sb_proc *proc, struct su_error *err);
/*
 * Finds the container's init. -ESRCH: it has ended (also as a zombie that nobody has reaped), or
 * a process with that pid is another one; -ENOENT: it was never born. pidfd is -1 then.
 */
int sb_state_find_init(int dir_fd, struct sb_proc *proc);
/* True while the container waits for sb_start(). */
bool sb_state_is_waiting(int dir_fd);
/* It waits no longer. */
void sb_state_end_waiting(int dir_fd);
/* Gives the lock up, and takes it again; false if the container was deleted in between. */
void sb_state_unlock(int dir_fd);
bool sb_state_relock(int root_fd, const char *id, int dir_fd);
/* True while some command holds the lock. */
bool sb_state_is_locked(int dir_fd);

/* A listening SOCK_SEQPACKET socket named "start" in the folder. */
int sb_state_listen(int dir_fd, struct su_error *err);
/* Connects to it. -ECONNREFUSED, -ENOENT. */
int sb_state_connect(int dir_fd);

/* Connects a SOCK_STREAM socket to a path of any length. fd or -errno. */
int sb_connect_path(const char *path);

#endif
