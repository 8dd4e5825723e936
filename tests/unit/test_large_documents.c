/* SPDX-License-Identifier: Apache-2.0 */
/* Documents of some megabytes that are as long in one place as they can be: reading them takes a
 * time in proportion, never its square. What grows with the square runs into the time limit. */
#include <check.h>
#include <sys/mman.h>
#include <specutils/specutils.h>

#include "base/base.h"
#include "plan.h"

enum { ENTRIES = 150000, TIME_LIMIT_SECONDS = 40 };

#define HEAD                                                                          \
    "{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"/\"},\"process\":{\"cwd\":\"/\"," \
    "\"user\":{\"uid\":0,\"gid\":0},\"args\":[\"a\"]}"

/* One list, or two, between texts; %zu in an entry is its number. */
static const struct large {
    const char *before, *entry, *between, *other_entry, *after;
    enum su_flavor flavor;
    int expected;
} documents[] = {
    {HEAD ",\"linux\":{\"namespaces\":[", "{\"type\":\"pid\"}",
     ",{\"type\":\"user\"}]},\"mounts\":[",
     "{\"destination\":\"/%zu\",\"type\":\"a\",\"source\":\"b\",\"options\":[\"idmap\"]}", "]}",
     SU_FLAVOR_NATIVE, -EINVAL},
    {HEAD ",\"linux\":{\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\"}},\"annotations\":{",
     "\"dev.gvisor.internal.seccomp.%zu\":\"RuntimeDefault\"",
     ",\"io.kubernetes.cri.container-name\":\"x\"", NULL, "}}", SU_FLAVOR_RUNSC, 0},
    {HEAD ",\"annotations\":{", "\"dev.gvisor.bundle.%zu\":\"true\"", "", NULL, "}}",
     SU_FLAVOR_RUNSC, 0},
    {HEAD ",\"linux\":{\"namespaces\":[{\"type\":\"network\"}],\"sysctl\":{", "\"net.a%zu\":\"\"",
     "}}}", NULL, "", SU_FLAVOR_NATIVE, 0},
    {HEAD ",\"linux\":{\"devices\":[",
     "{\"type\":\"c\",\"path\":\"/dev/%zu\",\"major\":1,\"minor\":1}", "]}}", NULL, "",
     SU_FLAVOR_NATIVE, 0},
    {HEAD ",\"linux\":{\"cgroupsPath\":\"a\",\"resources\":{\"unified\":{", "\"memory.%zu\":\"\"",
     "}}}}", NULL, "", SU_FLAVOR_NATIVE, 0},
    {HEAD ",\"linux\":{\"cgroupsPath\":\"a\",\"resources\":{\"hugepageLimits\":[",
     "{\"pageSize\":\"1%zuMB\",\"limit\":1}", "]}}}", NULL, "", SU_FLAVOR_NATIVE, 0},
    {HEAD ",\"linux\":{\"maskedPaths\":[", "\"/proc/%zu\"", "]}}", NULL, "", SU_FLAVOR_NATIVE, 0},
    {HEAD ",\"mounts\":[", "{\"destination\":\"/a%zu\",\"type\":\"tmpfs\",\"source\":\"b\"}", "]}",
     NULL, "", SU_FLAVOR_NATIVE, 0},
    {HEAD ",\"mounts\":[{\"destination\":\"/a\",\"type\":\"tmpfs\",\"source\":\"b\",\"options\":[",
     "\"x%zu=1\"", "]}]}", NULL, "", SU_FLAVOR_NATIVE, 0},
    {HEAD ",\"unknown\":[", "{\"a\":%zu}", "]}", NULL, "", SU_FLAVOR_NATIVE, 0},
    {HEAD ",\"hooks\":{\"poststop\":[", "{\"path\":\"/%zu\",\"env\":[\"a\"]}", "]}}", NULL, "",
     SU_FLAVOR_NATIVE, 0},
};

static void add_list(struct su_strbuf *sb, const char *entry)
{
    const char *number = strstr(entry, "%zu");

    for (size_t i = 0; i < ENTRIES; i++) {
        su_strbuf_adds(sb, i ? "," : "");
        su_strbuf_add(sb, entry, number ? (size_t)(number - entry) : strlen(entry));
        if (number)
            su_strbuf_printf(sb, "%zu%s", i, number + 3);
    }
}

static int document_of(const struct large *l)
{
    _cleanup_(su_strbuf_free) struct su_strbuf sb = {0};
    int fd = memfd_create("document", MFD_CLOEXEC);

    su_strbuf_adds(&sb, l->before);
    add_list(&sb, l->entry);
    su_strbuf_adds(&sb, l->between);
    if (l->other_entry)
        add_list(&sb, l->other_entry);
    su_strbuf_adds(&sb, l->after);
    ck_assert(fd >= 0 && !sb.failed && su_write_all(fd, sb.text, sb.len) == 0);
    return fd;
}

/* Whether there is a plan for it is another question. */
static void plan(const struct su_spec *spec)
{
    const struct sb_create_opts opts = {.root = "/run", .id = "box", .bundle = "/"};
    struct sb_plan plan;

    if (sb_plan_make(&opts, spec, &plan, NULL) == 0)
        sb_plan_free(&plan);
}

START_TEST(large_document_is_read_in_time)
{
    const struct large *l = &documents[_i];
    _cleanup_error_ struct su_error err = {0};
    _cleanup_fd_ int fd = document_of(l);
    struct su_config conf = {.flavor = l->flavor};
    struct su_spec spec;

    int rc = su_read_spec_from_file("/", fd, &conf, &spec, &err);
    ck_assert_msg(rc == l->expected, "%d: %s", rc, rc < 0 ? su_error_text(&err) : "");
    if (rc == 0)
        plan(&spec);
    su_spec_free(&spec);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("large_documents");
    TCase *tc = tcase_create("time");

    tcase_set_timeout(tc, TIME_LIMIT_SECONDS);
    tcase_add_loop_test(tc, large_document_is_read_in_time, 0, SU_ARRAY_SIZE(documents));
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
