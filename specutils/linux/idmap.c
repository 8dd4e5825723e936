/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Id maps of user namespaces: taken over from a spec, read of this process, written for a new
 * one, by the kernel's files or, where those refuse, by the system's privileged helpers. No
 * helper is looked up in PATH, and none sees the caller's environment.
 */
#include <fcntl.h>
#include <sys/wait.h>

#include <specutils/log.h>
#include <specutils/namespace.h>
#include <specutils/process.h>

#include "base/base.h"

enum { MAP_FILE_MAX_BYTES = 64 << 10, HELPER_OUTPUT_MAX_BYTES = 4 << 10 };

/* One of the two maps of a process. */
struct map_kind {
    const char *file, *helper, *what, *database;
};

static const struct map_kind uid_kind = {"uid_map", "newuidmap", "user", "/etc/subuid"};
static const struct map_kind gid_kind = {"gid_map", "newgidmap", "group", "/etc/subgid"};

static int append_maps(struct su_id_map **maps, size_t *n, const struct oci_id_mapping *from,
                       size_t n_from, const char *what)
{
    if (n_from == 0)
        return 0;
    struct su_id_map *grown = reallocarray(*maps, *n + n_from, sizeof(*grown));
    if (!grown)
        return -ENOMEM;
    *maps = grown;
    for (size_t i = 0; i < n_from; i++) {
        grown[(*n)++] = (struct su_id_map){from[i].container_id, from[i].host_id, from[i].size};
        su_debug("%s ids from %u (host %u), %u of them", what, from[i].container_id,
                 from[i].host_id, from[i].size);
    }
    return 0;
}

int su_set_uid_gid_mappings(struct su_cmd *cmd, const struct oci_spec *spec, struct su_error *err)
{
    const struct oci_linux *os = spec ? spec->linux_ : NULL;

    if (os && (append_maps(&cmd->uid_maps, &cmd->n_uid_maps, os->uid_mappings.v, os->uid_mappings.n,
                           uid_kind.what) < 0 ||
               append_maps(&cmd->gid_maps, &cmd->n_gid_maps, os->gid_mappings.v, os->gid_mappings.n,
                           gid_kind.what) < 0))
        return su_fail(err, ENOMEM, "out of memory");
    return 0;
}

/* A whole map has to reach the kernel in one write(2). */
static int write_map_file(pid_t pid, const struct map_kind *kind, const struct su_id_map *maps,
                          size_t n)
{
    _cleanup_(su_strbuf_free) struct su_strbuf text = {0};
    char path[64];

    for (size_t i = 0; i < n; i++)
        su_strbuf_printf(&text, "%u %u %u\n", maps[i].container_id, maps[i].host_id, maps[i].size);
    if (text.failed)
        return -ENOMEM;
    snprintf(path, sizeof(path), "/proc/%d/%s", pid, kind->file);
    return su_write_file_at(AT_FDCWD, path, text.text);
}

/* Starts the helper at path, waits, and hands over what it said. 0, -errno of the start, or the
 * positive exit status. */
static int run_helper(const char *path, char *const *argv, char **said, struct su_error *err)
{
    static char *const no_env[] = {NULL};
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0)
        return su_fail(err, errno, "cannot make a pipe: %s", strerrordesc_np(errno));
    _cleanup_fd_ int reading = ends[0];
    _cleanup_fd_ int writing = ends[1];
    struct su_cmd cmd = {
        .path = path, .argv = argv, .envp = no_env, .cwd = "/", .stdio = {-1, writing, writing}};
    int r = su_start_in_ns(&cmd, NULL, 0, err);
    if (r < 0)
        return r;
    close(su_take_fd(&writing));
    close(cmd.pidfd);
    if (su_read_all(reading, HELPER_OUTPUT_MAX_BYTES, said, NULL) < 0)
        *said = NULL;
    int status;
    if (SU_RETRY_EINTR(waitpid(cmd.pid, &status, 0)) < 0)
        return su_fail(err, errno, "cannot wait for %s: %s", path, strerrordesc_np(errno));
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* argv for a helper: its name, the pid, and each map as three numbers. */
static char **helper_argv(struct su_arena *arena, pid_t pid, const struct map_kind *kind,
                          const struct su_id_map *maps, size_t n)
{
    char **argv = n > SIZE_MAX / 4 ? NULL : su_arena_array(arena, 3 * n + 3, sizeof(*argv));

    if (!argv)
        return NULL;
    argv[0] = su_arena_strdup(arena, kind->helper);
    argv[1] = su_arena_printf(arena, "%d", pid);
    for (size_t i = 0; i < n; i++) {
        argv[2 + 3 * i] = su_arena_printf(arena, "%u", maps[i].container_id);
        argv[3 + 3 * i] = su_arena_printf(arena, "%u", maps[i].host_id);
        argv[4 + 3 * i] = su_arena_printf(arena, "%u", maps[i].size);
    }
    for (size_t i = 0; i < 3 * n + 2; i++) {
        if (!argv[i])
            return NULL;
    }
    return argv;
}

static int helper_failed(const struct map_kind *kind, char *said, struct su_error *err)
{
    size_t len = said ? strcspn(said, "\n") : 0;

    return su_fail_at(err, SU_ERR_NAMESPACE, EPERM, NULL,
                      "cannot map %s ids: %s refused%s%.*s (does %s give these ids to this user?)",
                      kind->what, kind->helper, len ? ": " : "", (int)len, len ? said : "",
                      kind->database);
}

static int map_by_helper(pid_t pid, const struct map_kind *kind, const struct su_id_map *maps,
                         size_t n, struct su_error *err)
{
    static const char *const folders[] = {"/usr/bin", "/bin", "/usr/local/bin",
                                          "/run/wrappers/bin"};
    _cleanup_arena_ struct su_arena arena = {0};
    char **argv = helper_argv(&arena, pid, kind, maps, n);

    for (size_t i = 0; argv && i < SU_ARRAY_SIZE(folders); i++) {
        const char *path = su_arena_printf(&arena, "%s/%s", folders[i], kind->helper);
        _cleanup_free_ char *said = NULL;
        if (!path)
            return su_fail(err, ENOMEM, "out of memory");
        if (access(path, X_OK) < 0)
            continue;
        int r = run_helper(path, argv, &said, err);
        return r > 0 ? helper_failed(kind, said, err) : r;
    }
    if (!argv)
        return su_fail(err, ENOMEM, "out of memory");
    return su_fail_at(err, SU_ERR_NAMESPACE, EPERM, NULL,
                      "cannot map %s ids: not permitted, and %s is not installed (it is in the "
                      "package uidmap or shadow-utils; the ids come from %s)",
                      kind->what, kind->helper, kind->database);
}

static int write_map(pid_t pid, const struct map_kind *kind, const struct su_id_map *maps, size_t n,
                     struct su_error *err)
{
    if (n == 0)
        return 0;
    int r = write_map_file(pid, kind, maps, n);
    if (r == -EPERM || r == -EACCES)
        return map_by_helper(pid, kind, maps, n, err);
    if (r < 0)
        return su_fail_at(err, SU_ERR_NAMESPACE, -r, NULL, "cannot write %s of process %d: %s%s",
                          kind->file, pid, strerrordesc_np(-r),
                          r == -EINVAL ? " (maps must not overlap, be empty, or number over 340)"
                                       : "");
    return 0;
}

static int deny_setgroups(pid_t pid, struct su_error *err)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/setgroups", pid);
    int r = su_write_file_at(AT_FDCWD, path, "deny");
    if (r < 0)
        return su_fail_at(err, SU_ERR_NAMESPACE, -r, NULL,
                          "cannot deny setgroups to process %d: %s", pid, strerrordesc_np(-r));
    return 0;
}

int su_write_id_maps(pid_t pid, const struct su_id_map *uid_maps, size_t n_uid_maps,
                     const struct su_id_map *gid_maps, size_t n_gid_maps, bool allow_setgroups,
                     struct su_error *err)
{
    int r = write_map(pid, &uid_kind, uid_maps, n_uid_maps, err);
    if (r < 0)
        return r;
    if (n_gid_maps > 0 && !allow_setgroups) {
        r = deny_setgroups(pid, err);
        if (r < 0)
            return r;
    }
    return write_map(pid, &gid_kind, gid_maps, n_gid_maps, err);
}

/* One line "container host size" of a map file. Returns the place behind it, or NULL. */
static const char *parse_map_line(const char *text, struct su_id_map *map)
{
    uint32_t *const fields[] = {&map->container_id, &map->host_id, &map->size};

    for (size_t i = 0; i < SU_ARRAY_SIZE(fields); i++) {
        char *end;
        errno = 0;
        unsigned long long value = strtoull(text, &end, 10);
        if (end == text || errno || value > UINT32_MAX)
            return NULL;
        *fields[i] = (uint32_t)value;
        text = end;
    }
    return *text == '\n' ? text + 1 : NULL;
}

static int read_own_map(struct su_arena *arena, const struct map_kind *kind,
                        struct su_id_map **maps, size_t *n, struct su_error *err)
{
    _cleanup_free_ char *text = NULL;
    char path[64];
    size_t lines = 0;

    snprintf(path, sizeof(path), "/proc/self/%s", kind->file);
    int r = su_read_file_at(AT_FDCWD, path, MAP_FILE_MAX_BYTES, &text, NULL);
    if (r < 0)
        return su_fail(err, -r, "cannot read %s: %s", path, strerrordesc_np(-r));
    for (const char *p = text; *p; p++)
        lines += *p == '\n';
    struct su_id_map *list = su_arena_array(arena, lines, sizeof(*list));
    if (!list)
        return su_fail(err, ENOMEM, "out of memory");
    const char *line = text;
    for (size_t i = 0; i < lines; i++) {
        line = parse_map_line(line, &list[i]);
        if (!line)
            return su_fail(err, EINVAL, "%s is not a list of id maps", path);
    }
    *maps = list;
    *n = lines;
    return 0;
}

int su_current_id_maps(struct su_arena *arena, struct su_id_map **uid_maps, size_t *n_uid_maps,
                       struct su_id_map **gid_maps, size_t *n_gid_maps, struct su_error *err)
{
    int r = read_own_map(arena, &uid_kind, uid_maps, n_uid_maps, err);

    return r < 0 ? r : read_own_map(arena, &gid_kind, gid_maps, n_gid_maps, err);
}

bool su_in_initial_user_ns(void)
{
    char map[128];
    unsigned inside, outside, count;

    int r = su_read_small_at(AT_FDCWD, "/proc/self/uid_map", map, sizeof(map));
    /* A kernel without user namespaces has no such file. */
    return r == -ENOENT || (r == 0 && sscanf(map, "%u %u %u", &inside, &outside, &count) == 3 &&
                            inside == 0 && outside == 0 && count == UINT32_MAX);
}
