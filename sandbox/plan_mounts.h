/* SPDX-License-Identifier: Apache-2.0 */
/* Between the two files that plan mounts. */
#ifndef SB_PLAN_MOUNTS_H
#define SB_PLAN_MOUNTS_H

#include "plan.h"

/* How many steps a cgroup mount may become on a host with n hierarchies: a folder, and a mount and
 * up to three names each. */
#define SB_CGROUP_STEPS_MAX(n) (4 * (n) + 1)

/* Fills step->options and legacy_data from step->opts.data. 0 or -ENOMEM. */
int sb_plan_fs_options(struct sb_plan *plan, struct sb_mount_step *step);
/* Puts off what makes a tmpfs read-only until all is in it. */
void sb_plan_readonly_last(struct sb_mount_step *step);
/* Turns a mount of type cgroup (the first step is begun) into steps. */
int sb_plan_cgroup_mount(struct sb_plan *plan, const struct sb_mount_step *begun,
                         struct su_error *err);

#endif
