/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan of a container's cgroup: which folder in which hierarchy, then, by the files of limits
 * and devices, which writes. Pure: works on what the probe saw, touches nothing.
 */
#include <base/base.h>
#include <specutils/log.h>

#include "internal.h"

#define PATH_JSON "linux.cgroupsPath"

bool sb_cg_has_word(const char *list, const char *word)
{
    size_t len = strlen(word);

    for (const char *p = list; *p;) {
        size_t n = strcspn(p, ",");
        if (n == len && strncmp(p, word, n) == 0)
            return true;
        p += n;
        p += *p == ',';
    }
    return false;
}

bool sb_cg_same_words(const char *a, const char *b)
{
    if (strlen(a) != strlen(b))
        return false;
    for (const char *word = a; *word;) {
        size_t len = strcspn(word, ",");
        const char *in = b;
        while (*in && !(strncmp(in, word, len) == 0 && (in[len] == ',' || !in[len]))) {
            in += strcspn(in, ",");
            in += *in == ',';
        }
        if (!*in)
            return false;
        word += len;
        word += *word == ',';
    }
    return true;
}

void *sb_cg_grow(struct su_arena *arena, void *v, size_t n, size_t size)
{
    /* Room was made for a power of two; it is full when n is one. */
    if (v && (n & (n - 1)) != 0)
        return v;
    void *grown = su_arena_array(arena, n ? n * 2 : 1, size);
    if (grown && v)
        memcpy(grown, v, n * size);
    return grown;
}

static int no_memory(struct su_error *err)
{
    return su_fail(err, ENOMEM, "out of memory while planning the cgroup");
}

int sb_cg_refuse(struct sb_cg_builder *b, const char *json_path, const char *why)
{
    return su_fail_at(b->err, SU_ERR_SPEC, EINVAL, json_path, "%s", why);
}

bool sb_cg_is_v2(const struct sb_cg_builder *b)
{
    return b->host->mode == SB_CGROUP_V2;
}

bool sb_cgroup_is_systemd_path(const char *path)
{
    size_t colons = 0;

    for (const char *p = path; *p; p++) {
        if (*p == '/')
            return false;
        colons += *p == ':';
    }
    return colons == 2;
}

/* Drops "/" at both ends, "//" and "."; refuses "..", which would leave the engine's parent. */
static int normalise(struct sb_cg_builder *b, const char *path)
{
    char *out = su_arena_alloc(b->arena, strlen(path) + 1);
    size_t len = 0;

    if (!out)
        return no_memory(b->err);
    for (const char *p = path; *p;) {
        size_t n = strcspn(p, "/");
        if (n == 2 && p[0] == '.' && p[1] == '.')
            return su_fail_at(b->err, SU_ERR_SPEC, EINVAL, PATH_JSON,
                              "\"%s\" contains \"..\", which could leave the parent cgroup", path);
        if (n > 0 && !(n == 1 && p[0] == '.')) {
            if (len > 0)
                out[len++] = '/';
            memcpy(out + len, p, n);
            len += n;
        }
        p += n;
        p += *p == '/';
    }
    if (len == 0)
        return su_fail_at(b->err, SU_ERR_SPEC, EINVAL, PATH_JSON,
                          "\"%s\" is the root of the hierarchy; name a group below it", path);
    if (strchr(out, '\n'))
        return sb_cg_refuse(b, PATH_JSON, "a cgroup's name cannot contain a line break");
    b->rel = out;
    return 0;
}

static int check_path(struct sb_cg_builder *b)
{
    const char *path = b->opts->cgroups_path;

    if (path && sb_cgroup_is_systemd_path(path))
        return su_fail_at(b->err, SU_ERR_SPEC, EINVAL, PATH_JSON,
                          "\"%s\" has the form slice:prefix:name of the systemd driver; pass "
                          "--systemd-cgroup or use a path",
                          path);
    if (path && *path)
        return normalise(b, path);
    const char *id = b->opts->id;
    if (!*id || strchr(id, '/') || strchr(id, '\n') || su_streq(id, ".") || su_streq(id, ".."))
        return su_fail(b->err, EINVAL, "\"%s\" cannot be the name of a cgroup", id);
    return 0;
}

/* Where no cgroupsPath says it: below this process's own group. */
static const char *default_rel(struct sb_cg_builder *b, const struct sb_cgroup_hierarchy *h)
{
    const char *own = h->own_path;
    size_t len = strlen(own);

    /* "/.." is a group outside the cgroup namespace, which the mount does not show. */
    if (su_has_prefix(own, "/.."))
        len = 0;
    /* A cgroup2 group with processes (this one) cannot hand controllers down: go beside it. */
    if (len > 1 && sb_cg_is_v2(b) && b->plan->n_enable > 0)
        while (len > 0 && own[--len] != '/')
            ;
    while (len > 0 && own[len - 1] == '/')
        len--;
    if (len == 0)
        return b->opts->id;
    return su_arena_printf(b->arena, "%.*s/%s", (int)len - 1, own + 1, b->opts->id);
}

static int find_hierarchy(const struct sb_cgroup_host *host, const char *controller, size_t *index)
{
    for (size_t i = 0; i < host->n; i++) {
        const char *has = host->v[i].controllers;
        if (*controller ? sb_cg_has_word(has, controller) : !*has) {
            *index = i;
            return 0;
        }
    }
    return -ENOENT;
}

/* The folder of a hierarchy; its names are filled in at the end, when the place is known. */
static int add_dir(struct sb_cg_builder *b, size_t hierarchy, size_t *dir)
{
    struct sb_cgroup_plan *plan = b->plan;

    for (size_t i = 0; i < plan->n_dirs; i++) {
        if (plan->dirs[i].hierarchy == hierarchy) {
            *dir = i;
            return 0;
        }
    }
    plan->dirs = sb_cg_grow(b->arena, plan->dirs, plan->n_dirs, sizeof(*plan->dirs));
    if (!plan->dirs)
        return no_memory(b->err);
    const struct sb_cgroup_hierarchy *h = &b->host->v[hierarchy];
    *dir = plan->n_dirs;
    plan->dirs[plan->n_dirs++] = (struct sb_cgroup_dir){
        .hierarchy = hierarchy, .controllers = h->controllers, .mount = h->mount};
    return 0;
}

int sb_cg_need_dir(struct sb_cg_builder *b, const char *controller, size_t *dir)
{
    size_t hierarchy = 0;
    int r = find_hierarchy(b->host, controller, &hierarchy);

    return r < 0 ? r : add_dir(b, hierarchy, dir);
}

static int enable(struct sb_cg_builder *b, const char *controller)
{
    struct sb_cgroup_plan *plan = b->plan;

    for (size_t i = 0; i < plan->n_enable; i++)
        if (su_streq(plan->enable[i], controller))
            return 0;
    plan->enable = sb_cg_grow(b->arena, plan->enable, plan->n_enable, sizeof(*plan->enable));
    if (!plan->enable)
        return no_memory(b->err);
    plan->enable[plan->n_enable++] = controller;
    return 0;
}

int sb_cg_add(struct sb_cg_builder *b, const char *controller, const struct sb_cgroup_write *w)
{
    struct sb_cgroup_plan *plan = b->plan;
    size_t dir = 0;
    int r;

    if (!w->value || !w->json_path || !w->file)
        return no_memory(b->err);
    if (sb_cg_is_v2(b)) {
        r = sb_cg_need_dir(b, "", &dir);
        if (r == 0 && controller)
            r = enable(b, controller);
    } else {
        r = sb_cg_need_dir(b, controller, &dir);
        if (r == -ENOENT)
            return su_fail_at(b->err, SU_ERR_SPEC, EINVAL, w->json_path,
                              "needs the cgroup controller \"%s\", which this host has not mounted",
                              controller);
    }
    if (r < 0)
        return r;
    plan->writes = sb_cg_grow(b->arena, plan->writes, plan->n_writes, sizeof(*plan->writes));
    if (!plan->writes)
        return no_memory(b->err);
    plan->writes[plan->n_writes] = *w;
    plan->writes[plan->n_writes++].dir = dir;
    return 0;
}

/* The folders that do not depend on resources. The order is that in which processes are looked
 * for later: cgroup2 can kill and freeze a whole tree, the v1 freezer can at least freeze it. */
static int add_base_dirs(struct sb_cg_builder *b)
{
    static const char *const first[] = {"", "freezer", "devices"};
    bool everywhere = b->rel != NULL;
    size_t dir;
    int r;

    for (size_t i = 0; i < SU_ARRAY_SIZE(first); i++) {
        /* Without a path to be found at, a hybrid host's empty cgroup2 is not worth a folder. */
        if (!*first[i] && !everywhere && !sb_cg_is_v2(b))
            continue;
        r = sb_cg_need_dir(b, first[i], &dir);
        if (r < 0 && r != -ENOENT)
            return r;
    }
    for (size_t i = 0; everywhere && i < b->host->n; i++)
        if ((r = add_dir(b, i, &dir)) < 0)
            return r;
    return 0;
}

static int name_dirs(struct sb_cg_builder *b)
{
    for (size_t i = 0; i < b->plan->n_dirs; i++) {
        struct sb_cgroup_dir *dir = &b->plan->dirs[i];
        dir->rel = b->rel ? b->rel : default_rel(b, &b->host->v[dir->hierarchy]);
        dir->path = dir->rel ? su_arena_printf(b->arena, "%s/%s", dir->mount, dir->rel) : NULL;
        if (!dir->path)
            return no_memory(b->err);
    }
    return 0;
}

static int build(struct sb_cg_builder *b)
{
    int r = check_path(b);
    if (r < 0 || b->opts->ignore)
        return r;
    b->plan->enable_available = sb_cg_is_v2(b) && b->rel;
    r = add_base_dirs(b);
    if (r == 0 && b->opts->resources)
        r = sb_cg_is_v2(b) ? sb_cg_add_limits_v2(b) : sb_cg_add_limits_v1(b);
    if (r < 0)
        return r;
    b->plan->best_effort = b->opts->rootless && b->plan->n_writes == 0;
    r = sb_cg_add_devices(b);
    return r < 0 ? r : name_dirs(b);
}

int sb_cgroup_plan(struct su_arena *arena, const struct sb_cgroup_host *host,
                   const struct sb_cgroup_opts *opts, struct sb_cgroup_plan *plan,
                   struct su_error *err)
{
    struct sb_cg_builder b = {.arena = arena, .host = host, .opts = opts, .plan = plan, .err = err};

    *plan = (struct sb_cgroup_plan){.mode = host->mode, .rootless = opts->rootless};
    int r = build(&b);
    return r == -ENOMEM ? no_memory(err) : r;
}
