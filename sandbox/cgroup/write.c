/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does the plan's writes. A folder is opened once, and a file stays open as long as the writes
 * that follow go to it (v1's devices.allow takes a rule a write). Never moves a process.
 */
#include <fcntl.h>

#include <base/base.h>
#include <specutils/log.h>

#include "internal.h"

/* The folder and the file that are open. */
struct cursor {
    const struct sb_cgroup_plan *plan;
    int cgroup2_fd; /* borrowed: the cgroup2 folder, the plan's first; -1: not open */
    size_t dir;
    int dir_fd, file_fd;
    const char *file;
};

static void cursor_close(struct cursor *c)
{
    if (c->file_fd >= 0)
        close(su_take_fd(&c->file_fd));
    if (c->dir_fd >= 0 && c->dir_fd != c->cgroup2_fd)
        close(c->dir_fd);
    c->dir_fd = -1;
    c->file = NULL;
}

static int write_one(struct cursor *c, const struct sb_cgroup_write *w)
{
    if (c->dir_fd < 0 || c->dir != w->dir) {
        cursor_close(c);
        c->dir = w->dir;
        c->dir_fd = w->dir == 0 && c->cgroup2_fd >= 0
                        ? c->cgroup2_fd
                        : sb_cg_open_dir(AT_FDCWD, c->plan->dirs[w->dir].path);
        if (c->dir_fd < 0)
            return c->dir_fd;
    }
    if (!c->file || !su_streq(c->file, w->file)) {
        if (c->file_fd >= 0)
            close(su_take_fd(&c->file_fd));
        c->file = NULL;
        c->file_fd = openat(c->dir_fd, w->file, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
        if (c->file_fd < 0)
            return -errno;
        c->file = w->file;
    }
    size_t len = strlen(w->value);
    ssize_t n = SU_RETRY_EINTR(write(c->file_fd, w->value, len));
    if (n < 0)
        return -errno;
    return (size_t)n == len ? 0 : -EIO;
}

/* What an errno of the kernel means for a file; prefix NULL is any file. */
static const struct {
    int errnum;
    const char *prefix, *hint;
} hints[] = {
    {EBUSY, "memory.", "the group already uses more than that"},
    {ENOENT, "memory.memsw", "the kernel does not account swap; boot it with swapaccount=1"},
    {ENOENT, "memory.swap", "the kernel does not account swap; boot it with swapaccount=1"},
    {ENOENT, "cpu.rt_", "the kernel has no realtime group scheduling"},
    {ENOENT, "hugetlb.", "the kernel has no huge pages of that size"},
    {ENOENT, "blkio.weight", "neither BFQ nor CFQ schedules block devices here"},
    {ENOENT, "io.weight", "neither BFQ nor the cost model schedules block devices here"},
    {ENOENT, NULL, "the kernel has no such limit"},
    {EINVAL, "cpu.rt_", "the parent group has no realtime left to give"},
    {EINVAL, "cpu.cfs",
     "a quota is at least 1000 us, a period 1000 us to 1 s, a burst at most the quota"},
    {EINVAL, "cpu.max",
     "a quota is at least 1000 us, a period 1000 us to 1 s, a burst at most the quota"},
    {EACCES, "cpuset.", "the parent group does not have them all"},
    {EINVAL, "cpuset.", "not a list of existing CPUs or memory nodes such as 0-3,7"},
    {ERANGE, "cpuset.", "there is no CPU or memory node of that number"},
    {ENODEV, "blkio.", "there is no such block device"},
    {ENODEV, "io.", "there is no such block device"},
    {ENXIO, "io.", "there is no such block device"},
    {ENODEV, "rdma.", "there is no such RDMA device"},
    {ENODEV, "net_prio.", "there is no such network interface"},
    {EPERM, "devices.", "the parent group does not allow it"},
    {EACCES, NULL, "this cgroup is not delegated to the user"},
    {EROFS, NULL, "the cgroup file system is mounted read-only"},
};

static const char *find_hint(const char *file, int errnum)
{
    for (size_t i = 0; i < SU_ARRAY_SIZE(hints); i++)
        if (hints[i].errnum == errnum && (!hints[i].prefix || su_has_prefix(file, hints[i].prefix)))
            return hints[i].hint;
    return NULL;
}

static int fail(const struct sb_cgroup_plan *plan, const struct sb_cgroup_write *w, int r,
                struct su_error *err)
{
    const char *hint = find_hint(w->file, -r);

    return su_fail_at(err, SU_ERR_IO, -r, w->json_path, "cannot write \"%s\" to %s/%s: %s%s%s%s",
                      w->value, plan->dirs[w->dir].path, w->file, strerror(-r), hint ? " (" : "",
                      hint ? hint : "", hint ? ")" : "");
}

/* What a failed write means: 0 it may be passed over, 1 it is worth a second try, -errno. */
static int judge(const struct sb_cgroup_plan *plan, const struct sb_cgroup_write *w, int r,
                 bool retry, struct su_error *err)
{
    bool is_unknown = r == -ENOENT || r == -EOPNOTSUPP;

    if ((w->optional && is_unknown) || (w->may_be_denied && r == -EPERM)) {
        su_debug("%s: %s/%s is passed over: %s", w->json_path, plan->dirs[w->dir].path, w->file,
                 strerror(-r));
        return 0;
    }
    return r == -EINVAL && retry ? 1 : fail(plan, w, r, err);
}

/* The writes [begin, end) to one folder. A group that was there before may hold values that allow
 * a new pair only in the other order (memory and memory+swap, quota and burst): what the kernel
 * finds invalid is tried again when the rest is done. */
static int write_dir(struct cursor *c, size_t begin, size_t end, struct su_error *err)
{
    const struct sb_cgroup_write *writes = c->plan->writes;
    size_t n_again = 0;
    _cleanup_free_ size_t *again = NULL;
    bool was_absent = false;

    for (size_t i = begin; i < end; i++) {
        if (writes[i].fallback && !was_absent)
            continue;
        int r = write_one(c, &writes[i]);
        was_absent = r == -ENOENT;
        if (r == 0 || (r = judge(c->plan, &writes[i], r, true, err)) == 0)
            continue;
        if (r < 0)
            return r;
        if (!again && !(again = malloc((end - begin) * sizeof(*again))))
            return su_fail(err, ENOMEM, "out of memory while setting limits");
        again[n_again++] = i;
    }
    for (size_t i = 0; i < n_again; i++) {
        const struct sb_cgroup_write *w = &writes[again[i]];
        int r = write_one(c, w);
        if (r < 0 && (r = judge(c->plan, w, r, false, err)) < 0)
            return r;
    }
    return 0;
}

int sb_cg_do_writes(const struct sb_cgroup_plan *plan, int cgroup2_fd, struct su_error *err)
{
    _cleanup_(cursor_close) struct cursor c = {
        .plan = plan, .cgroup2_fd = cgroup2_fd, .dir_fd = -1, .file_fd = -1};

    for (size_t begin = 0, end; begin < plan->n_writes; begin = end) {
        for (end = begin + 1; end < plan->n_writes; end++)
            if (plan->writes[end].dir != plan->writes[begin].dir)
                break;
        int r = write_dir(&c, begin, end, err);
        if (r < 0)
            return r;
    }
    return 0;
}
