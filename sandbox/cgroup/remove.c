/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes cgroups away: a container's folders with all that it made below them, and the ancestors
 * that came with it. What lies below a folder was named by the container and is not trusted: no
 * path is put together from it, and depth costs neither descriptors nor stack.
 */
#include <fcntl.h>

#include <base/base.h>
#include <specutils/log.h>

#include "internal.h"

/* How long dying processes may keep a cgroup2 folder busy. */
#define GONE_TIMEOUT_MS 5000
/* A container that still runs could make groups as fast as we remove them. */
#define MAX_STEPS (1u << 20)

/* The way down from the folder to where we are. */
struct trail {
    char **names;
    size_t n, cap;
};

static void trail_free(struct trail *t)
{
    while (t->n > 0)
        free(t->names[--t->n]);
    free(t->names);
}

static int trail_push(struct trail *t, const char *name)
{
    if (t->n == t->cap) {
        size_t cap = t->cap ? t->cap * 2 : 16;
        char **grown = reallocarray(t->names, cap, sizeof(*grown));
        if (!grown)
            return -ENOMEM;
        t->names = grown;
        t->cap = cap;
    }
    t->names[t->n] = strdup(name);
    return t->names[t->n] ? (t->n++, 0) : -ENOMEM;
}

static int rmdir_at(int dirfd, const char *name)
{
    return unlinkat(dirfd, name, AT_REMOVEDIR) < 0 ? -errno : 0;
}

/* Removes the sub-groups of a folder that have none themselves. *deeper receives the name of the
 * first one that would not go (malloc'd), or NULL when all are gone. */
static int remove_leaves(int dirfd, char **deeper)
{
    _cleanup_closedir_ DIR *dir = NULL;
    int own_fd = sb_cg_open_list(dirfd, &dir);
    if (own_fd < 0)
        return own_fd;
    *deeper = NULL;
    for (const struct dirent *entry; (entry = readdir(dir));) {
        if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
            continue;
        int r = rmdir_at(own_fd, entry->d_name);
        if (r == 0 || sb_cg_is_gone(r))
            continue;
        if (r != -EBUSY && r != -ENOTEMPTY)
            return r;
        *deeper = strdup(entry->d_name);
        return *deeper ? 0 : -ENOMEM;
    }
    return 0;
}

/* Steps down by name or up by "..": at any time one descriptor is open. */
static int step(int *fd, const char *name)
{
    int next = sb_cg_open_dir(*fd, name);
    if (next < 0)
        return next;
    close(*fd);
    *fd = next;
    return 0;
}

/* Removes all below a folder, which stays. -EBUSY if a group has processes. */
static int remove_below(int dirfd)
{
    _cleanup_(trail_free) struct trail trail = {0};
    _cleanup_fd_ int fd = sb_cg_open_dir(dirfd, ".");
    _cleanup_free_ char *came_from = NULL;

    if (fd < 0)
        return fd;
    for (unsigned steps = 0; steps < MAX_STEPS; steps++) {
        _cleanup_free_ char *deeper = NULL;
        int r = remove_leaves(fd, &deeper);
        if (r < 0)
            return r;
        /* All below it is gone: what keeps it are processes. */
        if (deeper && came_from && su_streq(deeper, came_from))
            return -EBUSY;
        if (deeper)
            r = trail_push(&trail, deeper);
        else if (trail.n == 0)
            return 0;
        if (r < 0 || (r = step(&fd, deeper ? deeper : "..")) < 0)
            return r;
        free(came_from);
        came_from = deeper ? NULL : trail.names[--trail.n];
    }
    return -EBUSY;
}

/* Waits for dying processes: a cgroup2 folder tells when the last one is gone. */
static int wait_until_empty(int dirfd, unsigned attempt)
{
    int r = attempt == 0 ? sb_cg_wait_event(dirfd, "populated", 0, GONE_TIMEOUT_MS) : -ENOENT;

    if (r == -ETIMEDOUT)
        return -EBUSY;
    if (r == 0)
        return 0;
    return sb_cg_short_wait(attempt) ? 0 : -EBUSY;
}

int sb_cg_remove_tree(const char *path)
{
    int r = rmdir_at(AT_FDCWD, path);

    if (r == 0 || sb_cg_is_gone(r))
        return 0;
    if (r != -EBUSY && r != -ENOTEMPTY)
        return r;
    _cleanup_fd_ int fd = sb_cg_open_dir(AT_FDCWD, path);
    if (fd < 0)
        return sb_cg_is_gone(fd) ? 0 : fd;
    for (unsigned attempt = 0;; attempt++) {
        r = remove_below(fd);
        if (r == 0 || sb_cg_is_gone(r))
            r = rmdir_at(AT_FDCWD, path);
        if (r == 0 || sb_cg_is_gone(r))
            return 0;
        if (r != -EBUSY && r != -ENOTEMPTY)
            return r;
        if ((r = wait_until_empty(fd, attempt)) < 0)
            return r;
    }
}

int sb_cgroup_remove(const struct sb_cgroup_ref *ref, struct su_error *err)
{
    int first = 0;

    for (size_t i = 0; i < ref->paths.n; i++) {
        int r = sb_cg_remove_tree(ref->paths.v[i]);
        /* The others go all the same: what is left must be as little as possible. */
        if (r < 0 && first == 0)
            first = su_fail(err, -r, "cannot remove the cgroup %s: %s%s", ref->paths.v[i],
                            strerror(-r), r == -EBUSY ? " (processes are still in it)" : "");
    }
    for (size_t i = 0; i < ref->parents.n; i++) {
        int r = rmdir_at(AT_FDCWD, ref->parents.v[i]);
        if (r < 0 && !sb_cg_is_gone(r))
            su_debug("the cgroup %s stays: %s", ref->parents.v[i], strerror(-r));
    }
    return first;
}
