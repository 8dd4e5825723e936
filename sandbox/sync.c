/* SPDX-License-Identifier: Apache-2.0 */
/* Messages between builder and init: one struct a packet, at most one fd with it. */
#include "sync.h"

#include <sys/socket.h>

#include <base/base.h>

/* Room for one fd, aligned as the kernel wants control messages. */
union control {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int))];
};

int sb_send_bytes(int sock, const void *bytes, size_t len, int fd)
{
    const char *rest = bytes;
    union control control = {0};
    struct iovec iov;
    struct msghdr hdr = {.msg_iov = &iov, .msg_iovlen = 1};

    if (fd >= 0) {
        hdr.msg_control = control.bytes;
        hdr.msg_controllen = sizeof(control.bytes);
        struct cmsghdr *cmsg = CMSG_FIRSTHDR(&hdr);
        cmsg->cmsg_level = SOL_SOCKET;
        cmsg->cmsg_type = SCM_RIGHTS;
        cmsg->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(cmsg), &fd, sizeof(int));
    }
    while (len > 0) {
        iov = (struct iovec){.iov_base = (void *)(uintptr_t)rest, .iov_len = len};
        ssize_t n = SU_RETRY_EINTR(sendmsg(sock, &hdr, MSG_NOSIGNAL));
        if (n < 0)
            return -errno;
        rest += n;
        len -= (size_t)n;
        hdr.msg_control = NULL;
        hdr.msg_controllen = 0;
    }
    return 0;
}

int sb_send(int sock, const struct sb_msg *msg, int fd)
{
    return sb_send_bytes(sock, msg, sizeof(*msg), fd);
}

int sb_recv(int sock, struct sb_msg *msg, int *fd)
{
    union control control = {0};
    struct iovec iov = {.iov_base = msg, .iov_len = sizeof(*msg)};
    struct msghdr hdr = {.msg_iov = &iov, .msg_iovlen = 1};

    if (fd) {
        *fd = -1;
        hdr.msg_control = control.bytes;
        hdr.msg_controllen = sizeof(control.bytes);
    }
    ssize_t n = SU_RETRY_EINTR(recvmsg(sock, &hdr, MSG_CMSG_CLOEXEC));
    /* A peer that died without reading all is told once as an error; what it had sent is still
     * to come. */
    if (n < 0 && errno == ECONNRESET)
        n = SU_RETRY_EINTR(recvmsg(sock, &hdr, MSG_CMSG_CLOEXEC));
    if (n < 0)
        return -errno;
    if (n == 0)
        return -ECONNRESET;
    const struct cmsghdr *cmsg = fd ? CMSG_FIRSTHDR(&hdr) : NULL;
    if (cmsg && cmsg->cmsg_level == SOL_SOCKET && cmsg->cmsg_type == SCM_RIGHTS &&
        cmsg->cmsg_len == CMSG_LEN(sizeof(int)))
        memcpy(fd, CMSG_DATA(cmsg), sizeof(int));
    return n == sizeof(*msg) ? 0 : -EPROTO;
}
