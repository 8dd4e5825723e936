/* SPDX-License-Identifier: Apache-2.0 */
/* From init's message to words. */
#ifndef SB_REPORT_H
#define SB_REPORT_H

#include <specutils/error.h>
#include <specutils/oci.h>

#include "plan.h"
#include "sync.h"

/*
 * Fills err from an SB_MSG_ERROR. plan may be NULL for a container that was made by another
 * process; oci is needed always. Returns a negative errno.
 */
int sb_report(const struct sb_plan *plan, const struct oci_spec *oci, const struct sb_msg *msg,
              struct su_error *err);

#endif
