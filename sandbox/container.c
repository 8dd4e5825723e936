/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looking at containers: one, or all below a state root. Files say what was asked for, the kernel
 * says how it stands. No locks are taken and nothing is changed.
 */
#include <fcntl.h>
#include <specutils/log.h>

#include <base/base.h>

#include "sandbox.h"
#include "state.h"

enum { ID_MAX_BYTES = 1024 };

const char *sb_status_name(enum sb_status status)
{
    static const char *const names[] = {
        [SB_CREATING] = "creating", [SB_CREATED] = "created", [SB_RUNNING] = "running",
        [SB_PAUSED] = "paused",     [SB_STOPPED] = "stopped",
    };

    return names[status];
}

int sb_check_id(const char *id, struct su_error *err)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-.";
    size_t len = strlen(id);

    if (len == 0)
        return su_fail(err, EINVAL, "container id \"\": empty, expected a name");
    if (len > ID_MAX_BYTES)
        return su_fail(err, ENAMETOOLONG,
                       "container id \"%.32s...\": %zu bytes long, expected at most %d", id, len,
                       ID_MAX_BYTES);
    if (strspn(id, allowed) != len || id[0] == '.')
        return su_fail(err, EINVAL,
                       "container id \"%s\": expected letters, digits and \"_+-.\", and no \".\" "
                       "at the beginning",
                       id);
    return 0;
}

static enum sb_status status_of(int dir_fd, const struct sb_cgroup_ref *cgroup, pid_t *pid)
{
    struct sb_proc proc;
    int ret = sb_state_find_init(dir_fd, &proc);

    su_closep(&proc.pidfd);
    *pid = ret < 0 ? 0 : proc.pid;
    if (ret < 0) {
        return ret == -ENOENT && sb_state_is_locked(dir_fd) ? SB_CREATING : SB_STOPPED;
    }
    if (sb_state_is_waiting(dir_fd))
        return sb_state_is_locked(dir_fd) ? SB_CREATING : SB_CREATED;
    return cgroup && cgroup->paths.n > 0 && sb_cgroup_is_frozen(cgroup) == 1 ? SB_PAUSED
                                                                             : SB_RUNNING;
}

static int load(int root_fd, const char *id, struct sb_container *c, struct su_error *err)
{
    struct sb_state state;
    _cleanup_fd_ int dir_fd = sb_state_open_dir(root_fd, id, err);

    if (dir_fd < 0)
        return dir_fd;
    int ret = sb_state_read(dir_fd, id, &c->arena, &state, err);
    if (ret < 0)
        return ret;
    c->id = state.id;
    c->oci_version = state.oci_version;
    c->bundle = state.bundle;
    c->rootfs = state.rootfs;
    c->created = state.created;
    c->owner = state.owner;
    c->sandbox_id = state.sandbox_id;
    c->is_sandbox = state.is_sandbox;
    c->annotations.v = state.annotations.v;
    c->annotations.n = state.annotations.n;
    if (state.cgroup)
        c->cgroup = *state.cgroup;
    c->status = status_of(dir_fd, state.cgroup, &c->pid);
    return 0;
}

int sb_container_load(const char *root, const char *id, struct sb_container *c,
                      struct su_error *err)
{
    int ret = sb_check_id(id, err);

    *c = (struct sb_container){0};
    if (ret < 0)
        return ret;
    _cleanup_fd_ int root_fd = sb_state_open_root(root, false, err);
    if (root_fd == -ENOENT)
        return su_fail(err, ENOENT, "container \"%s\" does not exist", id);
    ret = root_fd < 0 ? root_fd : load(root_fd, id, c, err);
    if (ret < 0)
        sb_container_free(c);
    return ret;
}

void sb_container_free(struct sb_container *c)
{
    su_arena_free(&c->arena);
    *c = (struct sb_container){0};
}

static int by_id(const void *a, const void *b)
{
    return strcmp(((const struct sb_container *)a)->id, ((const struct sb_container *)b)->id);
}

/* Adds one entry of the root; what is none is passed over. */
static int add(int root_fd, const char *id, struct sb_container **list, size_t *n)
{
    _cleanup_error_ struct su_error why = {0};
    struct sb_container c = {0};

    if (sb_check_id(id, NULL) < 0)
        return 0;
    if (load(root_fd, id, &c, &why) < 0) {
        su_warn("%s", su_error_text(&why));
        sb_container_free(&c);
        return 0;
    }
    if ((*n & (*n + 1)) == 0) { /* room for 1, 2, 4, 8, ... */
        struct sb_container *grown = reallocarray(*list, 2 * (*n + 1), sizeof(*grown));
        if (!grown) {
            sb_container_free(&c);
            return -ENOMEM;
        }
        *list = grown;
    }
    (*list)[(*n)++] = c;
    return 0;
}

int sb_list(const char *root, struct sb_container **list, size_t *n, struct su_error *err)
{
    int ret = 0;
    int root_fd = sb_state_open_root(root, false, err);

    *list = NULL;
    *n = 0;
    if (root_fd < 0)
        return root_fd;
    _cleanup_closedir_ DIR *dir = fdopendir(root_fd);
    if (!dir) {
        close(root_fd);
        return su_fail(err, ENOMEM, "out of memory");
    }
    for (const struct dirent *e; ret == 0 && (e = readdir(dir));)
        if (e->d_type == DT_DIR || e->d_type == DT_UNKNOWN)
            ret = add(root_fd, e->d_name, list, n);
    if (ret < 0) {
        sb_list_free(*list, *n);
        *list = NULL;
        *n = 0;
        return su_fail(err, -ret, "out of memory");
    }
    if (*n > 0)
        qsort(*list, *n, sizeof(**list), by_id);
    return 0;
}

void sb_list_free(struct sb_container *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        sb_container_free(&list[i]);
    free(list);
}
