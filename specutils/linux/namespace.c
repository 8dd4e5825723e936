/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Namespaces: the table of their kinds, finding them in a spec, opening their files and moving
 * the calling thread in and back out. Starting programs inside is start.c's.
 */
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>

#include <specutils/namespace.h>

#include "base/base.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

static const struct su_ns_kind kinds[] = {
    {"cgroup", CLONE_NEWCGROUP, "cgroup"}, {"ipc", CLONE_NEWIPC, "ipc"},
    {"mount", CLONE_NEWNS, "mnt"},         {"network", CLONE_NEWNET, "net"},
    {"pid", CLONE_NEWPID, "pid"},          {"time", CLONE_NEWTIME, "time"},
    {"user", CLONE_NEWUSER, "user"},       {"uts", CLONE_NEWUTS, "uts"},
};

const struct su_ns_kind *su_ns_kinds(size_t *n)
{
    *n = SU_ARRAY_SIZE(kinds);
    return kinds;
}

const struct su_ns_kind *su_ns_kind_by_flag(int clone_flag)
{
    for (size_t i = 0; i < SU_ARRAY_SIZE(kinds); i++) {
        if (kinds[i].clone_flag == clone_flag)
            return &kinds[i];
    }
    return NULL;
}

const struct oci_linux_namespace *su_get_ns(int type, const struct oci_spec *spec)
{
    if (!spec || !spec->linux_)
        return NULL;
    for (size_t i = 0; i < spec->linux_->namespaces.n; i++) {
        if (spec->linux_->namespaces.v[i].type == type)
            return &spec->linux_->namespaces.v[i];
    }
    return NULL;
}

static int fail_ns(struct su_error *err, int errnum, const char *what,
                   const struct oci_linux_namespace *ns, const char *why)
{
    return su_fail_at(err, SU_ERR_NAMESPACE, errnum, "linux.namespaces",
                      "cannot %s %s namespace \"%s\": %s", what,
                      su_ns_kind_by_flag(ns->type)->oci_name, ns->path,
                      why ? why : strerrordesc_np(errnum));
}

/* Only a file of nsfs is asked for its type: elsewhere the ioctl's number may mean anything. */
static int check_ns_fd(int fd, const struct oci_linux_namespace *ns, struct su_error *err)
{
    struct statfs fs;

    if (fstatfs(fd, &fs) < 0)
        return fail_ns(err, errno, "open", ns, NULL);
    if (fs.f_type != NSFS_MAGIC)
        return fail_ns(err, EINVAL, "open", ns, "this is not the file of a namespace");
    int type = ioctl(fd, NS_GET_NSTYPE);
    if (type < 0)
        return fail_ns(err, EINVAL, "open", ns, "this is not the file of a namespace");
    if (type == ns->type)
        return 0;
    const struct su_ns_kind *found = su_ns_kind_by_flag(type);
    return su_fail_at(err, SU_ERR_NAMESPACE, EINVAL, "linux.namespaces",
                      "\"%s\" is a %s namespace, expected a %s namespace", ns->path,
                      found ? found->oci_name : "strange", su_ns_kind_by_flag(ns->type)->oci_name);
}

int su_open_ns(const struct oci_linux_namespace *ns, struct su_error *err)
{
    if (!su_ns_kind_by_flag(ns->type))
        return su_fail_at(err, SU_ERR_NAMESPACE, EINVAL, "linux.namespaces",
                          "type 0x%x is not a namespace", (unsigned)ns->type);
    if (!ns->path || !*ns->path)
        return su_fail_at(err, SU_ERR_NAMESPACE, EINVAL, "linux.namespaces",
                          "%s namespace without a path cannot be opened",
                          su_ns_kind_by_flag(ns->type)->oci_name);
    /* O_NONBLOCK: a FIFO must not hang the caller. O_NOCTTY: a terminal must not become ours. */
    _cleanup_fd_ int fd = open(ns->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return fail_ns(err, errno, "open", ns, NULL);
    int r = check_ns_fd(fd, ns, err);
    return r < 0 ? r : su_take_fd(&fd);
}

/*
 * The way home. "self" would be the main thread's namespaces. For pid, where children go is
 * what setns(2) changes, so that is what has to be kept.
 */
static int open_current_ns(const struct su_ns_kind *kind)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/thread-self/ns/%s",
             kind->clone_flag == CLONE_NEWPID ? "pid_for_children" : kind->proc_name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

static const char *why_not_entered(int errnum, int type)
{
    if (errnum == EINVAL && type == CLONE_NEWUSER)
        return "the kernel lets only processes without threads enter, and only other user "
               "namespaces than their own";
    if (errnum == EINVAL && type == CLONE_NEWNS)
        return "the kernel refuses while the file system information is shared with another "
               "thread";
    return NULL;
}

int su_apply_ns(const struct oci_linux_namespace *ns, struct su_ns_restore *restore,
                struct su_error *err)
{
    *restore = (struct su_ns_restore){.fd = -1, .nstype = ns->type};
    _cleanup_fd_ int fd = su_open_ns(ns, err);
    if (fd < 0)
        return fd;
    const struct su_ns_kind *kind = su_ns_kind_by_flag(ns->type);
    _cleanup_fd_ int home = open_current_ns(kind);
    if (home < 0)
        return su_fail_at(err, SU_ERR_NAMESPACE, -home, "linux.namespaces",
                          "cannot open the current %s namespace: %s", kind->oci_name,
                          strerrordesc_np(-home));
    if (setns(fd, ns->type) < 0)
        return fail_ns(err, errno, "enter", ns, why_not_entered(errno, ns->type));
    restore->fd = su_take_fd(&home);
    return 0;
}

int su_ns_restore(struct su_ns_restore *restore, struct su_error *err)
{
    _cleanup_fd_ int home = su_take_fd(&restore->fd);
    const struct su_ns_kind *kind = su_ns_kind_by_flag(restore->nstype);

    if (home < 0 || !kind)
        return su_fail(err, EBADF, "there is no namespace to go back to");
    if (setns(home, restore->nstype) < 0)
        return su_fail_at(err, SU_ERR_NAMESPACE, errno, "linux.namespaces",
                          "cannot go back to the former %s namespace: %s", kind->oci_name,
                          strerrordesc_np(errno));
    return 0;
}
