/* SPDX-License-Identifier: Apache-2.0 */
/* mount_setattr(2), and what stands in for it before Linux 5.12. */
#include "mount_api.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>

#include <base/base.h>

#ifndef ST_NOSYMFOLLOW
#define ST_NOSYMFOLLOW 0x2000
#endif

/* MOUNT_ATTR_*, MS_* and ST_* bits that mean the same. */
static const struct {
    uint64_t attr;
    unsigned long ms, st;
} same_bits[] = {
    {MOUNT_ATTR_RDONLY, MS_RDONLY, ST_RDONLY},
    {MOUNT_ATTR_NOSUID, MS_NOSUID, ST_NOSUID},
    {MOUNT_ATTR_NODEV, MS_NODEV, ST_NODEV},
    {MOUNT_ATTR_NOEXEC, MS_NOEXEC, ST_NOEXEC},
    {MOUNT_ATTR_NODIRATIME, MS_NODIRATIME, ST_NODIRATIME},
    {MOUNT_ATTR_NOSYMFOLLOW, MS_NOSYMFOLLOW, ST_NOSYMFOLLOW},
};

/* MS_* for the access time; mount(2) takes all of it or keeps what is there. */
static unsigned long atime_flags(uint64_t attr)
{
    switch (attr & MOUNT_ATTR__ATIME) {
    case MOUNT_ATTR_NOATIME:
        return MS_NOATIME;
    case MOUNT_ATTR_STRICTATIME:
        return MS_STRICTATIME;
    default:
        return MS_RELATIME;
    }
}

/* The attributes that the mount at fd has now. */
static int current_attributes(int fd, uint64_t *attr)
{
    struct statfs fs;

    if (fstatfs(fd, &fs) < 0)
        return -errno;
    *attr = fs.f_flags & ST_NOATIME    ? MOUNT_ATTR_NOATIME
            : fs.f_flags & ST_RELATIME ? MOUNT_ATTR_RELATIME
                                       : MOUNT_ATTR_STRICTATIME;
    for (size_t i = 0; i < SU_ARRAY_SIZE(same_bits); i++)
        if ((unsigned long)fs.f_flags & same_bits[i].st)
            *attr |= same_bits[i].attr;
    return 0;
}

static int set_by_mount(int fd, const char *path, unsigned flags, const struct mount_attr *attr)
{
    unsigned long rec = flags & AT_RECURSIVE ? MS_REC : 0;
    uint64_t result = 0;

    /* EPERM: a detached mount belongs to no mount namespace of ours. */
    if (attr->propagation &&
        mount(NULL, path, NULL, (unsigned long)attr->propagation | rec, NULL) < 0)
        return errno == EINVAL || errno == EPERM ? -ENOSYS : -errno;
    if (attr->attr_set == 0 && attr->attr_clr == 0)
        return 0;
    if (rec || (attr->attr_set & MOUNT_ATTR_IDMAP))
        return -ENOSYS;
    int ret = current_attributes(fd, &result);
    if (ret < 0)
        return ret;
    result = (result & ~attr->attr_clr) | attr->attr_set;
    unsigned long ms = atime_flags(result);
    for (size_t i = 0; i < SU_ARRAY_SIZE(same_bits); i++)
        if (result & same_bits[i].attr)
            ms |= same_bits[i].ms;
    if (mount(NULL, path, NULL, MS_REMOUNT | MS_BIND | ms, NULL) < 0)
        return errno == EINVAL ? -ENOSYS : -errno;
    return 0;
}

int sb_mount_setattr(int fd, unsigned flags, const struct mount_attr *attr)
{
    struct mount_attr copy = *attr;
    char path[sizeof("/proc/self/fd/2147483647")];

    if (mount_setattr(fd, "", flags | AT_EMPTY_PATH, &copy, sizeof(copy)) == 0)
        return 0;
    if (errno != ENOSYS)
        return -errno;
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    return set_by_mount(fd, path, flags, attr);
}

/* Callers search errors for "not a directory", which mount(2) says and move_mount(2) does not. */
static bool same_kind(int fd, int target_fd)
{
    struct stat a, b;

    return fstat(fd, &a) < 0 || fstat(target_fd, &b) < 0 ||
           S_ISDIR(a.st_mode) == S_ISDIR(b.st_mode);
}

int sb_move_mount(int fd, int target_fd)
{
    const unsigned flags = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;

    if (move_mount(fd, "", target_fd, "", flags) == 0)
        return 0;
    return errno == EINVAL && !same_kind(fd, target_fd) ? -ENOTDIR : -errno;
}

int sb_move_mount_with(int fd, int target_fd, const struct mount_attr *attr)
{
    int before = sb_mount_setattr(fd, 0, attr);

    if (before < 0 && before != -ENOSYS)
        return before;
    int ret = sb_move_mount(fd, target_fd);
    return ret == 0 && before < 0 ? sb_mount_setattr(fd, 0, attr) : ret;
}
