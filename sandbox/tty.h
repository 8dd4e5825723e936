/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The caller's terminal, when a container with a terminal runs attached: raw, copied both ways,
 * its size followed, and set back at the end.
 */
#ifndef SB_TTY_H
#define SB_TTY_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <termios.h>

enum { SB_TTY_POLLFDS = 2 };

struct sb_tty {
    int master_fd; /* borrowed; -1: nothing to copy */
    bool stdin_open;
    bool is_raw;
    struct termios before;
};

#define SB_TTY_NONE     \
    {                   \
        .master_fd = -1 \
    }

/* Begins: standard input, if it is a terminal, becomes raw and gives its size to the master. */
void sb_tty_open(struct sb_tty *tty, int master_fd);
/* Gives the master the caller's size. */
void sb_tty_resize(const struct sb_tty *tty);
/* Fills SB_TTY_POLLFDS entries (fd -1 where there is nothing to wait for). */
void sb_tty_poll(const struct sb_tty *tty, struct pollfd *p);
/* Copies what poll found. */
void sb_tty_copy(struct sb_tty *tty, const struct pollfd *p);
/* Copies what the container printed before it ended. */
void sb_tty_drain(struct sb_tty *tty);
/* Sets the caller's terminal back. */
void sb_tty_close(struct sb_tty *tty);

#endif
