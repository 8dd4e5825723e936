/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state folder's files: writing, reading, locking, removing. Whether a container runs is
 * never read from them; the kernel is asked.
 */
#include "state.h"

#include <fcntl.h>
#include <specutils/log.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include <base/base.h>

static const char state_file[] = "state.json", state_new[] = "state.json.new";
static const char config_file[] = "config.json", pid_file[] = "pid", start_socket[] = "start";

enum { STATE_MAX_BYTES = 4 << 20, PID_MAX_BYTES = 64, STAT_MAX_BYTES = 1024 };

#define FIELD(json, knd, member)                                                    \
    {                                                                               \
        .name = (json), .kind = (knd), .offset = offsetof(struct sb_state, member), \
        .flags = SU_F_RUNTIME                                                       \
    }
static const struct su_field state_fields[] = {
    FIELD("id", SU_K_STRING, id),
    FIELD("ociVersion", SU_K_STRING, oci_version),
    FIELD("bundle", SU_K_STRING, bundle),
    FIELD("rootfs", SU_K_STRING, rootfs),
    FIELD("created", SU_K_STRING, created),
    FIELD("owner", SU_K_UINT32, owner),
    FIELD("annotations", SU_K_STRING_MAP, annotations),
    {.name = "cgroup",
     .kind = SU_K_OBJECT,
     .offset = offsetof(struct sb_state, cgroup),
     .type = &sb_type_cgroup_ref,
     .flags = SU_F_RUNTIME},
    FIELD("sandbox", SU_K_STRING, sandbox_id),
    FIELD("isSandbox", SU_K_BOOL, is_sandbox),
    FIELD("poststart", SU_K_BOOL, has_poststart),
    FIELD("poststop", SU_K_BOOL, has_poststop),
};
#undef FIELD
static const struct su_type state_type = {"sb_state", sizeof(struct sb_state), state_fields,
                                          SU_ARRAY_SIZE(state_fields)};

/* --- folders -------------------------------------------------------------------------------------
 */

static int make_parents(const char *path)
{
    _cleanup_free_ char *copy = strdup(path);

    if (!copy)
        return -ENOMEM;
    for (char *slash = copy; (slash = strchr(slash + 1, '/'));) {
        *slash = '\0';
        if (mkdir(copy, 0711) < 0 && errno != EEXIST)
            return -errno;
        *slash = '/';
    }
    return mkdir(copy, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

int sb_state_open_root(const char *root, bool create, struct su_error *err)
{
    const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
    int fd = open(root, flags);

    if (fd < 0 && errno == ENOENT && create) {
        int ret = make_parents(root);
        if (ret < 0)
            return su_fail(err, -ret,
                           "cannot make the state root \"%s\": %s (choose another "
                           "with --root)",
                           root, strerror(-ret));
        fd = open(root, flags);
    }
    if (fd < 0)
        return su_fail(err, errno, "cannot open the state root \"%s\": %s", root, strerror(errno));
    return fd;
}

/* While a command waited for the lock, the folder may have been removed, and the id been given to
 * a new one. */
static bool is_folder_of(int root_fd, const char *id, int dir_fd)
{
    struct stat named, held;

    return fstatat(root_fd, id, &named, AT_SYMLINK_NOFOLLOW) == 0 && fstat(dir_fd, &held) == 0 &&
           named.st_dev == held.st_dev && named.st_ino == held.st_ino;
}

int sb_state_make_dir(int root_fd, const char *id, struct su_error *err)
{
    if (mkdirat(root_fd, id, 0700) < 0) {
        if (errno == EEXIST)
            return su_fail(err, EEXIST, "container \"%s\" already exists", id);
        return su_fail(err, errno, "cannot make the state folder of container \"%s\": %s", id,
                       strerror(errno));
    }
    _cleanup_fd_ int fd = sb_state_lock_dir(root_fd, id, err);
    /* Somebody may have deleted the folder before it was locked, and made one of his own. */
    if (fd == -ENOENT)
        return su_fail(err, EBUSY, "container \"%s\" was deleted while it was being created", id);
    if (fd >= 0 && faccessat(fd, state_file, F_OK, 0) == 0)
        return su_fail(err, EEXIST, "container \"%s\" already exists", id);
    return su_take_fd(&fd);
}

int sb_state_open_dir(int root_fd, const char *id, struct su_error *err)
{
    int fd = openat(root_fd, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd >= 0)
        return fd;
    if (errno == ENOENT || errno == ENOTDIR)
        return su_fail(err, ENOENT, "container \"%s\" does not exist", id);
    return su_fail(err, errno, "cannot open the state folder of container \"%s\": %s", id,
                   strerror(errno));
}

int sb_state_lock_dir(int root_fd, const char *id, struct su_error *err)
{
    for (;;) {
        _cleanup_fd_ int fd = sb_state_open_dir(root_fd, id, err);
        if (fd < 0)
            return fd;
        if (SU_RETRY_EINTR(flock(fd, LOCK_EX)) < 0)
            return su_fail(err, errno, "cannot lock container \"%s\": %s", id, strerror(errno));
        if (is_folder_of(root_fd, id, fd))
            return su_take_fd(&fd);
    }
}

void sb_state_remove_dir(int root_fd, const char *id)
{
    /* The first three are always there; the others only at times. */
    static const char *const names[] = {pid_file, config_file, state_file, start_socket, state_new};
    _cleanup_fd_ int fd = openat(root_fd, id, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return;
    for (size_t i = 0; i < 3; i++)
        unlinkat(fd, names[i], 0);
    if (unlinkat(root_fd, id, AT_REMOVEDIR) == 0 || errno == ENOENT)
        return;
    for (size_t i = 3; i < SU_ARRAY_SIZE(names); i++)
        unlinkat(fd, names[i], 0);
    if (unlinkat(root_fd, id, AT_REMOVEDIR) < 0)
        su_warn("cannot remove the state folder of container \"%s\": %s", id, strerror(errno));
}

/* --- files ---------------------------------------------------------------------------------------
 */

static int write_whole(int dir_fd, const char *name, const char *text, size_t len)
{
    _cleanup_fd_ int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    return fd < 0 ? -errno : su_write_all(fd, text, len);
}

int sb_state_write(int dir_fd, const struct sb_state *state, struct su_error *err)
{
    _cleanup_free_ char *text = NULL;
    size_t len;
    int ret = su_json_encode(&state_type, state, 0, 0, &text, &len, err);

    if (ret < 0)
        return ret;
    ret = write_whole(dir_fd, state_new, text, len);
    if (ret == 0 && renameat(dir_fd, state_new, dir_fd, state_file) < 0)
        ret = -errno;
    return ret < 0 ? su_fail(err, -ret, "cannot write the state of container \"%s\": %s", state->id,
                             strerror(-ret))
                   : 0;
}

int sb_state_read(int dir_fd, const char *id, struct su_arena *arena, struct sb_state *state,
                  struct su_error *err)
{
    _cleanup_free_ char *text = NULL;
    size_t len;
    int ret = su_read_file_at(dir_fd, state_file, STATE_MAX_BYTES, &text, &len);

    *state = (struct sb_state){0};
    if (ret < 0)
        return su_fail(err, -ret, "cannot read the state of container \"%s\": %s", id,
                       strerror(-ret));
    ret = su_json_decode(&state_type, text, len, arena, state, err);
    if (ret < 0)
        return su_error_prefix(err, "state of container \"%s\"", id);
    if (!state->id || !state->bundle || !su_streq(state->id, id))
        return su_fail(err, EINVAL, "state of container \"%s\" is damaged", id);
    return 0;
}

int sb_state_write_config(int dir_fd, const struct su_spec *spec, struct su_error *err)
{
    int ret = write_whole(dir_fd, config_file, spec->text, spec->text_len);

    return ret < 0 ? su_fail(err, -ret, "cannot keep a copy of config.json: %s", strerror(-ret))
                   : 0;
}

int sb_state_read_config(int dir_fd, const char *bundle, struct su_spec *spec, struct su_error *err)
{
    _cleanup_fd_ int fd = openat(dir_fd, config_file, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return su_fail(err, errno, "cannot open the container's copy of config.json: %s",
                       strerror(errno));
    return su_read_spec_from_file(bundle, fd, NULL, spec, err);
}

/* --- init ----------------------------------------------------------------------------------------
 */

/* What is of use in proc(5)'s stat. */
struct proc_stat {
    char state;                 /* field 3 */
    unsigned long long start;   /* 22: clock ticks since boot */
    unsigned long long ignored; /* 33: signals, one bit each */
};

/* The name comes first but for the pid, is the process's own choice and may hold anything, so the
 * fields are counted from the last ")". */
static int read_stat(pid_t pid, struct proc_stat *st)
{
    char path[sizeof("/proc/2147483647/stat")];
    char text[STAT_MAX_BYTES];

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    int ret = su_read_small_at(AT_FDCWD, path, text, sizeof(text));
    if (ret < 0)
        return ret;
    const char *p = strrchr(text, ')');
    if (!p || p[1] != ' ')
        return -EPROTO;
    *st = (struct proc_stat){.state = p[2]};
    p += 2;
    for (int field = 3; field < 33 && p; field++) {
        p = strchr(p + 1, ' ');
        if (p && field + 1 == 22)
            st->start = strtoull(p, NULL, 10);
    }
    if (!p)
        return -EPROTO;
    st->ignored = strtoull(p, NULL, 10);
    return 0;
}

int sb_state_write_pid(int dir_fd, struct sb_proc *proc, struct su_error *err)
{
    char text[PID_MAX_BYTES];
    struct proc_stat st;
    int ret = read_stat(proc->pid, &st);

    if (ret == 0) {
        int len = snprintf(text, sizeof(text), "%d %llu", (int)proc->pid, st.start);
        ret = write_whole(dir_fd, pid_file, text, (size_t)len);
    }
    if (ret < 0)
        return su_fail(err, -ret, "cannot note the pid of the container's init: %s",
                       strerror(-ret));
    proc->ignored = (uint32_t)st.ignored;
    return 0;
}

int sb_state_find_init(int dir_fd, struct sb_proc *proc)
{
    char text[PID_MAX_BYTES];
    unsigned long long noted;
    struct proc_stat st;
    int ret = su_read_small_at(dir_fd, pid_file, text, sizeof(text));

    *proc = (struct sb_proc){.pidfd = -1};
    if (ret < 0)
        return ret;
    if (sscanf(text, "%d %llu", &proc->pid, &noted) != 2 || proc->pid <= 0)
        return -ESRCH;
    /* First the handle, then the check: what is checked is what is held. */
    _cleanup_fd_ int fd = (int)syscall(SYS_pidfd_open, proc->pid, 0);
    if (fd < 0)
        return errno == EINVAL ? -ESRCH : -errno;
    ret = read_stat(proc->pid, &st);
    if (ret < 0 || st.start != noted || st.state == 'Z' || st.state == 'X')
        return -ESRCH;
    proc->ignored = (uint32_t)st.ignored;
    proc->pidfd = su_take_fd(&fd);
    return 0;
}

bool sb_state_is_waiting(int dir_fd)
{
    return faccessat(dir_fd, start_socket, F_OK, 0) == 0;
}

void sb_state_end_waiting(int dir_fd)
{
    unlinkat(dir_fd, start_socket, 0);
}

void sb_state_unlock(int dir_fd)
{
    flock(dir_fd, LOCK_UN);
}

bool sb_state_relock(int root_fd, const char *id, int dir_fd)
{
    return SU_RETRY_EINTR(flock(dir_fd, LOCK_EX)) == 0 && is_folder_of(root_fd, id, dir_fd);
}

bool sb_state_is_locked(int dir_fd)
{
    if (flock(dir_fd, LOCK_SH | LOCK_NB) < 0)
        return true;
    flock(dir_fd, LOCK_UN);
    return false;
}

/* --- sockets -------------------------------------------------------------------------------------
 */

/* An address below a folder's fd, however long its path is. */
static socklen_t start_address(int dir_fd, struct sockaddr_un *addr)
{
    *addr = (struct sockaddr_un){.sun_family = AF_UNIX};
    snprintf(addr->sun_path, sizeof(addr->sun_path), "/proc/self/fd/%d/%s", dir_fd, start_socket);
    return sizeof(*addr);
}

int sb_state_listen(int dir_fd, struct su_error *err)
{
    struct sockaddr_un addr;
    socklen_t len = start_address(dir_fd, &addr);
    _cleanup_fd_ int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (const struct sockaddr *)&addr, len) < 0 || listen(fd, 1) < 0)
        return su_fail(err, errno, "cannot make the start socket: %s", strerror(errno));
    return su_take_fd(&fd);
}

int sb_state_connect(int dir_fd)
{
    struct sockaddr_un addr;
    socklen_t len = start_address(dir_fd, &addr);
    _cleanup_fd_ int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    if (fd < 0 || SU_RETRY_EINTR(connect(fd, (const struct sockaddr *)&addr, len)) < 0)
        return -errno;
    return su_take_fd(&fd);
}

int sb_connect_path(const char *path)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    _cleanup_fd_ int at = open(path, O_PATH | O_CLOEXEC);

    if (at < 0)
        return -errno;
    snprintf(addr.sun_path, sizeof(addr.sun_path), "/proc/self/fd/%d", at);
    _cleanup_fd_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || SU_RETRY_EINTR(connect(fd, (const struct sockaddr *)&addr, sizeof(addr))) < 0)
        return -errno;
    return su_take_fd(&fd);
}
