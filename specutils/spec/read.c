/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a bundle's config.json to a spec that is decoded, valid, and has absolute paths. The file
 * is read as the caller's words: it is checked, but not distrusted.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "spec_private.h"

static int fail_open(struct su_error *err, const char *bundle_dir, int errnum)
{
    const char *hint =
        errnum == ENOENT || errnum == ENOTDIR ? " (is this a bundle directory?)" : "";

    return su_fail(err, errnum, "bundle \"%s\": cannot open " SU_SPEC_FILE ": %s%s", bundle_dir,
                   strerrordesc_np(errnum), hint);
}

int su_open_spec(const char *bundle_dir, struct su_error *err)
{
    _cleanup_arena_ struct su_arena arena = {0};
    struct stat st;

    const char *path = su_clean_path(&arena, bundle_dir, SU_SPEC_FILE);
    if (!path)
        return fail_open(err, bundle_dir, ENOMEM);
    /* O_NONBLOCK: opening a FIFO would wait for a writer. It means nothing to regular files. */
    _cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 || fstat(fd, &st) < 0)
        return fail_open(err, bundle_dir, errno);
    if (!S_ISREG(st.st_mode))
        return su_fail(err, EINVAL, "bundle \"%s\": " SU_SPEC_FILE " is not a regular file",
                       bundle_dir);
    return su_take_fd(&fd);
}

/* Reads the rest of fd. -EFBIG and read errors are described. */
static int read_text(int fd, char **text, size_t *len, struct su_error *err)
{
    int rc = su_read_all(fd, SU_JSON_MAX_BYTES, text, len);

    if (rc == -EFBIG)
        return su_fail_at(err, SU_ERR_JSON, EFBIG, NULL,
                          "the document is too big, expected at most %u bytes", SU_JSON_MAX_BYTES);
    return rc < 0 ? su_fail(err, -rc, "cannot read the document: %s", strerrordesc_np(-rc)) : 0;
}

static int read_steps(const char *bundle_dir, int fd, struct su_config *conf, struct su_spec *spec,
                      struct su_error *err)
{
    _cleanup_free_ char *text = NULL;
    size_t len = 0;

    if (lseek(fd, 0, SEEK_SET) < 0)
        return su_fail(err, errno, "cannot read the document from its start: %s",
                       strerrordesc_np(errno));
    int rc = read_text(fd, &text, &len, err);
    if (rc == 0)
        rc = su_json_decode(&su_type_oci_spec, text, len, &spec->arena, &spec->oci, err);
    if (rc == 0)
        rc = su_validate_spec(&spec->oci, conf, err);
    if (rc == 0)
        rc = su_normalize_paths(spec, bundle_dir, conf ? conf->flavor : SU_FLAVOR_NATIVE, err);
    if (rc == 0)
        rc = su_apply_annotations(spec, conf, err);
    spec->text = su_take_ptr(&text);
    spec->text_len = len;
    return rc;
}

int su_read_spec_from_file(const char *bundle_dir, int fd, struct su_config *conf,
                           struct su_spec *spec, struct su_error *err)
{
    *spec = (struct su_spec){0};
    int rc = read_steps(bundle_dir, fd, conf, spec, err);
    if (rc < 0)
        su_spec_free(spec);
    return rc;
}

int su_read_spec(const char *bundle_dir, struct su_config *conf, struct su_spec *spec,
                 struct su_error *err)
{
    *spec = (struct su_spec){0};
    _cleanup_fd_ int fd = su_open_spec(bundle_dir, err);
    if (fd < 0)
        return fd;
    int rc = su_read_spec_from_file(bundle_dir, fd, conf, spec, err);
    if (rc < 0)
        su_error_prefix(err, "bundle \"%s\": " SU_SPEC_FILE, bundle_dir);
    return rc;
}

static bool is_null(const char *text)
{
    text += strspn(text, " \t\r\n");
    return su_has_prefix(text, "null") && text[4 + strspn(text + 4, " \t\r\n")] == '\0';
}

int su_read_mounts(int fd, struct su_arena *arena, struct oci_mount **mounts, size_t *n,
                   struct su_error *err)
{
    _cleanup_free_ char *text = NULL;
    void *list = NULL;
    size_t len;

    *mounts = NULL;
    *n = 0;
    int rc = read_text(fd, &text, &len, err);
    if (rc < 0 || is_null(text))
        return rc;
    rc = su_json_decode_list(&su_type_oci_mount, text, len, arena, &list, n, err);
    *mounts = list;
    return rc;
}

void su_spec_free(struct su_spec *spec)
{
    if (!spec)
        return;
    su_arena_free(&spec->arena);
    free(spec->text);
    *spec = (struct su_spec){0};
}

const char *oci_annotation(const struct oci_spec *spec, const char *key)
{
    for (size_t i = 0; spec && i < spec->annotations.n; i++)
        if (su_streq(spec->annotations.v[i].key, key))
            return spec->annotations.v[i].value;
    return NULL;
}
