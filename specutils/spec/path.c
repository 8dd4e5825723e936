/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths of a spec: cleaned by their letters alone, the file system is never asked, so a link
 * inside the bundle has no say here.
 */
#include "spec_private.h"

/* Appends the parts of path to out, which holds len bytes without an end slash ("" is the
 * root, or nothing yet). Returns the new length. */
static size_t append_parts(char *out, size_t len, bool is_absolute, const char *path)
{
    while (*path) {
        size_t part = strcspn(path, "/");
        bool is_up = part == 2 && path[0] == '.' && path[1] == '.';
        char *slash = memrchr(out, '/', len);
        bool last_is_up =
            len >= 2 && memcmp(out + len - 2, "..", 2) == 0 && (len == 2 || out[len - 3] == '/');

        if (part == 0 || (part == 1 && path[0] == '.')) {
            /* nothing to add */
        } else if (is_up && len > 0 && !last_is_up) {
            len = slash ? (size_t)(slash - out) : 0;
        } else if (!is_up || !is_absolute) {
            if (len > 0 || is_absolute)
                out[len++] = '/';
            memcpy(out + len, path, part);
            len += part;
        }
        path += part;
        path += *path == '/';
    }
    return len;
}

char *su_clean_path(struct su_arena *arena, const char *dir, const char *path)
{
    if (path[0] == '/')
        return su_arena_strdup(arena, path);
    /* Room for a slash before either, and for "." where nothing is left. */
    char *out = su_arena_alloc(arena, strlen(dir) + strlen(path) + 4);
    if (!out)
        return NULL;
    bool is_absolute = dir[0] == '/';
    size_t len = append_parts(out, 0, is_absolute, dir);
    len = append_parts(out, len, is_absolute, path);
    if (len == 0)
        out[len++] = is_absolute ? '/' : '.';
    out[len] = '\0';
    return out;
}

/* bundle_dir, made absolute. */
static char *absolute_dir(struct su_arena *arena, const char *dir, struct su_error *err)
{
    if (dir[0] == '/')
        return su_arena_strdup(arena, dir);
    _cleanup_free_ char *cwd = getcwd(NULL, 0);
    if (!cwd) {
        su_fail(err, errno, "cannot find out the current directory, for the bundle \"%s\": %s", dir,
                strerrordesc_np(errno));
        return NULL;
    }
    return su_clean_path(arena, cwd, dir);
}

static int no_memory(struct su_error *err)
{
    return su_fail(err, ENOMEM, "no memory for the paths of the spec");
}

int su_normalize_paths(struct su_spec *spec, const char *bundle_dir, enum su_flavor flavor,
                       struct su_error *err)
{
    struct su_error why = {0};
    const char *dir = absolute_dir(&spec->arena, bundle_dir, &why);
    if (!dir && why.errnum) {
        int rc = -why.errnum;
        if (err)
            *err = why;
        else
            su_error_clear(&why);
        return rc;
    }
    if (!dir)
        return no_memory(err);

    struct oci_root *root = spec->oci.root;
    if (root && root->path) {
        root->path = su_clean_path(&spec->arena, dir, root->path);
        if (!root->path)
            return no_memory(err);
    }
    for (size_t i = 0; i < spec->oci.mounts.n; i++) {
        struct oci_mount *mount = &spec->oci.mounts.v[i];
        bool has_path = su_is_gofer_mount(mount) || flavor == SU_FLAVOR_RUNSC;
        if (!has_path || !mount->source || !*mount->source)
            continue;
        mount->source = su_clean_path(&spec->arena, dir, mount->source);
        if (!mount->source)
            return no_memory(err);
    }
    return 0;
}
