/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Standard output, and how a container is shown there. The owner's name is looked up in
 * /etc/passwd alone: the name service switch would load libraries for one word.
 */
#include "output.h"

#include <fcntl.h>
#include <stdio.h>

#include "base/base.h"

int output_write(const struct su_strbuf *text, struct su_error *err)
{
    if (text->failed)
        return su_fail(err, ENOMEM, "out of memory");
    int rc = su_write_all(STDOUT_FILENO, text->text, text->len);
    if (rc < 0)
        return su_fail(err, -rc, "cannot write to standard output: %s", strerrordesc_np(-rc));
    return 0;
}

#define FIELD(key, field_kind, member, field_flags)            \
    {                                                          \
        .name = key, .kind = field_kind, .flags = field_flags, \
        .offset = offsetof(struct container_view, member)      \
    }

static const struct su_field container_view_fields[] = {
    FIELD("ociVersion", SU_K_STRING, oci_version, SU_F_REQUIRED),
    FIELD("id", SU_K_STRING, id, SU_F_REQUIRED),
    FIELD("pid", SU_K_INT, pid, SU_F_REQUIRED),
    FIELD("status", SU_K_STRING, status, SU_F_REQUIRED),
    FIELD("bundle", SU_K_STRING, bundle, SU_F_REQUIRED),
    FIELD("rootfs", SU_K_STRING, rootfs, SU_F_RUNTIME),
    FIELD("created", SU_K_STRING, created, SU_F_RUNTIME),
    FIELD("annotations", SU_K_STRING_MAP, annotations, 0),
    FIELD("owner", SU_K_STRING, owner, SU_F_RUNTIME),
    FIELD("sandbox", SU_K_STRING, sandbox, SU_F_RUNTIME),
};

const struct su_type type_container_view = {
    .name = "container_view",
    .size = sizeof(struct container_view),
    .fields = container_view_fields,
    .n_fields = SU_ARRAY_SIZE(container_view_fields),
};

/* The name of uid in the text of /etc/passwd, in arena; NULL: none. */
static char *find_user(struct su_arena *arena, const char *passwd, uid_t uid)
{
    char wanted[sizeof(":4294967295:")];

    snprintf(wanted, sizeof(wanted), ":%u:", (unsigned)uid);
    for (const char *line = passwd; *line;) {
        size_t len = strcspn(line, "\n"), name_len = strcspn(line, ":\n");
        /* name:password:uid: */
        const char *password = line + name_len + (line[name_len] == ':');
        const char *id = password + strcspn(password, ":\n");
        if (name_len > 0 && su_has_prefix(id, wanted))
            return su_arena_strndup(arena, line, name_len);
        line += len + (line[len] == '\n');
    }
    return NULL;
}

static char *owner_name(struct su_arena *arena, uid_t uid)
{
    _cleanup_free_ char *passwd = NULL;

    if (uid == 0)
        return su_arena_strdup(arena, "root");
    if (su_read_file_at(AT_FDCWD, "/etc/passwd", 1 << 20, &passwd, NULL) == 0) {
        char *name = find_user(arena, passwd, uid);
        if (name)
            return name;
    }
    return su_arena_printf(arena, "#%u", (unsigned)uid);
}

int container_view_make(struct su_arena *arena, const struct sb_container *c,
                        struct container_view *view, struct su_error *err)
{
    *view = (struct container_view){
        .oci_version = c->oci_version,
        .id = c->id,
        .pid = c->pid,
        .status = su_arena_strdup(arena, sb_status_name(c->status)),
        .bundle = c->bundle,
        .rootfs = c->rootfs,
        .created = c->created,
        .owner = owner_name(arena, c->owner),
        .sandbox = c->sandbox_id,
    };
    view->annotations.v = c->annotations.v;
    view->annotations.n = c->annotations.n;
    if (!view->status || !view->owner)
        return su_fail(err, ENOMEM, "out of memory");
    return 0;
}
