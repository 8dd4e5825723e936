/* SPDX-License-Identifier: Apache-2.0 */
/* The annotations of CRI engines: container type, sandbox id, name, booleans. */
#include <specutils/annotation.h>

#include "linux_helpers.h"

#define CRI_TYPE SU_CONTAINERD_CONTAINER_TYPE_ANNOTATION
#define CRI_ID SU_CONTAINERD_SANDBOX_ID_ANNOTATION
#define CRIO_TYPE SU_CRIO_CONTAINER_TYPE_ANNOTATION
#define CRIO_ID SU_CRIO_SANDBOX_ID_ANNOTATION

struct literal {
    const char *key, *value;
};

static struct su_arena arena;

static void teardown(void)
{
    su_arena_free(&arena);
}

/* A spec with up to two annotations. */
static struct oci_spec spec_with(const struct literal *literals, size_t n)
{
    struct oci_spec spec = {0};

    spec.annotations.v = su_arena_array(&arena, 2, sizeof(struct oci_pair));
    for (size_t i = 0; i < n && literals[i].key; i++) {
        spec.annotations.v[spec.annotations.n++] = (struct oci_pair){
            su_arena_strdup(&arena, literals[i].key), su_arena_strdup(&arena, literals[i].value)};
    }
    return spec;
}

START_TEST(container_type_and_sandbox_id)
{
    const struct {
        struct literal pairs[2];
        enum su_container_type type;
        const char *id;
    } rows[] = {
        {{{CRI_TYPE, "sandbox"}}, SU_CONTAINER_TYPE_SANDBOX, NULL},
        {{{CRI_TYPE, "container"}, {CRI_ID, "s0"}}, SU_CONTAINER_TYPE_CONTAINER, "s0"},
        {{{CRI_TYPE, "Sandbox"}}, SU_CONTAINER_TYPE_UNKNOWN, NULL},
        {{{CRI_TYPE, ""}}, SU_CONTAINER_TYPE_UNKNOWN, NULL},
        {{{CRIO_TYPE, "container"}, {CRIO_ID, "s1"}}, SU_CONTAINER_TYPE_CONTAINER, "s1"},
        {{{CRIO_TYPE, "sandbox"}}, SU_CONTAINER_TYPE_SANDBOX, NULL},
        {{{CRIO_TYPE, "pod"}}, SU_CONTAINER_TYPE_UNKNOWN, NULL},
        {{{CRI_TYPE, "x"}, {CRIO_TYPE, "sandbox"}}, SU_CONTAINER_TYPE_UNKNOWN, NULL},
        {{{CRIO_TYPE, "container"}, {CRI_TYPE, "sandbox"}}, SU_CONTAINER_TYPE_SANDBOX, NULL},
        {{{CRI_ID, ""}, {CRIO_ID, "s1"}}, SU_CONTAINER_TYPE_UNSPECIFIED, ""},
        {{{"other", "sandbox"}}, SU_CONTAINER_TYPE_UNSPECIFIED, NULL},
    };
    for (size_t i = 0; i < SU_ARRAY_SIZE(rows); i++) {
        struct oci_spec spec = spec_with(rows[i].pairs, 2);
        ck_assert_int_eq(su_spec_container_type(&spec), rows[i].type);
        ck_assert_pstr_eq(su_sandbox_id(&spec), rows[i].id);
    }
}
END_TEST

START_TEST(nothing_is_known_of_an_absent_spec)
{
    ck_assert_int_eq(su_spec_container_type(NULL), SU_CONTAINER_TYPE_UNSPECIFIED);
    ck_assert_ptr_null(su_sandbox_id(NULL));
    ck_assert_str_eq(su_container_name(NULL), "");
    ck_assert(!su_annotation_to_bool(NULL, "k"));
}
END_TEST

START_TEST(container_name_is_that_of_containerd)
{
    const struct literal pairs[] = {{"io.kubernetes.cri.container-name", "web"}};
    const struct literal other[] = {{"io.kubernetes.cri-o.ContainerName", "web"}};
    struct oci_spec spec = spec_with(pairs, 1), without = spec_with(other, 1);

    ck_assert_str_eq(su_container_name(&spec), "web");
    ck_assert_str_eq(su_container_name(&without), "");
}
END_TEST

START_TEST(booleans_are_exact_words)
{
    static const char *const yes[] = {"1", "t", "T", "TRUE", "true", "True"};
    static const char *const no[] = {"0", "f", "F", "FALSE", "false", "False"};
    static const char *const wrong[] = {"yes", "on", " true", "", "tRUE", "2", "true "};
    struct captured_log log;
    struct oci_spec spec = spec_with(&(struct literal){"k", ""}, 1);
    char **value = &spec.annotations.v[0].value;

    capture_log(&log);
    for (size_t i = 0; i < SU_ARRAY_SIZE(yes); i++) {
        *value = (char *)yes[i];
        ck_assert(su_annotation_to_bool(&spec, "k"));
        *value = (char *)no[i];
        ck_assert(!su_annotation_to_bool(&spec, "k"));
    }
    ck_assert(!su_annotation_to_bool(&spec, "absent"));
    ck_assert_int_eq(log.warnings, 0);
    for (size_t i = 0; i < SU_ARRAY_SIZE(wrong); i++) {
        *value = (char *)wrong[i];
        ck_assert(!su_annotation_to_bool(&spec, "k"));
        ck_assert_int_eq(log.warnings, (int)i + 1);
        assert_text_has(log.last, "annotations[\"k\"]");
        assert_text_has(log.last, wrong[i]);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cri");
    TCase *tc = tcase_create("cri");

    tcase_add_checked_fixture(tc, NULL, teardown);
    tcase_add_test(tc, container_type_and_sandbox_id);
    tcase_add_test(tc, nothing_is_known_of_an_absent_spec);
    tcase_add_test(tc, container_name_is_that_of_containerd);
    tcase_add_test(tc, booleans_are_exact_words);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
