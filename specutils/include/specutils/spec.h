/* SPDX-License-Identifier: Apache-2.0 */
/* From a bundle to a valid spec: open, decode, normalize, validate; and to print one. */
#ifndef SPECUTILS_SPEC_H
#define SPECUTILS_SPEC_H

#include <specutils/arena.h>
#include <specutils/config.h>
#include <specutils/error.h>
#include <specutils/oci.h>
#include <specutils/visibility.h>

SU_BEGIN_DECLS

/* A spec that owns its arena. Start from zero, end with su_spec_free(). */
struct su_spec {
    struct su_arena arena;
    struct oci_spec oci;
    char *text; /* the document that it was read from, owned */
    size_t text_len;
};

/*
 * Opens <bundle_dir>/config.json read-only and close-on-exec; the caller closes. Anything but a
 * regular file is refused with -EINVAL, so that a FIFO cannot hang the caller. Seed: OpenSpec.
 */
SU_API int su_open_spec(const char *bundle_dir, struct su_error *err);

/*
 * su_open_spec() and su_read_spec_from_file(). conf may be NULL (native defaults); flags set by
 * annotations are written to it, with strings from spec's arena. On failure spec is empty.
 * Seed: ReadSpec.
 */
SU_API int su_read_spec(const char *bundle_dir, struct su_config *conf, struct su_spec *spec,
                        struct su_error *err);

/*
 * Reads from the start of fd, decodes, validates, makes root.path and bind sources absolute
 * (relative to bundle_dir) and applies flag annotations, in this order. Seed: ReadSpecFromFile.
 */
SU_API int su_read_spec_from_file(const char *bundle_dir, int fd, struct su_config *conf,
                                  struct su_spec *spec, struct su_error *err);

/*
 * The rules of the specification that a decoder cannot see; see the flavors in config.h. The
 * first violation is reported (-EINVAL, SU_ERR_SPEC). Seed: ValidateSpec.
 */
SU_API int su_validate_spec(const struct oci_spec *spec, const struct su_config *conf,
                            struct su_error *err);

/*
 * Checks a process on its own (path is its place in messages, "process" or ""): the part of
 * su_validate_spec() that a document given to exec needs as well.
 */
SU_API int su_validate_process(const struct oci_process *process, const char *path,
                               struct su_error *err);

/* The same for linux.resources, which is also the document given to update. */
SU_API int su_validate_resources(const struct oci_resources *resources, const char *path,
                                 struct su_error *err);

/* Reads a JSON array of mounts from fd's current offset to its end. Seed: ReadMounts. */
SU_API int su_read_mounts(int fd, struct su_arena *arena, struct oci_mount **mounts, size_t *n,
                          struct su_error *err);

/*
 * One debug record "Spec:" with the spec as JSON, two spaces of indent, without the parts that
 * are long and dull and with the values of the environment masked. Nothing happens unless debug
 * records are wanted. Seed: LogSpecDebug.
 */
SU_API void su_log_spec_debug(const struct oci_spec *spec, bool log_seccomp);

/* Frees the arena and zeroes spec. NULL is allowed. */
SU_API void su_spec_free(struct su_spec *spec);

/*
 * dir and path joined and cleaned lexically: "." and empty parts vanish, ".." takes the part
 * before it, never above "/". An absolute path is returned as it is, byte for byte.
 */
SU_API char *su_clean_path(struct su_arena *arena, const char *dir, const char *path);

SU_END_DECLS

#endif
