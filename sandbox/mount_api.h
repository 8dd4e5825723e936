/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the new mount API lacks on older kernels, done with mount(2) under the same contract. No
 * probing ahead: the new call is made, and only ENOSYS leads to the old way.
 */
#ifndef SB_MOUNT_API_H
#define SB_MOUNT_API_H

#include <sys/mount.h>

/*
 * mount_setattr(2) of the mount that fd is the root of (flags: AT_RECURSIVE or 0). Before Linux
 * 5.12 by mount(2) through /proc/self/fd; that gives -ENOSYS while the mount is detached, and for
 * what mount(2) cannot do at all (recursive attributes, id maps). 0 or -errno.
 */
int sb_mount_setattr(int fd, unsigned flags, const struct mount_attr *attr);

/* Moves the mount at fd (detached or not) onto target_fd. 0 or -errno. */
int sb_move_mount(int fd, int target_fd);

/* Moves the detached mount at fd onto target_fd with attributes set; whichever comes first on
 * this kernel. */
int sb_move_mount_with(int fd, int target_fd, const struct mount_attr *attr);

#endif
