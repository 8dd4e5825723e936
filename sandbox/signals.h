/* SPDX-License-Identifier: Apache-2.0 */
/* Signals: what a started program must not inherit. */
#ifndef SB_SIGNALS_H
#define SB_SIGNALS_H

#include <stdint.h>

/*
 * All dispositions to default (callers start the runtime with SIGPIPE and others ignored) and an
 * empty mask. Async-signal-safe; for a child before its exec.
 */
void sb_reset_signals(void);

/* The same for a process whose ignored signals are known: bit N - 1 of ignored stands for signal N,
 * as in proc(5)'s stat; handlers go away by exec itself. Spares some sixty system calls. Real-time
 * signals, which stat does not show, stay as they are. */
void sb_reset_ignored_signals(uint32_t ignored);

#endif
