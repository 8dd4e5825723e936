/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Profiles of the seccomp room: which names have which numbers, which are refused with what words,
 * and the lists of known words.
 */
#include "seccomp_helpers.h"

START_TEST(calls_newer_than_the_profile_fail_with_enosys)
{
    struct oci_seccomp s = profile_with(OCI_ACT_ERRNO, 2);
    rule(&s, 0, OCI_ACT_ALLOW, "read");
    rule(&s, 1, OCI_ACT_ALLOW, "openat2");
    build(&s);
    ck_assert_uint_eq(decide(X86_64, 436, 0, 0, 0), ERRNO(1));
    ck_assert_uint_eq(decide(X86_64, 437, 0, 0, 0), ALLOW);
    ck_assert_uint_eq(decide(X86_64, 438, 0, 0, 0), ERRNO(38));
    ck_assert_uint_eq(decide(X86_64, 100000, 0, 0, 0), ERRNO(38));
    ck_assert_uint_eq(decide(X86_64, X32_BIT | 438, 0, 0, 0), 0);
    s.default_errno_ret = u32(1);
    build(&s);
    ck_assert_uint_eq(decide(X86_64, 438, 0, 0, 0), ERRNO(38));
    s.default_errno_ret = u32(13);
    build(&s);
    ck_assert_uint_eq(decide(X86_64, 438, 0, 0, 0), ERRNO(13));
    s.default_errno_ret = NULL;
    build_as(&s, SU_FLAVOR_RUNSC);
    ck_assert_uint_eq(decide(X86_64, 438, 0, 0, 0), ERRNO(1));
    s.default_action = OCI_ACT_KILL_PROCESS;
    build(&s);
    ck_assert_uint_eq(decide(X86_64, 438, 0, 0, 0), 0x80000000);
}
END_TEST

START_TEST(old_calls_fail_with_eperm_even_if_a_short_profile_names_none_so_high)
{
    struct oci_seccomp s = profile_with(OCI_ACT_ERRNO, 1);
    add_arch(&arena, &s, "SCMP_ARCH_X86");
    rule(&s, 0, OCI_ACT_ALLOW, "read");
    build(&s);
    ck_assert_uint_eq(decide_name("openat", 0), ERRNO(1));
    ck_assert_uint_eq(decide_name("statx", 0), ERRNO(1));
    ck_assert_uint_eq(decide_name("openat2", 0), ERRNO(38));
    ck_assert_uint_eq(decide(AUDIT_ARCH_I386, 402, 0, 0, 0), ERRNO(1));
    ck_assert_uint_eq(decide(AUDIT_ARCH_I386, 403, 0, 0, 0), ERRNO(38));
}
END_TEST

START_TEST(calls_that_libseccomp_does_not_know_yet_have_numbers)
{
    struct oci_seccomp s = profile_with(OCI_ACT_ERRNO, 2);
    add_arch(&arena, &s, "SCMP_ARCH_X32");
    add_arch(&arena, &s, "SCMP_ARCH_X86");
    rule(&s, 0, OCI_ACT_ALLOW, "fchmodat2");
    rule(&s, 1, OCI_ACT_ALLOW, "mseal");
    build(&s);
    ck_assert_uint_eq(decide(X86_64, 452, 0, 0, 0), ALLOW);
    ck_assert_uint_eq(decide(X86_64, 462, 0, 0, 0), ALLOW);
    ck_assert_uint_eq(decide(X86_64, 461, 0, 0, 0), ERRNO(1));
    ck_assert_uint_eq(decide(X86_64, 463, 0, 0, 0), ERRNO(38));
    ck_assert_uint_eq(decide(X86_64, X32_BIT | 462, 0, 0, 0), ALLOW);
    ck_assert_uint_eq(decide(AUDIT_ARCH_I386, 462, 0, 0, 0), ALLOW);
    ck_assert_uint_eq(warnings, 0);
}
END_TEST

START_TEST(unknown_names_are_skipped_and_the_rest_of_the_entry_holds)
{
    struct oci_seccomp s = profile_with(OCI_ACT_ERRNO, 1);
    struct oci_seccomp_rule *r = rule(&s, 0, OCI_ACT_ALLOW, "no_such_call");
    r->names.v = pick(&arena, 3, sizeof(char *));
    r->names.v[0] = (char *)"no_such_call";
    r->names.v[1] = (char *)"read";
    r->names.n = 2;
    build(&s);
    ck_assert_uint_eq(decide_name("read", 0), ALLOW);
    ck_assert_uint_eq(warnings, 0);
}
END_TEST

START_TEST(a_denial_that_names_no_known_call_is_reported)
{
    struct oci_seccomp s = profile_with(OCI_ACT_ALLOW, 1);
    rule(&s, 0, OCI_ACT_ERRNO, "ptarce");
    build(&s);
    ck_assert_uint_ge(warnings, 1);
    ck_assert_ptr_nonnull(strstr(last_record, "linux.seccomp.syscalls[0]"));
}
END_TEST

/* The table of direct numbers against libseccomp's, for all ABIs that multiplex. */
START_TEST(multiplexed_calls_have_their_direct_numbers_on_every_abi)
{
    unsigned found = 0;

    for (const char *const *name = su_seccomp_known_archs(); *name; name++) {
        const struct su_filter_arch *arch = su_filter_arch_find(*name);
        ck_assert_ptr_nonnull(arch);
        ck_assert(seccomp_syscall_resolve_name_arch(arch->token, "read") >= 0);
        for (int n = (int)arch->base; arch->mux >= 0 && n < (int)arch->base + 500; n++) {
            struct su_filter_numbers numbers;
            _cleanup_free_ char *call = seccomp_syscall_resolve_num_arch(arch->token, n);
            int pseudo = call ? seccomp_syscall_resolve_name_arch(arch->token, call) : 0;
            if (pseudo >= 0)
                continue;
            ck_assert(su_filter_resolve(arch, call, &numbers));
            ck_assert_msg(numbers.direct == n, "%s %s: %d", *name, call, n);
            ck_assert_int_eq(numbers.mux, seccomp_syscall_resolve_name_rewrite(arch->token, call));
            found++;
        }
    }
    ck_assert_uint_gt(found, 200);
}
END_TEST

START_TEST(malformed_profiles_are_refused_with_their_json_path)
{
    struct oci_seccomp s = profile_with(0, 1);
    struct oci_seccomp_rule *r = rule(&s, 0, OCI_ACT_ALLOW, "read");

    assert_refused(&s, "linux.seccomp.defaultAction", "required");
    s.default_action = 99;
    assert_refused(&s, "linux.seccomp.defaultAction", "not supported");
    s.default_action = OCI_ACT_NOTIFY;
    assert_refused(&s, "linux.seccomp.defaultAction", "SCMP_ACT_NOTIFY");
    s.default_action = OCI_ACT_KILL;
    s.default_errno_ret = u32(1);
    assert_refused(&s, "linux.seccomp.defaultErrnoRet", "SCMP_ACT_KILL has no errno");
    s.default_errno_ret = NULL;
    r->errno_ret = u32(1);
    assert_refused(&s, "linux.seccomp.syscalls[0].errnoRet", "SCMP_ACT_ALLOW has no errno");
    r->action = OCI_ACT_ERRNO;
    r->errno_ret = u32(4096);
    assert_refused(&s, "linux.seccomp.syscalls[0].errnoRet", "so large");
    r->errno_ret = NULL;
    r->action = 0;
    assert_refused(&s, "linux.seccomp.syscalls[0].action", "required");
    r->action = OCI_ACT_ERRNO;
    arg(r, 0, OCI_CMP_EQ, 0, 0);
    arg(r, 6, OCI_CMP_EQ, 0, 0);
    assert_refused(&s, "linux.seccomp.syscalls[0].args[1].index", "0 to 5");
    r->args.v[1].index = 5;
    r->args.v[1].op = 0;
    assert_refused(&s, "linux.seccomp.syscalls[0].args[1].op", "required");
    r->args.v[1].op = 8;
    assert_refused(&s, "linux.seccomp.syscalls[0].args[1].op", "operator");
}
END_TEST

START_TEST(unknown_architecture_is_refused_with_a_suggestion)
{
    struct oci_seccomp s = profile_with(OCI_ACT_ALLOW, 0);
    add_arch(&arena, &s, "SCMP_ARCH_X86");
    add_arch(&arena, &s, "SCMP_ARCH_X86_46");
    assert_refused(&s, "linux.seccomp.architectures[1]", "did you mean \"SCMP_ARCH_X86_64\"?");
}
END_TEST

START_TEST(architectures_of_the_specification_are_accepted_even_if_libseccomp_lacks_them)
{
    struct oci_seccomp s = profile_with(OCI_ACT_ALLOW, 0);
    add_arch(&arena, &s, "SCMP_ARCH_LOONGARCH64");
    add_arch(&arena, &s, "SCMP_ARCH_SHEB");
    build(&s);
    ck_assert_uint_eq(decide(0xc0000102, 1, 0, 0, 0), 0);
}
END_TEST

START_TEST(notification_needs_an_agent_and_never_covers_write)
{
    struct oci_seccomp s = profile_with(OCI_ACT_ALLOW, 1);
    rule(&s, 0, OCI_ACT_NOTIFY, "mkdir");
    assert_refused(&s, "linux.seccomp.syscalls[0].action", "listenerPath");
    s.listener_metadata = (char *)"x";
    s.syscalls.v[0].action = OCI_ACT_KILL;
    assert_refused(&s, "linux.seccomp.listenerMetadata", "listenerPath");
    s.listener_path = (char *)"/run/agent.sock";
    rule(&s, 0, OCI_ACT_NOTIFY, "write");
    assert_refused(&s, "linux.seccomp.syscalls[0].action",
                   "SCMP_ACT_NOTIFY cannot be used for the write syscall");
}
END_TEST

START_TEST(flags_are_handed_to_the_loader)
{
    struct oci_seccomp s = profile_with(OCI_ACT_ALLOW, 1);
    int all[] = {1 << 0, 1 << 1, 1 << 2, 1 << 5};
    s.flags.v = all;
    s.flags.n = 4;
    rule(&s, 0, OCI_ACT_NOTIFY, "mkdir");
    s.listener_path = (char *)"/run/agent.sock";
    build(&s);
    /* TSYNC_ESRCH is added: the kernel wants it with a listener. */
    ck_assert_uint_eq(prog.flags, 0x37);
    s.syscalls.v[0].action = OCI_ACT_KILL;
    build(&s);
    ck_assert_uint_eq(prog.flags, 0x07);
    build_as(&s, SU_FLAVOR_RUNSC);
    ck_assert_uint_eq(prog.flags, 0);
    all[2] = 1 << 3;
    assert_refused(&s, "linux.seccomp.flags[2]", "flag");
}
END_TEST

START_TEST(a_profile_too_big_for_the_kernel_is_refused)
{
    struct oci_seccomp s = profile_with(OCI_ACT_ALLOW, 2000);
    for (size_t i = 0; i < 2000; i++)
        arg(rule(&s, i, OCI_ACT_ERRNO, "ioctl"), 1, OCI_CMP_EQ, i, 0);
    ck_assert_int_eq(su_seccomp_build(&s, SU_FLAVOR_NATIVE, &arena, &prog, &err), -E2BIG);
    ck_assert_str_eq(err.json_path, "linux.seccomp");
    s.syscalls.n = 1000;
    build(&s);
    ck_assert_uint_eq(decide(X86_64, nr("ioctl"), 0, 999, 0), ERRNO(1));
    ck_assert_uint_eq(decide(X86_64, nr("ioctl"), 0, 1000, 0), ALLOW);
    ck_assert_uint_eq(decide(X86_64, nr("ioctl") + 1, 0, 0, 0), ALLOW);
}
END_TEST

START_TEST(a_profile_that_multiplies_itself_is_refused_in_bounded_memory)
{
    enum { N_NAMES = 20000, N_ARGS = 4000 };
    struct oci_seccomp s = profile_with(OCI_ACT_ALLOW, 1);
    struct oci_seccomp_rule *r = rule(&s, 0, OCI_ACT_ERRNO, "read");

    r->names.v = pick(&arena, N_NAMES, sizeof(char *));
    r->names.n = N_NAMES;
    for (size_t i = 0; i < N_NAMES; i++)
        r->names.v[i] = (char *)(i % 2 ? "read" : "openat");
    ck_assert_int_eq(su_seccomp_build(&s, SU_FLAVOR_NATIVE, &arena, &prog, &err), 0);
    r->args.v = pick(&arena, N_ARGS, sizeof(*r->args.v));
    for (size_t i = 0; i < N_ARGS; i++)
        arg(r, 0, OCI_CMP_EQ, i, 0);
    ck_assert_int_eq(su_seccomp_build(&s, SU_FLAVOR_NATIVE, &arena, &prog, &err), -E2BIG);
    for (size_t i = 0; i < 300; i++)
        r->names.v[i] = seccomp_syscall_resolve_num_arch(SCMP_ARCH_X86_64, (int)i);
    r->names.n = 300;
    su_error_clear(&err);
    ck_assert_int_eq(su_seccomp_build(&s, SU_FLAVOR_NATIVE, &arena, &prog, &err), -E2BIG);
    r->action = OCI_ACT_ALLOW;
    su_error_clear(&err);
    ck_assert_int_eq(su_seccomp_build(&s, SU_FLAVOR_NATIVE, &arena, &prog, &err), -E2BIG);
    for (size_t i = 0; i < 300; i++)
        free(r->names.v[i]);
}
END_TEST

START_TEST(known_words_are_listed)
{
    size_t n = 0;
    const char *const *flags = su_seccomp_supported_flags(&arena);
    while (su_seccomp_known_archs()[n])
        n++;
    ck_assert_uint_eq(n, 19);
    for (n = 0; su_seccomp_known_actions()[n];)
        n++;
    ck_assert_uint_eq(n, 9);
    for (n = 0; su_seccomp_known_operators()[n];)
        n++;
    ck_assert_uint_eq(n, 7);
    for (n = 0; su_seccomp_known_flags()[n];)
        n++;
    ck_assert_uint_eq(n, 4);
    /* Any kernel that runs the tests has these two (4.14). */
    ck_assert_str_eq(flags[0], "SECCOMP_FILTER_FLAG_TSYNC");
    ck_assert_str_eq(flags[1], "SECCOMP_FILTER_FLAG_LOG");
}
END_TEST

static void add_names(TCase *tc)
{
    tcase_add_test(tc, calls_newer_than_the_profile_fail_with_enosys);
    tcase_add_test(tc, old_calls_fail_with_eperm_even_if_a_short_profile_names_none_so_high);
    tcase_add_test(tc, calls_that_libseccomp_does_not_know_yet_have_numbers);
    tcase_add_test(tc, unknown_names_are_skipped_and_the_rest_of_the_entry_holds);
    tcase_add_test(tc, a_denial_that_names_no_known_call_is_reported);
    tcase_add_test(tc, multiplexed_calls_have_their_direct_numbers_on_every_abi);
    tcase_add_test(tc, known_words_are_listed);
}

static void add_refusals(TCase *tc)
{
    tcase_add_test(tc, malformed_profiles_are_refused_with_their_json_path);
    tcase_add_test(tc, unknown_architecture_is_refused_with_a_suggestion);
    tcase_add_test(tc,
                   architectures_of_the_specification_are_accepted_even_if_libseccomp_lacks_them);
    tcase_add_test(tc, notification_needs_an_agent_and_never_covers_write);
    tcase_add_test(tc, flags_are_handed_to_the_loader);
    tcase_add_test(tc, a_profile_too_big_for_the_kernel_is_refused);
    tcase_add_test(tc, a_profile_that_multiplies_itself_is_refused_in_bounded_memory);
}

int main(void)
{
    Suite *suite = suite_create("seccomp_profile");

    add_names(group(suite, "names"));
    add_refusals(group(suite, "refusals"));
    return run_suite(suite);
}
