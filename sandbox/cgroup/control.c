/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The processes in a container's cgroup: lists, signals, freezes and thaws them. Works from the
 * folders in the state file alone: which hierarchy a folder belongs to shows in its files.
 */
#include <fcntl.h>
#include <signal.h>

#include <base/base.h>
#include <specutils/log.h>

#include "internal.h"

#define FREEZE_TIMEOUT_MS 10000
/* Rounds of signals to a group that cannot be frozen while its processes go on to fork. */
#define MAX_KILL_ROUNDS 64

static bool is_gone(int r)
{
    return r == -ENOENT || r == -ENODEV;
}

static int compare_pids(const void *a, const void *b)
{
    pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;
    return (x > y) - (x < y);
}

/* v1 may list a process twice. */
static size_t sort_unique(pid_t *v, size_t n)
{
    size_t kept = 0;

    qsort(v, n, sizeof(*v), compare_pids);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || v[i] != v[kept - 1])
            v[kept++] = v[i];
    return kept;
}

/* All processes are in each folder; the first is the one that knows most. */
int sb_cgroup_pids(const struct sb_cgroup_ref *ref, pid_t **pids, size_t *n, struct su_error *err)
{
    struct sb_cg_pid_list list = {0};

    *pids = NULL;
    *n = 0;
    if (ref->paths.n == 0)
        return 0;
    _cleanup_fd_ int fd = sb_cg_open_dir(AT_FDCWD, ref->paths.v[0]);
    int r = fd < 0 ? fd : sb_cg_list_pids(fd, &list);
    if (r < 0 && !is_gone(r)) {
        free(list.v);
        return su_fail(err, -r, "cannot list the processes of the cgroup %s: %s", ref->paths.v[0],
                       strerror(-r));
    }
    *n = list.n > 0 ? sort_unique(list.v, list.n) : 0;
    *pids = list.v;
    return 0;
}

/* One signal to each process that is there now. *sent counts them. */
static int signal_each(const struct sb_cgroup_ref *ref, int sig, size_t *sent, struct su_error *err)
{
    _cleanup_free_ pid_t *pids = NULL;
    int r = sb_cgroup_pids(ref, &pids, sent, err);

    for (size_t i = 0; r == 0 && i < *sent; i++)
        if (kill(pids[i], sig) < 0 && errno != ESRCH)
            r = su_fail(err, errno, "cannot send signal %d to process %d: %s", sig, (int)pids[i],
                        strerror(errno));
    return r;
}

/* Opens the folder that has a file, or gives -ENOENT. The folders that can freeze and kill are
 * the first two, but the search does not rely on it. */
static int open_with(const struct sb_cgroup_ref *ref, const char *file)
{
    int r = -ENOENT;

    for (size_t i = 0; i < ref->paths.n; i++) {
        _cleanup_fd_ int fd = sb_cg_open_dir(AT_FDCWD, ref->paths.v[i]);
        if (fd >= 0 && faccessat(fd, file, F_OK, 0) == 0)
            return su_take_fd(&fd);
        if (fd < 0 && !is_gone(fd))
            r = fd;
    }
    return r;
}

/* The state of a v1 freezer: 'T'HAWED, freezin'g', 'F'ROZEN, or -errno. */
static int freezer_state(int fd)
{
    char text[32];
    ssize_t n = sb_cg_read(fd, "freezer.state", text, sizeof(text));

    if (n < 0)
        return (int)n;
    return su_has_prefix(text, "FREEZING") ? 'g' : text[0];
}

/* The kernel freezes when it can and says nothing: we ask again until it has. Writing again
 * catches processes that were born meanwhile. */
static int freeze_v1(int fd, bool frozen)
{
    int want = frozen ? 'F' : 'T';

    for (unsigned n = 0;; n++) {
        int r = su_write_file_at(fd, "freezer.state", frozen ? "FROZEN" : "THAWED");
        int state = r < 0 ? r : freezer_state(fd);
        if (state < 0)
            return state;
        if (state == want)
            return 0;
        /* A group above that is frozen keeps this one so. */
        if (!frozen)
            return -EBUSY;
        if (!sb_cg_short_wait(n))
            break;
    }
    (void)su_write_file_at(fd, "freezer.state", "THAWED");
    return -ETIMEDOUT;
}

static int freeze_v2(int fd, bool frozen)
{
    int r = su_write_file_at(fd, "cgroup.freeze", frozen ? "1" : "0");

    if (r == 0)
        r = sb_cg_wait_event(fd, "frozen", frozen, FREEZE_TIMEOUT_MS);
    if (r == -ETIMEDOUT && frozen)
        (void)su_write_file_at(fd, "cgroup.freeze", "0");
    return r;
}

/* The v1 freezer first: on a hybrid host it is the one that other tools look at. */
static int freeze(const struct sb_cgroup_ref *ref, bool frozen)
{
    _cleanup_fd_ int v1_fd = open_with(ref, "freezer.state");
    if (v1_fd >= 0)
        return freeze_v1(v1_fd, frozen);
    _cleanup_fd_ int v2_fd = open_with(ref, "cgroup.freeze");
    return v2_fd >= 0 ? freeze_v2(v2_fd, frozen) : v2_fd;
}

int sb_cgroup_freeze(const struct sb_cgroup_ref *ref, bool frozen, struct su_error *err)
{
    const char *verb = frozen ? "freeze" : "thaw";
    const char *path = ref->paths.n ? ref->paths.v[0] : "";

    if (ref->paths.n == 0)
        return su_fail(err, ENOENT, "cannot %s the container: it has no cgroup of its own", verb);
    int r = freeze(ref, frozen);
    if (r == 0)
        return 0;
    if (r == -ENOENT)
        return su_fail(err, ENOENT,
                       "cannot %s the cgroup %s: it does not exist or this host has "
                       "no freezer",
                       verb, path);
    if (r == -ETIMEDOUT)
        return su_fail_at(err, SU_ERR_TIMEOUT, ETIMEDOUT, NULL,
                          "cannot %s the cgroup %s: a process in it did not stop in time", verb,
                          path);
    return su_fail(err, -r, "cannot %s the cgroup %s: %s%s", verb, path, strerror(-r),
                   r == -EBUSY ? " (a group above it is frozen)" : "");
}

int sb_cgroup_is_frozen(const struct sb_cgroup_ref *ref)
{
    for (size_t i = 0; i < ref->paths.n; i++) {
        _cleanup_fd_ int fd = sb_cg_open_dir(AT_FDCWD, ref->paths.v[i]);
        char text[256];
        if (fd < 0 && is_gone(fd))
            continue;
        if (fd < 0)
            return fd;
        ssize_t n = sb_cg_read(fd, "cgroup.events", text, sizeof(text));
        if (n >= 0 && sb_cg_event(text, "frozen") == 1)
            return 1;
        if (n >= 0)
            continue;
        int state = freezer_state(fd);
        if (state > 0)
            return state != 'T';
    }
    return 0;
}

/* -ENOENT where no folder has cgroup.kill (v1, kernels before 5.14). */
static int kill_v2(const struct sb_cgroup_ref *ref)
{
    if (ref->paths.n == 0)
        return 0;
    _cleanup_fd_ int fd = sb_cg_open_dir(AT_FDCWD, ref->paths.v[0]);
    if (fd < 0)
        return is_gone(fd) ? 0 : fd;
    return su_write_file_at(fd, "cgroup.kill", "1");
}

/* A frozen group cannot fork away from us. One that does not freeze is signalled until nothing
 * new appears. */
static int kill_v1(const struct sb_cgroup_ref *ref, struct su_error *err)
{
    size_t sent = 0;
    _cleanup_fd_ int freezer_fd = open_with(ref, "freezer.state");
    bool is_frozen = freezer_fd >= 0 && freeze_v1(freezer_fd, true) == 0;
    int r = signal_each(ref, SIGKILL, &sent, err);

    if (freezer_fd >= 0)
        (void)freeze_v1(freezer_fd, false);
    for (unsigned n = 0; r == 0 && !is_frozen && sent > 0 && n < MAX_KILL_ROUNDS; n++) {
        size_t before = sent;
        r = signal_each(ref, SIGKILL, &sent, err);
        if (sent <= before)
            break;
    }
    return r;
}

int sb_cgroup_signal(const struct sb_cgroup_ref *ref, int sig, struct su_error *err)
{
    size_t sent;

    if (sig != SIGKILL)
        return signal_each(ref, sig, &sent, err);
    int r = kill_v2(ref);
    if (r == -ENOENT || r == -EOPNOTSUPP)
        return kill_v1(ref, err);
    if (r < 0)
        return su_fail(err, -r, "cannot kill the processes of the cgroup %s: %s", ref->paths.v[0],
                       strerror(-r));
    /* On a hybrid host the v1 freezer may still hold the dying. */
    if (ref->paths.n > 1) {
        _cleanup_fd_ int freezer_fd = open_with(ref, "freezer.state");
        if (freezer_fd >= 0)
            (void)freeze_v1(freezer_fd, false);
    }
    return 0;
}
