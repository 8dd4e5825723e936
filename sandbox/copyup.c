/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copies a folder of the image into a fresh tmpfs. The image is hostile: every name is opened
 * below the fd of its folder without following links, and depth is bounded.
 */
#include "copyup.h"

#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include <base/base.h>

enum { MAX_DEPTH = 100, CHUNK_BYTES = 1 << 30 };

static int copy_tree(int from, int to, int depth);

static int copy_owner_and_mode(int fd, const struct stat *st)
{
    if (fchown(fd, st->st_uid, st->st_gid) < 0 && errno != EPERM && errno != EINVAL)
        return -errno;
    return fchmod(fd, st->st_mode & 07777) < 0 ? -errno : 0;
}

static int copy_file(int from, int to, const char *name, const struct stat *st)
{
    _cleanup_fd_ int in = openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (in < 0)
        return -errno;
    _cleanup_fd_ int out =
        openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (out < 0)
        return -errno;
    ssize_t n;
    do
        n = SU_RETRY_EINTR(sendfile(out, in, NULL, CHUNK_BYTES));
    while (n > 0);
    return n < 0 ? -errno : copy_owner_and_mode(out, st);
}

static int copy_dir(int from, int to, const char *name, const struct stat *st, int depth)
{
    if (mkdirat(to, name, 0700) < 0)
        return -errno;
    _cleanup_fd_ int in = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (in < 0)
        return -errno;
    _cleanup_fd_ int out = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (out < 0)
        return -errno;
    int ret = copy_tree(in, out, depth + 1);
    return ret < 0 ? ret : copy_owner_and_mode(out, st);
}

static int copy_link(int from, int to, const char *name, const struct stat *st)
{
    size_t size = (size_t)st->st_size + 1;
    _cleanup_free_ char *target = malloc(size + 1);

    if (!target)
        return -ENOMEM;
    ssize_t n = readlinkat(from, name, target, size);
    if (n < 0)
        return -errno;
    target[n] = '\0';
    if (symlinkat(target, to, name) < 0)
        return -errno;
    return fchownat(to, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0 && errno != EPERM &&
                   errno != EINVAL
               ? -errno
               : 0;
}

static int copy_entry(int from, int to, const char *name, int depth)
{
    struct stat st;

    if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    switch (st.st_mode & S_IFMT) {
    case S_IFREG:
        return copy_file(from, to, name, &st);
    case S_IFDIR:
        return copy_dir(from, to, name, &st, depth);
    case S_IFLNK:
        return copy_link(from, to, name, &st);
    default:
        return 0;
    }
}

static int copy_tree(int from, int to, int depth)
{
    if (depth > MAX_DEPTH)
        return -ELOOP;
    int own = fcntl(from, F_DUPFD_CLOEXEC, 3);
    if (own < 0)
        return -errno;
    _cleanup_closedir_ DIR *dir = fdopendir(own);
    if (!dir) {
        int saved = errno;
        close(own);
        return -saved;
    }
    errno = 0;
    for (const struct dirent *e; (e = readdir(dir)); errno = 0) {
        if (su_streq(e->d_name, ".") || su_streq(e->d_name, ".."))
            continue;
        int ret = copy_entry(from, to, e->d_name, depth);
        if (ret < 0)
            return ret;
    }
    return -errno;
}

int sb_copy_up(int from_fd, int to_fd)
{
    struct stat st;
    _cleanup_fd_ int from = openat(from_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (from < 0)
        return -errno;
    _cleanup_fd_ int to = openat(to_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (to < 0 || fstat(from, &st) < 0)
        return -errno;
    int ret = copy_tree(from, to, 0);
    return ret < 0 ? ret : copy_owner_and_mode(to, &st);
}
