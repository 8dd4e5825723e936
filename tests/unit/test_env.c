/* SPDX-License-Identifier: Apache-2.0 */
/* Environments: joining lists, looking names up. */
#include <specutils/env.h>

#include "linux_helpers.h"

static struct su_arena arena;

static void teardown(void)
{
    su_arena_free(&arena);
}

START_TEST(later_entries_replace_the_value_in_the_first_place)
{
    struct su_strv out, lists[] = {LIST(&arena, "A=1", "B=2"), LIST(&arena, "A=9", "C=")};

    ck_assert_int_eq(su_resolve_envs(&arena, lists, 2, &out, NULL), 0);
    ck_assert_str_eq(joined(&arena, &out), "A=9 B=2 C=");
}
END_TEST

START_TEST(entries_are_cut_at_the_first_equals_sign)
{
    struct su_strv out, list = LIST(&arena, "X=a=b", "=x", "AB=1", "A=2", "X=a=c", "=y");

    ck_assert_int_eq(su_resolve_envs(&arena, &list, 1, &out, NULL), 0);
    ck_assert_str_eq(joined(&arena, &out), "X=a=c =y AB=1 A=2");
}
END_TEST

START_TEST(no_lists_give_an_empty_list)
{
    struct su_strv out = {0}, absent = {0};

    ck_assert_int_eq(su_resolve_envs(&arena, NULL, 0, &out, NULL), 0);
    ck_assert_ptr_nonnull(out.v);
    ck_assert_uint_eq(out.n, 0);
    ck_assert_int_eq(su_resolve_envs(&arena, &absent, 1, &out, NULL), 0);
    ck_assert_uint_eq(out.n, 0);
}
END_TEST

START_TEST(entry_without_equals_sign_is_refused_with_its_place)
{
    _cleanup_error_ struct su_error err = {0};
    struct su_strv out,
        lists[] = {LIST(&arena, "OK=1", "FOO"), LIST(&arena, "A=1", ""), LIST(&arena, "FOO=1")};

    ck_assert_int_eq(su_resolve_envs(&arena, lists, 1, &out, &err), -EINVAL);
    ck_assert_int_eq(err.kind, SU_ERR_ENV);
    ck_assert_str_eq(err.json_path, "process.env[1]");
    ck_assert_str_eq(err.msg, "process.env[1]: \"FOO\" has no \"=\", expected NAME=VALUE");
    ck_assert_int_eq(su_resolve_envs(&arena, lists + 1, 2, &out, &err), -EINVAL);
    ck_assert_str_eq(err.msg,
                     "process.env[1]: \"\" has no \"=\", expected NAME=VALUE (list 1 of 2)");
}
END_TEST

START_TEST(lookup_finds_the_last_value)
{
    struct su_strv env = LIST(&arena, "A=1", "B=2", "A=3", "E=", "LONG_NAME=x=y");

    ck_assert_str_eq(su_env_var(&env, "A"), "3");
    ck_assert_str_eq(su_env_var(&env, "B"), "2");
    ck_assert_str_eq(su_env_var(&env, "E"), "");
    ck_assert_str_eq(su_env_var(&env, "LONG_NAME"), "x=y");
    ck_assert_ptr_null(su_env_var(&env, "LONG"));
    ck_assert_ptr_null(su_env_var(&env, "a"));
    ck_assert_ptr_null(su_env_var(&env, ""));
}
END_TEST

START_TEST(one_malformed_entry_makes_every_lookup_fail)
{
    struct su_strv behind = LIST(&arena, "A=1", "BAD"), before = LIST(&arena, "", "A=1");
    struct su_strv absent = {0};

    ck_assert_ptr_null(su_env_var(&behind, "A"));
    ck_assert_ptr_null(su_env_var(&before, "A"));
    ck_assert_ptr_null(su_env_var(&absent, "A"));
}
END_TEST

START_TEST(lookup_of_a_name_with_equals_sign_matches_as_a_prefix)
{
    struct su_strv env = LIST(&arena, "A=B=C", "=e"), replaced = LIST(&arena, "A=B=C", "A=D");

    ck_assert_str_eq(su_env_var(&env, "A=B"), "C");
    ck_assert_str_eq(su_env_var(&env, ""), "e");
    ck_assert_ptr_null(su_env_var(&replaced, "A=B"));
}
END_TEST

START_TEST(long_lists_are_joined_in_linear_time)
{
    enum { N = 300000 };
    struct su_strv out, list = {su_arena_array(&arena, N + 1, sizeof(char *)), N};

    for (int i = 0; i < N; i++)
        list.v[i] = su_arena_printf(&arena, "V%d=%d", i % (N / 2), i);
    ck_assert_int_eq(su_resolve_envs(&arena, &list, 1, &out, NULL), 0);
    ck_assert_uint_eq(out.n, N / 2);
    for (int i = 0; i < N / 2; i++)
        ck_assert_ptr_eq(out.v[i], list.v[N / 2 + i]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("env");
    TCase *tc = tcase_create("env");

    tcase_add_checked_fixture(tc, NULL, teardown);
    tcase_add_test(tc, later_entries_replace_the_value_in_the_first_place);
    tcase_add_test(tc, entries_are_cut_at_the_first_equals_sign);
    tcase_add_test(tc, no_lists_give_an_empty_list);
    tcase_add_test(tc, entry_without_equals_sign_is_refused_with_its_place);
    tcase_add_test(tc, lookup_finds_the_last_value);
    tcase_add_test(tc, one_malformed_entry_makes_every_lookup_fail);
    tcase_add_test(tc, lookup_of_a_name_with_equals_sign_matches_as_a_prefix);
    tcase_add_test(tc, long_lists_are_joined_in_linear_time);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
