/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rootfs beside the spec's mounts: attaching it, device nodes and the usual symlinks, kernel
 * parameters, read-only and masked paths, and pivot_root. Sources (null device, procfs) are the
 * host's, opened before the image is in sight and checked by fd.
 */
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include <base/base.h>

#include "init.h"
#include "mount_api.h"

static bool has_mountns(const struct sb_init *in)
{
    return in->plan->new_mountns || in->plan->join_mount.ns;
}

/*
 * The rootfs goes on top of "/": every process can reach that, also one that may not look into
 * the folders above the rootfs. Absolute paths still start below it, at the host's root, until
 * pivot_root.
 */
int sb_init_attach_rootfs(struct sb_init *in)
{
    const struct mount_attr own = {
        .propagation = in->plan->rootfs_propagation & MS_SLAVE ? MS_SLAVE : MS_PRIVATE};

    if (!has_mountns(in))
        return 0;
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return sb_init_fail(in, SB_STEP_ROOT_PRIVATE, 0, errno);
    int before = sb_mount_setattr(in->tree_fd, AT_RECURSIVE, &own);
    if (before < 0 && before != -ENOSYS)
        return sb_init_fail(in, SB_STEP_ROOTFS, 0, -before);
    if (move_mount(in->tree_fd, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0)
        return sb_init_fail(in, SB_STEP_ROOTFS, 0, errno);
    if (before < 0 && sb_mount_setattr(in->tree_fd, AT_RECURSIVE, &own) < 0)
        return sb_init_fail(in, SB_STEP_ROOTFS, 0, errno);
    return 0;
}

/* --- devices ------------------------------------------------------------------------------------
 */

/* The folder of the device before, since nearly all are in /dev. */
struct parent {
    const char *path;
    size_t len;
    int fd;
};

static void close_parent(struct parent *p)
{
    su_closep(&p->fd);
}

static int open_parent(struct sb_init *in, struct parent *p, const char *path, const char **name)
{
    const char *slash = strrchr(path, '/');
    size_t len = slash ? (size_t)(slash - path) : 0;

    if (p->fd >= 0 && len == p->len && strncmp(path, p->path, len) == 0) {
        *name = slash ? slash + 1 : path;
        return 0;
    }
    close_parent(p);
    *p = (struct parent){path, len, sb_init_open_parent(in, path, name)};
    return p->fd < 0 ? p->fd : 0;
}

/* The host's node as a detached tree, if it is the device. */
static int open_device(const char *path, const struct sb_device *d)
{
    struct stat st;
    _cleanup_fd_ int fd = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

    if (fd < 0 || fstat(fd, &st) < 0)
        return -errno;
    return (st.st_mode & S_IFMT) == (d->mode & S_IFMT) && st.st_rdev == d->dev ? su_take_fd(&fd)
                                                                               : -ENODEV;
}

static int bind_device(struct sb_init *in, const struct sb_device *d)
{
    char by_number[sizeof("/dev/block/4294967295:4294967295")];
    _cleanup_fd_ int src = open_device(d->host_path, d);

    /* By another name in the container than on the host. */
    if (src == -ENOENT || src == -ENODEV) {
        snprintf(by_number, sizeof(by_number), "/dev/%s/%u:%u", S_ISBLK(d->mode) ? "block" : "char",
                 major(d->dev), minor(d->dev));
        int other = open_device(by_number, d);
        src = other < 0 ? src : other;
    }
    if (src < 0)
        return src;
    _cleanup_fd_ int target = sb_init_open(in, d->path, SB_WANT_FILE, 0);
    return target < 0 ? target : sb_move_mount(src, target);
}

/* What stands there already is fine if it is the same device. */
static int check_existing(const struct parent *p, const char *name, const struct sb_device *d)
{
    struct stat st;

    if (fstatat(p->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    return (st.st_mode & S_IFMT) == (d->mode & S_IFMT) &&
                   (S_ISFIFO(st.st_mode) || st.st_rdev == d->dev)
               ? 0
               : -EEXIST;
}

static int make_device(struct sb_init *in, struct parent *p, const struct sb_device *d)
{
    const char *name;

    if (in->plan->bind_devices && !S_ISFIFO(d->mode))
        return bind_device(in, d);
    int ret = open_parent(in, p, d->path, &name);
    if (ret < 0)
        return ret;
    if (mknodat(p->fd, name, d->mode, d->dev) < 0) {
        if (errno == EPERM && !S_ISFIFO(d->mode))
            return bind_device(in, d);
        return errno == EEXIST ? check_existing(p, name, d) : -errno;
    }
    sb_init_note_created(in, p->fd, name, false);
    if ((d->uid || d->gid) && fchownat(p->fd, name, d->uid, d->gid, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    return 0;
}

static int make_links(struct sb_init *in, int dev_fd)
{
    static const struct {
        const char *name, *target;
    } links[] = {
        {"fd", "/proc/self/fd"},       {"stdin", "/proc/self/fd/0"}, {"stdout", "/proc/self/fd/1"},
        {"stderr", "/proc/self/fd/2"}, {"core", "/proc/kcore"},      {"ptmx", "pts/ptmx"},
    };

    for (size_t i = 0; i < SU_ARRAY_SIZE(links); i++) {
        if (symlinkat(links[i].target, dev_fd, links[i].name) == 0)
            sb_init_note_created(in, dev_fd, links[i].name, false);
        else if (errno != EEXIST)
            return sb_init_fail(in, SB_STEP_DEV_LINK, i, errno);
    }
    return 0;
}

int sb_init_devices(struct sb_init *in)
{
    _cleanup_(close_parent) struct parent parent = {.fd = -1};
    const char *name;

    if (!in->plan->setup_dev)
        return 0;
    for (size_t i = 0; i < in->plan->n_devices; i++) {
        int ret = make_device(in, &parent, &in->plan->devices[i]);
        if (ret < 0)
            return sb_init_fail(in, SB_STEP_DEVICE, i, -ret);
    }
    int ret = open_parent(in, &parent, "dev/fd", &name);
    if (ret < 0)
        return sb_init_fail(in, SB_STEP_DEV_LINK, 0, -ret);
    return make_links(in, parent.fd);
}

/* --- kernel parameters --------------------------------------------------------------------------
 */

static int write_sysctl(int sys_fd, const struct sb_sysctl *s)
{
    struct open_how how = {.flags = O_WRONLY | O_CLOEXEC,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV};
    _cleanup_fd_ int fd = (int)syscall(SYS_openat2, sys_fd, s->path, &how, sizeof(how));

    if (fd < 0)
        return -errno;
    return su_write_all(fd, s->value, strlen(s->value));
}

int sb_init_sysctls(struct sb_init *in)
{
    struct statfs fs;

    if (in->plan->n_sysctls == 0)
        return 0;
    /* The host's procfs: which namespace a parameter belongs to is decided by the writer. */
    _cleanup_fd_ int sys_fd = open("/proc/sys", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (sys_fd < 0 || fstatfs(sys_fd, &fs) < 0)
        return sb_init_fail(in, SB_STEP_SYSCTL, 0, errno);
    if (fs.f_type != PROC_SUPER_MAGIC)
        return sb_init_fail(in, SB_STEP_SYSCTL, 0, ENODEV);
    for (size_t i = 0; i < in->plan->n_sysctls; i++) {
        int ret = write_sysctl(sys_fd, &in->plan->sysctls[i]);
        if (ret < 0)
            return sb_init_fail(in, SB_STEP_SYSCTL, i, -ret);
    }
    return 0;
}

/* --- read-only and masked paths ------------------------------------------------------------------
 */

static int make_readonly(int target)
{
    const struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY};
    _cleanup_fd_ int fd =
        open_tree(target, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE | AT_EMPTY_PATH);

    return fd < 0 ? -errno : sb_move_mount_with(fd, target, &attr);
}

static int protect_readonly(struct sb_init *in, const struct su_strv *paths)
{
    for (size_t i = 0; i < paths->n; i++) {
        const char *path = paths->v[i];
        _cleanup_fd_ int target = sb_open_in_root(in->tree_fd, path + strspn(path, "/"), O_PATH, 0);
        if (target == -ENOENT || target == -ENOTDIR)
            continue;
        int ret = target < 0 ? target : make_readonly(target);
        if (ret < 0)
            return sb_init_fail(in, SB_STEP_READONLY_PATH, i, -ret);
    }
    return 0;
}

/* What covers masked files and folders: attached once, cloned from then on. */
struct masks {
    int null_fd;  /* the host's null device */
    int empty_fd; /* an empty, read-only tmpfs, once some folder needed it */
};

static void close_masks(struct masks *m)
{
    su_closep(&m->null_fd);
    su_closep(&m->empty_fd);
}

/* The image could have put anything at its own /dev/null, so the host's is taken, and looked at. */
static int open_null(void)
{
    struct stat st;
    _cleanup_fd_ int fd = open("/dev/null", O_PATH | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0 || fstat(fd, &st) < 0)
        return -errno;
    if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3))
        return -ENODEV;
    return su_take_fd(&fd);
}

static int make_empty(void)
{
    _cleanup_fd_ int fs = fsopen("tmpfs", FSOPEN_CLOEXEC);

    if (fs < 0 || fsconfig(fs, FSCONFIG_SET_STRING, "source", "tmpfs", 0) < 0 ||
        fsconfig(fs, FSCONFIG_SET_STRING, "nr_inodes", "1", 0) < 0 ||
        fsconfig(fs, FSCONFIG_SET_STRING, "mode", "0755", 0) < 0 ||
        fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
        return -errno;
    int fd = fsmount(fs, FSMOUNT_CLOEXEC,
                     MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
    return fd < 0 ? -errno : fd;
}

static int clone_onto(int source, int target)
{
    _cleanup_fd_ int fd =
        open_tree(source, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);

    return fd < 0 ? -errno : sb_move_mount(fd, target);
}

static int mask_one(struct masks *m, int target)
{
    struct stat st;

    if (fstat(target, &st) < 0)
        return -errno;
    if (!S_ISDIR(st.st_mode)) {
        if (m->null_fd < 0)
            m->null_fd = open_null();
        return m->null_fd < 0 ? m->null_fd : clone_onto(m->null_fd, target);
    }
    if (m->empty_fd >= 0)
        return clone_onto(m->empty_fd, target);
    m->empty_fd = make_empty();
    return m->empty_fd < 0 ? m->empty_fd : sb_move_mount(m->empty_fd, target);
}

static int protect_masked(struct sb_init *in, const struct su_strv *paths)
{
    _cleanup_(close_masks) struct masks masks = {-1, -1};

    for (size_t i = 0; i < paths->n; i++) {
        const char *path = paths->v[i];
        _cleanup_fd_ int target = sb_open_in_root(in->tree_fd, path + strspn(path, "/"), O_PATH, 0);
        if (target == -ENOENT || target == -ENOTDIR)
            continue;
        int ret = target < 0 ? target : mask_one(&masks, target);
        if (ret < 0)
            return sb_init_fail(in, SB_STEP_MASKED_PATH, i, -ret);
    }
    return 0;
}

int sb_init_protect_paths(struct sb_init *in)
{
    const struct oci_linux *lx = in->plan->spec->oci.linux_;

    if (!lx || !has_mountns(in))
        return 0;
    int ret = protect_readonly(in, &lx->readonly_paths);
    return ret < 0 ? ret : protect_masked(in, &lx->masked_paths);
}

/* --- becoming the root
 * ---------------------------------------------------------------------------- */

int sb_init_pivot(struct sb_init *in)
{
    if (fchdir(in->tree_fd) < 0)
        return sb_init_fail(in, SB_STEP_PIVOT, 0, errno);
    if (!has_mountns(in) || in->plan->opts->no_pivot) {
        if (chroot(".") < 0)
            return sb_init_fail(in, SB_STEP_PIVOT, 0, errno);
    } else if (syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0) {
        /* The old root lies over the new one for a moment, hence "." for the umount. */
        return sb_init_fail(in, SB_STEP_PIVOT, 0, errno);
    }
    return chdir("/") < 0 ? sb_init_fail(in, SB_STEP_PIVOT, 0, errno) : 0;
}

int sb_init_finish_rootfs(struct sb_init *in)
{
    const struct sb_plan *plan = in->plan;
    const struct mount_attr readonly = {.attr_set = MOUNT_ATTR_RDONLY};

    /* Later mounts have made their mount points in them. */
    while (in->n_readonly > 0) {
        const struct sb_readonly *last = &in->readonly[--in->n_readonly];
        int ret = sb_mount_setattr(last->fd, 0, &readonly);
        close(last->fd);
        if (ret < 0)
            return sb_init_fail(in, SB_STEP_MOUNT_ATTR, last->step, -ret);
    }
    if (!has_mountns(in) || !plan->rootfs_readonly)
        return 0;
    int ret = sb_mount_setattr(in->tree_fd, 0, &readonly);
    return ret < 0 ? sb_init_fail(in, SB_STEP_ROOT_READONLY, 0, -ret) : 0;
}

/* Last, since the kernel pivots to no shared mount. */
int sb_init_share_rootfs(struct sb_init *in)
{
    const unsigned long flags = in->plan->rootfs_propagation;

    if (!has_mountns(in) || !(flags & (MS_SHARED | MS_UNBINDABLE)))
        return 0;
    return mount(NULL, "/", NULL, flags, NULL) < 0
               ? sb_init_fail(in, SB_STEP_ROOT_PROPAGATION, 0, errno)
               : 0;
}
