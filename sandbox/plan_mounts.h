/* SPDX-License-Identifier: Apache-2.0 */
/* Between the two files that plan mounts. */
#ifndef SB_PLAN_MOUNTS_H
#define SB_PLAN_MOUNTS_H

#include "plan.h"

/* How many steps a cgroup mount may become on a host with n hierarchies: a folder, a mount and up
 * to three names each, and the last that makes it read-only. */
#define SB_CGROUP_STEPS_MAX(n) (4 * (n) + 2)

/* Fills step->options and legacy_data from step->opts.data. 0 or -ENOMEM. */
int sb_plan_fs_options(struct sb_plan *plan, struct sb_mount_step *step);
/* Turns a mount of type cgroup (the first step is begun) into steps. */
int sb_plan_cgroup_mount(struct sb_plan *plan, const struct sb_mount_step *begun,
                         struct su_error *err);

#endif
