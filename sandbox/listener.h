/* SPDX-License-Identifier: Apache-2.0 */
/* Hands the listener of a seccomp filter to the agent that answers (config-linux.md, "The
 * Container Process State"). */
#ifndef SB_LISTENER_H
#define SB_LISTENER_H

#include <specutils/error.h>
#include <specutils/oci.h>

#include "hooks.h"

/* True if seccomp has a rule that an agent answers. */
bool sb_needs_listener(const struct oci_seccomp *seccomp);

/* Fails unless a socket is at listenerPath. Tells nobody there anything. */
int sb_check_listener(const struct oci_spec *oci, struct su_error *err);

/*
 * Connects to listenerPath and sends one container process state, with listener_fd along. state is
 * what hooks get.
 */
int sb_pass_listener(const struct oci_spec *oci, const struct sb_hook_state *state, int listener_fd,
                     struct su_error *err);

#endif
