/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What runlet knows of pods: nothing but what annotations say and state files keep. The id that
 * an annotation names is a file name below, so it passes the same check as any other id.
 */
#include "pod.h"

#include <specutils/annotation.h>
#include <specutils/log.h>

#include <base/base.h>

int sb_pod_check(const struct sb_create_opts *opts, const struct oci_spec *oci,
                 struct su_error *err)
{
    _cleanup_(sb_container_free) struct sb_container sandbox = {0};
    _cleanup_error_ struct su_error why = {0};
    const char *id = su_sandbox_id(oci);

    if (su_spec_container_type(oci) != SU_CONTAINER_TYPE_CONTAINER || !id || su_streq(id, opts->id))
        return 0;
    int ret = sb_container_load(opts->root, id, &sandbox, &why);
    if (ret == 0 && sandbox.status != SB_STOPPED)
        return 0;
    if (ret == 0)
        ret = su_fail(&why, ESRCH, "container \"%s\" is stopped", id);
    if (opts->flavor == SU_FLAVOR_RUNSC)
        return su_fail_at(err, SU_ERR_SPEC, -ret, "annotations",
                          "the sandbox of container \"%s\" does not run: %s, expected the id of a "
                          "running sandbox",
                          opts->id, su_error_text(&why));
    su_warn("annotations: the sandbox of container \"%s\" does not run: %s", opts->id,
            su_error_text(&why));
    return 0;
}

void sb_pod_name_members(const char *root, const char *id)
{
    struct sb_container *list;
    size_t n;

    if (sb_list(root, &list, &n, NULL) < 0)
        return;
    for (size_t i = 0; i < n; i++)
        if (list[i].status != SB_STOPPED && list[i].sandbox_id && su_streq(list[i].sandbox_id, id))
            su_warn("sandbox \"%s\" is deleted, but its container \"%s\" is still %s", id,
                    list[i].id, sb_status_name(list[i].status));
    sb_list_free(list, n);
}
