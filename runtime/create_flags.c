/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the options of create or run to a spec and the sandbox's options: finds the bundle, reads
 * config.json once, and becomes root of a user namespace if that is needed. Makes nothing.
 */
#include "create_flags.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <specutils/process.h>

#include "base/base.h"

enum { LISTEN_FDS_MAX = 1024 };

#define VALUE(member) offsetof(struct create_flags, member)

/* clang-format off */
static const struct flag flags[] = {
    {"bundle", 'b', FLAG_STRING, VALUE(bundle), NULL, FLAG_ALL, "DIR", "folder with config.json (default: the working directory)"},
    {"config", 'f', FLAG_STRING, VALUE(config), NULL, FLAG_CRUN, "FILE", "read FILE instead of the bundle's config.json"},
    {"console-socket", 0, FLAG_STRING, VALUE(console_socket), NULL, FLAG_ALL, "SOCKET", "send the terminal's file descriptor there"},
    {"pid-file", 0, FLAG_STRING, VALUE(pid_file), NULL, FLAG_ALL, "FILE", "write the process id to FILE"},
    {"preserve-fds", 0, FLAG_INT, VALUE(preserve_fds), NULL, FLAG_RUNC | FLAG_CRUN, "N", "pass N more file descriptors, from 3 on"},
    {"no-pivot", 0, FLAG_BOOL, VALUE(no_pivot), NULL, FLAG_RUNC | FLAG_CRUN, NULL, "use chroot instead of pivot_root: for a root file system on a ramdisk"},
    {"no-new-keyring", 0, FLAG_BOOL, VALUE(no_new_keyring), NULL, FLAG_RUNC | FLAG_CRUN, NULL, "keep the caller's session keyring"},
    {"pidfd-socket", 0, FLAG_STRING, VALUE(pidfd_socket), NULL, FLAG_RUNC, NULL, NULL},
    {"no-subreaper", 0, FLAG_IDLE, 0, NULL, FLAG_RUNC | FLAG_CRUN, NULL, NULL},
    {"user-log", 0, FLAG_IDLE_VALUE, 0, NULL, FLAG_RUNSC, NULL, NULL},
    {"fs-restore-image-path", 0, FLAG_IDLE_VALUE, 0, NULL, FLAG_RUNSC, NULL, NULL},
    {"fs-restore-direct", 0, FLAG_IDLE, 0, NULL, FLAG_RUNSC, NULL, NULL},
};
/* clang-format on */

const struct flag_set create_flag_set = {.flags = flags, .n_flags = SU_ARRAY_SIZE(flags)};

/* The bundle as an absolute path, in arena. */
static char *find_bundle(struct su_arena *arena, const char *bundle, struct su_error *err)
{
    if (bundle && bundle[0] == '/') {
        size_t len = strlen(bundle);
        while (len > 1 && bundle[len - 1] == '/')
            len--;
        char *copy = su_arena_strndup(arena, bundle, len);
        if (!copy)
            su_fail(err, ENOMEM, "out of memory");
        return copy;
    }
    /* Links are followed now: the path must stay right when the caller's folder changes. */
    _cleanup_free_ char *real = bundle ? realpath(bundle, NULL) : getcwd(NULL, 0);
    if (!real) {
        su_fail(err, errno, "bundle \"%s\": cannot find it: %s", bundle ? bundle : ".",
                strerrordesc_np(errno));
        return NULL;
    }
    char *copy = su_arena_strdup(arena, real);
    if (!copy)
        su_fail(err, ENOMEM, "out of memory");
    return copy;
}

/* Opens the file of --config, relative to the bundle, for su_read_spec_from_file(). */
static int open_config(const char *bundle, const char *config, struct su_error *err)
{
    struct stat st;
    _cleanup_fd_ int dir_fd = open(bundle, O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (dir_fd < 0)
        return su_fail(err, errno, "bundle \"%s\": cannot open it: %s", bundle,
                       strerrordesc_np(errno));
    /* O_NONBLOCK: a FIFO without a writer would hang the caller. */
    _cleanup_fd_ int fd = openat(dir_fd, config, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 || fstat(fd, &st) < 0)
        return su_fail(err, errno, "bundle \"%s\": cannot open %s: %s", bundle, config,
                       strerrordesc_np(errno));
    if (!S_ISREG(st.st_mode))
        return su_fail(err, EINVAL, "bundle \"%s\": %s is not a regular file", bundle, config);
    return su_take_fd(&fd);
}

static int read_spec(const char *bundle, const char *config, struct su_config *conf,
                     struct su_spec *spec, struct su_error *err)
{
    if (!config)
        return su_read_spec(bundle, conf, spec, err);
    _cleanup_fd_ int fd = open_config(bundle, config, err);
    if (fd < 0)
        return fd;
    int rc = su_read_spec_from_file(bundle, fd, conf, spec, err);
    if (rc < 0 && err->kind == SU_ERR_JSON)
        su_error_prefix(err, "bundle \"%s\": %s", bundle, config);
    return rc;
}

/*
 * The program's words with the state root that was found put before them: as root of a user
 * namespace the program would come to another default. A --root of the caller comes later and
 * so wins.
 */
static char *const *argv_with_root(const struct cmd_ctx *ctx)
{
    size_t n = 0;
    while (ctx->argv[n])
        n++;
    char **argv = su_arena_array(ctx->arena, n + 3, sizeof(*argv));
    if (!argv)
        return NULL;
    argv[0] = ctx->argv[0];
    argv[1] = su_arena_strdup(ctx->arena, "--root");
    argv[2] = ctx->globals->conf.root;
    memcpy(argv + 3, ctx->argv + 1, (n - 1) * sizeof(*argv));
    return argv[1] ? argv : NULL;
}

/* Runs the program again as root of a user namespace, with the spec's id maps if it has some. */
static int become_root(const struct cmd_ctx *ctx, const struct oci_spec *spec, int *exit_status,
                       struct su_error *err)
{
    struct su_cmd maps = {0};
    const struct oci_linux_namespace *ns = su_get_ns(CLONE_NEWUSER, spec);
    bool is_new = ns && !(ns->path && *ns->path);

    char *const *argv = argv_with_root(ctx);
    if (!argv)
        return su_fail(err, ENOMEM, "out of memory");
    int rc = is_new ? su_set_uid_gid_mappings(&maps, spec, err) : 0;
    if (rc == 0)
        rc = su_maybe_run_as_root_mapped(argv, maps.uid_maps, maps.n_uid_maps, maps.gid_maps,
                                         maps.n_gid_maps, exit_status, err);
    free(maps.uid_maps);
    free(maps.gid_maps);
    return rc;
}

static int check_flags(const struct create_flags *f, const struct su_config *conf,
                       struct su_error *err)
{
    if (conf->systemd_cgroup)
        return su_fail_at(err, SU_ERR_FLAG, ENOTSUP, NULL,
                          "cgroups made by systemd are not built into this runlet: leave "
                          "--systemd-cgroup out and set the engine's cgroup driver to cgroupfs");
    /* A caller that waits at the socket would wait for ever. */
    if (f->pidfd_socket)
        return su_fail_at(err, SU_ERR_FLAG, ENOTSUP, NULL,
                          "option --pidfd-socket is not supported: use --pid-file");
    return 0;
}

/* How many sockets systemd's protocol hands to this very process, from fd 3 on. They come before
 * those of --preserve-fds. */
static unsigned listen_fds(void)
{
    const char *pid = getenv("LISTEN_PID"), *n = getenv("LISTEN_FDS");
    char own[sizeof("-2147483648")], *end;

    snprintf(own, sizeof(own), "%d", (int)getpid());
    if (!pid || !n || !su_streq(pid, own) || *n < '0' || *n > '9')
        return 0;
    unsigned long count = strtoul(n, &end, 10);
    return *end || count > LISTEN_FDS_MAX ? 0 : (unsigned)count;
}

int create_prepare(const struct cmd_ctx *ctx, const char *id, struct sb_create_opts *opts,
                   struct su_spec *spec, bool *done, struct su_error *err)
{
    const struct create_flags *f = ctx->flags;
    struct su_config conf = ctx->globals->conf;

    *done = false;
    int rc = sb_check_id(id, err);
    if (rc < 0)
        return rc;
    const char *bundle = find_bundle(ctx->arena, f->bundle, err);
    if (!bundle)
        return -err->errnum;
    /* Annotations may change conf, so it is looked at only afterwards. */
    rc = read_spec(bundle, f->config, &conf, spec, err);
    if (rc == 0)
        rc = check_flags(f, &conf, err);
    if (rc < 0)
        return rc;
    su_log_spec_debug(&spec->oci, false);

    if (ctx->globals->rootless != ROOTLESS_NEVER) {
        int status = 0;
        rc = become_root(ctx, &spec->oci, &status, err);
        if (rc != 0) {
            *done = rc > 0;
            if (*done)
                logger_forget(ctx->logger);
            return *done ? status : rc;
        }
    }
    unsigned listen = listen_fds();
    *opts = (struct sb_create_opts){
        .root = ctx->globals->conf.root,
        .id = id,
        .bundle = bundle,
        .pid_file = f->pid_file,
        .console_socket = f->console_socket,
        .preserve_fds = (unsigned)f->preserve_fds + listen,
        .listen_fds = listen,
        .no_pivot = f->no_pivot,
        .no_new_keyring = f->no_new_keyring,
        .systemd_cgroup = conf.systemd_cgroup,
        .ignore_cgroups = conf.ignore_cgroups,
        .detach = f->detach,
        .keep = f->keep,
        .flavor = conf.flavor,
    };
    return 0;
}
