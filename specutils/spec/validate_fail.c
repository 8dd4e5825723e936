/* SPDX-License-Identifier: Apache-2.0 */
/* How checks complain, and the small checks that several parts of a spec share. */
#include "json_decoder.h"
#include "spec_private.h"

char *su_place_path(struct place place)
{
    _cleanup_(su_strbuf_free) struct su_strbuf sb = {0};

    su_strbuf_adds(&sb, place.object ? place.object : "");
    if (place.list)
        su_strbuf_printf(&sb, "%s%s", sb.len ? "." : "", place.list);
    if (place.key)
        json_add_key(&sb, place.key, true);
    else if (place.list)
        su_strbuf_printf(&sb, "[%zu]", place.index);
    if (place.member)
        su_strbuf_printf(&sb, "%s%s", sb.len ? "." : "", place.member);
    return sb.failed ? NULL : su_take_ptr(&sb.text);
}

static int fail_at(struct su_error *err, struct place place, const char *value, const char *text)
{
    _cleanup_free_ char *path = su_place_path(place);
    _cleanup_(su_strbuf_free) struct su_strbuf sb = {0};

    if (value) {
        json_add_quoted(&sb, value, strlen(value));
        su_strbuf_addc(&sb, ' ');
    }
    su_strbuf_adds(&sb, text ? text : "is not valid");
    return su_fail_at(err, SU_ERR_SPEC, EINVAL, path && *path ? path : NULL, "%s",
                      sb.failed ? "not valid" : sb.text);
}

int su_bad(struct su_error *err, struct place place, const char *fmt, ...)
{
    _cleanup_free_ char *text = NULL;
    va_list args;

    va_start(args, fmt);
    if (vasprintf(&text, fmt, args) < 0)
        text = NULL;
    va_end(args);
    return fail_at(err, place, NULL, text);
}

int su_bad_value(struct su_error *err, struct place place, const char *value, const char *fmt, ...)
{
    _cleanup_free_ char *text = NULL;
    va_list args;

    va_start(args, fmt);
    if (vasprintf(&text, fmt, args) < 0)
        text = NULL;
    va_end(args);
    return fail_at(err, place, value, text);
}

int su_check_absolute(const char *path, struct place place, struct su_error *err)
{
    return path[0] == '/' ? 0 : su_bad_value(err, place, path, "is not an absolute path");
}

int su_check_no_dotdot(const char *path, struct place place, struct su_error *err)
{
    for (const char *p = path; *p;) {
        size_t part = strcspn(p, "/");
        if (part == 2 && p[0] == '.' && p[1] == '.')
            return su_bad_value(err, place, path, "has \"..\" as a part, expected a plain path");
        p += part + (p[part] == '/');
    }
    return 0;
}

/* The digits at *p as a number, false if there are none or too many. */
static bool take_number(const char **p, unsigned long *number)
{
    size_t digits = strspn(*p, "0123456789");

    if (digits == 0 || digits > 9)
        return false;
    *number = strtoul(*p, NULL, 10);
    *p += digits;
    return true;
}

int su_check_number_list(const char *list, struct place place, struct su_error *err)
{
    const char *p = list;

    while (*p) {
        unsigned long first = 0, last;
        p += strspn(p, " ");
        bool ok = take_number(&p, &first);
        last = first;
        if (ok && *p == '-') {
            p++;
            ok = take_number(&p, &last);
        }
        p += strspn(p, " ");
        if (!ok || last < first || (*p && *p != ','))
            return su_bad_value(err, place, list,
                                "is no list of numbers and ranges, expected one like \"0-3,7\"");
        p += *p == ',';
    }
    return 0;
}

/* One side of a mapping, for finding overlaps. */
struct id_range {
    uint32_t first, size;
    size_t index;
};

static int compare_ranges(const void *a, const void *b)
{
    const struct id_range *left = a, *right = b;
    return (left->first > right->first) - (left->first < right->first);
}

enum { ID_MAPPINGS_MAX = 340 }; /* what the kernel takes */

static int check_overlaps(struct id_range *ranges, size_t n, const char *path, const char *member,
                          struct su_error *err)
{
    qsort(ranges, n, sizeof(*ranges), compare_ranges);
    for (size_t i = 1; i < n; i++) {
        if (ranges[i].first - ranges[i - 1].first >= ranges[i - 1].size)
            continue;
        struct place place = {.list = path, .index = ranges[i].index, .member = member};
        return su_bad(err, place, "%u overlaps with entry %zu, expected ranges apart",
                      ranges[i].first, ranges[i - 1].index);
    }
    return 0;
}

int su_check_id_mappings(const struct oci_id_mapping *maps, size_t n, const char *path,
                         struct su_error *err)
{
    struct id_range container[ID_MAPPINGS_MAX], host[ID_MAPPINGS_MAX];

    if (n > ID_MAPPINGS_MAX)
        return su_bad(err, (struct place){.member = path},
                      "%zu mappings, expected at most %d (the kernel's limit)", n, ID_MAPPINGS_MAX);
    for (size_t i = 0; i < n; i++) {
        const struct oci_id_mapping *map = &maps[i];
        struct place place = {.list = path, .index = i, .member = "size"};
        if (map->size == 0)
            return su_bad(err, place, "0, expected at least 1");
        /* The kernel keeps 4294967295 for "no id". */
        uint32_t first = map->container_id > map->host_id ? map->container_id : map->host_id;
        if (map->size > UINT32_MAX - first)
            return su_bad(err, place, "%u reaches beyond the last id, 4294967294", map->size);
        container[i] = (struct id_range){map->container_id, map->size, i};
        host[i] = (struct id_range){map->host_id, map->size, i};
    }
    if (n < 2)
        return 0;
    int rc = check_overlaps(container, n, path, "containerID", err);
    return rc < 0 ? rc : check_overlaps(host, n, path, "hostID", err);
}
