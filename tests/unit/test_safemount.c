/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Safe mounts, in user and mount namespaces of the test's own: what is mounted where is read
 * from the kernel's mountinfo.
 */
#include <specutils/mount.h>

#include <signal.h>

#include "linux_helpers.h"

static struct su_arena arena;
static char *top;      /* the test's folder */
static int fds_before; /* after namespaces and folders were made */

/* True if something is mounted at path. */
static bool is_mounted(const char *path)
{
    _cleanup_free_ char *text = NULL;
    const char *field = su_arena_printf(&arena, " %s ", path);

    ck_assert_int_eq(su_read_file_at(AT_FDCWD, "/proc/self/mountinfo", 16 << 20, &text, NULL), 0);
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        char *target = strchr(strchr(strchr(strchr(line, ' ') + 1, ' ') + 1, ' ') + 1, ' ');
        if (target && su_has_prefix(target, field))
            return true;
    }
    return false;
}

static char *at_top(const char *name)
{
    return su_arena_printf(&arena, "%s/%s", top, name);
}

static void make_file(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

    ck_assert_msg(fd >= 0, "%s: %s", path, strerror(errno));
    close(fd);
}

static void make_dir(const char *path)
{
    ck_assert_msg(mkdir(path, 0755) == 0, "%s: %s", path, strerror(errno));
}

/* The folder is a tmpfs of this process's own, so nothing of it is left behind but itself. */
static void setup(void)
{
    top = temp_dir(&arena);
    enter_new_userns(CLONE_NEWNS);
    ck_assert_int_eq(mount("tmpfs", top, "tmpfs", 0, NULL), 0);
    make_dir(at_top("subdir"));
    make_dir(at_top("subdir2"));
    make_file(at_top("subdir/mark"));
    make_file(at_top("file"));
    ck_assert_int_eq(symlink("./subdir2", at_top("symlink")), 0);
    umask(022);
    fds_before = open_fds();
}

static void teardown(void)
{
    ck_assert_int_eq(open_fds(), fds_before);
    umount2(top, MNT_DETACH);
    ck_assert_int_eq(rmdir(top), 0);
    su_arena_free(&arena);
}

static struct su_mount_req bind_req(const char *src, const char *dst)
{
    return (struct su_mount_req){.src = src, .dst = dst, .fstype = "bind", .flags = MS_BIND};
}

static void assert_mounted(const struct su_mount_req *req,
                           int (*mount_fn)(const struct su_mount_req *, struct su_error *))
{
    _cleanup_error_ struct su_error err = {0};
    int r = mount_fn(req, &err);

    ck_assert_msg(r == 0, "%s", r < 0 ? su_error_text(&err) : "");
    ck_assert(is_mounted(req->dst));
}

/* --- the four cases of the runner --------------------------------------------------------------
 */

START_TEST(plain_mount_on_a_folder_works)
{
    ck_assert_int_eq(mount(at_top("subdir"), at_top("subdir2"), "bind", MS_BIND, NULL), 0);
    ck_assert(is_mounted(at_top("subdir2")));
    ck_assert_int_eq(umount(at_top("subdir2")), 0);
    ck_assert(!is_mounted(at_top("subdir2")));
}
END_TEST

START_TEST(plain_mount_follows_a_symlink_which_is_the_danger)
{
    ck_assert_int_eq(mount(at_top("subdir"), at_top("symlink"), "bind", MS_BIND, NULL), 0);
    ck_assert(is_mounted(at_top("subdir2")));
}
END_TEST

START_TEST(safe_mount_on_a_folder_works)
{
    struct su_mount_req req = bind_req(at_top("subdir"), at_top("subdir2"));

    req.proc_path = "/proc";
    assert_mounted(&req, su_safe_mount);
    ck_assert_int_eq(access(at_top("subdir2/mark"), F_OK), 0);
}
END_TEST

START_TEST(safe_mount_on_a_symlink_fails_as_such)
{
    _cleanup_error_ struct su_error err = {0};
    struct su_mount_req req = bind_req(at_top("subdir"), at_top("symlink"));

    ck_assert_int_eq(su_safe_mount(&req, &err), -ELOOP);
    ck_assert_int_eq(err.kind, SU_ERR_SYMLINK_MOUNT);
    ck_assert_str_eq(err.expected, req.dst);
    ck_assert_str_eq(err.found, at_top("subdir2"));
    ck_assert_str_eq(err.msg, su_arena_printf(&arena, "mount target \"%s\": is a symlink to \"%s\"",
                                              req.dst, at_top("subdir2")));
    ck_assert(!is_mounted(at_top("subdir2")));
    ck_assert_int_eq(su_safe_mount(&req, NULL), -ELOOP);
}
END_TEST

/* --- targets -----------------------------------------------------------------------------------
 */

START_TEST(symlinks_in_the_middle_are_refused)
{
    _cleanup_error_ struct su_error err = {0};
    struct su_mount_req req = bind_req(at_top("subdir"), at_top("symlink/x"));

    make_dir(at_top("subdir2/x"));
    ck_assert_int_eq(su_safe_mount(&req, &err), -ELOOP);
    ck_assert_int_eq(err.kind, SU_ERR_SYMLINK_MOUNT);
    ck_assert_str_eq(err.found, at_top("subdir2/x"));
    assert_text_has(err.msg, "leads through a symlink to");
    ck_assert_int_eq(su_safe_setup_and_mount(&req, &err), -ELOOP);
    ck_assert(!is_mounted(at_top("subdir2/x")));
}
END_TEST

START_TEST(magic_links_are_refused)
{
    _cleanup_error_ struct su_error err = {0};
    int fd = open(at_top("subdir2"), O_PATH | O_CLOEXEC);
    struct su_mount_req req =
        bind_req(at_top("subdir"), su_arena_printf(&arena, "/proc/self/fd/%d", fd));

    ck_assert_int_eq(su_safe_mount(&req, &err), -ELOOP);
    req.dst = su_arena_printf(&arena, "/proc/%d/root%s/subdir2", getpid(), top);
    ck_assert_int_eq(su_safe_mount(&req, &err), -ELOOP);
    ck_assert(!is_mounted(at_top("subdir2")));
    close(fd);
}
END_TEST

START_TEST(unclean_targets_are_refused)
{
    ck_assert_int_eq(chdir(top), 0);
    const char *const targets[] = {
        "subdir2",
        "./subdir2",
        "",
        at_top("subdir2/"),
        at_top("/subdir2"),
        at_top("./subdir2"),
        at_top("."),
        at_top("subdir/.."),
        at_top("subdir/../subdir2"),
        su_arena_printf(&arena, "/%s/subdir2", top),
        "//",
    };
    for (size_t i = 0; i < SU_ARRAY_SIZE(targets); i++) {
        _cleanup_error_ struct su_error err = {0};
        struct su_mount_req req = bind_req(at_top("subdir"), targets[i]);
        ck_assert_msg(su_safe_mount(&req, &err) == -EINVAL, "%s", targets[i]);
        ck_assert_int_eq(err.kind, SU_ERR_SYMLINK_MOUNT);
        ck_assert_str_eq(err.expected, targets[i]);
        ck_assert_ptr_nonnull(err.found);
        assert_text_has(err.msg, "is not a clean absolute path");
        ck_assert_int_eq(su_safe_setup_and_mount(&req, &err), -EINVAL);
    }
    ck_assert(!is_mounted(at_top("subdir2")));
    /* Names that only look like it. */
    make_dir(at_top("..."));
    make_dir(at_top(".x"));
    struct su_mount_req dots = bind_req(at_top("subdir"), at_top("..."));
    assert_mounted(&dots, su_safe_mount);
    dots.dst = at_top(".x");
    assert_mounted(&dots, su_safe_mount);
    ck_assert_int_eq(chdir("/"), 0);
}
END_TEST

START_TEST(errors_of_the_kernel_keep_their_errno)
{
    _cleanup_error_ struct su_error err = {0};
    struct su_mount_req none = bind_req(at_top("subdir"), at_top("none"));
    struct su_mount_req no_source = bind_req(at_top("none"), at_top("subdir2"));
    struct su_mount_req no_type = {.src = "x", .dst = at_top("subdir2"), .fstype = "nosuchfs"};
    struct su_mount_req no_proc = bind_req(at_top("subdir"), at_top("subdir2"));

    no_proc.proc_path = at_top("subdir");
    ck_assert_int_eq(su_safe_mount(&none, &err), -ENOENT);
    ck_assert_int_eq(err.kind, SU_ERR_IO);
    ck_assert_int_eq(su_safe_mount(&no_source, &err), -ENOENT);
    ck_assert_int_eq(su_safe_mount(&no_type, &err), -ENODEV);
    assert_text_has(err.msg, "type nosuchfs, flags 0x0): no such device");
    ck_assert_int_eq(su_safe_mount(&no_proc, &err), -ENOENT);
    ck_assert(!is_mounted(at_top("subdir2")));
}
END_TEST

START_TEST(every_kind_of_mount_call_is_served)
{
    struct su_mount_req tmpfs = {
        .src = "tmpfs", .dst = at_top("subdir2"), .fstype = "tmpfs", .data = "mode=711"};
    struct su_mount_req shared = {.dst = at_top("subdir2"), .flags = MS_SHARED, .src = ""};
    struct su_mount_req readonly = {.dst = at_top("subdir2"),
                                    .flags = MS_REMOUNT | MS_BIND | MS_RDONLY};
    struct stat st;

    assert_mounted(&tmpfs, su_safe_mount);
    ck_assert_int_eq(stat(tmpfs.dst, &st), 0);
    ck_assert_uint_eq(st.st_mode & 0777, 0711);
    assert_mounted(&shared, su_safe_mount);
    assert_mounted(&readonly, su_safe_mount);
    ck_assert_int_eq(mkdir(at_top("subdir2/x"), 0755), -1);
    ck_assert_int_eq(errno, EROFS);
}
END_TEST

/* --- making the mount point --------------------------------------------------------------------
 */

START_TEST(missing_folders_are_made)
{
    struct su_mount_req req = bind_req(at_top("subdir"), at_top("a/b/c"));
    struct stat st;

    umask(027);
    assert_mounted(&req, su_safe_setup_and_mount);
    ck_assert_int_eq(stat(at_top("a/b"), &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0750);
    ck_assert_int_eq(access(at_top("a/b/c/mark"), F_OK), 0);
    struct su_mount_req again = bind_req(at_top("subdir"), at_top("a/b"));
    assert_mounted(&again, su_safe_setup_and_mount);
}
END_TEST

START_TEST(missing_file_is_made_for_a_file)
{
    struct su_mount_req req = bind_req(at_top("file"), at_top("n/f"));
    struct stat st, source;

    assert_mounted(&req, su_safe_setup_and_mount);
    ck_assert_int_eq(stat(at_top("n/f"), &st), 0);
    ck_assert_int_eq(stat(at_top("file"), &source), 0);
    ck_assert_uint_eq(st.st_ino, source.st_ino);
    ck_assert_int_eq(umount(at_top("n/f")), 0);
    ck_assert_int_eq(stat(at_top("n/f"), &st), 0);
    ck_assert(S_ISREG(st.st_mode) && st.st_size == 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0755);
}
END_TEST

START_TEST(what_exists_is_not_touched)
{
    struct su_mount_req req = bind_req(at_top("file"), at_top("kept"));

    int fd = open(at_top("kept"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    ck_assert_int_eq(su_write_all(fd, "text", 4), 0);
    close(fd);
    assert_mounted(&req, su_safe_setup_and_mount);
    ck_assert_int_eq(umount(at_top("kept")), 0);
    struct stat st;
    ck_assert_int_eq(stat(at_top("kept"), &st), 0);
    ck_assert_int_eq(st.st_size, 4);
    ck_assert_uint_eq(st.st_mode & 0777, 0600);

    /* A FIFO does not hang the caller. */
    ck_assert_int_eq(mkfifo(at_top("fifo"), 0600), 0);
    struct su_mount_req fifo = bind_req(at_top("file"), at_top("fifo"));
    assert_mounted(&fifo, su_safe_setup_and_mount);
}
END_TEST

START_TEST(wrong_kinds_of_mount_points_are_refused)
{
    _cleanup_error_ struct su_error err = {0};
    struct su_mount_req file_on_dir = bind_req(at_top("file"), at_top("subdir2"));
    struct su_mount_req dir_on_file = bind_req(at_top("subdir"), at_top("file"));
    struct su_mount_req below_file = bind_req(at_top("subdir"), at_top("file/x"));
    struct su_mount_req no_source = bind_req(at_top("none"), at_top("new"));
    struct su_mount_req null_source = bind_req(NULL, at_top("new"));

    ck_assert_int_eq(su_safe_setup_and_mount(&file_on_dir, &err), -EISDIR);
    ck_assert_int_eq(su_safe_setup_and_mount(&dir_on_file, &err), -ENOTDIR);
    ck_assert_int_eq(su_safe_setup_and_mount(&below_file, &err), -ENOTDIR);
    ck_assert_int_eq(su_safe_setup_and_mount(&no_source, &err), -ENOENT);
    ck_assert_str_eq(
        err.msg,
        su_arena_printf(&arena, "mount source \"%s\": no such file or directory", at_top("none")));
    ck_assert_int_eq(su_safe_setup_and_mount(&null_source, &err), -ENOENT);
    ck_assert_int_eq(access(at_top("new"), F_OK), -1);
}
END_TEST

START_TEST(other_types_get_a_folder_whatever_their_source)
{
    struct su_mount_req tmpfs = {.src = "tmpfs", .dst = at_top("t/x"), .fstype = "tmpfs"};

    assert_mounted(&tmpfs, su_safe_setup_and_mount);
    /* Mounting procfs needs a pid namespace of one's own. */
    pid_t pid = fork();
    if (pid == 0) {
        ck_assert_int_eq(unshare(CLONE_NEWPID), 0);
        pid_t init = fork();
        if (init == 0) {
            struct su_mount_req proc = {.dst = at_top("p"), .fstype = "proc"};
            struct stat st;
            int r = su_safe_setup_and_mount(&proc, NULL);
            /* In a container whose own /proc is masked the kernel refuses a new one. */
            bool made = stat(at_top("p"), &st) == 0 && S_ISDIR(st.st_mode);
            _exit(!made ? 1 : r == -EPERM ? 77 : r == 0 ? !is_mounted(proc.dst) : 2);
        }
        _exit(exit_status_of(init));
    }
    int status = exit_status_of(pid);
    if (status == 77)
        fprintf(stderr, "SKIP part of %s: procfs may not be mounted here\n", __func__);
    else
        ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(nothing_is_made_behind_a_symlink)
{
    const char *outside = at_top("outside");
    make_dir(outside);
    make_dir(at_top("rootfs"));
    ck_assert_int_eq(symlink(outside, at_top("rootfs/etc")), 0);
    ck_assert_int_eq(symlink(at_top("outside/made"), at_top("rootfs/hosts")), 0);
    const struct {
        const char *src, *dst;
    } rows[] = {
        {at_top("subdir"), at_top("rootfs/etc")},       {at_top("subdir"), at_top("rootfs/etc/x")},
        {at_top("subdir"), at_top("rootfs/etc/x/y")},   {at_top("file"), at_top("rootfs/etc/f")},
        {at_top("file"), at_top("rootfs/hosts")},       {at_top("subdir"), at_top("rootfs/hosts")},
        {at_top("subdir"), at_top("rootfs/hosts/sub")},
    };
    for (size_t i = 0; i < SU_ARRAY_SIZE(rows); i++) {
        _cleanup_error_ struct su_error err = {0};
        struct su_mount_req req = bind_req(rows[i].src, rows[i].dst);
        ck_assert_msg(su_safe_setup_and_mount(&req, &err) == -ELOOP, "%s", rows[i].dst);
        ck_assert_int_eq(err.kind, SU_ERR_SYMLINK_MOUNT);
        ck_assert_str_eq(err.expected, rows[i].dst);
        ck_assert_ptr_nonnull(err.found);
    }
    ck_assert_int_eq(rmdir(outside), 0); /* as empty as it was, and no mount point */
}
END_TEST

/* --- the race ----------------------------------------------------------------------------------
 */

enum { ROUNDS = 4000 };

/* Swaps two names until it is killed. */
static pid_t start_swapper(const char *a, const char *b)
{
    pid_t pid = fork();

    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;)
            syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE);
    }
    return pid;
}

/*
 * A folder of the rootfs and a symlink to a folder outside change places all the time, as a
 * container that shares a volume can do. Whatever moment the mount hits: never outside.
 */
static void race(int (*mount_fn)(const struct su_mount_req *, struct su_error *), const char *dst,
                 const char *outside_target)
{
    int mounted = 0, refused = 0;
    pid_t swapper = start_swapper(at_top("rootfs/v"), at_top("rootfs/w"));
    struct su_mount_req req = {
        .src = "tmpfs", .dst = dst, .fstype = "tmpfs", .flags = MS_NOSUID | MS_NODEV};

    for (int i = 0; i < ROUNDS; i++) {
        int r = mount_fn(&req, NULL);
        if (r < 0) {
            ck_assert_msg(r == -ELOOP || r == -ENOENT, "%s", strerror(-r));
            refused++;
            continue;
        }
        mounted++;
        ck_assert_msg(!is_mounted(outside_target) && !is_mounted(at_top("outside")), "round %d", i);
        /* Under either of its names. */
        if (umount2(at_top("rootfs/v"), UMOUNT_NOFOLLOW | MNT_DETACH) < 0)
            umount2(at_top("rootfs/w"), UMOUNT_NOFOLLOW | MNT_DETACH);
    }
    kill(swapper, SIGKILL);
    ck_assert_int_eq(exit_status_of(swapper), 128 + SIGKILL);
    fprintf(stderr, "race: %d mounted inside, %d refused\n", mounted, refused);
    ck_assert_int_gt(refused, 0);
}

static void make_race_tree(void)
{
    make_dir(at_top("outside"));
    make_dir(at_top("rootfs"));
    make_dir(at_top("rootfs/v"));
    ck_assert_int_eq(symlink(at_top("outside"), at_top("rootfs/w")), 0);
}

START_TEST(swapped_target_never_mounts_outside)
{
    make_race_tree();
    race(su_safe_mount, at_top("rootfs/v"), at_top("outside"));
    ck_assert_int_eq(rmdir(at_top("outside")), 0);
}
END_TEST

START_TEST(swapped_parent_never_makes_or_mounts_outside)
{
    make_race_tree();
    race(su_safe_setup_and_mount, at_top("rootfs/v/deep/er"), at_top("outside/deep/er"));
    ck_assert_int_eq(rmdir(at_top("outside")), 0);
}
END_TEST

int main(void)
{
    if (!can_unshare_user("all of safemount"))
        return 77;
    Suite *suite = suite_create("safemount");
    TCase *tc = tcase_create("safemount");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, plain_mount_on_a_folder_works);
    tcase_add_test(tc, plain_mount_follows_a_symlink_which_is_the_danger);
    tcase_add_test(tc, safe_mount_on_a_folder_works);
    tcase_add_test(tc, safe_mount_on_a_symlink_fails_as_such);
    tcase_add_test(tc, symlinks_in_the_middle_are_refused);
    tcase_add_test(tc, magic_links_are_refused);
    tcase_add_test(tc, unclean_targets_are_refused);
    tcase_add_test(tc, errors_of_the_kernel_keep_their_errno);
    tcase_add_test(tc, every_kind_of_mount_call_is_served);
    tcase_add_test(tc, missing_folders_are_made);
    tcase_add_test(tc, missing_file_is_made_for_a_file);
    tcase_add_test(tc, what_exists_is_not_touched);
    tcase_add_test(tc, wrong_kinds_of_mount_points_are_refused);
    tcase_add_test(tc, other_types_get_a_folder_whatever_their_source);
    tcase_add_test(tc, nothing_is_made_behind_a_symlink);
    tcase_add_test(tc, swapped_target_never_mounts_outside);
    tcase_add_test(tc, swapped_parent_never_makes_or_mounts_outside);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
