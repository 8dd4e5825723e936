/* SPDX-License-Identifier: Apache-2.0 */
/* What specs ask of accelerators, case by case. */
#include <check.h>
#include <stdlib.h>
#include <specutils/accelerator.h>
#include <specutils/annotation.h>
#include <specutils/log.h>

#include "base/base.h"

/* A spec with one of each part, to be filled by the tests. */
static struct oci_pair annotation;
static struct oci_linux_device device;
static struct oci_hook hook;
static struct oci_hooks hooks;
static char *env[4];
static struct oci_process process;
static struct oci_linux linux_part;
static struct oci_spec spec;
static struct su_config conf;
static struct su_error err;
static unsigned warnings;

static void count_record(void *arg, enum su_log_level level, const char *msg)
{
    (void)arg;
    (void)msg;
    warnings += level == SU_LOG_WARNING;
}

static void set_up(void)
{
    spec.process = &process;
    spec.linux_ = &linux_part;
    spec.hooks = &hooks;
    process.env.v = env;
    su_log_set_sink(count_record, NULL, SU_LOG_WARNING);
}

static void tear_down(void)
{
    su_error_clear(&err);
}

static void set_device(const char *path)
{
    device.path = (char *)path;
    linux_part.devices.v = &device;
    linux_part.devices.n = path != NULL;
}

static void set_hook(const char *path)
{
    hook.path = (char *)path;
    hooks.prestart.v = &hook;
    hooks.prestart.n = path != NULL;
}

static void set_annotation(const char *key, const char *value)
{
    annotation = (struct oci_pair){(char *)key, (char *)value};
    spec.annotations.v = &annotation;
    spec.annotations.n = 1;
}

static void add_env(const char *entry)
{
    if (entry)
        env[process.env.n++] = (char *)entry;
}

static const struct {
    const char *path;
    bool accelerator, vfio;
} devices[] = {
    {"/dev/accel", true, false},
    {"/dev/accel0", true, false},
    {"/dev/accel3", true, false},
    {"/dev/accelerator", true, false},
    {"/dev/accel/accel0", true, false},
    {"/dev/vfio/7", false, true},
    {"/dev/vfio/vfio", false, true},
    {"/dev/vfio", false, true},
    {"/dev/dri/card0", false, false},
    {"dev/accel0", false, false},
    {"", false, false},
    {NULL, false, false},
};

START_TEST(device_is_told_by_its_path)
{
    struct oci_linux_device dev = {.path = (char *)devices[_i].path};
    ck_assert(su_accelerator_functionality_requested(&dev) == devices[_i].accelerator);
    ck_assert(su_vfio_functionality_requested(&dev) == devices[_i].vfio);
}
END_TEST

START_TEST(nothing_is_asked_by_nothing)
{
    ck_assert(!su_accelerator_functionality_requested(NULL));
    ck_assert(!su_vfio_functionality_requested(NULL));
    ck_assert(!su_tpu_proxy_is_enabled(NULL, NULL));
    ck_assert(!su_tpu_functionality_requested(NULL, NULL));
    ck_assert(!su_nv_proxy_enabled(NULL, NULL));
    ck_assert(!su_gpu_functionality_requested(NULL, NULL));
    ck_assert(!su_gpu_functionality_requested_via_hook(NULL, NULL));
    ck_assert(!su_is_legacy_cuda_image(NULL));
    struct oci_spec empty = {0};
    conf.tpuproxy = conf.nvproxy = conf.nvproxy_docker = true;
    ck_assert(!su_tpu_functionality_requested(&empty, &conf));
    ck_assert(!su_gpu_functionality_requested(&empty, &conf));
    ck_assert(!su_gpu_functionality_requested_via_hook(&empty, &conf));
    ck_assert(!su_is_legacy_cuda_image(&empty));
}
END_TEST

START_TEST(proxies_are_enabled_by_flag_or_annotation)
{
    set_annotation(SU_ANNOTATION_TPU, "true");
    ck_assert(su_tpu_proxy_is_enabled(&spec, NULL));
    ck_assert(!su_nv_proxy_enabled(&spec, &conf));
    set_annotation(SU_ANNOTATION_NV_PROXY, "true");
    ck_assert(!su_tpu_proxy_is_enabled(&spec, &conf));
    ck_assert(su_nv_proxy_enabled(&spec, NULL));
    set_annotation(SU_ANNOTATION_NV_PROXY, "false");
    ck_assert(!su_nv_proxy_enabled(&spec, &conf));
    conf.nvproxy = conf.tpuproxy = true;
    ck_assert(su_nv_proxy_enabled(NULL, &conf));
    ck_assert(su_tpu_proxy_is_enabled(NULL, &conf));
}
END_TEST

START_TEST(tpu_needs_proxy_and_device)
{
    set_device("/dev/accel0");
    ck_assert(!su_tpu_functionality_requested(&spec, &conf));
    conf.tpuproxy = true;
    ck_assert(su_tpu_functionality_requested(&spec, &conf));
    set_device("/dev/vfio/0");
    ck_assert(su_tpu_functionality_requested(&spec, &conf));
    set_device("/dev/null");
    ck_assert(!su_tpu_functionality_requested(&spec, &conf));
}
END_TEST

static const struct {
    bool nvproxy, docker;
    const char *device, *hook, *env;
    bool gpu, via_hook;
} gpus[] = {
    {false, false, "/dev/nvidiactl", NULL, NULL, false, false},
    {true, false, "/dev/nvidiactl", NULL, NULL, true, false},
    {true, false, "/dev/nvidiactl2", NULL, NULL, false, false},
    {true, false, NULL, "/usr/bin/nvidia-container-runtime-hook", "NVIDIA_VISIBLE_DEVICES=none",
     true, true},
    {true, false, NULL, "/usr/bin/nvidia-container-runtime-hook", NULL, false, false},
    {true, false, NULL, "/usr/bin/nvidia-container-runtime-hook", "NVIDIA_VISIBLE_DEVICES=", false,
     false},
    {true, false, NULL, "/usr/bin/nvidia-container-runtime-hook", "NVIDIA_VISIBLE_DEVICES=void",
     false, false},
    {true, false, NULL, "/usr/bin/nvidia-container-runtime-hook", "MALFORMED", false, false},
    {true, false, NULL, "nvidia-container-runtime-hook", "NVIDIA_VISIBLE_DEVICES=all", false,
     false},
    {true, false, NULL, NULL, "NVIDIA_VISIBLE_DEVICES=all", false, false},
    {true, true, NULL, NULL, "NVIDIA_VISIBLE_DEVICES=all", true, true},
    {true, true, NULL, NULL, NULL, false, false},
    {false, true, NULL, "/usr/bin/nvidia-container-runtime-hook", "NVIDIA_VISIBLE_DEVICES=all",
     false, false},
};

START_TEST(gpu_needs_proxy_and_device_or_hook)
{
    conf.nvproxy = gpus[_i].nvproxy;
    conf.nvproxy_docker = gpus[_i].docker;
    set_device(gpus[_i].device);
    set_hook(gpus[_i].hook);
    add_env(gpus[_i].env);
    ck_assert(su_gpu_functionality_requested(&spec, &conf) == gpus[_i].gpu);
    ck_assert(su_gpu_functionality_requested_via_hook(&spec, &conf) == gpus[_i].via_hook);
}
END_TEST

static const struct {
    const char *version, *require;
    bool legacy;
} images[] = {
    {"CUDA_VERSION=11", NULL, true},
    {"CUDA_VERSION=11", "NVIDIA_REQUIRE_CUDA=", true},
    {"CUDA_VERSION=11", "NVIDIA_REQUIRE_CUDA=cuda>=9", false},
    {"CUDA_VERSION=", NULL, false},
    {NULL, NULL, false},
};

START_TEST(legacy_image_has_a_version_and_requires_none)
{
    add_env(images[_i].version);
    add_env(images[_i].require);
    ck_assert(su_is_legacy_cuda_image(&spec) == images[_i].legacy);
}
END_TEST

static const struct {
    const char *env, *out, *bad;
} visible[] = {
    {"NVIDIA_VISIBLE_DEVICES=0,GPU-fef8089b", "0,GPU-fef8089b", NULL},
    {"NVIDIA_VISIBLE_DEVICES=none", "", NULL},
    {"NVIDIA_VISIBLE_DEVICES=all", "all", NULL},
    {"NVIDIA_VISIBLE_DEVICES=4294967295", "4294967295", NULL},
    {"NVIDIA_VISIBLE_DEVICES=00000000000000000000007", "00000000000000000000007", NULL},
    {"NVIDIA_VISIBLE_DEVICES=GPU-", "GPU-", NULL},
    {"NVIDIA_VISIBLE_DEVICES=4294967296", NULL, "\"4294967296\" is neither"},
    {"NVIDIA_VISIBLE_DEVICES=99999999999999999999999", NULL, "is neither"},
    {"NVIDIA_VISIBLE_DEVICES=all,0", NULL, "\"all\" is neither a GPU index nor a GPU-"},
    {"NVIDIA_VISIBLE_DEVICES=0,,1", NULL, "\"\" is neither"},
    {"NVIDIA_VISIBLE_DEVICES=0,", NULL, "\"\" is neither"},
    {"NVIDIA_VISIBLE_DEVICES=MIG-1", NULL, "\"MIG-1\" is neither"},
    {"NVIDIA_VISIBLE_DEVICES=+1", NULL, "\"+1\" is neither"},
    {"NVIDIA_VISIBLE_DEVICES= 1", NULL, "\" 1\" is neither"},
    {"NVIDIA_VISIBLE_DEVICES=GPU", NULL, "\"GPU\" is neither"},
    {"NVIDIA_VISIBLE_DEVICES=", NULL, "is not set"},
    {NULL, NULL, "is not set"},
};

START_TEST(visible_devices_are_checked)
{
    const char *out = NULL;
    add_env(visible[_i].env);
    int r = su_parse_nvidia_visible_devices(&spec, &out, &err);
    if (visible[_i].out) {
        ck_assert_int_eq(r, 0);
        ck_assert_str_eq(out, visible[_i].out);
        return;
    }
    ck_assert_int_eq(r, -EINVAL);
    ck_assert_int_eq(err.kind, SU_ERR_DEVICE);
    ck_assert_ptr_nonnull(strstr(err.msg, "process.env NVIDIA_VISIBLE_DEVICES: "));
    ck_assert_msg(strstr(err.msg, visible[_i].bad) != NULL, "%s", err.msg);
}
END_TEST

static const struct {
    const char *text;
    int r;
    su_driver_caps_t caps;
    bool all;
    const char *print;
} words[] = {
    {"utility, compute", 0, 0x11, false, "compute,utility"},
    {",all,", 0, 0, true, ""},
    {"", 0, 0, false, ""},
    {" \t,\n", 0, 0, false, ""},
    {"compat32,video,utility,ngx,graphics,display,compute", 0, 0x7f, false,
     "compute,display,graphics,ngx,utility,video,compat32"},
    {"compute,compute", 0, 0x01, false, "compute"},
    {"Compute", -EINVAL, 0, false, NULL},
    {"compute utility", -EINVAL, 0, false, NULL},
    {"comput", -EINVAL, 0, false, NULL},
};

START_TEST(driver_capabilities_are_read_and_printed)
{
    su_driver_caps_t caps;
    bool all;
    ck_assert_int_eq(su_driver_caps_parse(words[_i].text, &caps, &all, &err), words[_i].r);
    if (words[_i].r)
        return;
    ck_assert_uint_eq(caps, words[_i].caps);
    ck_assert(all == words[_i].all);
    _cleanup_free_ char *print = su_driver_caps_string(caps);
    ck_assert_str_eq(print, words[_i].print);
}
END_TEST

START_TEST(allowed_capabilities_come_from_the_flag)
{
    su_driver_caps_t caps;
    ck_assert_int_eq(su_nv_proxy_driver_caps_allowed(NULL, &caps, &err), 0);
    ck_assert_uint_eq(caps, 0x11);
    conf.nvproxy_allowed_driver_capabilities = (char *)"video,all";
    ck_assert_int_eq(su_nv_proxy_driver_caps_allowed(&conf, &caps, &err), 0);
    ck_assert_uint_eq(caps, 0x11);
    conf.nvproxy_allowed_driver_capabilities = (char *)"video";
    ck_assert_int_eq(su_nv_proxy_driver_caps_allowed(&conf, &caps, &err), 0);
    ck_assert_uint_eq(caps, 0x20);
    conf.nvproxy_allowed_driver_capabilities = (char *)"everything";
    ck_assert_int_eq(su_nv_proxy_driver_caps_allowed(&conf, &caps, &err), -EINVAL);
    ck_assert_ptr_nonnull(strstr(err.msg, "--nvproxy-allowed-driver-capabilities: \"everything\""));
    ck_assert_int_eq(su_nv_proxy_driver_caps_allowed(&conf, &caps, NULL), -EINVAL);
}
END_TEST

static const struct {
    const char *allowed, *env, *env2;
    int r;
    su_driver_caps_t caps;
    unsigned warnings;
} requests[] = {
    {"utility,compute", "NVIDIA_DRIVER_CAPABILITIES=utility", NULL, 0, 0x10, 0},
    {"utility,compute", "NVIDIA_DRIVER_CAPABILITIES=video", NULL, -EINVAL, 0, 0},
    {"all", "NVIDIA_DRIVER_CAPABILITIES=compute,all", NULL, 0, 0x11, 0},
    {"compute", "NVIDIA_DRIVER_CAPABILITIES=", NULL, 0, 0x01, 0},
    {"compute,video", NULL, NULL, 0, 0x01, 0},
    {"compute,video", "CUDA_VERSION=9", NULL, 0, 0x21, 0},
    {"compute,video", "CUDA_VERSION=9", "NVIDIA_DRIVER_CAPABILITIES=", 0, 0x01, 0},
    {"compute", "NVIDIA_DRIVER_CAPABILITIES=graphics,all", NULL, 0, 0x01, 1},
    {"compute", "NVIDIA_DRIVER_CAPABILITIES=, ,", NULL, 0, 0, 0},
    {"compute", "NVIDIA_DRIVER_CAPABILITIES=all,unknown", NULL, -EINVAL, 0, 0},
    {NULL, "NVIDIA_DRIVER_CAPABILITIES=compute,utility", NULL, 0, 0x11, 0},
};

START_TEST(capabilities_of_the_environment_are_held_against_the_allowed)
{
    su_driver_caps_t caps = 0;
    conf.nvproxy_allowed_driver_capabilities = (char *)requests[_i].allowed;
    add_env(requests[_i].env);
    add_env(requests[_i].env2);
    int r = su_nv_proxy_driver_caps_from_env(&spec, &conf, &caps, &err);
    ck_assert_int_eq(r, requests[_i].r);
    ck_assert_uint_eq(warnings, requests[_i].warnings);
    if (r == 0)
        ck_assert_uint_eq(caps, requests[_i].caps);
    else
        ck_assert_int_eq(err.kind, SU_ERR_DEVICE);
}
END_TEST

START_TEST(refused_capabilities_are_told_from_the_allowed)
{
    su_driver_caps_t caps;
    add_env("NVIDIA_DRIVER_CAPABILITIES=graphics,compute");
    ck_assert_int_eq(su_nv_proxy_driver_caps_from_env(&spec, &conf, &caps, &err), -EINVAL);
    ck_assert_str_eq(err.msg,
                     "process.env NVIDIA_DRIVER_CAPABILITIES: \"graphics\" not allowed, allowed "
                     "are \"compute,utility\" (--nvproxy-allowed-driver-capabilities)");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("accelerator");
    TCase *tc = tcase_create("accelerator");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_loop_test(tc, device_is_told_by_its_path, 0, SU_ARRAY_SIZE(devices));
    tcase_add_test(tc, nothing_is_asked_by_nothing);
    tcase_add_test(tc, proxies_are_enabled_by_flag_or_annotation);
    tcase_add_test(tc, tpu_needs_proxy_and_device);
    tcase_add_loop_test(tc, gpu_needs_proxy_and_device_or_hook, 0, SU_ARRAY_SIZE(gpus));
    tcase_add_loop_test(tc, legacy_image_has_a_version_and_requires_none, 0, SU_ARRAY_SIZE(images));
    tcase_add_loop_test(tc, visible_devices_are_checked, 0, SU_ARRAY_SIZE(visible));
    tcase_add_loop_test(tc, driver_capabilities_are_read_and_printed, 0, SU_ARRAY_SIZE(words));
    tcase_add_test(tc, allowed_capabilities_come_from_the_flag);
    tcase_add_loop_test(tc, capabilities_of_the_environment_are_held_against_the_allowed, 0,
                        SU_ARRAY_SIZE(requests));
    tcase_add_test(tc, refused_capabilities_are_told_from_the_allowed);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
