/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors as values. A function that can fail returns 0 or a negative errno and, if its last
 * argument is not NULL, describes the failure there: what failed, on what, why, and where known
 * what to do. Nothing in this library prints an error or ends the process.
 */
#ifndef SPECUTILS_ERROR_H
#define SPECUTILS_ERROR_H

#include <specutils/visibility.h>

SU_BEGIN_DECLS

/* What kind of thing failed; lets a caller react without parsing the message. */
enum su_err_kind {
    SU_ERR_IO = 1,        /* a system call failed; errnum tells which way */
    SU_ERR_JSON,          /* not JSON, or not the JSON that was expected */
    SU_ERR_SPEC,          /* valid JSON that breaks a rule of the specification */
    SU_ERR_MOUNT_OPTION,  /* a mount option is unknown or refused */
    SU_ERR_CAPABILITY,    /* a capability name is unknown */
    SU_ERR_ENV,           /* an environment entry is malformed */
    SU_ERR_FLAG,          /* a configuration flag set by an annotation was refused */
    SU_ERR_NAMESPACE,     /* a namespace could not be made or joined */
    SU_ERR_SYMLINK_MOUNT, /* a mount target is a symbolic link; expected and found are set */
    SU_ERR_TIMEOUT,       /* something did not happen in time */
    SU_ERR_EXITED,        /* a process ended before it should have */
    SU_ERR_DEVICE,        /* an accelerator request is malformed */
    SU_ERR_SECCOMP,       /* a seccomp profile cannot be turned into a filter */
};

/*
 * One failure. Start from zero (struct su_error err = {0}), end with su_error_clear(). All
 * strings are owned by the struct. json_path is NULL where the failure has no place in a
 * document; msg starts with it where it has one, so msg alone is enough to show a person.
 */
struct su_error {
    enum su_err_kind kind;
    int errnum;      /* positive errno value */
    char *json_path; /* "mounts[2].options[0]", or NULL */
    char *msg;       /* one sentence, lower case, no final stop; NULL if memory was short */
    char *expected;  /* SU_ERR_SYMLINK_MOUNT: the path that was asked for */
    char *found;     /* SU_ERR_SYMLINK_MOUNT: the path that it leads to */
};

/*
 * Fills err (if not NULL) with kind SU_ERR_IO and the formatted message, replacing what was
 * there. errnum is a positive errno value. Returns -errnum, so that a failing function can end
 * with "return su_fail(err, EINVAL, ...)".
 */
SU_API int su_fail(struct su_error *err, int errnum, const char *fmt, ...) SU_PRINTF(3, 4);

/*
 * Like su_fail() with a kind and a place: json_path may be NULL; if not, it is copied and put
 * before the message as "<json_path>: ".
 */
SU_API int su_fail_at(struct su_error *err, enum su_err_kind kind, int errnum,
                      const char *json_path, const char *fmt, ...) SU_PRINTF(5, 6);

/*
 * Puts "<formatted text>: " before the message of an error that is already set; kind, errnum
 * and json_path stay. For a caller that knows something the callee did not. Returns -errnum.
 */
SU_API int su_error_prefix(struct su_error *err, const char *fmt, ...) SU_PRINTF(2, 3);

/* The message to show, never NULL: msg, or the text of errnum where msg could not be made. */
SU_API const char *su_error_text(const struct su_error *err);

/* Frees what err owns and zeroes it. err may be NULL. */
SU_API void su_error_clear(struct su_error *err);

SU_END_DECLS

#endif
