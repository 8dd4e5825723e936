/* SPDX-License-Identifier: Apache-2.0 */
/* Namespaces and id maps: looking them up in a spec, joining, starting programs inside. */
#ifndef SPECUTILS_NAMESPACE_H
#define SPECUTILS_NAMESPACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <specutils/error.h>
#include <specutils/oci.h>
#include <specutils/visibility.h>

SU_BEGIN_DECLS

/* A kind of namespace: its name in a spec, its CLONE_NEW* flag, its file in /proc/PID/ns. */
struct su_ns_kind {
    const char *oci_name;
    int clone_flag;
    const char *proc_name;
};

/* The table of all eight kinds, sorted by oci_name. */
SU_API const struct su_ns_kind *su_ns_kinds(size_t *n);
/* The entry of a CLONE_NEW* flag, or NULL. */
SU_API const struct su_ns_kind *su_ns_kind_by_flag(int clone_flag);

/* The first namespace of that type (a CLONE_NEW* flag) in the spec, or NULL. Seed: GetNS. */
SU_API const struct oci_linux_namespace *su_get_ns(int type, const struct oci_spec *spec);

/*
 * Opens the file of a namespace (read-only, close-on-exec) and checks that it is a namespace of
 * that type, with NS_GET_NSTYPE. Returns the fd, or -errno: -ENOENT, -EINVAL for another kind.
 */
SU_API int su_open_ns(const struct oci_linux_namespace *ns, struct su_error *err);

/* The way home of su_apply_ns(). */
struct su_ns_restore {
    int fd;
    int nstype;
};

/*
 * Moves the calling thread into the namespace at ns->path. In a mount namespace the thread's
 * root and working directory become the namespace's root, also after the way back; a user
 * namespace cannot be left again. Seed: ApplyNS.
 */
SU_API int su_apply_ns(const struct oci_linux_namespace *ns, struct su_ns_restore *restore,
                       struct su_error *err);
/* Goes back and closes; once. */
SU_API int su_ns_restore(struct su_ns_restore *restore, struct su_error *err);

struct su_id_map {
    uint32_t container_id, host_id, size;
};

/*
 * A program to start; counterpart of Go's exec.Cmd with SysProcAttr. argv NULL: the path alone;
 * envp NULL: the caller's environment; cwd NULL: the caller's. Nothing is looked up in PATH.
 */
struct su_cmd {
    const char *path;
    char *const *argv;
    char *const *envp;
    const char *cwd;
    int stdio[3];         /* the caller's fds that become 0, 1 and 2; negative: /dev/null */
    const int *extra_fds; /* land at 3, 4, ... */
    size_t n_extra_fds;
    bool keep_fds;        /* what else is open and not close-on-exec stays open, too */
    uint64_t clone_flags; /* CLONE_NEW* only */
    struct su_id_map *uid_maps, *gid_maps; /* malloc'd by su_set_uid_gid_mappings() */
    size_t n_uid_maps, n_gid_maps;
    bool allow_setgroups; /* false: "deny" is written before gid_map */
    bool set_cred;        /* uid and gid are to be set, and the other groups dropped */
    uid_t uid;
    gid_t gid;
    uint64_t ambient_caps;
    int pdeath_sig;
    bool setsid, setctty;
    int ctty_fd; /* the fd in the program; never taken from another session */
    pid_t pid;   /* out */
    int pidfd;   /* out, close-on-exec, the caller's to close */
};

/*
 * Starts cmd in all of nss, the caller staying where it is: entries with a path are joined in
 * list order (one that may be entered only from a user namespace further down waits for it),
 * then the others are made. Returns when the program runs; an exec that fails is an error here.
 * cmd->pid is a child of the caller; 0 on failure. -EINVAL: a user or pid namespace joined and
 * another made at once, or id maps without a new user namespace. Seed: StartInNS.
 */
SU_API int su_start_in_ns(struct su_cmd *cmd, const struct oci_linux_namespace *nss, size_t n,
                          struct su_error *err);
/* Appends the spec's id mappings to the command's. -ENOMEM. Seed: SetUIDGIDMappings. */
SU_API int su_set_uid_gid_mappings(struct su_cmd *cmd, const struct oci_spec *spec,
                                   struct su_error *err);

/*
 * Writes uid_map, setgroups ("deny" unless allow_setgroups) and gid_map of pid, in this order.
 * Where the kernel refuses because the caller lacks CAP_SETUID or CAP_SETGID over the ids, the
 * system's newuidmap(1) and newgidmap(1) are run instead. -EPERM with what to do about it.
 */
SU_API int su_write_id_maps(pid_t pid, const struct su_id_map *uid_maps, size_t n_uid_maps,
                            const struct su_id_map *gid_maps, size_t n_gid_maps,
                            bool allow_setgroups, struct su_error *err);

SU_END_DECLS

#endif
