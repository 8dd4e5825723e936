/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The JSON engine by itself, with a table of its own that has every kind of field. Documents are
 * written with ' for " to stay readable.
 */
#include <check.h>
#include <specutils/specutils.h>

#include "base/base.h"

struct inner {
    char *name;
    uint32_t *id;
};

struct keyed {
    char *key;
    int64_t value;
};

struct thing {
    char *text;
    bool flag;
    bool *maybe_flag;
    int small;
    int *maybe_small;
    int64_t big;
    uint16_t u16;
    uint32_t u32;
    uint64_t u64;
    uint64_t *maybe_u64;
    int colour;
    int shape;
    OCI_LIST(int) colours;
    struct su_strv strings;
    OCI_LIST(uint32_t) ids;
    OCI_LIST(struct oci_pair) map;
    struct inner *object;
    struct inner inlined;
    OCI_LIST(struct inner) objects;
    OCI_LIST(struct keyed) keyed;
    char *raw;
};

enum { RED = 1, GREEN, BLUE };

static const struct su_enum colours[] = {
    {"red", RED},
    {"green", GREEN},
    {"blue", BLUE},
    {NULL, 0},
};

static const struct su_field inner_fields[] = {
    {.name = "name",
     .kind = SU_K_STRING,
     .flags = SU_F_REQUIRED,
     .offset = offsetof(struct inner, name)},
    {.name = "id", .kind = SU_K_UINT32, .flags = SU_F_PTR, .offset = offsetof(struct inner, id)},
};
static const struct su_type inner_type = {"inner", sizeof(struct inner), inner_fields, 2};
static const struct su_field optional_inner_fields[] = {
    {.name = "name", .kind = SU_K_STRING, .offset = offsetof(struct inner, name)},
    {.name = "id", .kind = SU_K_UINT32, .flags = SU_F_PTR, .offset = offsetof(struct inner, id)},
};
static const struct su_type optional_inner_type = {"inner", sizeof(struct inner),
                                                   optional_inner_fields, 2};

static const struct su_field keyed_fields[] = {
    {.name = "value",
     .kind = SU_K_INT64,
     .flags = SU_F_REQUIRED,
     .offset = offsetof(struct keyed, value)},
};
static const struct su_type keyed_type = {"keyed", sizeof(struct keyed), keyed_fields, 1};

#define FIELD(json, k, member, ...)                                                      \
    {                                                                                    \
        .name = json, .kind = k, .offset = offsetof(struct thing, member), ##__VA_ARGS__ \
    }
#define OPTIONAL .flags = SU_F_PTR
#define COLOURS .names = colours, .what = "a colour"

static const struct su_field thing_fields[] = {
    FIELD("text", SU_K_STRING, text),
    FIELD("flag", SU_K_BOOL, flag),
    FIELD("maybeFlag", SU_K_BOOL, maybe_flag, OPTIONAL),
    FIELD("small", SU_K_INT, small),
    FIELD("maybeSmall", SU_K_INT, maybe_small, OPTIONAL, .min = -5, .max = 5),
    FIELD("big", SU_K_INT64, big),
    FIELD("u16", SU_K_UINT16, u16),
    FIELD("u32", SU_K_UINT32, u32),
    FIELD("u64", SU_K_UINT64, u64),
    FIELD("maybeU64", SU_K_UINT64, maybe_u64, OPTIONAL),
    FIELD("colour", SU_K_ENUM, colour, COLOURS),
    FIELD("shape", SU_K_ENUM, shape, COLOURS, .absent = BLUE),
    FIELD("colours", SU_K_ENUM_LIST, colours, COLOURS),
    FIELD("strings", SU_K_STRING_LIST, strings),
    FIELD("ids", SU_K_UINT32_LIST, ids),
    FIELD("map", SU_K_STRING_MAP, map),
    FIELD("object", SU_K_OBJECT, object, .type = &inner_type),
    FIELD("inlined", SU_K_OBJECT, inlined, .flags = SU_F_INLINE, .type = &optional_inner_type),
    FIELD("objects", SU_K_OBJECT_LIST, objects, .type = &inner_type),
    FIELD("keyed", SU_K_OBJECT_MAP, keyed, .type = &keyed_type),
    FIELD("raw", SU_K_RAW, raw),
};
static const struct su_type thing_type = {"thing", sizeof(struct thing), thing_fields,
                                          SU_ARRAY_SIZE(thing_fields)};

/* What the library logged. */
static struct {
    size_t n;
    char first[200], last[200];
} logged;

static void log_sink(void *arg, enum su_log_level level, const char *msg)
{
    (void)arg;
    (void)level;
    if (logged.n++ == 0)
        snprintf(logged.first, sizeof(logged.first), "%s", msg);
    snprintf(logged.last, sizeof(logged.last), "%s", msg);
}

static struct su_arena arena;
static struct su_error err;
static struct thing thing;

static void setup(void)
{
    memset(&logged, 0, sizeof(logged));
    memset(&thing, 0, sizeof(thing));
    su_log_set_sink(log_sink, NULL, SU_LOG_WARNING);
}

static void teardown(void)
{
    su_error_clear(&err);
    su_arena_free(&arena);
    su_log_set_sink(NULL, NULL, SU_LOG_ERROR);
}

/* Decodes a copy that has no NUL behind it, so that reading too far is seen by the sanitizer. */
static int decode_bytes(const char *bytes, size_t len)
{
    char *copy = malloc(len ? len : 1);
    memcpy(copy, bytes, len);
    su_error_clear(&err);
    memset(&thing, 0, sizeof(thing));
    int rc = su_json_decode(&thing_type, copy, len, &arena, &thing, &err);
    free(copy);
    return rc;
}

static int decode(const char *text)
{
    char *copy = strdup(text);
    for (char *p = copy; *p; p++)
        *p = *p == '\'' ? '"' : *p;
    int rc = decode_bytes(copy, strlen(copy));
    free(copy);
    return rc;
}

static void decode_ok(const char *text)
{
    int rc = decode(text);
    ck_assert_msg(rc == 0, "%s: %s", text, rc ? su_error_text(&err) : "");
}

static void assert_encodes(const char *expected)
{
    char *text, *wanted = strdup(expected);
    for (char *p = wanted; *p; p++)
        *p = *p == '\'' ? '"' : *p;
    ck_assert_int_eq(su_json_encode(&thing_type, &thing, 0, 0, &text, NULL, &err), 0);
    ck_assert_str_eq(text, wanted);
    free(text);
    free(wanted);
}

START_TEST(every_kind_of_field_is_decoded_and_encoded)
{
    const char *text =
        "{'text':'t','flag':true,'maybeFlag':false,'small':-2147483648,'maybeSmall':0,"
        "'big':-9223372036854775808,'u16':65535,'u32':4294967295,'u64':18446744073709551615,"
        "'maybeU64':0,'colour':'green','colours':['red','blue'],'strings':['a','','c'],"
        "'ids':[0,4294967295],'map':{'k':'v','':'w'},'object':{'name':'n','id':7},"
        "'inlined':{'name':'m'},'objects':[{'name':'x'},{'name':'y','id':0}],"
        "'keyed':{'one':{'value':1},'two':{'value':-2}},'raw':{'a':[1,{'b':null}],'c':'}'}}";

    decode_ok(text);
    ck_assert_str_eq(thing.text, "t");
    ck_assert(thing.flag && thing.maybe_flag && !*thing.maybe_flag);
    ck_assert_int_eq(thing.small, INT32_MIN);
    ck_assert(thing.maybe_small && *thing.maybe_small == 0);
    ck_assert(thing.big == INT64_MIN && thing.u64 == UINT64_MAX);
    ck_assert(thing.u16 == UINT16_MAX && thing.u32 == UINT32_MAX);
    ck_assert_int_eq(thing.colour, GREEN);
    ck_assert_int_eq(thing.shape, BLUE);
    ck_assert(thing.colours.n == 2 && thing.colours.v[1] == BLUE);
    ck_assert(thing.strings.n == 3 && thing.strings.v[3] == NULL);
    ck_assert(thing.ids.n == 2 && thing.ids.v[1] == UINT32_MAX);
    ck_assert(thing.map.n == 2 && *thing.map.v[1].key == '\0');
    ck_assert(*thing.object->id == 7 && !thing.inlined.id);
    ck_assert_str_eq(thing.objects.v[1].name, "y");
    ck_assert_str_eq(thing.keyed.v[1].key, "two");
    ck_assert_int_eq(thing.keyed.v[1].value, -2);
    assert_encodes(text);
}
END_TEST

START_TEST(absent_null_and_empty_are_told_apart)
{
    decode_ok("{'text':null,'strings':null,'map':null,'object':null,'raw':null,'flag':null}");
    ck_assert(!thing.text && !thing.strings.v && !thing.map.v && !thing.object && !thing.raw);
    assert_encodes("{'inlined':{}}");
    decode_ok("{'text':'','strings':[],'colours':[],'ids':[],'map':{},'objects':[],'keyed':{},"
              "'raw':{}}");
    ck_assert(thing.text && thing.strings.v && thing.colours.v && thing.ids.v && thing.map.v);
    ck_assert(thing.objects.v && thing.keyed.v && thing.raw && !thing.strings.v[0]);
    assert_encodes("{'text':'','colours':[],'strings':[],'ids':[],'map':{},'inlined':{},"
                   "'objects':[],'keyed':{},'raw':{}}");
}
END_TEST

START_TEST(null_in_a_map_reads_as_an_absent_key)
{
    decode_ok("{'map':{'a':null,'b':'c'},'keyed':{'k':null}}");
    ck_assert_uint_eq(thing.map.n, 1);
    ck_assert_str_eq(thing.map.v[0].key, "b");
    ck_assert_uint_eq(thing.keyed.n, 0);
}
END_TEST

START_TEST(escapes_are_decoded_and_written_back)
{
    decode_ok("{'text':'\\u0041\\n\\t\\\\\\/\\u20ac\\ud83d\\ude00\\b'}");
    ck_assert_str_eq(thing.text, "A\n\t\\/\xe2\x82\xac\xf0\x9f\x98\x80\b");
    assert_encodes("{'text':'A\\n\\t\\\\/\xe2\x82\xac\xf0\x9f\x98\x80\\u0008','inlined':{}}");
}
END_TEST

START_TEST(bytes_that_are_not_utf8_are_encoded_as_replacement_characters)
{
    char bad[] = "a\xff\xc0\xafz";
    thing.text = bad;
    assert_encodes("{'text':'a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz','inlined':{}}");
}
END_TEST

START_TEST(pretty_output_is_indented_raw_text_included)
{
    char *text;

    decode_ok("{'strings':['a','b'],'ids':[],'raw': {'x' :[ ],\n'y':[1, true,{ 'z':'a b:,{' }]} }");
    ck_assert_int_eq(su_json_encode(&thing_type, &thing, SU_JSON_PRETTY, 2, &text, NULL, &err), 0);
    ck_assert_str_eq(text, "{\n  \"strings\": [\n    \"a\",\n    \"b\"\n  ],\n  \"ids\": [],\n"
                           "  \"inlined\": {},\n  \"raw\": {\n    \"x\": [],\n    \"y\": [\n"
                           "      1,\n      true,\n      {\n        \"z\": \"a b:,{\"\n      }\n"
                           "    ]\n  }\n}");
    free(text);
    assert_encodes("{'strings':['a','b'],'ids':[],'inlined':{},"
                   "'raw':{'x':[],'y':[1,true,{'z':'a b:,{'}]}}");
}
END_TEST

START_TEST(raw_scalars_are_kept_as_they_stand)
{
    static const char *const values[] = {"'s\\u0041'", "1.50e3", "true", "[]"};

    for (size_t i = 0; i < SU_ARRAY_SIZE(values); i++) {
        char text[100];
        snprintf(text, sizeof(text), "{'raw' : %s ,'inlined':{}}", values[i]);
        decode_ok(text);
        snprintf(text, sizeof(text), "{'inlined':{},'raw':%s}", values[i]);
        assert_encodes(text);
    }
}
END_TEST

static const struct bad {
    const char *text, *path, *message;
} bad[] = {
    /* the wrong type */
    {"[]", NULL, "found an array, expected an object (line 1, column 1)"},
    {"null", NULL, "found null, expected an object (line 1, column 1)"},
    {" 12", NULL, "found a number, expected an object"},
    {"'x'", NULL, "found a string, expected an object"},
    {"{'text':1}", "text", "text: found a number, expected a string (line 1, column 9)"},
    {"{'text':true}", "text", "found true, expected a string"},
    {"{'text':{}}", "text", "found an object, expected a string"},
    {"{'flag':'true'}", "flag", "found a string, expected true or false"},
    {"{'small':'1'}", "small", "found a string, expected a whole number"},
    {"{'colour':2}", "colour", "found a number, expected a string"},
    {"{'strings':{}}", "strings", "found an object, expected an array of strings"},
    {"{'strings':['a',\n  null]}", "strings[1]",
     "strings[1]: found null, expected a string (line 2, column 3)"},
    {"{'strings':['a',['b']]}", "strings[1]", "found an array, expected a string"},
    {"{'ids':['a']}", "ids[0]", "found a string, expected a whole number"},
    {"{'map':[]}", "map", "found an array, expected an object"},
    {"{'map':{'a b':1}}", "map[\"a b\"]", "map[\"a b\"]: found a number, expected a string"},
    {"{'object':[]}", "object", "found an array, expected an object"},
    {"{'object':{'id':-1}}", "object.id", "-1 is out of range, expected 0 to 4294967295"},
    {"{'objects':[{'name':'a'},null]}", "objects[1]", "found null, expected an object"},
    {"{'objects':[{'name':'a'},\n\n {'name':\t2}]}", "objects[1].name", "(line 3, column 11)"},
    {"{'keyed':{'k':{'value':'v'}}}", "keyed[\"k\"].value", "expected a whole number"},
    /* numbers */
    {"{'small':1.0}", "small", "found 1.0, expected a whole number"},
    {"{'small':1e2}", "small", "found 1e2, expected a whole number"},
    {"{'small':2147483648}", "small", "is out of range, expected -2147483648 to 2147483647"},
    {"{'maybeSmall':6}", "maybeSmall", "6 is out of range, expected -5 to 5"},
    {"{'maybeSmall':-6}", "maybeSmall", "-6 is out of range, expected -5 to 5"},
    {"{'u16':65536}", "u16", "expected 0 to 65535"},
    {"{'u64':18446744073709551616}", "u64", "expected 0 to 18446744073709551615"},
    {"{'u64':99999999999999999999999999999}", "u64", "is out of range"},
    {"{'big':-9223372036854775809}", "big", "expected -9223372036854775808 to"},
    {"{'big':9223372036854775808}", "big", "is out of range"},
    /* words */
    {"{'colour':'gren'}", "colour", "\"gren\" is not a colour (did you mean \"green\"?)"},
    {"{'colour':'RED'}", "colour", "(did you mean \"red\"?)"},
    {"{'colour':'turquoise'}", "colour", "expected \"red\", \"green\" or \"blue\""},
    {"{'colours':['red','rad']}", "colours[1]", "(did you mean \"red\"?) (line 1, column 19)"},
    {"{'colour':'\\u001b[31m'}", "colour", "\"\\x1b[31m\" is not a colour"},
    /* what is missing */
    {"{'keyed':{'k':{}}}", "keyed[\"k\"].value",
     "missing, expected a whole number (line 1, column 15)"},
    {"{'keyed':{'k':{'value':null}}}", "keyed[\"k\"].value", "missing"},
    /* duplicate keys */
    {"{'text':'a',\n'text':'a'}", "text", "text: duplicate key (line 2, column 1)"},
    {"{'text':null,'text':'a'}", "text", "duplicate key"},
    {"{'te\\u0078t':'a','text':'a'}", "text", "duplicate key"},
    {"{'map':{'a':'1','b':'2','a':'1'}}", "map[\"a\"]", "duplicate key (line 1, column 25)"},
    {"{'keyed':{'a':{'value':1},'a':{'value':1}}}", "keyed[\"a\"]", "duplicate key"},
    {"{'new':1,'new':2}", "new", "new: duplicate key (line 1, column 10)"},
    {"{'new':{'x':[{'y':1,'y':2}]}}", "new.x.y", "duplicate key (line 1, column 21)"},
    {"{'raw':{'x':1,'x':2}}", "raw.x", "duplicate key"},
    /* bytes and characters */
    {"{'text':'a\\u0000b'}", NULL, "line 1, column 11: a NUL character in a string"},
    {"{'text':'\\ud800'}", NULL, "line 1, column 10: a lone surrogate"},
    {"{'text':'\\udc00\\ud800'}", NULL, "a lone surrogate"},
    {"{'text':'\\ud800\\u0041'}", NULL, "a lone surrogate"},
    {"{'text':'\\ud800x'}", NULL, "a lone surrogate"},
    {"{'\\udfff':1}", NULL, "line 1, column 3: a lone surrogate"},
    {"{'text':'\xff'}", NULL, "line 1, column 10: bytes that are not UTF-8"},
    {"{'text':'\xc0\xaf'}", NULL, "bytes that are not UTF-8"},
    {"{'text':'\xe0\x80\xaf'}", NULL, "bytes that are not UTF-8"},
    {"{'text':'\xed\xa0\x80'}", NULL, "bytes that are not UTF-8"},
    {"{'text':'\xf4\x90\x80\x80'}", NULL, "bytes that are not UTF-8"},
    {"{'text':'\xe2\x82", NULL, "bytes that are not UTF-8"},
    {"{'text':'\xe2\x82\xac', 'x':'\x80'}", NULL, "line 1, column 19: bytes"},
    /* broken documents */
    {"", NULL, "the document is empty, expected an object"},
    {" \n\t ", NULL, "the document is empty"},
    {"{", NULL, "line 1, column 2: the document ends too early"},
    {"{'text':'a'", NULL, "line 1, column 12: the document ends too early"},
    {"{'text':'a", NULL, "the document ends too early"},
    {"{'text':tru", NULL, "the document ends too early"},
    {"{'text':'a'}\n x", NULL, "line 2, column 2: text after the end of the document"},
    {"{'text':'a'} {}", NULL, "line 1, column 14: text after the end of the document"},
    {"{'text':'a'}}", NULL, "line 1, column 13: text after"},
    {"{'text':'a',}", NULL, "line 1, column 13: not valid JSON"},
    {"{'text':,}", NULL, "line 1, column 9: not valid JSON"},
    {"{'text' 'a'}", NULL, "line 1, column 9: not valid JSON"},
    {"{text:'a'}", NULL, "line 1, column 2: not valid JSON"},
    {"{'text':tru}", NULL, "line 1, column 9: not valid JSON"},
    {"{'text':'a\nb'}", NULL, "line 1, column 9: not valid JSON"},
    {"{'small':01}", NULL, "not valid JSON"},
    {"{'small':+1}", NULL, "line 1, column 10: not valid JSON"},
    {"{'text':'\\q'}", NULL, "not valid JSON"},
    {"{/* c */}", NULL, "line 1, column 2: not valid JSON"},
    {"{'ids':[1}", NULL, "line 1, column 10: not valid JSON"},
    {"\xef\xbb\xbf{}", NULL, "line 1, column 1: not valid JSON"},
};

START_TEST(bad_documents_are_refused_with_place_and_reason)
{
    const struct bad *b = &bad[_i];

    ck_assert_msg(decode(b->text) == -EINVAL, "%s was not refused", b->text);
    ck_assert_int_eq(err.errnum, EINVAL);
    if (b->path)
        ck_assert_msg(err.json_path && su_streq(err.json_path, b->path), "%s: path %s", b->text,
                      err.json_path ? err.json_path : "(none)");
    else
        ck_assert_msg(!err.json_path, "%s: path %s", b->text, err.json_path);
    ck_assert_msg(strstr(err.msg, b->message), "%s: %s", b->text, err.msg);
}
END_TEST

START_TEST(an_error_without_a_struct_to_fill_is_only_a_return_value)
{
    for (size_t i = 0; i < SU_ARRAY_SIZE(bad); i++) {
        struct thing out = {0};
        ck_assert_int_lt(
            su_json_decode(&thing_type, bad[i].text, strlen(bad[i].text), &arena, &out, NULL), 0);
    }
}
END_TEST

START_TEST(every_prefix_of_a_document_is_refused)
{
    const char *text = "{\"text\":\"\\u00e9\\ud83d\\ude00\",\"small\":-12,\"map\":{\"a\":\"b\"},"
                       "\"raw\":[1,{\"x\":null}],\"objects\":[{\"name\":\"n\",\"id\":3}]}";

    for (size_t len = 0; len < strlen(text); len++)
        ck_assert_msg(decode_bytes(text, len) == -EINVAL, "%zu bytes", len);
    ck_assert_int_eq(decode_bytes(text, strlen(text)), 0);
}
END_TEST

START_TEST(a_raw_nul_byte_is_refused)
{
    ck_assert_int_eq(decode_bytes("{\"text\":\"a\0b\"}", 14), -EINVAL);
    ck_assert_int_eq(decode_bytes("{}\0", 3), -EINVAL);
    ck_assert_int_eq(decode_bytes("\0{}", 3), -EINVAL);
}
END_TEST

/* depth levels in all, of which the document is the first. */
static int decode_nested(size_t depth, char open, char close)
{
    struct su_strbuf sb = {0};

    su_strbuf_adds(&sb, "{\"new\":");
    for (size_t i = 1; i < depth; i++)
        su_strbuf_adds(&sb, open == '[' ? "[" : i + 1 == depth ? "{" : "{\"a\":");
    for (size_t i = 1; i < depth; i++)
        su_strbuf_addc(&sb, close);
    su_strbuf_addc(&sb, '}');
    int rc = decode_bytes(sb.text, sb.len);
    su_strbuf_free(&sb);
    return rc;
}

START_TEST(nesting_is_bounded)
{
    ck_assert_int_eq(decode_nested(SU_JSON_MAX_DEPTH, '[', ']'), 0);
    ck_assert_int_eq(decode_nested(SU_JSON_MAX_DEPTH, '{', '}'), 0);
    ck_assert_int_eq(decode_nested(SU_JSON_MAX_DEPTH + 1, '[', ']'), -EINVAL);
    ck_assert(strstr(err.msg, "nested too deeply"));
    ck_assert_int_eq(decode_nested(SU_JSON_MAX_DEPTH + 1, '{', '}'), -EINVAL);
    ck_assert_int_eq(decode_nested(200000, '[', ']'), -EINVAL);
}
END_TEST

START_TEST(a_document_over_the_limit_is_refused_unread)
{
    size_t len = SU_JSON_MAX_BYTES + 1;
    char *text = malloc(len);

    memset(text, ' ', len);
    memcpy(text, "{}", 2);
    ck_assert_int_eq(decode_bytes(text, len), -EFBIG);
    ck_assert_int_eq(decode_bytes(text, len - 1), 0);
    free(text);
}
END_TEST

START_TEST(unknown_fields_are_skipped_with_a_warning_each)
{
    decode_ok("{'Text':1,'text':'a','object':{'name':'n','extra':{'deep':[1,{}]}},"
              "'objects':[{'name':'n','a b':null}]}");
    ck_assert_str_eq(thing.text, "a");
    ck_assert_uint_eq(logged.n, 3);
    ck_assert_str_eq(logged.first, "Text: unknown field, ignored");
    ck_assert_str_eq(logged.last, "objects[0][\"a b\"]: unknown field, ignored");
}
END_TEST

START_TEST(warnings_of_unknown_fields_are_limited)
{
    struct su_strbuf sb = {0};

    su_strbuf_addc(&sb, '{');
    for (int i = 0; i < 40; i++)
        su_strbuf_printf(&sb, "%s\"x%d\":0", i ? "," : "", i);
    su_strbuf_addc(&sb, '}');
    ck_assert_int_eq(decode_bytes(sb.text, sb.len), 0);
    ck_assert_uint_eq(logged.n, 17);
    ck_assert_str_eq(logged.last, "24 more unknown fields, ignored");
    su_strbuf_free(&sb);
}
END_TEST

START_TEST(required_members_are_found_at_any_depth)
{
    decode_ok("{'object':{'name':'n'},'objects':[{'name':'a'},{'id':1}]}");
    ck_assert_int_eq(su_json_check_required(&thing_type, &thing, &err), -EINVAL);
    ck_assert_int_eq(err.kind, SU_ERR_SPEC);
    ck_assert_str_eq(err.msg, "objects[1].name: missing, expected a string");
    decode_ok("{'object':{'name':''}}");
    ck_assert_int_eq(su_json_check_required(&thing_type, &thing, &err), 0);
}
END_TEST

START_TEST(a_list_document_is_decoded_and_encoded)
{
    const char *text = "[{\"name\":\"a\"},{\"name\":\"b\",\"id\":1}]";
    void *list = NULL;
    size_t n = 7;
    char *out;

    ck_assert_int_eq(su_json_decode_list(&inner_type, text, strlen(text), &arena, &list, &n, &err),
                     0);
    ck_assert_uint_eq(n, 2);
    ck_assert_int_eq(su_json_encode_list(&inner_type, list, n, 0, 0, &out, NULL, &err), 0);
    ck_assert_str_eq(out, text);
    free(out);
    ck_assert_int_eq(su_json_decode_list(&inner_type, "[]", 2, &arena, &list, &n, &err), 0);
    ck_assert(list && n == 0);
    ck_assert_int_eq(su_json_decode_list(&inner_type, "{}", 2, &arena, &list, &n, &err), -EINVAL);
    ck_assert(strstr(err.msg, "found an object, expected an array of objects"));
    su_error_clear(&err);
    ck_assert_int_eq(su_json_decode_list(&inner_type, "[{},1]", 6, &arena, &list, &n, &err),
                     -EINVAL);
    ck_assert_str_eq(err.json_path, "[1]");
}
END_TEST

START_TEST(the_nearest_word_is_a_likely_slip_only)
{
    static const char *const words[] = {"rbind", "ro", "rprivate", "nosuid"};
    static const struct {
        const char *word, *nearest;
    } rows[] = {
        {"rbnd", "rbind"}, {"RBIND", "rbind"}, {"rprivte", "rprivate"}, {"r", "ro"}, {"size", NULL},
        {"", NULL},        {"xy", NULL},       {"nosuids", "nosuid"},
    };

    for (size_t i = 0; i < SU_ARRAY_SIZE(rows); i++) {
        const char *found = su_nearest_word(rows[i].word, words, SU_ARRAY_SIZE(words));
        ck_assert_pstr_eq(found, rows[i].nearest);
    }
    char *longer = malloc(100001);
    memset(longer, 'r', 100000);
    longer[100000] = '\0';
    ck_assert_ptr_null(su_nearest_word(longer, words, SU_ARRAY_SIZE(words)));
    free(longer);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("json");
    TCase *tcase = tcase_create("engine");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, every_kind_of_field_is_decoded_and_encoded);
    tcase_add_test(tcase, absent_null_and_empty_are_told_apart);
    tcase_add_test(tcase, null_in_a_map_reads_as_an_absent_key);
    tcase_add_test(tcase, escapes_are_decoded_and_written_back);
    tcase_add_test(tcase, bytes_that_are_not_utf8_are_encoded_as_replacement_characters);
    tcase_add_test(tcase, pretty_output_is_indented_raw_text_included);
    tcase_add_test(tcase, raw_scalars_are_kept_as_they_stand);
    tcase_add_loop_test(tcase, bad_documents_are_refused_with_place_and_reason, 0,
                        SU_ARRAY_SIZE(bad));
    tcase_add_test(tcase, an_error_without_a_struct_to_fill_is_only_a_return_value);
    tcase_add_test(tcase, every_prefix_of_a_document_is_refused);
    tcase_add_test(tcase, a_raw_nul_byte_is_refused);
    tcase_add_test(tcase, nesting_is_bounded);
    tcase_add_test(tcase, a_document_over_the_limit_is_refused_unread);
    tcase_add_test(tcase, unknown_fields_are_skipped_with_a_warning_each);
    tcase_add_test(tcase, warnings_of_unknown_fields_are_limited);
    tcase_add_test(tcase, required_members_are_found_at_any_depth);
    tcase_add_test(tcase, a_list_document_is_decoded_and_encoded);
    tcase_add_test(tcase, the_nearest_word_is_a_likely_slip_only);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
