/* SPDX-License-Identifier: Apache-2.0 */
/* Pods: containers that name, by annotation, the sandbox that they belong to. */
#ifndef SB_POD_H
#define SB_POD_H

#include <specutils/error.h>
#include <specutils/oci.h>

#include "sandbox.h"

/*
 * A container that joins a sandbox which is not known below the state root, or does not run, is
 * refused in the runsc flavor (-ENOENT, -ESRCH) and a warning in the native one, where
 * namespaces are shared by path and annotations are only words.
 */
int sb_pod_check(const struct sb_create_opts *opts, const struct oci_spec *oci,
                 struct su_error *err);

/* Warns of the containers that outlive the sandbox id, which was deleted. */
void sb_pod_name_members(const char *root, const char *id);

#endif
