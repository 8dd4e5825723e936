/* SPDX-License-Identifier: Apache-2.0 */
/* Capabilities: names, masks, the lists of a spec. */
#ifndef SPECUTILS_CAPABILITY_H
#define SPECUTILS_CAPABILITY_H

#include <stdbool.h>
#include <stdint.h>
#include <specutils/arena.h>
#include <specutils/error.h>
#include <specutils/oci.h>
#include <specutils/visibility.h>

SU_BEGIN_DECLS

/* The five sets as masks: bit N is capability N. */
struct su_task_caps {
    uint64_t permitted, inheritable, effective, bounding, ambient;
};

enum {
    SU_CAPS_KEEP_RAW = 1,     /* CAP_NET_RAW stays (natively always given) */
    SU_CAPS_SKIP_UNKNOWN = 2, /* an unknown name is a warning, not an error */
};

/* The name of capability number cap ("CAP_CHOWN"), or NULL. */
SU_API const char *su_capability_name(unsigned cap);
/* The number of a name, or -1. Exact: upper case, with prefix. */
SU_API int su_capability_number(const char *name);
/* How many capabilities the table has. */
SU_API unsigned su_capability_count(void);

/* Five independent lists of all names, by number, in arena; NULL: no memory.
 * Seed: AllCapabilities. */
SU_API struct oci_capabilities *su_all_capabilities(struct su_arena *arena);
/* All bits of the table. Seed: AllCapabilitiesUint64. */
SU_API uint64_t su_all_capabilities_uint64(void);
/* The spec's lists as masks; caps NULL gives zeroes. Seed: Capabilities. */
SU_API int su_capabilities(unsigned flags, const struct oci_capabilities *caps,
                           struct su_task_caps *out, struct su_error *err);
/* Unions without duplicates, in arena. NULL: no memory. Seed: MergeCapabilities. */
SU_API struct oci_capabilities *su_merge_capabilities(struct su_arena *arena,
                                                      const struct oci_capabilities *a,
                                                      const struct oci_capabilities *b);
/* Removes a name from all five lists; an emptied list becomes absent. Seed: DropCapability. */
SU_API void su_drop_capability(struct oci_capabilities *caps, const char *name);
/* True if this process's effective set holds all bits of mask. Seed: HasCapabilities. */
SU_API bool su_has_capabilities(uint64_t mask);

SU_END_DECLS

#endif
