/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For the tests of namespaces and of programs started in them: processes that hold namespaces,
 * and a program to start, which is the test itself, called with "--probe": it prints what it
 * finds itself in.
 */
#ifndef NAMESPACE_HELPERS_H
#define NAMESPACE_HELPERS_H

#include <poll.h>
#include <signal.h>

#include <specutils/namespace.h>
#include <specutils/process.h>

#include "linux_helpers.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

static struct su_arena arena;
static int fds_before;

static inline void setup(void)
{
    fds_before = open_fds();
}

/* Nothing may be left open, whatever the test did. */
static inline void teardown(void)
{
    ck_assert_int_eq(open_fds(), fds_before);
    su_arena_free(&arena);
}

static inline bool skipped_without_root(const char *test)
{
    if (geteuid() == 0)
        return false;
    fprintf(stderr, "SKIP %s: not root\n", test);
    return true;
}

static inline void print_link(const char *key, const char *path)
{
    char text[512];
    ssize_t n = readlink(path, text, sizeof(text) - 1);

    printf("%s=%.*s\n", key, n < 0 ? 4 : (int)n, n < 0 ? "none" : text);
}

static inline void print_status_line(const char *name)
{
    _cleanup_free_ char *text = NULL;

    if (su_read_file_at(AT_FDCWD, "/proc/thread-self/status", 1 << 16, &text, NULL) < 0)
        return;
    const char *line = strstr(text, name);
    if (line)
        printf("%.*s\n", (int)strcspn(line, "\n"), line);
}

static inline int probe(char **args)
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
static inline struct su_cmd probe_cmd(int *out)
{
    int ends[2];

    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    *out = ends[0];
    return (struct su_cmd){
        .path = "/proc/self/exe", .argv = probe_argv, .envp = no_env, .stdio = {-1, ends[1], 2}};
}

/* Starts the probe and returns what it printed. */
static inline const char *run_probe(struct su_cmd *cmd, int out,
                                    const struct oci_linux_namespace *nss, size_t n)
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
static inline const char *value_of(const char *text, const char *key)
{
    const char *line = strstr(text, su_arena_printf(&arena, "\n%s=", key));
    const char *value = line ? line + strlen(key) + 2 : NULL;

    if (!line && su_has_prefix(text, key) && text[strlen(key)] == '=')
        value = text + strlen(key) + 1;
    return value ? su_arena_strndup(&arena, value, strcspn(value, "\n")) : "absent";
}

static inline const char *link_text(const char *path)
{
    char text[512];
    ssize_t n = readlink(path, text, sizeof(text));

    ck_assert_msg(n > 0, "readlink %s: %s", path, strerror(errno));
    return su_arena_strndup(&arena, text, (size_t)n);
}

static inline const char *own_ns(const char *proc_name)
{
    return link_text(su_arena_printf(&arena, "/proc/thread-self/ns/%s", proc_name));
}

/* Starts "sleep", so that the program can be looked at from outside. */
static inline pid_t start_sleeper(struct su_cmd *cmd, const struct oci_linux_namespace *nss,
                                  size_t n)
{
    static char *const argv[] = {(char *)"sleep", (char *)"1000", NULL};
    _cleanup_error_ struct su_error err = {0};

    cmd->path = "/bin/sleep";
    cmd->argv = argv;
    int r = su_start_in_ns(cmd, nss, n, &err);
    ck_assert_msg(r == 0, "%s", r < 0 ? su_error_text(&err) : "");
    return cmd->pid;
}

static inline void end_sleeper(struct su_cmd *cmd)
{
    kill(cmd->pid, SIGKILL);
    ck_assert_int_eq(exit_status_of(cmd->pid), 128 + SIGKILL);
    close(cmd->pidfd);
}

struct holder {
    pid_t pid;
    int hold; /* closing it ends the holder */
};

/* A child in new namespaces; with a new pid namespace it is a grandchild that matters, as pid 1
 * there. nobody: it is an unprivileged one, in a user namespace with root mapped. */
static inline struct holder hold_ns(int flags, bool nobody)
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

static inline void release(struct holder *holder)
{
    close(holder->hold);
    ck_assert_int_eq(exit_status_of(holder->pid), 0);
}

static inline char *ns_path(const struct holder *holder, const char *proc_name)
{
    return su_arena_printf(&arena, "/proc/%d/ns/%s", holder->pid, proc_name);
}

#endif
