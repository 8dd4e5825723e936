/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks the field tables beside the specification's JSON schema: every property has a row and
 * every row a property; kind, words, range and "required" agree. Where the tables differ on
 * purpose, the difference stands in a table here, with its reason.
 */
#include <check.h>
#include <fcntl.h>
#include <yajl/yajl_tree.h>
#include <specutils/specutils.h>

#include "base/base.h"

#define SCHEMA TEST_SHARED "/oci/schema/"

/* The schema's files, parsed once. */
static struct {
    char *name;
    yajl_val root;
} files[32];
static size_t n_files, n_rows, n_words;

static yajl_val file_root(const char *name, size_t len)
{
    for (size_t i = 0; i < n_files; i++)
        if (strlen(files[i].name) == len && memcmp(files[i].name, name, len) == 0)
            return files[i].root;
    _cleanup_free_ char *path = NULL, *text = NULL;
    ck_assert_int_ge(asprintf(&path, SCHEMA "%.*s", (int)len, name), 0);
    ck_assert_msg(su_read_file_at(AT_FDCWD, path, 1 << 20, &text, NULL) == 0, "%s", path);
    files[n_files].name = strndup(name, len);
    files[n_files].root = yajl_tree_parse(text, NULL, 0);
    ck_assert_msg(files[n_files].root, "%s is not JSON", path);
    return files[n_files++].root;
}

static yajl_val member(yajl_val object, const char *name)
{
    for (size_t i = 0; YAJL_IS_OBJECT(object) && i < object->u.object.len; i++)
        if (su_streq(object->u.object.keys[i], name))
            return object->u.object.values[i];
    return NULL;
}

/* A place in the schema: a node, and the file that its references are relative to. */
struct node {
    yajl_val value, root;
};

/* Follows $ref as far as it goes. */
static struct node resolve(struct node node)
{
    for (;;) {
        yajl_val ref = member(node.value, "$ref");
        if (!ref)
            return node;
        const char *text = YAJL_GET_STRING(ref), *hash = strchr(text, '#');
        if (hash > text)
            node.root = file_root(text, (size_t)(hash - text));
        node.value = node.root;
        for (const char *p = hash + 1; *p == '/';) {
            size_t len = strcspn(++p, "/");
            _cleanup_free_ char *part = strndup(p, len);
            node.value = member(node.value, part);
            ck_assert_msg(node.value, "%s leads nowhere", text);
            p += len;
        }
    }
}

/* The properties of an object, through allOf and anyOf. */
struct properties {
    struct {
        const char *name;
        struct node node;
    } v[64];
    size_t n;
    const char *required[64];
    size_t n_required;
};

static void collect(struct node node, struct properties *out)
{
    static const char *const combiners[] = {"allOf", "anyOf"};

    node = resolve(node);
    yajl_val properties = member(node.value, "properties"), required;
    for (size_t i = 0; properties && i < properties->u.object.len; i++) {
        out->v[out->n].name = properties->u.object.keys[i];
        out->v[out->n++].node = (struct node){properties->u.object.values[i], node.root};
    }
    required = member(node.value, "required");
    for (size_t i = 0; required && i < required->u.array.len; i++)
        out->required[out->n_required++] = YAJL_GET_STRING(required->u.array.values[i]);
    for (size_t c = 0; c < SU_ARRAY_SIZE(combiners); c++) {
        yajl_val parts = member(node.value, combiners[c]);
        for (size_t i = 0; parts && i < parts->u.array.len; i++)
            collect((struct node){parts->u.array.values[i], node.root}, out);
    }
}

/* Differences that are meant. */
static const struct {
    const char *place; /* table.field */
    enum { REQUIRED_DIFFERS, RANGE_DIFFERS, NO_WORDS } what;
    const char *reason;
} differences[] = {
    {"oci_user.uid", REQUIRED_DIFFERS, "config.md: REQUIRED"},
    {"oci_user.gid", REQUIRED_DIFFERS, "config.md: REQUIRED"},
    {"oci_io_priority.priority", REQUIRED_DIFFERS, "config.md: REQUIRED"},
    {"oci_throttle_device.rate", REQUIRED_DIFFERS, "config-linux.md: REQUIRED"},
    {"oci_memory_policy.mode", REQUIRED_DIFFERS, "config-linux.md: REQUIRED"},
    {"oci_personality.domain", REQUIRED_DIFFERS, "config-linux.md: REQUIRED"},
    {"oci_pids.limit", REQUIRED_DIFFERS, "config-linux.md 1.3: OPTIONAL"},
    {"oci_linux_device.fileMode", RANGE_DIFFERS, "engines write the type's bits too"},
    {"oci_linux.rootfsPropagation", NO_WORDS, "checked by su_validate_spec, by flavor"},
    {"oci_seccomp.architectures", NO_WORDS, "names are checked by su_seccomp_build"},
};

static bool is_meant(const char *type, const char *field, int what)
{
    _cleanup_free_ char *place = NULL;

    ck_assert_int_ge(asprintf(&place, "%s.%s", type, field), 0);
    for (size_t i = 0; i < SU_ARRAY_SIZE(differences); i++)
        if (su_streq(differences[i].place, place) && (int)differences[i].what == what)
            return true;
    return false;
}

static const char *schema_type(struct node node)
{
    yajl_val type = member(node.value, "type");

    return type ? YAJL_GET_STRING(type) : member(node.value, "allOf") ? "object" : "";
}

static void check_words(const char *place, struct node node, const struct su_enum *names)
{
    yajl_val words = member(node.value, "enum"), pattern = member(node.value, "pattern");

    if (!words) {
        /* Types of devices and limits are given by a pattern, of device rules by nothing. */
        if (pattern && su_streq(YAJL_GET_STRING(pattern), "^RLIMIT_[A-Z]+$"))
            for (; names->name; names++)
                ck_assert_msg(su_has_prefix(names->name, "RLIMIT_"), "%s", place);
        return;
    }
    size_t n = 0;
    for (; names[n].name; n++, n_words++) {
        bool found = false;
        for (size_t i = 0; i < words->u.array.len; i++)
            found |= su_streq(YAJL_GET_STRING(words->u.array.values[i]), names[n].name);
        ck_assert_msg(found, "%s: \"%s\" is not in the schema", place, names[n].name);
    }
    for (size_t i = 0; i < words->u.array.len; i++) {
        int value;
        const char *word = YAJL_GET_STRING(words->u.array.values[i]);
        ck_assert_msg(su_enum_value(names, word, &value), "%s: \"%s\" has no row", place, word);
        ck_assert_str_eq(su_enum_name(names, value), word);
    }
    ck_assert_uint_eq(n, words->u.array.len);
}

/* The row's range must lie within the schema's. */
static void check_range(const char *place, struct node node, const struct su_field *field)
{
    static const struct {
        enum su_kind kind;
        long double min, max;
    } ranges[] = {
        {SU_K_INT, INT32_MIN, INT32_MAX}, {SU_K_INT64, INT64_MIN, INT64_MAX},
        {SU_K_UINT16, 0, UINT16_MAX},     {SU_K_UINT32, 0, UINT32_MAX},
        {SU_K_UINT64, 0, UINT64_MAX},
    };
    yajl_val min = member(node.value, "minimum"), max = member(node.value, "maximum");
    long double low = 0, high = 0;

    for (size_t i = 0; i < SU_ARRAY_SIZE(ranges); i++) {
        if (ranges[i].kind == field->kind) {
            low = ranges[i].min;
            high = ranges[i].max;
        }
    }
    ck_assert_msg(high > 0, "%s: not a number", place);
    if (field->min != 0 || field->max != 0) {
        ck_assert_msg(field->min >= low && field->max <= high, "%s: wider than its kind", place);
        low = field->min;
        high = field->max;
    }
    if (min)
        ck_assert_msg(low >= strtold(YAJL_GET_NUMBER(min), NULL), "%s: minimum", place);
    if (max)
        ck_assert_msg(high <= strtold(YAJL_GET_NUMBER(max), NULL), "%s: maximum", place);
}

static void check_type(const struct su_type *type, struct node node);

static struct node items(struct node node)
{
    yajl_val value = member(node.value, "items");

    ck_assert_ptr_nonnull(value);
    return resolve((struct node){value, node.root});
}

/* An object whose keys are free, or, for clocks, are listed. */
static void check_map(const char *place, const struct su_field *field, struct node node)
{
    yajl_val additional = member(node.value, "additionalProperties");

    ck_assert_str_eq(schema_type(node), "object");
    if (field->kind == SU_K_STRING_MAP) {
        yajl_val patterns = member(node.value, "patternProperties");
        ck_assert_msg(patterns && patterns->u.object.len == 1, "%s", place);
        ck_assert_str_eq(YAJL_GET_STRING(member(patterns->u.object.values[0], "type")), "string");
        return;
    }
    if (additional) {
        check_type(field->type, (struct node){additional, node.root});
        return;
    }
    yajl_val properties = member(node.value, "properties");
    ck_assert_msg(properties && properties->u.object.len > 0, "%s", place);
    for (size_t i = 0; i < properties->u.object.len; i++)
        check_type(field->type, (struct node){properties->u.object.values[i], node.root});
}

static void check_list(const char *place, const struct su_field *field, struct node node,
                       bool words_differ)
{
    struct node item = items(node);

    ck_assert_msg(su_streq(schema_type(node), "array"), "%s: not a list", place);
    switch (field->kind) {
    case SU_K_OBJECT_LIST:
        check_type(field->type, item);
        break;
    case SU_K_UINT32_LIST:
        ck_assert_str_eq(schema_type(item), "integer");
        ck_assert_str_eq(YAJL_GET_NUMBER(member(item.value, "maximum")), "4294967295");
        break;
    case SU_K_ENUM_LIST:
        check_words(place, item, field->names);
        break;
    default:
        ck_assert_int_eq(field->kind, SU_K_STRING_LIST);
        ck_assert_str_eq(schema_type(item), "string");
        ck_assert_msg(words_differ == !!member(item.value, "enum"), "%s: words", place);
    }
}

static void check_field(const struct su_type *type, const struct su_field *field, struct node node)
{
    _cleanup_free_ char *place = NULL;

    ck_assert_int_ge(asprintf(&place, "%s.%s", type->name, field->name), 0);
    n_rows++;
    node = resolve(node);
    const char *json_type = schema_type(node);
    bool words_differ = is_meant(type->name, field->name, NO_WORDS);
    switch (field->kind) {
    case SU_K_STRING:
        ck_assert_msg(su_streq(json_type, "string"), "%s: %s", place, json_type);
        ck_assert_msg(words_differ == !!member(node.value, "enum"), "%s: words", place);
        break;
    case SU_K_ENUM:
        ck_assert_msg(su_streq(json_type, "string"), "%s: %s", place, json_type);
        check_words(place, node, field->names);
        break;
    case SU_K_BOOL:
        ck_assert_msg(su_streq(json_type, "boolean"), "%s: %s", place, json_type);
        break;
    case SU_K_RAW:
        ck_assert_msg(field->flags & SU_F_NOT_LINUX, "%s", place);
        break;
    case SU_K_OBJECT:
        check_type(field->type, node);
        break;
    case SU_K_STRING_MAP:
    case SU_K_OBJECT_MAP:
        check_map(place, field, node);
        break;
    case SU_K_ENUM_LIST:
    case SU_K_STRING_LIST:
    case SU_K_UINT32_LIST:
    case SU_K_OBJECT_LIST:
        check_list(place, field, node, words_differ);
        break;
    default:
        ck_assert_msg(su_streq(json_type, "integer"), "%s: %s", place, json_type);
        if (!is_meant(type->name, field->name, RANGE_DIFFERS))
            check_range(place, node, field);
    }
}

static void check_type(const struct su_type *type, struct node node)
{
    struct properties properties = {0};

    collect(node, &properties);
    ck_assert_uint_le(type->n_fields, 64);
    for (size_t i = 0; i < type->n_fields; i++) {
        const struct su_field *field = &type->fields[i];
        struct node *found = NULL;
        for (size_t k = 0; k < properties.n; k++)
            if (su_streq(properties.v[k].name, field->name))
                found = &properties.v[k].node;
        ck_assert_msg(found, "%s.%s is not in the schema", type->name, field->name);
        bool required = false;
        for (size_t k = 0; k < properties.n_required; k++)
            required |= su_streq(properties.required[k], field->name);
        bool differs = required != !!(field->flags & SU_F_REQUIRED);
        ck_assert_msg(differs == is_meant(type->name, field->name, REQUIRED_DIFFERS),
                      "%s.%s: required", type->name, field->name);
        check_field(type, field, *found);
    }
    for (size_t k = 0; k < properties.n; k++) {
        bool found = false;
        for (size_t i = 0; i < type->n_fields; i++)
            found |= su_streq(properties.v[k].name, type->fields[i].name);
        ck_assert_msg(found, "%s.%s has no row", type->name, properties.v[k].name);
    }
}

START_TEST(tables_and_schema_say_the_same)
{
    yajl_val root = file_root("config-schema.json", strlen("config-schema.json"));

    check_type(&su_type_oci_spec, (struct node){root, root});
    /* The walk must have walked. */
    ck_assert_uint_ge(n_rows, 190);
    ck_assert_uint_ge(n_words, 40);
    for (size_t i = 0; i < n_files; i++) {
        free(files[i].name);
        yajl_tree_free(files[i].root);
    }
}
END_TEST

/* No two rows of a table may share a name, a place in the struct, or lie outside of it. */
static void check_layout(const struct su_type *type)
{
    for (size_t i = 0; i < type->n_fields; i++) {
        const struct su_field *field = &type->fields[i];
        ck_assert_msg(field->offset < type->size, "%s.%s", type->name, field->name);
        for (size_t k = 0; k < i; k++) {
            ck_assert_str_ne(type->fields[k].name, field->name);
            ck_assert_msg(type->fields[k].offset != field->offset, "%s.%s", type->name,
                          field->name);
        }
        if (field->type)
            check_layout(field->type);
    }
}

START_TEST(rows_do_not_share_names_or_members)
{
    check_layout(&su_type_oci_spec);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("spec tables");
    TCase *tcase = tcase_create("tables");
    bool has_schema = access(SCHEMA "config-schema.json", R_OK) == 0;

    tcase_add_test(tcase, rows_do_not_share_names_or_members);
    if (has_schema)
        tcase_add_test(tcase, tables_and_schema_say_the_same);
    else
        fprintf(stderr, "SKIP tables_and_schema_say_the_same: no schema in %s\n", SCHEMA);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
