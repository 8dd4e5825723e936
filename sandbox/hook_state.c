/* SPDX-License-Identifier: Apache-2.0 */
/* The state document for hooks, encoded by table in two pieces. */
#include "hook_state.h"

#include <base/base.h>

#define FIELD(json, knd, member)                                                    \
    {                                                                               \
        .name = (json), .kind = (knd), .offset = offsetof(struct sb_state, member), \
        .flags = SU_F_REQUIRED                                                      \
    }
static const struct su_field head_fields[] = {
    FIELD("ociVersion", SU_K_STRING, oci_version),
    FIELD("id", SU_K_STRING, id),
};
static const struct su_field tail_fields[] = {
    FIELD("bundle", SU_K_STRING, bundle),
    FIELD("annotations", SU_K_STRING_MAP, annotations),
};
#undef FIELD

static int encode(struct su_arena *arena, const struct sb_state *state, const struct su_type *type,
                  char **out, struct su_error *err)
{
    _cleanup_free_ char *text = NULL;
    int ret = su_json_encode(type, state, 0, 0, &text, NULL, err);

    if (ret < 0)
        return ret;
    char *copy = su_arena_strdup(arena, text);
    if (!copy)
        return su_fail(err, ENOMEM, "out of memory");
    *out = copy;
    return 0;
}

int sb_hook_state_text(struct su_arena *arena, const struct sb_state *state, char **head,
                       char **tail, struct su_error *err)
{
    static const struct su_type head_type = {"hook_state_head", sizeof(struct sb_state),
                                             head_fields, SU_ARRAY_SIZE(head_fields)};
    static const struct su_type tail_type = {"hook_state_tail", sizeof(struct sb_state),
                                             tail_fields, SU_ARRAY_SIZE(tail_fields)};
    int ret = encode(arena, state, &head_type, head, err);

    if (ret == 0)
        ret = encode(arena, state, &tail_type, tail, err);
    if (ret < 0)
        return ret;
    (*head)[strlen(*head) - 1] = '\0'; /* its closing brace */
    (*tail)++;                         /* its opening one */
    return 0;
}
