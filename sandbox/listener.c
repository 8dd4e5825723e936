/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The listener of a seccomp filter on its way from init, by way of whoever lets the container go,
 * to the agent. One connection, one state, one descriptor.
 */
#include "listener.h"

#include <sys/stat.h>

#include <base/base.h>

#include "state.h"
#include "sync.h"

static const char json_path[] = "linux.seccomp.listenerPath";

bool sb_needs_listener(const struct oci_seccomp *seccomp)
{
    for (size_t i = 0; seccomp && i < seccomp->syscalls.n; i++)
        if (seccomp->syscalls.v[i].action == OCI_ACT_NOTIFY)
            return true;
    return false;
}

int sb_check_listener(const struct oci_spec *oci, struct su_error *err)
{
    const struct oci_seccomp *seccomp = oci->linux_ ? oci->linux_->seccomp : NULL;
    struct stat st;

    if (!sb_needs_listener(seccomp))
        return 0;
    if (stat(seccomp->listener_path, &st) < 0)
        return su_fail_at(err, SU_ERR_SECCOMP, errno, json_path,
                          "\"%s\": %s, expected the socket "
                          "of the agent",
                          seccomp->listener_path, strerror(errno));
    return S_ISSOCK(st.st_mode) ? 0
                                : su_fail_at(err, SU_ERR_SECCOMP, ENOTSOCK, json_path,
                                             "\"%s\" is not a socket, expected that of the agent",
                                             seccomp->listener_path);
}

/* What is not a number of ours goes through the encoder. */
struct words {
    char *oci_version, *metadata;
};

static int encode(const struct oci_spec *oci, const struct sb_hook_state *state,
                  struct su_strbuf *text, struct su_error *err)
{
    static const struct su_field fields[] = {
        {.name = "ociVersion",
         .kind = SU_K_STRING,
         .offset = offsetof(struct words, oci_version),
         .flags = SU_F_REQUIRED},
        {.name = "metadata", .kind = SU_K_STRING, .offset = offsetof(struct words, metadata)},
    };
    static const struct su_type type = {"container_process_state", sizeof(struct words), fields,
                                        SU_ARRAY_SIZE(fields)};
    const struct words words = {oci->oci_version, oci->linux_->seccomp->listener_metadata};
    _cleanup_free_ char *head = NULL;
    int ret = su_json_encode(&type, &words, 0, 0, &head, NULL, err);

    if (ret < 0)
        return ret;
    head[strlen(head) - 1] = '\0'; /* its closing brace */
    su_strbuf_printf(
        text, "%s,\"fds\":[\"seccompFd\"],\"pid\":%d,\"state\":%s,\"status\":\"%s\",\"pid\":%d,%s}",
        head, (int)state->pid, state->head, state->status, (int)state->pid, state->tail);
    return text->failed ? su_fail(err, ENOMEM, "out of memory") : 0;
}

int sb_pass_listener(const struct oci_spec *oci, const struct sb_hook_state *state, int listener_fd,
                     struct su_error *err)
{
    const char *path =
        oci->linux_ && oci->linux_->seccomp ? oci->linux_->seccomp->listener_path : NULL;
    _cleanup_(su_strbuf_free) struct su_strbuf text = {0};

    if (!path || listener_fd < 0)
        return su_fail(err, EPROTO, "the container's init sent a listener that is none");
    int ret = encode(oci, state, &text, err);
    if (ret < 0)
        return ret;
    _cleanup_fd_ int sock = sb_connect_path(path);
    if (sock < 0)
        return su_fail_at(err, SU_ERR_SECCOMP, -sock, json_path, "cannot connect to \"%s\": %s",
                          path, strerror(-sock));
    ret = sb_send_bytes(sock, text.text, text.len, listener_fd);
    return ret < 0 ? su_fail_at(err, SU_ERR_SECCOMP, -ret, json_path,
                                "cannot send the listener to \"%s\": %s", path, strerror(-ret))
                   : 0;
}
