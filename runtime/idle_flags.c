/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Global options of other runtimes that say how *they* work inside: system call interception,
 * file server, user-space network, old switches. Callers pass them to any runtime, so they are
 * known here and do nothing. Whatever is in no table is an error.
 */
#include "globals.h"

#include "base/base.h"

#define IDLE(name)                                          \
    {                                                       \
        name, 0, FLAG_IDLE, 0, NULL, FLAG_RUNSC, NULL, NULL \
    }
#define IDLE_VALUE(name)                                          \
    {                                                             \
        name, 0, FLAG_IDLE_VALUE, 0, NULL, FLAG_RUNSC, NULL, NULL \
    }

/* clang-format off */
static const struct flag flags[] = {
    {"criu", 0, FLAG_IDLE_VALUE, 0, NULL, FLAG_RUNC, NULL, NULL},
    IDLE("EXPERIMENTAL-afxdp"),
    IDLE_VALUE("EXPERIMENTAL-xdp"),
    IDLE("EXPERIMENTAL-xdp-need-wakeup"),
    IDLE("app-huge-pages"),
    IDLE("buffer-pooling"),
    IDLE("cgroupfs"),
    IDLE_VALUE("character-device-policy"),
    IDLE("cpu-num-from-quota"),
    IDLE_VALUE("dcache"),
    IDLE("enable-core-tags"),
    IDLE_VALUE("fdlimit"),
    IDLE_VALUE("file-access"),
    IDLE_VALUE("file-access-mounts"),
    IDLE("fsgofer-host-uds"),
    IDLE("fuse"),
    IDLE("gso"),
    IDLE("gvisor-gro"),
    IDLE_VALUE("host-fifo"),
    IDLE_VALUE("host-settings"),
    IDLE("iouring"),
    IDLE("lisafs"),
    IDLE("log-packets"),
    IDLE("net-disconnect-ok"),
    IDLE_VALUE("network-processors-per-channel"),
    IDLE_VALUE("num-network-channels"),
    IDLE_VALUE("nvproxy-driver-version"),
    IDLE("overlay"),
    IDLE_VALUE("panic-log"),
    IDLE_VALUE("panic-signal"),
    IDLE_VALUE("pcap-log"),
    IDLE_VALUE("platform_device_path"),
    IDLE_VALUE("pod-init-config"),
    IDLE_VALUE("qdisc"),
    IDLE_VALUE("ref-leak-mode"),
    IDLE("reproduce-nat"),
    IDLE("reproduce-nftables"),
    IDLE("rx-checksum-offload"),
    IDLE("software-gso"),
    IDLE("strace"),
    IDLE("strace-event"),
    IDLE_VALUE("strace-log-size"),
    IDLE_VALUE("strace-syscalls"),
    IDLE("tx-checksum-offload"),
    IDLE("vfs2"),
    IDLE_VALUE("watchdog-action"),
};
/* clang-format on */

const struct flag_set idle_global_flags = {.flags = flags, .n_flags = SU_ARRAY_SIZE(flags)};
