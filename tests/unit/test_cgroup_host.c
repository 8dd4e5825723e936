/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cgroup room on the running kernel, whichever kind of cgroups it has. Everything happens in
 * groups named rl-test-<pid>, which are gone afterwards. Asserts on what the kernel's files say
 * and on what processes in the groups can do.
 */
#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>

#include <base/base.h>
#include <cgroup/cgroup.h>
#include <cgroup/internal.h>

#define P(T, ...) (&(T){__VA_ARGS__})
#define I64(n) P(int64_t, n)
#define U64(n) P(uint64_t, n)
#define MIB (1 << 20)

static pid_t main_pid;
static struct su_arena arena;
static struct su_error err;
static struct sb_cgroup_host host;
static struct sb_undo undo;

static void ck_ok(int r)
{
    ck_assert_msg(r == 0, "%d: %s", r, su_error_text(&err));
}

static void setup(void)
{
    /* The framework's handler ends the whole process group; our children would inherit it. */
    signal(SIGTERM, SIG_DFL);
    ck_ok(sb_cgroup_probe(&arena, &host, &err));
}

static void teardown(void)
{
    sb_undo_drop(&undo);
    su_arena_free(&arena);
    su_error_clear(&err);
}

static void skip(const char *why)
{
    printf("skipped: %s\n", why);
}

/* --- one container's cgroup ---------------------------------------------------------------------
 */

struct group {
    char *path;
    struct sb_cgroup_plan plan;
    struct sb_cgroup_ref ref;
    int v2_fd;
};

static int try_create(struct group *g, const char *name, const struct oci_resources *res)
{
    g->path = su_arena_printf(&arena, "/rl-test-%d/%s", main_pid, name);
    struct sb_cgroup_opts opts = {.id = "id", .cgroups_path = g->path, .resources = res};
    g->v2_fd = -1;
    ck_ok(sb_cgroup_plan(&arena, &host, &opts, &g->plan, &err));
    return sb_cgroup_create(&arena, &g->plan, &undo, &g->ref, &g->v2_fd, &err);
}

static struct group create(const char *name, const struct oci_resources *res)
{
    struct group g;
    ck_ok(try_create(&g, name, res));
    return g;
}

static void destroy(struct group *g)
{
    if (g->v2_fd >= 0)
        close(g->v2_fd);
    ck_ok(sb_cgroup_remove(&g->ref, &err));
}

/* The folder in the hierarchy of a v1 controller, or in cgroup2 (""); NULL: no such hierarchy. */
static const char *folder(const struct group *g, const char *controller)
{
    for (size_t i = 0; i < g->plan.n_dirs; i++) {
        const char *has = g->plan.dirs[i].controllers;
        if (*controller ? sb_cg_has_word(has, controller) : !*has)
            return g->plan.dirs[i].path;
    }
    return NULL;
}

static const char *read_file(const char *dir, const char *file)
{
    char *text = NULL;
    const char *path = su_arena_printf(&arena, "%s/%s", dir, file);
    int r = su_read_file_at(AT_FDCWD, path, 1 << 20, &text, NULL);

    ck_assert_msg(r == 0, "%s: %s", path, strerror(-r));
    const char *copy = su_arena_strdup(&arena, text);
    free(text);
    return copy;
}

static bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

/* A process born in the group that runs fn and exits with what it returns; at once if fn is NULL
 * it waits to be killed. */
static pid_t spawn(const struct group *g, int (*fn)(void))
{
    int gate[2];
    struct clone_args args = {.exit_signal = SIGCHLD};

    if (g->v2_fd >= 0) {
        args.flags = CLONE_INTO_CGROUP;
        args.cgroup = (uint64_t)g->v2_fd;
    }
    ck_assert_int_eq(pipe2(gate, O_CLOEXEC), 0);
    pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
    ck_assert_msg(pid >= 0, "clone3: %s", strerror(errno));
    if (pid == 0) {
        char c;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(gate[1]);
        if (read(gate[0], &c, 1) != 1)
            _exit(99);
        if (fn)
            _exit(fn());
        for (;;)
            pause();
    }
    close(gate[0]);
    int r = sb_cgroup_join_v1(&g->plan, pid, &err);
    if (r < 0)
        kill(pid, SIGKILL);
    ck_ok(r);
    ck_assert_int_eq(write(gate[1], "", 1), 1);
    close(gate[1]);
    return pid;
}

static int wait_for(pid_t pid)
{
    int status;

    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static bool v2_offers(const char *controller)
{
    char text[1024], *save = NULL;

    if (host.mode != SB_CGROUP_V2)
        return true;
    if (sb_cg_read(AT_FDCWD, "/sys/fs/cgroup/cgroup.controllers", text, sizeof(text)) < 0)
        return false;
    for (char *w = strtok_r(text, " \n", &save); w; w = strtok_r(NULL, " \n", &save))
        if (su_streq(w, controller))
            return true;
    return false;
}

/* --- folders ------------------------------------------------------------------------------------
 */

START_TEST(a_group_is_made_in_every_hierarchy_and_removed_with_its_parents)
{
    struct group g = create("a/b", NULL);
    size_t n = g.plan.n_dirs;

    ck_assert_uint_eq(n, host.n);
    ck_assert_uint_eq(g.ref.paths.n, n);
    ck_assert_uint_eq(g.ref.parents.n, 2 * n);
    for (size_t i = 0; i < n; i++) {
        const char *procs = su_arena_printf(&arena, "%s/cgroup.procs", g.plan.dirs[i].path);
        ck_assert_msg(exists(procs), "%s", procs);
    }
    ck_assert_int_eq(g.v2_fd >= 0, host.mode != SB_CGROUP_V1);
    destroy(&g);
    for (size_t i = 0; i < g.ref.paths.n; i++)
        ck_assert(!exists(g.ref.paths.v[i]));
    for (size_t i = 0; i < g.ref.parents.n; i++)
        ck_assert_msg(!exists(g.ref.parents.v[i]), "%s", g.ref.parents.v[i]);
    /* Gone already: success. */
    ck_ok(sb_cgroup_remove(&g.ref, &err));
}
END_TEST

START_TEST(undo_leaves_nothing)
{
    struct group g = create("undo/x", NULL);

    close(g.v2_fd);
    sb_undo_run(&undo);
    for (size_t i = 0; i < g.ref.paths.n; i++)
        ck_assert(!exists(g.ref.paths.v[i]));
    for (size_t i = 0; i < g.ref.parents.n; i++)
        ck_assert(!exists(g.ref.parents.v[i]));
}
END_TEST

START_TEST(a_failed_create_leaves_nothing_after_undo)
{
    /* No CPU or byte count of this size exists, so that it is the kernel that refuses. */
    struct oci_resources res = {.pids = P(struct oci_pids, .limit = I64(INT64_MAX))};
    struct group g;

    if (!v2_offers("pids"))
        return skip("no pids controller");
    ck_assert_int_eq(try_create(&g, "failed/x", &res), -EINVAL);
    ck_assert_str_eq(err.json_path, "linux.resources.pids.limit");
    ck_assert_ptr_nonnull(strstr(err.msg, "pids.max: invalid argument"));
    sb_undo_run(&undo);
    for (size_t i = 0; i < g.plan.n_dirs; i++)
        ck_assert(!exists(g.plan.dirs[i].path));
}
END_TEST

START_TEST(undo_and_remove_keep_what_others_made)
{
    struct group first = create("keep/first", NULL);
    sb_undo_drop(&undo);
    struct group second = create("keep/second", NULL);

    ck_assert_uint_eq(second.ref.parents.n, 0);
    close(second.v2_fd);
    sb_undo_run(&undo);
    ck_assert(!exists(second.ref.paths.v[0]));
    ck_assert(exists(first.ref.paths.v[0]));
    /* first made the parents, but they are not empty when it goes. */
    second = create("keep/second", NULL);
    destroy(&first);
    ck_assert(exists(second.ref.paths.v[0]));
    destroy(&second);
    for (size_t i = 0; i < first.ref.parents.n; i++)
        ck_assert_int_eq(rmdir(first.ref.parents.v[i]), 0);
}
END_TEST

START_TEST(an_empty_group_of_before_is_used_and_survives_undo)
{
    struct group first = create("old", NULL);
    sb_undo_drop(&undo);
    struct group second = create("old", NULL);

    close(second.v2_fd);
    sb_undo_run(&undo);
    ck_assert(exists(first.ref.paths.v[0]));
    destroy(&first);
}
END_TEST

START_TEST(a_group_with_a_process_is_refused)
{
    struct group first = create("busy", NULL), second;
    pid_t pid = spawn(&first, NULL);

    ck_assert_int_eq(try_create(&second, "busy", NULL), -EBUSY);
    ck_assert_ptr_nonnull(strstr(err.msg, "container's cgroup is not empty"));
    kill(pid, SIGKILL);
    wait_for(pid);
    destroy(&first);
}
END_TEST

START_TEST(a_frozen_group_is_refused)
{
    struct group first = create("cold", NULL), second;

    ck_ok(sb_cgroup_freeze(&first.ref, true, &err));
    ck_assert_int_eq(sb_cgroup_is_frozen(&first.ref), 1);
    ck_assert_int_eq(try_create(&second, "cold", NULL), -EBUSY);
    ck_assert_ptr_nonnull(strstr(err.msg, "unexpectedly frozen"));
    destroy(&first);
}
END_TEST

/* Leaves nothing at the usual places, in a mount namespace of the test's own. */
static bool hide_mounts(void)
{
    return unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           umount2("/sys/fs/cgroup", MNT_DETACH) == 0 &&
           mount("tmpfs", "/sys/fs/cgroup", "tmpfs", 0, NULL) == 0;
}

START_TEST(hierarchies_at_unusual_places_are_found)
{
    struct sb_cgroup_host odd;
    bool has_v1 = host.mode != SB_CGROUP_V2;

    ck_assert(hide_mounts());
    ck_ok(sb_cgroup_probe(&arena, &odd, &err));
    ck_assert_int_eq(odd.mode, SB_CGROUP_NONE);

    ck_assert_int_eq(mkdir("/sys/fs/cgroup/odd place", 0755), 0);
    ck_assert_int_eq(mount("cgroup2", "/sys/fs/cgroup/odd place", "cgroup2", 0, NULL), 0);
    ck_ok(sb_cgroup_probe(&arena, &odd, &err));
    ck_assert_int_eq(odd.mode, SB_CGROUP_V2);
    ck_assert_str_eq(odd.v[0].mount, "/sys/fs/cgroup/odd place");

    if (!has_v1)
        return;
    ck_assert_int_eq(mkdir("/sys/fs/cgroup/p", 0755), 0);
    ck_assert_int_eq(mount("cgroup", "/sys/fs/cgroup/p", "cgroup", 0, "pids"), 0);
    ck_ok(sb_cgroup_probe(&arena, &odd, &err));
    ck_assert_int_eq(odd.mode, SB_CGROUP_V1);
    ck_assert_uint_eq(odd.n, 1);
    ck_assert_str_eq(odd.v[0].controllers, "pids");
    ck_assert_str_eq(odd.v[0].mount, "/sys/fs/cgroup/p");
    /* A link by the controller's name is as good as a mount. */
    ck_assert_int_eq(symlink("p", "/sys/fs/cgroup/pids"), 0);
    ck_ok(sb_cgroup_probe(&arena, &odd, &err));
    ck_assert_str_eq(odd.v[0].mount, "/sys/fs/cgroup/pids");
}
END_TEST

/* --- limits -------------------------------------------------------------------------------------
 */

static const struct {
    const char *controller, *file1, *value1, *file2, *value2;
} limit_files[] = {
    {"memory", "memory.limit_in_bytes", "67108864\n", "memory.max", "67108864\n"},
    {"memory", "memory.soft_limit_in_bytes", "33554432\n", "memory.low", "33554432\n"},
    {"memory", "memory.memsw.limit_in_bytes", "134217728\n", "memory.swap.max", "67108864\n"},
    {"pids", "pids.max", "50\n", "pids.max", "50\n"},
    {"cpu", "cpu.shares", "512\n", "cpu.weight", "20\n"},
    {"cpu", "cpu.cfs_quota_us", "25000\n", "cpu.max", "25000 50000\n"},
    {"cpu", "cpu.cfs_period_us", "50000\n", "cpu.max", "25000 50000\n"},
    {"cpu", "cpu.cfs_burst_us", "10000\n", "cpu.max.burst", "10000\n"},
};

START_TEST(limits_stand_in_the_kernel_s_files)
{
    struct oci_resources res = {
        .memory = P(struct oci_memory, .limit = I64(64 * MIB), .swap = I64(128 * MIB),
                    .reservation = I64(32 * MIB)),
        .cpu = P(struct oci_cpu, .shares = U64(512), .quota = I64(25000), .period = U64(50000),
                 .burst = U64(10000)),
        .pids = P(struct oci_pids, .limit = I64(50)),
    };
    bool is_v2 = host.mode == SB_CGROUP_V2;

    if (!v2_offers("memory") || !v2_offers("cpu") || !v2_offers("pids"))
        return skip("no memory, cpu or pids controller");
    struct group g = create("limits", &res);
    for (size_t i = 0; i < SU_ARRAY_SIZE(limit_files); i++) {
        const char *dir = folder(&g, is_v2 ? "" : limit_files[i].controller);
        ck_assert_ptr_nonnull(dir);
        ck_assert_str_eq(read_file(dir, is_v2 ? limit_files[i].file2 : limit_files[i].file1),
                         is_v2 ? limit_files[i].value2 : limit_files[i].value1);
    }
    destroy(&g);
}
END_TEST

START_TEST(a_group_of_before_takes_larger_limits)
{
    struct oci_resources res = {
        .memory = P(struct oci_memory, .limit = I64(64 * MIB), .swap = I64(64 * MIB)),
        .cpu = P(struct oci_cpu, .quota = I64(20000), .burst = U64(20000)),
    };

    if (!v2_offers("memory") || !v2_offers("cpu"))
        return skip("no memory or cpu controller");
    create("grow", &res);
    res.memory = P(struct oci_memory, .limit = I64(128 * MIB), .swap = I64(128 * MIB));
    res.cpu = P(struct oci_cpu, .quota = I64(10000), .burst = U64(5000));
    struct group g = create("grow", &res);
    bool is_v2 = host.mode == SB_CGROUP_V2;
    ck_assert_str_eq(read_file(folder(&g, is_v2 ? "" : "memory"),
                               is_v2 ? "memory.max" : "memory.limit_in_bytes"),
                     "134217728\n");
    ck_assert_str_eq(
        read_file(folder(&g, is_v2 ? "" : "cpu"), is_v2 ? "cpu.max.burst" : "cpu.cfs_burst_us"),
        "5000\n");
    destroy(&g);
}
END_TEST

static int fork_once(void)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(0);
    if (pid > 0)
        waitpid(pid, NULL, 0);
    return pid < 0 ? errno : 0;
}

START_TEST(a_pids_limit_of_zero_lets_init_live_and_nothing_else)
{
    struct oci_resources res = {.pids = P(struct oci_pids, .limit = I64(0))};

    if (!v2_offers("pids"))
        return skip("no pids controller");
    struct group g = create("pids0", &res);
    ck_assert_int_eq(wait_for(spawn(&g, fork_once)), EAGAIN);
    destroy(&g);
}
END_TEST

START_TEST(v1_cpusets_begin_with_what_the_parent_has)
{
    struct group g = create("sets/a", NULL);
    const char *dir = folder(&g, "cpuset");

    if (!dir) {
        destroy(&g);
        return skip("no v1 cpuset hierarchy");
    }
    const char *all = read_file(su_arena_printf(&arena, "%s/../../..", dir), "cpuset.cpus");
    ck_assert_str_eq(read_file(dir, "cpuset.cpus"), all);
    ck_assert_str_eq(read_file(su_arena_printf(&arena, "%s/..", dir), "cpuset.cpus"), all);
    destroy(&g);
    struct oci_resources res = {.cpu = P(struct oci_cpu, .cpus = (char *)"0")};
    g = create("sets/b", &res);
    ck_assert_str_eq(read_file(folder(&g, "cpuset"), "cpuset.cpus"), "0\n");
    ck_assert_str_ne(read_file(folder(&g, "cpuset"), "cpuset.mems"), "\n");
    destroy(&g);
}
END_TEST

START_TEST(a_limit_that_the_kernel_refuses_is_named)
{
    struct oci_resources res = {.cpu = P(struct oci_cpu, .quota = I64(1))};
    struct group g;

    if (!v2_offers("cpu"))
        return skip("no cpu controller");
    ck_assert_int_eq(try_create(&g, "refused", &res), -EINVAL);
    ck_assert_str_eq(err.json_path, "linux.resources.cpu.quota");
    ck_assert_ptr_nonnull(strstr(err.msg, "a quota is at least 1000 us"));
    sb_undo_run(&undo);
}
END_TEST

START_TEST(an_unknown_v2_controller_is_refused_and_nothing_stays)
{
    struct oci_pair pair = {(char *)"nosuch.max", (char *)"1"};
    struct oci_resources res = {.unified = {&pair, 1}};
    struct group g;

    if (host.mode != SB_CGROUP_V2)
        return skip("not a cgroup v2 host");
    ck_assert_int_eq(try_create(&g, "unknown", &res), -EINVAL);
    ck_assert_str_eq(err.msg, "linux.resources.unified[\"nosuch.max\"]: needs the cgroup v2 "
                              "controller \"nosuch\", which /sys/fs/cgroup/cgroup.controllers does "
                              "not offer");
    sb_undo_run(&undo);
    ck_assert(!exists(g.plan.dirs[0].path));
}
END_TEST

START_TEST(v2_controllers_under_a_group_with_processes_are_refused_with_the_reason)
{
    struct oci_resources res = {.pids = P(struct oci_pids, .limit = I64(5))};
    struct group above, below;

    if (host.mode != SB_CGROUP_V2 || !v2_offers("pids"))
        return skip("not a cgroup v2 host with a pids controller");
    above = create("inner", NULL);
    pid_t pid = spawn(&above, NULL);
    ck_assert_int_eq(try_create(&below, "inner/leaf", &res), -EBUSY);
    ck_assert_str_eq(err.json_path, "linux.resources.pids.limit");
    ck_assert_ptr_nonnull(strstr(err.msg, "processes live in that group"));
    ck_assert_str_eq(read_file(folder(&above, ""), "cgroup.type"), "domain\n");
    sb_undo_run(&undo);
    kill(pid, SIGKILL);
    wait_for(pid);
    destroy(&above);
}
END_TEST

/* --- processes ----------------------------------------------------------------------------------
 */

START_TEST(a_process_is_born_in_every_folder)
{
    struct group g = create("born", NULL);
    pid_t pid = spawn(&g, NULL);
    const char *text = read_file(su_arena_printf(&arena, "/proc/%d", pid), "cgroup");
    size_t n = 0;

    for (const char *p = text; (p = strstr(p, g.path)); p++)
        n++;
    ck_assert_msg(n == g.plan.n_dirs, "%zu of %zu: %s", n, g.plan.n_dirs, text);
    kill(pid, SIGKILL);
    wait_for(pid);
    destroy(&g);
}
END_TEST

START_TEST(a_process_can_join_every_folder_later)
{
    struct group g = create("join", NULL);
    struct group outside = {.v2_fd = -1};
    pid_t pid = spawn(&outside, NULL), *pids;
    size_t n;

    ck_ok(sb_cgroup_join(&g.ref, pid, &err));
    for (size_t i = 0; i < g.ref.paths.n; i++)
        ck_assert_int_eq(atoi(read_file(g.ref.paths.v[i], "cgroup.procs")), pid);
    ck_ok(sb_cgroup_pids(&g.ref, &pids, &n, &err));
    ck_assert_uint_eq(n, 1);
    ck_assert_int_eq(pids[0], pid);
    free(pids);
    kill(pid, SIGKILL);
    wait_for(pid);
    destroy(&g);
}
END_TEST

/* Moves a process into a group "sub/subsub" below each folder, as a container could. */
static void move_deeper(const struct group *g, pid_t pid)
{
    for (size_t i = 0; i < g->ref.paths.n; i++) {
        const char *sub = su_arena_printf(&arena, "%s/sub", g->ref.paths.v[i]);
        const char *subsub = su_arena_printf(&arena, "%s/subsub", sub);
        ck_assert_int_eq(mkdir(sub, 0755), 0);
        ck_assert_int_eq(mkdir(subsub, 0755), 0);
        bool is_cpuset =
            exists(su_arena_printf(&arena, "%s/cpuset.cpus", subsub)) && *folder(g, "cpuset");
        if (is_cpuset && host.mode != SB_CGROUP_V2)
            continue; /* not set up, takes no process */
        const char *procs = su_arena_printf(&arena, "%s/cgroup.procs", subsub);
        int r = su_write_file_at(AT_FDCWD, procs, su_arena_printf(&arena, "%d", pid));
        ck_assert_msg(r == 0, "%s: %s", procs, strerror(-r));
    }
}

START_TEST(processes_of_nested_groups_are_listed_and_killed_and_their_groups_removed)
{
    struct group g = create("nest", NULL);
    pid_t pid[2] = {spawn(&g, NULL), spawn(&g, NULL)}, *pids;
    size_t n;

    move_deeper(&g, pid[1]);
    ck_ok(sb_cgroup_pids(&g.ref, &pids, &n, &err));
    ck_assert_uint_eq(n, 2);
    ck_assert((pids[0] == pid[0] && pids[1] == pid[1]) || (pids[0] == pid[1] && pids[1] == pid[0]));
    free(pids);
    ck_ok(sb_cgroup_signal(&g.ref, SIGKILL, &err));
    ck_assert_int_eq(wait_for(pid[0]), 128 + SIGKILL);
    ck_assert_int_eq(wait_for(pid[1]), 128 + SIGKILL);
    destroy(&g);
    ck_assert(!exists(g.ref.paths.v[0]));
}
END_TEST

START_TEST(a_signal_reaches_every_process)
{
    struct group g = create("term", NULL);
    pid_t pid[2] = {spawn(&g, NULL), spawn(&g, NULL)};

    ck_ok(sb_cgroup_signal(&g.ref, SIGTERM, &err));
    ck_assert_int_eq(wait_for(pid[0]), 128 + SIGTERM);
    ck_assert_int_eq(wait_for(pid[1]), 128 + SIGTERM);
    /* Nobody there: success. */
    ck_ok(sb_cgroup_signal(&g.ref, SIGTERM, &err));
    ck_ok(sb_cgroup_signal(&g.ref, SIGKILL, &err));
    destroy(&g);
    ck_ok(sb_cgroup_signal(&g.ref, SIGKILL, &err));
}
END_TEST

static volatile unsigned *counter;

static int count(void)
{
    while (getppid() > 0)
        ++*counter;
    return 0;
}

static bool counts(void)
{
    unsigned before = *counter;
    nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    return *counter != before;
}

START_TEST(a_frozen_group_runs_nothing_until_it_is_thawed)
{
    struct group g = create("freeze", NULL);

    counter = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert(counter != MAP_FAILED);
    pid_t pid = spawn(&g, count);
    ck_assert(counts());
    ck_assert_int_eq(sb_cgroup_is_frozen(&g.ref), 0);
    ck_ok(sb_cgroup_freeze(&g.ref, true, &err));
    ck_assert_int_eq(sb_cgroup_is_frozen(&g.ref), 1);
    ck_assert(!counts());
    ck_ok(sb_cgroup_freeze(&g.ref, false, &err));
    ck_assert_int_eq(sb_cgroup_is_frozen(&g.ref), 0);
    ck_assert(counts());
    kill(pid, SIGKILL);
    wait_for(pid);
    destroy(&g);
}
END_TEST

START_TEST(sigkill_ends_a_frozen_group)
{
    struct group g = create("killfrozen", NULL);
    pid_t pid = spawn(&g, NULL);

    ck_ok(sb_cgroup_freeze(&g.ref, true, &err));
    ck_ok(sb_cgroup_signal(&g.ref, SIGKILL, &err));
    ck_assert_int_eq(wait_for(pid), 128 + SIGKILL);
    destroy(&g);
}
END_TEST

static int fork_bomb(void)
{
    while (getppid() >= 0) {
        pid_t pid = fork();
        if (pid > 0 && waitpid(-1, NULL, WNOHANG) < 0)
            sched_yield();
    }
    return 0;
}

START_TEST(sigkill_ends_a_group_that_forks_all_the_time)
{
    struct oci_resources res = {.pids = P(struct oci_pids, .limit = I64(40))};

    if (!v2_offers("pids"))
        return skip("no pids controller");
    struct group g = create("bomb", &res);
    pid_t pid = spawn(&g, fork_bomb), *pids;
    size_t n;

    nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    ck_ok(sb_cgroup_signal(&g.ref, SIGKILL, &err));
    wait_for(pid);
    destroy(&g);
    ck_ok(sb_cgroup_pids(&g.ref, &pids, &n, &err));
    ck_assert_uint_eq(n, 0);
}
END_TEST

static int use_memory(void)
{
    size_t bytes = 64 * MIB;
    char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE,
                   -1, 0);
    *counter = p != MAP_FAILED;
    pause();
    return 0;
}

START_TEST(remove_waits_for_the_dying)
{
    struct group g = create("dying", NULL);

    counter = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert(counter != MAP_FAILED);
    /* Memory to give back makes dying take its time. */
    pid_t pid = spawn(&g, use_memory);
    while (!*counter)
        sched_yield();
    ck_ok(sb_cgroup_signal(&g.ref, SIGKILL, &err));
    destroy(&g);
    ck_assert(!exists(g.ref.paths.v[0]));
    wait_for(pid);
}
END_TEST

START_TEST(remove_of_a_group_with_a_living_process_fails_and_says_so)
{
    struct group g = create("alive", NULL);
    pid_t pid = spawn(&g, NULL);

    ck_assert_int_eq(sb_cgroup_remove(&g.ref, &err), -EBUSY);
    ck_assert_ptr_nonnull(strstr(err.msg, "processes are still in it"));
    ck_assert_int_eq(kill(pid, 0), 0);
    kill(pid, SIGKILL);
    wait_for(pid);
    su_error_clear(&err);
    destroy(&g);
}
END_TEST

START_TEST(remove_copes_with_groups_nested_deeper_than_descriptors_allow)
{
    struct group g = create("deep", NULL);
    int fd = open(g.ref.paths.v[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    for (int depth = 0; depth < 300; depth++) {
        ck_assert_int_eq(mkdirat(fd, "d", 0755), 0);
        if (depth % 7 == 0)
            ck_assert_int_eq(mkdirat(fd, "e", 0755), 0);
        int next = openat(fd, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        ck_assert_int_ge(next, 0);
        close(fd);
        fd = next;
    }
    close(fd);
    const struct rlimit few = {32, 32};
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
    destroy(&g);
    ck_assert(!exists(g.ref.paths.v[0]));
}
END_TEST

/* --- devices ------------------------------------------------------------------------------------
 */

/* Opens a node of the kernel's log, which no default rule allows. 0 or an errno. */
static int open_kmsg(void)
{
    char path[64];

    snprintf(path, sizeof(path), "/tmp/rl-test-%d-kmsg", (int)getpid());
    if (mknod(path, S_IFCHR | 0600, makedev(1, 11)) < 0)
        return 100;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    int r = fd < 0 ? errno : 0;
    unlink(path);
    return r;
}

static int write_kmsg(void)
{
    char path[64];

    snprintf(path, sizeof(path), "/tmp/rl-test-%d-kmsg", (int)getpid());
    if (mknod(path, S_IFCHR | 0600, makedev(1, 11)) < 0)
        return 100;
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    int r = fd < 0 ? errno : 0;
    unlink(path);
    return r;
}

static int open_null(void)
{
    return open("/dev/null", O_RDWR | O_CLOEXEC) < 0 ? errno : 0;
}

static struct oci_device_cgroup kmsg_rules[] = {
    {.allow = false, .type = 'a', .access = (char *)"rwm"},
    {.allow = true, .type = 'c', .major = I64(1), .minor = I64(11), .access = (char *)"r"},
};

START_TEST(only_allowed_devices_open)
{
    struct oci_resources denied = {.devices = {kmsg_rules, 1}};
    struct oci_resources allowed = {.devices = {kmsg_rules, 2}};
    struct group nowhere = {.v2_fd = -1};

    if (wait_for(spawn(&nowhere, open_kmsg)) != 0)
        return skip("device nodes cannot be made and opened here at all");
    struct group g = create("denied", &denied);
    ck_assert_int_eq(wait_for(spawn(&g, open_kmsg)), EPERM);
    ck_assert_int_eq(wait_for(spawn(&g, open_null)), 0);
    destroy(&g);
    g = create("absent", NULL);
    ck_assert_int_eq(wait_for(spawn(&g, open_kmsg)), EPERM);
    ck_assert_int_eq(wait_for(spawn(&g, open_null)), 0);
    destroy(&g);
    g = create("allowed", &allowed);
    ck_assert_int_eq(wait_for(spawn(&g, open_kmsg)), 0);
    ck_assert_int_eq(wait_for(spawn(&g, write_kmsg)), EPERM);
    destroy(&g);
}
END_TEST

START_TEST(a_group_of_before_forgets_its_old_device_rules)
{
    struct oci_resources denied = {.devices = {kmsg_rules, 1}};
    struct oci_resources allowed = {.devices = {kmsg_rules, 2}};
    struct oci_device_cgroup all = {.allow = true, .access = (char *)"rwm"};
    struct oci_resources everything = {.devices = {&all, 1}};
    struct group nowhere = {.v2_fd = -1};

    if (wait_for(spawn(&nowhere, open_kmsg)) != 0)
        return skip("device nodes cannot be made and opened here at all");
    close(create("rules", &denied).v2_fd);
    struct group g = create("rules", &allowed);
    ck_assert_int_eq(wait_for(spawn(&g, open_kmsg)), 0);
    close(g.v2_fd);
    g = create("rules", &denied);
    ck_assert_int_eq(wait_for(spawn(&g, open_kmsg)), EPERM);
    close(g.v2_fd);
    g = create("rules", &everything);
    ck_assert_int_eq(wait_for(spawn(&g, write_kmsg)), 0);
    destroy(&g);
}
END_TEST

START_TEST(a_thousand_device_rules_load)
{
    struct oci_device_cgroup rules[1000] = {{.allow = false, .access = (char *)"rwm"}};

    for (size_t i = 1; i < SU_ARRAY_SIZE(rules); i++)
        rules[i] = (struct oci_device_cgroup){
            .allow = true,
            .type = i % 2 ? 'c' : 'b',
            .major = su_arena_alloc(&arena, sizeof(int64_t)),
            .minor = i % 3 ? su_arena_alloc(&arena, sizeof(int64_t)) : NULL,
            .access = (char *)(i % 5 ? "rw" : "rwm"),
        };
    for (size_t i = 1; i < SU_ARRAY_SIZE(rules); i++)
        *rules[i].major = (int64_t)i + 1000;
    struct oci_resources res = {.devices = {rules, SU_ARRAY_SIZE(rules)}};
    struct group g = create("many", &res);
    ck_assert_int_eq(wait_for(spawn(&g, open_null)), 0);
    destroy(&g);
}
END_TEST

/* --- without rights -----------------------------------------------------------------------------
 */

START_TEST(without_rights_a_group_without_limits_is_passed_over_and_one_with_limits_fails)
{
    struct oci_resources res = {.pids = P(struct oci_pids, .limit = I64(5))};
    struct sb_cgroup_opts opts = {.id = "id", .rootless = true};
    struct group g = {.v2_fd = -1};

    opts.cgroups_path = su_arena_printf(&arena, "/rl-test-%d/nobody", main_pid);
    ck_assert_int_eq(setresuid(65534, 65534, 65534), 0);
    ck_ok(sb_cgroup_plan(&arena, &host, &opts, &g.plan, &err));
    ck_ok(sb_cgroup_create(&arena, &g.plan, &undo, &g.ref, &g.v2_fd, &err));
    ck_assert_uint_eq(g.ref.paths.n, 0);
    ck_assert_int_eq(g.v2_fd, -1);
    ck_ok(sb_cgroup_join_v1(&g.plan, getpid(), &err));
    ck_ok(sb_cgroup_remove(&g.ref, &err));
    opts.resources = &res;
    ck_ok(sb_cgroup_plan(&arena, &host, &opts, &g.plan, &err));
    ck_assert_int_eq(sb_cgroup_create(&arena, &g.plan, &undo, &g.ref, &g.v2_fd, &err), -EACCES);
    ck_assert_str_eq(err.json_path, "linux.resources.pids.limit");
    ck_assert_ptr_nonnull(strstr(err.msg, "delegate"));
}
END_TEST

/* --- the program --------------------------------------------------------------------------------
 */

/* What a failed test left in our groups. */
static void sweep(void)
{
    for (size_t i = 0; i < host.n; i++) {
        char *path = su_arena_printf(&arena, "%s/rl-test-%d", host.v[i].mount, main_pid);
        const struct sb_cgroup_ref ref = {.paths = {&path, 1}};
        (void)sb_cgroup_signal(&ref, SIGKILL, NULL);
        int r = sb_cg_remove_tree(path);
        if (r < 0)
            fprintf(stderr, "left behind: %s: %s\n", path, strerror(-r));
    }
}

static const char *missing(void)
{
    if (geteuid() != 0)
        return "root is needed";
    if (sb_cgroup_probe(&arena, &host, &err) < 0)
        return su_error_text(&err);
    if (host.mode == SB_CGROUP_NONE)
        return "no cgroups are mounted";
    for (size_t i = 0; i < host.n; i++) {
        const char *path = su_arena_printf(&arena, "%s/rl-test-%d", host.v[i].mount, main_pid);
        if (mkdir(path, 0755) < 0)
            return su_arena_printf(&arena, "%s: %s", path, strerror(errno));
        rmdir(path);
    }
    return NULL;
}

int main(void)
{
    static const char *const modes[] = {"none", "v1", "hybrid", "v2"};
    Suite *suite = suite_create("cgroup on this host");
    TCase *tc = tcase_create("kernel");

    main_pid = getpid();
    const char *why = missing();
    if (why) {
        printf("skipped: %s\n", why);
        return 77;
    }
    printf("cgroups: %s\n", modes[host.mode]);
    fflush(stdout);
    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, hierarchies_at_unusual_places_are_found);
    tcase_add_test(tc, a_group_is_made_in_every_hierarchy_and_removed_with_its_parents);
    tcase_add_test(tc, undo_leaves_nothing);
    tcase_add_test(tc, a_failed_create_leaves_nothing_after_undo);
    tcase_add_test(tc, undo_and_remove_keep_what_others_made);
    tcase_add_test(tc, an_empty_group_of_before_is_used_and_survives_undo);
    tcase_add_test(tc, a_group_with_a_process_is_refused);
    tcase_add_test(tc, a_frozen_group_is_refused);
    tcase_add_test(tc, limits_stand_in_the_kernel_s_files);
    tcase_add_test(tc, a_group_of_before_takes_larger_limits);
    tcase_add_test(tc, a_pids_limit_of_zero_lets_init_live_and_nothing_else);
    tcase_add_test(tc, v1_cpusets_begin_with_what_the_parent_has);
    tcase_add_test(tc, a_limit_that_the_kernel_refuses_is_named);
    tcase_add_test(tc, an_unknown_v2_controller_is_refused_and_nothing_stays);
    tcase_add_test(tc, v2_controllers_under_a_group_with_processes_are_refused_with_the_reason);
    tcase_add_test(tc, a_process_is_born_in_every_folder);
    tcase_add_test(tc, a_process_can_join_every_folder_later);
    tcase_add_test(tc, processes_of_nested_groups_are_listed_and_killed_and_their_groups_removed);
    tcase_add_test(tc, a_signal_reaches_every_process);
    tcase_add_test(tc, a_frozen_group_runs_nothing_until_it_is_thawed);
    tcase_add_test(tc, sigkill_ends_a_frozen_group);
    tcase_add_test(tc, sigkill_ends_a_group_that_forks_all_the_time);
    tcase_add_test(tc, remove_waits_for_the_dying);
    tcase_add_test(tc, remove_of_a_group_with_a_living_process_fails_and_says_so);
    tcase_add_test(tc, remove_copes_with_groups_nested_deeper_than_descriptors_allow);
    tcase_add_test(tc, only_allowed_devices_open);
    tcase_add_test(tc, a_group_of_before_forgets_its_old_device_rules);
    tcase_add_test(tc, a_thousand_device_rules_load);
    tcase_add_test(tc,
                   without_rights_a_group_without_limits_is_passed_over_and_one_with_limits_fails);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    sweep();
    su_arena_free(&arena);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
