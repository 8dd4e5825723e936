/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mount options: the one table of all words that are known, and the functions that walk it. The
 * input is the option list of a mount, the output are bits for mount(2), mount_setattr(2) and
 * fsconfig(2) and the words that are left for the file system. Nothing here touches the host.
 */
#include <linux/mount.h>

#include <specutils/json.h>
#include <specutils/log.h>
#include <specutils/mount.h>

#include "base/base.h"

enum {
    SETS = 1,
    CLEARS = 2,
    PROPAGATES = 4,
    RECURSIVE = 8, /* the whole tree, by mount_setattr(2) only: has no place in mount(2)'s flags */
};

/* Which bool of struct su_mount_opts a word sets; at NONE is another member. */
enum {
    NONE = 0,
    BIND = offsetof(struct su_mount_opts, bind),
    RBIND = offsetof(struct su_mount_opts, rbind),
    REMOUNT = offsetof(struct su_mount_opts, remount),
    TMPCOPYUP = offsetof(struct su_mount_opts, tmpcopyup),
    IDMAP = offsetof(struct su_mount_opts, idmap),
    RIDMAP = offsetof(struct su_mount_opts, ridmap),
    COPY_SYMLINK = offsetof(struct su_mount_opts, copy_symlink),
    SRC_NOFOLLOW = offsetof(struct su_mount_opts, src_nofollow),
    DEST_NOFOLLOW = offsetof(struct su_mount_opts, dest_nofollow),
};

struct mount_word {
    const char *name;
    unsigned how;
    uint32_t ms;
    size_t member;
};

/* Sorted by name: it is searched by halves. */
/* clang-format off */
#define MOUNT_WORDS(X) \
    X("acl",            SETS,               MS_POSIXACL,            NONE) \
    X("async",          CLEARS,             MS_SYNCHRONOUS,         NONE) \
    X("atime",          CLEARS,             MS_NOATIME,             NONE) \
    X("bind",           SETS,               MS_BIND,                BIND) \
    X("copy-symlink",   0,                  0,                      COPY_SYMLINK) \
    X("defaults",       0,                  0,                      NONE) \
    X("dest-nofollow",  0,                  0,                      DEST_NOFOLLOW) \
    X("dev",            CLEARS,             MS_NODEV,               NONE) \
    X("diratime",       CLEARS,             MS_NODIRATIME,          NONE) \
    X("dirsync",        SETS,               MS_DIRSYNC,             NONE) \
    X("exec",           CLEARS,             MS_NOEXEC,              NONE) \
    X("idmap",          0,                  0,                      IDMAP) \
    X("iversion",       SETS,               MS_I_VERSION,           NONE) \
    X("lazytime",       SETS,               MS_LAZYTIME,            NONE) \
    X("loud",           CLEARS,             MS_SILENT,              NONE) \
    X("mand",           SETS,               MS_MANDLOCK,            NONE) \
    X("noacl",          CLEARS,             MS_POSIXACL,            NONE) \
    X("noatime",        SETS,               MS_NOATIME,             NONE) \
    X("nodev",          SETS,               MS_NODEV,               NONE) \
    X("nodiratime",     SETS,               MS_NODIRATIME,          NONE) \
    X("noexec",         SETS,               MS_NOEXEC,              NONE) \
    X("noiversion",     CLEARS,             MS_I_VERSION,           NONE) \
    X("nolazytime",     CLEARS,             MS_LAZYTIME,            NONE) \
    X("nomand",         CLEARS,             MS_MANDLOCK,            NONE) \
    X("norelatime",     CLEARS,             MS_RELATIME,            NONE) \
    X("nostrictatime",  CLEARS,             MS_STRICTATIME,         NONE) \
    X("nosuid",         SETS,               MS_NOSUID,              NONE) \
    X("nosymfollow",    SETS,               MS_NOSYMFOLLOW,         NONE) \
    X("private",        PROPAGATES,         MS_PRIVATE,             NONE) \
    X("rasync",         CLEARS | RECURSIVE, MS_SYNCHRONOUS,         NONE) \
    X("ratime",         CLEARS | RECURSIVE, MS_NOATIME,             NONE) \
    X("rbind",          SETS,               MS_BIND | MS_REC,       RBIND) \
    X("rdev",           CLEARS | RECURSIVE, MS_NODEV,               NONE) \
    X("rdiratime",      CLEARS | RECURSIVE, MS_NODIRATIME,          NONE) \
    X("rdirsync",       SETS | RECURSIVE,   MS_DIRSYNC,             NONE) \
    X("relatime",       SETS,               MS_RELATIME,            NONE) \
    X("remount",        SETS,               MS_REMOUNT,             REMOUNT) \
    X("rexec",          CLEARS | RECURSIVE, MS_NOEXEC,              NONE) \
    X("ridmap",         0,                  0,                      RIDMAP) \
    X("rmand",          SETS | RECURSIVE,   MS_MANDLOCK,            NONE) \
    X("rnoatime",       SETS | RECURSIVE,   MS_NOATIME,             NONE) \
    X("rnodev",         SETS | RECURSIVE,   MS_NODEV,               NONE) \
    X("rnodiratime",    SETS | RECURSIVE,   MS_NODIRATIME,          NONE) \
    X("rnoexec",        SETS | RECURSIVE,   MS_NOEXEC,              NONE) \
    X("rnomand",        CLEARS | RECURSIVE, MS_MANDLOCK,            NONE) \
    X("rnorelatime",    CLEARS | RECURSIVE, MS_RELATIME,            NONE) \
    X("rnostrictatime", CLEARS | RECURSIVE, MS_STRICTATIME,         NONE) \
    X("rnosuid",        SETS | RECURSIVE,   MS_NOSUID,              NONE) \
    X("rnosymfollow",   SETS | RECURSIVE,   MS_NOSYMFOLLOW,         NONE) \
    X("ro",             SETS,               MS_RDONLY,              NONE) \
    X("rprivate",       PROPAGATES,         MS_PRIVATE | MS_REC,    NONE) \
    X("rrelatime",      SETS | RECURSIVE,   MS_RELATIME,            NONE) \
    X("rro",            SETS | RECURSIVE,   MS_RDONLY,              NONE) \
    X("rrw",            CLEARS | RECURSIVE, MS_RDONLY,              NONE) \
    X("rshared",        PROPAGATES,         MS_SHARED | MS_REC,     NONE) \
    X("rslave",         PROPAGATES,         MS_SLAVE | MS_REC,      NONE) \
    X("rstrictatime",   SETS | RECURSIVE,   MS_STRICTATIME,         NONE) \
    X("rsuid",          CLEARS | RECURSIVE, MS_NOSUID,              NONE) \
    X("rsymfollow",     CLEARS | RECURSIVE, MS_NOSYMFOLLOW,         NONE) \
    X("rsync",          SETS | RECURSIVE,   MS_SYNCHRONOUS,         NONE) \
    X("runbindable",    PROPAGATES,         MS_UNBINDABLE | MS_REC, NONE) \
    X("rw",             CLEARS,             MS_RDONLY,              NONE) \
    X("shared",         PROPAGATES,         MS_SHARED,              NONE) \
    X("silent",         SETS,               MS_SILENT,              NONE) \
    X("slave",          PROPAGATES,         MS_SLAVE,               NONE) \
    X("src-nofollow",   0,                  0,                      SRC_NOFOLLOW) \
    X("strictatime",    SETS,               MS_STRICTATIME,         NONE) \
    X("suid",           CLEARS,             MS_NOSUID,              NONE) \
    X("symfollow",      CLEARS,             MS_NOSYMFOLLOW,         NONE) \
    X("sync",           SETS,               MS_SYNCHRONOUS,         NONE) \
    X("tmpcopyup",      0,                  0,                      TMPCOPYUP) \
    X("unbindable",     PROPAGATES,         MS_UNBINDABLE,          NONE)

#define AS_ROW(...) {__VA_ARGS__},
#define AS_NAME(name, ...) name,

static const struct mount_word words[] = {MOUNT_WORDS(AS_ROW)};
static const char *const names[] = {MOUNT_WORDS(AS_NAME)};
/* clang-format on */

static const uint32_t sb_mask = MS_RDONLY | MS_SYNCHRONOUS | MS_MANDLOCK | MS_DIRSYNC | MS_SILENT |
                                MS_POSIXACL | MS_I_VERSION | MS_LAZYTIME;
/* The bits that belong to a mount, not to its file system, in both of the kernel's interfaces. */
static const struct {
    uint32_t ms, attr;
} attrs[] = {
    {MS_RDONLY, MOUNT_ATTR_RDONLY},
    {MS_NOSUID, MOUNT_ATTR_NOSUID},
    {MS_NODEV, MOUNT_ATTR_NODEV},
    {MS_NOEXEC, MOUNT_ATTR_NOEXEC},
    {MS_NOSYMFOLLOW, MOUNT_ATTR_NOSYMFOLLOW},
    {MS_NODIRATIME, MOUNT_ATTR_NODIRATIME},
    {MS_NOATIME, MOUNT_ATTR_NOATIME},
    {MS_STRICTATIME, MOUNT_ATTR_STRICTATIME},
    {MS_RELATIME, MOUNT_ATTR_RELATIME},
};

static const uint32_t atime_mask = MS_NOATIME | MS_RELATIME | MS_STRICTATIME;

static int compare_word(const void *name, const void *row)
{
    return strcmp(name, ((const struct mount_word *)row)->name);
}

static const struct mount_word *find_word(const char *name)
{
    return bsearch(name, words, SU_ARRAY_SIZE(words), sizeof(words[0]), compare_word);
}

const char *const *su_known_mount_options(size_t *n)
{
    *n = SU_ARRAY_SIZE(names);
    return names;
}

static uint32_t apply_ms(uint32_t flags, const struct mount_word *word)
{
    if (word->how & SETS)
        return flags | word->ms;
    return word->how & CLEARS ? flags & ~word->ms : flags;
}

uint32_t su_options_to_flags(const struct su_strv *opts)
{
    uint32_t flags = 0;

    for (size_t i = 0; i < opts->n; i++) {
        const struct mount_word *word = find_word(opts->v[i]);
        if (word && !(word->how & RECURSIVE))
            flags = apply_ms(flags, word);
    }
    return flags;
}

uint32_t su_prop_options_to_flags(const struct su_strv *opts)
{
    uint32_t flags = 0;

    for (size_t i = 0; i < opts->n; i++) {
        const struct mount_word *word = find_word(opts->v[i]);
        if (word && (word->how & PROPAGATES))
            flags |= word->ms;
    }
    return flags;
}

bool su_is_readonly_mount(const struct su_strv *opts)
{
    for (size_t i = 0; i < opts->n; i++) {
        if (su_streq(opts->v[i], "ro"))
            return true;
    }
    return false;
}

/* gVisor's sandbox cannot let mount events out to the host, and must not. */
static bool is_refused(const char *word, enum su_flavor flavor)
{
    return flavor == SU_FLAVOR_RUNSC && (su_streq(word, "shared") || su_streq(word, "rshared"));
}

int su_filter_mount_options(struct su_arena *arena, const struct su_strv *opts,
                            enum su_flavor flavor, struct su_strv *out, struct su_error *err)
{
    struct su_strv kept = {.v = su_arena_array(arena, opts->n + 1, sizeof(char *))};

    if (!kept.v)
        return su_fail(err, ENOMEM, "out of memory");
    for (size_t i = 0; i < opts->n; i++) {
        if (is_refused(opts->v[i], flavor))
            su_warn("mount option \"%s\" dropped, this flavor does not support it", opts->v[i]);
        else
            kept.v[kept.n++] = opts->v[i];
    }
    *out = kept;
    return 0;
}

int su_validate_mount_options(const struct su_strv *opts, enum su_flavor flavor,
                              struct su_error *err)
{
    for (size_t i = 0; i < opts->n; i++) {
        if (!is_refused(opts->v[i], flavor))
            continue;
        char path[sizeof("options[]") + 20];
        snprintf(path, sizeof(path), "options[%zu]", i);
        return su_fail_at(err, SU_ERR_MOUNT_OPTION, EINVAL, path,
                          "\"%s\" not supported by this flavor, expected private, slave or "
                          "unbindable propagation",
                          opts->v[i]);
    }
    return 0;
}

static uint64_t attr_of(uint32_t ms)
{
    for (size_t i = 0; i < SU_ARRAY_SIZE(attrs); i++) {
        if (attrs[i].ms == ms)
            return attrs[i].attr;
    }
    return 0;
}

/*
 * MOUNT_ATTR__ATIME is a field: the kernel wants the whole mask cleared whenever a value is set.
 * A word that takes another word's value back leads to relatime, the kernel's default, unless a
 * third word has decided meanwhile; so "norelatime" has nothing to do.
 */
static void apply_atime(uint64_t *set, uint64_t *clr, const struct mount_word *word)
{
    uint64_t value = attr_of(word->ms);
    bool decided = *clr & MOUNT_ATTR__ATIME;

    if (word->how & CLEARS) {
        if (word->ms == MS_RELATIME || (decided && (*set & MOUNT_ATTR__ATIME) != value))
            return;
        value = MOUNT_ATTR_RELATIME;
    }
    *clr |= MOUNT_ATTR__ATIME;
    *set = (*set & ~(uint64_t)MOUNT_ATTR__ATIME) | value;
}

static void apply_attr(uint64_t *set, uint64_t *clr, const struct mount_word *word)
{
    uint64_t bit = attr_of(word->ms);

    if (word->ms & atime_mask) {
        apply_atime(set, clr, word);
    } else if (word->how & SETS) {
        *set |= bit;
        *clr &= ~bit;
    } else if (word->how & CLEARS) {
        *clr |= bit;
        *set &= ~bit;
    }
}

/* A recursive word also decides for the top of the tree, over plain words before it. */
static void forget_plain(struct su_mount_opts *out, const struct mount_word *word)
{
    uint64_t bits = word->ms & atime_mask ? (uint64_t)MOUNT_ATTR__ATIME : attr_of(word->ms);

    out->attr_set &= ~bits;
    out->attr_clr &= ~bits;
}

static void apply_word(struct su_mount_opts *out, const struct mount_word *word)
{
    if (word->member != NONE)
        *(bool *)((char *)out + word->member) = true;
    if (word->how & PROPAGATES) {
        out->propagation[out->n_propagation++] = word->ms;
        return;
    }
    out->sb_flags = apply_ms(out->sb_flags, word) & sb_mask;
    if (word->how & RECURSIVE) {
        forget_plain(out, word);
        apply_attr(&out->rec_set, &out->rec_clr, word);
    } else {
        out->flags = apply_ms(out->flags, word);
        apply_attr(&out->attr_set, &out->attr_clr, word);
    }
}

/*
 * mount(2) would see the bits of all atime words at once and choose by a rule of its own, so it
 * is shown the deciding one only. It also takes "no atime bit" on a remount for "as before".
 */
static uint32_t settle_atime(const struct su_mount_opts *opts)
{
    if (!(opts->attr_clr & MOUNT_ATTR__ATIME))
        return opts->flags;
    uint32_t bit = MS_RELATIME;
    if (opts->attr_set & MOUNT_ATTR_NOATIME)
        bit = MS_NOATIME;
    else if (opts->attr_set & MOUNT_ATTR_STRICTATIME)
        bit = MS_STRICTATIME;
    return (opts->flags & ~atime_mask) | bit;
}

static int unknown_word(const char *word, const char *json_path, size_t index, struct su_error *err)
{
    _cleanup_(su_strbuf_free) struct su_strbuf path = {0};
    const char *near = su_nearest_word(word, names, SU_ARRAY_SIZE(names));

    su_strbuf_printf(&path, "%s%soptions[%zu]", json_path ? json_path : "", json_path ? "." : "",
                     index);
    if (path.failed)
        return su_fail(err, ENOMEM, "out of memory");
    if (near)
        return su_fail_at(err, SU_ERR_MOUNT_OPTION, EINVAL, path.text,
                          "\"%s\" is not a mount option of bind mounts (did you mean \"%s\"?)",
                          word, near);
    return su_fail_at(err, SU_ERR_MOUNT_OPTION, EINVAL, path.text,
                      "\"%s\" is not a mount option of bind mounts, which have no options of a "
                      "file system of their own",
                      word);
}

int su_parse_mount_options(struct su_arena *arena, const struct su_strv *opts, bool is_bind,
                           const char *json_path, struct su_mount_opts *out, struct su_error *err)
{
    *out = (struct su_mount_opts){
        .data.v = su_arena_array(arena, opts->n + 1, sizeof(char *)),
        .data_index = su_arena_array(arena, opts->n, sizeof(size_t)),
        .propagation = su_arena_array(arena, opts->n, sizeof(uint32_t)),
    };
    if (!out->data.v || !out->data_index || !out->propagation)
        return su_fail(err, ENOMEM, "out of memory");
    for (size_t i = 0; i < opts->n; i++) {
        char *text = opts->v[i];
        const struct mount_word *word = find_word(text);
        if (word) {
            apply_word(out, word);
        } else if (*text && is_bind) {
            return unknown_word(text, json_path, i, err);
        } else if (*text) {
            out->data_index[out->data.n] = i;
            out->data.v[out->data.n++] = text;
        }
    }
    out->flags = settle_atime(out);
    out->bind |= out->rbind;
    out->idmap |= out->ridmap;
    return 0;
}
