/* SPDX-License-Identifier: Apache-2.0 */
/* Capabilities: the table against libcap's, masks of a spec's lists, merging, this process. */
#include <specutils/capability.h>

#include <limits.h>
#include <strings.h>
#include <sys/capability.h>

#include "linux_helpers.h"

static struct su_arena arena;

static void teardown(void)
{
    su_arena_free(&arena);
}

START_TEST(table_agrees_with_libcap)
{
    ck_assert_uint_eq(su_capability_count(), 41);
    for (unsigned cap = 0; cap < su_capability_count(); cap++) {
        char *theirs = cap_to_name((cap_value_t)cap);
        ck_assert_ptr_nonnull(theirs);
        ck_assert_int_eq(strcasecmp(su_capability_name(cap), theirs), 0);
        ck_assert_int_eq(su_capability_number(su_capability_name(cap)), (int)cap);
        cap_free(theirs);
    }
    ck_assert_ptr_null(su_capability_name(41));
    ck_assert_ptr_null(su_capability_name(UINT_MAX));
}
END_TEST

START_TEST(names_are_exact)
{
    static const char *const wrong[] = {"",           "CAP_",  "cap_chown", "CHOWN",
                                        "CAP_CHOWN ", "CAP_X", "CAP_CHOW",  " CAP_CHOWN"};
    for (size_t i = 0; i < SU_ARRAY_SIZE(wrong); i++)
        ck_assert_int_eq(su_capability_number(wrong[i]), -1);
}
END_TEST

START_TEST(all_capabilities_are_five_independent_lists_by_number)
{
    struct oci_capabilities *caps = su_all_capabilities(&arena);

    ck_assert_ptr_nonnull(caps);
    ck_assert_uint_eq(su_all_capabilities_uint64(), 0x1ffffffffffULL);
    ck_assert_uint_eq(caps->bounding.n, 41);
    ck_assert_uint_eq(caps->ambient.n, 41);
    ck_assert_str_eq(caps->permitted.v[0], "CAP_CHOWN");
    ck_assert_str_eq(caps->inheritable.v[40], "CAP_CHECKPOINT_RESTORE");
    ck_assert_ptr_null(caps->effective.v[41]);
    caps->effective.v[0] = NULL;
    ck_assert_str_eq(caps->bounding.v[0], "CAP_CHOWN");
}
END_TEST

START_TEST(lists_become_masks)
{
    struct su_task_caps out;
    struct oci_capabilities caps = {
        .bounding = LIST(&arena, "CAP_CHOWN", "CAP_NET_RAW"),
        .effective = LIST(&arena, "CAP_KILL", "CAP_KILL"),
        .inheritable = LIST(&arena, "CAP_BPF"),
        .permitted = LIST(&arena, "CAP_SYSLOG"),
        .ambient = LIST(&arena, "CAP_CHECKPOINT_RESTORE", "CAP_NET_RAW"),
    };

    ck_assert_int_eq(su_capabilities(SU_CAPS_KEEP_RAW, &caps, &out, NULL), 0);
    ck_assert_uint_eq(out.bounding, 0x2001);
    ck_assert_uint_eq(out.effective, 0x20);
    ck_assert_uint_eq(out.inheritable, UINT64_C(1) << 39);
    ck_assert_uint_eq(out.permitted, 0x400000000);
    ck_assert_uint_eq(out.ambient, UINT64_C(1) << 40 | 0x2000);
    ck_assert_int_eq(su_capabilities(0, &caps, &out, NULL), 0);
    ck_assert_uint_eq(out.bounding, 1);
    ck_assert_uint_eq(out.ambient, UINT64_C(1) << 40);
    ck_assert_int_eq(su_capabilities(SU_CAPS_KEEP_RAW, NULL, &out, NULL), 0);
    ck_assert_uint_eq(out.bounding | out.effective | out.inheritable | out.permitted | out.ambient,
                      0);
}
END_TEST

START_TEST(unknown_name_is_refused_with_its_json_path)
{
    _cleanup_error_ struct su_error err = {0};
    struct su_task_caps out = {.effective = 1};
    struct oci_capabilities caps = {.bounding = LIST(&arena, "CAP_CHOWN"),
                                    .effective = LIST(&arena, "cap_kill"),
                                    .permitted = LIST(&arena, "NET_ADMIN")};

    ck_assert_int_eq(su_capabilities(0, &caps, &out, &err), -EINVAL);
    ck_assert_int_eq(err.kind, SU_ERR_CAPABILITY);
    ck_assert_str_eq(err.json_path, "process.capabilities.effective[0]");
    ck_assert_str_eq(err.msg, "process.capabilities.effective[0]: \"cap_kill\" is not a "
                              "capability, expected a name like \"CAP_CHOWN\"");
    ck_assert_uint_eq(out.bounding | out.effective, 0);
}
END_TEST

START_TEST(unknown_name_is_skipped_with_a_warning_if_asked)
{
    struct captured_log log;
    struct su_task_caps out;
    struct oci_capabilities caps = {.permitted = LIST(&arena, "NET_ADMIN", "CAP_SYSLOG")};

    capture_log(&log);
    ck_assert_int_eq(su_capabilities(SU_CAPS_KEEP_RAW | SU_CAPS_SKIP_UNKNOWN, &caps, &out, NULL),
                     0);
    ck_assert_uint_eq(out.permitted, 0x400000000);
    ck_assert_int_eq(log.warnings, 1);
    assert_text_has(log.last, "process.capabilities.permitted[0]: \"NET_ADMIN\"");
}
END_TEST

START_TEST(merging_makes_unions_in_order)
{
    struct oci_capabilities a = {.bounding = LIST(&arena, "CAP_B", "CAP_A", "CAP_B")};
    struct oci_capabilities b = {.bounding = LIST(&arena, "CAP_A", "CAP_C", "CAP_C"),
                                 .permitted = LIST(&arena, "x")};
    struct oci_capabilities *merged = su_merge_capabilities(&arena, &a, &b);

    ck_assert_str_eq(joined(&arena, &merged->bounding), "CAP_B CAP_A CAP_C");
    ck_assert_str_eq(joined(&arena, &merged->permitted), "x");
    ck_assert_ptr_nonnull(merged->ambient.v);
    ck_assert_uint_eq(merged->ambient.n, 0);
    merged = su_merge_capabilities(&arena, NULL, &b);
    ck_assert_str_eq(joined(&arena, &merged->bounding), "CAP_A CAP_C");
    merged = su_merge_capabilities(&arena, NULL, NULL);
    ck_assert_uint_eq(merged->bounding.n, 0);
}
END_TEST

START_TEST(merging_long_lists_takes_no_time)
{
    enum { N = 200000 };
    struct oci_capabilities a = {.bounding = {su_arena_array(&arena, N + 1, sizeof(char *)), N}};

    for (int i = 0; i < N; i++)
        a.bounding.v[i] = su_arena_printf(&arena, "%d", i);
    struct oci_capabilities *merged = su_merge_capabilities(&arena, &a, &a);
    ck_assert_uint_eq(merged->bounding.n, N);
    ck_assert_str_eq(merged->bounding.v[77777], "77777");
}
END_TEST

START_TEST(dropping_removes_all_of_a_name)
{
    struct oci_capabilities caps = {.bounding = LIST(&arena, "CAP_B", "CAP_A", "CAP_B"),
                                    .effective = LIST(&arena, "CAP_B"),
                                    .ambient = LIST(&arena, "CAP_A")};

    su_drop_capability(&caps, "CAP_NONE");
    ck_assert_uint_eq(caps.bounding.n, 3);
    su_drop_capability(&caps, "CAP_B");
    ck_assert_str_eq(joined(&arena, &caps.bounding), "CAP_A");
    ck_assert_ptr_null(caps.effective.v);
    ck_assert_uint_eq(caps.effective.n, 0);
    ck_assert_str_eq(joined(&arena, &caps.ambient), "CAP_A");
    su_drop_capability(NULL, "CAP_B");
}
END_TEST

START_TEST(dropping_from_one_struct_leaves_another_alone)
{
    struct oci_capabilities *all = su_all_capabilities(&arena);

    su_drop_capability(all, "CAP_CHOWN");
    ck_assert_uint_eq(all->bounding.n, 40);
    ck_assert_uint_eq(su_all_capabilities(&arena)->bounding.n, 41);
    ck_assert_str_eq(su_capability_name(0), "CAP_CHOWN");
}
END_TEST

/* Sets the effective set of this (forked) process. */
static void set_effective(uint64_t mask)
{
    cap_t caps = cap_get_proc();

    cap_clear_flag(caps, CAP_EFFECTIVE);
    for (int cap = 0; cap < 64; cap++) {
        cap_value_t value = cap;
        if (mask & UINT64_C(1) << cap)
            cap_set_flag(caps, CAP_EFFECTIVE, 1, &value, CAP_SET);
    }
    ck_assert_int_eq(cap_set_proc(caps), 0);
    cap_free(caps);
}

START_TEST(own_capabilities_are_those_of_the_effective_set)
{
    if (geteuid() != 0) {
        fprintf(stderr, "SKIP %s: not root\n", __func__);
        return;
    }
    set_effective(0x3);
    ck_assert(su_has_capabilities(0));
    ck_assert(su_has_capabilities(0x1));
    ck_assert(su_has_capabilities(0x3));
    ck_assert(!su_has_capabilities(0x21));
    ck_assert(!su_has_capabilities(UINT64_C(1) << 40));
    ck_assert(!su_has_capabilities(UINT64_C(1) << 63));
    set_effective(0);
    ck_assert(!su_has_capabilities(0x1));
    ck_assert(su_has_capabilities(0));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("capability");
    TCase *tc = tcase_create("capability");

    tcase_add_checked_fixture(tc, NULL, teardown);
    tcase_add_test(tc, table_agrees_with_libcap);
    tcase_add_test(tc, names_are_exact);
    tcase_add_test(tc, all_capabilities_are_five_independent_lists_by_number);
    tcase_add_test(tc, lists_become_masks);
    tcase_add_test(tc, unknown_name_is_refused_with_its_json_path);
    tcase_add_test(tc, unknown_name_is_skipped_with_a_warning_if_asked);
    tcase_add_test(tc, merging_makes_unions_in_order);
    tcase_add_test(tc, merging_long_lists_takes_no_time);
    tcase_add_test(tc, dropping_removes_all_of_a_name);
    tcase_add_test(tc, dropping_from_one_struct_leaves_another_alone);
    tcase_add_test(tc, own_capabilities_are_those_of_the_effective_set);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
