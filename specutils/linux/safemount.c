/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mount(2) onto a target that must be what its name says. The target is resolved once, to an
 * fd, without following a single link; the mount goes to that fd. Missing parts are made below
 * the fds of their parents, never through a link. The source is the caller's business.
 */
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <specutils/mount.h>
#include <specutils/process.h>

#include "base/base.h"

/* The target of a link, malloc'd, or NULL with errno. */
static char *read_link(const char *path)
{
    for (size_t size = 256;; size *= 2) {
        _cleanup_free_ char *text = malloc(size);
        ssize_t n = text ? readlink(path, text, size) : -1;
        if (n < 0)
            return NULL;
        if ((size_t)n < size) {
            text[n] = '\0';
            return su_take_ptr(&text);
        }
    }
}

/* The path of what an fd is open on, malloc'd, or NULL with errno. */
static char *path_of_fd(const char *proc_path, int fd)
{
    _cleanup_free_ char *link = NULL;

    if (asprintf(&link, "%s/self/fd/%d", proc_path, fd) < 0) {
        link = NULL;
        errno = ENOMEM;
        return NULL;
    }
    return read_link(link);
}

/* Absolute, without empty parts, ".", ".." and a slash at the end. */
static bool is_clean(const char *path)
{
    if (path[0] != '/')
        return false;
    if (path[1] == '\0')
        return true;
    for (const char *part = path; *part;) {
        part++;
        size_t len = strcspn(part, "/");
        if (len == 0 || (len == 1 && part[0] == '.') ||
            (len == 2 && part[0] == '.' && part[1] == '.'))
            return false;
        part += len;
    }
    return true;
}

static int fail_symlink(struct su_error *err, const char *dst, const char *found)
{
    struct stat st;
    bool is_link = lstat(dst, &st) == 0 && S_ISLNK(st.st_mode);
    _cleanup_free_ char *leads_to = NULL;

    if (!found) {
        _cleanup_fd_ int fd = open(dst, O_PATH | O_CLOEXEC);
        leads_to = fd < 0 ? NULL : path_of_fd("/proc", fd);
        found = leads_to;
    }
    su_fail_at(err, SU_ERR_SYMLINK_MOUNT, ELOOP, NULL, "mount target \"%s\": %s%s%s%s", dst,
               is_link ? "is a symlink" : "leads through a symlink", found ? " to \"" : "",
               found ? found : "", found ? "\"" : "");
    if (err) {
        err->expected = strdup(dst);
        err->found = strdup(found ? found : "");
    }
    return -ELOOP;
}

static int fail_unclean(struct su_error *err, const char *dst)
{
    _cleanup_fd_ int fd = open(dst, O_PATH | O_CLOEXEC);
    _cleanup_free_ char *found = fd < 0 ? NULL : path_of_fd("/proc", fd);

    su_fail_at(err, SU_ERR_SYMLINK_MOUNT, EINVAL, NULL,
               "mount target \"%s\": is not a clean absolute path", dst);
    if (err) {
        err->expected = strdup(dst);
        err->found = strdup(found ? found : "");
    }
    return -EINVAL;
}

/*
 * Opens the target without following links. A kernel (before 5.6) or a seccomp filter that does
 * not know openat2 leaves it to the comparison in mount_on() to notice links.
 */
static int open_target(const char *dst)
{
    struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_NO_SYMLINKS};
    int fd = (int)syscall(SYS_openat2, AT_FDCWD, dst, &how, sizeof(how));

    if (fd < 0 && (errno == ENOSYS || errno == EPERM))
        fd = open(dst, O_PATH | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

static int fail_open(struct su_error *err, const char *dst, int errnum)
{
    if (errnum == ELOOP)
        return fail_symlink(err, dst, NULL);
    return su_fail(err, errnum, "cannot open mount target \"%s\": %s", dst,
                   strerrordesc_np(errnum));
}

static const char *none_if_empty(const char *text)
{
    return text && *text ? text : NULL;
}

/* Mounts on what the fd is open on, if that still has the name dst. */
static int mount_on(const struct su_mount_req *req, int fd, const char *data, struct su_error *err)
{
    const char *proc_path = none_if_empty(req->proc_path) ? req->proc_path : "/proc";
    _cleanup_free_ char *found = path_of_fd(proc_path, fd);
    _cleanup_free_ char *target = NULL;

    if (!found)
        return su_fail(err, errno, "cannot check mount target \"%s\" in %s: %s", req->dst,
                       proc_path, strerrordesc_np(errno));
    if (!su_streq(found, req->dst))
        return fail_symlink(err, req->dst, found);
    if (asprintf(&target, "%s/self/fd/%d", proc_path, fd) < 0) {
        target = NULL;
        return su_fail(err, ENOMEM, "out of memory");
    }
    const char *src = none_if_empty(req->src), *fstype = none_if_empty(req->fstype);
    if (mount(src, target, fstype, req->flags, none_if_empty(data)) == 0)
        return 0;
    int error = errno;
    return su_fail(err, error, "cannot mount \"%s\" on \"%s\" (type %s, flags 0x%lx): %s",
                   src ? src : "", req->dst, fstype ? fstype : "none", req->flags,
                   strerrordesc_np(error));
}

int su_safe_mount(const struct su_mount_req *req, struct su_error *err)
{
    if (!is_clean(req->dst))
        return fail_unclean(err, req->dst);
    _cleanup_fd_ int fd = open_target(req->dst);
    return fd < 0 ? fail_open(err, req->dst, -fd) : mount_on(req, fd, req->data, err);
}

/* Opens name in folder, whatever it is; -ELOOP if it is a link, and -errno if its kind is not
 * the one that is wanted. */
static int open_part(int folder, const char *name, bool want_dir)
{
    _cleanup_fd_ int fd = openat(folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        return -errno;
    if (S_ISLNK(st.st_mode))
        return -ELOOP;
    if (S_ISDIR(st.st_mode) != want_dir)
        return want_dir ? -ENOTDIR : -EISDIR;
    return su_take_fd(&fd);
}

/* Opens name in folder, made if it is not there. */
static int make_part(int folder, const char *name, bool want_dir)
{
    int fd = open_part(folder, name, want_dir);

    if (fd != -ENOENT)
        return fd;
    if (want_dir) {
        if (mkdirat(folder, name, 0777) < 0 && errno != EEXIST)
            return -errno;
    } else {
        /* O_EXCL follows no link, and never touches what is there. */
        _cleanup_fd_ int made =
            openat(folder, name, O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0777);
        if (made < 0 && errno != EEXIST)
            return -errno;
    }
    return open_part(folder, name, want_dir);
}

/* Opens the target, with all parts made that are missing. */
static int make_target(const char *dst, bool want_dir, struct su_error *err)
{
    _cleanup_fd_ int fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    _cleanup_free_ char *path = strdup(dst + 1);

    if (!path)
        return su_fail(err, ENOMEM, "out of memory");
    char *rest = path;
    while (fd >= 0 && rest && *rest) {
        char *name = strsep(&rest, "/");
        int next = make_part(fd, name, rest || want_dir);
        if (next < 0 && next != -ELOOP)
            return su_fail(err, -next, "cannot make mount target \"%s\": \"%s\": %s", dst, name,
                           strerrordesc_np(-next));
        if (next < 0)
            return fail_symlink(err, dst, NULL);
        close(fd);
        fd = next;
    }
    return fd < 0 ? fail_open(err, dst, errno) : su_take_fd(&fd);
}

/* Whether the mount point has to be a folder: always, but for a bind mount of something else. */
static int wants_dir(const struct su_mount_req *req, bool *want_dir, struct su_error *err)
{
    const char *fstype = none_if_empty(req->fstype);
    struct stat st;

    *want_dir = true;
    bool is_bind = (req->flags & MS_BIND) || !fstype || su_streq(fstype, "bind");
    if (!is_bind || (fstype && su_streq(fstype, "proc")))
        return 0;
    const char *src = req->src ? req->src : "";
    if (stat(src, &st) < 0)
        return su_fail(err, errno, "mount source \"%s\": %s", src, strerrordesc_np(errno));
    *want_dir = S_ISDIR(st.st_mode);
    return 0;
}

int su_safe_setup_and_mount(const struct su_mount_req *req, struct su_error *err)
{
    bool want_dir;

    if (!is_clean(req->dst))
        return fail_unclean(err, req->dst);
    int r = wants_dir(req, &want_dir, err);
    if (r < 0)
        return r;
    _cleanup_fd_ int fd = make_target(req->dst, want_dir, err);
    return fd < 0 ? fd : mount_on(req, fd, NULL, err);
}
