/* SPDX-License-Identifier: Apache-2.0 */
/* What create and run share: building a container from its plan. */
#ifndef SB_BUILD_H
#define SB_BUILD_H

#include <stdbool.h>
#include <sys/types.h>

#include "plan.h"
#include "state.h"
#include "undo.h"

/* A container being built, and for run one that is watched afterwards. */
struct sb_build {
    struct sb_plan plan;
    struct sb_undo undo;
    struct sb_state state;
    struct sb_cgroup_ref cgroup;
    bool wait_for_start; /* create: init waits for sb_start() */
    bool is_ready;       /* init has done all but exec */
    bool execed;         /* run: the process of the spec runs */
    int root_fd, dir_fd;
    int sock, init_sock; /* the two ends of the pair */
    int start_fd;        /* listening, for init */
    int console_fd;      /* connected console socket */
    int tree_fd;         /* the rootfs, detached */
    int signal_fd;
    int cgroup_fd; /* for CLONE_INTO_CGROUP */
    int master_fd; /* the terminal of run */
    struct sb_proc init;
};

/* Builds. On failure everything is undone; either way sb_build_free() it. */
int sb_build(struct sb_build *b, const struct sb_create_opts *opts, const struct su_spec *spec,
             struct su_error *err);
void sb_build_free(struct sb_build *b);

/* The two ends of the work: what happens before init is born, and what it does meanwhile. */
int sb_build_prepare(struct sb_build *b, struct su_error *err);
int sb_build_spawn(struct sb_build *b, struct su_error *err);
int sb_build_follow(struct sb_build *b, struct su_error *err);
/* Puts the index of a namespace into an error about it. Returns -errnum. */
int sb_namespace_error(const struct sb_join *join, struct su_error *err);
/* Ends init and all that it started, and waits until they are gone. */
void sb_build_kill(struct sb_build *b);

#endif
