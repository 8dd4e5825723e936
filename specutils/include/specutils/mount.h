/* SPDX-License-Identifier: Apache-2.0 */
/* Mount options and mounts of a spec: words to flags, bind mounts, safe mount points. */
#ifndef SPECUTILS_MOUNT_H
#define SPECUTILS_MOUNT_H

#include <stdbool.h>
#include <stdint.h>
#include <specutils/arena.h>
#include <specutils/config.h>
#include <specutils/error.h>
#include <specutils/oci.h>
#include <specutils/visibility.h>

SU_BEGIN_DECLS

/* MS_* bits of the known words, left to right; unknown words are skipped. Seed: OptionsToFlags. */
SU_API uint32_t su_options_to_flags(const struct su_strv *opts);
/* MS_* bits of the propagation words, OR-ed. Seed: PropOptionsToFlags. */
SU_API uint32_t su_prop_options_to_flags(const struct su_strv *opts);
/* True if "ro" stands anywhere in the list. Seed: IsReadonlyMount. */
SU_API bool su_is_readonly_mount(const struct su_strv *opts);
/* A new list (in arena) without the options that the flavor refuses, a warning for each.
 * -ENOMEM. Seed: FilterMountOptions. */
SU_API int su_filter_mount_options(struct su_arena *arena, const struct su_strv *opts,
                                   enum su_flavor flavor, struct su_strv *out,
                                   struct su_error *err);
/* -EINVAL naming the first option that the flavor refuses. Seed: ValidateMountOptions. */
SU_API int su_validate_mount_options(const struct su_strv *opts, enum su_flavor flavor,
                                     struct su_error *err);
/* Sets the type (in arena) and drops bind and rbind from the options unless it is "bind"; true
 * if the type changed; false also when memory is short. Seed: ChangeMountType. */
SU_API bool su_change_mount_type(struct su_arena *arena, struct oci_mount *mount,
                                 const char *new_type);
/* Makes the type "bind" where the options say bind or rbind. Seed: MaybeConvertToBindMount. */
SU_API void su_maybe_convert_to_bind_mount(struct oci_mount *mount);
/* True for a bind mount with a source. Seed: IsGoferMount. */
SU_API bool su_is_gofer_mount(const struct oci_mount *mount);
/* True for a bind mount by type or option, with or without a source. */
SU_API bool su_is_bind_mount(const struct oci_mount *mount);

/*
 * The words of an option list, sorted out. Pointers live in the arena given to the parser. The
 * recursive attributes are to be applied first, then the plain ones: a plain word that stands
 * before a recursive one of the same kind has been overruled and is no longer there. Atime is a
 * field: where a word decides it, the whole MOUNT_ATTR__ATIME is in *_clr and the value in *_set.
 */
struct su_mount_opts {
    uint32_t flags;              /* MS_* bits, as su_options_to_flags(), but of the atime bits
                                    only the deciding one */
    uint64_t attr_set, attr_clr; /* MOUNT_ATTR_* of mount_setattr(2): this mount; a word that
                                    clears puts its bit into attr_clr, the last word wins */
    uint64_t rec_set, rec_clr;   /* the same, recursive ("rro", "rnosuid", ...) */
    uint32_t sb_flags;           /* MS_* bits of the file system itself: ro, sync, dirsync, mand,
                                    lazytime, iversion, acl, silent; for new mounts only */
    uint32_t *propagation;       /* MS_* values, each to be applied in its own call, in order */
    size_t n_propagation;
    struct su_strv data; /* words for the file system itself, in order */
    size_t *data_index;  /* for each data word, its index in the option list */
    bool bind, rbind;    /* rbind implies bind */
    bool idmap, ridmap;  /* ridmap implies idmap */
    bool remount, tmpcopyup, copy_symlink, src_nofollow, dest_nofollow;
};

/*
 * Sorts an option list out. json_path (of the mount, "mounts[3]") is used in messages. On a bind
 * mount a word that is not known is an error with a suggestion (-EINVAL, SU_ERR_MOUNT_OPTION);
 * elsewhere it is data for the file system. An empty word is skipped. config.md, "Linux mount
 * options".
 */
SU_API int su_parse_mount_options(struct su_arena *arena, const struct su_strv *opts, bool is_bind,
                                  const char *json_path, struct su_mount_opts *out,
                                  struct su_error *err);

/* The known option words, sorted, for features and suggestions. */
SU_API const char *const *su_known_mount_options(size_t *n);

/* One mount(2) call. proc_path NULL: "/proc". */
struct su_mount_req {
    const char *src, *dst, *fstype, *data;
    unsigned long flags;
    const char *proc_path;
};

/*
 * mount(2) that refuses a target with a symbolic link in any part: SU_ERR_SYMLINK_MOUNT,
 * -ELOOP; a target that is not a clean absolute path: the same kind, -EINVAL. Seed: SafeMount.
 */
SU_API int su_safe_mount(const struct su_mount_req *req, struct su_error *err);
/* Makes the mount point (folder, or file for a bind of a file), then su_safe_mount() with empty
 * data. Never creates through a symbolic link. Seed: SafeSetupAndMount. */
SU_API int su_safe_setup_and_mount(const struct su_mount_req *req, struct su_error *err);

SU_END_DECLS

#endif
