/* SPDX-License-Identifier: Apache-2.0 */
/* The only file that is compiled anew with each commit. */
#include "version.h"

const char runlet_version[] = RUNLET_VERSION;
const char runlet_commit[] = RUNLET_COMMIT;
