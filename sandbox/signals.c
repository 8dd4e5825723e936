/* SPDX-License-Identifier: Apache-2.0 */
/* Signals before exec: ignored ones stay ignored across it, so each is set back. */
#include "signals.h"

#include <signal.h>
#include <stddef.h>

static void set_default(int sig)
{
    const struct sigaction dfl = {.sa_handler = SIG_DFL};

    sigaction(sig, &dfl, NULL); /* fails for KILL, STOP and the C library's own, as it should */
}

static void unblock(void)
{
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

void sb_reset_signals(void)
{
    for (int sig = 1; sig <= SIGRTMAX; sig++)
        set_default(sig);
    unblock();
}

void sb_reset_ignored_signals(uint32_t ignored)
{
    for (int sig = 1; sig < 32; sig++)
        if (ignored & (UINT32_C(1) << (sig - 1)))
            set_default(sig);
    unblock();
}
