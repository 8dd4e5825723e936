/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ranges of fds by close_range(2), and by procfs where the kernel lacks that or its flag (before
 * Linux 5.11). For a child before its exec: system calls only.
 */
#include <dirent.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/magic.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "base.h"

enum { LIMIT_WITHOUT_PROC = 65536 };

static void apply(unsigned fd, unsigned flags)
{
    if (flags & CLOSE_RANGE_CLOEXEC)
        fcntl((int)fd, F_SETFD, FD_CLOEXEC);
    else
        close((int)fd);
}

/* One buffer of names from /proc/self/fd. */
static void apply_entries(const char *buf, long n, unsigned own, const unsigned range[2],
                          unsigned flags)
{
    for (long at = 0; at < n;) {
        const struct dirent64 *e = (const struct dirent64 *)(const void *)(buf + at);
        char *end;
        unsigned long fd = strtoul(e->d_name, &end, 10);
        if (!*end && end != e->d_name && fd >= range[0] && fd <= range[1] && fd != own)
            apply((unsigned)fd, flags);
        at += e->d_reclen;
    }
}

static bool apply_by_proc(const unsigned range[2], unsigned flags)
{
    _Alignas(struct dirent64) char buf[2048];
    struct statfs fs;
    long n;
    _cleanup_fd_ int dir = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    /* In a container /proc could be anything. */
    if (dir < 0 || fstatfs(dir, &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC)
        return false;
    while ((n = syscall(SYS_getdents64, dir, buf, sizeof(buf))) > 0)
        apply_entries(buf, n, (unsigned)dir, range, flags);
    return n == 0;
}

static void apply_to_range(unsigned first, unsigned last, unsigned flags)
{
    const unsigned range[2] = {first, last};
    struct rlimit limit;

    if (syscall(SYS_close_range, first, last, flags) == 0 || apply_by_proc(range, flags))
        return;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur > LIMIT_WITHOUT_PROC)
        limit.rlim_cur = LIMIT_WITHOUT_PROC;
    for (unsigned fd = first; fd <= last && fd < limit.rlim_cur; fd++)
        apply(fd, flags);
}

void su_close_range(unsigned first, unsigned last)
{
    apply_to_range(first, last, 0);
}

void su_cloexec_from(unsigned first)
{
    apply_to_range(first, ~0U, CLOSE_RANGE_CLOEXEC);
}
