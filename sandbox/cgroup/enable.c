/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Controllers of cgroup v2: a group has a controller's files only if each group above it lists
 * the controller in cgroup.subtree_control. In the common case one look at the new group shows
 * that nothing is to be done.
 */
#include <fcntl.h>

#include <base/base.h>
#include <specutils/log.h>

#include "internal.h"

#define LIST_BYTES 1024

/* Up to 64 controller names, in the text that they were read from. */
struct names {
    char text[LIST_BYTES];
    const char *v[64];
    size_t n;
};

static bool has(const struct names *names, const char *name)
{
    for (size_t i = 0; i < names->n; i++)
        if (su_streq(names->v[i], name))
            return true;
    return false;
}

static void add(struct names *names, const char *name)
{
    if (names->n < SU_ARRAY_SIZE(names->v) && !has(names, name))
        names->v[names->n++] = name;
}

static int read_names(int dirfd, const char *file, struct names *names)
{
    ssize_t r = sb_cg_read(dirfd, file, names->text, sizeof(names->text));
    char *save = NULL;

    names->n = 0;
    if (r < 0)
        return (int)r;
    for (char *name = strtok_r(names->text, " \n", &save); name;
         name = strtok_r(NULL, " \n", &save))
        add(names, name);
    return 0;
}

static bool has_all(const struct names *have, const struct names *want)
{
    for (size_t i = 0; i < want->n; i++)
        if (!has(have, want->v[i]))
            return false;
    return true;
}

static bool is_needed(const struct sb_cgroup_plan *plan, const char *name)
{
    for (size_t i = 0; i < plan->n_enable; i++)
        if (su_streq(plan->enable[i], name))
            return true;
    return false;
}

/* The property that needs a controller: the first write to one of its files. */
static const char *json_path_of(const struct sb_cgroup_plan *plan, const char *controller)
{
    size_t len = strlen(controller);

    for (size_t i = 0; i < plan->n_writes; i++)
        if (su_has_prefix(plan->writes[i].file, controller) && plan->writes[i].file[len] == '.')
            return plan->writes[i].json_path;
    return "linux.resources";
}

static int fail_absent(const struct sb_cgroup_plan *plan, const char *name, const char *mount,
                       struct su_error *err)
{
    return su_fail_at(err, SU_ERR_SPEC, EINVAL, json_path_of(plan, name),
                      "needs the cgroup v2 controller \"%s\", which %s/cgroup.controllers does not "
                      "offer",
                      name, mount);
}

static const struct {
    int errnum;
    const char *hint;
} hints[] = {
    {EBUSY, "processes live in that group, and a cgroup v2 group with processes cannot hand "
            "controllers down; move them to a group below it or choose another linux.cgroupsPath"},
    {ENOENT, "the group above it has not enabled the controller"},
    {EOPNOTSUPP, "that group is threaded"},
    {EACCES, "the group is not delegated to this user"},
    {EPERM, "the group is not delegated to this user"},
    {EROFS, "the cgroup file system is mounted read-only"},
};

static int fail_enable(const struct sb_cgroup_plan *plan, const char *name, const char *group,
                       int r, struct su_error *err)
{
    const char *hint = "the kernel refuses";

    for (size_t i = 0; i < SU_ARRAY_SIZE(hints); i++)
        if (hints[i].errnum == -r)
            hint = hints[i].hint;
    return su_fail_at(err, SU_ERR_IO, -r, json_path_of(plan, name),
                      "cannot enable the controller \"%s\" in %s: %s (%s)", name, group,
                      strerror(-r), hint);
}

/* Enables in one group what is wanted and not there. All at once; if the kernel refuses one by
 * one, since one bad name spoils the whole write. */
static int enable_in(const struct sb_cgroup_plan *plan, int dirfd, const char *group,
                     const struct names *want, struct su_error *err)
{
    struct names have;
    _cleanup_(su_strbuf_free) struct su_strbuf all = {0};

    if (read_names(dirfd, "cgroup.subtree_control", &have) < 0)
        have.n = 0;
    for (size_t i = 0; i < want->n; i++)
        if (!has(&have, want->v[i]))
            su_strbuf_printf(&all, "%s+%s", all.len ? " " : "", want->v[i]);
    if (all.failed)
        return su_fail(err, ENOMEM, "out of memory while enabling cgroup controllers");
    if (!all.text || su_write_file_at(dirfd, "cgroup.subtree_control", all.text) == 0)
        return 0;
    for (size_t i = 0; i < want->n; i++) {
        char one[80];
        if (has(&have, want->v[i]) || strlen(want->v[i]) > sizeof(one) - 2)
            continue;
        snprintf(one, sizeof(one), "+%s", want->v[i]);
        int r = su_write_file_at(dirfd, "cgroup.subtree_control", one);
        if (r < 0 && is_needed(plan, want->v[i]))
            return fail_enable(plan, want->v[i], group, r, err);
        if (r < 0)
            su_debug("controller %s stays off in %s: %s", want->v[i], group, strerror(-r));
    }
    return 0;
}

/* From the mount point down to the folder's parent. */
static int enable_above(const struct sb_cgroup_plan *plan, const struct sb_cgroup_dir *dir,
                        int mount_fd, const struct names *want, struct su_error *err)
{
    _cleanup_free_ char *path = strdup(dir->path);
    size_t mount_len = strlen(dir->mount);
    int fd = mount_fd;
    int r = path ? 0 : su_fail(err, ENOMEM, "out of memory while enabling cgroup controllers");

    for (size_t end = mount_len; r == 0;) {
        path[end] = '\0';
        r = enable_in(plan, fd, path, want, err);
        path[end] = '/';
        const char *name = path + end + 1;
        end += 1 + strcspn(name, "/");
        if (r < 0 || !path[end])
            break;
        path[end] = '\0';
        int next = sb_cg_open_dir(fd, name);
        if (fd != mount_fd)
            close(fd);
        fd = next;
        if (fd < 0)
            return su_fail(err, -next, "cannot open %s: %s", path, strerror(-next));
    }
    if (fd != mount_fd)
        close(fd);
    return r;
}

int sb_cg_enable_controllers(const struct sb_cgroup_plan *plan, const struct sb_cgroup_dir *dir,
                             int dir_fd, struct su_error *err)
{
    struct names want = {.n = 0}, have, offered;

    if (plan->n_enable == 0 && !plan->enable_available)
        return 0;
    _cleanup_fd_ int mount_fd = sb_cg_open_dir(AT_FDCWD, dir->mount);
    if (mount_fd < 0)
        return su_fail(err, -mount_fd, "cannot open %s: %s", dir->mount, strerror(-mount_fd));
    int r = read_names(mount_fd, "cgroup.controllers", &offered);
    if (r == 0)
        r = read_names(dir_fd, "cgroup.controllers", &have);
    if (r < 0)
        return su_fail(err, -r, "cannot read the controllers of %s: %s", dir->path, strerror(-r));
    for (size_t i = 0; i < plan->n_enable; i++) {
        if (!has(&offered, plan->enable[i]))
            return fail_absent(plan, plan->enable[i], dir->mount, err);
        add(&want, plan->enable[i]);
    }
    for (size_t i = 0; plan->enable_available && i < offered.n; i++)
        add(&want, offered.v[i]);
    return has_all(&have, &want) ? 0 : enable_above(plan, dir, mount_fd, &want, err);
}
