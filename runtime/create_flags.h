/* SPDX-License-Identifier: Apache-2.0 */
/* What create and run have in common: their options and the way from these to a spec. */
#ifndef RT_CREATE_FLAGS_H
#define RT_CREATE_FLAGS_H

#include <stdbool.h>
#include <specutils/error.h>
#include <specutils/spec.h>

#include "command.h"
#include "sandbox.h"

struct create_flags {
    char *bundle, *config, *console_socket, *pid_file, *pidfd_socket;
    int preserve_fds;
    bool no_pivot, no_new_keyring;
    bool detach, keep; /* run only */
};

/* The options of create; run has these and its own. */
extern const struct flag_set create_flag_set;

/*
 * Everything before the sandbox is made: reads the spec of the bundle and fills opts. Where the
 * caller lacks privileges the program is run again in a user namespace; that other run then did
 * all the work and *done is true, with its exit status as return value. Else 0 or an error.
 */
int create_prepare(const struct cmd_ctx *ctx, const char *id, struct sb_create_opts *opts,
                   struct su_spec *spec, bool *done, struct su_error *err);

#endif
