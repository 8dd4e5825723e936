/* SPDX-License-Identifier: Apache-2.0 */
/* Environments, one entry a line and "--" between two lists, against a model that compares every
 * entry with every other. The first line is the name that is looked up. */
#include "fuzz.h"

enum { MAX_ENTRIES = 512 };

static size_t name_length(const char *entry)
{
    return strcspn(entry, "=");
}

static bool same_name(const char *a, const char *b)
{
    return name_length(a) == name_length(b) && strncmp(a, b, name_length(a)) == 0;
}

/* Adds a list to out; false: an entry without "=". */
static bool join(struct su_strv *out, const struct su_strv *list)
{
    for (size_t i = 0; i < list->n; i++) {
        size_t at = 0;
        if (!strchr(list->v[i], '='))
            return false;
        while (at < out->n && !same_name(out->v[at], list->v[i]))
            at++;
        out->v[at] = list->v[i];
        out->n += at == out->n;
    }
    return true;
}

/* What the name has in a joined list. */
static const char *value_in(const struct su_strv *list, const char *name)
{
    size_t len = strlen(name);

    for (size_t i = 0; i < list->n; i++)
        if (strncmp(list->v[i], name, len) == 0 && list->v[i][len] == '=')
            return list->v[i] + len + 1;
    return NULL;
}

static void check_lookup(const struct su_strv *list, const char *name, struct su_arena *arena)
{
    struct su_strv joined = {.v = fuzz_array(arena, list->n + 1, sizeof(char *))};
    const char *expected = join(&joined, list) ? value_in(&joined, name) : NULL;

    const char *value = su_env_var(list, name);
    fuzz_require(value == expected, "\"%s\" is \"%s\", not \"%s\"", name, value ? value : "(none)",
                 expected ? expected : "(none)");
}

static void check_joined(const struct su_strv *lists, size_t n, struct su_arena *arena)
{
    _cleanup_error_ struct su_error err = {0};
    struct su_strv out, expected = {.v = fuzz_array(arena, MAX_ENTRIES + 1, sizeof(char *))};
    bool ok = true;

    for (size_t i = 0; ok && i < n; i++)
        ok = join(&expected, &lists[i]);
    int rc = su_resolve_envs(arena, lists, n, &out, &err);
    if (!ok) {
        fuzz_require(rc == -EINVAL && err.kind == SU_ERR_ENV, "an entry without \"=\": %d", rc);
        fuzz_check_error(rc, &err);
        return;
    }
    fuzz_require(rc == 0 && out.n == expected.n && !out.v[out.n], "%d, %zu entries, not %zu", rc,
                 out.n, expected.n);
    for (size_t i = 0; i < out.n; i++)
        fuzz_require(out.v[i] == expected.v[i], "entry %zu is \"%s\", not \"%s\"", i, out.v[i],
                     expected.v[i]);
}

/* The readers of variables that accelerators have. */
static void check_accelerators(const struct su_strv *env)
{
    struct oci_process process = {.env = *env};
    const struct oci_spec spec = {.process = &process};
    _cleanup_error_ struct su_error err = {0};
    const char *devices = NULL;
    su_driver_caps_t caps = 0, again = 0;
    bool all;

    int rc = su_parse_nvidia_visible_devices(&spec, &devices, &err);
    if (rc < 0)
        fuzz_check_error(rc, &err);
    su_error_clear(&err);
    rc = su_nv_proxy_driver_caps_from_env(&spec, NULL, &caps, &err);
    if (rc < 0) {
        fuzz_check_error(rc, &(struct su_error){err.kind, err.errnum, NULL, err.msg, NULL, NULL});
        return;
    }
    _cleanup_free_ char *text = su_driver_caps_string(caps);
    fuzz_require(su_driver_caps_parse(text, &again, &all, NULL) == 0 && again == caps && !all,
                 "%#x became %#x by \"%s\"", caps, again, text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_arena_ struct su_arena arena = {0};
    struct fuzz_bytes bytes = {data, size};
    struct su_strv lists[4] = {0};
    size_t n = 0, total = 0;

    fuzz_log_everything();
    const char *name = fuzz_line(&bytes, &arena);
    for (; n < SU_ARRAY_SIZE(lists) && bytes.left; n++) {
        lists[n] = fuzz_lines(&bytes, &arena);
        total += lists[n].n;
    }
    if (total > MAX_ENTRIES)
        return -1;
    check_joined(lists, n, &arena);
    check_lookup(&lists[0], name, &arena);
    check_lookup(&lists[0], "NVIDIA_VISIBLE_DEVICES", &arena);
    check_accelerators(&lists[0]);
    return 0;
}
