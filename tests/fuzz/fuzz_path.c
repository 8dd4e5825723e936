/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths and ids, against models that work part by part: a cleaned path has no part that leads
 * anywhere else, a container's cgroup lies below the mount point, and an id is a file name. The
 * first line is a folder, the second a path (and a cgroup's path), the third an id.
 */
#include "cgroup/cgroup.h"
#include "fuzz.h"
#include "sandbox.h"

enum { MAX_PARTS = 4096 };

struct parts {
    const char *v[MAX_PARTS];
    size_t len[MAX_PARTS], n;
};

static bool is_up(const char *part, size_t len)
{
    return len == 2 && memcmp(part, "..", 2) == 0;
}

static void add_parts(struct parts *parts, const char *path, bool is_absolute)
{
    while (*path) {
        size_t len = strcspn(path, "/");
        size_t n = parts->n;
        if (is_up(path, len) && n && !is_up(parts->v[n - 1], parts->len[n - 1])) {
            parts->n--;
        } else if (len && !(len == 1 && *path == '.') && !(is_up(path, len) && is_absolute)) {
            parts->v[n] = path;
            parts->len[n] = len;
            parts->n++;
        }
        path += len + (path[len] == '/');
    }
}

static char *cleaned(const char *dir, const char *path)
{
    static struct parts parts;
    struct su_strbuf sb = {0};
    bool is_absolute = *dir == '/';

    parts.n = 0;
    add_parts(&parts, dir, is_absolute);
    add_parts(&parts, path, is_absolute);
    su_strbuf_adds(&sb, is_absolute ? "/" : "");
    for (size_t i = 0; i < parts.n; i++) {
        su_strbuf_adds(&sb, i ? "/" : "");
        su_strbuf_add(&sb, parts.v[i], parts.len[i]);
    }
    if (sb.len == 0)
        su_strbuf_addc(&sb, '.');
    fuzz_require(!sb.failed, "no memory");
    return sb.text;
}

static void check_clean(const char *dir, const char *path, struct su_arena *arena)
{
    const char *out = su_clean_path(arena, dir, path);

    fuzz_require(out, "no memory");
    if (*path == '/') {
        fuzz_require(su_streq(out, path), "\"%s\" became \"%s\"", path, out);
        return;
    }
    _cleanup_free_ char *expected = cleaned(dir, path);
    fuzz_require(su_streq(out, expected), "\"%s\" and \"%s\": \"%s\", not \"%s\"", dir, path, out,
                 expected);
    const char *again = su_clean_path(arena, out, "");
    fuzz_require(su_streq(out, again), "\"%s\" became \"%s\"", out, again);
}

static bool is_id(const char *id)
{
    size_t len = strlen(id);

    for (size_t i = 0; i < len; i++) {
        bool is_word = (id[i] >= 'a' && id[i] <= 'z') || (id[i] >= 'A' && id[i] <= 'Z') ||
                       (id[i] >= '0' && id[i] <= '9') || id[i] == '_' || id[i] == '+' ||
                       id[i] == '-';
        if (!is_word && !(id[i] == '.' && i > 0))
            return false;
    }
    return len > 0 && len <= 1024;
}

static void check_id(const char *id)
{
    _cleanup_error_ struct su_error err = {0};

    int rc = sb_check_id(id, &err);
    fuzz_require((rc == 0) == is_id(id) || strlen(id) > 255, "\"%s\": %d", id, rc);
    fuzz_require(rc < 0 || is_id(id), "\"%s\" is no id", id);
    if (rc < 0)
        fuzz_check_error(rc, &err);
}

static void check_cgroup(const struct sb_cgroup_host *host, const char *path,
                         struct su_arena *arena)
{
    const struct sb_cgroup_opts opts = {.id = "box", .cgroups_path = path};
    _cleanup_error_ struct su_error err = {0};
    struct sb_cgroup_plan plan;

    int rc = sb_cgroup_plan(arena, host, &opts, &plan, &err);
    if (rc < 0) {
        fuzz_check_error(rc, &err);
        return;
    }
    for (size_t i = 0; i < plan.n_dirs; i++) {
        const struct sb_cgroup_dir *dir = &plan.dirs[i];
        _cleanup_free_ char *clean = cleaned("/", dir->path);
        fuzz_require(su_streq(clean, dir->path), "cgroup \"%s\": \"%s\"", path, dir->path);
        fuzz_require(su_has_prefix(dir->path, dir->mount) && dir->path[strlen(dir->mount)] == '/' &&
                         *dir->rel,
                     "cgroup \"%s\" at \"%s\"", path, dir->path);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sb_cgroup_hierarchy v1[] = {
        {"memory", "/sys/fs/cgroup/memory", "/a"},
        {"freezer", "/sys/fs/cgroup/freezer", "/"},
        {"", "/sys/fs/cgroup/unified", "/../b"},
    };
    static struct sb_cgroup_hierarchy v2[] = {{"", "/sys/fs/cgroup", "/a/b"}};
    static const struct sb_cgroup_host hosts[] = {
        {SB_CGROUP_V1, v1, 2}, {SB_CGROUP_HYBRID, v1, 3}, {SB_CGROUP_V2, v2, 1}};
    _cleanup_arena_ struct su_arena arena = {0};
    struct fuzz_bytes bytes = {data, size};

    if (size >= MAX_PARTS)
        return -1;
    const char *dir = fuzz_line(&bytes, &arena);
    const char *path = fuzz_line(&bytes, &arena);
    const char *id = fuzz_line(&bytes, &arena);
    check_clean(dir, path, &arena);
    check_id(id);
    for (size_t i = 0; i < SU_ARRAY_SIZE(hosts); i++)
        check_cgroup(&hosts[i], path, &arena);
    return 0;
}
