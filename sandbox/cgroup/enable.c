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

/*
 * True for a group with processes that is not the root. The kernel refuses to enable most
 * controllers there; the others (cpu, pids, ...) it takes and makes the group a threaded domain,
 * below which no ordinary process can live: worse than no controller.
 */
static bool has_own_processes(int dirfd)
{
    char pids[32];
    ssize_t n = sb_cg_read(dirfd, "cgroup.procs", pids, sizeof(pids));

    return n != 0 && faccessat(dirfd, "cgroup.type", F_OK, 0) == 0;
}

/* One name a write, since one bad name spoils the whole of a longer one. */
static int enable_one(const struct sb_cgroup_plan *plan, int dirfd, const char *group,
                      const char *name, struct su_error *err)
{
    char text[80];
    int r = -EINVAL;

    if ((size_t)snprintf(text, sizeof(text), "+%s", name) < sizeof(text))
        r = su_write_file_at(dirfd, "cgroup.subtree_control", text);
    if (r < 0 && is_needed(plan, name))
        return fail_enable(plan, name, group, r, err);
    if (r < 0)
        su_debug("controller %s stays off in %s: %s", name, group, strerror(-r));
    return 0;
}

/* Enables in one group what is wanted and not there: all at once, else one by one. */
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
    if (!all.text)
        return 0;
    bool is_busy = has_own_processes(dirfd);
    if (!is_busy && su_write_file_at(dirfd, "cgroup.subtree_control", all.text) == 0)
        return 0;
    for (size_t i = 0; i < want->n; i++) {
        int r = 0;
        if (has(&have, want->v[i]))
            continue;
        if (!is_busy)
            r = enable_one(plan, dirfd, group, want->v[i], err);
        else if (is_needed(plan, want->v[i]))
            r = fail_enable(plan, want->v[i], group, -EBUSY, err);
        if (r < 0)
            return r;
    }
    return 0;
}

/* From the mount point down to the folder's parent. */
static int enable_above(const struct sb_cgroup_plan *plan, const struct sb_cgroup_dir *dir,
                        const struct names *want, struct su_error *err)
{
    _cleanup_free_ char *path = strdup(dir->path);
    _cleanup_fd_ int fd = -1;

    if (!path)
        return su_fail(err, ENOMEM, "out of memory while enabling cgroup controllers");
    for (char *end = path + strlen(dir->mount); end; end = strchr(end + 1, '/')) {
        *end = '\0';
        int r =
            fd < 0 ? sb_cg_open_dir(AT_FDCWD, path) : sb_cg_open_dir(fd, strrchr(path, '/') + 1);
        if (r < 0)
            return su_fail(err, -r, "cannot open %s: %s", path, strerror(-r));
        if (fd >= 0)
            close(fd);
        fd = r;
        if ((r = enable_in(plan, fd, path, want, err)) < 0)
            return r;
        *end = '/';
    }
    return 0;
}

/* What the mount point offers. */
static int read_offered(const struct sb_cgroup_dir *dir, struct names *offered)
{
    static const char file[] = "/cgroup.controllers";
    size_t len = strlen(dir->mount);
    _cleanup_free_ char *path = malloc(len + sizeof(file));

    if (!path)
        return -ENOMEM;
    memcpy(path, dir->mount, len);
    memcpy(path + len, file, sizeof(file));
    return read_names(AT_FDCWD, path, offered);
}

int sb_cg_enable_controllers(const struct sb_cgroup_plan *plan, const struct sb_cgroup_dir *dir,
                             int dir_fd, struct su_error *err)
{
    struct names want = {.n = 0}, have, offered;

    if (plan->n_enable == 0 && !plan->enable_available)
        return 0;
    int r = read_offered(dir, &offered);
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
    return has_all(&have, &want) ? 0 : enable_above(plan, dir, &want, err);
}
