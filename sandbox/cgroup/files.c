/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small files of cgroupfs: one read(2) gives the whole of a short one, cgroup.events can be
 * polled, cgroup.procs lists processes. Knows nothing of plans and containers.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>

#include <base/base.h>

#include "internal.h"

/* A container that can write its cgroup may nest groups as deep as it likes; we look no deeper. */
#define MAX_DEPTH 128

ssize_t sb_cg_read(int dirfd, const char *file, char *text, size_t size)
{
    _cleanup_fd_ int fd = openat(dirfd, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return -errno;
    ssize_t n = SU_RETRY_EINTR(read(fd, text, size - 1));
    if (n < 0)
        return -errno;
    text[n] = '\0';
    return n;
}

int sb_cg_event(const char *text, const char *key)
{
    size_t len = strlen(key);

    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, key, len) == 0 && line[len] == ' ')
            return atoi(line + len + 1);
    }
    return -1;
}

int sb_cg_wait_event(int dirfd, const char *key, int want, int timeout_ms)
{
    int64_t deadline = su_now_ms() + timeout_ms;
    _cleanup_fd_ int fd = openat(dirfd, "cgroup.events", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    char text[256];

    if (fd < 0)
        return -errno;
    for (;;) {
        /* The read is what arms the next poll, so no change between the two is lost. */
        ssize_t n = SU_RETRY_EINTR(pread(fd, text, sizeof(text) - 1, 0));
        if (n < 0)
            return -errno;
        text[n] = '\0';
        if (sb_cg_event(text, key) == want)
            return 0;
        int64_t left = deadline - su_now_ms();
        if (left <= 0)
            return -ETIMEDOUT;
        struct pollfd change = {.fd = fd, .events = POLLPRI};
        if (SU_RETRY_EINTR(poll(&change, 1, (int)left)) < 0)
            return -errno;
    }
}

int sb_cg_open_dir(int dirfd, const char *path)
{
    int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    return fd < 0 ? -errno : fd;
}

int sb_cg_open_list(int dirfd, DIR **dir)
{
    _cleanup_fd_ int fd = sb_cg_open_dir(dirfd, ".");
    if (fd < 0)
        return fd;
    *dir = fdopendir(fd);
    return *dir ? su_take_fd(&fd) : -ENOMEM;
}

static int add_pid(struct sb_cg_pid_list *list, pid_t pid)
{
    if (list->n == list->cap) {
        size_t cap = list->cap ? list->cap * 2 : 64;
        pid_t *grown = reallocarray(list->v, cap, sizeof(*grown));
        if (!grown)
            return -ENOMEM;
        list->v = grown;
        list->cap = cap;
    }
    list->v[list->n++] = pid;
    return 0;
}

/* The processes of one group, without those below it. */
static int add_procs(int dir_fd, struct sb_cg_pid_list *list)
{
    _cleanup_free_ char *text = NULL;
    int r = su_read_file_at(dir_fd, "cgroup.procs", 64u << 20, &text, NULL);

    /* A threaded group has no list of processes: its threads belong to those of its root. */
    if (r == -EOPNOTSUPP || r == -ENOENT || r == -ENODEV)
        return 0;
    if (r < 0)
        return r;
    for (char *p = text; *p;) {
        char *end;
        long pid = strtol(p, &end, 10);
        if (end == p)
            break;
        /* 0 is a process that our pid namespace does not see. */
        if (pid > 0 && (r = add_pid(list, (pid_t)pid)) < 0)
            return r;
        p = end + (*end == '\n');
    }
    return 0;
}

static int list_pids_below(int dir_fd, struct sb_cg_pid_list *list, unsigned depth)
{
    int r = add_procs(dir_fd, list);
    if (r < 0)
        return r;
    if (depth == MAX_DEPTH)
        return -ELOOP;

    _cleanup_closedir_ DIR *dir = NULL;
    int own_fd = sb_cg_open_list(dir_fd, &dir);
    if (own_fd < 0)
        return sb_cg_is_gone(own_fd) ? 0 : own_fd;
    for (const struct dirent *entry; (entry = readdir(dir));) {
        if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
            continue;
        _cleanup_fd_ int sub_fd = sb_cg_open_dir(own_fd, entry->d_name);
        if (sub_fd >= 0 && (r = list_pids_below(sub_fd, list, depth + 1)) < 0)
            return r;
    }
    return 0;
}

int sb_cg_list_pids(int dir_fd, struct sb_cg_pid_list *list)
{
    return list_pids_below(dir_fd, list, 0);
}

bool sb_cg_short_wait(unsigned n)
{
    static const unsigned short wait_ms[] = {1, 1, 2, 4, 8, 16, 32, 64, 128, 256, 256, 256};

    if (n >= SU_ARRAY_SIZE(wait_ms))
        return false;
    struct timespec wait = {.tv_nsec = wait_ms[n] * 1000000L};
    clock_nanosleep(CLOCK_MONOTONIC, 0, &wait, NULL);
    return true;
}
