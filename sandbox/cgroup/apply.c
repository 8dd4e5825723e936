/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Carries a plan out: folders, controllers, limits, device filter, in this order, all before a
 * process is in the cgroup; then moves processes in. Each folder's removal is on the undo log
 * before the folder is made.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include <base/base.h>
#include <specutils/log.h>

#include "internal.h"

/* How often an ancestor may be removed by others between its making and that of the next. */
#define MAX_RACES 16

struct maker {
    struct su_arena *arena;
    const struct sb_cgroup_plan *plan;
    struct sb_undo *undo;
    struct sb_cgroup_ref *ref;
    struct su_error *err;
    bool cgroup2_reused;
};

static int no_memory(struct maker *m)
{
    return su_fail(m->err, ENOMEM, "out of memory while making the cgroup");
}

static void undo_folder(int dirfd, const char *path)
{
    int r = *path ? sb_cg_remove_tree(path) : 0;

    (void)dirfd;
    if (r < 0)
        su_warn("cannot remove the cgroup %s: %s", path, strerror(-r));
}

/* An ancestor goes only if nobody else has found a use for it. */
static void undo_ancestor(int dirfd, const char *path)
{
    if (*path)
        (void)unlinkat(dirfd, path, AT_REMOVEDIR);
}

/* mkdir with its inverse pushed first. The inverse of a mkdir that failed is disarmed by emptying
 * its path: it would remove what others made. */
static int make(struct maker *m, const char *path, sb_undo_fn *inverse)
{
    char *copy = su_arena_strdup(m->arena, path);

    if (!copy || sb_undo_push(m->undo, inverse, AT_FDCWD, copy) < 0)
        return -ENOMEM;
    if (mkdir(path, 0755) == 0)
        return 0;
    int r = -errno;
    *copy = '\0';
    return r;
}

static int remember(struct maker *m, struct su_strv *list, const char *path)
{
    /* One element more than there are, for the NULL at the end. */
    char **v = sb_cg_grow(m->arena, list->v, list->n + 1, sizeof(*v));
    char *copy = su_arena_strdup(m->arena, path);

    if (!v || !copy)
        return -ENOMEM;
    list->v = v;
    v[list->n++] = copy;
    v[list->n] = NULL;
    return 0;
}

/* Fills cpuset.cpus or cpuset.mems of a v1 group from the group above, which comes first if it
 * has none either. A group without them takes no process. */
static int inherit_cpuset(const char *path, size_t mount_len, const char *file)
{
    _cleanup_fd_ int fd = sb_cg_open_dir(AT_FDCWD, path);
    char own[4096], above_file[32];

    if (fd < 0)
        return fd;
    snprintf(above_file, sizeof(above_file), "../%s", file);
    for (int attempt = 0; attempt < 2; attempt++) {
        ssize_t n = sb_cg_read(fd, above_file, own, sizeof(own));
        if (n < 0)
            return (int)n;
        if (n > 1)
            return su_write_file_at(fd, file, own);
        const char *slash = strrchr(path, '/');
        if (attempt > 0 || !slash || (size_t)(slash - path) <= mount_len)
            break;
        _cleanup_free_ char *above = strndup(path, (size_t)(slash - path));
        int r = above ? inherit_cpuset(above, mount_len, file) : -ENOMEM;
        if (r < 0)
            return r;
    }
    return -ENOSPC;
}

static bool is_planned(const struct sb_cgroup_plan *plan, const struct sb_cgroup_dir *dir,
                       const char *file)
{
    for (size_t i = 0; i < plan->n_writes; i++)
        if (&plan->dirs[plan->writes[i].dir] == dir && su_streq(plan->writes[i].file, file))
            return true;
    return false;
}

/* is_leaf: what the spec sets itself need not be inherited. */
static int init_v1_cpuset(struct maker *m, const struct sb_cgroup_dir *dir, const char *path,
                          bool is_leaf)
{
    static const char *const files[] = {"cpuset.cpus", "cpuset.mems"};

    if (!sb_cg_has_word(dir->controllers, "cpuset"))
        return 0;
    for (size_t i = 0; i < SU_ARRAY_SIZE(files); i++) {
        if (is_leaf && is_planned(m->plan, dir, files[i]))
            continue;
        int r = inherit_cpuset(path, strlen(dir->mount), files[i]);
        if (r < 0)
            return su_fail(m->err, -r, "cannot set %s/%s from the group above: %s", path, files[i],
                           strerror(-r));
    }
    return 0;
}

/* Makes what is missing between the mount point and the folder. */
static int make_ancestors(struct maker *m, const struct sb_cgroup_dir *dir, struct su_strv *made)
{
    char *path = su_arena_strdup(m->arena, dir->path);

    if (!path)
        return -ENOMEM;
    for (char *slash = path + strlen(dir->mount); (slash = strchr(slash + 1, '/'));) {
        *slash = '\0';
        int r = make(m, path, undo_ancestor);
        if (r == 0 && (r = remember(m, made, path)) == 0)
            r = init_v1_cpuset(m, dir, path, false);
        if (r < 0 && r != -EEXIST)
            return r;
        *slash = '/';
    }
    return 0;
}

/* -EBUSY if the folder, which was there before, is in use. */
static int check_unused(struct maker *m, const char *path)
{
    _cleanup_fd_ int fd = sb_cg_open_dir(AT_FDCWD, path);
    struct sb_cg_pid_list pids = {0};
    char text[256];

    if (fd < 0)
        return su_fail(m->err, -fd, "cannot open the cgroup %s: %s", path, strerror(-fd));
    int r = sb_cg_list_pids(fd, &pids);
    free(pids.v);
    if (r < 0)
        return su_fail(m->err, -r, "cannot list the processes of the cgroup %s: %s", path,
                       strerror(-r));
    if (pids.n > 0)
        return su_fail_at(m->err, SU_ERR_IO, EBUSY, NULL,
                          "container's cgroup is not empty: %zu process(es) found in %s", pids.n,
                          path);
    bool frozen = (sb_cg_read(fd, "cgroup.events", text, sizeof(text)) >= 0 &&
                   sb_cg_event(text, "frozen") == 1) ||
                  (sb_cg_read(fd, "freezer.state", text, sizeof(text)) >= 0 &&
                   !su_has_prefix(text, "THAWED"));
    if (frozen)
        return su_fail_at(m->err, SU_ERR_IO, EBUSY, NULL,
                          "container's cgroup %s is unexpectedly frozen", path);
    return 0;
}

static int fail_make(struct maker *m, const struct sb_cgroup_dir *dir, int r)
{
    const struct sb_cgroup_plan *plan = m->plan;
    bool denied = r == -EACCES || r == -EPERM || r == -EROFS;

    /* Already described by who found it. */
    if (m->err && m->err->errnum)
        return r;
    if (denied && plan->rootless && plan->n_writes > 0)
        return su_fail_at(m->err, SU_ERR_IO, -r, plan->writes[0].json_path,
                          "cannot be enforced: making the cgroup %s failed: %s (let systemd "
                          "delegate a group to this user, or leave the limit out)",
                          dir->path, strerror(-r));
    return su_fail(m->err, -r, "cannot make the cgroup %s: %s", dir->path, strerror(-r));
}

/* One folder. 1 if it was passed over. */
static int make_dir(struct maker *m, const struct sb_cgroup_dir *dir, struct su_strv *ancestors)
{
    int r = make(m, dir->path, undo_folder);

    for (int race = 0; r == -ENOENT && race < MAX_RACES; race++) {
        r = make_ancestors(m, dir, ancestors);
        if (r == 0)
            r = make(m, dir->path, undo_folder);
    }
    bool existed = r == -EEXIST;
    if (r < 0 && !existed) {
        if (m->plan->best_effort && (r == -EACCES || r == -EPERM || r == -EROFS)) {
            su_debug("no cgroup %s: %s", dir->path, strerror(-r));
            su_error_clear(m->err);
            return 1;
        }
        return fail_make(m, dir, r);
    }
    if (existed && (r = check_unused(m, dir->path)) < 0)
        return r;
    if (existed && !*dir->controllers)
        m->cgroup2_reused = true;
    if ((r = init_v1_cpuset(m, dir, dir->path, true)) < 0)
        return r;
    return remember(m, &m->ref->paths, dir->path) < 0 ? no_memory(m) : 0;
}

static int make_dirs(struct maker *m)
{
    for (size_t i = 0; i < m->plan->n_dirs; i++) {
        struct su_strv ancestors = {0};
        int r = make_dir(m, &m->plan->dirs[i], &ancestors);
        if (r < 0)
            return r;
        for (size_t a = ancestors.n; a > 0; a--)
            if (remember(m, &m->ref->parents, ancestors.v[a - 1]) < 0)
                return no_memory(m);
    }
    return 0;
}

/* What is particular to cgroup2, whose folder is the first. */
static int prepare_cgroup2(struct maker *m, int *v2_fd)
{
    const struct sb_cgroup_plan *plan = m->plan;
    const struct sb_cgroup_dir *dir = &plan->dirs[0];

    if (plan->n_dirs == 0 || *dir->controllers || m->ref->paths.n == 0 ||
        !su_streq(m->ref->paths.v[0], dir->path))
        return 0;
    _cleanup_fd_ int fd = sb_cg_open_dir(AT_FDCWD, dir->path);
    if (fd < 0)
        return su_fail(m->err, -fd, "cannot open the cgroup %s: %s", dir->path, strerror(-fd));
    int r = sb_cg_enable_controllers(plan, dir, fd, m->err);
    bool has_filter =
        plan->device_prog || (m->cgroup2_reused && plan->mode == SB_CGROUP_V2 && !plan->rootless);
    if (r == 0 && has_filter)
        r = sb_cg_attach_device_prog(plan, fd, m->cgroup2_reused, m->err);
    if (r == 0)
        *v2_fd = su_take_fd(&fd);
    return r;
}

int sb_cgroup_create(struct su_arena *arena, const struct sb_cgroup_plan *plan,
                     struct sb_undo *undo, struct sb_cgroup_ref *ref, int *v2_fd,
                     struct su_error *err)
{
    struct maker m = {.arena = arena, .plan = plan, .undo = undo, .ref = ref, .err = err};
    _cleanup_fd_ int fd = -1;

    *v2_fd = -1;
    *ref = (struct sb_cgroup_ref){0};
    int r = make_dirs(&m);
    if (r == 0)
        r = prepare_cgroup2(&m, &fd);
    if (r == 0)
        r = sb_cg_do_writes(plan, fd, err);
    if (r == 0)
        *v2_fd = su_take_fd(&fd);
    return r;
}

static int join(const char *path, pid_t pid, struct su_error *err)
{
    _cleanup_fd_ int fd = sb_cg_open_dir(AT_FDCWD, path);
    char text[24];

    snprintf(text, sizeof(text), "%d", (int)pid);
    int r = fd < 0 ? fd : su_write_file_at(fd, "cgroup.procs", text);
    if (r < 0)
        return su_fail(err, -r, "cannot move process %d into the cgroup %s: %s%s", (int)pid, path,
                       strerror(-r),
                       r == -EBUSY ? " (it has handed controllers down to groups below it)" : "");
    return 0;
}

int sb_cgroup_join_v1(const struct sb_cgroup_plan *plan, pid_t pid, struct su_error *err)
{
    for (size_t i = 0; i < plan->n_dirs; i++) {
        if (!*plan->dirs[i].controllers)
            continue;
        int r = join(plan->dirs[i].path, pid, err);
        if (r == -ENOENT && plan->best_effort) {
            su_error_clear(err);
            continue;
        }
        if (r < 0)
            return r;
    }
    return 0;
}

int sb_cgroup_join(const struct sb_cgroup_ref *ref, pid_t pid, struct su_error *err)
{
    for (size_t i = 0; i < ref->paths.n; i++) {
        int r = join(ref->paths.v[i], pid, err);
        if (r < 0)
            return r;
    }
    return 0;
}
