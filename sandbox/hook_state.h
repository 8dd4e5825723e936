/* SPDX-License-Identifier: Apache-2.0 */
/* The state document that hooks get on standard input (runtime.md, "State"). */
#ifndef SB_HOOK_STATE_H
#define SB_HOOK_STATE_H

#include <specutils/arena.h>
#include <specutils/error.h>

#include "state.h"

/*
 * Makes the two pieces (in arena) between which `,"status":"...","pid":N,` belongs; status and
 * pid are only known when a hook runs.
 */
int sb_hook_state_text(struct su_arena *arena, const struct sb_state *state, char **head,
                       char **tail, struct su_error *err);

#endif
