/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that engines really handed to runtimes: each must decode and be valid, or fail for the
 * reason listed here; what the encoder writes must mean the same as the file, which a comparison
 * of parsed trees decides that knows nothing of the tables.
 */
#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <yajl/yajl_tree.h>
#include <specutils/specutils.h>

#include "base/base.h"

/* Recordings of runtimes being given bad bundles on purpose: the file, and what is wrong. */
static const struct {
    const char *file, *message;
} bad_files[] = {
    {"errors-create/config-2.json", "process.args: empty"},
    {"errors-create/config-3.json", "process.cwd: \"tmp\" is not an absolute path"},
    {"errors-create/config-7.json", "linux.namespaces[5].type: \"nosuch\" is not a namespace"},
    {"errors-create/config-8.json", "linux.namespaces[5].type: \"pid\" stands there twice"},
    {"errors-create/config-10.json", "process.rlimits[0].type: \"RLIMIT_NOSUCH\""},
    {"errors-create/config-11.json", "linux.sysctl[\"vm.swappiness\"]: refused"},
    {"errors-create/config-12.json", " needs a uts namespace in linux.namespaces"},
    {"errors-create/config-13.json", "ociVersion: \"9.9.9\" is not supported"},
    {"errors-create/config-16.json", "line 2, column 1: the document ends too early"},
    {"errors-create/config-17.json", "found an array, expected an object (line 1, column 1)"},
};

/* Members that engines add on their own. */
static const char *const unknown_members[] = {"oomScoreAdj"};

static size_t n_files;

static bool is_default(yajl_val value)
{
    if (YAJL_IS_NUMBER(value))
        return su_streq(YAJL_GET_NUMBER(value), "0");
    return YAJL_IS_NULL(value) || YAJL_IS_FALSE(value);
}

static yajl_val member(yajl_val object, const char *name)
{
    for (size_t i = 0; i < object->u.object.len; i++)
        if (su_streq(object->u.object.keys[i], name))
            return object->u.object.values[i];
    return NULL;
}

static void check_same(const char *file, const char *path, yajl_val in, yajl_val out);

static void check_same_object(const char *file, const char *path, yajl_val in, yajl_val out)
{
    for (size_t i = 0; i < in->u.object.len; i++) {
        const char *key = in->u.object.keys[i];
        yajl_val value = in->u.object.values[i], other = member(out, key);
        _cleanup_free_ char *sub = NULL;
        ck_assert_int_ge(asprintf(&sub, "%s.%s", path, key), 0);
        bool is_unknown = false;
        for (size_t k = 0; k < SU_ARRAY_SIZE(unknown_members); k++)
            is_unknown |= su_streq(unknown_members[k], key);
        /* "a" is what the type of a device rule is when it is absent. */
        bool is_all =
            su_streq(key, "type") && YAJL_IS_STRING(value) && su_streq(YAJL_GET_STRING(value), "a");
        if (other)
            check_same(file, sub, value, other);
        else
            ck_assert_msg(is_default(value) || is_unknown || is_all, "%s: %s was lost", file, sub);
    }
    for (size_t i = 0; i < out->u.object.len; i++) {
        const char *key = out->u.object.keys[i];
        bool is_user = su_streq(key, "user") && su_streq(path, "");
        ck_assert_msg(member(in, key) || is_default(out->u.object.values[i]) || is_user,
                      "%s: %s.%s came from nowhere", file, path, key);
    }
}

static void check_same(const char *file, const char *path, yajl_val in, yajl_val out)
{
    ck_assert_msg(in->type == out->type, "%s: %s: types", file, path);
    if (YAJL_IS_OBJECT(in)) {
        check_same_object(file, path, in, out);
    } else if (YAJL_IS_ARRAY(in)) {
        ck_assert_msg(in->u.array.len == out->u.array.len, "%s: %s: lengths", file, path);
        for (size_t i = 0; i < in->u.array.len; i++)
            check_same(file, path, in->u.array.values[i], out->u.array.values[i]);
    } else if (YAJL_IS_STRING(in)) {
        ck_assert_msg(su_streq(YAJL_GET_STRING(in), YAJL_GET_STRING(out)), "%s: %s", file, path);
    } else if (YAJL_IS_NUMBER(in)) {
        ck_assert_msg(su_streq(YAJL_GET_NUMBER(in), YAJL_GET_NUMBER(out)), "%s: %s", file, path);
    }
}

/* The kind of a document, by its name. */
struct kind {
    const struct su_type *type;
    int (*validate)(const void *object, struct su_error *err);
};

static int validate_spec(const void *object, struct su_error *err)
{
    return su_validate_spec(object, NULL, err);
}

static int validate_process(const void *object, struct su_error *err)
{
    return su_validate_process(object, "", err);
}

static int validate_resources(const void *object, struct su_error *err)
{
    return su_validate_resources(object, "", err);
}

static struct kind kind_of(const char *file)
{
    const char *slash = strrchr(file, '/'), *dashes = NULL;
    const char *name = slash ? slash + 1 : file;

    for (const char *p = name; (p = strstr(p, "--")) != NULL; p += 2)
        dashes = p;
    name = dashes ? dashes + 2 : name;
    if (su_has_prefix(name, "process"))
        return (struct kind){&su_type_oci_process, validate_process};
    if (su_has_prefix(name, "resources"))
        return (struct kind){&su_type_oci_resources, validate_resources};
    return (struct kind){&su_type_oci_spec, validate_spec};
}

/* The listed reason of a bad file, or NULL. Copies have "--" where the original has "/". */
static const char *reason_of(const char *file)
{
    _cleanup_free_ char *name = strdup(file);

    for (char *p = name; (p = strstr(p, "--")) != NULL;) {
        *p++ = '/';
        memmove(p, p + 1, strlen(p));
    }
    for (size_t i = 0; i < SU_ARRAY_SIZE(bad_files); i++) {
        size_t len = strlen(name), tail = strlen(bad_files[i].file);
        if (len > tail && su_streq(name + len - tail, bad_files[i].file))
            return bad_files[i].message;
    }
    return NULL;
}

/* Decodes what was encoded, encodes it again: the text must be the same. */
static void check_round_trip(const char *file, struct kind kind, const void *object,
                             const char *text)
{
    _cleanup_arena_ struct su_arena arena = {0};
    _cleanup_error_ struct su_error err = {0};
    _cleanup_free_ char *once = NULL, *twice = NULL, *pretty = NULL;
    void *again = su_arena_alloc(&arena, kind.type->size);

    ck_assert_int_eq(su_json_encode(kind.type, object, 0, 0, &once, NULL, &err), 0);
    ck_assert_msg(su_json_decode(kind.type, once, strlen(once), &arena, again, &err) == 0, "%s: %s",
                  file, err.msg);
    ck_assert_int_eq(su_json_encode(kind.type, again, 0, 0, &twice, NULL, &err), 0);
    ck_assert_msg(su_streq(once, twice), "%s: decoded differently the second time", file);
    ck_assert_int_eq(su_json_encode(kind.type, object, SU_JSON_PRETTY, 4, &pretty, NULL, &err), 0);

    yajl_val in = yajl_tree_parse(text, NULL, 0), out = yajl_tree_parse(pretty, NULL, 0);
    ck_assert(in && out);
    check_same(file, "", in, out);
    yajl_tree_free(in);
    yajl_tree_free(out);
}

static void check_file(const char *path, const char *file)
{
    _cleanup_arena_ struct su_arena arena = {0};
    _cleanup_error_ struct su_error err = {0};
    _cleanup_free_ char *text = NULL;
    struct kind kind = kind_of(file);
    const char *reason = reason_of(file);
    size_t len;

    n_files++;
    ck_assert_int_eq(su_read_file_at(AT_FDCWD, path, SU_JSON_MAX_BYTES, &text, &len), 0);
    void *object = su_arena_alloc(&arena, kind.type->size);
    int rc = su_json_decode(kind.type, text, len, &arena, object, &err);
    if (rc == 0) {
        check_round_trip(file, kind, object, text);
        rc = kind.validate(object, &err);
    }
    if (reason) {
        ck_assert_msg(rc < 0, "%s is accepted, expected: %s", file, reason);
        ck_assert_msg(strstr(err.msg, reason), "%s: %s, expected: %s", file, err.msg, reason);
    } else {
        ck_assert_msg(rc == 0, "%s: %s", file, rc ? err.msg : "");
    }
}

/* All .json files below path, to two levels of folders. */
static void sweep(const char *path, int levels)
{
    _cleanup_closedir_ DIR *dir = opendir(path);

    ck_assert_msg(dir, "cannot open %s", path);
    for (struct dirent *entry; (entry = readdir(dir));) {
        _cleanup_free_ char *sub = NULL;
        size_t len = strlen(entry->d_name);
        ck_assert_int_ge(asprintf(&sub, "%s/%s", path, entry->d_name), 0);
        if (entry->d_name[0] == '.')
            continue;
        if (entry->d_type == DT_DIR && levels > 0)
            sweep(sub, levels - 1);
        else if (len > 5 && su_streq(entry->d_name + len - 5, ".json"))
            check_file(sub, sub);
    }
}

START_TEST(recorded_files_mean_the_same_after_decoding)
{
    sweep(TEST_DATA "/spec", 0);
    ck_assert_uint_ge(n_files, 80);
}
END_TEST

START_TEST(all_recorded_files_mean_the_same_after_decoding)
{
    sweep(TEST_SHARED "/inputs", 2);
    ck_assert_uint_ge(n_files, 500);
}
END_TEST

/* The specification's own examples, those for Linux or for no platform at all. */
static const struct {
    const char *file, *message; /* NULL: must be fine */
    bool decode_only;           /* not meant to be started: no process, an old version */
} examples[] = {
    {"good/config/minimal.json", NULL, true},
    {"good/config/minimal-for-start.json", NULL, false},
    {"good/config/spec-example.json", NULL, true},
    {"good/config/linux-rdma.json", NULL, true},
    {"good/config/linux-netdevice.json", NULL, true},
    {"bad/config/invalid-json.json", "line 1, column 2: not valid JSON", true},
    {"bad/config/linux-rdma.json", "linux.resources.rdma[\"mlx5_1\"].hcaHandles: found a string",
     true},
    {"bad/config/linux-netdevice.json", "linux.netDevices[\"eth0\"].name: found a number", true},
    {"bad/config/linux-hugepage.json",
     "linux.resources.hugepageLimits[0].pageSize: \"64kB\" is not a page size", true},
};

START_TEST(the_specifications_examples_are_told_good_from_bad)
{
    for (size_t i = 0; i < SU_ARRAY_SIZE(examples); i++) {
        _cleanup_arena_ struct su_arena arena = {0};
        _cleanup_error_ struct su_error err = {0};
        _cleanup_free_ char *path = NULL, *text = NULL;
        struct oci_spec spec = {0};
        size_t len;

        ck_assert_int_ge(asprintf(&path, TEST_SHARED "/oci/schema-tests/%s", examples[i].file), 0);
        ck_assert_int_eq(su_read_file_at(AT_FDCWD, path, 1 << 20, &text, &len), 0);
        int rc = su_json_decode(&su_type_oci_spec, text, len, &arena, &spec, &err);
        if (rc == 0)
            rc = su_json_check_required(&su_type_oci_spec, &spec, &err);
        if (rc == 0 && spec.linux_ && spec.linux_->resources)
            rc = su_validate_resources(spec.linux_->resources, "linux.resources", &err);
        if (rc == 0 && !examples[i].decode_only)
            rc = su_validate_spec(&spec, NULL, &err);
        if (examples[i].message)
            ck_assert_msg(rc < 0 && strstr(err.msg, examples[i].message), "%s: %s", path,
                          rc ? err.msg : "accepted");
        else
            ck_assert_msg(rc == 0, "%s: %s", path, rc ? err.msg : "");
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("spec corpus");
    TCase *tcase = tcase_create("corpus");

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, recorded_files_mean_the_same_after_decoding);
    if (access(TEST_SHARED "/inputs/README.md", R_OK) == 0)
        tcase_add_test(tcase, all_recorded_files_mean_the_same_after_decoding);
    else
        fprintf(stderr, "SKIP all_recorded_files_mean_the_same_after_decoding: no %s/inputs\n",
                TEST_SHARED);
    if (access(TEST_SHARED "/oci/schema-tests", R_OK) == 0)
        tcase_add_test(tcase, the_specifications_examples_are_told_good_from_bad);
    else
        fprintf(stderr, "SKIP the_specifications_examples_are_told_good_from_bad: no %s/oci\n",
                TEST_SHARED);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
