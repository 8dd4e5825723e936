/* SPDX-License-Identifier: Apache-2.0 */
/* Mount options sorted out for a sandbox, also held against what the kernel makes of them. */
#include <specutils/mount.h>

#include "linux_helpers.h"

#ifndef MS_NOSYMFOLLOW
#define MS_NOSYMFOLLOW 256
#endif
#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000
#endif

static struct su_arena arena;

static void teardown(void)
{
    su_arena_free(&arena);
}

/* What the parser is expected to make of a list, in the order of struct su_mount_opts. */
static const struct parsed {
    const char *const *opts;
    uint32_t flags;
    uint64_t attr_set, attr_clr, rec_set, rec_clr;
    uint32_t sb_flags;
} parsed[] = {
#define OPTS(...)         \
    (const char *const[]) \
    {                     \
        __VA_ARGS__, NULL \
    }
#define RO MOUNT_ATTR_RDONLY
#define FIELD MOUNT_ATTR__ATIME
    {OPTS("ro"), 1, RO, 0, 0, 0, 1},
    {OPTS("ro", "rw"), 0, 0, RO, 0, 0, 0},
    {OPTS("rw", "ro"), 1, RO, 0, 0, 0, 1},
    {OPTS("rro"), 0, 0, 0, RO, 0, 1},
    {OPTS("rro", "rrw"), 0, 0, 0, 0, RO, 0},
    {OPTS("rro", "rw"), 0, 0, RO, RO, 0, 0},
    {OPTS("rw", "rro"), 0, 0, 0, RO, 0, 1},
    {OPTS("ro", "rrw"), 1, 0, 0, 0, RO, 0},
    {OPTS("nosuid", "nodev", "noexec", "nosymfollow", "nodiratime"), 0x90e,
     MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NOSYMFOLLOW |
         MOUNT_ATTR_NODIRATIME,
     0, 0, 0, 0},
    {OPTS("suid", "dev", "exec", "symfollow", "diratime"), 0, 0,
     MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NOSYMFOLLOW |
         MOUNT_ATTR_NODIRATIME,
     0, 0, 0},
    {OPTS("noatime"), MS_NOATIME, MOUNT_ATTR_NOATIME, FIELD, 0, 0, 0},
    {OPTS("relatime"), MS_RELATIME, 0, FIELD, 0, 0, 0},
    {OPTS("strictatime"), MS_STRICTATIME, MOUNT_ATTR_STRICTATIME, FIELD, 0, 0, 0},
    {OPTS("noatime", "strictatime"), MS_STRICTATIME, MOUNT_ATTR_STRICTATIME, FIELD, 0, 0, 0},
    {OPTS("strictatime", "noatime"), MS_NOATIME, MOUNT_ATTR_NOATIME, FIELD, 0, 0, 0},
    {OPTS("noatime", "relatime"), MS_RELATIME, 0, FIELD, 0, 0, 0},
    {OPTS("atime"), MS_RELATIME, 0, FIELD, 0, 0, 0},
    {OPTS("noatime", "atime"), MS_RELATIME, 0, FIELD, 0, 0, 0},
    {OPTS("strictatime", "atime"), MS_STRICTATIME, MOUNT_ATTR_STRICTATIME, FIELD, 0, 0, 0},
    {OPTS("strictatime", "nostrictatime"), MS_RELATIME, 0, FIELD, 0, 0, 0},
    {OPTS("noatime", "nostrictatime"), MS_NOATIME, MOUNT_ATTR_NOATIME, FIELD, 0, 0, 0},
    {OPTS("norelatime"), 0, 0, 0, 0, 0, 0},
    {OPTS("rnoatime"), 0, 0, 0, MOUNT_ATTR_NOATIME, FIELD, 0},
    {OPTS("ratime"), 0, 0, 0, 0, FIELD, 0},
    {OPTS("rrelatime"), 0, 0, 0, 0, FIELD, 0},
    {OPTS("rnoatime", "rstrictatime"), 0, 0, 0, MOUNT_ATTR_STRICTATIME, FIELD, 0},
    {OPTS("noatime", "rstrictatime"), MS_NOATIME, 0, 0, MOUNT_ATTR_STRICTATIME, FIELD, 0},
    {OPTS("rnosuid", "rnodev", "rnoexec", "rnosymfollow", "rnodiratime"), 0, 0, 0,
     MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NOSYMFOLLOW |
         MOUNT_ATTR_NODIRATIME,
     0, 0},
    {OPTS("rsuid", "rdev", "rexec", "rsymfollow", "rdiratime"), 0, 0, 0, 0,
     MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NOSYMFOLLOW |
         MOUNT_ATTR_NODIRATIME,
     0},
    {OPTS("sync", "dirsync", "mand", "lazytime", "iversion", "acl", "silent"), 0x28180d0, 0, 0, 0,
     0, 0x28180d0},
    {OPTS("rsync", "rdirsync", "rmand"), 0, 0, 0, 0, 0, 0xd0},
    {OPTS("sync", "rasync", "mand", "rnomand"), 0x50, 0, 0, 0, 0, 0},
    {OPTS("bind"), MS_BIND, 0, 0, 0, 0, 0},
    {OPTS("remount", "rbind"), 0x5020, 0, 0, 0, 0, 0},
    {OPTS("defaults", "", "idmap"), 0, 0, 0, 0, 0, 0},
#undef RO
#undef FIELD
};

START_TEST(words_are_sorted_into_flags_and_attributes)
{
    const struct parsed *row = &parsed[_i];
    struct su_mount_opts out;
    size_t n = 0;

    while (row->opts[n])
        n++;
    struct su_strv opts = list_in(&arena, row->opts, n);
    ck_assert_int_eq(su_parse_mount_options(&arena, &opts, false, "mounts[0]", &out, NULL), 0);
    ck_assert_uint_eq(out.flags, row->flags);
    ck_assert_uint_eq(out.attr_set, row->attr_set);
    ck_assert_uint_eq(out.attr_clr, row->attr_clr);
    ck_assert_uint_eq(out.rec_set, row->rec_set);
    ck_assert_uint_eq(out.rec_clr, row->rec_clr);
    ck_assert_uint_eq(out.sb_flags, row->sb_flags);
    ck_assert_uint_eq(out.data.n, 0);
    ck_assert_uint_eq(out.n_propagation, 0);
}
END_TEST

START_TEST(propagation_words_keep_their_order)
{
    struct su_mount_opts out;
    struct su_strv opts = LIST(&arena, "rslave", "ro", "rshared", "unbindable");

    ck_assert_int_eq(su_parse_mount_options(&arena, &opts, true, "mounts[0]", &out, NULL), 0);
    ck_assert_uint_eq(out.n_propagation, 3);
    ck_assert_uint_eq(out.propagation[0], MS_SLAVE | MS_REC);
    ck_assert_uint_eq(out.propagation[1], MS_SHARED | MS_REC);
    ck_assert_uint_eq(out.propagation[2], MS_UNBINDABLE);
    ck_assert_uint_eq(out.flags, MS_RDONLY);
}
END_TEST

START_TEST(special_words_set_their_member_only)
{
    const struct {
        const char *word;
        struct su_mount_opts expected;
    } rows[] = {
        {"bind", {.bind = true}},
        {"rbind", {.bind = true, .rbind = true}},
        {"remount", {.remount = true}},
        {"tmpcopyup", {.tmpcopyup = true}},
        {"idmap", {.idmap = true}},
        {"ridmap", {.idmap = true, .ridmap = true}},
        {"copy-symlink", {.copy_symlink = true}},
        {"src-nofollow", {.src_nofollow = true}},
        {"dest-nofollow", {.dest_nofollow = true}},
        {"ro", {0}},
    };
    for (size_t i = 0; i < SU_ARRAY_SIZE(rows); i++) {
        struct su_mount_opts out, want = rows[i].expected;
        struct su_strv opts = LIST(&arena, rows[i].word);
        ck_assert_int_eq(su_parse_mount_options(&arena, &opts, true, "", &out, NULL), 0);
        ck_assert_int_eq(out.bind, want.bind);
        ck_assert_int_eq(out.rbind, want.rbind);
        ck_assert_int_eq(out.remount, want.remount);
        ck_assert_int_eq(out.tmpcopyup, want.tmpcopyup);
        ck_assert_int_eq(out.idmap, want.idmap);
        ck_assert_int_eq(out.ridmap, want.ridmap);
        ck_assert_int_eq(out.copy_symlink, want.copy_symlink);
        ck_assert_int_eq(out.src_nofollow, want.src_nofollow);
        ck_assert_int_eq(out.dest_nofollow, want.dest_nofollow);
    }
}
END_TEST

START_TEST(unknown_words_are_data_except_on_bind_mounts)
{
    _cleanup_error_ struct su_error err = {0};
    struct su_mount_opts out;
    struct su_strv opts = LIST(&arena, "nosuid", "mode=755", "", "ro", "size=64k");

    ck_assert_int_eq(su_parse_mount_options(&arena, &opts, false, "mounts[3]", &out, &err), 0);
    ck_assert_str_eq(joined(&arena, &out.data), "mode=755 size=64k");
    ck_assert_uint_eq(out.data_index[0], 1);
    ck_assert_uint_eq(out.data_index[1], 4);
    ck_assert_int_eq(su_parse_mount_options(&arena, &opts, true, "mounts[3]", &out, &err), -EINVAL);
    ck_assert_int_eq(err.kind, SU_ERR_MOUNT_OPTION);
    ck_assert_str_eq(err.json_path, "mounts[3].options[1]");

    struct su_strv typo = LIST(&arena, "ro", "rbnd");
    ck_assert_int_eq(su_parse_mount_options(&arena, &typo, true, "mounts[3]", &out, &err), -EINVAL);
    ck_assert_str_eq(err.msg, "mounts[3].options[1]: \"rbnd\" is not a mount option of bind "
                              "mounts (did you mean \"rbind\"?)");
    ck_assert_int_eq(su_parse_mount_options(&arena, &typo, true, NULL, &out, &err), -EINVAL);
    ck_assert_str_eq(err.json_path, "options[1]");
    ck_assert_int_eq(su_parse_mount_options(&arena, &typo, true, NULL, &out, NULL), -EINVAL);
}
END_TEST

/* --- what the kernel makes of it ---------------------------------------------------------------
 */

/* The options of the mount at path, as mountinfo has them. */
static const char *mount_options_of(const char *path)
{
    _cleanup_free_ char *text = NULL;
    const char *field = su_arena_printf(&arena, " %s ", path);

    ck_assert_int_eq(su_read_file_at(AT_FDCWD, "/proc/self/mountinfo", 16 << 20, &text, NULL), 0);
    const char *found = strstr(text, field);
    ck_assert_ptr_nonnull(found);
    found += strlen(field);
    return su_arena_strndup(&arena, found, strcspn(found, " "));
}

/* As sandboxes do it: the recursive attributes first. */
static void apply_attributes(const char *path, const struct su_mount_opts *opts)
{
    const struct {
        uint64_t set, clr, propagation, userns_fd;
    } recursive = {opts->rec_set, opts->rec_clr, 0, 0},
      plain = {opts->attr_set, opts->attr_clr, 0, 0};

    ck_assert_msg(syscall(SYS_mount_setattr, AT_FDCWD, path, 0x8000 /* AT_RECURSIVE */, &recursive,
                          sizeof(recursive)) == 0,
                  "recursive: %s", strerror(errno));
    ck_assert_msg(syscall(SYS_mount_setattr, AT_FDCWD, path, 0, &plain, sizeof(plain)) == 0,
                  "plain: %s", strerror(errno));
}

START_TEST(kernel_shows_what_the_words_say)
{
    const struct {
        const char *const *opts;
        const char *top, *sub; /* of a mount and one below it, both noatime,nosuid before */
    } rows[] = {
        {OPTS("ro", "nodev"), "ro,nosuid,nodev,noatime", "rw,nosuid,noatime"},
        {OPTS("rro"), "ro,nosuid,noatime", "ro,nosuid,noatime"},
        {OPTS("rro", "rw"), "rw,nosuid,noatime", "ro,nosuid,noatime"},
        {OPTS("ro", "rrw"), "rw,nosuid,noatime", "rw,nosuid,noatime"},
        {OPTS("rrw", "ro"), "ro,nosuid,noatime", "rw,nosuid,noatime"},
        {OPTS("suid", "atime"), "rw,relatime", "rw,nosuid,noatime"},
        {OPTS("rsuid", "ratime"), "rw,relatime", "rw,relatime"},
        {OPTS("relatime"), "rw,nosuid,relatime", "rw,nosuid,noatime"},
        {OPTS("strictatime"), "rw,nosuid", "rw,nosuid,noatime"},
        {OPTS("rstrictatime", "noatime"), "rw,nosuid,noatime", "rw,nosuid"},
        {OPTS("noatime", "rstrictatime"), "rw,nosuid", "rw,nosuid"},
        {OPTS("norelatime"), "rw,nosuid,noatime", "rw,nosuid,noatime"},
        {OPTS("nodiratime", "noexec", "nosymfollow"),
         "rw,nosuid,noexec,noatime,nodiratime,nosymfollow", "rw,nosuid,noatime"},
        {OPTS("rnodiratime", "rdev", "rexec"), "rw,nosuid,noatime,nodiratime",
         "rw,nosuid,noatime,nodiratime"},
    };
    if (!can_unshare_user(__func__))
        return;
    const char *top = temp_dir(&arena), *sub = su_arena_printf(&arena, "%s/sub", top);
    enter_new_userns(CLONE_NEWNS);
    for (size_t i = 0; i < SU_ARRAY_SIZE(rows); i++) {
        struct su_mount_opts out;
        size_t n = 0;
        while (rows[i].opts[n])
            n++;
        struct su_strv opts = list_in(&arena, rows[i].opts, n);
        ck_assert_int_eq(su_parse_mount_options(&arena, &opts, true, "mounts[0]", &out, NULL), 0);
        ck_assert_int_eq(mount("x", top, "tmpfs", MS_NOATIME | MS_NOSUID, NULL), 0);
        ck_assert_int_eq(mkdir(sub, 0755), 0);
        ck_assert_int_eq(mount("x", sub, "tmpfs", MS_NOATIME | MS_NOSUID, NULL), 0);
        apply_attributes(top, &out);
        ck_assert_msg(su_streq(mount_options_of(top), rows[i].top), "row %zu: %s", i,
                      mount_options_of(top));
        ck_assert_msg(su_streq(mount_options_of(sub), rows[i].sub), "row %zu: %s", i,
                      mount_options_of(sub));
        ck_assert_int_eq(umount2(top, MNT_DETACH), 0);
    }
    rmdir(top);
}
END_TEST

START_TEST(kernel_accepts_the_attributes_of_every_word)
{
    size_t n;
    const char *const *known = su_known_mount_options(&n);

    if (!can_unshare_user(__func__))
        return;
    const char *top = temp_dir(&arena);
    enter_new_userns(CLONE_NEWNS);
    ck_assert_int_eq(mount("x", top, "tmpfs", 0, NULL), 0);
    for (size_t i = 0; i < n; i++) {
        struct su_mount_opts out;
        struct su_strv opts = LIST(&arena, known[i]);
        ck_assert_int_eq(su_parse_mount_options(&arena, &opts, true, "mounts[0]", &out, NULL), 0);
        apply_attributes(top, &out);
        for (size_t j = 0; j < out.n_propagation; j++)
            ck_assert_int_eq(mount(NULL, top, NULL, out.propagation[j], NULL), 0);
    }
    ck_assert_int_eq(umount2(top, MNT_DETACH), 0);
    rmdir(top);
}
END_TEST

START_TEST(a_million_words_take_no_time)
{
    size_t n = 1000000;
    struct su_strv opts = {su_arena_array(&arena, n + 1, sizeof(char *)), n};
    struct su_mount_opts out;

    for (size_t i = 0; i < n; i++)
        opts.v[i] = (char *)(i % 2 ? "zzz=1" : "rslave");
    ck_assert_int_eq(su_parse_mount_options(&arena, &opts, false, "mounts[0]", &out, NULL), 0);
    ck_assert_uint_eq(out.data.n, n / 2);
    ck_assert_uint_eq(out.n_propagation, n / 2);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mount_options");
    TCase *tc = tcase_create("mount_options");

    tcase_add_checked_fixture(tc, NULL, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, words_are_sorted_into_flags_and_attributes, 0, SU_ARRAY_SIZE(parsed));
    tcase_add_test(tc, propagation_words_keep_their_order);
    tcase_add_test(tc, special_words_set_their_member_only);
    tcase_add_test(tc, unknown_words_are_data_except_on_bind_mounts);
    tcase_add_test(tc, kernel_shows_what_the_words_say);
    tcase_add_test(tc, kernel_accepts_the_attributes_of_every_word);
    tcase_add_test(tc, a_million_words_take_no_time);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
