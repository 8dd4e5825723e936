/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libspecutils without memory: each call is made with its first, second, ... allocation failing,
 * alone and with all that follow. It must say so or do without, leak nothing, and never abort.
 */
#include <sched.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <specutils/specutils.h>

#include "spec/spec_private.h"
#include "spec/table.h"
#include "alloc_faults.h"
#include "seccomp_profiles.h"

#define LIST(...)                                                  \
    (struct su_strv)                                               \
    {                                                              \
        (char **)(const char *[]){__VA_ARGS__, NULL},              \
            sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *) \
    }

/* --- documents -------------------------------------------------------------------------------- */

struct document {
    const struct su_type *type;
    const char *file, *text; /* one of the two */
    bool is_list;
};

union object {
    struct oci_spec spec;
    struct oci_process process;
    struct oci_resources resources;
};

static char *text_of(const struct document *d)
{
    char *text = NULL;

    if (d->text)
        return strdup(d->text);
    _cleanup_free_ char *path = NULL;
    ck_assert_int_ge(asprintf(&path, "%s/%s", TEST_DATA, d->file), 0);
    ck_assert_int_eq(su_read_file_at(AT_FDCWD, path, 1 << 20, &text, NULL), 0);
    return text;
}

static const struct document documents[] = {
    {&su_type_oci_spec, "spec/docker-28.5--run-bind--config.json", NULL, false},
    {&su_type_oci_spec, "spec/podman-5.8--run-resources--config.json", NULL, false},
    {&su_type_oci_process, "spec/docker-28.5--exec--process-3.json", NULL, false},
    {&su_type_oci_resources, "spec/containerd-1.6--cri-update--resources-1.json", NULL, false},
    {&su_type_oci_mount, NULL, "[{\"destination\":\"/a\",\"options\":[\"ro\",\"bind\"]},{}]", true},
    {&su_type_oci_spec, NULL, "{\"unknown\":{\"a\":[1,{\"b\":null}]},\"windows\":{\"x\":[1]}}",
     false},
    {&su_type_oci_process, NULL, "{\"args\":[\"a\",7]}", false},
    {&su_type_oci_spec, NULL, "{\"linux\":{\"namespaces\":[{\"type\":\"netwrok\"}]}}", false},
    {&su_type_oci_spec, NULL, "{\"linux\":{\"namespaces\":[{\"type\":\"x\"}]}}", false},
    {&su_type_oci_spec, NULL, "{\"annotations\":{\"b\":\"\",\"a\":\"\",\"b\":\"\"}}", false},
    {&su_type_oci_spec, NULL, "{\"root\":{\"path\":\"a\",\"path\":\"b\"}}", false},
    {&su_type_oci_spec, NULL, "{\"linux\":{\"timeOffsets\":{\"boottime\":{\"secs\":1e3}}}}", false},
    {&su_type_oci_spec, NULL,
     "{\"hooks\":{\"poststop\":[{\"path\":\"/x\",\"timeout\":99999999999}]"
     "}}",
     false},
    {&su_type_oci_spec, NULL, "{\"process\":{\"user\":{}}}", false},
    {&su_type_oci_spec, NULL, "{\"root\":", false},
    {&su_type_oci_spec, NULL, "{\"root\" {}}", false},
    {&su_type_oci_spec, NULL, "{} {}", false},
    {&su_type_oci_spec, NULL, "null", false},
    {&su_type_oci_spec, NULL, "  ", false},
    {&su_type_oci_spec, NULL, "{\"a\":\"\\ud800\"}", false},
    {&su_type_oci_spec, NULL,
     "{\"a\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
     "[[[[[[[[[[[[1",
     false},
    {&su_type_oci_mount, NULL, "{}", true},
};

/* Encodes without faults; what it gives is the outcome of an attempt. */
static void describe(struct attempt *a, const struct su_type *type, const void *object, size_t n,
                     bool is_list)
{
    _cleanup_free_ char *text = NULL;

    disarm();
    int rc = is_list ? su_json_encode_list(type, object, n, 0, 0, &text, NULL, NULL)
                     : su_json_encode(type, object, 0, 0, &text, NULL, NULL);
    ck_assert_int_eq(rc, 0);
    su_strbuf_adds(&a->text, text);
}

static int decode(struct attempt *a)
{
    const struct document *d = a->input;
    _cleanup_free_ char *text = text_of(d);
    _cleanup_arena_ struct su_arena arena = {0};
    union object object = {0};
    void *list = NULL;
    size_t n = 0;

    arm(a);
    int rc = d->is_list
                 ? su_json_decode_list(d->type, text, strlen(text), &arena, &list, &n, a->err)
                 : su_json_decode(d->type, text, strlen(text), &arena, &object, a->err);
    disarm();
    if (rc == 0)
        describe(a, d->type, d->is_list ? list : &object, n, d->is_list);
    return rc;
}

START_TEST(decoding_without_memory)
{
    ck_assert_uint_gt(try_every_allocation(decode, &documents[_i]), 0);
}
END_TEST

static int encode(struct attempt *a)
{
    const struct document *d = a->input;
    _cleanup_free_ char *text = text_of(d);
    _cleanup_free_ char *out = NULL;
    _cleanup_arena_ struct su_arena arena = {0};
    union object object = {0};
    void *list = NULL;
    size_t n = 0;

    ck_assert_int_eq(d->is_list
                         ? su_json_decode_list(d->type, text, strlen(text), &arena, &list, &n, NULL)
                         : su_json_decode(d->type, text, strlen(text), &arena, &object, NULL),
                     0);
    /* Once so wide that formatting allocates. */
    int indent = d->text ? 2000 : 1;
    arm(a);
    int rc = d->is_list
                 ? su_json_encode_list(d->type, list, n, SU_JSON_PRETTY, indent, &out, NULL, a->err)
                 : su_json_encode(d->type, &object, SU_JSON_PRETTY, indent, &out, NULL, a->err);
    disarm();
    if (rc == 0)
        su_strbuf_adds(&a->text, out);
    return rc;
}

START_TEST(encoding_without_memory)
{
    ck_assert_uint_gt(try_every_allocation(encode, &documents[_i]), 0);
}
END_TEST

static int require(struct attempt *a)
{
    struct oci_id_mapping ids = {0};
    struct oci_mount mounts[2] = {{.destination = (char *)"/", .uid_mappings = {&ids, 1}}};
    struct oci_spec spec = {.oci_version = (char *)"1.0.0", .mounts = {mounts, 2}};

    arm(a);
    return su_json_check_required(&su_type_oci_spec, &spec, a->err);
}

START_TEST(missing_fields_are_reported_without_memory)
{
    ck_assert_uint_gt(try_every_allocation(require, NULL), 1);
}
END_TEST

/* --- specs -------------------------------------------------------------------------------------
 */

static int memory_file(const char *text)
{
    int fd = memfd_create("document", MFD_CLOEXEC);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(su_write_all(fd, text, strlen(text)), 0);
    ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

/* A valid spec but for what is put in its places. */
#define SPEC(process, rest)                                                                    \
    "{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"r\"},\"process\":{\"cwd\":\"/\",\"user\":" \
    "{\"uid\":0,\"gid\":0},\"args\":[\"a\"]" process "}" rest "}"
#define NS "\"namespaces\":[{\"type\":\"user\"},{\"type\":\"uts\"}]"

static const char *const specs[] = {
    SPEC("", ",\"mounts\":[{\"destination\":\"/a\",\"source\":\"../b\",\"options\":[\"rbind\","
             "\"shared\"]}],\"annotations\":{\"dev.gvisor.flag.debug\":\"true\",\"a\":\"\","
             "\"dev.gvisor.flag.network\":\"host\",\"dev.gvisor.bundle.experimental-high-"
             "performance\":\"true\",\"dev.gvisor.bundle.no\":\"true\"}"),
    SPEC("", ",\"annotations\":{\"dev.gvisor.flag.debug\":\"x\"}"),
    SPEC("", ",\"annotations\":{\"dev.gvisor.flag.none\":\"x\"}"),
    SPEC("", ",\"annotations\":{\"io.kubernetes.cri.container-type\":\"x\"}"),
    SPEC("", ",\"hooks\":{\"poststop\":[{\"path\":\"x\"}]}"),
    SPEC("", ",\"linux\":{" NS ",\"uidMappings\":[{\"containerID\":0,\"hostID\":1,\"size\":5},{"
             "\"containerID\":4,\"hostID\":10,\"size\":5}]}"),
    SPEC("", ",\"mounts\":[{\"destination\":\"/a\",\"type\":\"tmpfs\",\"uidMappings\":[{"
             "\"containerID\":0,\"hostID\":1,\"size\":0}],\"gidMappings\":[{\"containerID\":0,"
             "\"hostID\":1,\"size\":1}]}]"),
    SPEC("", ",\"linux\":{" NS ",\"devices\":[{\"type\":\"c\",\"path\":\"/dev/a\",\"major\":1,"
             "\"minor\":1},{\"type\":\"c\",\"path\":\"/dev/a\",\"major\":1,\"minor\":1}]}"),
    SPEC("", ",\"linux\":{" NS ",\"sysctl\":{\"a..b\":\"\"}}"),
    SPEC("", ",\"linux\":{" NS ",\"netDevices\":{\"a/b\":{}}}"),
    SPEC("", ",\"linux\":{" NS ",\"maskedPaths\":[\"a\"]}"),
    SPEC("", ",\"linux\":{\"resources\":{\"unified\":{\"a/b\":\"\"}}}"),
    SPEC("", ",\"linux\":{\"resources\":{\"cpu\":{\"cpus\":\"x\"}}}"),
    SPEC("", ",\"linux\":{\"rootfsPropagation\":\"x\"}"),
    SPEC(",\"rlimits\":[{\"type\":\"RLIMIT_CPU\",\"soft\":2,\"hard\":1}]", ""),
    SPEC(",\"scheduler\":{\"policy\":\"SCHED_FIFO\"}", ""),
    SPEC(",\"env\":[\"A\"]", ""),
    SPEC(",\"selinuxLabel\":\"x\"", ",\"hostname\":\"x\""),
    "{}",
};

struct reading {
    const char *text;
    enum su_flavor flavor;
    bool may_override;
};

static int read_spec(struct attempt *a)
{
    const struct reading *r = a->input;
    struct su_config conf = {.flavor = r->flavor, .allow_flag_override = r->may_override};
    struct su_spec spec;
    _cleanup_fd_ int fd = memory_file(r->text);

    arm(a);
    /* A relative folder, so that the working directory is asked for. */
    int rc = su_read_spec_from_file("bundle", fd, &conf, &spec, a->err);
    disarm();
    if (rc == 0)
        describe(a, &su_type_oci_spec, &spec.oci, 0, false);
    else
        ck_assert_ptr_null(conf.network);
    su_spec_free(&spec);
    return rc;
}

START_TEST(reading_a_spec_without_memory)
{
    for (int i = 0; i < 4; i++) {
        struct reading r = {specs[_i], i & 1 ? SU_FLAVOR_RUNSC : SU_FLAVOR_NATIVE, i & 2};
        ck_assert_uint_gt(try_every_allocation(read_spec, &r), 5);
    }
}
END_TEST

static int read_bundle(struct attempt *a)
{
    struct su_spec spec;

    arm(a);
    int rc = su_read_spec(a->input, NULL, &spec, a->err);
    disarm();
    if (rc == 0)
        describe(a, &su_type_oci_spec, &spec.oci, 0, false);
    su_spec_free(&spec);
    return rc;
}

START_TEST(reading_a_bundle_without_memory)
{
    ck_assert_uint_gt(try_every_allocation(read_bundle, TEST_DATA "/cli"), 20);
    ck_assert_uint_gt(try_every_allocation(read_bundle, TEST_DATA "/none"), 2);
}
END_TEST

static int read_mounts(struct attempt *a)
{
    _cleanup_fd_ int fd = memory_file(a->input);
    _cleanup_arena_ struct su_arena arena = {0};
    struct oci_mount *mounts;
    size_t n;

    arm(a);
    int rc = su_read_mounts(fd, &arena, &mounts, &n, a->err);
    disarm();
    if (rc == 0)
        describe(a, &su_type_oci_mount, mounts, n, true);
    return rc;
}

START_TEST(reading_mounts_without_memory)
{
    ck_assert_uint_gt(try_every_allocation(read_mounts, "[{\"destination\":\"/a\"}]"), 5);
    ck_assert_uint_gt(try_every_allocation(read_mounts, "null"), 0);
    ck_assert_uint_gt(try_every_allocation(read_mounts, "[1]"), 5);
}
END_TEST

static int log_spec(struct attempt *a)
{
    _cleanup_arena_ struct su_arena arena = {0};
    _cleanup_free_ char *text = text_of(&documents[0]);
    struct oci_spec spec = {0};

    ck_assert_int_eq(su_json_decode(&su_type_oci_spec, text, strlen(text), &arena, &spec, NULL), 0);
    arm(a);
    su_log_spec_debug(&spec, true);
    describe(a, &su_type_oci_spec, &spec, 0, false);
    return 0;
}

START_TEST(logging_a_spec_without_memory_leaves_it_unchanged)
{
    ck_assert_uint_gt(try_every_allocation(log_spec, NULL), 10);
}
END_TEST

/* --- mounts, capabilities, environments ---------------------------------------------------------
 */

struct options {
    struct su_strv words;
    bool is_bind;
};

static void add_words(struct attempt *a, const struct su_strv *list)
{
    for (size_t i = 0; i < list->n; i++)
        su_strbuf_printf(&a->text, "%s ", list->v[i]);
}

static int parse_options(struct attempt *a)
{
    const struct options *o = a->input;
    _cleanup_arena_ struct su_arena arena = {0};
    struct su_mount_opts opts;

    arm(a);
    int rc = su_parse_mount_options(&arena, &o->words, o->is_bind, "mounts[0]", &opts, a->err);
    disarm();
    if (rc == 0)
        add_words(a, &opts.data);
    return rc;
}

static int filter_options(struct attempt *a)
{
    const struct options *o = a->input;
    _cleanup_arena_ struct su_arena arena = {0};
    struct su_strv out;

    arm(a);
    int rc = su_filter_mount_options(&arena, &o->words, SU_FLAVOR_RUNSC, &out, a->err);
    disarm();
    if (rc == 0)
        add_words(a, &out);
    return rc;
}

static int validate_options(struct attempt *a)
{
    const struct options *o = a->input;

    arm(a);
    return su_validate_mount_options(&o->words, SU_FLAVOR_RUNSC, a->err);
}

/* Here short memory is "unchanged", and nothing may have been changed by half. */
static int change_type(struct attempt *a)
{
    const struct options *o = a->input;
    _cleanup_arena_ struct su_arena arena = {0};
    struct oci_mount mount = {.type = (char *)"bind", .options = o->words};

    arm(a);
    bool changed = su_change_mount_type(&arena, &mount, "tmpfs");
    disarm();
    if (!changed) {
        ck_assert_str_eq(mount.type, "bind");
        ck_assert_ptr_eq(mount.options.v, o->words.v);
        return a->err ? su_fail(a->err, ENOMEM, "out of memory") : -ENOMEM;
    }
    add_words(a, &mount.options);
    return 0;
}

START_TEST(mount_options_without_memory)
{
    const struct options lists[] = {
        {LIST("ro", "shared", "rbind"), true},
        {LIST("ro", "size=1", "rshared", "mode=2"), false},
        {LIST("ro", "rbnd"), true},
        {LIST("completely-different"), true},
    };

    for (size_t i = 0; i < SU_ARRAY_SIZE(lists); i++) {
        ck_assert_uint_gt(try_every_allocation(parse_options, &lists[i]), 2);
        ck_assert_uint_gt(try_every_allocation(filter_options, &lists[i]), 0);
        ck_assert_uint_gt(try_every_allocation(change_type, &lists[i]), 1);
        try_every_allocation(validate_options, &lists[i]);
    }
}
END_TEST

static int no_memory_here(struct attempt *a)
{
    return a->err ? su_fail(a->err, ENOMEM, "out of memory") : -ENOMEM;
}

static int merge_capabilities(struct attempt *a)
{
    struct oci_capabilities x = {.bounding = LIST("CAP_KILL", "A"), .ambient = LIST("CAP_CHOWN")};
    struct oci_capabilities y = {.bounding = LIST("B", "CAP_KILL"), .permitted = LIST("C")};
    _cleanup_arena_ struct su_arena arena = {0};

    arm(a);
    const struct oci_capabilities *merged = su_merge_capabilities(&arena, &x, &y);
    disarm();
    if (!merged)
        return no_memory_here(a);
    add_words(a, &merged->bounding);
    return 0;
}

static int all_capabilities(struct attempt *a)
{
    _cleanup_arena_ struct su_arena arena = {0};

    arm(a);
    const struct oci_capabilities *all = su_all_capabilities(&arena);
    disarm();
    return all ? 0 : no_memory_here(a);
}

static int read_capabilities(struct attempt *a)
{
    struct oci_capabilities caps = {.bounding = LIST("CAP_KILL", "CAP_NONE")};
    struct su_task_caps masks;

    arm(a);
    return su_capabilities(0, &caps, &masks, a->err);
}

START_TEST(capabilities_without_memory)
{
    ck_assert_uint_gt(try_every_allocation(merge_capabilities, NULL), 5);
    ck_assert_uint_gt(try_every_allocation(all_capabilities, NULL), 5);
    ck_assert_uint_gt(try_every_allocation(read_capabilities, NULL), 1);
}
END_TEST

static int resolve_envs(struct attempt *a)
{
    _cleanup_arena_ struct su_arena arena = {0};
    struct su_strv out;

    arm(a);
    int rc = su_resolve_envs(&arena, a->input, 2, &out, a->err);
    disarm();
    if (rc == 0)
        add_words(a, &out);
    return rc;
}

START_TEST(environments_without_memory)
{
    struct su_strv good[] = {LIST("A=1", "B=2"), LIST("A=3")};
    struct su_strv bad[] = {LIST("A=1", "B=2"), LIST("A")};

    ck_assert_uint_gt(try_every_allocation(resolve_envs, good), 1);
    ck_assert_uint_gt(try_every_allocation(resolve_envs, bad), 3);
}
END_TEST

/* --- seccomp ------------------------------------------------------------------------------------
 */

static int build_filter(struct attempt *a)
{
    _cleanup_arena_ struct su_arena arena = {0};
    struct su_seccomp_prog prog;

    arm(a);
    int rc = su_seccomp_build(a->input, SU_FLAVOR_NATIVE, &arena, &prog, a->err);
    disarm();
    for (size_t i = 0; rc == 0 && i < prog.n; i++)
        su_strbuf_printf(&a->text, "%x %x %x %x\n", prog.code[i].code, prog.code[i].jt,
                         prog.code[i].jf, prog.code[i].k);
    return rc;
}

START_TEST(recorded_profiles_without_memory)
{
    _cleanup_arena_ struct su_arena arena = {0};
    struct oci_seccomp s = read_profile(&arena, profile_names[_i]);

    ck_assert_uint_gt(try_every_allocation(build_filter, &s), 10);
}
END_TEST

START_TEST(refused_profiles_without_memory)
{
    uint32_t large = 70000;
    struct oci_seccomp_arg arg = {.index = 9, .op = OCI_CMP_EQ};
    struct oci_seccomp_rule rules[] = {
        {.names = LIST("read"), .action = OCI_ACT_ALLOW, .args = {&arg, 1}},
        {.names = LIST("write"), .action = OCI_ACT_NOTIFY},
        {.names = LIST("read"), .action = OCI_ACT_ERRNO, .errno_ret = &large},
        {.names = LIST("read"), .action = 77},
    };
    const struct oci_seccomp profiles[] = {
        {.default_action = 0},
        {.default_action = OCI_ACT_ERRNO, .default_errno_ret = &large},
        {.default_action = OCI_ACT_ALLOW, .architectures = LIST("SCMP_ARCH_X86_46")},
        {.default_action = OCI_ACT_ALLOW, .flags = {(int[]){1 << 20}, 1}},
        {.default_action = OCI_ACT_ALLOW, .listener_metadata = (char *)"x"},
        {.default_action = OCI_ACT_ALLOW, .syscalls = {&rules[0], 1}},
        {.default_action = OCI_ACT_ALLOW, .syscalls = {&rules[1], 1}},
        {.default_action = OCI_ACT_ALLOW, .syscalls = {&rules[2], 1}},
        {.default_action = OCI_ACT_ALLOW, .syscalls = {&rules[3], 1}},
    };

    for (size_t i = 0; i < SU_ARRAY_SIZE(profiles); i++)
        ck_assert_uint_gt(try_every_allocation(build_filter, &profiles[i]), 2);
}
END_TEST

static int supported_flags(struct attempt *a)
{
    _cleanup_arena_ struct su_arena arena = {0};

    arm(a);
    const char *const *flags = su_seccomp_supported_flags(&arena);
    disarm();
    return flags ? 0 : no_memory_here(a);
}

START_TEST(seccomp_flags_without_memory)
{
    ck_assert_uint_gt(try_every_allocation(supported_flags, NULL), 0);
}
END_TEST

/* --- errors, logs, processes ---------------------------------------------------------------------
 */

static int fill_error(struct attempt *a)
{
    struct su_error other = {0};

    arm(a);
    int rc = su_fail_at(a->err, SU_ERR_SPEC, ENOENT, "mounts[0]", "%s", strerror(ENOENT));
    if (a->err)
        rc = su_error_prefix(a->err, "bundle \"%s\"", "x");
    int other_rc = su_fail(&other, EIO, "%d", 1);
    /* The old error is an argument of the new one. */
    other_rc += su_fail_at(&other, SU_ERR_IO, EIO, "path", "again: %s", su_error_text(&other));
    other_rc += su_fail_at(&other, SU_ERR_IO, EIO, other.json_path, "%s", su_error_text(&other));
    disarm();
    ck_assert_int_eq(other_rc, -3 * EIO);
    ck_assert_int_gt(strlen(su_error_text(&other)), 0);
    su_error_clear(&other);
    if (a->err)
        ck_assert_int_eq(a->err->kind, SU_ERR_SPEC);
    return rc;
}

START_TEST(errors_without_memory)
{
    ck_assert_uint_gt(try_every_allocation(fill_error, NULL), 5);
}
END_TEST

static int make_log_path(struct attempt *a)
{
    const struct timespec when = {0};
    char *path = NULL;

    arm(a);
    int rc = su_debug_log_path("/tmp/%TEST%/%COMMAND%/", a->input, "t", &when, &path, a->err);
    disarm();
    if (rc == 0)
        su_strbuf_adds(&a->text, path);
    free(path);
    return rc;
}

static int open_log(struct attempt *a)
{
    arm(a);
    int fd = su_debug_log_file("/dev/full/x/", "run", NULL, NULL, a->err);
    disarm();
    return fd;
}

static int make_faq_text(struct attempt *a)
{
    arm(a);
    char *text = su_faq_error_msg("anchor", "text");
    disarm();
    if (!text)
        return no_memory_here(a);
    free(text);
    return 0;
}

START_TEST(debug_logs_without_memory)
{
    ck_assert_uint_gt(try_every_allocation(make_log_path, "a/b"), 4);
    ck_assert_uint_gt(try_every_allocation(open_log, NULL), 5);
    ck_assert_uint_gt(try_every_allocation(make_faq_text, NULL), 0);
}
END_TEST

static int driver_capabilities(struct attempt *a)
{
    struct oci_process process = {
        .env = LIST("NVIDIA_DRIVER_CAPABILITIES=compute,display", "NVIDIA_VISIBLE_DEVICES=x")};
    struct oci_spec spec = {.process = &process};
    su_driver_caps_t caps;
    const char *devices;

    arm(a);
    int rc = su_parse_nvidia_visible_devices(&spec, &devices, a->err);
    return rc != -EINVAL ? 0 : su_nv_proxy_driver_caps_from_env(&spec, NULL, &caps, a->err);
}

START_TEST(accelerators_without_memory)
{
    ck_assert_uint_gt(try_every_allocation(driver_capabilities, NULL), 5);
}
END_TEST

struct start {
    const char *path;
    struct oci_linux_namespace ns;
    size_t n_ns;
};

static int start_program(struct attempt *a)
{
    const struct start *s = a->input;
    const int extra[] = {2, 2};
    struct su_cmd cmd = {
        .path = s->path, .stdio = {-1, 1, 2}, .extra_fds = extra, .n_extra_fds = 2, .pidfd = -1};

    arm(a);
    int rc = su_start_in_ns(&cmd, &s->ns, s->n_ns, a->err);
    disarm();
    if (rc < 0) {
        ck_assert_int_eq(cmd.pid, 0);
        return rc;
    }
    close(cmd.pidfd);
    ck_assert_int_eq(SU_RETRY_EINTR(waitpid(cmd.pid, NULL, 0)), cmd.pid);
    return rc;
}

static int append_mappings(struct attempt *a)
{
    struct oci_id_mapping map = {0, 1, 2};
    struct oci_linux linux_ = {.uid_mappings = {&map, 1}, .gid_mappings = {&map, 1}};
    struct oci_spec spec = {.linux_ = &linux_};
    struct su_cmd cmd = {0};

    arm(a);
    int rc = su_set_uid_gid_mappings(&cmd, &spec, a->err);
    disarm();
    free(cmd.uid_maps);
    free(cmd.gid_maps);
    return rc;
}

static int current_maps(struct attempt *a)
{
    _cleanup_arena_ struct su_arena arena = {0};
    struct su_id_map *uids, *gids;
    size_t n_uids, n_gids;

    arm(a);
    return su_current_id_maps(&arena, &uids, &n_uids, &gids, &n_gids, a->err);
}

START_TEST(starting_programs_without_memory)
{
    const struct start starts[] = {
        {.path = "/bin/true"},
        {.path = "/no/such/program"},
        {"/bin/true", {CLONE_NEWNET, (char *)"/proc/self/ns/net"}, 1},
        {"/bin/true", {CLONE_NEWNET, (char *)"/proc/self/ns/mnt"}, 1},
        {"/bin/true", {CLONE_NEWNET, (char *)"/no/such/namespace"}, 1},
        {"/bin/true", {1, NULL}, 1},
    };

    for (size_t i = 0; i < SU_ARRAY_SIZE(starts); i++)
        ck_assert_uint_gt(try_every_allocation(start_program, &starts[i]), 0);
    ck_assert_uint_gt(try_every_allocation(append_mappings, NULL), 1);
    ck_assert_uint_gt(try_every_allocation(current_maps, NULL), 1);
}
END_TEST

static int mount_somewhere(struct attempt *a)
{
    const struct su_mount_req req = {.src = "none", .dst = a->input, .fstype = "tmpfs"};

    arm(a);
    return su_safe_mount(&req, a->err);
}

static int set_up_somewhere(struct attempt *a)
{
    const struct su_mount_req req = {.src = "none", .dst = a->input, .fstype = "tmpfs"};

    arm(a);
    return su_safe_setup_and_mount(&req, a->err);
}

START_TEST(refused_mounts_without_memory)
{
    /* Each is refused before anything is mounted. */
    static const char *const targets[] = {"/proc/self/cwd", "relative", "/proc/./self",
                                          "/proc/1/none"};

    for (size_t i = 0; i < SU_ARRAY_SIZE(targets); i++) {
        ck_assert_uint_gt(try_every_allocation(mount_somewhere, targets[i]), 0);
        ck_assert_uint_gt(try_every_allocation(set_up_somewhere, targets[i]), 0);
    }
}
END_TEST

static int never_ready(void *arg, struct su_error *err)
{
    (void)arg;
    (void)err;
    return 0;
}

static int wait_for_dead(struct attempt *a)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(3);
    ck_assert_int_gt(pid, 0);
    arm(a);
    return su_wait_for_ready(pid, 0, never_ready, NULL, a->err);
}

START_TEST(waiting_without_memory)
{
    ck_assert_uint_gt(try_every_allocation(wait_for_dead, NULL), 0);
}
END_TEST

static void add_tests(TCase *tc)
{
    int n_profiles = SU_ARRAY_SIZE(profile_names);

    tcase_set_timeout(tc, 100);
    tcase_add_loop_test(tc, decoding_without_memory, 0, SU_ARRAY_SIZE(documents));
    /* Not the largest two, which have nothing in them that the others have not. */
    tcase_add_loop_test(tc, encoding_without_memory, 2, 6);
    tcase_add_test(tc, missing_fields_are_reported_without_memory);
    tcase_add_loop_test(tc, reading_a_spec_without_memory, 0, SU_ARRAY_SIZE(specs));
    tcase_add_test(tc, reading_a_bundle_without_memory);
    tcase_add_test(tc, reading_mounts_without_memory);
    tcase_add_test(tc, logging_a_spec_without_memory_leaves_it_unchanged);
    tcase_add_test(tc, mount_options_without_memory);
    tcase_add_test(tc, capabilities_without_memory);
    tcase_add_test(tc, environments_without_memory);
    tcase_add_loop_test(tc, recorded_profiles_without_memory, 0, n_profiles);
    tcase_add_test(tc, refused_profiles_without_memory);
    tcase_add_test(tc, seccomp_flags_without_memory);
    tcase_add_test(tc, errors_without_memory);
    tcase_add_test(tc, debug_logs_without_memory);
    tcase_add_test(tc, accelerators_without_memory);
    tcase_add_test(tc, starting_programs_without_memory);
    tcase_add_test(tc, refused_mounts_without_memory);
    tcase_add_test(tc, waiting_without_memory);
}

int main(void)
{
    Suite *suite = suite_create("alloc");
    TCase *tc = tcase_create("faults");

    add_tests(tc);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
