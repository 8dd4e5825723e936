/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening, reading and printing a spec: what is absolute afterwards, what annotations may do, what
 * both flavors refuse. Documents are written with ' for ".
 */
#include <check.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <specutils/specutils.h>

#include "base/base.h"

static char bundle[] = "/tmp/spec-test-XXXXXX";
static struct su_error err;
static struct su_spec spec;
static struct su_config native, runsc;

static struct {
    size_t n, warnings;
    char *last;
} logged;

static void log_sink(void *arg, enum su_log_level level, const char *msg)
{
    (void)arg;
    logged.n++;
    logged.warnings += level == SU_LOG_WARNING;
    free(logged.last);
    logged.last = strdup(msg);
}

static char *quoted(const char *text)
{
    char *copy = strdup(text);
    for (char *p = copy; *p; p++)
        *p = *p == '\'' ? '"' : *p;
    return copy;
}

static char *in_bundle(const char *name)
{
    char *path;
    ck_assert_int_ge(asprintf(&path, "%s/%s", bundle, name), 0);
    return path;
}

static void write_config(const char *text)
{
    _cleanup_free_ char *path = in_bundle("config.json"), *json = quoted(text);
    _cleanup_fd_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(su_write_all(fd, json, strlen(json)), 0);
}

static void setup(void)
{
    strcpy(bundle + strlen(bundle) - 6, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(bundle));
    memset(&native, 0, sizeof(native));
    memset(&runsc, 0, sizeof(runsc));
    runsc.flavor = SU_FLAVOR_RUNSC;
    su_log_set_sink(log_sink, NULL, SU_LOG_DEBUG);
}

static void teardown(void)
{
    _cleanup_free_ char *path = in_bundle("config.json");

    su_spec_free(&spec);
    su_error_clear(&err);
    if (unlink(path) < 0)
        rmdir(path);
    rmdir(bundle);
    free(logged.last);
    memset(&logged, 0, sizeof(logged));
}

/* A valid document with more members. */
#define SPEC(members)                                                                     \
    "{'ociVersion':'1.2.0','process':{'cwd':'/','args':['sh'],'user':{'uid':0,'gid':0}}," \
    "'root':{'path':'rootfs'}" members "}"

static int read_config(const char *text, struct su_config *conf)
{
    su_spec_free(&spec);
    su_error_clear(&err);
    write_config(text);
    return su_read_spec(bundle, conf, &spec, &err);
}

static void read_ok(const char *text, struct su_config *conf)
{
    int rc = read_config(text, conf);
    ck_assert_msg(rc == 0, "%s: %s", text, rc ? su_error_text(&err) : "");
}

START_TEST(a_bundle_is_opened_at_its_start_and_close_on_exec)
{
    _cleanup_free_ char *with_slash = in_bundle("");

    write_config("{}");
    for (int i = 0; i < 2; i++) {
        _cleanup_fd_ int fd = su_open_spec(i ? with_slash : bundle, &err);
        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(lseek(fd, 0, SEEK_CUR), 0);
        ck_assert(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    }
    ck_assert_int_eq(chdir(bundle), 0);
    _cleanup_fd_ int fd = su_open_spec("", &err);
    ck_assert_int_ge(fd, 0);
}
END_TEST

START_TEST(a_folder_without_config_is_no_bundle)
{
    ck_assert_int_eq(su_open_spec(bundle, &err), -ENOENT);
    _cleanup_free_ char *expected = NULL;
    ck_assert_int_ge(asprintf(&expected,
                              "bundle \"%s\": cannot open config.json: no such file or directory "
                              "(is this a bundle directory?)",
                              bundle),
                     0);
    ck_assert_str_eq(err.msg, expected);
    ck_assert_int_eq(err.kind, SU_ERR_IO);
}
END_TEST

START_TEST(a_config_that_is_no_regular_file_is_refused_without_hanging)
{
    _cleanup_free_ char *path = in_bundle("config.json");

    ck_assert_int_eq(mkdir(path, 0700), 0);
    ck_assert_int_eq(su_open_spec(bundle, &err), -EINVAL);
    ck_assert_int_eq(rmdir(path), 0);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    ck_assert_int_eq(su_open_spec(bundle, &err), -EINVAL);
    ck_assert(strstr(err.msg, "not a regular file"));
}
END_TEST

START_TEST(a_spec_can_be_read_twice_from_one_fd)
{
    write_config(SPEC(""));
    _cleanup_fd_ int fd = su_open_spec(bundle, &err);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(su_read_spec_from_file(bundle, fd, NULL, &spec, &err), 0);
        ck_assert_str_eq(spec.oci.process->args.v[0], "sh");
        su_spec_free(&spec);
    }
}
END_TEST

START_TEST(a_pipe_is_no_file_to_read_a_spec_from)
{
    int pipes[2];

    ck_assert_int_eq(pipe2(pipes, O_CLOEXEC), 0);
    ck_assert_int_eq(su_read_spec_from_file(bundle, pipes[0], NULL, &spec, &err), -ESPIPE);
    ck_assert_ptr_null(spec.arena.chunk);
    close(pipes[0]);
    close(pipes[1]);
}
END_TEST

START_TEST(errors_of_reading_name_the_bundle)
{
    ck_assert_int_eq(read_config("{'ociVersion':1}", NULL), -EINVAL);
    ck_assert(strstr(err.msg, "config.json: ociVersion: found a number, expected a string"));
    ck_assert(su_has_prefix(err.msg, "bundle \"/tmp/spec-test-"));
    ck_assert_str_eq(err.json_path, "ociVersion");
    ck_assert_int_eq(err.kind, SU_ERR_JSON);
    ck_assert(!spec.arena.chunk && !spec.oci.oci_version);
}
END_TEST

START_TEST(a_config_over_the_limit_is_refused)
{
    _cleanup_free_ char *path = in_bundle("config.json");

    write_config(SPEC(""));
    ck_assert_int_eq(truncate(path, SU_JSON_MAX_BYTES + 1), 0);
    ck_assert_int_eq(su_read_spec(bundle, NULL, &spec, &err), -EFBIG);
    ck_assert(strstr(err.msg, "the document is too big, expected at most 16777216 bytes"));
}
END_TEST

static const struct {
    const char *dir, *path, *clean;
} clean_rows[] = {
    {"/b", "rootfs", "/b/rootfs"},
    {"/b/", "./x/../rootfs//", "/b/rootfs"},
    {"/b", "/r//s/.", "/r//s/."},
    {"/b", "../data", "/data"},
    {"/b", "../../../data", "/data"},
    {"/b", "", "/b"},
    {"/", "..", "/"},
    {"/", "a", "/a"},
    {"//b/./c//", "d/..", "/b/c"},
    {"/b", "..", "/"},
    {"/b", "...", "/b/..."},
    {"/b", ".a/..b", "/b/.a/..b"},
    {"", "config.json", "config.json"},
    {".", "config.json", "config.json"},
    {"a/b", "../../..", ".."},
    {"a", "../../../x", "../../x"},
    {"..", "..", "../.."},
    {"", "", "."},
};

START_TEST(paths_are_cleaned_by_their_letters)
{
    _cleanup_arena_ struct su_arena arena = {0};

    ck_assert_str_eq(su_clean_path(&arena, clean_rows[_i].dir, clean_rows[_i].path),
                     clean_rows[_i].clean);
}
END_TEST

#define MOUNTS                                                                       \
    SPEC(",'mounts':[{'destination':'/d','type':'bind','source':'../data'},"         \
         "{'destination':'/t','type':'tmpfs','source':'tmpfs'},"                     \
         "{'destination':'/o','type':'none','source':'./o//p','options':['rbind']}," \
         "{'destination':'/a','source':'/r//s/.','options':['bind']},"               \
         "{'destination':'/e','type':'bind','source':''},{'destination':'/n','type':'proc'}]")

static void check_source(size_t i, const char *expected)
{
    ck_assert_str_eq(spec.oci.mounts.v[i].source, expected);
}

START_TEST(root_and_bind_sources_become_absolute_natively)
{
    _cleanup_free_ char *rootfs = in_bundle("rootfs"), *o = in_bundle("o/p");

    read_ok(MOUNTS, NULL);
    ck_assert_str_eq(spec.oci.root->path, rootfs);
    check_source(0, "/tmp/data");
    check_source(1, "tmpfs");
    check_source(2, o);
    check_source(3, "/r//s/.");
    check_source(4, "");
    ck_assert_ptr_null(spec.oci.mounts.v[5].source);
}
END_TEST

START_TEST(all_sources_become_absolute_in_the_runsc_flavor)
{
    _cleanup_free_ char *tmpfs = in_bundle("tmpfs");

    read_ok(MOUNTS, &runsc);
    check_source(0, "/tmp/data");
    check_source(1, tmpfs);
    ck_assert_ptr_null(spec.oci.mounts.v[5].source);
}
END_TEST

START_TEST(a_relative_bundle_is_made_absolute)
{
    _cleanup_free_ char *rootfs = in_bundle("rootfs");

    write_config(SPEC(""));
    ck_assert_int_eq(chdir("/tmp"), 0);
    ck_assert_int_eq(su_read_spec(bundle + strlen("/tmp/"), NULL, &spec, &err), 0);
    ck_assert_str_eq(spec.oci.root->path, rootfs);
}
END_TEST

START_TEST(annotations_are_found_by_their_exact_key)
{
    read_ok(SPEC(",'annotations':{'a':'1','b':''}"), NULL);
    ck_assert_str_eq(oci_annotation(&spec.oci, "a"), "1");
    ck_assert_str_eq(oci_annotation(&spec.oci, "b"), "");
    ck_assert_ptr_null(oci_annotation(&spec.oci, "A"));
    ck_assert_ptr_null(oci_annotation(NULL, "a"));
}
END_TEST

/* --- configuration by annotation ---------------------------------------------------------------
 */

#define ANNOTATION(key, value) SPEC(",'annotations':{'" key "':'" value "'}")

START_TEST(runsc_sets_free_flags_without_permission)
{
    read_ok(ANNOTATION("dev.gvisor.flag.debug", "true"), &runsc);
    ck_assert(runsc.debug);
    read_ok(ANNOTATION("dev.gvisor.flag.host-uds", "open"), &runsc);
    ck_assert_str_eq(runsc.host_uds, "open");
    read_ok(ANNOTATION("dev.gvisor.flag.oci-seccomp", "T"), &runsc);
    ck_assert(runsc.oci_seccomp);
    read_ok(ANNOTATION("dev.gvisor.flag.strace", "true"), &runsc);
}
END_TEST

START_TEST(runsc_refuses_other_flags_without_permission)
{
    ck_assert_int_eq(read_config(ANNOTATION("dev.gvisor.flag.platform", "kvm"), &runsc), -EINVAL);
    ck_assert_int_eq(err.kind, SU_ERR_FLAG);
    ck_assert(strstr(err.msg, "annotations[\"dev.gvisor.flag.platform\"]: \"kvm\" refused, this "
                              "flag may be set only with --allow-flag-override"));
    ck_assert_ptr_null(runsc.platform);
    ck_assert_int_eq(read_config(ANNOTATION("dev.gvisor.flag.oci-seccomp", "false"), &runsc),
                     -EINVAL);
    ck_assert_int_eq(read_config(ANNOTATION("dev.gvisor.flag.nosuch", "1"), &runsc), -EINVAL);
    ck_assert_int_eq(read_config(ANNOTATION("dev.gvisor.flag.debug", "yes"), &runsc), -EINVAL);
}
END_TEST

START_TEST(an_annotation_cannot_give_the_others_permission)
{
    ck_assert_int_eq(
        read_config(SPEC(",'annotations':{'dev.gvisor.flag.allow-flag-override':'true',"
                         "'dev.gvisor.flag.platform':'kvm'}"),
                    &runsc),
        -EINVAL);
}
END_TEST

START_TEST(flags_are_set_with_permission_in_both_flavors)
{
    struct su_config *confs[] = {&runsc, &native};

    for (size_t i = 0; i < 2; i++) {
        confs[i]->allow_flag_override = true;
        read_ok(ANNOTATION("dev.gvisor.flag.platform", "kvm"), confs[i]);
        ck_assert_str_eq(confs[i]->platform, "kvm");
        ck_assert_int_eq(read_config(ANNOTATION("dev.gvisor.flag.nosuch", "1"), confs[i]), -EINVAL);
    }
}
END_TEST

START_TEST(natively_annotations_set_nothing_without_permission)
{
    static const char *const annotations[] = {
        ANNOTATION("dev.gvisor.flag.debug", "true"),
        ANNOTATION("dev.gvisor.flag.host-uds", "all"),
        ANNOTATION("dev.gvisor.flag.nosuch", "x"),
        ANNOTATION("dev.gvisor.bundle.experimental-high-performance", "true"),
        ANNOTATION("dev.gvisor.bundle.experimental-high-performance", "no"),
    };
    struct su_config untouched = {0};

    for (size_t i = 0; i < SU_ARRAY_SIZE(annotations); i++) {
        read_ok(annotations[i], &native);
        ck_assert_mem_eq(&native, &untouched, sizeof(native));
        read_ok(annotations[i], NULL);
    }
    ck_assert_uint_eq(logged.warnings, 0);
    ck_assert_uint_gt(logged.n, 0);
}
END_TEST

START_TEST(runsc_knows_one_bundle_of_flags)
{
    runsc.platform = (char *)"kvm";
    read_ok(ANNOTATION("dev.gvisor.bundle.experimental-high-performance", "true"), &runsc);
    ck_assert(runsc.directfs);
    ck_assert_str_eq(runsc.overlay2, "root:self");
    ck_assert_str_eq(runsc.platform, "systrap");
    ck_assert_int_eq(
        read_config(ANNOTATION("dev.gvisor.bundle.experimental-high-performance", "1"), &runsc),
        -EINVAL);
    logged.warnings = 0;
    read_ok(SPEC(",'annotations':{'dev.gvisor.bundle.nosuch':'true'}"), &runsc);
    ck_assert_uint_ge(logged.warnings, 1);
}
END_TEST

START_TEST(flags_win_over_bundles_of_flags)
{
    runsc.allow_flag_override = true;
    read_ok(SPEC(",'annotations':{'dev.gvisor.flag.platform':'ptrace',"
                 "'dev.gvisor.bundle.experimental-high-performance':'true'}"),
            &runsc);
    ck_assert_str_eq(runsc.platform, "ptrace");
}
END_TEST

START_TEST(driver_capabilities_are_checked_after_each_flag)
{
    runsc.allow_flag_override = true;
    read_ok(ANNOTATION("dev.gvisor.flag.nvproxy-allowed-driver-capabilities", "all, utility,"),
            &runsc);
    ck_assert_int_eq(
        read_config(ANNOTATION("dev.gvisor.flag.nvproxy-allowed-driver-capabilities", "video"),
                    &runsc),
        -EINVAL);
}
END_TEST

#define SECCOMP(value)                                                             \
    SPEC(",'linux':{'seccomp':{'defaultAction':'SCMP_ACT_ALLOW'}},'annotations':{" \
         "'io.kubernetes.cri.container-name':'web','dev.gvisor.internal.seccomp." value "'}")

START_TEST(only_runsc_drops_the_filter_on_the_word_of_an_annotation)
{
    read_ok(SECCOMP("web':'RuntimeDefault"), &native);
    ck_assert_ptr_nonnull(spec.oci.linux_->seccomp);
    native.allow_flag_override = true;
    read_ok(SECCOMP("web':'RuntimeDefault"), &native);
    ck_assert_ptr_nonnull(spec.oci.linux_->seccomp);
    read_ok(SECCOMP("web':'RuntimeDefault"), &runsc);
    ck_assert_ptr_null(spec.oci.linux_->seccomp);
    read_ok(SECCOMP("db':'RuntimeDefault"), &runsc);
    ck_assert_ptr_nonnull(spec.oci.linux_->seccomp);
    read_ok(SECCOMP("web':'Unconfined"), &runsc);
    ck_assert_ptr_nonnull(spec.oci.linux_->seccomp);
}
END_TEST

/* --- lists of mounts, and the debug record ------------------------------------------------------
 */

static int read_mounts_of(const char *text, struct su_arena *arena, struct oci_mount **mounts,
                          size_t *n)
{
    _cleanup_free_ char *path = in_bundle("config.json");

    write_config(text);
    _cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    su_error_clear(&err);
    return su_read_mounts(fd, arena, mounts, n, &err);
}

START_TEST(a_list_of_mounts_is_read_from_the_current_offset)
{
    _cleanup_arena_ struct su_arena arena = {0};
    _cleanup_free_ char *path = in_bundle("config.json");
    struct oci_mount *mounts;
    size_t n = 9;

    ck_assert_int_eq(read_mounts_of("[]", &arena, &mounts, &n), 0);
    ck_assert_uint_eq(n, 0);
    ck_assert_int_eq(read_mounts_of(" null\n", &arena, &mounts, &n), 0);
    ck_assert_uint_eq(n, 0);
    ck_assert_int_eq(
        read_mounts_of("[{'destination':'/p','type':'proc','x':1}]", &arena, &mounts, &n), 0);
    ck_assert_uint_eq(n, 1);
    ck_assert_str_eq(mounts[0].type, "proc");
    ck_assert_ptr_null(mounts[0].source);
    ck_assert_int_eq(read_mounts_of("{}", &arena, &mounts, &n), -EINVAL);
    ck_assert(strstr(err.msg, "expected an array"));
    ck_assert_int_eq(read_mounts_of("", &arena, &mounts, &n), -EINVAL);
    ck_assert_int_eq(read_mounts_of("[{'destination':'/p'},]", &arena, &mounts, &n), -EINVAL);
    ck_assert(su_has_prefix(err.msg, "line 1, column 23"));

    write_config("junk[]");
    _cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    ck_assert_int_eq(lseek(fd, 4, SEEK_SET), 4);
    ck_assert_int_eq(su_read_mounts(fd, &arena, &mounts, &n, &err), 0);
}
END_TEST

#define LOGGED                                                                           \
    "{'ociVersion':'1.2.0','process':{'cwd':'/','args':['sh'],'user':{'uid':0,'gid':0}," \
    "'env':['PASSWORD=hunter2','ODD'],'capabilities':{'bounding':['CAP_KILL']}},"        \
    "'root':{'path':'/r'},'hooks':{'poststop':[{'path':'/h','env':['TOKEN=hunter2']}]}," \
    "'linux':{'seccomp':{'defaultAction':'SCMP_ACT_ALLOW'},'maskedPaths':['/m'],"        \
    "'readonlyPaths':['/o'],'namespaces':[{'type':'pid'}],"                              \
    "'resources':{'devices':[{'allow':false}],'pids':{'limit':3}}}}"

START_TEST(the_debug_record_hides_secrets_and_leaves_dull_parts_out)
{
    static const char *const hidden[] = {"hunter2",     "ODD",           "seccomp", "CAP_KILL",
                                         "maskedPaths", "readonlyPaths", "devices"};
    static const char *const shown[] = {"\"PASSWORD=***\"", "\"TOKEN=***\"", "\n  \"process\": {",
                                        "\"type\": \"pid\"", "\"limit\": 3"};

    read_ok(LOGGED, NULL);
    logged.n = 0;
    su_log_spec_debug(&spec.oci, false);
    ck_assert_uint_eq(logged.n, 1);
    ck_assert(su_has_prefix(logged.last, "Spec:\n{\n  \"ociVersion\": \"1.2.0\","));
    for (size_t i = 0; i < SU_ARRAY_SIZE(hidden); i++)
        ck_assert_msg(!strstr(logged.last, hidden[i]), "%s", hidden[i]);
    for (size_t i = 0; i < SU_ARRAY_SIZE(shown); i++)
        ck_assert_msg(strstr(logged.last, shown[i]), "%s", shown[i]);
    su_log_spec_debug(&spec.oci, true);
    ck_assert(strstr(logged.last, "SCMP_ACT_ALLOW"));
    /* The spec itself is as it was. */
    ck_assert_str_eq(spec.oci.process->env.v[0], "PASSWORD=hunter2");
    ck_assert(spec.oci.linux_->seccomp && spec.oci.linux_->resources->devices.n == 1);
}
END_TEST

START_TEST(no_debug_record_is_made_unless_it_is_wanted)
{
    read_ok(LOGGED, NULL);
    su_log_set_sink(log_sink, NULL, SU_LOG_INFO);
    logged.n = 0;
    su_log_spec_debug(&spec.oci, false);
    ck_assert_uint_eq(logged.n, 0);
    su_log_set_sink(log_sink, NULL, SU_LOG_DEBUG);
    su_log_spec_debug(NULL, false);
    su_log_spec_debug(&(struct oci_spec){0}, false);
    ck_assert_str_eq(logged.last, "Spec:\n{}");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("spec");
    TCase *tcase = tcase_create("read");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_bundle_is_opened_at_its_start_and_close_on_exec);
    tcase_add_test(tcase, a_folder_without_config_is_no_bundle);
    tcase_add_test(tcase, a_config_that_is_no_regular_file_is_refused_without_hanging);
    tcase_add_test(tcase, a_spec_can_be_read_twice_from_one_fd);
    tcase_add_test(tcase, a_pipe_is_no_file_to_read_a_spec_from);
    tcase_add_test(tcase, errors_of_reading_name_the_bundle);
    tcase_add_test(tcase, a_config_over_the_limit_is_refused);
    tcase_add_loop_test(tcase, paths_are_cleaned_by_their_letters, 0, SU_ARRAY_SIZE(clean_rows));
    tcase_add_test(tcase, root_and_bind_sources_become_absolute_natively);
    tcase_add_test(tcase, all_sources_become_absolute_in_the_runsc_flavor);
    tcase_add_test(tcase, a_relative_bundle_is_made_absolute);
    tcase_add_test(tcase, annotations_are_found_by_their_exact_key);
    tcase_add_test(tcase, runsc_sets_free_flags_without_permission);
    tcase_add_test(tcase, runsc_refuses_other_flags_without_permission);
    tcase_add_test(tcase, an_annotation_cannot_give_the_others_permission);
    tcase_add_test(tcase, flags_are_set_with_permission_in_both_flavors);
    tcase_add_test(tcase, natively_annotations_set_nothing_without_permission);
    tcase_add_test(tcase, runsc_knows_one_bundle_of_flags);
    tcase_add_test(tcase, flags_win_over_bundles_of_flags);
    tcase_add_test(tcase, driver_capabilities_are_checked_after_each_flag);
    tcase_add_test(tcase, only_runsc_drops_the_filter_on_the_word_of_an_annotation);
    tcase_add_test(tcase, a_list_of_mounts_is_read_from_the_current_offset);
    tcase_add_test(tcase, the_debug_record_hides_secrets_and_leaves_dull_parts_out);
    tcase_add_test(tcase, no_debug_record_is_made_unless_it_is_wanted);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
