/* SPDX-License-Identifier: Apache-2.0 */
/* Any struct, filled by its table: what is encoded decodes to the same, and neither validation nor
 * what comes behind it is confused by values that no person would write. */
#include <sched.h>
#include <linux/sched.h>

#include "fuzz_filter.h"
#include "fuzz_table.h"

static void check_round_trip(const struct oci_spec *spec)
{
    _cleanup_arena_ struct su_arena arena = {0};
    _cleanup_error_ struct su_error err = {0};
    _cleanup_free_ char *text = NULL;
    struct oci_spec copy = {0};
    size_t len;

    fuzz_require(su_json_encode(&su_type_oci_spec, spec, 0, 0, &text, &len, NULL) == 0,
                 "not encoded");
    int rc = su_json_decode(&su_type_oci_spec, text, len, &arena, &copy, &err);
    fuzz_require(rc == 0, "decoding %s: %s", text, rc < 0 ? su_error_text(&err) : "");
    fuzz_require(fuzz_equal(&su_type_oci_spec, (const char *)spec, (char *)&copy), "changed by %s",
                 text);
}

static void check_filter(const struct oci_seccomp *seccomp, enum su_flavor flavor)
{
    _cleanup_arena_ struct su_arena arena = {0};
    _cleanup_error_ struct su_error err = {0};
    struct su_seccomp_prog prog;

    int rc = su_seccomp_build(seccomp, flavor, &arena, &prog, &err);
    if (rc < 0)
        fuzz_check_error(rc, &err);
    else
        fuzz_check_filter(&prog);
}

static void check_validation(const struct oci_spec *spec, enum su_flavor flavor)
{
    const struct su_config conf = {.flavor = flavor};
    _cleanup_error_ struct su_error err = {0};

    int rc = su_validate_spec(spec, &conf, &err);
    if (rc < 0)
        fuzz_check_error(rc, &err);
    if (spec->linux_ && spec->linux_->seccomp)
        check_filter(spec->linux_->seccomp, flavor);
}

/* Empties all members of linux but one, and the namespaces. */
static void keep_one(struct oci_linux *linux_, size_t kept)
{
    const struct su_type *t = NULL;

    for (size_t i = 0; i < su_type_oci_spec.n_fields; i++)
        if (su_streq(su_type_oci_spec.fields[i].name, "linux"))
            t = su_type_oci_spec.fields[i].type;
    for (size_t i = 0; t && i < t->n_fields; i++) {
        const struct su_field *f = &t->fields[i];
        bool is_list = f->kind > SU_K_ENUM && f->kind != SU_K_OBJECT && f->kind != SU_K_RAW;
        if (i != kept % t->n_fields && !su_streq(f->name, "namespaces"))
            memset((char *)linux_ + f->offset, 0,
                   is_list ? sizeof(struct fuzz_list) : sizeof(char *));
    }
}

/* The same spec, but valid all around one part, so that its checks are reached. */
static void check_part(struct oci_spec spec, size_t kept)
{
    static char *args[] = {(char *)"a", NULL};
    static struct oci_linux_namespace namespaces[] = {{CLONE_NEWUSER, NULL}, {CLONE_NEWUTS, NULL},
                                                      {CLONE_NEWNET, NULL},  {CLONE_NEWIPC, NULL},
                                                      {CLONE_NEWNS, NULL},   {CLONE_NEWTIME, NULL}};
    struct oci_process process = {.args = {args, 1}, .cwd = (char *)"/"};
    struct oci_root root = {.path = (char *)"/r"};
    struct oci_linux linux_ = spec.linux_ ? *spec.linux_ : (struct oci_linux){0};

    spec.oci_version = (char *)"1.0.2";
    spec.solaris = spec.windows = NULL;
    spec.root = &root;
    spec.hooks = kept % 4 == 1 ? spec.hooks : NULL;
    spec.mounts.n = kept % 4 == 2 ? spec.mounts.n : 0;
    if (!spec.process || kept % 4 != 3)
        spec.process = &process;
    keep_one(&linux_, kept / 4);
    linux_.namespaces.v = namespaces;
    linux_.namespaces.n = SU_ARRAY_SIZE(namespaces);
    spec.linux_ = &linux_;
    check_validation(&spec, SU_FLAVOR_NATIVE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_bytes bytes = {data, size};
    _cleanup_arena_ struct su_arena arena = {0};
    struct oci_spec spec = {0};

    size_t kept = fuzz_byte(&bytes);
    fuzz_log_everything();
    fuzz_fill(&su_type_oci_spec, (char *)&spec, &bytes, &arena);
    check_round_trip(&spec);
    check_validation(&spec, SU_FLAVOR_NATIVE);
    check_validation(&spec, SU_FLAVOR_RUNSC);
    check_part(spec, kept);
    if (spec.process)
        (void)!su_validate_process(spec.process, "process", NULL);
    if (spec.linux_ && spec.linux_->resources)
        (void)!su_validate_resources(spec.linux_->resources, "", NULL);
    su_log_spec_debug(&spec, true);
    return 0;
}
