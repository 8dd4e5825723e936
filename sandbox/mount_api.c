/* SPDX-License-Identifier: Apache-2.0 */
/* mount_setattr(2), and what stands in for it before Linux 5.12. */
#include "mount_api.h"

#include <fcntl.h>

#include <base/base.h>

/* MOUNT_ATTR_* and MS_* bits that mean the same. */
static const struct {
    uint64_t attr;
    unsigned long ms;
} same_bits[] = {
    {MOUNT_ATTR_RDONLY, MS_RDONLY},   {MOUNT_ATTR_NOSUID, MS_NOSUID},
    {MOUNT_ATTR_NODEV, MS_NODEV},     {MOUNT_ATTR_NOEXEC, MS_NOEXEC},
    {MOUNT_ATTR_NOATIME, MS_NOATIME}, {MOUNT_ATTR_NODIRATIME, MS_NODIRATIME},
};

static int set_by_mount(const char *path, unsigned flags, const struct mount_attr *attr)
{
    unsigned long rec = flags & AT_RECURSIVE ? MS_REC : 0, ms = 0;

    if (attr->propagation &&
        mount(NULL, path, NULL, (unsigned long)attr->propagation | rec, NULL) < 0)
        return errno == EINVAL ? -ENOSYS : -errno;
    if (attr->attr_set == 0 && attr->attr_clr == 0)
        return 0;
    if (rec || (attr->attr_set & MOUNT_ATTR_IDMAP))
        return -ENOSYS;
    for (size_t i = 0; i < SU_ARRAY_SIZE(same_bits); i++)
        if (attr->attr_set & same_bits[i].attr)
            ms |= same_bits[i].ms;
    if ((attr->attr_clr & MOUNT_ATTR__ATIME) &&
        (attr->attr_set & MOUNT_ATTR__ATIME) == MOUNT_ATTR_STRICTATIME)
        ms |= MS_STRICTATIME;
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
    return set_by_mount(path, flags, attr);
}

int sb_move_mount(int fd, int target_fd)
{
    const unsigned flags = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;

    return move_mount(fd, "", target_fd, "", flags) < 0 ? -errno : 0;
}

int sb_move_mount_with(int fd, int target_fd, const struct mount_attr *attr)
{
    int before = sb_mount_setattr(fd, 0, attr);

    if (before < 0 && before != -ENOSYS)
        return before;
    int ret = sb_move_mount(fd, target_fd);
    return ret == 0 && before < 0 ? sb_mount_setattr(fd, 0, attr) : ret;
}
