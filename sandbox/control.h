/* SPDX-License-Identifier: Apache-2.0 */
/* Between control.c and run.c: the end of a container. */
#ifndef SB_CONTROL_H
#define SB_CONTROL_H

#include "state.h"

/*
 * Removes the cgroup and the state folder of a container whose processes are gone, then runs its
 * poststop hooks (failures are warnings). spec may be NULL: it is then read from the folder, if
 * there are hooks.
 */
int sb_remove_container(int root_fd, int dir_fd, const struct sb_state *state,
                        const struct su_spec *spec, struct su_error *err);

#endif
