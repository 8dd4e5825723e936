/* SPDX-License-Identifier: Apache-2.0 */
/* What decoding costs: comparisons of keys and bytes of memory are counted, time is not. */
#include <check.h>
#include <malloc.h>
#include <specutils/specutils.h>

#include "base/base.h"

static size_t n_compared;

static int count_compare(const void *a, const void *b, void *compare)
{
    n_compared++;
    return ((int (*)(const void *, const void *))compare)(a, b);
}

/* Stands before the C library's, for the library under test too. */
void qsort(void *base, size_t n, size_t size, int (*compare)(const void *, const void *))
{
    qsort_r(base, n, size, count_compare, (void *)compare);
}

size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static size_t bytes_in_use(void)
{
    if (__sanitizer_get_current_allocated_bytes)
        return __sanitizer_get_current_allocated_bytes();
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

struct cost {
    size_t compared, bytes;
};

static struct cost cost_of(size_t n)
{
    struct su_strbuf sb = {0};
    struct su_arena own = {0};
    struct su_error err = {0};
    struct oci_spec out = {0};

    su_strbuf_adds(&sb, "{\"process\":{\"env\":[");
    for (size_t i = 0; i < n; i++)
        su_strbuf_printf(&sb, "%s\"VARIABLE_%zu=value\"", i ? "," : "", i);
    su_strbuf_adds(&sb, "]},\"annotations\":{");
    for (size_t i = 0; i < n; i++)
        su_strbuf_printf(&sb, "%s\"org.example.key%zu\":\"value\"", i ? "," : "", i);
    su_strbuf_adds(&sb, "}}");
    n_compared = 0;
    size_t before = bytes_in_use();
    ck_assert_int_eq(su_json_decode(&su_type_oci_spec, sb.text, sb.len, &own, &out, &err), 0);
    struct cost cost = {n_compared, bytes_in_use() - before};
    ck_assert(out.process->env.n == n && out.annotations.n == n);
    su_arena_free(&own);
    su_strbuf_free(&sb);
    return cost;
}

START_TEST(twenty_thousand_variables_and_annotations_cost_in_proportion)
{
    struct cost one = cost_of(5000), four = cost_of(20000);

    /* n log n: 20,000 * 15 comparisons; a square would be 400 million. */
    ck_assert_uint_le(four.compared, 20000 * 16);
    ck_assert_uint_gt(four.compared, 0);
    ck_assert_uint_le(four.bytes, one.bytes * 5);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("json cost");
    TCase *tcase = tcase_create("cost");

    tcase_add_test(tcase, twenty_thousand_variables_and_annotations_cost_in_proportion);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
