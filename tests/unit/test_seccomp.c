/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The seccomp room: what profiles decide, run in an interpreter and in the kernel. Its siblings
 * test_seccomp_profile.c and test_seccomp_oracle.c look at what is refused, at names and numbers,
 * and at agreement with libseccomp.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "seccomp_helpers.h"

START_TEST(errno_rule_denies_with_eperm)
{
    struct oci_seccomp s = profile_with(OCI_ACT_ALLOW, 1);
    rule(&s, 0, OCI_ACT_ERRNO, "chmod");
    build(&s);
    ck_assert_uint_eq(decide_name("chmod", 0), ERRNO(1));
    ck_assert_uint_eq(decide_name("fchmod", 0), ALLOW);
    build_as(&s, SU_FLAVOR_RUNSC);
    ck_assert_uint_eq(decide_name("chmod", 0), ERRNO(1));
}
END_TEST

START_TEST(condition_on_an_argument_counts)
{
    struct oci_seccomp s = profile_with(OCI_ACT_ALLOW, 1);
    arg(rule(&s, 0, OCI_ACT_ERRNO, "personality"), 0, OCI_CMP_EQ, 8, 0);
    build(&s);
    ck_assert_uint_eq(decide_name("personality", 0), ALLOW);
    ck_assert_uint_eq(decide_name("personality", 8), ERRNO(1));
    ck_assert_uint_eq(decide_name("personality", 0x100000008), ALLOW);
}
END_TEST

START_TEST(masked_condition_of_clone_stops_namespaces)
{
    struct oci_seccomp s = profile_with(OCI_ACT_ERRNO, 1);
    arg(rule(&s, 0, OCI_ACT_ALLOW, "clone"), 0, OCI_CMP_MASKED_EQ, 0x7e020000, 0);
    build(&s);
    ck_assert_uint_eq(decide_name("clone", 0x7e020000), ERRNO(1));
    ck_assert_uint_eq(decide_name("clone", 0x10000000), ERRNO(1));
    ck_assert_uint_eq(decide_name("clone", 0x11), ALLOW);
    ck_assert_uint_eq(decide_name("openat", 0), ERRNO(1));
}
END_TEST

START_TEST(other_architectures_are_killed)
{
    struct oci_seccomp s = profile_with(OCI_ACT_ALLOW, 0);
    add_arch(&arena, &s, "SCMP_ARCH_X86");
    build_as(&s, SU_FLAVOR_RUNSC);
    ck_assert_uint_eq(decide(AUDIT_ARCH_I386, 1, 0, 0, 0), 0);
    ck_assert_uint_eq(decide(X86_64, 1, 0, 0, 0), ALLOW);
    build(&s);
    ck_assert_uint_eq(decide(AUDIT_ARCH_I386, 1, 0, 0, 0), ALLOW);
    ck_assert_uint_eq(decide(AUDIT_ARCH_ARM, 1, 0, 0, 0), 0);
    ck_assert_uint_eq(decide(X86_64, X32_BIT | 1, 0, 0, 0), 0);
    ck_assert_uint_eq(decide(X86_64, UINT32_MAX, 0, 0, 0), ALLOW);
}
END_TEST

START_TEST(x32_is_a_filter_of_its_own)
{
    struct oci_seccomp s = profile_with(OCI_ACT_ALLOW, 1);
    add_arch(&arena, &s, "SCMP_ARCH_X32");
    rule(&s, 0, OCI_ACT_ERRNO, "ptrace");
    build(&s);
    ck_assert_uint_eq(decide(X86_64, 101, 0, 0, 0), ERRNO(1));
    ck_assert_uint_eq(decide(X86_64, X32_BIT | 521, 0, 0, 0), ERRNO(1));
    ck_assert_uint_eq(decide(X86_64, X32_BIT | 101, 0, 0, 0), ALLOW);
}
END_TEST

static const struct {
    int action;
    uint32_t value;
} action_values[] = {
    {OCI_ACT_KILL, 0},           {OCI_ACT_KILL_PROCESS, 0x80000000}, {OCI_ACT_KILL_THREAD, 0},
    {OCI_ACT_TRAP, 0x30000},     {OCI_ACT_ERRNO, 0x50001},           {OCI_ACT_TRACE, 0x7ff00001},
    {OCI_ACT_ALLOW, 0x7fff0000}, {OCI_ACT_LOG, 0x7ffc0000},          {OCI_ACT_NOTIFY, 0x7fc00000},
};

START_TEST(action_becomes_the_return_value_of_the_kernel)
{
    int other = action_values[_i].action == OCI_ACT_ALLOW ? OCI_ACT_KILL : OCI_ACT_ALLOW;
    struct oci_seccomp s = profile_with(other, 1);
    s.listener_path = (char *)"/run/agent.sock";
    rule(&s, 0, action_values[_i].action, "chmod");
    build(&s);
    ck_assert_uint_eq(decide_name("chmod", 0), action_values[_i].value);
    ck_assert(prog.notify == (action_values[_i].action == OCI_ACT_NOTIFY));
    bool original = action_values[_i].action != OCI_ACT_KILL_PROCESS &&
                    action_values[_i].action != OCI_ACT_KILL_THREAD &&
                    action_values[_i].action != OCI_ACT_LOG &&
                    action_values[_i].action != OCI_ACT_NOTIFY;
    int r = su_seccomp_build(&s, SU_FLAVOR_RUNSC, &arena, &prog, NULL);
    ck_assert_int_eq(r, original ? 0 : -EINVAL);
}
END_TEST

START_TEST(errno_of_rule_and_default_is_returned)
{
    struct oci_seccomp s = profile_with(OCI_ACT_ERRNO, 2);
    s.default_errno_ret = u32(38);
    rule(&s, 0, OCI_ACT_ERRNO, "chmod")->errno_ret = u32(13);
    rule(&s, 1, OCI_ACT_TRACE, "fchmod")->errno_ret = u32(0xffff);
    build(&s);
    ck_assert_uint_eq(decide_name("chmod", 0), ERRNO(13));
    ck_assert_uint_eq(decide_name("fchmod", 0), 0x7ff0ffff);
    ck_assert_uint_eq(decide_name("read", 0), ERRNO(38));
    build_as(&s, SU_FLAVOR_RUNSC);
    ck_assert_uint_eq(decide_name("chmod", 0), ERRNO(1));
    ck_assert_uint_eq(decide_name("read", 0), ERRNO(1));
}
END_TEST

static const struct {
    int op;
    uint64_t value, two, arg;
    bool matches;
} comparisons[] = {
    {OCI_CMP_EQ, 5, 0, 5, true},
    {OCI_CMP_EQ, 5, 0, 0x100000005, false},
    {OCI_CMP_NE, 5, 0, 5, false},
    {OCI_CMP_NE, 5, 0, 0x100000005, true},
    {OCI_CMP_GT, 5, 0, 5, false},
    {OCI_CMP_GT, 5, 0, 6, true},
    {OCI_CMP_GT, 0x100000005, 0, 6, false},
    {OCI_CMP_GT, 0x100000005, 0, 0x100000006, true},
    {OCI_CMP_GT, 0x100000005, 0, 0x200000000, true},
    {OCI_CMP_GE, 5, 0, 5, true},
    {OCI_CMP_GE, 5, 0, 4, false},
    {OCI_CMP_GE, UINT64_MAX, 0, UINT64_MAX, true},
    {OCI_CMP_GE, UINT64_MAX, 0, UINT64_MAX - 1, false},
    {OCI_CMP_LT, 5, 0, 4, true},
    {OCI_CMP_LT, 5, 0, 5, false},
    {OCI_CMP_LT, 1ull << 63, 0, INT64_MAX, true},
    {OCI_CMP_LT, 1ull << 63, 0, 1ull << 63, false},
    {OCI_CMP_LE, 5, 0, 5, true},
    {OCI_CMP_LE, 5, 0, 6, false},
    {OCI_CMP_LE, 5, 0, 1ull << 32, false},
    {OCI_CMP_MASKED_EQ, 0xf0, 0x50, 0x1234565a, true},
    {OCI_CMP_MASKED_EQ, 0xf0, 0x50, 0x1234566a, false},
    {OCI_CMP_MASKED_EQ, 0xf00000000, 0x500000000, 0x500000001, true},
    {OCI_CMP_MASKED_EQ, 0xf00000000, 0x500000000, 0x5, false},
    {OCI_CMP_MASKED_EQ, 0, 0, 77, true},
};

START_TEST(operator_compares_64_bits_without_sign)
{
    struct oci_seccomp s = profile_with(OCI_ACT_ALLOW, 1);
    arg(rule(&s, 0, OCI_ACT_KILL, "ioctl"), 2, comparisons[_i].op, comparisons[_i].value,
        comparisons[_i].two);
    build(&s);
    ck_assert_uint_eq(decide(X86_64, nr("ioctl"), 0, 0, comparisons[_i].arg),
                      comparisons[_i].matches ? 0 : ALLOW);
}
END_TEST

START_TEST(conditions_on_different_arguments_must_all_hold)
{
    struct oci_seccomp s = profile_with(OCI_ACT_ALLOW, 1);
    struct oci_seccomp_rule *r = rule(&s, 0, OCI_ACT_KILL, "ioctl");
    arg(r, 0, OCI_CMP_EQ, 1, 0);
    arg(r, 1, OCI_CMP_GT, 9, 0);
    build(&s);
    ck_assert_uint_eq(decide(X86_64, nr("ioctl"), 1, 10, 0), 0);
    ck_assert_uint_eq(decide(X86_64, nr("ioctl"), 1, 9, 0), ALLOW);
    ck_assert_uint_eq(decide(X86_64, nr("ioctl"), 2, 10, 0), ALLOW);
}
END_TEST

START_TEST(an_argument_named_twice_makes_any_condition_enough)
{
    struct oci_seccomp s = profile_with(OCI_ACT_ALLOW, 1);
    struct oci_seccomp_rule *r = rule(&s, 0, OCI_ACT_KILL, "ioctl");
    arg(r, 0, OCI_CMP_EQ, 1, 0);
    arg(r, 0, OCI_CMP_EQ, 2, 0);
    arg(r, 1, OCI_CMP_EQ, 3, 0);
    build(&s);
    ck_assert_uint_eq(decide(X86_64, nr("ioctl"), 1, 0, 0), 0);
    ck_assert_uint_eq(decide(X86_64, nr("ioctl"), 2, 0, 0), 0);
    ck_assert_uint_eq(decide(X86_64, nr("ioctl"), 7, 3, 0), 0);
    ck_assert_uint_eq(decide(X86_64, nr("ioctl"), 7, 0, 0), ALLOW);
}
END_TEST

START_TEST(first_entry_that_matches_decides)
{
    struct oci_seccomp s = profile_with(OCI_ACT_KILL, 4);
    arg(rule(&s, 0, OCI_ACT_ERRNO, "socket"), 0, OCI_CMP_EQ, 40, 0);
    arg(rule(&s, 1, OCI_ACT_LOG, "socket"), 0, OCI_CMP_GE, 40, 0);
    rule(&s, 2, OCI_ACT_ALLOW, "socket");
    rule(&s, 3, OCI_ACT_ALLOW, "read");
    build(&s);
    ck_assert_uint_eq(decide_name("socket", 40), ERRNO(1));
    ck_assert_uint_eq(decide_name("socket", 41), 0x7ffc0000);
    ck_assert_uint_eq(decide_name("socket", 2), ALLOW);
    ck_assert_uint_eq(decide_name("read", 0), ALLOW);
}
END_TEST

START_TEST(entry_with_the_default_action_still_shields_from_later_ones)
{
    struct oci_seccomp s = profile_with(OCI_ACT_ERRNO, 2);
    arg(rule(&s, 0, OCI_ACT_ERRNO, "socket"), 0, OCI_CMP_EQ, 40, 0);
    rule(&s, 1, OCI_ACT_ALLOW, "socket");
    build(&s);
    ck_assert_uint_eq(decide_name("socket", 40), ERRNO(1));
    ck_assert_uint_eq(decide_name("socket", 2), ALLOW);
}
END_TEST

START_TEST(entry_that_cannot_be_reached_is_reported)
{
    struct oci_seccomp s = profile_with(OCI_ACT_KILL, 2);
    rule(&s, 0, OCI_ACT_ALLOW, "socket");
    arg(rule(&s, 1, OCI_ACT_ERRNO, "socket"), 0, OCI_CMP_EQ, 40, 0);
    build(&s);
    ck_assert_uint_eq(decide_name("socket", 40), ALLOW);
    ck_assert_uint_eq(warnings, 0);
    ck_assert_ptr_nonnull(strstr(last_record, "linux.seccomp.syscalls[1]"));
    ck_assert_ptr_nonnull(strstr(last_record, "\"socket\""));
}
END_TEST

START_TEST(i386_calls_are_filtered_direct_and_multiplexed)
{
    struct oci_seccomp s = profile_with(OCI_ACT_ALLOW, 2);
    add_arch(&arena, &s, "SCMP_ARCH_X86");
    rule(&s, 0, OCI_ACT_ERRNO, "bind");
    rule(&s, 1, OCI_ACT_ERRNO, "shmget");
    build(&s);
    ck_assert_uint_eq(decide(AUDIT_ARCH_I386, 361, 0, 0, 0), ERRNO(1));
    ck_assert_uint_eq(decide(AUDIT_ARCH_I386, 102, 2, 0, 0), ERRNO(1));
    ck_assert_uint_eq(decide(AUDIT_ARCH_I386, 102, 3, 0, 0), ALLOW);
    ck_assert_uint_eq(decide(AUDIT_ARCH_I386, 395, 0, 0, 0), ERRNO(1));
    ck_assert_uint_eq(decide(AUDIT_ARCH_I386, 117, 23, 0, 0), ERRNO(1));
    ck_assert_uint_eq(decide(AUDIT_ARCH_I386, 117, 24, 0, 0), ALLOW);
}
END_TEST

static int load(void)
{
    struct sock_fprog fprog = {.len = (unsigned short)prog.n, .filter = prog.code};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return -1;
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, prog.flags, &fprog);
}

/* Runs fn in a child with the filter loaded; returns what waitpid() says. */
static int in_filtered_child(int (*fn)(void))
{
    int status;
    pid_t pid = fork();

    ck_assert_int_ge(pid, 0);
    if (pid == 0)
        _exit(load() == 0 ? fn() : 99);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    return status;
}

static int try_denied_calls(void)
{
    char text[4096];

    if (syscall(SYS_acct, NULL) != -1 || errno != EPERM)
        return 1;
    if (syscall(SYS_clone3, NULL, 0) != -1 || errno != ENOSYS)
        return 2;
    if (syscall(5000) != -1 || errno != ENOSYS)
        return 3;
    if (syscall(SYS_personality, 0xffffffff) < 0)
        return 4;
    if (syscall(SYS_personality, 5) != -1 || errno != EPERM)
        return 5;
    int fd = (int)syscall(SYS_openat, -100, "/proc/self/status", O_RDONLY | O_CLOEXEC);
    ssize_t n = read(fd, text, sizeof(text) - 1);
    if (n < 0)
        return 6;
    text[n] = '\0';
    return strstr(text, "\nSeccomp:\t2\n") ? 0 : 7;
}

START_TEST(kernel_takes_and_obeys_dockers_profile)
{
    struct oci_seccomp s = read_profile(&arena, "docker-28.5");
    build(&s);
    int status = in_filtered_child(try_denied_calls);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST

static int call_chmod(void)
{
    syscall(SYS_chmod, "/nowhere", 0);
    return 0;
}

START_TEST(kernel_kills_where_the_profile_says_so)
{
    struct oci_seccomp s = profile_with(OCI_ACT_ALLOW, 1);
    rule(&s, 0, OCI_ACT_KILL_PROCESS, "chmod");
    build(&s);
    int status = in_filtered_child(call_chmod);
    ck_assert(WIFSIGNALED(status));
    ck_assert_int_eq(WTERMSIG(status), SIGSYS);
    s.syscalls.v[0].action = OCI_ACT_TRAP;
    build(&s);
    status = in_filtered_child(call_chmod);
    ck_assert(WIFSIGNALED(status));
    ck_assert_int_eq(WTERMSIG(status), SIGSYS);
}
END_TEST

static int exit_quietly(void)
{
    return 0;
}

START_TEST(kernel_takes_every_program)
{
    for (size_t i = 0; i < SU_ARRAY_SIZE(profile_names); i++) {
        struct oci_seccomp s = read_profile(&arena, profile_names[i]);
        for (const char *const *name = su_seccomp_known_archs(); *name; name++)
            add_arch(&arena, &s, *name);
        build(&s);
        int status = in_filtered_child(exit_quietly);
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s: %#x", profile_names[i],
                      (unsigned)status);
    }
}
END_TEST

static void add_decisions(TCase *tc)
{
    tcase_add_test(tc, errno_rule_denies_with_eperm);
    tcase_add_test(tc, condition_on_an_argument_counts);
    tcase_add_test(tc, masked_condition_of_clone_stops_namespaces);
    tcase_add_test(tc, other_architectures_are_killed);
    tcase_add_test(tc, x32_is_a_filter_of_its_own);
    tcase_add_loop_test(tc, action_becomes_the_return_value_of_the_kernel, 0,
                        SU_ARRAY_SIZE(action_values));
    tcase_add_test(tc, errno_of_rule_and_default_is_returned);
    tcase_add_loop_test(tc, operator_compares_64_bits_without_sign, 0, SU_ARRAY_SIZE(comparisons));
    tcase_add_test(tc, conditions_on_different_arguments_must_all_hold);
    tcase_add_test(tc, an_argument_named_twice_makes_any_condition_enough);
    tcase_add_test(tc, first_entry_that_matches_decides);
    tcase_add_test(tc, entry_with_the_default_action_still_shields_from_later_ones);
    tcase_add_test(tc, entry_that_cannot_be_reached_is_reported);
    tcase_add_test(tc, i386_calls_are_filtered_direct_and_multiplexed);
}

static void add_kernel(TCase *tc)
{
    tcase_add_test(tc, kernel_takes_and_obeys_dockers_profile);
    tcase_add_test(tc, kernel_kills_where_the_profile_says_so);
    tcase_add_test(tc, kernel_takes_every_program);
}

int main(void)
{
    Suite *suite = suite_create("seccomp");

    add_decisions(group(suite, "decisions"));
    add_kernel(group(suite, "kernel"));
    return run_suite(suite);
}
