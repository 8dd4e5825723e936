/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The container's terminal: a pty of its own devpts, never of the host's. The image and other
 * containers may have prepared the paths, so the master is checked to be a pty multiplexer of a
 * devpts, the slave is got from the master and not by its name, and /dev/console is not followed
 * if it is a link.
 */
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include <base/base.h>

#include "init.h"
#include "mount_api.h"

static int open_master(struct sb_init *in)
{
    struct stat st;
    struct statfs fs;
    int unlock = 0;
    _cleanup_fd_ int fd = sb_open_in_root(in->tree_fd, "dev/pts/ptmx", O_RDWR | O_NOCTTY, 0);

    if (fd < 0)
        return fd;
    if (fstat(fd, &st) < 0 || fstatfs(fd, &fs) < 0)
        return -errno;
    if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(5, 2) || fs.f_type != DEVPTS_SUPER_MAGIC)
        return -ENOTTY;
    if (ioctl(fd, TIOCSPTLCK, &unlock) < 0)
        return -errno;
    return su_take_fd(&fd);
}

static int set_size_and_owner(struct sb_init *in)
{
    const struct oci_process *p = in->plan->process.oci;

    if (p->console_size) {
        const struct winsize size = {.ws_row = (unsigned short)p->console_size->height,
                                     .ws_col = (unsigned short)p->console_size->width};
        if (ioctl(in->slave_fd, TIOCSWINSZ, &size) < 0)
            return -errno;
    }
    return fchown(in->slave_fd, p->user.uid, (gid_t)-1) < 0 ? -errno : 0;
}

static int bind_console(struct sb_init *in)
{
    const char *name;
    _cleanup_fd_ int dev = sb_init_open_parent(in, "dev/console", &name);

    if (dev < 0)
        return dev;
    int target = openat(dev, name, O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (target >= 0)
        sb_init_note_created(in, dev, name, false);
    else if (errno == EEXIST)
        target = openat(dev, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    _cleanup_fd_ int target_fd = target;
    struct stat st;
    if (target_fd < 0 || fstat(target_fd, &st) < 0)
        return -errno;
    if (S_ISLNK(st.st_mode))
        return -ELOOP;
    _cleanup_fd_ int tree =
        open_tree(in->slave_fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
    return tree < 0 ? -errno : sb_move_mount(tree, target_fd);
}

int sb_init_terminal(struct sb_init *in)
{
    const struct sb_msg msg = {.kind = SB_MSG_MASTER};

    if (!in->plan->process.oci->terminal)
        return 0;
    in->master_fd = open_master(in);
    if (in->master_fd < 0)
        return sb_init_fail(in, SB_STEP_TERMINAL, 0, -in->master_fd);
    in->slave_fd = ioctl(in->master_fd, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (in->slave_fd < 0)
        return sb_init_fail(in, SB_STEP_TERMINAL, 0, errno);
    int ret = set_size_and_owner(in);
    if (ret < 0)
        return sb_init_fail(in, SB_STEP_TERMINAL, 0, -ret);
    if (in->plan->setup_dev) {
        ret = bind_console(in);
        if (ret < 0)
            return sb_init_fail(in, SB_STEP_CONSOLE, 0, -ret);
    }
    ret = sb_send(in->sock, &msg, in->master_fd);
    if (ret < 0)
        return sb_init_fail(in, SB_STEP_SYNC, 0, -ret);
    su_closep(&in->master_fd);
    in->master_fd = -1;
    if (ioctl(in->slave_fd, TIOCSCTTY, 0) < 0)
        return sb_init_fail(in, SB_STEP_TERMINAL, 0, errno);
    for (int fd = 0; fd <= 2; fd++)
        if (dup2(in->slave_fd, fd) < 0)
            return sb_init_fail(in, SB_STEP_TERMINAL, 0, errno);
    return 0;
}
