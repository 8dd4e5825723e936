/* SPDX-License-Identifier: Apache-2.0 */
/* Option lists, one word a line: what is flag, what is data and what is refused, against a plain
 * reading of the list of known words. */
#include <sys/mount.h>

#include "fuzz.h"

static bool is_known(const char *word)
{
    size_t n;
    const char *const *names = su_known_mount_options(&n);

    for (size_t i = 0; i < n; i++)
        if (su_streq(names[i], word))
            return true;
    return false;
}

static bool has_word(const struct su_strv *list, const char *word)
{
    for (size_t i = 0; i < list->n; i++)
        if (su_streq(list->v[i], word))
            return true;
    return false;
}

static void check_bits(const struct su_strv *words, const struct su_mount_opts *o)
{
    const uint32_t atime = MS_NOATIME | MS_RELATIME | MS_STRICTATIME;
    const uint64_t field = MOUNT_ATTR__ATIME;
    uint32_t flags = su_options_to_flags(words), propagation = 0;

    fuzz_require((flags & ~atime) == (o->flags & ~atime), "flags %#x and %#x", flags, o->flags);
    fuzz_require(!(o->attr_set & o->attr_clr & ~field), "a bit set and cleared");
    fuzz_require(!(o->rec_set & o->rec_clr & ~field), "a recursive bit set and cleared");
    fuzz_require(!(o->attr_set & field) || (o->attr_clr & field) == field, "atime not cleared");
    fuzz_require(!(o->rec_set & field) || (o->rec_clr & field) == field, "atime not cleared");
    fuzz_require(__builtin_popcount(o->flags & atime) <= 1 || !(o->attr_clr & field),
                 "more than one atime bit: %#x", o->flags);
    for (size_t i = 0; i < o->n_propagation; i++)
        propagation |= o->propagation[i];
    fuzz_require(propagation == su_prop_options_to_flags(words), "propagation differs");
    fuzz_require(o->n_propagation <= words->n, "more propagation than words");
    fuzz_require(o->bind == (has_word(words, "bind") || has_word(words, "rbind")), "bind");
    fuzz_require(o->rbind == has_word(words, "rbind"), "rbind");
    fuzz_require(o->idmap == (has_word(words, "idmap") || has_word(words, "ridmap")), "idmap");
    fuzz_require(su_is_readonly_mount(words) == has_word(words, "ro"), "readonly");
}

/* Unknown words are data, each with its place. */
static void check_fs(const struct su_strv *words, struct su_arena *arena)
{
    struct su_mount_opts o;
    size_t n = 0;

    int rc = su_parse_mount_options(arena, words, false, NULL, &o, NULL);
    fuzz_require(rc == 0, "refused: %d", rc);
    check_bits(words, &o);
    for (size_t i = 0; i < words->n; i++) {
        if (!words->v[i][0] || is_known(words->v[i]))
            continue;
        fuzz_require(n < o.data.n && o.data.v[n] == words->v[i] && o.data_index[n] == i,
                     "\"%s\" is not data", words->v[i]);
        n++;
    }
    fuzz_require(n == o.data.n && !o.data.v[n], "%zu words of data, not %zu", o.data.n, n);
}

/* The first unknown word is an error at its place. */
static void check_bind(const struct su_strv *words, struct su_arena *arena)
{
    _cleanup_error_ struct su_error err = {0};
    struct su_mount_opts o;
    size_t i = 0;

    while (i < words->n && (!words->v[i][0] || is_known(words->v[i])))
        i++;
    int rc = su_parse_mount_options(arena, words, true, "mounts[1]", &o, &err);
    if (i == words->n) {
        fuzz_require(rc == 0 && o.data.n == 0, "refused: %s", rc < 0 ? su_error_text(&err) : "");
        check_bits(words, &o);
        return;
    }
    fuzz_require(rc == -EINVAL && err.kind == SU_ERR_MOUNT_OPTION, "unknown word %zu: %d", i, rc);
    fuzz_check_error(rc, &err);
    fuzz_require(su_streq(err.json_path, su_arena_printf(arena, "mounts[1].options[%zu]", i)),
                 "word %zu at %s", i, err.json_path);
}

static void check_flavor(const struct su_strv *words, struct su_arena *arena)
{
    bool refused = has_word(words, "shared") || has_word(words, "rshared");
    struct su_strv kept;

    fuzz_require(su_validate_mount_options(words, SU_FLAVOR_NATIVE, NULL) == 0, "native");
    fuzz_require((su_validate_mount_options(words, SU_FLAVOR_RUNSC, NULL) < 0) == refused, "runsc");
    fuzz_require(su_filter_mount_options(arena, words, SU_FLAVOR_RUNSC, &kept, NULL) == 0,
                 "filter");
    fuzz_require(su_validate_mount_options(&kept, SU_FLAVOR_RUNSC, NULL) == 0, "filtered badly");
    fuzz_require(refused ? kept.n < words->n : kept.n == words->n, "%zu of %zu kept", kept.n,
                 words->n);
}

static void check_type(const struct su_strv *words, struct su_arena *arena)
{
    struct oci_mount mount = {.type = (char *)"none", .source = (char *)"/a", .options = *words};

    bool is_bind = su_is_bind_mount(&mount);
    su_maybe_convert_to_bind_mount(&mount);
    fuzz_require(su_streq(mount.type, is_bind ? "bind" : "none"), "type %s", mount.type);
    fuzz_require(su_is_gofer_mount(&mount) == is_bind, "gofer");
    fuzz_require(su_change_mount_type(arena, &mount, "tmpfs"), "type unchanged");
    fuzz_require(!su_is_bind_mount(&mount), "still a bind mount");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_arena_ struct su_arena arena = {0};
    struct fuzz_bytes bytes = {data, size};
    struct su_strv words = fuzz_lines(&bytes, &arena);

    fuzz_log_everything();
    check_fs(&words, &arena);
    check_bind(&words, &arena);
    check_flavor(&words, &arena);
    check_type(&words, &arena);
    return 0;
}
