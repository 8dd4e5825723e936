/* SPDX-License-Identifier: Apache-2.0 */
/* All of libspecutils. */
#ifndef SPECUTILS_SPECUTILS_H
#define SPECUTILS_SPECUTILS_H

#include <specutils/accelerator.h>
#include <specutils/annotation.h>
#include <specutils/arena.h>
#include <specutils/capability.h>
#include <specutils/config.h>
#include <specutils/debug_log.h>
#include <specutils/env.h>
#include <specutils/error.h>
#include <specutils/json.h>
#include <specutils/log.h>
#include <specutils/mount.h>
#include <specutils/namespace.h>
#include <specutils/oci.h>
#include <specutils/process.h>
#include <specutils/seccomp.h>
#include <specutils/spec.h>

#endif
