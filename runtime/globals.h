/* SPDX-License-Identifier: Apache-2.0 */
/* The options that stand before the command, and what follows from them. */
#ifndef RT_GLOBALS_H
#define RT_GLOBALS_H

#include <stdbool.h>
#include <specutils/arena.h>
#include <specutils/config.h>
#include <specutils/error.h>

#include "flags.h"

enum rootless_mode { ROOTLESS_AUTO, ROOTLESS_NEVER, ROOTLESS_ALWAYS };
enum cgroup_manager { CGROUP_MANAGER_CGROUPFS, CGROUP_MANAGER_SYSTEMD, CGROUP_MANAGER_DISABLED };
enum log_level { LOG_LEVEL_WARNING, LOG_LEVEL_DEBUG };
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

struct globals {
    struct su_config conf; /* root is NULL until globals_find_root() */
    bool root_given;       /* --root was there */
    int log_fd;            /* -1: none */
    int log_format;        /* enum log_format */
    int log_level;         /* enum log_level */
    int rootless;          /* enum rootless_mode */
    int cgroup_manager;    /* enum cgroup_manager */
    bool version;
};

extern const struct flag_set global_flags;

/* Reads the options before the command; args->operands is the command and all behind it. What
 * was read before an error stays, so that the error can go to the log that was asked for. */
int globals_parse(struct flag_args *args, struct globals *g, struct su_error *err);

/*
 * Makes conf.root absolute, or finds the default: /run/runlet for root of the initial user
 * namespace, else $XDG_RUNTIME_DIR/runlet, /run/user/UID/runlet or /tmp/runlet-UID.
 */
int globals_find_root(struct globals *g, struct su_arena *arena, struct su_error *err);

/* Options of runsc, runc and crun that mean nothing to this runtime; see idle_flags.c. */
extern const struct flag_set idle_global_flags;

#endif
