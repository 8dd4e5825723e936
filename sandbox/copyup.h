/* SPDX-License-Identifier: Apache-2.0 */
/* The mount option tmpcopyup: a tmpfs that starts with what it covers. */
#ifndef SB_COPYUP_H
#define SB_COPYUP_H

/*
 * Copies what is below from_fd (any fd of a folder) into the folder to_fd: folders, files and
 * symbolic links with owner and mode; devices, sockets and FIFOs are left out. No link is ever
 * followed. 0 or -errno.
 */
int sb_copy_up(int from_fd, int to_fd);

#endif
