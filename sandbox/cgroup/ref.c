/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON table of what a state file keeps of a container's cgroup. */
#include <base/base.h>
#include <specutils/json.h>

#include "cgroup.h"

static const struct su_field fields[] = {
    {.name = "paths",
     .kind = SU_K_STRING_LIST,
     .flags = SU_F_RUNTIME,
     .offset = offsetof(struct sb_cgroup_ref, paths)},
    {.name = "parents",
     .kind = SU_K_STRING_LIST,
     .flags = SU_F_RUNTIME,
     .offset = offsetof(struct sb_cgroup_ref, parents)},
};

const struct su_type sb_type_cgroup_ref = {
    .name = "sb_cgroup_ref",
    .size = sizeof(struct sb_cgroup_ref),
    .fields = fields,
    .n_fields = SU_ARRAY_SIZE(fields),
};
