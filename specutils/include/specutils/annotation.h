/* SPDX-License-Identifier: Apache-2.0 */
/* The annotations by which CRI engines describe pods. Their content is not to be trusted. */
#ifndef SPECUTILS_ANNOTATION_H
#define SPECUTILS_ANNOTATION_H

#include <stdbool.h>
#include <specutils/oci.h>
#include <specutils/visibility.h>

SU_BEGIN_DECLS

/* Seed constants of the same names. */
#define SU_CONTAINERD_CONTAINER_TYPE_ANNOTATION "io.kubernetes.cri.container-type"
#define SU_CONTAINERD_CONTAINER_TYPE_CONTAINER "container"
#define SU_CONTAINERD_CONTAINER_TYPE_SANDBOX "sandbox"
#define SU_CONTAINERD_SANDBOX_ID_ANNOTATION "io.kubernetes.cri.sandbox-id"
#define SU_CRIO_CONTAINER_TYPE_ANNOTATION "io.kubernetes.cri-o.ContainerType"
#define SU_CRIO_CONTAINER_TYPE_CONTAINER "container"
#define SU_CRIO_CONTAINER_TYPE_SANDBOX "sandbox"
#define SU_CRIO_SANDBOX_ID_ANNOTATION "io.kubernetes.cri-o.SandboxID"
#define SU_ANNOTATION_NV_PROXY "dev.gvisor.internal.nvproxy"
#define SU_ANNOTATION_TPU "dev.gvisor.internal.tpuproxy"

enum su_container_type {
    SU_CONTAINER_TYPE_UNSPECIFIED = 0,
    SU_CONTAINER_TYPE_UNKNOWN = 1,
    SU_CONTAINER_TYPE_SANDBOX = 2,
    SU_CONTAINER_TYPE_CONTAINER = 3,
};

/* Whether the spec makes a sandbox or joins one. Seed: SpecContainerType. */
SU_API enum su_container_type su_spec_container_type(const struct oci_spec *spec);
/* The sandbox to join, "" or NULL. Borrowed from spec. Seed: SandboxID. */
SU_API const char *su_sandbox_id(const struct oci_spec *spec);
/* The container's name in its pod, "" if absent. Borrowed from spec. Seed: ContainerName. */
SU_API const char *su_container_name(const struct oci_spec *spec);
/* An annotation read as a boolean; what is none is false, with a warning.
 * Seed: AnnotationToBool. */
SU_API bool su_annotation_to_bool(const struct oci_spec *spec, const char *key);

SU_END_DECLS

#endif
