/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a file system of the container's own as a detached mount: option by option, so that a
 * refused one is known by its index, with the kernel's own reason. Options too long for
 * fsconfig(2) go through mount(2) at a private place.
 */
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <base/base.h>

#include "copyup.h"
#include "init.h"
#include "mount_api.h"

/* Flags of the file system rather than of the mount, by the names that fsconfig(2) knows. */
static const struct {
    unsigned flag;
    const char *name;
} sb_flag_names[] = {
    {MS_SYNCHRONOUS, "sync"},
    {MS_DIRSYNC, "dirsync"},
    {MS_MANDLOCK, "mand"},
    {MS_LAZYTIME, "lazytime"},
};

static int fs_fail(struct sb_init *in, enum sb_step what, const struct sb_mount_step *step,
                   size_t option, int value)
{
    sb_init_fail(in, what, (size_t)(step - in->plan->mounts), value);
    in->fail.extra = (uint32_t)option;
    return -value;
}

static int configure(struct sb_init *in, const struct sb_mount_step *step, int fs)
{
    if (fsconfig(fs, FSCONFIG_SET_STRING, "source", step->source, 0) < 0)
        return fs_fail(in, SB_STEP_MOUNT, step, 0, errno);
    for (size_t i = 0; i < SU_ARRAY_SIZE(sb_flag_names); i++)
        if (step->opts.sb_flags & sb_flag_names[i].flag)
            if (fsconfig(fs, FSCONFIG_SET_FLAG, sb_flag_names[i].name, NULL, 0) < 0)
                return fs_fail(in, SB_STEP_MOUNT, step, 0, errno);
    for (size_t i = 0; i < step->n_options; i++) {
        const struct sb_fs_option *o = &step->options[i];
        int ret =
            fsconfig(fs, o->value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, o->key, o->value, 0);
        if (ret < 0)
            return fs_fail(in, SB_STEP_MOUNT_OPTION, step, o->index, errno);
    }
    return 0;
}

/* A tmpfs over an existing folder looks like that folder unless its mode is given. */
static int inherit_mode(int fs, int target_fd)
{
    struct stat st;
    char mode[] = "0000";

    if (fstat(target_fd, &st) < 0)
        return -errno;
    for (int i = 3, bits = st.st_mode & 07777; i >= 0; i--, bits >>= 3)
        mode[i] = (char)('0' + (bits & 7));
    return fsconfig(fs, FSCONFIG_SET_STRING, "mode", mode, 0) < 0 ? -errno : 0;
}

/* Where a user namespace may not make its own sysfs or mqueue (the network or ipc namespace is
 * another's), the host's is bound. */
static int bind_host(struct sb_init *in, const struct sb_mount_step *step, int why)
{
    const struct mount_attr readonly = {.attr_set = MOUNT_ATTR_RDONLY};
    bool is_sysfs = su_streq(step->fstype, "sysfs");
    int fd = open_tree(AT_FDCWD, is_sysfs ? "/sys" : "/dev/mqueue",
                       OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);

    if (fd < 0)
        return fs_fail(in, SB_STEP_MOUNT, step, 0, why);
    /* The host's cgroups come along, and parts of them may be the caller's to write. */
    int ret = is_sysfs ? sb_mount_setattr(fd, AT_RECURSIVE, &readonly) : 0;
    if (ret == 0)
        return fd;
    close(fd);
    return fs_fail(in, SB_STEP_MOUNT_ATTR, step, 0, -ret);
}

/*
 * mount(2), for options that are too long for fsconfig(2). It needs a place to mount on: the
 * host's root as init sees it, under which the rootfs is hidden already, in a mount namespace
 * that nobody else sees. The mount is cloned off there and the place is freed again.
 */
static int make_legacy(struct sb_init *in, const struct sb_mount_step *step)
{
    static const char place[] = "/proc";
    const struct su_mount_req req = {
        .src = step->source,
        .dst = place,
        .fstype = step->fstype,
        .data = step->legacy_data,
        .flags = step->opts.sb_flags & ~(unsigned)MS_RDONLY,
    };
    int ret = su_safe_mount(&req, NULL);

    if (ret < 0)
        return fs_fail(in, SB_STEP_MOUNT, step, 0, -ret);
    int fd = open_tree(AT_FDCWD, place, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    int saved = errno;
    umount2(place, MNT_DETACH);
    return fd < 0 ? fs_fail(in, SB_STEP_MOUNT, step, 0, saved) : fd;
}

static int make_new(struct sb_init *in, const struct sb_mount_step *step, int target_fd,
                    bool target_is_new)
{
    _cleanup_fd_ int fs = fsopen(step->fstype, FSOPEN_CLOEXEC);

    /* sysfs asks here already whose the network namespace is. */
    if (fs < 0 && errno == EPERM && step->bind_fallback)
        return bind_host(in, step, errno);
    if (fs < 0)
        return fs_fail(in, errno == ENODEV ? SB_STEP_MOUNT_FSTYPE : SB_STEP_MOUNT, step, 0, errno);
    int ret = configure(in, step, fs);
    if (ret == 0 && step->tmpfs_mode && !target_is_new)
        inherit_mode(fs, target_fd);
    if (ret < 0)
        return ret;
    if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
        return errno == EPERM && step->bind_fallback ? bind_host(in, step, errno)
                                                     : fs_fail(in, SB_STEP_MOUNT, step, 0, errno);
    int fd = fsmount(fs, FSMOUNT_CLOEXEC, 0);
    return fd < 0 ? fs_fail(in, SB_STEP_MOUNT, step, 0, errno) : fd;
}

int sb_init_make_fs(struct sb_init *in, const struct sb_mount_step *step, int target_fd,
                    bool target_is_new)
{
    int fd = step->legacy ? make_legacy(in, step) : make_new(in, step, target_fd, target_is_new);

    if (fd < 0 || !step->opts.tmpcopyup || target_is_new)
        return fd;
    int ret = sb_copy_up(target_fd, fd);
    if (ret == 0)
        return fd;
    close(fd);
    return fs_fail(in, SB_STEP_MOUNT_COPYUP, step, 0, -ret);
}
