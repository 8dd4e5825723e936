/* SPDX-License-Identifier: Apache-2.0 */
/* Signals: what a started program must not inherit. */
#ifndef SB_SIGNALS_H
#define SB_SIGNALS_H

/*
 * All dispositions to default (callers start the runtime with SIGPIPE and others ignored) and an
 * empty mask. Async-signal-safe; for a child before its exec.
 */
void sb_reset_signals(void);

#endif
