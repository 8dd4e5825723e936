/* SPDX-License-Identifier: Apache-2.0 */
/* Signals before exec: ignored ones stay ignored across it, so each is set back. */
#include "signals.h"

#include <signal.h>
#include <stddef.h>

void sb_reset_signals(void)
{
    const struct sigaction dfl = {.sa_handler = SIG_DFL};
    sigset_t none;

    for (int sig = 1; sig <= SIGRTMAX; sig++)
        sigaction(sig, &dfl, NULL); /* fails for KILL, STOP and the C library's own, as it should */
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}
