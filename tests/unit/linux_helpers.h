/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of specutils/linux/ share: lists from literals, captured log records, counting
 * open fds, running a piece of a test in a child with fewer rights or in namespaces of its own.
 */
#ifndef LINUX_HELPERS_H
#define LINUX_HELPERS_H

#include <check.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <specutils/log.h>

#include "base/base.h"

/* A list of n literals in arena. */
static inline struct su_strv list_in(struct su_arena *arena, const char *const *words, size_t n)
{
    struct su_strv list = {su_arena_array(arena, n + 1, sizeof(char *)), n};

    ck_assert_ptr_nonnull(list.v);
    for (size_t i = 0; i < n; i++)
        list.v[i] = su_arena_strdup(arena, words[i]);
    return list;
}

#define LIST(arena, ...)                               \
    list_in(arena, (const char *const[]){__VA_ARGS__}, \
            SU_ARRAY_SIZE(((const char *const[]){__VA_ARGS__})))

/* The list's words, joined by blanks, in arena. */
static inline const char *joined(struct su_arena *arena, const struct su_strv *list)
{
    const char *text = "";

    for (size_t i = 0; i < list->n; i++)
        text = su_arena_printf(arena, "%s%s%s", text, i ? " " : "", list->v[i]);
    if (list->v)
        ck_assert_ptr_null(list->v[list->n]);
    return text;
}

/* Log records that came so far; capture_log() starts from none. */
struct captured_log {
    int warnings;
    char last[512];
};

static inline void capture_record(void *arg, enum su_log_level level, const char *msg)
{
    struct captured_log *log = arg;

    if (level == SU_LOG_WARNING)
        log->warnings++;
    snprintf(log->last, sizeof(log->last), "%s", msg);
}

static inline void capture_log(struct captured_log *log)
{
    *log = (struct captured_log){0};
    su_log_set_sink(capture_record, log, SU_LOG_DEBUG);
}

/* How many fds this process has open. */
static inline int open_fds(void)
{
    DIR *dir = opendir("/proc/self/fd");
    int count = -1; /* the directory's own */

    ck_assert_ptr_nonnull(dir);
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (entry->d_name[0] != '.')
            count++;
    }
    closedir(dir);
    return count;
}

static inline void assert_text_has(const char *text, const char *part)
{
    ck_assert_msg(strstr(text, part) != NULL, "\"%s\" lacks \"%s\"", text, part);
}

static inline int exit_status_of(pid_t pid)
{
    int status;

    ck_assert_int_eq(SU_RETRY_EINTR(waitpid(pid, &status, 0)), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static inline void become_nobody(void)
{
    ck_assert_int_eq(syscall(SYS_setgroups, 0, NULL), 0);
    ck_assert_int_eq(syscall(SYS_setresgid, 65534, 65534, 65534), 0);
    ck_assert_int_eq(syscall(SYS_setresuid, 65534, 65534, 65534), 0);
    /* Else /proc/self belongs to root. */
    ck_assert_int_eq(prctl(PR_SET_DUMPABLE, 1), 0);
}

static inline void write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);

    ck_assert_msg(fd >= 0, "open %s: %s", path, strerror(errno));
    ck_assert_msg(su_write_all(fd, text, strlen(text)) == 0, "write %s", path);
    close(fd);
}

/* A user namespace in which the real ids are 0, and what else flags ask for. Not to be called
 * by a process with threads. */
static inline void enter_new_userns(int flags)
{
    char map[64];
    uid_t uid = getuid();
    gid_t gid = getgid();

    ck_assert_msg(unshare(CLONE_NEWUSER | flags) == 0, "unshare: %s", strerror(errno));
    snprintf(map, sizeof(map), "0 %u 1", uid);
    write_file("/proc/self/uid_map", map);
    write_file("/proc/self/setgroups", "deny");
    snprintf(map, sizeof(map), "0 %u 1", gid);
    write_file("/proc/self/gid_map", map);
}

/* True if user namespaces can be made here; else says why the test is skipped. */
static inline bool can_unshare_user(const char *test)
{
    int status = -1;
    pid_t pid = fork();

    if (pid == 0)
        _exit(unshare(CLONE_NEWUSER) == 0 ? 0 : errno);
    /* No assertion: main() asks, too. */
    SU_RETRY_EINTR(waitpid(pid, &status, 0));
    if (status != 0)
        fprintf(stderr, "SKIP %s: no user namespace here: %s\n", test,
                strerror(WEXITSTATUS(status)));
    return status == 0;
}

/* A new empty folder in the system's place for such. */
static inline char *temp_dir(struct su_arena *arena)
{
    const char *base = getenv("TMPDIR");
    char *path = su_arena_printf(arena, "%s/runlet-test-XXXXXX", base ? base : "/tmp");

    ck_assert_ptr_nonnull(mkdtemp(path));
    char *real = realpath(path, NULL);
    ck_assert_ptr_nonnull(real);
    path = su_arena_strdup(arena, real);
    free(real);
    return path;
}

#endif
