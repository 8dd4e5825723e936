/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a spec asks of accelerators: TPUs, VFIO devices, NVIDIA GPUs. The proxies that these
 * answers guard exist only in gVisor; natively devices come from linux.devices and hooks just
 * run. Only paths are compared, never device numbers. spec and conf may be NULL.
 */
#ifndef SPECUTILS_ACCELERATOR_H
#define SPECUTILS_ACCELERATOR_H

#include <stdbool.h>
#include <stdint.h>
#include <specutils/config.h>
#include <specutils/error.h>
#include <specutils/oci.h>
#include <specutils/visibility.h>

SU_BEGIN_DECLS

/* The device's path begins with /dev/accel. NULL, or no path: false. Seed:
 * AcceleratorFunctionalityRequested. */
SU_API bool su_accelerator_functionality_requested(const struct oci_linux_device *dev);
/* The device's path begins with /dev/vfio. Seed: VFIOFunctionalityRequested. */
SU_API bool su_vfio_functionality_requested(const struct oci_linux_device *dev);
/* By flag or by annotation (SU_ANNOTATION_TPU). Seed: TPUProxyIsEnabled. */
SU_API bool su_tpu_proxy_is_enabled(const struct oci_spec *spec, const struct su_config *conf);
/* The TPU proxy is enabled and some device is one of the first two. Seed:
 * TPUFunctionalityRequested. */
SU_API bool su_tpu_functionality_requested(const struct oci_spec *spec,
                                           const struct su_config *conf);

/* By flag or by annotation (SU_ANNOTATION_NV_PROXY). Seed: NVProxyEnabled. */
SU_API bool su_nv_proxy_enabled(const struct oci_spec *spec, const struct su_config *conf);
/* The NVIDIA proxy is enabled, and there is the device /dev/nvidiactl or the line below holds.
 * Seed: GPUFunctionalityRequested. */
SU_API bool su_gpu_functionality_requested(const struct oci_spec *spec,
                                           const struct su_config *conf);
/*
 * The NVIDIA proxy is enabled, its hook is there (as a prestart hook whose path ends with
 * /nvidia-container-runtime-hook, or by conf->nvproxy_docker), and the process has
 * NVIDIA_VISIBLE_DEVICES, neither empty nor "void"; "none" counts. Seed:
 * GPUFunctionalityRequestedViaHook.
 */
SU_API bool su_gpu_functionality_requested_via_hook(const struct oci_spec *spec,
                                                    const struct su_config *conf);
/* CUDA_VERSION is set and NVIDIA_REQUIRE_CUDA is not; empty counts as not set. Seed:
 * IsLegacyCudaImage. */
SU_API bool su_is_legacy_cuda_image(const struct oci_spec *spec);

/*
 * NVIDIA_VISIBLE_DEVICES of the process through *out, borrowed from spec or static: "" for
 * "none", "all", or the list unchanged if each part is an index (0 to 4294967295) or begins with
 * "GPU-". -EINVAL (SU_ERR_DEVICE): another part, and an absent or empty variable. Seed:
 * ParseNvidiaVisibleDevices.
 */
SU_API int su_parse_nvidia_visible_devices(const struct oci_spec *spec, const char **out,
                                           struct su_error *err);

/* NVIDIA driver capabilities, a mask. */
typedef uint32_t su_driver_caps_t;

enum {
    SU_DRIVER_CAP_COMPUTE = 0x01,
    SU_DRIVER_CAP_DISPLAY = 0x02,
    SU_DRIVER_CAP_GRAPHICS = 0x04,
    SU_DRIVER_CAP_NGX = 0x08,
    SU_DRIVER_CAP_UTILITY = 0x10,
    SU_DRIVER_CAP_VIDEO = 0x20,
    SU_DRIVER_CAP_COMPAT32 = 0x40,
    /* What the proxy supports, and what a container gets that names none. */
    SU_DRIVER_CAPS_SUPPORTED = SU_DRIVER_CAP_COMPUTE | SU_DRIVER_CAP_UTILITY,
};

/*
 * Reads a list with commas: white space around a word and empty words are skipped, case counts.
 * The word "all" adds no bit and sets *all. -EINVAL (SU_ERR_DEVICE): any other word.
 */
SU_API int su_driver_caps_parse(const char *text, su_driver_caps_t *caps, bool *all,
                                struct su_error *err);
/* The names in the order of the bits with commas between, "" for 0. The caller frees; NULL: no
 * memory. */
SU_API char *su_driver_caps_string(su_driver_caps_t caps);

/*
 * What conf->nvproxy_allowed_driver_capabilities allows (NULL: the supported ones); with "all"
 * the supported ones, else the list as it is. Errors as su_driver_caps_parse(). Seed:
 * NVProxyDriverCapsAllowed.
 */
SU_API int su_nv_proxy_driver_caps_allowed(const struct su_config *conf, su_driver_caps_t *caps,
                                           struct su_error *err);
/*
 * What NVIDIA_DRIVER_CAPABILITIES asks for. Absent: what is allowed for a legacy CUDA image, else
 * the allowed ones of the default. Empty: the latter. With "all": what is allowed; what is listed
 * beside and not allowed is dropped with a warning. Else the list; -EINVAL (SU_ERR_DEVICE) if it
 * is not allowed as a whole or has an unknown word. Seed: NVProxyDriverCapsFromEnv.
 */
SU_API int su_nv_proxy_driver_caps_from_env(const struct oci_spec *spec,
                                            const struct su_config *conf, su_driver_caps_t *caps,
                                            struct su_error *err);

SU_END_DECLS

#endif
