/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Namespaces and id maps: lookup, entering and coming back, programs started inside. The program
 * that is started is this one, called with "--probe": it prints what it finds itself in.
 */
#include <specutils/namespace.h>
#include <specutils/process.h>

#include <grp.h>
#include <linux/nsfs.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>

#include "linux_helpers.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

static struct su_arena arena;
static int fds_before;

static void setup(void)
{
    fds_before = open_fds();
}

/* Nothing may be left open, whatever the test did. */
static void teardown(void)
{
    ck_assert_int_eq(open_fds(), fds_before);
    su_arena_free(&arena);
}

static bool skipped_without_root(const char *test)
{
    if (geteuid() == 0)
        return false;
    fprintf(stderr, "SKIP %s: not root\n", test);
    return true;
}

/* --- the probe ---------------------------------------------------------------------------------
 */

static void print_link(const char *key, const char *path)
{
    char text[512];
    ssize_t n = readlink(path, text, sizeof(text) - 1);

    printf("%s=%.*s\n", key, n < 0 ? 4 : (int)n, n < 0 ? "none" : text);
}

static void print_status_line(const char *name)
{
    _cleanup_free_ char *text = NULL;

    if (su_read_file_at(AT_FDCWD, "/proc/thread-self/status", 1 << 16, &text, NULL) < 0)
        return;
    const char *line = strstr(text, name);
    if (line)
        printf("%.*s\n", (int)strcspn(line, "\n"), line);
}

static int probe(char **args)
{
    size_t n;
    const struct su_ns_kind *kinds = su_ns_kinds(&n);
    char path[64], key[16];

    for (size_t i = 0; i < n; i++) {
        snprintf(path, sizeof(path), "/proc/thread-self/ns/%s", kinds[i].proc_name);
        print_link(kinds[i].proc_name, path);
    }
    for (int fd = 0; fd < 100; fd++) {
        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        snprintf(key, sizeof(key), "fd%d", fd);
        if (fcntl(fd, F_GETFD) >= 0)
            print_link(key, path);
    }
    print_link("cwd", "/proc/self/cwd");
    int signal;
    prctl(PR_GET_PDEATHSIG, &signal);
    int tty = open("/dev/tty", O_RDWR);
    printf("self=%d\nleader=%d\nuid=%u %u\ngid=%u %u\nngroups=%d\npdeathsig=%d\nctty=%d\n",
           getpid(), getsid(0) == getpid(), getuid(), geteuid(), getgid(), getegid(),
           getgroups(0, NULL), signal, tty >= 0);
    print_status_line("SigBlk:");
    print_status_line("CapAmb:");
    for (int i = 0; args[i]; i++)
        printf("arg%d=%s\n", i, args[i]);
    for (char **env = environ; *env; env++)
        printf("env=%s\n", *env);
    printf("end\n");
    return fflush(stdout) == 0 ? 7 : 1;
}

static char *const probe_argv[] = {(char *)"probe", (char *)"--probe", NULL};
static char *const no_env[] = {(char *)"PROBE=1", NULL};

/* A command that runs the probe with its output going to *out. */
static struct su_cmd probe_cmd(int *out)
{
    int ends[2];

    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    *out = ends[0];
    return (struct su_cmd){
        .path = "/proc/self/exe", .argv = probe_argv, .envp = no_env, .stdio = {-1, ends[1], 2}};
}

/* Starts the probe and returns what it printed. */
static const char *run_probe(struct su_cmd *cmd, int out, const struct oci_linux_namespace *nss,
                             size_t n)
{
    _cleanup_error_ struct su_error err = {0};
    _cleanup_free_ char *text = NULL;

    int r = su_start_in_ns(cmd, nss, n, &err);
    close(cmd->stdio[1]);
    ck_assert_msg(r == 0, "%s", r < 0 ? su_error_text(&err) : "");
    ck_assert_int_gt(cmd->pid, 0);
    ck_assert_int_eq(su_read_all(out, 1 << 16, &text, NULL), 0);
    close(out);
    struct pollfd ended = {.fd = cmd->pidfd, .events = POLLIN};
    ck_assert_int_eq(poll(&ended, 1, 10000), 1);
    close(cmd->pidfd);
    ck_assert_int_eq(exit_status_of(cmd->pid), 7);
    return su_arena_strdup(&arena, text);
}

/* The value of a key in the probe's output. */
static const char *value_of(const char *text, const char *key)
{
    const char *line = strstr(text, su_arena_printf(&arena, "\n%s=", key));
    const char *value = line ? line + strlen(key) + 2 : NULL;

    if (!line && su_has_prefix(text, key) && text[strlen(key)] == '=')
        value = text + strlen(key) + 1;
    return value ? su_arena_strndup(&arena, value, strcspn(value, "\n")) : "absent";
}

static const char *link_text(const char *path)
{
    char text[512];
    ssize_t n = readlink(path, text, sizeof(text));

    ck_assert_msg(n > 0, "readlink %s: %s", path, strerror(errno));
    return su_arena_strndup(&arena, text, (size_t)n);
}

static const char *own_ns(const char *proc_name)
{
    return link_text(su_arena_printf(&arena, "/proc/thread-self/ns/%s", proc_name));
}

/* --- a process that holds namespaces -----------------------------------------------------------
 */

struct holder {
    pid_t pid;
    int hold; /* closing it ends the holder */
};

/* A child in new namespaces; with a new pid namespace it is a grandchild that matters, as pid 1
 * there. nobody: it is an unprivileged one, in a user namespace with root mapped. */
static struct holder hold_ns(int flags, bool nobody)
{
    int ready[2], hold[2];
    char byte;

    ck_assert_int_eq(pipe2(ready, O_CLOEXEC), 0);
    ck_assert_int_eq(pipe2(hold, O_CLOEXEC), 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(hold[1]);
        if (nobody) {
            become_nobody();
            enter_new_userns(flags & ~CLONE_NEWUSER);
        } else if (unshare(flags) < 0) {
            _exit(errno);
        }
        if (flags & (CLONE_NEWPID | CLONE_NEWTIME)) {
            pid_t child = fork();
            if (child > 0) {
                close(hold[0]);
                waitpid(child, NULL, 0);
                _exit(0);
            }
        }
        (void)!write(ready[1], "", 1);
        (void)!read(hold[0], &byte, 1);
        _exit(0);
    }
    close(ready[1]);
    close(hold[0]);
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    return (struct holder){pid, hold[1]};
}

static void release(struct holder *holder)
{
    close(holder->hold);
    ck_assert_int_eq(exit_status_of(holder->pid), 0);
}

static char *ns_path(const struct holder *holder, const char *proc_name)
{
    return su_arena_printf(&arena, "/proc/%d/ns/%s", holder->pid, proc_name);
}

/* --- the table, lookup, opening ----------------------------------------------------------------
 */

START_TEST(kinds_agree_with_the_kernel)
{
    size_t n;
    const struct su_ns_kind *kinds = su_ns_kinds(&n);

    ck_assert_uint_eq(n, 8);
    for (size_t i = 0; i < n; i++) {
        struct oci_linux_namespace ns = {
            kinds[i].clone_flag, su_arena_printf(&arena, "/proc/self/ns/%s", kinds[i].proc_name)};
        int fd = su_open_ns(&ns, NULL);
        ck_assert_msg(fd >= 0, "%s", kinds[i].oci_name);
        ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
        close(fd);
        ck_assert_ptr_eq(su_ns_kind_by_flag(kinds[i].clone_flag), &kinds[i]);
        if (i > 0)
            ck_assert(strcmp(kinds[i - 1].oci_name, kinds[i].oci_name) < 0);
    }
    ck_assert_ptr_null(su_ns_kind_by_flag(0));
    ck_assert_ptr_null(su_ns_kind_by_flag(CLONE_NEWNS | CLONE_NEWPID));
}
END_TEST

START_TEST(first_namespace_of_a_type_is_found)
{
    struct oci_linux_namespace list[] = {{CLONE_NEWPID, NULL},
                                         {CLONE_NEWNET, (char *)"/n"},
                                         {CLONE_NEWUSER, (char *)"/a"},
                                         {CLONE_NEWUSER, NULL}};
    struct oci_linux os = {.namespaces = {list, SU_ARRAY_SIZE(list)}};
    struct oci_spec spec = {.linux_ = &os}, bare = {0};

    ck_assert_ptr_eq(su_get_ns(CLONE_NEWNET, &spec), &list[1]);
    ck_assert_ptr_eq(su_get_ns(CLONE_NEWUSER, &spec), &list[2]);
    ck_assert_ptr_null(su_get_ns(CLONE_NEWIPC, &spec));
    ck_assert_ptr_null(su_get_ns(CLONE_NEWIPC, &bare));
    ck_assert_ptr_null(su_get_ns(CLONE_NEWIPC, NULL));
}
END_TEST

START_TEST(what_is_no_namespace_of_that_type_is_not_opened)
{
    const char *dir = temp_dir(&arena);
    char *fifo = su_arena_printf(&arena, "%s/fifo", dir);
    ck_assert_int_eq(mkfifo(fifo, 0600), 0);
    const struct {
        struct oci_linux_namespace ns;
        int error;
        const char *message;
    } rows[] = {
        {{CLONE_NEWNET, (char *)"/proc/self/ns/uts"},
         EINVAL,
         "linux.namespaces: \"/proc/self/ns/uts\" is a uts namespace, expected a network "
         "namespace"},
        {{CLONE_NEWIPC, (char *)"/etc/passwd"},
         EINVAL,
         "linux.namespaces: cannot open ipc namespace \"/etc/passwd\": this is not the file of a "
         "namespace"},
        {{CLONE_NEWNET, (char *)"/nowhere/n"},
         ENOENT,
         "linux.namespaces: cannot open network namespace \"/nowhere/n\": No such file or "
         "directory"},
        {{CLONE_NEWNET, fifo}, EINVAL, "this is not the file of a namespace"},
        {{CLONE_NEWNET, (char *)"/dev/null"}, EINVAL, "this is not the file of a namespace"},
        {{CLONE_NEWNET, NULL}, EINVAL, "network namespace without a path"},
        {{CLONE_NEWNET, (char *)""}, EINVAL, "network namespace without a path"},
        {{3, (char *)"/proc/self/ns/uts"}, EINVAL, "type 0x3 is not a namespace"},
    };
    for (size_t i = 0; i < SU_ARRAY_SIZE(rows); i++) {
        _cleanup_error_ struct su_error err = {0};
        ck_assert_int_eq(su_open_ns(&rows[i].ns, &err), -rows[i].error);
        ck_assert_int_eq(err.kind, SU_ERR_NAMESPACE);
        assert_text_has(err.msg, rows[i].message);
        struct su_ns_restore restore;
        ck_assert_int_eq(su_apply_ns(&rows[i].ns, &restore, NULL), -rows[i].error);
        ck_assert_int_eq(restore.fd, -1);
        struct su_cmd cmd = {.path = "/proc/self/exe", .argv = probe_argv, .stdio = {-1, -1, -1}};
        struct oci_linux_namespace both[] = {rows[i].ns, {CLONE_NEWPID, NULL}};
        if (both[0].path && *both[0].path)
            ck_assert_int_eq(su_start_in_ns(&cmd, both, 2, NULL), -rows[i].error);
        ck_assert_int_eq(cmd.pid, 0);
    }
    unlink(fifo);
    rmdir(dir);
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
}
END_TEST

/* --- entering and coming back ------------------------------------------------------------------
 */

START_TEST(thread_enters_and_comes_back)
{
    static const struct {
        int flag;
        const char *proc_name;
    } rows[] = {{CLONE_NEWNET, "net"},
                {CLONE_NEWIPC, "ipc"},
                {CLONE_NEWUTS, "uts"},
                {CLONE_NEWCGROUP, "cgroup"},
                {CLONE_NEWNS, "mnt"}};

    if (skipped_without_root(__func__))
        return;
    for (size_t i = 0; i < SU_ARRAY_SIZE(rows); i++) {
        _cleanup_error_ struct su_error err = {0};
        struct holder holder = hold_ns(rows[i].flag, false);
        struct oci_linux_namespace ns = {rows[i].flag, ns_path(&holder, rows[i].proc_name)};
        const char *there = link_text(ns.path), *home = own_ns(rows[i].proc_name);
        struct su_ns_restore restore;
        ck_assert_str_ne(there, home);
        int r = su_apply_ns(&ns, &restore, &err);
        ck_assert_msg(r == 0, "%s", r < 0 ? su_error_text(&err) : "");
        ck_assert_str_eq(own_ns(rows[i].proc_name), there);
        ck_assert_int_eq(fcntl(restore.fd, F_GETFD), FD_CLOEXEC);
        ck_assert_int_eq(su_ns_restore(&restore, &err), 0);
        ck_assert_str_eq(own_ns(rows[i].proc_name), home);
        ck_assert_int_eq(su_ns_restore(&restore, &err), -EBADF);
        release(&holder);
    }
}
END_TEST

START_TEST(children_go_where_the_pid_namespace_was_entered)
{
    if (skipped_without_root(__func__))
        return;
    struct holder holder = hold_ns(CLONE_NEWPID, false);
    /* The holder itself stayed outside. */
    struct oci_linux_namespace ns = {CLONE_NEWPID, ns_path(&holder, "pid_for_children")};
    const char *there = link_text(ns.path), *home = own_ns("pid_for_children");
    struct su_ns_restore restore;

    ck_assert_int_eq(su_apply_ns(&ns, &restore, NULL), 0);
    ck_assert_str_eq(own_ns("pid_for_children"), there);
    ck_assert_str_eq(own_ns("pid"), home);
    ck_assert_int_eq(su_ns_restore(&restore, NULL), 0);
    ck_assert_str_eq(own_ns("pid_for_children"), home);
    release(&holder);
}
END_TEST

struct thread_result {
    struct oci_linux_namespace ns;
    int r;
    char there[128], back[128];
};

static void *enter_in_thread(void *arg)
{
    struct thread_result *result = arg;
    struct su_ns_restore restore;

    /* A network namespace of the thread's own, which is not the main thread's. */
    result->r = unshare(CLONE_NEWUTS);
    ssize_t n = readlink("/proc/thread-self/ns/uts", result->there, 127);
    if (result->r == 0 && n > 0)
        result->r = su_apply_ns(&result->ns, &restore, NULL);
    if (result->r == 0)
        result->r = su_ns_restore(&restore, NULL);
    n = readlink("/proc/thread-self/ns/uts", result->back, 127);
    return NULL;
}

START_TEST(way_home_is_the_threads_own_namespace)
{
    if (skipped_without_root(__func__))
        return;
    struct holder holder = hold_ns(CLONE_NEWUTS, false);
    struct thread_result result = {.ns = {CLONE_NEWUTS, ns_path(&holder, "uts")}};
    const char *home = own_ns("uts");
    pthread_t thread;

    ck_assert_int_eq(pthread_create(&thread, NULL, enter_in_thread, &result), 0);
    pthread_join(thread, NULL);
    ck_assert_int_eq(result.r, 0);
    ck_assert_str_eq(result.back, result.there);
    ck_assert_str_ne(result.back, home);
    ck_assert_str_eq(own_ns("uts"), home);
    release(&holder);
}
END_TEST

START_TEST(entering_without_privileges_is_refused)
{
    if (skipped_without_root(__func__))
        return;
    struct holder holder = hold_ns(CLONE_NEWUTS, false);
    struct oci_linux_namespace ns = {CLONE_NEWUTS, ns_path(&holder, "uts")};
    /* Opened by root, so that it is setns(2) that refuses. */
    int fd = open(ns.path, O_RDONLY);
    pid_t pid = fork();

    if (pid == 0) {
        struct su_error err = {0};
        struct su_ns_restore restore;
        become_nobody();
        ns.path = su_arena_printf(&arena, "/proc/self/fd/%d", fd);
        int fds = open_fds();
        ck_assert_int_eq(su_apply_ns(&ns, &restore, &err), -EPERM);
        assert_text_has(err.msg, "linux.namespaces: cannot enter uts namespace");
        int out;
        struct su_cmd cmd = probe_cmd(&out);
        ck_assert_int_eq(su_start_in_ns(&cmd, &ns, 1, &err), -EPERM);
        assert_text_has(err.msg, "linux.namespaces: cannot enter uts namespace");
        ck_assert_int_eq(cmd.pid, 0);
        ck_assert_int_eq(cmd.pidfd, -1);
        struct oci_linux_namespace new_uts = {CLONE_NEWUTS, NULL};
        ck_assert_int_eq(su_start_in_ns(&cmd, &new_uts, 1, &err), -EPERM);
        assert_text_has(err.msg, "clone3: Operation not permitted (new namespaces need");
        ck_assert_int_eq(open_fds(), fds + 2);
        ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
        _exit(0);
    }
    ck_assert_int_eq(exit_status_of(pid), 0);
    close(fd);
    release(&holder);
}
END_TEST

/* --- starting programs -------------------------------------------------------------------------
 */

START_TEST(plain_start_changes_no_namespace)
{
    size_t n;
    const struct su_ns_kind *kinds = su_ns_kinds(&n);
    int out;
    struct su_cmd cmd = probe_cmd(&out);
    const char *text = run_probe(&cmd, out, NULL, 0);

    for (size_t i = 0; i < n; i++)
        ck_assert_str_eq(value_of(text, kinds[i].proc_name), own_ns(kinds[i].proc_name));
    ck_assert_str_eq(value_of(text, "self"), su_arena_printf(&arena, "%d", cmd.pid));
    ck_assert_str_eq(value_of(text, "fd0"), "/dev/null");
    ck_assert_str_eq(value_of(text, "arg0"), "probe");
    ck_assert_str_eq(value_of(text, "env"), "PROBE=1");
    ck_assert_str_eq(value_of(text, "leader"), "0");
    ck_assert_uint_eq(cmd.clone_flags, 0);
}
END_TEST

START_TEST(new_namespaces_are_new_and_the_rest_is_shared)
{
    size_t n;
    const struct su_ns_kind *kinds = su_ns_kinds(&n);
    struct oci_linux_namespace nss[] = {{CLONE_NEWIPC, NULL}, {CLONE_NEWUTS, (char *)""}};
    int out;

    if (skipped_without_root(__func__))
        return;
    struct su_cmd cmd = probe_cmd(&out);
    const char *text = run_probe(&cmd, out, nss, 2);
    ck_assert_uint_eq(cmd.clone_flags, 0x0c000000);
    for (size_t i = 0; i < n; i++) {
        bool same = su_streq(value_of(text, kinds[i].proc_name), own_ns(kinds[i].proc_name));
        bool asked = kinds[i].clone_flag & 0x0c000000;
        ck_assert_msg(same != asked, "%s", kinds[i].oci_name);
    }
}
END_TEST

START_TEST(every_kind_can_be_made)
{
    size_t n;
    const struct su_ns_kind *kinds = su_ns_kinds(&n);

    if (skipped_without_root(__func__))
        return;
    for (size_t i = 0; i < n; i++) {
        struct oci_linux_namespace ns = {kinds[i].clone_flag, NULL};
        const char *home = own_ns(kinds[i].proc_name);
        int out;
        struct su_cmd cmd = probe_cmd(&out);
        const char *text = run_probe(&cmd, out, &ns, 1);
        if (kinds[i].clone_flag == CLONE_NEWPID)
            ck_assert_str_eq(value_of(text, "self"), "1");
        ck_assert_str_ne(value_of(text, kinds[i].proc_name), home);
        ck_assert_str_eq(own_ns(kinds[i].proc_name), home);
    }
}
END_TEST

START_TEST(every_kind_can_be_joined)
{
    static const struct {
        int flag;
        const char *proc_name;
    } rows[] = {{CLONE_NEWNET, "net"},  {CLONE_NEWIPC, "ipc"},       {CLONE_NEWUTS, "uts"},
                {CLONE_NEWNS, "mnt"},   {CLONE_NEWCGROUP, "cgroup"}, {CLONE_NEWUSER, "user"},
                {CLONE_NEWTIME, "time"}};

    if (skipped_without_root(__func__))
        return;
    for (size_t i = 0; i < SU_ARRAY_SIZE(rows); i++) {
        struct holder holder = hold_ns(rows[i].flag, false);
        bool is_time = rows[i].flag == CLONE_NEWTIME;
        struct oci_linux_namespace ns = {
            rows[i].flag, ns_path(&holder, is_time ? "time_for_children" : rows[i].proc_name)};
        const char *there = link_text(ns.path), *home = own_ns(rows[i].proc_name);
        int out;
        struct su_cmd cmd = probe_cmd(&out);
        const char *text = run_probe(&cmd, out, &ns, 1);
        ck_assert_str_eq(value_of(text, rows[i].proc_name), there);
        ck_assert_str_ne(there, home);
        ck_assert_str_eq(own_ns(rows[i].proc_name), home);
        release(&holder);
    }
}
END_TEST

START_TEST(joined_network_with_new_pid_namespace)
{
    if (skipped_without_root(__func__))
        return;
    struct holder holder = hold_ns(CLONE_NEWNET, false);
    struct oci_linux_namespace nss[] = {
        {CLONE_NEWNET, ns_path(&holder, "net")}, {CLONE_NEWPID, NULL}, {CLONE_NEWUTS, NULL}};
    const char *there = link_text(nss[0].path), *home = own_ns("net");
    int out;
    struct su_cmd cmd = probe_cmd(&out);
    const char *text = run_probe(&cmd, out, nss, 3);

    ck_assert_str_eq(value_of(text, "self"), "1");
    ck_assert_str_eq(value_of(text, "net"), there);
    ck_assert_str_ne(there, home);
    ck_assert_uint_eq(cmd.clone_flags, CLONE_NEWPID | CLONE_NEWUTS);
    release(&holder);
}
END_TEST

/* Starts "sleep", so that the program can be looked at from outside. */
static pid_t start_sleeper(struct su_cmd *cmd, const struct oci_linux_namespace *nss, size_t n)
{
    static char *const argv[] = {(char *)"sleep", (char *)"1000", NULL};
    _cleanup_error_ struct su_error err = {0};

    cmd->path = "/bin/sleep";
    cmd->argv = argv;
    int r = su_start_in_ns(cmd, nss, n, &err);
    ck_assert_msg(r == 0, "%s", r < 0 ? su_error_text(&err) : "");
    return cmd->pid;
}

static void end_sleeper(struct su_cmd *cmd)
{
    kill(cmd->pid, SIGKILL);
    ck_assert_int_eq(exit_status_of(cmd->pid), 128 + SIGKILL);
    close(cmd->pidfd);
}

START_TEST(program_is_our_child_inside_of_a_joined_pid_namespace)
{
    if (skipped_without_root(__func__))
        return;
    struct holder holder = hold_ns(CLONE_NEWPID | CLONE_NEWNET, false);
    struct oci_linux_namespace nss[] = {{CLONE_NEWPID, ns_path(&holder, "pid_for_children")},
                                        {CLONE_NEWNET, ns_path(&holder, "net")},
                                        {CLONE_NEWIPC, NULL}};
    struct su_cmd cmd = {.stdio = {-1, -1, 2}};
    pid_t pid = start_sleeper(&cmd, nss, 3);

    ck_assert_str_eq(link_text(su_arena_printf(&arena, "/proc/%d/ns/pid", pid)),
                     link_text(nss[0].path));
    ck_assert_str_eq(link_text(su_arena_printf(&arena, "/proc/%d/ns/net", pid)),
                     link_text(nss[1].path));
    ck_assert_str_ne(link_text(su_arena_printf(&arena, "/proc/%d/ns/ipc", pid)), own_ns("ipc"));
    ck_assert_int_eq(waitpid(pid, NULL, WNOHANG), 0);
    end_sleeper(&cmd);
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), 0); /* the holder, and nothing else */
    release(&holder);
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
}
END_TEST

START_TEST(new_namespaces_belong_to_the_joined_user_namespace)
{
    if (skipped_without_root(__func__) || !can_unshare_user(__func__))
        return;
    struct holder holder = hold_ns(CLONE_NEWUSER, true);
    struct oci_linux_namespace nss[] = {{CLONE_NEWUSER, ns_path(&holder, "user")},
                                        {CLONE_NEWUTS, NULL}};
    struct su_cmd cmd = {.stdio = {-1, -1, 2}};
    pid_t pid = start_sleeper(&cmd, nss, 2);
    int uts = open(su_arena_printf(&arena, "/proc/%d/ns/uts", pid), O_RDONLY | O_CLOEXEC);
    int owner = ioctl(uts, NS_GET_USERNS);
    struct stat st, wanted;

    ck_assert_int_ge(owner, 0);
    ck_assert_int_eq(fstat(owner, &st), 0);
    ck_assert_int_eq(stat(nss[0].path, &wanted), 0);
    ck_assert_uint_eq(st.st_ino, wanted.st_ino);
    close(owner);
    close(uts);
    end_sleeper(&cmd);
    release(&holder);
}
END_TEST

/* The piece of a test that runs as nobody: joins what belongs to a user namespace, in the order
 * in which only a privileged process could. */
static void join_owned_namespaces(const struct holder *holder)
{
    struct oci_linux_namespace nss[] = {{CLONE_NEWNET, ns_path(holder, "net")},
                                        {CLONE_NEWUSER, ns_path(holder, "user")},
                                        {CLONE_NEWUTS, NULL}};
    int out;
    struct su_cmd cmd = probe_cmd(&out);
    const char *net = link_text(nss[0].path), *user = link_text(nss[1].path);

    const char *text = run_probe(&cmd, out, nss, 3);
    ck_assert_str_eq(value_of(text, "net"), net);
    ck_assert_str_eq(value_of(text, "user"), user);
    ck_assert_str_ne(value_of(text, "uts"), own_ns("uts"));
    ck_assert_str_eq(value_of(text, "uid"), "0 0");
}

START_TEST(unprivileged_caller_joins_what_its_user_namespace_owns)
{
    if (skipped_without_root(__func__) || !can_unshare_user(__func__))
        return;
    struct holder holder = hold_ns(CLONE_NEWUSER | CLONE_NEWNET, true);
    pid_t pid = fork();

    if (pid == 0) {
        become_nobody();
        join_owned_namespaces(&holder);
        _exit(0);
    }
    ck_assert_int_eq(exit_status_of(pid), 0);
    release(&holder);
}
END_TEST

START_TEST(failed_exec_is_an_error_of_the_start)
{
    struct holder holder = {-1, -1};
    struct oci_linux_namespace nss[] = {{CLONE_NEWUTS, NULL}, {CLONE_NEWIPC, NULL}};
    size_t n = 0;

    if (geteuid() == 0) {
        holder = hold_ns(CLONE_NEWUTS, false);
        nss[0].path = ns_path(&holder, "uts");
        n = 2;
    }
    int fds = open_fds();
    for (int i = 0; i < 50; i++) {
        _cleanup_error_ struct su_error err = {0};
        struct su_cmd cmd = {.path = "/nowhere/program", .stdio = {-1, -1, -1}};
        ck_assert_int_eq(su_start_in_ns(&cmd, nss, i % 2 ? n : 0, &err), -ENOENT);
        ck_assert_str_eq(err.msg, "cannot start \"/nowhere/program\": No such file or directory");
        ck_assert_int_eq(cmd.pid, 0);
        ck_assert_int_eq(cmd.pidfd, -1);
        ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), holder.pid > 0 ? 0 : -1);
        ck_assert_int_eq(open_fds(), fds);
    }
    if (holder.pid > 0)
        release(&holder);
}
END_TEST

START_TEST(impossible_combinations_are_refused)
{
    struct su_id_map map = {0, 0, 1};
    struct oci_linux_namespace own_user = {CLONE_NEWUSER, (char *)"/proc/self/ns/user"};
    _cleanup_error_ struct su_error err = {0};
    struct oci_linux_namespace own_pid = {CLONE_NEWPID, (char *)"/proc/self/ns/pid"};
    struct su_cmd both = {.path = "/bin/true", .clone_flags = CLONE_NEWUSER};
    struct su_cmd both_pid = {.path = "/bin/true", .clone_flags = CLONE_NEWPID};
    struct su_cmd maps = {.path = "/bin/true", .uid_maps = &map, .n_uid_maps = 1};
    struct su_cmd flags = {.path = "/bin/true", .clone_flags = CLONE_VM | CLONE_NEWUTS};

    ck_assert_int_eq(su_start_in_ns(&both, &own_user, 1, &err), -EINVAL);
    ck_assert_int_eq(su_start_in_ns(&both_pid, &own_pid, 1, &err), -EINVAL);
    ck_assert_str_eq(err.msg, "linux.namespaces: one pid namespace to join and one to make, "
                              "expected at most one");
    ck_assert_int_eq(su_start_in_ns(&maps, NULL, 0, &err), -EINVAL);
    assert_text_has(err.msg, "id maps without a new user namespace");
    ck_assert_int_eq(su_start_in_ns(&flags, NULL, 0, &err), -EINVAL);
    assert_text_has(err.msg, "0x100 are not flags of namespaces");
}
END_TEST

START_TEST(open_files_land_in_their_places_and_nothing_else_is_kept)
{
    int out, leaked = open("/etc/passwd", O_RDONLY);
    int a = open("/dev/null", O_RDONLY | O_CLOEXEC), b = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    struct su_cmd cmd = probe_cmd(&out);
    const int extra[] = {b, a, b};

    cmd.stdio[0] = a;
    cmd.extra_fds = extra;
    cmd.n_extra_fds = 3;
    const char *text = run_probe(&cmd, out, NULL, 0);
    ck_assert_str_eq(value_of(text, "fd0"), "/dev/null");
    ck_assert_str_eq(value_of(text, "fd3"), "/dev/zero");
    ck_assert_str_eq(value_of(text, "fd4"), "/dev/null");
    ck_assert_str_eq(value_of(text, "fd5"), "/dev/zero");
    for (int fd = 6; fd < 100; fd++)
        ck_assert_str_eq(value_of(text, su_arena_printf(&arena, "fd%d", fd)), "absent");

    cmd = probe_cmd(&out);
    cmd.keep_fds = true;
    text = run_probe(&cmd, out, NULL, 0);
    ck_assert_str_eq(value_of(text, su_arena_printf(&arena, "fd%d", leaked)), "/etc/passwd");
    ck_assert_str_eq(value_of(text, su_arena_printf(&arena, "fd%d", a)), "absent");
    close(leaked);
    close(a);
    close(b);
}
END_TEST

START_TEST(places_may_be_swapped)
{
    int out, a = open("/dev/null", O_RDONLY | O_CLOEXEC), b = open("/dev/zero", O_RDONLY);
    struct su_cmd cmd = probe_cmd(&out);
    /* Wherever these two are, one of them is in the other's place. */
    int extra[64];

    for (size_t i = 0; i < SU_ARRAY_SIZE(extra); i++)
        extra[i] = i + 3 == (size_t)a ? b : a;
    cmd.extra_fds = extra;
    cmd.n_extra_fds = SU_ARRAY_SIZE(extra);
    const char *text = run_probe(&cmd, out, NULL, 0);
    ck_assert_str_eq(value_of(text, su_arena_printf(&arena, "fd%d", a)), "/dev/zero");
    ck_assert_str_eq(value_of(text, su_arena_printf(&arena, "fd%d", b)), "/dev/null");
    ck_assert_str_eq(value_of(text, "fd66"), "/dev/null");
    ck_assert_str_eq(value_of(text, "fd67"), "absent");
    close(a);
    close(b);
}
END_TEST

START_TEST(session_directory_mask_and_death_signal_are_set)
{
    sigset_t blocked, old;
    int out;
    struct su_cmd cmd = probe_cmd(&out);

    cmd.setsid = true;
    cmd.cwd = "/proc";
    cmd.pdeath_sig = SIGUSR1;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR2);
    sigprocmask(SIG_SETMASK, &blocked, &old);
    const char *text = run_probe(&cmd, out, NULL, 0);
    ck_assert_str_eq(value_of(text, "leader"), "1");
    ck_assert_str_eq(value_of(text, "cwd"), "/proc");
    ck_assert_str_eq(value_of(text, "pdeathsig"), su_arena_printf(&arena, "%d", SIGUSR1));
    assert_text_has(text, "SigBlk:\t0000000000000800");
    sigprocmask(SIG_SETMASK, NULL, &blocked);
    ck_assert(sigismember(&blocked, SIGUSR2) && !sigismember(&blocked, SIGUSR1));
    sigprocmask(SIG_SETMASK, &old, NULL);
}
END_TEST

START_TEST(failed_steps_are_named)
{
    _cleanup_error_ struct su_error err = {0};
    struct su_cmd cwd = {.path = "/bin/true", .stdio = {-1, -1, -1}, .cwd = "/nowhere"};
    struct su_cmd fd = {.path = "/bin/true", .stdio = {-1, 999, -1}};

    ck_assert_int_eq(su_start_in_ns(&cwd, NULL, 0, &err), -ENOENT);
    ck_assert_str_eq(err.msg, "cannot start \"/bin/true\": changing the working directory: No "
                              "such file or directory");
    ck_assert_int_eq(su_start_in_ns(&fd, NULL, 0, &err), -EBADF);
    assert_text_has(err.msg, "placing the open files");
}
END_TEST

START_TEST(identity_and_ambient_capabilities_are_set)
{
    int out;

    if (skipped_without_root(__func__))
        return;
    struct su_cmd cmd = probe_cmd(&out);
    cmd.set_cred = true;
    cmd.uid = 1234;
    cmd.gid = 5678;
    cmd.ambient_caps = UINT64_C(1) << 10 | UINT64_C(1) << 38;
    gid_t groups[] = {1, 2, 3};
    ck_assert_int_eq(setgroups(3, groups), 0);
    const char *text = run_probe(&cmd, out, NULL, 0);
    ck_assert_str_eq(value_of(text, "uid"), "1234 1234");
    ck_assert_str_eq(value_of(text, "gid"), "5678 5678");
    ck_assert_str_eq(value_of(text, "ngroups"), "0");
    assert_text_has(text, "CapAmb:\t0000004000000400");
}
END_TEST

START_TEST(terminal_becomes_the_controlling_one)
{
    int out, master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

    if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0) {
        fprintf(stderr, "SKIP %s: no pseudo terminals\n", __func__);
        return;
    }
    int slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
    ck_assert_int_ge(slave, 0);
    struct su_cmd cmd = probe_cmd(&out);
    cmd.stdio[0] = slave;
    cmd.setsid = cmd.setctty = true;
    cmd.ctty_fd = 0;
    const char *text = run_probe(&cmd, out, NULL, 0);
    ck_assert_str_eq(value_of(text, "ctty"), "1");

    cmd = probe_cmd(&out);
    cmd.stdio[0] = slave;
    cmd.setsid = true;
    ck_assert_str_eq(value_of(run_probe(&cmd, out, NULL, 0), "ctty"), "0");
    close(slave);
    close(master);
}
END_TEST

START_TEST(program_dies_with_its_starter)
{
    int ends[2], fds_of_starter[2];
    char byte;

    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    ck_assert_int_eq(pipe2(fds_of_starter, O_CLOEXEC), 0);
    pid_t starter = fork();
    if (starter == 0) {
        struct su_cmd cmd = {.stdio = {-1, -1, 2}, .pdeath_sig = SIGKILL};
        cmd.extra_fds = &ends[1];
        cmd.n_extra_fds = 1;
        start_sleeper(&cmd, NULL, 0);
        (void)!write(fds_of_starter[1], "", 1);
        _exit(0);
    }
    close(ends[1]);
    close(fds_of_starter[1]);
    ck_assert_int_eq(read(fds_of_starter[0], &byte, 1), 1);
    ck_assert_int_eq(exit_status_of(starter), 0);
    struct pollfd closed = {.fd = ends[0], .events = POLLIN};
    ck_assert_int_eq(poll(&closed, 1, 10000), 1);
    ck_assert_int_eq(read(ends[0], &byte, 1), 0);
    close(ends[0]);
    close(fds_of_starter[0]);
}
END_TEST

/* --- id maps -----------------------------------------------------------------------------------
 */

START_TEST(mappings_of_the_spec_are_appended)
{
    struct oci_id_mapping uids[] = {{0, 1000, 1}, {1, 100000, 65536}}, gids[] = {{0, 0, 0}};
    struct oci_linux os = {.uid_mappings = {uids, 2}, .gid_mappings = {gids, 1}};
    struct oci_spec spec = {.linux_ = &os}, bare = {0};
    struct su_cmd cmd = {.uid_maps = malloc(sizeof(struct su_id_map)), .n_uid_maps = 1};

    cmd.uid_maps[0] = (struct su_id_map){5, 5, 1};
    ck_assert_int_eq(su_set_uid_gid_mappings(&cmd, &bare, NULL), 0);
    ck_assert_uint_eq(cmd.n_uid_maps, 1);
    ck_assert_int_eq(su_set_uid_gid_mappings(&cmd, &spec, NULL), 0);
    ck_assert_uint_eq(cmd.n_uid_maps, 3);
    ck_assert_uint_eq(cmd.uid_maps[0].host_id, 5);
    ck_assert_uint_eq(cmd.uid_maps[1].host_id, 1000);
    ck_assert_uint_eq(cmd.uid_maps[2].size, 65536);
    ck_assert_uint_eq(cmd.n_gid_maps, 1);
    ck_assert_uint_eq(cmd.clone_flags, 0);
    free(cmd.uid_maps);
    free(cmd.gid_maps);
}
END_TEST

/* Starts the probe as root of a new user namespace and returns the text of its map files. */
static void probe_new_userns(void)
{
    struct su_id_map uid = {0, getuid(), 1}, gid = {0, getgid(), 1};
    struct oci_linux_namespace ns = {CLONE_NEWUSER, NULL};
    int out;
    struct su_cmd cmd = probe_cmd(&out);

    cmd.uid_maps = &uid;
    cmd.gid_maps = &gid;
    cmd.n_uid_maps = cmd.n_gid_maps = 1;
    cmd.set_cred = true;
    const char *text = run_probe(&cmd, out, &ns, 1);
    ck_assert_str_eq(value_of(text, "uid"), "0 0");
    ck_assert_str_eq(value_of(text, "gid"), "0 0");
    ck_assert_str_ne(value_of(text, "user"), own_ns("user"));
}

START_TEST(new_user_namespace_is_mapped_before_the_program_runs)
{
    if (!can_unshare_user(__func__))
        return;
    probe_new_userns();
    if (skipped_without_root(__func__))
        return;
    pid_t pid = fork();
    if (pid == 0) {
        become_nobody();
        probe_new_userns();
        _exit(0);
    }
    ck_assert_int_eq(exit_status_of(pid), 0);
}
END_TEST

START_TEST(maps_and_setgroups_read_back_as_written)
{
    struct su_id_map uids[] = {{0, 1000, 1}, {1, 100000, 65536}}, gids[] = {{0, 500, 10}};
    struct su_cmd cmd = {.stdio = {-1, -1, 2},
                         .clone_flags = CLONE_NEWUSER,
                         .uid_maps = uids,
                         .gid_maps = gids,
                         .n_uid_maps = 2,
                         .n_gid_maps = 1};
    char *text;

    if (skipped_without_root(__func__) || !can_unshare_user(__func__))
        return;
    for (int allow = 0; allow < 2; allow++) {
        cmd.allow_setgroups = allow;
        pid_t pid = start_sleeper(&cmd, NULL, 0);
        const char *proc = su_arena_printf(&arena, "/proc/%d", pid);
        unsigned v[6];
        ck_assert_int_eq(su_read_file_at(AT_FDCWD, su_arena_printf(&arena, "%s/uid_map", proc),
                                         4096, &text, NULL),
                         0);
        ck_assert_int_eq(
            sscanf(text, "%u %u %u %u %u %u", &v[0], &v[1], &v[2], &v[3], &v[4], &v[5]), 6);
        ck_assert(v[1] == 1000 && v[4] == 100000 && v[5] == 65536);
        free(text);
        ck_assert_int_eq(su_read_file_at(AT_FDCWD, su_arena_printf(&arena, "%s/setgroups", proc),
                                         4096, &text, NULL),
                         0);
        ck_assert_str_eq(text, allow ? "allow\n" : "deny\n");
        free(text);
        end_sleeper(&cmd);
    }
}
END_TEST

START_TEST(maps_that_the_kernel_refuses_leave_no_program)
{
    struct su_id_map overlap[] = {{0, 1000, 10}, {5, 2000, 10}};
    struct su_cmd cmd = {.path = "/bin/sleep",
                         .stdio = {-1, -1, -1},
                         .clone_flags = CLONE_NEWUSER,
                         .uid_maps = overlap,
                         .n_uid_maps = 2};
    _cleanup_error_ struct su_error err = {0};

    if (skipped_without_root(__func__) || !can_unshare_user(__func__))
        return;
    ck_assert_int_eq(su_start_in_ns(&cmd, NULL, 0, &err), -EINVAL);
    assert_text_has(err.msg, "cannot write uid_map of process");
    assert_text_has(err.msg, "maps must not overlap");
    ck_assert_int_eq(cmd.pid, 0);
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
}
END_TEST

/* As nobody: maps ids that only the system's helpers may give. */
static int start_with_foreign_ids(struct su_error *err, struct su_cmd *cmd)
{
    static struct su_id_map uids[] = {{0, 65534, 1}, {1, 200000, 1000}};
    static struct su_id_map gids[] = {{0, 65534, 1}, {1, 300000, 1000}};
    static char *const argv[] = {(char *)"sleep", (char *)"1000", NULL};

    become_nobody();
    *cmd = (struct su_cmd){.path = "/bin/sleep",
                           .argv = argv,
                           .stdio = {-1, -1, 2},
                           .clone_flags = CLONE_NEWUSER,
                           .uid_maps = uids,
                           .gid_maps = gids,
                           .n_uid_maps = 2,
                           .n_gid_maps = 2,
                           .allow_setgroups = true};
    return su_start_in_ns(cmd, NULL, 0, err);
}

/* Puts a file of one line over the databases, in a mount namespace of this process's own. */
static void give_ids(const char *uids, const char *gids)
{
    char path[] = "/tmp/runlet-test-ids-XXXXXX";
    int fd = mkstemp(path);

    ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
    ck_assert_int_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
    ck_assert_int_eq(fchmod(fd, 0644), 0);
    ck_assert_int_eq(su_write_all(fd, uids, strlen(uids)), 0);
    ck_assert_int_eq(su_write_all(fd, gids, strlen(gids)), 0);
    close(fd);
    int a = mount(path, "/etc/subuid", NULL, MS_BIND, NULL);
    int b = mount(path, "/etc/subgid", NULL, MS_BIND, NULL);
    unlink(path);
    if (a < 0 || b < 0)
        _exit(77);
}

static bool skipped_without_helper(const char *test)
{
    if (skipped_without_root(test) || !can_unshare_user(test))
        return true;
    if (access("/usr/bin/newuidmap", X_OK) == 0)
        return false;
    fprintf(stderr, "SKIP %s: newuidmap is not installed\n", test);
    return true;
}

START_TEST(foreign_ids_are_mapped_by_the_systems_helpers)
{
    if (skipped_without_helper(__func__))
        return;
    pid_t pid = fork();
    if (pid == 0) {
        struct su_error err = {0};
        struct su_cmd cmd;
        char *text;
        give_ids("nobody:200000:1000\n", "nobody:300000:1000\n");
        /* Neither PATH nor the rest of the environment may matter to the helper. */
        clearenv();
        int fds = open_fds();
        int r = start_with_foreign_ids(&err, &cmd);
        ck_assert_msg(r == 0, "%s", r < 0 ? su_error_text(&err) : "");
        ck_assert_int_eq(su_read_file_at(AT_FDCWD,
                                         su_arena_printf(&arena, "/proc/%d/gid_map", cmd.pid), 4096,
                                         &text, NULL),
                         0);
        assert_text_has(text, "300000");
        free(text);
        end_sleeper(&cmd);
        ck_assert_int_eq(open_fds(), fds);
        ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
        _exit(0);
    }
    int status = exit_status_of(pid);
    if (status == 77)
        fprintf(stderr, "SKIP %s: there is no /etc/subuid to mount over\n", __func__);
    else
        ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(helpers_refusal_is_passed_on)
{
    if (skipped_without_helper(__func__))
        return;
    pid_t pid = fork();
    if (pid == 0) {
        struct su_error err = {0};
        struct su_cmd cmd;
        int fds = open_fds();
        ck_assert_int_eq(start_with_foreign_ids(&err, &cmd), -EPERM);
        assert_text_has(err.msg, "cannot map user ids: newuidmap refused: ");
        assert_text_has(err.msg, "/etc/subuid");
        ck_assert_int_eq(open_fds(), fds);
        ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
        _exit(0);
    }
    ck_assert_int_eq(exit_status_of(pid), 0);
}
END_TEST

START_TEST(own_id_maps_are_those_of_the_namespace)
{
    if (!can_unshare_user(__func__))
        return;
    _cleanup_free_ char *text = NULL;
    ck_assert_int_eq(su_read_file_at(AT_FDCWD, "/proc/self/uid_map", 4096, &text, NULL), 0);
    unsigned a, b, c;
    bool initial = sscanf(text, "%u %u %u", &a, &b, &c) == 3 && !a && !b && c == UINT32_MAX;
    ck_assert_int_eq(su_in_initial_user_ns(), initial);
    pid_t pid = fork();
    if (pid == 0) {
        struct su_id_map *uids, *gids;
        size_t n, m;
        uid_t uid = getuid();
        ck_assert_int_eq(unshare(CLONE_NEWUSER), 0);
        ck_assert(!su_in_initial_user_ns());
        ck_assert_int_eq(su_current_id_maps(&arena, &uids, &n, &gids, &m, NULL), 0);
        ck_assert_uint_eq(n + m, 0);
        write_file("/proc/self/uid_map", su_arena_printf(&arena, "7 %u 1", uid));
        ck_assert(!su_in_initial_user_ns());
        ck_assert_int_eq(su_current_id_maps(&arena, &uids, &n, &gids, &m, NULL), 0);
        ck_assert_uint_eq(n, 1);
        ck_assert_uint_eq(m, 0);
        ck_assert_uint_eq(uids[0].container_id, 7);
        ck_assert_uint_eq(uids[0].size, 1);
        _exit(0);
    }
    ck_assert_int_eq(exit_status_of(pid), 0);
}
END_TEST

static void add_start_tests(Suite *suite)
{
    TCase *tc = tcase_create("start");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, plain_start_changes_no_namespace);
    tcase_add_test(tc, new_namespaces_are_new_and_the_rest_is_shared);
    tcase_add_test(tc, every_kind_can_be_made);
    tcase_add_test(tc, every_kind_can_be_joined);
    tcase_add_test(tc, joined_network_with_new_pid_namespace);
    tcase_add_test(tc, program_is_our_child_inside_of_a_joined_pid_namespace);
    tcase_add_test(tc, new_namespaces_belong_to_the_joined_user_namespace);
    tcase_add_test(tc, unprivileged_caller_joins_what_its_user_namespace_owns);
    tcase_add_test(tc, failed_exec_is_an_error_of_the_start);
    tcase_add_test(tc, impossible_combinations_are_refused);
    tcase_add_test(tc, open_files_land_in_their_places_and_nothing_else_is_kept);
    tcase_add_test(tc, places_may_be_swapped);
    tcase_add_test(tc, session_directory_mask_and_death_signal_are_set);
    tcase_add_test(tc, failed_steps_are_named);
    tcase_add_test(tc, identity_and_ambient_capabilities_are_set);
    tcase_add_test(tc, terminal_becomes_the_controlling_one);
    tcase_add_test(tc, program_dies_with_its_starter);
    suite_add_tcase(suite, tc);
}

int main(int argc, char **argv)
{
    if (argc > 1 && su_streq(argv[1], "--probe"))
        return probe(argv);
    Suite *suite = suite_create("namespace");
    TCase *ns = tcase_create("namespaces"), *maps = tcase_create("idmaps");

    tcase_add_checked_fixture(ns, setup, teardown);
    tcase_set_timeout(ns, 60);
    tcase_add_test(ns, kinds_agree_with_the_kernel);
    tcase_add_test(ns, first_namespace_of_a_type_is_found);
    tcase_add_test(ns, what_is_no_namespace_of_that_type_is_not_opened);
    tcase_add_test(ns, thread_enters_and_comes_back);
    tcase_add_test(ns, children_go_where_the_pid_namespace_was_entered);
    tcase_add_test(ns, way_home_is_the_threads_own_namespace);
    tcase_add_test(ns, entering_without_privileges_is_refused);
    suite_add_tcase(suite, ns);
    add_start_tests(suite);
    tcase_add_checked_fixture(maps, setup, teardown);
    tcase_set_timeout(maps, 60);
    tcase_add_test(maps, mappings_of_the_spec_are_appended);
    tcase_add_test(maps, new_user_namespace_is_mapped_before_the_program_runs);
    tcase_add_test(maps, maps_and_setgroups_read_back_as_written);
    tcase_add_test(maps, maps_that_the_kernel_refuses_leave_no_program);
    tcase_add_test(maps, foreign_ids_are_mapped_by_the_systems_helpers);
    tcase_add_test(maps, helpers_refusal_is_passed_on);
    tcase_add_test(maps, own_id_maps_are_those_of_the_namespace);
    suite_add_tcase(suite, maps);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
