/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the annotations by which containerd and CRI-O describe pods. Annotations come from
 * whoever wrote the manifest: they are answers to questions here, never orders.
 */
#include <specutils/annotation.h>
#include <specutils/log.h>

#include "base/base.h"

/* Both engines use the same two words. */
static enum su_container_type type_of(const char *value)
{
    if (su_streq(value, SU_CONTAINERD_CONTAINER_TYPE_SANDBOX))
        return SU_CONTAINER_TYPE_SANDBOX;
    if (su_streq(value, SU_CONTAINERD_CONTAINER_TYPE_CONTAINER))
        return SU_CONTAINER_TYPE_CONTAINER;
    return SU_CONTAINER_TYPE_UNKNOWN;
}

/* The first key that is present decides, whatever its value. */
static const char *first_annotation(const struct oci_spec *spec, const char *key,
                                    const char *other_key)
{
    const char *value = spec ? oci_annotation(spec, key) : NULL;

    return value || !spec ? value : oci_annotation(spec, other_key);
}

enum su_container_type su_spec_container_type(const struct oci_spec *spec)
{
    const char *value = first_annotation(spec, SU_CONTAINERD_CONTAINER_TYPE_ANNOTATION,
                                         SU_CRIO_CONTAINER_TYPE_ANNOTATION);

    return value ? type_of(value) : SU_CONTAINER_TYPE_UNSPECIFIED;
}

const char *su_sandbox_id(const struct oci_spec *spec)
{
    return first_annotation(spec, SU_CONTAINERD_SANDBOX_ID_ANNOTATION,
                            SU_CRIO_SANDBOX_ID_ANNOTATION);
}

const char *su_container_name(const struct oci_spec *spec)
{
    const char *name = spec ? oci_annotation(spec, "io.kubernetes.cri.container-name") : NULL;

    return name ? name : "";
}

bool su_annotation_to_bool(const struct oci_spec *spec, const char *key)
{
    static const struct {
        const char *word;
        bool value;
    } words[] = {
        {"1", true},    {"t", true},      {"T", true},      {"TRUE", true},
        {"true", true}, {"True", true},   {"0", false},     {"f", false},
        {"F", false},   {"FALSE", false}, {"false", false}, {"False", false},
    };
    const char *value = spec ? oci_annotation(spec, key) : NULL;

    if (!value)
        return false;
    for (size_t i = 0; i < SU_ARRAY_SIZE(words); i++) {
        if (su_streq(value, words[i].word))
            return words[i].value;
    }
    su_warn("annotations[\"%s\"]: \"%s\" is not a boolean, taken as false", key, value);
    return false;
}
