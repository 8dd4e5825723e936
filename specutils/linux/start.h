/* SPDX-License-Identifier: Apache-2.0 */
/* The door of start.c for its neighbours in this folder. Not installed. */
#ifndef SU_LINUX_START_H
#define SU_LINUX_START_H

#include <signal.h>
#include <specutils/namespace.h>

/* su_start_in_ns() with the signal mask that the program is to have; NULL: the caller's. */
int su_start_masked(struct su_cmd *cmd, const struct oci_linux_namespace *nss, size_t n,
                    const sigset_t *mask, struct su_error *err);

#endif
