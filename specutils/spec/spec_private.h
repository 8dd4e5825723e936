/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of this folder share about specs: unexported annotation keys, the steps of
 * reading, and how checks name the place that they complain about.
 */
#ifndef SU_SPEC_PRIVATE_H
#define SU_SPEC_PRIVATE_H

#include <specutils/mount.h>
#include <specutils/spec.h>

#include "../base/base.h"

/* Keys of the original that are no part of its interface. */
#define SU_ANNOTATION_FLAG_PREFIX "dev.gvisor.flag."
#define SU_ANNOTATION_BUNDLE_PREFIX "dev.gvisor.bundle."
#define SU_ANNOTATION_SECCOMP_PREFIX "dev.gvisor.internal.seccomp."
#define SU_SECCOMP_RUNTIME_DEFAULT "RuntimeDefault"
#define SU_SPEC_FILE "config.json"

/* path.c: makes root.path and the sources of bind mounts absolute. -ENOMEM, or getcwd's error. */
int su_normalize_paths(struct su_spec *spec, const char *bundle_dir, enum su_flavor flavor,
                       struct su_error *err);
/* flags.c: configuration by annotation. conf may be NULL. */
int su_apply_annotations(struct su_spec *spec, struct su_config *conf, struct su_error *err);

/* A place in a spec, made into a path only if it is needed: object.list[index].member, or with a
 * key object.list["key"].member. Parts may be NULL; index counts only where there is a list. */
struct place {
    const char *object, *list;
    size_t index;
    const char *key, *member;
};

/* validate_fail.c: -EINVAL, SU_ERR_SPEC, at that place. */
int su_bad(struct su_error *err, struct place place, const char *fmt, ...) SU_PRINTF(3, 4);
/* The same; the message begins with the value in quotes. */
int su_bad_value(struct su_error *err, struct place place, const char *value, const char *fmt, ...)
    SU_PRINTF(4, 5);
/* The path of a place, malloc'd, or NULL. */
char *su_place_path(struct place place);

/* Checks shared by several parts; each returns 0 or -EINVAL. */
/* A list of numbers and ranges, "0-3,7": CPUs, memory nodes. */
int su_check_number_list(const char *list, struct place place, struct su_error *err);
int su_check_absolute(const char *path, struct place place, struct su_error *err);
/* Refuses ".." as a part of path. */
int su_check_no_dotdot(const char *path, struct place place, struct su_error *err);
/* Sizes, overflows and overlaps; path is the list's. */
int su_check_id_mappings(const struct oci_id_mapping *maps, size_t n, const char *path,
                         struct su_error *err);

/* The parts of su_validate_spec() that are in files of their own; all for the native flavor. */
int su_validate_mounts(const struct oci_spec *spec, struct su_error *err);
int su_validate_linux(const struct oci_spec *spec, struct su_error *err);
int su_validate_namespaces(const struct oci_spec *spec, struct su_error *err);

#endif
