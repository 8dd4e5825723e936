/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of mounts that both flavors do not share: id mappings and what they need. */
#include <sched.h>
#include <specutils/namespace.h>

#include "spec_private.h"

static bool has_option(const struct oci_mount *mount, const char *option)
{
    for (size_t i = 0; i < mount->options.n; i++)
        if (su_streq(mount->options.v[i], option))
            return true;
    return false;
}

static int check_mappings(const struct oci_mount *mount, size_t index, struct su_error *err)
{
    struct place place = {.list = "mounts", .index = index, .member = "uidMappings"};

    place.member = "uidMappings";
    _cleanup_free_ char *uid_path = su_place_path(place);
    place.member = "gidMappings";
    _cleanup_free_ char *gid_path = su_place_path(place);
    if (!uid_path || !gid_path)
        return su_fail(err, ENOMEM, "no memory to check the mounts");
    int rc = su_check_id_mappings(mount->uid_mappings.v, mount->uid_mappings.n, uid_path, err);
    return rc < 0
               ? rc
               : su_check_id_mappings(mount->gid_mappings.v, mount->gid_mappings.n, gid_path, err);
}

static int check_mount(const struct oci_spec *spec, size_t index, bool has_userns,
                       struct su_error *err)
{
    const struct oci_mount *mount = &spec->mounts.v[index];
    struct place place = {.list = "mounts", .index = index};
    bool has_uids = mount->uid_mappings.n > 0, has_gids = mount->gid_mappings.n > 0;

    if (has_uids != has_gids) {
        place.member = has_uids ? "gidMappings" : "uidMappings";
        return su_bad(err, place, "missing, expected it beside %s",
                      has_uids ? "uidMappings" : "gidMappings");
    }
    bool wants_idmap = has_option(mount, "idmap") || has_option(mount, "ridmap");
    if (wants_idmap && !has_uids && !has_userns) {
        place.member = "options";
        return su_bad(err, place,
                      "idmap without uidMappings and gidMappings needs a user namespace");
    }
    return has_uids ? check_mappings(mount, index, err) : 0;
}

int su_validate_mounts(const struct oci_spec *spec, struct su_error *err)
{
    /* Asked for once: both lists may be as long as a document. */
    bool has_userns = su_get_ns(CLONE_NEWUSER, spec) != NULL;

    for (size_t i = 0; i < spec->mounts.n; i++) {
        int rc = check_mount(spec, i, has_userns, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}
