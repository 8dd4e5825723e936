/* SPDX-License-Identifier: Apache-2.0 */
/* What commands print on standard output: built whole, written at once, checked. */
#ifndef RT_OUTPUT_H
#define RT_OUTPUT_H

#include <stddef.h>
#include <sys/types.h>
#include <specutils/arena.h>
#include <specutils/error.h>
#include <specutils/json.h>

#include "sandbox.h"

struct su_strbuf;

/* Writes text to standard output. Also fails if text could not be built for lack of memory. */
int output_write(const struct su_strbuf *text, struct su_error *err);

/* A container as state and list show it, in the order of runc's keys; last the sandbox of its
 * pod, where it names one. */
struct container_view {
    char *oci_version, *id;
    int pid;
    char *status, *bundle, *rootfs, *created;
    struct {
        struct oci_pair *v;
        size_t n;
    } annotations;
    char *owner, *sandbox;
};
extern const struct su_type type_container_view;

/* Borrows from c and arena. -ENOMEM. */
int container_view_make(struct su_arena *arena, const struct sb_container *c,
                        struct container_view *view, struct su_error *err);

#endif
