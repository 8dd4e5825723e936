/* SPDX-License-Identifier: Apache-2.0 */
/* Copies between the caller's standard streams and the container's terminal. */
#include "tty.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <base/base.h>

enum { CHUNK_BYTES = 4096, CTRL_D = 4 };

void sb_tty_resize(const struct sb_tty *tty)
{
    struct winsize size;

    if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0)
        ioctl(tty->master_fd, TIOCSWINSZ, &size);
}

void sb_tty_open(struct sb_tty *tty, int master_fd)
{
    struct termios raw;

    *tty = (struct sb_tty){.master_fd = master_fd, .stdin_open = true};
    if (tcgetattr(STDIN_FILENO, &tty->before) < 0)
        return;
    raw = tty->before;
    cfmakeraw(&raw);
    tty->is_raw = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
    sb_tty_resize(tty);
}

void sb_tty_poll(const struct sb_tty *tty, struct pollfd *p)
{
    p[0] = (struct pollfd){.fd = tty->master_fd, .events = POLLIN};
    p[1] = (struct pollfd){.fd = tty->master_fd >= 0 && tty->stdin_open ? STDIN_FILENO : -1,
                           .events = POLLIN};
}

/* False at the end of what there is to read. */
static bool copy_chunk(int from, int to)
{
    char chunk[CHUNK_BYTES];
    ssize_t n = SU_RETRY_EINTR(read(from, chunk, sizeof(chunk)));

    return n > 0 && su_write_all(to, chunk, (size_t)n) == 0;
}

void sb_tty_copy(struct sb_tty *tty, const struct pollfd *p)
{
    static const char end = CTRL_D;

    /* EIO: nobody has the slave open. The container may be about to end, which the pidfd tells. */
    if (p[0].revents && !copy_chunk(tty->master_fd, STDOUT_FILENO) && (p[0].revents & POLLHUP))
        tty->master_fd = -1;
    if (tty->master_fd >= 0 && p[1].revents && !copy_chunk(STDIN_FILENO, tty->master_fd)) {
        tty->stdin_open = false;
        su_write_all(tty->master_fd, &end, 1);
    }
}

void sb_tty_drain(struct sb_tty *tty)
{
    if (tty->master_fd < 0)
        return;
    fcntl(tty->master_fd, F_SETFL, O_NONBLOCK);
    while (copy_chunk(tty->master_fd, STDOUT_FILENO))
        continue;
}

void sb_tty_close(struct sb_tty *tty)
{
    if (tty->is_raw)
        tcsetattr(STDIN_FILENO, TCSANOW, &tty->before);
    tty->is_raw = false;
}
