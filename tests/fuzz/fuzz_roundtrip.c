/* SPDX-License-Identifier: Apache-2.0 */
/* What is decoded, encoded and decoded again is the same, and so is its text from then on, in one
 * line and indented. */
#include "fuzz_table.h"

union object {
    struct oci_spec spec;
    struct oci_process process;
    struct oci_resources resources;
};

static void again(const struct su_type *t, const union object *object, unsigned flags,
                  const char *expected)
{
    _cleanup_arena_ struct su_arena arena = {0};
    _cleanup_error_ struct su_error err = {0};
    _cleanup_free_ char *text = NULL;
    _cleanup_free_ char *text_again = NULL;
    union object copy = {0};
    size_t len = 0;

    fuzz_require(su_json_encode(t, object, flags, 3, &text, &len, NULL) == 0, "not encoded");
    fuzz_require(strlen(text) == len, "%zu bytes, %zu said", strlen(text), len);
    int rc = su_json_decode(t, text, len, &arena, &copy, &err);
    fuzz_require(rc == 0, "decoding %s: %s", text, rc < 0 ? su_error_text(&err) : "");
    fuzz_require(fuzz_equal(t, (const char *)object, (char *)&copy), "changed by %s", text);
    fuzz_require(su_json_encode(t, &copy, 0, 0, &text_again, NULL, NULL) == 0, "not encoded");
    fuzz_require(su_streq(text_again, expected), "%s became %s", expected, text_again);
}

static void round_trip(const struct su_type *t, const char *text, size_t size)
{
    _cleanup_arena_ struct su_arena arena = {0};
    _cleanup_free_ char *encoded = NULL;
    union object object = {0};

    if (su_json_decode(t, text, size, &arena, &object, NULL) < 0)
        return;
    fuzz_require(su_json_encode(t, &object, 0, 0, &encoded, NULL, NULL) == 0, "not encoded");
    again(t, &object, 0, encoded);
    again(t, &object, SU_JSON_PRETTY, encoded);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = size ? (const char *)data : "";

    round_trip(&su_type_oci_spec, text, size);
    round_trip(&su_type_oci_process, text, size);
    round_trip(&su_type_oci_resources, text, size);
    return 0;
}
