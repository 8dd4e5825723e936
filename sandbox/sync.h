/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the builder and the container's init talk: fixed-size messages over a SOCK_SEQPACKET
 * pair; the peer's death is an end of file. The same messages go over the socket by which
 * sb_start() reaches an init that waits.
 */
#ifndef SB_SYNC_H
#define SB_SYNC_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum sb_msg_kind {
    SB_MSG_MAPPED = 1, /* builder: id maps are written */
    SB_MSG_FORKED,     /* init's parent: value is the pid of the real init */
    SB_MSG_MOUNTED,    /* init: mounts are made, waiting for the builder's hooks */
    SB_MSG_CONTINUE,   /* builder: hooks have run; value and extra as of SB_MSG_GO */
    SB_MSG_READY,      /* init: all set up but the process itself */
    SB_MSG_GO,         /* builder or start: run the process; value is init's pid as they see it,
                          extra what it ignores (struct sb_proc) */
    SB_MSG_MASTER,     /* init: the terminal's master comes along as an fd */
    SB_MSG_LISTENER,   /* init: the listener of its seccomp filter comes along as an fd */
    SB_MSG_ERROR,      /* init: step, index and value (errno) say what failed */
};

/* What init was doing when it failed; report.c has the words for each. */
enum sb_step {
    SB_STEP_NONE,
    SB_STEP_SYNC,
    SB_STEP_IDS,
    SB_STEP_JOIN, /* index: linux.namespaces */
    SB_STEP_UNSHARE,
    SB_STEP_TIME_OFFSETS,
    SB_STEP_ROOT_PRIVATE,
    SB_STEP_ROOTFS,
    SB_STEP_MOUNT_SOURCE, /* index: mounts, here and below */
    SB_STEP_MOUNT_TARGET,
    SB_STEP_MOUNT_FSTYPE,
    SB_STEP_MOUNT_OPTION, /* extra: the option's index */
    SB_STEP_MOUNT,
    SB_STEP_MOUNT_ATTR,
    SB_STEP_MOUNT_IDMAP,
    SB_STEP_MOUNT_PROPAGATION,
    SB_STEP_MOUNT_COPYUP,
    SB_STEP_MOUNT_PROC,
    SB_STEP_DEVICE, /* index: of the plan's devices */
    SB_STEP_DEV_LINK,
    SB_STEP_HOOK, /* index: hook, extra: kind; value: see hooks.h */
    SB_STEP_SYSCTL,
    SB_STEP_HOSTNAME,
    SB_STEP_DOMAINNAME,
    SB_STEP_LOOPBACK,
    SB_STEP_PIVOT,
    SB_STEP_READONLY_PATH,
    SB_STEP_MASKED_PATH,
    SB_STEP_ROOT_READONLY,
    SB_STEP_ROOT_PROPAGATION,
    SB_STEP_TERMINAL,
    SB_STEP_CONSOLE,
    SB_STEP_KEYRING,
    SB_STEP_CWD,
    SB_STEP_CWD_OUTSIDE,
    SB_STEP_EXECUTABLE, /* extra: 1 if it was looked up in PATH */
    SB_STEP_EXECUTABLE_SELF,
    SB_STEP_RLIMIT,
    SB_STEP_OOM_SCORE,
    SB_STEP_SCHEDULER,
    SB_STEP_IO_PRIORITY,
    SB_STEP_MEMORY_POLICY,
    SB_STEP_PERSONALITY,
    SB_STEP_LSM,
    SB_STEP_GROUPS,
    SB_STEP_USER,
    SB_STEP_CAPABILITIES,
    SB_STEP_NO_NEW_PRIVS,
    SB_STEP_SECCOMP,
    SB_STEP_EXEC,
    SB_STEP_COUNT,
};

enum { SB_MSG_TEXT_BYTES = 512 };

struct sb_msg {
    uint32_t kind;  /* enum sb_msg_kind */
    uint32_t step;  /* enum sb_step */
    uint32_t index; /* of the plan's or spec's list that the step works on */
    uint32_t extra;
    int32_t value; /* errno, or a pid; of a hook: negative, a status of waitpid(2) */
    uint32_t n_text;
    char text[SB_MSG_TEXT_BYTES]; /* the end of what a failed hook printed */
};

/* Sends len bytes, with fd (-1: none) along with the first. Never raises SIGPIPE. 0 or -errno. */
int sb_send_bytes(int sock, const void *bytes, size_t len, int fd);
/* Sends msg, with fd (-1: none) along. Never raises SIGPIPE. 0 or -errno. */
int sb_send(int sock, const struct sb_msg *msg, int fd);
/* Receives one message, and an fd that came along into *fd (NULL: refused). 0, -ECONNRESET at
 * the end of file, -EPROTO for anything malformed. Blocks. */
int sb_recv(int sock, struct sb_msg *msg, int *fd);

#endif
