/* SPDX-License-Identifier: Apache-2.0 */
/* Whole reads and writes: EINTR, short reads and short writes are handled here and only here. */
#include <fcntl.h>
#include <sys/stat.h>

#include "base.h"

int su_write_all(int fd, const void *bytes, size_t len)
{
    const char *p = bytes;

    while (len > 0) {
        ssize_t n = SU_RETRY_EINTR(write(fd, p, len));
        if (n < 0)
            return -errno;
        p += n;
        len -= (size_t)n;
    }
    return 0;
}

/* The size to begin with: what fstat says, plus one byte to see the end at the second read. */
static size_t first_size(int fd, size_t max)
{
    struct stat st;
    size_t size = 4096;

    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0)
        size = (size_t)st.st_size + 1;
    return size < max ? size : max;
}

int su_read_all(int fd, size_t max, char **text, size_t *len)
{
    size_t cap = first_size(fd, max), used = 0;
    _cleanup_free_ char *buf = malloc(cap + 1);

    if (!buf)
        return -ENOMEM;
    for (;;) {
        if (used == cap) {
            if (cap == max) {
                /* Full to the limit: only an end of file may follow. */
                char extra;
                ssize_t n = SU_RETRY_EINTR(read(fd, &extra, 1));
                if (n != 0)
                    return n < 0 ? -errno : -EFBIG;
                break;
            }
            cap = cap > max / 2 ? max : cap * 2;
            char *grown = realloc(buf, cap + 1);
            if (!grown)
                return -ENOMEM;
            buf = grown;
        }
        ssize_t n = SU_RETRY_EINTR(read(fd, buf + used, cap - used));
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        used += (size_t)n;
    }
    buf[used] = '\0';
    *text = su_take_ptr(&buf);
    if (len)
        *len = used;
    return 0;
}

int su_read_file_at(int dirfd, const char *path, size_t max, char **text, size_t *len)
{
    _cleanup_fd_ int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? -errno : su_read_all(fd, max, text, len);
}

int su_read_small_at(int dirfd, const char *path, char *buf, size_t size)
{
    _cleanup_fd_ int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : SU_RETRY_EINTR(read(fd, buf, size - 1));

    if (n < 0)
        return -errno;
    buf[n] = '\0';
    return 0;
}

int su_write_file_at(int dirfd, const char *path, const char *text)
{
    _cleanup_fd_ int fd = openat(dirfd, path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    size_t len = strlen(text);
    ssize_t n = SU_RETRY_EINTR(write(fd, text, len));
    if (n < 0)
        return -errno;
    return (size_t)n == len ? 0 : -EIO;
}
