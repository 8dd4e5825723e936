/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The library in two threads at once: each decodes, checks, encodes specs and builds their filters,
 * on its own objects, and comes to what one thread alone comes to. In a build with RUNLET_TSAN the
 * sanitizer finds what the threads share without order. The log sink is set before, as log.h asks.
 */
#include <check.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <specutils/specutils.h>

#include "base/base.h"

enum { ROUNDS = 10, N_THREADS = 2 };

static const char *const files[] = {
    "containerd-1.6--cri-pod--config-2.json",
    "cli-crun-1.28--errors-create--config-7.json", /* not valid */
    "buildah-1.43--bud-fail--config.json",
    "docker-20.10--run-memory--config.json",
    "cli-runc-1.3.6--errors-create--config-17.json", /* no spec at all */
    "buildah-1.28--run-options--config.json",
};

enum { N_FILES = SU_ARRAY_SIZE(files) };

/* What came of one file; zeroes and NULL for what was not reached. */
struct outcome {
    int rc;
    char *message, *json;
    size_t filter_len;
    uint64_t filter_sum;
    struct su_task_caps caps;
    uint64_t mount_flags;
};

struct input {
    char *text;
    size_t len;
};

struct job {
    const struct input *inputs;
    const struct outcome *expected;
    size_t first;         /* where in the list of files to begin */
    const char *mismatch; /* out: a file that came out differently, or NULL */
};

static atomic_uint n_records;

static void count_record(void *arg, enum su_log_level level, const char *msg)
{
    (void)arg;
    (void)level;
    atomic_fetch_add(&n_records, strlen(msg) > 0);
}

static int look_at_mounts(struct su_spec *spec, struct outcome *out, struct su_error *err)
{
    for (size_t i = 0; i < spec->oci.mounts.n; i++) {
        const struct oci_mount *mount = &spec->oci.mounts.v[i];
        struct su_mount_opts opts;
        int rc = su_parse_mount_options(&spec->arena, &mount->options, su_is_bind_mount(mount),
                                        "mounts", &opts, err);
        if (rc < 0)
            return rc;
        out->mount_flags = out->mount_flags * 31 + opts.flags + opts.attr_set;
    }
    return 0;
}

static int build_filter(struct su_spec *spec, struct outcome *out, struct su_error *err)
{
    struct su_seccomp_prog prog = {0};

    if (!spec->oci.linux_ || !spec->oci.linux_->seccomp)
        return 0;
    int rc =
        su_seccomp_build(spec->oci.linux_->seccomp, SU_FLAVOR_NATIVE, &spec->arena, &prog, err);
    out->filter_len = prog.n;
    for (size_t i = 0; i < prog.n; i++)
        out->filter_sum = out->filter_sum * 31 + prog.code[i].code + prog.code[i].k +
                          prog.code[i].jt + prog.code[i].jf;
    return rc;
}

static int look_at_process(struct su_spec *spec, struct outcome *out, struct su_error *err)
{
    struct su_strv env;

    int rc =
        su_capabilities(SU_CAPS_SKIP_UNKNOWN, spec->oci.process->capabilities, &out->caps, err);
    if (rc == 0)
        rc = su_resolve_envs(&spec->arena, &spec->oci.process->env, 1, &env, err);
    return rc;
}

static int take(const struct input *input, struct su_spec *spec, struct outcome *out,
                struct su_error *err)
{
    int rc =
        su_json_decode(&su_type_oci_spec, input->text, input->len, &spec->arena, &spec->oci, err);
    if (rc == 0)
        rc = su_json_check_required(&su_type_oci_spec, &spec->oci, err);
    if (rc == 0)
        rc = su_validate_spec(&spec->oci, NULL, err);
    if (rc == 0)
        rc =
            su_json_encode(&su_type_oci_spec, &spec->oci, SU_JSON_PRETTY, 2, &out->json, NULL, err);
    if (rc == 0)
        rc = look_at_mounts(spec, out, err);
    if (rc == 0)
        rc = look_at_process(spec, out, err);
    if (rc == 0)
        rc = build_filter(spec, out, err);
    if (rc == 0)
        su_log_spec_debug(&spec->oci, true);
    return rc;
}

static void outcome_of(const struct input *input, struct outcome *out)
{
    _cleanup_(su_spec_free) struct su_spec spec = {0};
    _cleanup_error_ struct su_error err = {0};

    *out = (struct outcome){0};
    out->rc = take(input, &spec, out, &err);
    if (out->rc < 0)
        out->message = strdup(su_error_text(&err));
}

static void outcome_free(struct outcome *out)
{
    free(out->message);
    free(out->json);
}

static bool same_text(const char *a, const char *b)
{
    return a && b ? su_streq(a, b) : a == b;
}

static bool same(const struct outcome *a, const struct outcome *b)
{
    return a->rc == b->rc && same_text(a->message, b->message) && same_text(a->json, b->json) &&
           a->filter_len == b->filter_len && a->filter_sum == b->filter_sum &&
           memcmp(&a->caps, &b->caps, sizeof(a->caps)) == 0 && a->mount_flags == b->mount_flags;
}

static void *work(void *arg)
{
    struct job *job = arg;

    for (size_t i = 0; i < ROUNDS * N_FILES && !job->mismatch; i++) {
        size_t file = (job->first + i) % N_FILES;
        struct outcome out;
        outcome_of(&job->inputs[file], &out);
        if (!same(&out, &job->expected[file]))
            job->mismatch = files[file];
        outcome_free(&out);
    }
    return NULL;
}

static struct input inputs[N_FILES];
static struct outcome expected[N_FILES];

static void read_inputs(void)
{
    for (size_t i = 0; i < N_FILES; i++) {
        _cleanup_free_ char *path = NULL;
        ck_assert_int_ge(asprintf(&path, TEST_DATA "/spec/%s", files[i]), 0);
        int rc =
            su_read_file_at(AT_FDCWD, path, SU_JSON_MAX_BYTES, &inputs[i].text, &inputs[i].len);
        ck_assert_msg(rc == 0, "%s: %s", path, strerror(-rc));
    }
    su_log_set_sink(count_record, NULL, SU_LOG_DEBUG);
}

static void free_all(void)
{
    su_log_set_sink(NULL, NULL, SU_LOG_ERROR);
    for (size_t i = 0; i < N_FILES; i++) {
        free(inputs[i].text);
        outcome_free(&expected[i]);
    }
}

/* Starts the threads, thread i with file i * distance, and waits for them. */
static void run_threads(size_t distance)
{
    pthread_t threads[N_THREADS];
    struct job jobs[N_THREADS];

    for (size_t i = 0; i < N_THREADS; i++) {
        jobs[i] = (struct job){inputs, expected, i * distance, NULL};
        ck_assert_int_eq(pthread_create(&threads[i], NULL, work, &jobs[i]), 0);
    }
    for (size_t i = 0; i < N_THREADS; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    for (size_t i = 0; i < N_THREADS; i++)
        ck_assert_msg(!jobs[i].mismatch, "thread %zu: %s came out differently", i,
                      jobs[i].mismatch);
}

/* The first use of anything is made by the threads: nothing was set up before them. */
START_TEST(first_uses_in_two_threads_do_no_harm)
{
    pthread_t threads[N_THREADS];
    struct job jobs[N_THREADS];

    /* Nothing is expected yet, so that each thread ends after one file. */
    for (size_t i = 0; i < N_THREADS; i++) {
        jobs[i] = (struct job){inputs, expected, 0, NULL};
        ck_assert_int_eq(pthread_create(&threads[i], NULL, work, &jobs[i]), 0);
    }
    for (size_t i = 0; i < N_THREADS; i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
        ck_assert_str_eq(jobs[i].mismatch, files[0]);
    }
}
END_TEST

/* Also that the files exercise what they should. */
static void expect_from_one_thread(void)
{
    size_t filters = 0, failures = 0;

    for (size_t i = 0; i < N_FILES; i++) {
        outcome_of(&inputs[i], &expected[i]);
        filters += expected[i].filter_len > 0;
        failures += expected[i].rc < 0;
    }
    ck_assert_uint_ge(filters, 3);
    ck_assert_uint_eq(failures, 2);
}

START_TEST(different_specs_in_two_threads_come_out_as_in_one)
{
    expect_from_one_thread();
    run_threads(N_FILES / N_THREADS);
}
END_TEST

START_TEST(the_same_specs_in_two_threads_come_out_as_in_one)
{
    expect_from_one_thread();
    unsigned before = atomic_load(&n_records);
    run_threads(0);
    ck_assert_uint_gt(atomic_load(&n_records), before);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("threads");
    TCase *tc = tcase_create("threads");

    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, read_inputs, free_all);
    tcase_add_test(tc, first_uses_in_two_threads_do_no_harm);
    tcase_add_test(tc, different_specs_in_two_threads_come_out_as_in_one);
    tcase_add_test(tc, the_same_specs_in_two_threads_come_out_as_in_one);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
