/* SPDX-License-Identifier: Apache-2.0 */
/* Idmapped mounts: a user namespace with given maps, made only to be named by its fd. */
#ifndef SB_IDMAP_H
#define SB_IDMAP_H

#include <specutils/error.h>

#include "plan.h"

/*
 * Puts the id maps of step onto its source tree (step->src_fd, detached). Needs capabilities over
 * the source's file system, so it is the builder's work, before init is born.
 */
int sb_idmap_source(const struct sb_mount_step *step, struct su_error *err);

#endif
