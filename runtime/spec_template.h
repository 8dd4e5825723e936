/* SPDX-License-Identifier: Apache-2.0 */
/* The spec that a new bundle starts from. */
#ifndef RT_SPEC_TEMPLATE_H
#define RT_SPEC_TEMPLATE_H

#include <stdbool.h>
#include <sys/types.h>
#include <specutils/arena.h>
#include <specutils/error.h>
#include <specutils/oci.h>

struct spec_template_opts {
    const char *cwd;   /* NULL: "/" */
    const char *netns; /* path of a network namespace to join, or NULL */
    char *const *args; /* NULL or empty: "sh" */
    size_t n_args;
    bool rootless; /* with a user namespace, uid and gid mapped to root */
    uid_t uid;
    gid_t gid;
    bool cgroup_namespace; /* worth having on cgroup v2 only */
};

/* Fills spec, whose parts live in arena. -ENOMEM. */
int spec_template(struct su_arena *arena, const struct spec_template_opts *opts,
                  struct oci_spec *spec, struct su_error *err);

#endif
