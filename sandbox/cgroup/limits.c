/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the limits of cgroup v1 and v2 have in common: how a property is read from
 * linux.resources, and the controllers whose files are alike (pids, rdma, hugetlb).
 */
#include <inttypes.h>

#include <base/base.h>

#include "internal.h"

/* The field of a scalar, or NULL where it or its section is absent. */
static const void *find_field(const struct oci_resources *res, const struct sb_cg_scalar *s)
{
    const char *section = *(const char *const *)((const char *)res + s->section);
    return section ? *(const void *const *)(section + s->field) : NULL;
}

static int signed_value(struct sb_cg_builder *b, const struct sb_cg_scalar *s, int64_t n,
                        const char **value)
{
    if (n < -1)
        return su_fail_at(b->err, SU_ERR_SPEC, EINVAL, s->json_path,
                          "%" PRId64 " is neither an amount nor -1 for no limit", n);
    if (n == 0)
        return 0;
    *value = n == -1 && s->minus_one_is_max ? "max" : su_arena_printf(b->arena, "%" PRId64, n);
    return *value ? 0 : -ENOMEM;
}

int sb_cg_scalar_value(struct sb_cg_builder *b, const struct sb_cg_scalar *s, const char **value)
{
    const void *field = find_field(b->opts->resources, s);
    uint64_t n = 0;

    *value = NULL;
    if (!field)
        return 0;
    switch (s->kind) {
    case SB_CG_STRING:
        *value = *(const char *)field ? field : NULL;
        return 0;
    case SB_CG_I64:
        return signed_value(b, s, *(const int64_t *)field, value);
    case SB_CG_U64:
        n = *(const uint64_t *)field;
        break;
    case SB_CG_U16:
        n = *(const uint16_t *)field;
        break;
    }
    if (n == 0)
        return 0;
    *value = su_arena_printf(b->arena, "%" PRIu64, n);
    return *value ? 0 : -ENOMEM;
}

int sb_cg_add_scalars(struct sb_cg_builder *b, const struct sb_cg_scalar *table, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct sb_cg_scalar *s = &table[i];
        struct sb_cgroup_write w = {
            .file = s->file, .json_path = s->json_path, .optional = s->optional};
        int r = sb_cg_scalar_value(b, s, &w.value);
        if (r == 0 && w.value)
            r = sb_cg_add(b, s->controller, &w);
        if (r < 0)
            return r;
    }
    return 0;
}

int sb_cg_check_memory(struct sb_cg_builder *b)
{
    static const char path[] = "linux.resources.memory.swap";
    const struct oci_memory *m = b->opts->resources->memory;

    if (!m || !m->swap || *m->swap <= 0)
        return 0;
    int64_t limit = m->limit ? *m->limit : 0;
    if (limit <= 0)
        return sb_cg_refuse(b, path,
                            "limits memory and swap together, so it needs "
                            "linux.resources.memory.limit beside it");
    if (*m->swap < limit)
        return su_fail_at(b->err, SU_ERR_SPEC, EINVAL, path,
                          "%" PRId64 " (memory and swap together) is less than "
                          "linux.resources.memory.limit, %" PRId64,
                          *m->swap, limit);
    return 0;
}

int sb_cg_block_device(struct sb_cg_builder *b, int64_t major, int64_t minor, const char *json_path,
                       const char **text)
{
    if (major < 0 || major > UINT32_MAX || minor < 0 || minor > UINT32_MAX)
        return su_fail_at(b->err, SU_ERR_SPEC, EINVAL, json_path,
                          "%" PRId64 ":%" PRId64 " is not a device number", major, minor);
    *text = su_arena_printf(b->arena, "%" PRId64 ":%" PRId64, major, minor);
    return *text ? 0 : -ENOMEM;
}

int sb_cg_add_pids(struct sb_cg_builder *b)
{
    const struct oci_pids *pids = b->opts->resources->pids;

    if (!pids || !pids->limit)
        return 0;
    int64_t limit = *pids->limit;
    struct sb_cgroup_write w = {.file = "pids.max", .json_path = "linux.resources.pids.limit"};
    /* Under 0 not even init could be born into the group; under 1 nothing else can. */
    w.value = limit < 0 ? "max" : su_arena_printf(b->arena, "%" PRId64, limit ? limit : 1);
    return sb_cg_add(b, "pids", &w);
}

int sb_cg_add_rdma(struct sb_cg_builder *b)
{
    const struct oci_resources *res = b->opts->resources;

    for (size_t i = 0; i < res->rdma.n; i++) {
        const struct oci_rdma *dev = &res->rdma.v[i];
        _cleanup_(su_strbuf_free) struct su_strbuf value = {0};
        const char *path = su_arena_printf(b->arena, "linux.resources.rdma[\"%s\"]", dev->key);
        if (!path)
            return -ENOMEM;
        if (!*dev->key || strpbrk(dev->key, " \t\n"))
            return sb_cg_refuse(b, path, "is not the name of an RDMA device");
        if (!dev->hca_handles && !dev->hca_objects)
            return sb_cg_refuse(b, path, "needs hcaHandles or hcaObjects");
        su_strbuf_adds(&value, dev->key);
        if (dev->hca_handles)
            su_strbuf_printf(&value, " hca_handle=%" PRIu32, *dev->hca_handles);
        if (dev->hca_objects)
            su_strbuf_printf(&value, " hca_object=%" PRIu32, *dev->hca_objects);
        struct sb_cgroup_write w = {.file = "rdma.max", .json_path = path};
        w.value = value.failed ? NULL : su_arena_strdup(b->arena, value.text);
        int r = sb_cg_add(b, "rdma", &w);
        if (r < 0)
            return r;
    }
    return 0;
}

/* "64KB", "2MB", "1GB": also keeps a "/" out of the file's name. */
static bool is_page_size(const char *size)
{
    size_t digits = size ? strspn(size, "0123456789") : 0;

    return digits > 0 && *size != '0' && size[digits] && strchr("KMG", size[digits]) &&
           su_streq(size + digits + 1, "B");
}

int sb_cg_add_hugetlb(struct sb_cg_builder *b, const char *file_word)
{
    const struct oci_resources *res = b->opts->resources;

    for (size_t i = 0; i < res->hugepage_limits.n; i++) {
        const struct oci_hugepage_limit *limit = &res->hugepage_limits.v[i];
        const char *path =
            su_arena_printf(b->arena, "linux.resources.hugepageLimits[%zu].limit", i);
        if (!is_page_size(limit->page_size))
            return su_fail_at(
                b->err, SU_ERR_SPEC, EINVAL,
                su_arena_printf(b->arena, "linux.resources.hugepageLimits[%zu].pageSize", i),
                "\"%s\" is not a page size such as 64KB, 2MB or 1GB",
                limit->page_size ? limit->page_size : "");
        struct sb_cgroup_write w = {.json_path = path};
        w.value = su_arena_printf(b->arena, "%" PRIu64, limit->limit);
        w.file = su_arena_printf(b->arena, "hugetlb.%s.%s", limit->page_size, file_word);
        int r = sb_cg_add(b, "hugetlb", &w);
        if (r < 0)
            return r;
        /* Reservations as well, where the kernel counts them: a process then fails at mmap and is
         * not killed at its first access. */
        w.file = su_arena_printf(b->arena, "hugetlb.%s.rsvd.%s", limit->page_size, file_word);
        w.optional = true;
        if ((r = sb_cg_add(b, "hugetlb", &w)) < 0)
            return r;
    }
    return 0;
}
