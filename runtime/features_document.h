/* SPDX-License-Identifier: Apache-2.0 */
/* The features document of the OCI runtime specification (features.md, features-linux.md). */
#ifndef RT_FEATURES_DOCUMENT_H
#define RT_FEATURES_DOCUMENT_H

#include <stddef.h>
#include <specutils/arena.h>
#include <specutils/error.h>

/* The document as JSON, two spaces of indent; *text is malloc'd. */
int features_encode(struct su_arena *arena, char **text, size_t *len, struct su_error *err);

#endif
