/* SPDX-License-Identifier: Apache-2.0 */
/* spec: writes a config.json to start from. */
#include <fcntl.h>

#include "base/base.h"
#include "cgroup/cgroup.h"
#include "command.h"
#include "spec_template.h"

struct spec_flags {
    char *bundle, *cwd, *netns;
    bool rootless;
};

#define VALUE(member) offsetof(struct spec_flags, member)

/* clang-format off */
static const struct flag flags[] = {
    {"bundle", 'b', FLAG_STRING, VALUE(bundle), NULL, FLAG_ALL, "DIR", "folder to write config.json to (default: the working directory)"},
    {"cwd", 0, FLAG_STRING, VALUE(cwd), NULL, FLAG_RUNSC, "DIR", "working directory of the process (default: /)"},
    {"netns", 0, FLAG_STRING, VALUE(netns), NULL, FLAG_RUNSC, "FILE", "join this network namespace"},
    {"rootless", 0, FLAG_BOOL, VALUE(rootless), NULL, FLAG_RUNC | FLAG_CRUN, NULL, "for a user without privileges"},
};
/* clang-format on */

static bool is_cgroup_v2(struct su_arena *arena)
{
    _cleanup_error_ struct su_error ignored = {0};
    struct sb_cgroup_host host = {0};

    return sb_cgroup_probe(arena, &host, &ignored) == 0 && host.mode == SB_CGROUP_V2;
}

/* A new file only: a config.json is often the work of a day. */
static int write_config(const char *bundle, const struct su_strbuf *text, struct su_error *err)
{
    _cleanup_fd_ int dir_fd = open(bundle, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir_fd < 0)
        return su_fail(err, errno, "bundle \"%s\": cannot open it: %s", bundle,
                       strerrordesc_np(errno));
    _cleanup_fd_ int fd =
        openat(dir_fd, "config.json", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0 && errno == EEXIST)
        return su_fail(err, EEXIST, "bundle \"%s\": config.json exists already: remove it first",
                       bundle);
    if (fd < 0)
        return su_fail(err, errno, "bundle \"%s\": cannot make config.json: %s", bundle,
                       strerrordesc_np(errno));
    int rc = su_write_all(fd, text->text, text->len);
    if (rc < 0) {
        unlinkat(dir_fd, "config.json", 0);
        return su_fail(err, -rc, "bundle \"%s\": cannot write config.json: %s", bundle,
                       strerrordesc_np(-rc));
    }
    return 0;
}

static int run(const struct cmd_ctx *ctx, int argc, char **argv, struct su_error *err)
{
    const struct spec_flags *f = ctx->flags;
    _cleanup_(su_strbuf_free) struct su_strbuf text = {0};
    struct oci_spec spec;
    const struct spec_template_opts opts = {
        .cwd = f->cwd,
        .netns = f->netns,
        .args = argv,
        .n_args = (size_t)argc,
        .rootless = f->rootless,
        .uid = geteuid(),
        .gid = getegid(),
        .cgroup_namespace = is_cgroup_v2(ctx->arena),
    };

    int rc = spec_template(ctx->arena, &opts, &spec, err);
    if (rc == 0)
        rc =
            su_json_encode(&su_type_oci_spec, &spec, SU_JSON_PRETTY, 4, &text.text, &text.len, err);
    if (rc < 0)
        return rc;
    text.cap = text.len + 1;
    su_strbuf_addc(&text, '\n');
    return text.failed ? su_fail(err, ENOMEM, "out of memory")
                       : write_config(f->bundle ? f->bundle : ".", &text, err);
}

const struct command cmd_spec = {
    .name = "spec",
    .help = "write a config.json to start from",
    .usage = "[OPTION...] [[--] PROGRAM [ARGUMENT...]]",
    .run = run,
    .flags = {.flags = flags, .n_flags = SU_ARRAY_SIZE(flags), .ends_at = 1},
    .flags_size = sizeof(struct spec_flags),
    .max_args = -1,
};
