/* SPDX-License-Identifier: Apache-2.0 */
/* Which build this is. */
#ifndef RT_VERSION_H
#define RT_VERSION_H

extern const char runlet_version[];
extern const char runlet_commit[];

#endif
