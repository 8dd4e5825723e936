/* SPDX-License-Identifier: Apache-2.0 */
/* How public symbols are marked. Everything without SU_API is hidden in the shared library. */
#ifndef SPECUTILS_VISIBILITY_H
#define SPECUTILS_VISIBILITY_H

#define SU_API __attribute__((__visibility__("default")))
#define SU_PRINTF(fmt, args) __attribute__((__format__(__printf__, fmt, args)))

#ifdef __cplusplus
#define SU_BEGIN_DECLS extern "C" {
#define SU_END_DECLS }
#else
#define SU_BEGIN_DECLS
#define SU_END_DECLS
#endif

#endif
