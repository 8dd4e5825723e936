/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What kind of mount an entry of a spec is: by its type, or by the options that make it a bind
 * mount whatever its type says. Works on the spec's data only and never looks at the host.
 */
#include <specutils/mount.h>

#include "base/base.h"

static bool is_bind_word(const char *word)
{
    return su_streq(word, "bind") || su_streq(word, "rbind");
}

bool su_is_bind_mount(const struct oci_mount *mount)
{
    if (mount->type && su_streq(mount->type, "bind"))
        return true;
    for (size_t i = 0; i < mount->options.n; i++) {
        if (is_bind_word(mount->options.v[i]))
            return true;
    }
    return false;
}

bool su_change_mount_type(struct su_arena *arena, struct oci_mount *mount, const char *new_type)
{
    struct su_strv options = mount->options;
    char *type = su_arena_strdup(arena, new_type);

    if (!type)
        return false;
    if (!su_streq(new_type, "bind")) {
        /* A new list: other copies of the mount may share the old one. */
        options = (struct su_strv){su_arena_array(arena, mount->options.n + 1, sizeof(char *)), 0};
        if (!options.v)
            return false;
        for (size_t i = 0; i < mount->options.n; i++) {
            if (!is_bind_word(mount->options.v[i]))
                options.v[options.n++] = mount->options.v[i];
        }
    }
    bool changed = !mount->type || !su_streq(mount->type, new_type);
    mount->type = type;
    mount->options = options;
    return changed;
}

void su_maybe_convert_to_bind_mount(struct oci_mount *mount)
{
    if (su_is_bind_mount(mount))
        mount->type = (char *)"bind";
}

bool su_is_gofer_mount(const struct oci_mount *mount)
{
    return su_is_bind_mount(mount) && mount->source && *mount->source;
}
