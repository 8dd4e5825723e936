/* SPDX-License-Identifier: Apache-2.0 */
/* The network of a new network namespace, as far as it is the runtime's business. */
#ifndef SB_NET_H
#define SB_NET_H

/* Brings the loopback device of the caller's network namespace up. 0 or -errno. */
int sb_loopback_up(void);

#endif
