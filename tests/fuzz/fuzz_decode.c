/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as each of the documents that the library reads: they are refused with words, or give
 * a struct that can be walked. */
#include "fuzz_table.h"

union object {
    struct oci_spec spec;
    struct oci_process process;
    struct oci_resources resources;
};

static void decode_object(const struct su_type *t, const char *text, size_t size)
{
    _cleanup_arena_ struct su_arena arena = {0};
    _cleanup_error_ struct su_error err = {0};
    union object object = {0};

    int rc = su_json_decode(t, text, size, &arena, &object, &err);
    if (rc < 0)
        fuzz_check_error(rc, &err);
    else
        fuzz_require(fuzz_equal(t, (char *)&object, (char *)&object), "not equal to itself");
    if (rc == 0 && su_json_check_required(t, &object, &err) < 0)
        fuzz_check_error(-EINVAL, &err);
}

static void decode_list(const char *text, size_t size)
{
    _cleanup_arena_ struct su_arena arena = {0};
    _cleanup_error_ struct su_error err = {0};
    void *list;
    size_t n;

    int rc = su_json_decode_list(&su_type_oci_mount, text, size, &arena, &list, &n, &err);
    if (rc < 0)
        fuzz_check_error(rc, &err);
    for (size_t i = 0; rc == 0 && i < n; i++) {
        char *mount = (char *)((struct oci_mount *)list + i);
        fuzz_require(fuzz_equal(&su_type_oci_mount, mount, mount), "not equal to itself");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_log_everything();
    /* The decoder must not need a NUL behind the text. */
    const char *text = size ? (const char *)data : "";
    decode_object(&su_type_oci_spec, text, size);
    decode_object(&su_type_oci_process, text, size);
    decode_object(&su_type_oci_resources, text, size);
    decode_list(text, size);
    return 0;
}
