/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accelerators: reads a spec's devices, hooks, annotations and NVIDIA_* variables and says what is
 * asked for. Opens no device and changes nothing.
 */
#include <specutils/accelerator.h>

#include <specutils/annotation.h>
#include <specutils/env.h>
#include <specutils/log.h>

#include "base/base.h"

#define VISIBLE_DEVICES "NVIDIA_VISIBLE_DEVICES"
#define DRIVER_CAPABILITIES "NVIDIA_DRIVER_CAPABILITIES"
#define HOOK_SUFFIX "/nvidia-container-runtime-hook"

static bool path_begins_with(const struct oci_linux_device *dev, const char *prefix)
{
    return dev && dev->path && su_has_prefix(dev->path, prefix);
}

bool su_accelerator_functionality_requested(const struct oci_linux_device *dev)
{
    return path_begins_with(dev, "/dev/accel");
}

bool su_vfio_functionality_requested(const struct oci_linux_device *dev)
{
    return path_begins_with(dev, "/dev/vfio");
}

bool su_tpu_proxy_is_enabled(const struct oci_spec *spec, const struct su_config *conf)
{
    return (conf && conf->tpuproxy) || (spec && su_annotation_to_bool(spec, SU_ANNOTATION_TPU));
}

bool su_tpu_functionality_requested(const struct oci_spec *spec, const struct su_config *conf)
{
    if (!spec || !spec->linux_ || !su_tpu_proxy_is_enabled(spec, conf))
        return false;
    for (size_t i = 0; i < spec->linux_->devices.n; i++) {
        const struct oci_linux_device *dev = &spec->linux_->devices.v[i];
        if (su_accelerator_functionality_requested(dev) || su_vfio_functionality_requested(dev))
            return true;
    }
    return false;
}

bool su_nv_proxy_enabled(const struct oci_spec *spec, const struct su_config *conf)
{
    return (conf && conf->nvproxy) || (spec && su_annotation_to_bool(spec, SU_ANNOTATION_NV_PROXY));
}

/* NULL if absent, if the environment is malformed, or if there is no process. */
static const char *process_env(const struct oci_spec *spec, const char *name)
{
    return spec && spec->process ? su_env_var(&spec->process->env, name) : NULL;
}

static bool is_set(const struct oci_spec *spec, const char *name)
{
    const char *value = process_env(spec, name);
    return value && *value;
}

static bool has_suffix(const char *s, const char *suffix)
{
    size_t len = strlen(s), suffix_len = strlen(suffix);
    return len >= suffix_len && su_streq(s + len - suffix_len, suffix);
}

static bool has_nvidia_hook(const struct oci_spec *spec)
{
    if (!spec->hooks)
        return false;
    for (size_t i = 0; i < spec->hooks->prestart.n; i++) {
        const char *path = spec->hooks->prestart.v[i].path;
        if (path && has_suffix(path, HOOK_SUFFIX))
            return true;
    }
    return false;
}

static bool is_requested_by_hook(const struct oci_spec *spec, const struct su_config *conf)
{
    if (!(conf && conf->nvproxy_docker) && !has_nvidia_hook(spec))
        return false;
    const char *devices = process_env(spec, VISIBLE_DEVICES);
    return devices && *devices && !su_streq(devices, "void");
}

bool su_gpu_functionality_requested(const struct oci_spec *spec, const struct su_config *conf)
{
    if (!spec || !su_nv_proxy_enabled(spec, conf))
        return false;
    for (size_t i = 0; spec->linux_ && i < spec->linux_->devices.n; i++) {
        const char *path = spec->linux_->devices.v[i].path;
        if (path && su_streq(path, "/dev/nvidiactl"))
            return true;
    }
    return is_requested_by_hook(spec, conf);
}

bool su_gpu_functionality_requested_via_hook(const struct oci_spec *spec,
                                             const struct su_config *conf)
{
    return spec && su_nv_proxy_enabled(spec, conf) && is_requested_by_hook(spec, conf);
}

bool su_is_legacy_cuda_image(const struct oci_spec *spec)
{
    return is_set(spec, "CUDA_VERSION") && !is_set(spec, "NVIDIA_REQUIRE_CUDA");
}

/* Digits only, at most UINT32_MAX; leading zeros do no harm. */
static bool is_index(const char *text, size_t len)
{
    uint64_t value = 0;

    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        value = value * 10 + (uint64_t)(text[i] - '0');
        if (value > UINT32_MAX)
            return false;
    }
    return len > 0;
}

static bool is_gpu(const char *text, size_t len)
{
    return is_index(text, len) || (len >= 4 && memcmp(text, "GPU-", 4) == 0);
}

int su_parse_nvidia_visible_devices(const struct oci_spec *spec, const char **out,
                                    struct su_error *err)
{
    const char *path = "process.env " VISIBLE_DEVICES;
    const char *devices = process_env(spec, VISIBLE_DEVICES);

    if (!devices || !*devices)
        return su_fail_at(err, SU_ERR_DEVICE, EINVAL, path, "is not set, expected a list of GPUs");
    if (su_streq(devices, "none") || su_streq(devices, "all")) {
        *out = su_streq(devices, "none") ? "" : devices;
        return 0;
    }
    for (const char *part = devices;;) {
        size_t len = strcspn(part, ",");
        if (!is_gpu(part, len))
            return su_fail_at(err, SU_ERR_DEVICE, EINVAL, path,
                              "\"%.*s\" is neither a GPU index nor a GPU-... UUID",
                              (int)(len < 64 ? len : 64), part);
        if (!part[len])
            break;
        part += len + 1;
    }
    *out = devices;
    return 0;
}

/* In the order of the bits. */
static const char *const driver_caps[] = {"compute", "display", "graphics", "ngx",
                                          "utility", "video",   "compat32"};

static bool is_word(const char *text, size_t len, const char *word)
{
    return strlen(word) == len && memcmp(text, word, len) == 0;
}

static int add_driver_cap(const char *text, size_t len, su_driver_caps_t *caps, bool *all,
                          struct su_error *err)
{
    for (size_t i = 0; i < SU_ARRAY_SIZE(driver_caps); i++)
        if (is_word(text, len, driver_caps[i])) {
            *caps |= 1u << i;
            return 0;
        }
    if (is_word(text, len, "all")) {
        *all = true;
        return 0;
    }
    return su_fail_at(err, SU_ERR_DEVICE, EINVAL, NULL,
                      "\"%.*s\" is not a driver capability, expected compute, display, graphics, "
                      "ngx, utility, video, compat32 or all",
                      (int)(len < 64 ? len : 64), text);
}

int su_driver_caps_parse(const char *text, su_driver_caps_t *caps, bool *all, struct su_error *err)
{
    static const char blanks[] = " \t\n\v\f\r";

    *caps = 0;
    *all = false;
    for (;;) {
        size_t len = strcspn(text, ",");
        const char *word = text, *end = text + len;
        while (word < end && strchr(blanks, *word))
            word++;
        while (end > word && strchr(blanks, end[-1]))
            end--;
        int r = end == word ? 0 : add_driver_cap(word, (size_t)(end - word), caps, all, err);
        if (r < 0 || !text[len])
            return r;
        text += len + 1;
    }
}

char *su_driver_caps_string(su_driver_caps_t caps)
{
    struct su_strbuf sb = {0};

    su_strbuf_adds(&sb, "");
    for (size_t i = 0; i < SU_ARRAY_SIZE(driver_caps); i++) {
        if (!(caps & 1u << i))
            continue;
        if (sb.len)
            su_strbuf_addc(&sb, ',');
        su_strbuf_adds(&sb, driver_caps[i]);
    }
    if (sb.failed)
        su_strbuf_free(&sb);
    return sb.text;
}

int su_nv_proxy_driver_caps_allowed(const struct su_config *conf, su_driver_caps_t *caps,
                                    struct su_error *err)
{
    const char *text = conf ? conf->nvproxy_allowed_driver_capabilities : NULL;
    bool all;

    int r = su_driver_caps_parse(text ? text : "utility,compute", caps, &all, err);
    if (r < 0)
        return err ? su_error_prefix(err, "--nvproxy-allowed-driver-capabilities") : r;
    if (all)
        *caps = SU_DRIVER_CAPS_SUPPORTED;
    return 0;
}

static int fail_not_allowed(su_driver_caps_t extra, su_driver_caps_t allowed, struct su_error *err)
{
    _cleanup_free_ char *extra_text = su_driver_caps_string(extra);
    _cleanup_free_ char *allowed_text = su_driver_caps_string(allowed);

    return su_fail_at(err, SU_ERR_DEVICE, EINVAL, "process.env " DRIVER_CAPABILITIES,
                      "\"%s\" not allowed, allowed are \"%s\" "
                      "(--nvproxy-allowed-driver-capabilities)",
                      extra_text ? extra_text : "?", allowed_text ? allowed_text : "?");
}

static void warn_dropped(su_driver_caps_t extra)
{
    _cleanup_free_ char *text = su_driver_caps_string(extra);

    su_warn("process.env " DRIVER_CAPABILITIES ": \"%s\" not allowed, dropped", text ? text : "?");
}

int su_nv_proxy_driver_caps_from_env(const struct oci_spec *spec, const struct su_config *conf,
                                     su_driver_caps_t *caps, struct su_error *err)
{
    const char *text = process_env(spec, DRIVER_CAPABILITIES);
    su_driver_caps_t allowed, asked;
    bool all;

    int r = su_nv_proxy_driver_caps_allowed(conf, &allowed, err);
    if (r < 0)
        return r;
    if (!text || !*text) {
        bool legacy = !text && su_is_legacy_cuda_image(spec);
        *caps = legacy ? allowed : allowed & SU_DRIVER_CAPS_SUPPORTED;
        return 0;
    }
    r = su_driver_caps_parse(text, &asked, &all, err);
    if (r < 0)
        return err ? su_error_prefix(err, "process.env " DRIVER_CAPABILITIES) : r;
    su_driver_caps_t extra = asked & ~allowed;
    if (extra && !all)
        return fail_not_allowed(extra, allowed, err);
    if (extra)
        warn_dropped(extra);
    *caps = all ? allowed : asked;
    return 0;
}
