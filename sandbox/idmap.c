/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Idmapped mounts. The kernel takes the maps as a user namespace, so one is made by a process
 * that does nothing but wait until it has been named by an fd.
 */
#include "idmap.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <base/base.h>

#include "mount_api.h"

#ifndef MOUNT_ATTR_IDMAP
#define MOUNT_ATTR_IDMAP 0x00100000
#endif

static pid_t start_holder(void)
{
    struct clone_args args = {.flags = CLONE_NEWUSER | CLONE_CLEAR_SIGHAND, .exit_signal = SIGCHLD};
    pid_t parent = getpid();
    long pid = syscall(SYS_clone3, &args, sizeof(args));

    if (pid != 0)
        return (pid_t)pid;
    /* It holds copies of all our fds, and with them the container's lock. */
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (getppid() != parent)
        _exit(1);
    for (;;)
        pause();
}

static int copy_maps(const struct oci_id_mapping *in, size_t n, struct su_id_map **out)
{
    *out = calloc(n ? n : 1, sizeof(**out));
    if (!*out)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++)
        (*out)[i] = (struct su_id_map){in[i].container_id, in[i].host_id, in[i].size};
    return 0;
}

static int open_user_ns(pid_t pid, const struct sb_mount_step *step, struct su_error *err)
{
    _cleanup_free_ struct su_id_map *uids = NULL, *gids = NULL;
    char path[sizeof("/proc/2147483647/ns/user")];

    if (copy_maps(step->uid_maps, step->n_uid_maps, &uids) < 0 ||
        copy_maps(step->gid_maps, step->n_gid_maps, &gids) < 0)
        return su_fail(err, ENOMEM, "out of memory");
    int ret = su_write_id_maps(pid, uids, step->n_uid_maps, gids, step->n_gid_maps, true, err);
    if (ret < 0)
        return ret;
    snprintf(path, sizeof(path), "/proc/%d/ns/user", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? su_fail(err, errno, "cannot open %s: %s", path, strerror(errno)) : fd;
}

int sb_idmap_source(const struct sb_mount_step *step, struct su_error *err)
{
    pid_t pid = start_holder();

    if (pid < 0)
        return su_fail_at(err, SU_ERR_NAMESPACE, errno, step->json_path,
                          "cannot make a user namespace for the id mappings: %s", strerror(errno));
    _cleanup_fd_ int ns_fd = open_user_ns(pid, step, err);
    kill(pid, SIGKILL);
    SU_RETRY_EINTR(waitpid(pid, NULL, 0));
    if (ns_fd < 0)
        return su_error_prefix(err, "%s", step->json_path);
    const struct mount_attr attr = {.attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (unsigned)ns_fd};
    int ret = sb_mount_setattr(step->src_fd, step->opts.ridmap ? AT_RECURSIVE : 0, &attr);
    if (ret < 0)
        return su_fail_at(err, SU_ERR_IO, -ret, step->json_path,
                          "cannot apply id mappings to \"%s\": %s (%s)", step->source,
                          strerror(-ret),
                          ret == -ENOSYS ? "they take Linux 5.12 or newer"
                                         : "does its file system support idmapped mounts?");
    return 0;
}
