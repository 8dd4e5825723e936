/* SPDX-License-Identifier: Apache-2.0 */
/* Loopback up: one netlink message and its answer, on the stack. */
#include "net.h"

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include <base/base.h>

enum { LOOPBACK_INDEX = 1, BUFFER_BYTES = 256 };

int sb_loopback_up(void)
{
    char buf[BUFFER_BYTES] __attribute__((aligned(NLMSG_ALIGNTO)));
    struct nlmsghdr *head = mnl_nlmsg_put_header(buf);

    head->nlmsg_type = RTM_NEWLINK;
    head->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
    struct ifinfomsg *link = mnl_nlmsg_put_extra_header(head, sizeof(*link));
    link->ifi_family = AF_UNSPEC;
    link->ifi_index = LOOPBACK_INDEX;
    link->ifi_flags = IFF_UP;
    link->ifi_change = IFF_UP;

    _cleanup_fd_ int sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (sock < 0 || SU_RETRY_EINTR(send(sock, head, head->nlmsg_len, 0)) < 0)
        return -errno;
    ssize_t n = SU_RETRY_EINTR(recv(sock, buf, sizeof(buf), 0));
    if (n < 0)
        return -errno;
    head = (struct nlmsghdr *)buf;
    if (!mnl_nlmsg_ok(head, (int)n) || head->nlmsg_type != NLMSG_ERROR)
        return -EPROTO;
    return ((const struct nlmsgerr *)mnl_nlmsg_get_payload(head))->error;
}
