/* SPDX-License-Identifier: Apache-2.0 */
/* Looks for members that the specification requires and that a struct lacks, at any depth. */
#include "json_decoder.h"

/* The way to an object: a list on the stack, from the innermost part outwards. */
struct way {
    const struct way *outer;
    const struct su_field *field;
    const char *key; /* of a map's element */
    size_t index;    /* of a list's element */
};

static int check_object(const struct su_type *t, const char *object, const struct way *outer,
                        struct su_error *err);

static void add_way(struct su_strbuf *sb, const struct way *way)
{
    if (!way)
        return;
    add_way(sb, way->outer);
    json_add_key(sb, way->field->name, false);
    if (way->key)
        json_add_key(sb, way->key, true);
    else if (way->field->kind == SU_K_OBJECT_LIST)
        su_strbuf_printf(sb, "[%zu]", way->index);
}

static int missing(const struct way *outer, const struct su_field *field, struct su_error *err)
{
    _cleanup_(su_strbuf_free) struct su_strbuf path = {0};

    add_way(&path, outer);
    json_add_key(&path, field->name, false);
    return su_fail_at(err, SU_ERR_SPEC, EINVAL, path.failed ? NULL : path.text,
                      "missing, expected %s", json_kind_noun(field->kind));
}

static int check_elements(const struct su_field *field, const char *member, const struct way *outer,
                          struct su_error *err)
{
    const char *v = json_pointer_at(member);
    size_t n;

    memcpy(&n, member + sizeof(v), sizeof(n));
    for (size_t i = 0; i < n; i++) {
        const char *element = v + i * field->type->size;
        const char *key = field->kind == SU_K_OBJECT_MAP ? json_pointer_at(element) : NULL;
        const struct way way = {outer, field, key, i};
        int rc = check_object(field->type, element, &way, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int check_member(const struct su_field *field, const char *member, const struct way *outer,
                        struct su_error *err)
{
    bool is_scalar = field->kind >= SU_K_BOOL && field->kind <= SU_K_ENUM;

    if (is_scalar && !(field->flags & SU_F_PTR))
        return 0;
    const char *pointer = field->flags & SU_F_INLINE ? member : json_pointer_at(member);
    if (!pointer)
        return field->flags & SU_F_REQUIRED ? missing(outer, field, err) : 0;
    if (field->kind == SU_K_OBJECT) {
        const struct way way = {outer, field, NULL, 0};
        return check_object(field->type, pointer, &way, err);
    }
    if (field->kind == SU_K_OBJECT_LIST || field->kind == SU_K_OBJECT_MAP)
        return check_elements(field, member, outer, err);
    return 0;
}

static int check_object(const struct su_type *t, const char *object, const struct way *outer,
                        struct su_error *err)
{
    for (size_t i = 0; i < t->n_fields; i++) {
        int rc = check_member(&t->fields[i], object + t->fields[i].offset, outer, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

int su_json_check_required(const struct su_type *t, const void *obj, struct su_error *err)
{
    return check_object(t, obj, NULL, err);
}
