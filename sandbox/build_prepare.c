/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the builder does before init is born: state folder, console, cgroup, sockets, and the
 * sources that init may not be able to reach. Each change is on the undo log.
 */
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <time.h>

#include <base/base.h>

#include "build.h"
#include "idmap.h"
#include "init.h"

/* Now, as RFC 3339 with nanoseconds in UTC. By hand, since gmtime_r(3) would read the host's time
 * zone first. Days are counted from 1 March of year 0, so that the leap day is the last of its
 * year; 400 years have 146097 days. */
static char *timestamp(struct su_arena *arena)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    long second = now.tv_sec % 86400, day = now.tv_sec / 86400 + 719468;
    long era = day / 146097, of_era = day % 146097;
    long year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    long of_year = of_era - (365 * year + year / 4 - year / 100);
    long month = (5 * of_year + 2) / 153;
    long of_month = of_year - (153 * month + 2) / 5 + 1;
    month += month < 10 ? 3 : -9;
    year += era * 400 + (month <= 2);
    return su_arena_printf(arena, "%04ld-%02ld-%02ldT%02ld:%02ld:%02ld.%09ldZ", year, month,
                           of_month, second / 3600, second / 60 % 60, second % 60, now.tv_nsec);
}

static int claim_id(struct sb_build *b, struct su_error *err)
{
    const struct sb_create_opts *opts = b->plan.opts;

    b->root_fd = sb_state_open_root(opts->root, true, err);
    if (b->root_fd < 0)
        return b->root_fd;
    b->dir_fd = sb_state_make_dir(b->root_fd, opts->id, err);
    if (b->dir_fd < 0)
        return b->dir_fd;
    if (sb_undo_push(&b->undo, sb_state_remove_dir, b->root_fd, opts->id) < 0) {
        sb_state_remove_dir(b->root_fd, opts->id);
        return su_fail(err, ENOMEM, "out of memory");
    }
    return 0;
}

/* How many ancestors the container's cgroups have below their hierarchies. */
static size_t count_ancestors(const struct sb_cgroup_plan *cgroup)
{
    size_t n = 0;

    for (size_t i = 0; i < cgroup->n_dirs; i++)
        for (const char *p = cgroup->dirs[i].rel; *p; p++)
            n += *p == '/';
    return n;
}

/* Adds the ancestors of dir that are not there yet, deepest first. */
static int foresee_parents(struct sb_build *b, const struct sb_cgroup_dir *dir)
{
    struct su_strv *parents = &b->cgroup.parents;
    char *path = su_arena_strdup(&b->plan.arena, dir->path), *slash;

    while (path && (slash = strrchr(path, '/')) > path + strlen(dir->mount)) {
        *slash = '\0';
        if (access(path, F_OK) == 0)
            return 0;
        parents->v[parents->n++] = path;
        path = su_arena_strdup(&b->plan.arena, path);
    }
    return path ? 0 : -ENOMEM;
}

/* What make_cgroup() is going to make, as nobody else could tell if it were killed meanwhile. */
static int foresee_cgroup(struct sb_build *b)
{
    const struct sb_cgroup_plan *cgroup = &b->plan.cgroup;
    struct sb_cgroup_ref *ref = &b->cgroup;

    ref->paths.v = su_arena_array(&b->plan.arena, cgroup->n_dirs + 1, sizeof(char *));
    ref->parents.v = su_arena_array(&b->plan.arena, count_ancestors(cgroup) + 1, sizeof(char *));
    if (!ref->paths.v || !ref->parents.v)
        return -ENOMEM;
    for (size_t i = 0; i < cgroup->n_dirs; i++) {
        ref->paths.v[ref->paths.n++] = (char *)(uintptr_t)cgroup->dirs[i].path;
        if (foresee_parents(b, &cgroup->dirs[i]) < 0)
            return -ENOMEM;
    }
    return 0;
}

static bool same_strings(const struct su_strv *a, const struct su_strv *b)
{
    for (size_t i = 0; i < a->n && i < b->n; i++)
        if (!su_streq(a->v[i], b->v[i]))
            return false;
    return a->n == b->n;
}

/*
 * A group that others live in is refused before its name is written down: if we were killed then,
 * delete would take their processes for ours. Whoever makes it later meets sb_cgroup_create().
 */
static int check_cgroup_is_free(struct sb_build *b, struct su_error *err)
{
    const struct sb_cgroup_plan *cgroup = &b->plan.cgroup;

    for (size_t i = 0; i < cgroup->n_dirs; i++) {
        char *path[] = {(char *)(uintptr_t)cgroup->dirs[i].path, NULL};
        const struct sb_cgroup_ref ref = {.paths = {.v = path, .n = 1}};
        _cleanup_free_ pid_t *pids = NULL;
        size_t n = 0;
        if (access(path[0], F_OK) < 0)
            continue;
        int ret = sb_cgroup_pids(&ref, &pids, &n, err);
        if (ret < 0)
            return ret;
        if (n > 0)
            return su_fail_at(err, SU_ERR_SPEC, EBUSY, "linux.cgroupsPath",
                              "container's cgroup is not empty: %zu process(es) found in %s", n,
                              path[0]);
    }
    return 0;
}

/* The state as far as it is known before anything was made, so that a container whose builder
 * is killed at any later point can be deleted. */
static int write_state(struct sb_build *b, struct su_error *err)
{
    const struct oci_spec *oci = &b->plan.spec->oci;
    bool foreseen = foresee_cgroup(b) == 0;

    b->state = (struct sb_state){
        .id = (char *)(uintptr_t)b->plan.opts->id,
        .oci_version = oci->oci_version,
        .bundle = (char *)(uintptr_t)b->plan.opts->bundle,
        .rootfs = oci->root->path,
        .created = timestamp(&b->plan.arena),
        .owner = getuid(),
        .cgroup = &b->cgroup,
        .has_poststart = oci->hooks && oci->hooks->poststart.n > 0,
        .has_poststop = oci->hooks && oci->hooks->poststop.n > 0,
    };
    if (su_spec_container_type(oci) == SU_CONTAINER_TYPE_CONTAINER)
        b->state.sandbox_id = (char *)(uintptr_t)su_sandbox_id(oci);
    b->state.is_sandbox = su_spec_container_type(oci) == SU_CONTAINER_TYPE_SANDBOX;
    b->state.annotations.v = oci->annotations.v;
    b->state.annotations.n = oci->annotations.n;
    if (!foreseen || !b->state.created)
        return su_fail(err, ENOMEM, "out of memory");
    int ret = sb_state_write(b->dir_fd, &b->state, err);
    return ret < 0 ? ret : sb_state_write_config(b->dir_fd, b->plan.spec, err);
}

static int make_cgroup(struct sb_build *b, struct su_error *err)
{
    struct sb_cgroup_ref made = {0};

    if (b->plan.cgroup.n_dirs == 0)
        return 0;
    int ret =
        sb_cgroup_create(&b->plan.arena, &b->plan.cgroup, &b->undo, &made, &b->cgroup_fd, err);
    if (ret < 0)
        return ret;
    /* Only what was really made may be removed, and it is known only now. */
    bool as_foreseen = same_strings(&made.paths, &b->cgroup.paths) &&
                       same_strings(&made.parents, &b->cgroup.parents);
    b->cgroup = made;
    return as_foreseen ? 0 : sb_state_write(b->dir_fd, &b->state, err);
}

static int connect_console(struct sb_build *b, struct su_error *err)
{
    const struct sb_create_opts *opts = b->plan.opts;
    bool detached = b->wait_for_start || opts->detach;

    if (!b->plan.process.oci->terminal) {
        if (!opts->console_socket)
            return 0;
        return su_fail_at(err, SU_ERR_SPEC, EINVAL, "process.terminal",
                          "false, but --console-socket \"%s\" waits for a terminal, expected true",
                          opts->console_socket);
    }
    if (!opts->console_socket) {
        if (!detached)
            return 0; /* the caller's own terminal is used */
        return su_fail_at(err, SU_ERR_SPEC, EINVAL, "process.terminal",
                          "true, but nobody would hold the terminal, expected --console-socket");
    }
    b->console_fd = sb_connect_path(opts->console_socket);
    if (b->console_fd < 0)
        return su_fail(err, -b->console_fd, "cannot connect to console socket \"%s\": %s",
                       opts->console_socket, strerror(-b->console_fd));
    return 0;
}

static int make_sockets(struct sb_build *b, struct su_error *err)
{
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return su_fail(err, errno, "cannot make a socket pair: %s", strerror(errno));
    b->sock = pair[0];
    b->init_sock = pair[1];
    if (!b->wait_for_start)
        return 0;
    b->start_fd = sb_state_listen(b->dir_fd, err);
    return b->start_fd < 0 ? b->start_fd : 0;
}

static int open_tree_of(const char *path, unsigned flags)
{
    int fd = open_tree(AT_FDCWD, path, OPEN_TREE_CLOEXEC | flags);

    return fd < 0 ? -errno : fd;
}

/*
 * The rootfs and the sources of binds, as detached trees. Opened here and not by init, since in
 * a user namespace it may not be able to look into the folders above them, and since they keep
 * their propagation from here.
 */
static int open_sources(struct sb_build *b, struct su_error *err)
{
    struct sb_plan *plan = &b->plan;
    bool mounts = plan->new_mountns || plan->join_mount.ns;

    b->tree_fd = open_tree_of(plan->rootfs, mounts ? OPEN_TREE_CLONE | AT_RECURSIVE : 0);
    if (b->tree_fd < 0)
        return su_fail_at(err, SU_ERR_IO, -b->tree_fd, "root.path", "cannot open \"%s\": %s",
                          plan->rootfs, strerror(-b->tree_fd));
    for (size_t i = 0; i < plan->n_mounts; i++) {
        struct sb_mount_step *step = &plan->mounts[i];
        if (step->kind != SB_MOUNT_BIND || step->symlink_to)
            continue;
        step->src_fd = sb_open_bind_source(step);
        if (step->src_fd == -ENOENT && step->optional)
            continue;
        if (step->src_fd < 0)
            return su_fail_at(err, SU_ERR_IO, -step->src_fd, step->json_path,
                              "cannot open source \"%s\": %s", step->source,
                              strerror(-step->src_fd));
        int ret = step->n_uid_maps > 0 ? sb_idmap_source(step, err) : 0;
        if (ret < 0)
            return ret;
    }
    return 0;
}

int sb_namespace_error(const struct sb_join *join, struct su_error *err)
{
    static const char list[] = "linux.namespaces: ";
    char path[64];

    if (!err)
        return -EINVAL;
    const char *text = su_error_text(err);
    text += su_has_prefix(text, list) ? strlen(list) : 0;
    snprintf(path, sizeof(path), "linux.namespaces[%zu].path", join->index);
    return su_fail_at(err, err->kind, err->errnum, path, "%s", text);
}

static int open_namespaces(struct sb_build *b, struct su_error *err)
{
    struct sb_join *const own[] = {&b->plan.join_user, &b->plan.join_mount};

    for (size_t i = 0; i < SU_ARRAY_SIZE(own); i++) {
        if (!own[i]->ns)
            continue;
        own[i]->fd = su_open_ns(own[i]->ns, err);
        if (own[i]->fd < 0)
            return sb_namespace_error(own[i], err);
    }
    return 0;
}

int sb_build_prepare(struct sb_build *b, struct su_error *err)
{
    static int (*const steps[])(struct sb_build *, struct su_error *) = {
        claim_id,        check_cgroup_is_free, write_state,  connect_console,
        open_namespaces, make_cgroup,          make_sockets, open_sources,
    };
    int ret = 0;

    for (size_t i = 0; i < SU_ARRAY_SIZE(steps) && ret == 0; i++)
        ret = steps[i](b, err);
    return ret;
}
