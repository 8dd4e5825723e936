/* SPDX-License-Identifier: Apache-2.0 */
/* Mount options as words and mount(2) flags, and the kinds of mounts in a spec. */
#include <specutils/mount.h>

#include "linux_helpers.h"

static struct su_arena arena;

static void teardown(void)
{
    su_arena_free(&arena);
}

/* Every word that has a place in mount(2)'s flags, with its bit; the rest has none. */
static const struct {
    const char *word;
    uint32_t bit;
    bool clears;
} flag_words[] = {
    {"ro", 0x1, false},
    {"rw", 0x1, true},
    {"nosuid", 0x2, false},
    {"suid", 0x2, true},
    {"nodev", 0x4, false},
    {"dev", 0x4, true},
    {"noexec", 0x8, false},
    {"exec", 0x8, true},
    {"sync", 0x10, false},
    {"async", 0x10, true},
    {"remount", 0x20, false},
    {"mand", 0x40, false},
    {"nomand", 0x40, true},
    {"dirsync", 0x80, false},
    {"nosymfollow", 0x100, false},
    {"symfollow", 0x100, true},
    {"noatime", 0x400, false},
    {"atime", 0x400, true},
    {"nodiratime", 0x800, false},
    {"diratime", 0x800, true},
    {"bind", 0x1000, false},
    {"rbind", 0x5000, false},
    {"silent", 0x8000, false},
    {"loud", 0x8000, true},
    {"acl", 0x10000, false},
    {"noacl", 0x10000, true},
    {"relatime", 0x200000, false},
    {"norelatime", 0x200000, true},
    {"iversion", 0x800000, false},
    {"noiversion", 0x800000, true},
    {"strictatime", 0x1000000, false},
    {"nostrictatime", 0x1000000, true},
    {"lazytime", 0x2000000, false},
    {"nolazytime", 0x2000000, true},
};

static const struct {
    const char *word;
    uint32_t flags;
} propagation_words[] = {
    {"private", 0x40000},    {"rprivate", 0x44000}, {"slave", 0x80000},    {"rslave", 0x84000},
    {"unbindable", 0x20000}, {"shared", 0x100000},  {"rshared", 0x104000}, {"runbindable", 0x24000},
};

static const char *setter_of(uint32_t bit)
{
    for (size_t i = 0; i < SU_ARRAY_SIZE(flag_words); i++) {
        if (flag_words[i].bit == bit && !flag_words[i].clears)
            return flag_words[i].word;
    }
    return NULL;
}

START_TEST(each_flag_word_sets_or_clears_its_bit)
{
    for (size_t i = 0; i < SU_ARRAY_SIZE(flag_words); i++) {
        const char *word = flag_words[i].word;
        struct su_strv alone = LIST(&arena, word);
        ck_assert_msg(su_options_to_flags(&alone) == (flag_words[i].clears ? 0 : flag_words[i].bit),
                      "%s", word);
        if (!flag_words[i].clears)
            continue;
        struct su_strv after = LIST(&arena, setter_of(flag_words[i].bit), word);
        ck_assert_msg(su_options_to_flags(&after) == 0, "%s", word);
    }
}
END_TEST

START_TEST(words_without_a_mount_flag_give_none)
{
    size_t n, with_flag = 0;
    const char *const *known = su_known_mount_options(&n);

    for (size_t i = 0; i < n; i++) {
        struct su_strv alone = LIST(&arena, known[i]);
        bool listed = false;
        for (size_t j = 0; j < SU_ARRAY_SIZE(flag_words); j++)
            listed |= su_streq(flag_words[j].word, known[i]);
        with_flag += listed;
        if (!listed)
            ck_assert_msg(su_options_to_flags(&alone) == 0, "%s", known[i]);
    }
    ck_assert_uint_eq(with_flag, SU_ARRAY_SIZE(flag_words));
}
END_TEST

START_TEST(option_lists_are_walked_left_to_right)
{
    const struct {
        struct su_strv opts;
        uint32_t flags;
    } rows[] = {
        {LIST(&arena, "ro", "nosuid", "nodev"), 0x7},
        {LIST(&arena, "rbind", "ro"), 0x5001},
        {LIST(&arena, "rw"), 0},
        {LIST(&arena, "nosuid", "suid"), 0},
        {LIST(&arena, "suid", "nosuid"), 2},
        {LIST(&arena, "mode=755", "size=64k"), 0},
        {LIST(&arena, "defaults", "", "RO", " ro", "ro,nosuid"), 0},
        {LIST(&arena, "rro", "rnosuid", "idmap", "tmpcopyup", "rprivate"), 0},
        {{0}, 0},
    };
    for (size_t i = 0; i < SU_ARRAY_SIZE(rows); i++)
        ck_assert_msg(su_options_to_flags(&rows[i].opts) == rows[i].flags, "row %zu", i);
}
END_TEST

START_TEST(propagation_words_are_or_ed)
{
    for (size_t i = 0; i < SU_ARRAY_SIZE(propagation_words); i++) {
        struct su_strv alone = LIST(&arena, propagation_words[i].word);
        ck_assert_uint_eq(su_prop_options_to_flags(&alone), propagation_words[i].flags);
    }
    struct su_strv mixed = LIST(&arena, "ro", "slave"), none = LIST(&arena, "ro", "nodev");
    struct su_strv two = LIST(&arena, "rslave", "shared");
    ck_assert_uint_eq(su_prop_options_to_flags(&mixed), 0x80000);
    ck_assert_uint_eq(su_prop_options_to_flags(&none), 0);
    ck_assert_uint_eq(su_prop_options_to_flags(&two), 0x184000);
}
END_TEST

START_TEST(read_only_is_true_with_ro_anywhere)
{
    struct su_strv both = LIST(&arena, "rw", "ro"), undone = LIST(&arena, "ro", "rw");
    struct su_strv rw = LIST(&arena, "rw"), rro = LIST(&arena, "rro"), none = {0};

    ck_assert(su_is_readonly_mount(&both));
    ck_assert(su_is_readonly_mount(&undone));
    ck_assert(!su_is_readonly_mount(&rw));
    ck_assert(!su_is_readonly_mount(&rro));
    ck_assert(!su_is_readonly_mount(&none));
}
END_TEST

START_TEST(filter_drops_what_the_flavor_refuses_with_a_warning)
{
    struct captured_log log;
    struct su_strv out, opts = LIST(&arena, "ro", "shared", "nosuid", "rshared");
    struct su_strv fine = LIST(&arena, "slave", "size=1m"), none = {0};

    capture_log(&log);
    ck_assert_int_eq(su_filter_mount_options(&arena, &opts, SU_FLAVOR_RUNSC, &out, NULL), 0);
    ck_assert_str_eq(joined(&arena, &out), "ro nosuid");
    ck_assert_int_eq(log.warnings, 2);
    assert_text_has(log.last, "rshared");
    ck_assert_int_eq(su_filter_mount_options(&arena, &opts, SU_FLAVOR_NATIVE, &out, NULL), 0);
    ck_assert_str_eq(joined(&arena, &out), "ro shared nosuid rshared");
    ck_assert_int_eq(su_filter_mount_options(&arena, &fine, SU_FLAVOR_RUNSC, &out, NULL), 0);
    ck_assert_str_eq(joined(&arena, &out), "slave size=1m");
    ck_assert_int_eq(su_filter_mount_options(&arena, &none, SU_FLAVOR_RUNSC, &out, NULL), 0);
    ck_assert_ptr_nonnull(out.v);
    ck_assert_uint_eq(out.n, 0);
    ck_assert_int_eq(log.warnings, 2);
}
END_TEST

START_TEST(validation_names_the_first_refused_option)
{
    _cleanup_error_ struct su_error err = {0};
    struct su_strv opts = LIST(&arena, "ro", "shared", "rshared"), none = {0};
    struct su_strv fine = LIST(&arena, "slave", "size=1m", "rprivate", "private");

    ck_assert_int_eq(su_validate_mount_options(&opts, SU_FLAVOR_NATIVE, &err), 0);
    ck_assert_int_eq(su_validate_mount_options(&fine, SU_FLAVOR_RUNSC, &err), 0);
    ck_assert_int_eq(su_validate_mount_options(&none, SU_FLAVOR_RUNSC, &err), 0);
    ck_assert_int_eq(su_validate_mount_options(&opts, SU_FLAVOR_RUNSC, &err), -EINVAL);
    ck_assert_int_eq(err.kind, SU_ERR_MOUNT_OPTION);
    ck_assert_str_eq(err.json_path, "options[1]");
    ck_assert_str_eq(err.msg, "options[1]: \"shared\" not supported by this flavor, expected "
                              "private, slave or unbindable propagation");
    ck_assert_int_eq(su_validate_mount_options(&opts, SU_FLAVOR_RUNSC, NULL), -EINVAL);
}
END_TEST

START_TEST(changing_the_type_drops_bind_words_unless_it_is_bind)
{
    struct oci_mount mount = {.type = (char *)"bind",
                              .options = LIST(&arena, "rbind", "ro", "bind")};
    struct su_strv before = mount.options;

    ck_assert(su_change_mount_type(&arena, &mount, "tmpfs"));
    ck_assert_str_eq(mount.type, "tmpfs");
    ck_assert_str_eq(joined(&arena, &mount.options), "ro");
    ck_assert_str_eq(joined(&arena, &before), "rbind ro bind");
    ck_assert(!su_change_mount_type(&arena, &mount, "tmpfs"));
    ck_assert(su_change_mount_type(&arena, &mount, "bind"));
    ck_assert_str_eq(joined(&arena, &mount.options), "ro");

    struct oci_mount bare = {0};
    ck_assert(su_change_mount_type(&arena, &bare, "tmpfs"));
    ck_assert_str_eq(bare.type, "tmpfs");
    ck_assert_ptr_nonnull(bare.options.v);
    ck_assert_uint_eq(bare.options.n, 0);
}
END_TEST

START_TEST(bind_mounts_are_known_by_type_or_option)
{
    const struct {
        const char *type, *source, *option, *converted;
        bool bind, gofer;
    } rows[] = {
        {"none", "/s", "rbind", "bind", true, true},
        {NULL, "/s", "bind", "bind", true, true},
        {"bind", "/s", "ro", "bind", true, true},
        {"bind", "", "ro", "bind", true, false},
        {"bind", NULL, "ro", "bind", true, false},
        {"rbind", "/s", "ro", "rbind", false, false},
        {"tmpfs", "tmpfs", "ro", "tmpfs", false, false},
        {NULL, "/s", "ro", NULL, false, false},
    };
    for (size_t i = 0; i < SU_ARRAY_SIZE(rows); i++) {
        struct oci_mount mount = {
            .type = su_arena_strdup(&arena, rows[i].type),
            .source = su_arena_strdup(&arena, rows[i].source),
            .options = LIST(&arena, rows[i].option, "nodev"),
        };
        ck_assert_int_eq(su_is_bind_mount(&mount), rows[i].bind);
        ck_assert_int_eq(su_is_gofer_mount(&mount), rows[i].gofer);
        ck_assert_pstr_eq(mount.type, rows[i].type);
        su_maybe_convert_to_bind_mount(&mount);
        ck_assert_pstr_eq(mount.type, rows[i].converted);
        ck_assert_uint_eq(mount.options.n, 2);
    }
}
END_TEST

START_TEST(known_words_are_sorted_and_without_duplicates)
{
    size_t n;
    const char *const *known = su_known_mount_options(&n);

    ck_assert_uint_gt(n, 60);
    for (size_t i = 1; i < n; i++)
        ck_assert_msg(strcmp(known[i - 1], known[i]) < 0, "%s, %s", known[i - 1], known[i]);
}
END_TEST

static void assert_known(const char *word)
{
    size_t n;
    const char *const *known = su_known_mount_options(&n);

    for (size_t i = 0; i < n; i++) {
        if (su_streq(known[i], word))
            return;
    }
    ck_abort_msg("\"%s\" is not known", word);
}

/* The rows of the specification's table begin with " `word` |". */
START_TEST(all_words_of_the_specification_are_known)
{
    _cleanup_fclose_ FILE *file = fopen(TEST_SHARED "/oci/config.md", "r");
    char line[4096], word[64];
    int found = 0;

    if (!file) {
        fprintf(stderr, "SKIP %s: no specification at %s\n", __func__, TEST_SHARED "/oci");
        return;
    }
    while (fgets(line, sizeof(line), file) && !strstr(line, "Linux mount options</") &&
           !su_has_prefix(line, "### <a name=\"configLinuxMountOptions\""))
        ;
    while (fgets(line, sizeof(line), file) && !su_has_prefix(line, "### ")) {
        if (sscanf(line, " `%63[a-z] ` |", word) == 1 || sscanf(line, " `%63[a-z]` |", word) == 1) {
            assert_known(word);
            found++;
        }
    }
    ck_assert_int_gt(found, 50);
}
END_TEST

START_TEST(words_that_other_runtimes_announce_are_known)
{
    static const char *const announced[] = {
        "rw",          "rrw",         "ro",
        "rro",         "rdirsync",    "rdiratime",
        "rnodev",      "rnorelatime", "nodiratime",
        "rnodiratime", "dirsync",     "rnosuid",
        "ratime",      "diratime",    "rnoatime",
        "strictatime", "noatime",     "rstrictatime",
        "rnomand",     "rprivate",    "rnostrictatime",
        "rnoexec",     "nodev",       "nostrictatime",
        "rmand",       "norelatime",  "mand",
        "idmap",       "atime",       "nomand",
        "rsuid",       "rbind",       "suid",
        "bind",        "rslave",      "nosuid",
        "defaults",    "rrelatime",   "rsync",
        "remount",     "dev",         "dest-nofollow",
        "rdev",        "private",     "noexec",
        "sync",        "relatime",    "src-nofollow",
        "async",       "rasync",      "tmpcopyup",
        "shared",      "rshared",     "slave",
        "rexec",       "unbindable",  "runbindable",
        "exec",        "ridmap",      "copy-symlink",
    };
    for (size_t i = 0; i < SU_ARRAY_SIZE(announced); i++)
        assert_known(announced[i]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mount");
    TCase *tc = tcase_create("mount");

    tcase_add_checked_fixture(tc, NULL, teardown);
    tcase_add_test(tc, each_flag_word_sets_or_clears_its_bit);
    tcase_add_test(tc, words_without_a_mount_flag_give_none);
    tcase_add_test(tc, option_lists_are_walked_left_to_right);
    tcase_add_test(tc, propagation_words_are_or_ed);
    tcase_add_test(tc, read_only_is_true_with_ro_anywhere);
    tcase_add_test(tc, filter_drops_what_the_flavor_refuses_with_a_warning);
    tcase_add_test(tc, validation_names_the_first_refused_option);
    tcase_add_test(tc, changing_the_type_drops_bind_words_unless_it_is_bind);
    tcase_add_test(tc, bind_mounts_are_known_by_type_or_option);
    tcase_add_test(tc, known_words_are_sorted_and_without_duplicates);
    tcase_add_test(tc, all_words_of_the_specification_are_known);
    tcase_add_test(tc, words_that_other_runtimes_announce_are_known);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
