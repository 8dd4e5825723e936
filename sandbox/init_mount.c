/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Carries out the plan's mount steps. A mount is made detached and gets all its attributes while
 * nobody can see it; then it is moved onto the fd of its target.
 */
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <base/base.h>

#include "init.h"
#include "mount_api.h"

static int step_fail(struct sb_init *in, enum sb_step what, const struct sb_mount_step *step,
                     int value)
{
    return sb_init_fail(in, what, (size_t)(step - in->plan->mounts), value);
}

int sb_open_bind_source(const struct sb_mount_step *step)
{
    unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC;

    if (step->opts.src_nofollow || step->opts.copy_symlink)
        flags |= AT_SYMLINK_NOFOLLOW;
    if (step->opts.rbind)
        flags |= AT_RECURSIVE;
    int fd = open_tree(AT_FDCWD, step->source, flags);
    /* In a user namespace a tree that has locked mounts below it comes whole or not at all. */
    if (fd < 0 && errno == EINVAL && !step->opts.rbind)
        fd = open_tree(AT_FDCWD, step->source, flags | AT_RECURSIVE);
    return fd < 0 ? -errno : fd;
}

/*
 * The attributes of this mount. A user namespace that does not own the source finds some flags
 * locked; words that would clear those ("rw", "exec") or change the access time's handling are
 * then left out, as the source's owner wants it.
 */
static int set_own_attributes(struct sb_init *in, const struct sb_mount_step *step, int fd)
{
    const uint64_t safe = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
                          MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NOSYMFOLLOW;
    struct mount_attr attr = {.attr_set = step->opts.attr_set, .attr_clr = step->opts.attr_clr};

    if (attr.attr_set == 0 && attr.attr_clr == 0)
        return 0;
    int ret = sb_mount_setattr(fd, 0, &attr);
    if (ret == -EPERM && (!in->plan->initial_userns || in->plan->new_userns)) {
        attr.attr_set &= safe;
        attr.attr_clr = 0;
        ret = attr.attr_set ? sb_mount_setattr(fd, 0, &attr) : 0;
    }
    return ret < 0 ? step_fail(in, SB_STEP_MOUNT_ATTR, step, -ret) : 0;
}

static int set_propagation(const struct sb_mount_step *step, int fd)
{
    struct mount_attr attr = {.propagation = MS_PRIVATE};
    int ret = 0;

    /* A bind is a peer of its source until told otherwise; nothing may leak by default. */
    if (step->opts.n_propagation == 0)
        return step->kind == SB_MOUNT_BIND ? sb_mount_setattr(fd, AT_RECURSIVE, &attr) : 0;
    for (size_t i = 0; i < step->opts.n_propagation && ret == 0; i++) {
        uint32_t word = step->opts.propagation[i];
        attr.propagation = word & ~(uint32_t)MS_REC;
        ret = sb_mount_setattr(fd, word & MS_REC ? AT_RECURSIVE : 0, &attr);
    }
    return ret;
}

int sb_init_set_attributes(struct sb_init *in, const struct sb_mount_step *step, int fd)
{
    const struct mount_attr rec = {.attr_set = step->opts.rec_set, .attr_clr = step->opts.rec_clr};
    int ret = 0;

    /* The whole tree first, then what the mount itself has otherwise. */
    if (rec.attr_set || rec.attr_clr)
        ret = sb_mount_setattr(fd, AT_RECURSIVE, &rec);
    if (ret < 0)
        return step_fail(in, SB_STEP_MOUNT_ATTR, step, -ret);
    ret = set_own_attributes(in, step, fd);
    if (ret < 0)
        return ret;
    ret = set_propagation(step, fd);
    return ret < 0 ? step_fail(in, SB_STEP_MOUNT_PROPAGATION, step, -ret) : 0;
}

/* Programs in the container believe what /proc says: only a few files of it may be covered, and
 * only procfs itself may stand at /proc. */
static int check_proc(struct sb_init *in, const struct sb_mount_step *step, int src_fd,
                      int target_fd)
{
    struct statfs fs;
    bool at_proc = su_streq(step->target, "proc");

    if (fstatfs(at_proc ? src_fd : target_fd, &fs) < 0)
        return step_fail(in, SB_STEP_MOUNT_TARGET, step, errno);
    bool is_procfs = fs.f_type == PROC_SUPER_MAGIC;
    if (at_proc ? is_procfs : (!is_procfs || step->may_cover_proc))
        return 0;
    return step_fail(in, SB_STEP_MOUNT_PROC, step, EPERM);
}

/* Attributes first, then the move; on a kernel without mount_setattr(2) the other way round, as
 * mount(2) only knows mounts that are attached. Nobody else is in this mount namespace yet. */
static int place(struct sb_init *in, const struct sb_mount_step *step, int fd, int target_fd)
{
    int before = sb_init_set_attributes(in, step, fd);

    if (before < 0 && before != -ENOSYS)
        return before;
    int ret = sb_move_mount(fd, target_fd);
    if (ret < 0)
        return step_fail(in, SB_STEP_MOUNT, step, -ret);
    return before < 0 ? sb_init_set_attributes(in, step, fd) : 0;
}

/* crun's copy-symlink: a source that is a link is made anew instead of being mounted. */
static int copy_symlink(struct sb_init *in, const struct sb_mount_step *step, int src_fd)
{
    const char *name;
    char *link = in->scratch;
    _cleanup_fd_ int parent = sb_init_open_parent(in, step->target, &name);

    if (parent < 0)
        return step_fail(in, SB_STEP_MOUNT_TARGET, step, -parent);
    ssize_t n = readlinkat(src_fd, "", link, SB_SCRATCH_BYTES - 1);
    if (n < 0)
        return step_fail(in, SB_STEP_MOUNT_SOURCE, step, errno);
    link[n] = '\0';
    if (symlinkat(link, parent, name) < 0)
        return errno == EEXIST ? 0 : step_fail(in, SB_STEP_MOUNT_TARGET, step, errno);
    sb_init_note_created(in, parent, name, false);
    return 0;
}

static int do_bind(struct sb_init *in, const struct sb_mount_step *step)
{
    struct stat st;
    const int src_fd = step->src_fd;

    if (src_fd < 0)
        return 0; /* an optional one that is not there */
    if (fstat(src_fd, &st) < 0)
        return step_fail(in, SB_STEP_MOUNT_SOURCE, step, errno);
    if (S_ISLNK(st.st_mode) && step->opts.copy_symlink)
        return copy_symlink(in, step, src_fd);
    _cleanup_fd_ int target_fd =
        sb_init_open(in, step->target, S_ISDIR(st.st_mode) ? SB_WANT_DIR : SB_WANT_FILE,
                     step->opts.dest_nofollow ? SB_NO_FOLLOW : 0);
    if (target_fd < 0)
        return step_fail(in, SB_STEP_MOUNT_TARGET, step, -target_fd);
    int ret = check_proc(in, step, src_fd, target_fd);
    return ret < 0 ? ret : place(in, step, src_fd, target_fd);
}

static int do_fs(struct sb_init *in, const struct sb_mount_step *step)
{
    size_t n_created = in->n_created;
    _cleanup_fd_ int target_fd =
        sb_init_open(in, step->target, SB_WANT_DIR, step->ordinary_target ? SB_NO_SYMLINKS : 0);

    if (target_fd < 0)
        return step_fail(in, SB_STEP_MOUNT_TARGET, step, -target_fd);
    _cleanup_fd_ int fd = sb_init_make_fs(in, step, target_fd, in->n_created > n_created);
    int ret = fd < 0 ? fd : place(in, step, fd, target_fd);
    if (ret == 0 && step->readonly_last)
        in->readonly[in->n_readonly++] =
            (struct sb_readonly){su_take_fd(&fd), (size_t)(step - in->plan->mounts)};
    return ret;
}

static int do_remount(struct sb_init *in, const struct sb_mount_step *step)
{
    _cleanup_fd_ int fd = sb_init_open(in, step->target, SB_WANT_EXISTING, 0);

    if (fd < 0)
        return step_fail(in, SB_STEP_MOUNT_TARGET, step, -fd);
    return sb_init_set_attributes(in, step, fd);
}

static int do_symlink(struct sb_init *in, const struct sb_mount_step *step)
{
    const char *name;
    _cleanup_fd_ int parent = sb_init_open_parent(in, step->target, &name);

    if (parent < 0)
        return step_fail(in, SB_STEP_MOUNT_TARGET, step, -parent);
    if (symlinkat(step->symlink_to, parent, name) < 0 && errno != EEXIST)
        return step_fail(in, SB_STEP_MOUNT_TARGET, step, errno);
    return 0;
}

int sb_init_mounts(struct sb_init *in)
{
    static int (*const actions[])(struct sb_init *, const struct sb_mount_step *) = {
        [SB_MOUNT_BIND] = do_bind,
        [SB_MOUNT_FS] = do_fs,
        [SB_MOUNT_REMOUNT] = do_remount,
    };
    int ret = 0;

    for (size_t i = 0; i < in->plan->n_mounts && ret == 0; i++, in->n_mounted++) {
        const struct sb_mount_step *step = &in->plan->mounts[i];
        ret = (step->symlink_to ? do_symlink : actions[step->kind])(in, step);
        if (ret < 0 && step->optional && in->fail.value == ENOENT)
            ret = 0;
    }
    return ret;
}
