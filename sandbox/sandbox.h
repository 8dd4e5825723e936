/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The door of the sandbox layer: what the commands call. Nothing here prints or reads argv;
 * results are values, errors are struct su_error, warnings go to the log sink.
 */
#ifndef SB_SANDBOX_H
#define SB_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <specutils/arena.h>
#include <specutils/config.h>
#include <specutils/error.h>
#include <specutils/oci.h>
#include <specutils/spec.h>

#include "cgroup/cgroup.h"

enum sb_status { SB_CREATING, SB_CREATED, SB_RUNNING, SB_PAUSED, SB_STOPPED };

/* "creating", "created", "running", "paused", "stopped". */
const char *sb_status_name(enum sb_status status);

/* What create and run are asked for. */
struct sb_create_opts {
    const char *root; /* state root, "/run/runlet" */
    const char *id;
    const char *bundle;         /* absolute */
    const char *pid_file;       /* or NULL; relative to the caller's cwd */
    const char *console_socket; /* or NULL */
    unsigned preserve_fds;      /* fds 3 ... 2 + preserve_fds stay open in the container */
    unsigned listen_fds;        /* how many of these the process finds by LISTEN_FDS */
    bool no_pivot;
    bool no_new_keyring;
    bool systemd_cgroup;
    bool ignore_cgroups;
    bool detach;           /* run only */
    bool keep;             /* run only: state and cgroup stay when the container ends */
    enum su_flavor flavor; /* runsc: a container whose sandbox does not run is refused */
};

/*
 * Makes the container of spec and leaves its init waiting for sb_start(). On failure the host is
 * as before. -EEXIST: the id is in use.
 */
int sb_create(const struct sb_create_opts *opts, const struct su_spec *spec, struct su_error *err);

/*
 * Makes, starts and, unless detached, waits: signals are forwarded to the container, and at the
 * end all is removed (unless kept). *exit_status is the process's, or 128 + signal.
 */
int sb_run(const struct sb_create_opts *opts, const struct su_spec *spec, int *exit_status,
           struct su_error *err);

/* Lets the process of a created container run. The error of a failed exec arrives here. */
int sb_start(const char *root, const char *id, struct su_error *err);

/* Sends a signal to init, or with all to every process of the container. -ESRCH with the text
 * "container not running" when it is stopped; all of a stopped container is success. */
int sb_kill(const char *root, const char *id, int sig, bool all, struct su_error *err);

/* Removes a stopped or created container, with force any, and runs its poststop hooks. -ENOENT
 * ("does not exist") for an unknown one; with force that is success. */
int sb_delete(const char *root, const char *id, bool force, struct su_error *err);

/* What is known of one container. Start from zero, end with sb_container_free(). */
struct sb_container {
    struct su_arena arena;
    char *oci_version, *id, *bundle, *rootfs;
    char *created; /* RFC 3339, UTC, nanoseconds */
    uid_t owner;   /* who made it */
    enum sb_status status;
    pid_t pid; /* of init, 0 when stopped */
    struct {
        struct oci_pair *v;
        size_t n;
    } annotations;
    struct sb_cgroup_ref cgroup;
    char *sandbox_id; /* the pod's sandbox that it belongs to, or NULL */
    bool is_sandbox;
};

/* Looks one container up. -ENOENT: container "<id>" does not exist. */
int sb_container_load(const char *root, const char *id, struct sb_container *c,
                      struct su_error *err);
void sb_container_free(struct sb_container *c);

/* All containers below root, sorted by id; a broken one is passed over with a warning. A root
 * that does not exist is -ENOENT. *list is malloc'd; free with sb_list_free(). */
int sb_list(const char *root, struct sb_container **list, size_t *n, struct su_error *err);
void sb_list_free(struct sb_container *list, size_t n);

/* -EINVAL unless id matches [A-Za-z0-9_+-][A-Za-z0-9_+.-]*, has at most 1024 bytes and could be
 * a file name. */
int sb_check_id(const char *id, struct su_error *err);

#endif
