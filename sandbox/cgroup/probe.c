/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the host offers: which cgroup hierarchies are mounted where, and this process's group in
 * each. Input: /sys/fs/cgroup, /proc/self/cgroup, in unusual cases /proc/self/mountinfo. Changes
 * nothing. Every start of a container pays for each system call here.
 */
#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>

#include <base/base.h>
#include <specutils/log.h>

#include "internal.h"

#define CGROUP_ROOT "/sys/fs/cgroup"
#define MAX_PROC_BYTES (1u << 20)

/* The names below /sys/fs/cgroup, and mountinfo if it had to be read. */
struct view {
    struct su_arena *arena;
    struct sb_cgroup_host *host;
    char **names;
    size_t n_names;
    char *mountinfo;
    struct su_error *err;
};

static int no_memory(struct su_error *err)
{
    return su_fail(err, ENOMEM, "out of memory while looking at the host's cgroups");
}

/* Reads all of a file of /proc: one read(2) where it is short, as it nearly always is. */
static int read_proc(struct view *v, const char *path, char **text)
{
    char small[4096];
    ssize_t n = sb_cg_read(AT_FDCWD, path, small, sizeof(small));

    if (n >= 0 && (size_t)n < sizeof(small) - 1) {
        *text = su_arena_strndup(v->arena, small, (size_t)n);
        return *text ? 0 : no_memory(v->err);
    }
    _cleanup_free_ char *all = NULL;
    int r = su_read_file_at(AT_FDCWD, path, MAX_PROC_BYTES, &all, NULL);
    if (r < 0)
        return su_fail(v->err, -r, "cannot read %s: %s", path, strerror(-r));
    *text = su_arena_strdup(v->arena, all);
    return *text ? 0 : no_memory(v->err);
}

/* One getdents instead of a stat for each of a dozen hierarchies. */
static int list_names(struct view *v)
{
    _cleanup_closedir_ DIR *dir = opendir(CGROUP_ROOT);

    /* Short of memory or fds, no hierarchy would be found and none would be used. */
    if (!dir && (errno == ENOMEM || errno == EMFILE || errno == ENFILE))
        return su_fail(v->err, errno, "cannot list " CGROUP_ROOT ": %s", strerrordesc_np(errno));
    if (!dir)
        return 0;
    for (const struct dirent *entry; (entry = readdir(dir));) {
        if (entry->d_name[0] == '.')
            continue;
        v->names = sb_cg_grow(v->arena, v->names, v->n_names, sizeof(*v->names));
        char *name = su_arena_strdup(v->arena, entry->d_name);
        if (!v->names || !name)
            return no_memory(v->err);
        v->names[v->n_names++] = name;
    }
    return 0;
}

/* The usual mount point: all controllers in any order, or a link by the name of the first. */
static const char *usual_mount(struct view *v, const char *controllers)
{
    const char *name = su_has_prefix(controllers, "name=") ? controllers + 5 : controllers;
    size_t first = strcspn(name, ",");
    const char *found = NULL;

    for (size_t i = 0; i < v->n_names; i++) {
        if (sb_cg_same_words(v->names[i], name)) {
            found = v->names[i];
            break;
        }
        if (strlen(v->names[i]) == first && strncmp(v->names[i], name, first) == 0)
            found = v->names[i];
    }
    return found ? su_arena_printf(v->arena, CGROUP_ROOT "/%s", found) : NULL;
}

/* Octal escapes of mountinfo ("\040" is a space), undone in place. */
static void unescape(char *s)
{
    char *out = s;

    for (; *s; s++, out++) {
        if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' && s[2] <= '7' &&
            s[3] >= '0' && s[3] <= '7') {
            *out = (char)((s[1] - '0') * 64 + (s[2] - '0') * 8 + (s[3] - '0'));
            s += 3;
        } else {
            *out = *s;
        }
    }
    *out = '\0';
}

/* A line of mountinfo: fields 4 and 5, and behind " - " the type and the super block's options. */
struct mount_line {
    char *root, *target, *type, *options;
};

static bool split_mount_line(char *line, struct mount_line *m)
{
    char *tail = strstr(line, " - ");
    char *save = NULL;

    if (!tail)
        return false;
    *tail = '\0';
    strtok_r(line, " ", &save);
    strtok_r(NULL, " ", &save);
    strtok_r(NULL, " ", &save);
    m->root = strtok_r(NULL, " ", &save);
    m->target = strtok_r(NULL, " ", &save);
    m->type = strtok_r(tail + 3, " ", &save);
    strtok_r(NULL, " ", &save);
    m->options = strtok_r(NULL, " ", &save);
    if (!m->root || !m->target || !m->type || !m->options)
        return false;
    unescape(m->root);
    unescape(m->target);
    return true;
}

/* The mount of a hierarchy ("" is cgroup2) by mountinfo. own_path loses the part that the mount
 * does not show. NULL in *mount: not mounted. */
static int odd_mount(struct view *v, const char *controllers, const char **mount,
                     const char **own_path)
{
    if (!v->mountinfo) {
        int r = read_proc(v, "/proc/self/mountinfo", &v->mountinfo);
        if (r < 0)
            return r;
    }
    char *copy = su_arena_strdup(v->arena, v->mountinfo);
    if (!copy)
        return no_memory(v->err);

    size_t first = strcspn(controllers, ",");
    const char *word = su_arena_strndup(v->arena, controllers, first);
    if (!word)
        return no_memory(v->err);
    char *save = NULL;
    for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        struct mount_line m;
        if (!split_mount_line(line, &m))
            continue;
        bool fits = *controllers ? su_streq(m.type, "cgroup") && sb_cg_has_word(m.options, word)
                                 : su_streq(m.type, "cgroup2");
        if (!fits)
            continue;
        *mount = m.target;
        size_t root_len = strlen(m.root);
        if (root_len > 1 && su_has_prefix(*own_path, m.root) &&
            ((*own_path)[root_len] == '/' || !(*own_path)[root_len]))
            *own_path = (*own_path)[root_len] ? *own_path + root_len : "/";
        return 0;
    }
    return 0;
}

static int add_hierarchy(struct view *v, const char *controllers, const char *mount,
                         const char *own_path)
{
    struct sb_cgroup_host *host = v->host;

    host->v = sb_cg_grow(v->arena, host->v, host->n, sizeof(*host->v));
    if (!host->v)
        return no_memory(v->err);
    host->v[host->n++] = (struct sb_cgroup_hierarchy){controllers, mount, own_path};
    return 0;
}

static bool is_cgroup2(const char *path)
{
    struct statfs fs;
    return statfs(path, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC;
}

/* Splits "4:memory:/path". */
static bool split_cgroup_line(char *line, char **controllers, char **path)
{
    *controllers = strchr(line, ':');
    if (!*controllers)
        return false;
    *path = strchr(++*controllers, ':');
    if (!*path)
        return false;
    *(*path)++ = '\0';
    return **path == '/';
}

/* cgroup2 comes last in the list, and /proc/self/cgroup has it last as well. */
static int add_cgroup2(struct view *v, bool whole, const char *own_path)
{
    const char *mount = NULL;

    if (whole)
        return add_hierarchy(v, "", CGROUP_ROOT, own_path);
    for (size_t i = 0; i < v->n_names; i++)
        if (su_streq(v->names[i], "unified") && is_cgroup2(CGROUP_ROOT "/unified"))
            mount = CGROUP_ROOT "/unified";
    /* Not worth a look into mountinfo where v1 does all that is needed. */
    if (!mount && v->host->n == 0) {
        int r = odd_mount(v, "", &mount, &own_path);
        if (r < 0)
            return r;
    }
    return mount ? add_hierarchy(v, "", mount, own_path) : 0;
}

static int add_v1(struct view *v, const char *controllers, const char *own_path)
{
    const char *mount = usual_mount(v, controllers);

    if (!mount) {
        int r = odd_mount(v, controllers, &mount, &own_path);
        if (r < 0)
            return r;
    }
    if (!mount) {
        su_debug("cgroup v1 hierarchy %s is not mounted", controllers);
        return 0;
    }
    return add_hierarchy(v, controllers, mount, own_path);
}

int sb_cgroup_probe(struct su_arena *arena, struct sb_cgroup_host *host, struct su_error *err)
{
    struct view v = {.arena = arena, .host = host, .err = err};
    bool whole = is_cgroup2(CGROUP_ROOT);
    const char *own_path2 = NULL;
    char *text = NULL, *save = NULL;

    *host = (struct sb_cgroup_host){0};
    int r = read_proc(&v, "/proc/self/cgroup", &text);
    if (r == -ENOENT) {
        /* A kernel without cgroups. */
        su_error_clear(err);
        return 0;
    }
    if (r == 0 && !whole)
        r = list_names(&v);
    if (r < 0)
        return r;
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        char *controllers, *path;
        if (!split_cgroup_line(line, &controllers, &path))
            continue;
        if (!*controllers)
            own_path2 = path;
        else if (!whole && (r = add_v1(&v, controllers, path)) < 0)
            return r;
    }
    bool has_v1 = host->n > 0;
    if (own_path2 && (r = add_cgroup2(&v, whole, own_path2)) < 0)
        return r;
    bool has_v2 = host->n > 0 && !*host->v[host->n - 1].controllers;
    host->mode = has_v1 && has_v2 ? SB_CGROUP_HYBRID
                 : has_v1         ? SB_CGROUP_V1
                 : has_v2         ? SB_CGROUP_V2
                                  : SB_CGROUP_NONE;
    return 0;
}
