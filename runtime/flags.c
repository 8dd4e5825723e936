/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parser of options: walks the words once, looks each option up in the set's tables and
 * stores its value. It owns no tables and knows no command.
 */
#include "flags.h"

#include <limits.h>

#include "base/base.h"

/* One option as it was found on the command line. */
struct found {
    const struct flag *flag;
    const char *word; /* as given, for messages */
    const char *name; /* without dashes */
    size_t name_len;
    char *value; /* behind "=", or the next word; NULL: none */
};

static const char *const truth_words[2][6] = {
    {"0", "f", "F", "FALSE", "false", "False"},
    {"1", "t", "T", "TRUE", "true", "True"},
};

bool flags_parse_bool(const char *word, bool *value)
{
    for (int truth = 0; truth < 2; truth++) {
        for (size_t i = 0; i < SU_ARRAY_SIZE(truth_words[truth]); i++) {
            if (su_streq(word, truth_words[truth][i])) {
                *value = truth;
                return true;
            }
        }
    }
    return false;
}

bool flags_takes_value(const struct flag *flag)
{
    return flag->kind == FLAG_STRING || flag->kind == FLAG_INT || flag->kind == FLAG_LIST ||
           flag->kind == FLAG_CHOICE || flag->kind == FLAG_IDLE_VALUE;
}

static const struct flag *find_in(const struct flag *flags, size_t n, const char *name, size_t len)
{
    for (size_t i = 0; i < n; i++) {
        if (len == 1 && flags[i].letter == name[0])
            return &flags[i];
        if (strncmp(flags[i].name, name, len) == 0 && flags[i].name[len] == '\0')
            return &flags[i];
    }
    return NULL;
}

const struct flag *flags_find(const struct flag_set *set, const char *name, size_t len)
{
    const struct flag *flag = NULL;
    for (; set && !flag; set = set->more)
        flag = find_in(set->flags, set->n_flags, name, len);
    return flag;
}

static int fail(const struct flag_set *set, struct su_error *err, const char *text)
{
    const char *command = set->command ? set->command : "";
    return su_fail_at(err, SU_ERR_FLAG, EINVAL, NULL, "%s%s%s", command, *command ? ": " : "",
                      text);
}

static int fail_unknown(const struct flag_set *set, struct su_arena *arena,
                        const struct found *found, struct su_error *err)
{
    size_t n = 0, room = 1;
    for (const struct flag_set *s = set; s; s = s->more)
        room += s->n_flags;
    const char **words = su_arena_array(arena, room, sizeof(*words));
    const char *name = su_arena_strndup(arena, found->name, found->name_len);
    if (!words || !name)
        return su_fail(err, ENOMEM, "out of memory");
    words[n++] = "help";
    for (const struct flag_set *s = set; s; s = s->more) {
        for (size_t i = 0; i < s->n_flags; i++)
            words[n++] = s->flags[i].name;
    }

    const char *near = su_nearest_word(name, words, n);
    size_t word_len = (size_t)(found->name - found->word) + found->name_len;
    const char *text =
        near ? su_arena_printf(arena, "unknown option %.*s (did you mean --%s?)", (int)word_len,
                               found->word, near)
             : su_arena_printf(arena, "unknown option %.*s", (int)word_len, found->word);
    return fail(set, err, text ? text : "unknown option");
}

static int fail_value(const struct flag_set *set, struct su_arena *arena, const struct found *found,
                      const char *wanted, struct su_error *err)
{
    const char *text = su_arena_printf(arena, "option --%s: \"%s\" is not %s", found->flag->name,
                                       found->value, wanted);
    return fail(set, err, text ? text : "an option has a malformed value");
}

static bool parse_int(const char *text, int *value)
{
    long long sum = 0;

    if (!*text)
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return false;
        sum = sum * 10 + (*text - '0');
        if (sum > INT_MAX)
            return false;
    }
    *value = (int)sum;
    return true;
}

/* "one of text, json" */
static const char *list_choices(struct su_arena *arena, const struct su_enum *choices)
{
    const char *text = "one of";
    for (const struct su_enum *c = choices; text && c->name; c++)
        text = su_arena_printf(arena, "%s%s %s", text, c == choices ? "" : ",", c->name);
    return text ? text : "a word that is known here";
}

static int store_choice(const struct flag_set *set, struct su_arena *arena,
                        const struct found *found, int *target, struct su_error *err)
{
    const struct su_enum *choices = found->flag->choices;
    const char *word = found->value ? found->value : "true";
    bool truth;

    /* A switch takes all words of a boolean beside its own. */
    if (found->flag->kind == FLAG_SWITCH && flags_parse_bool(word, &truth))
        word = truth ? "true" : "false";
    for (const struct su_enum *c = choices; c->name; c++) {
        if (su_streq(c->name, word)) {
            *target = c->value;
            return 0;
        }
    }
    return fail_value(set, arena, found, list_choices(arena, choices), err);
}

static int append(struct su_strv *list, struct su_arena *arena, char *word)
{
    /* Arena memory does not grow in place: the list doubles at each power of two. */
    if ((list->n & (list->n - 1)) == 0) {
        char **grown = su_arena_array(arena, list->n * 2 + 2, sizeof(*grown));
        if (!grown)
            return -ENOMEM;
        if (list->n)
            memcpy(grown, list->v, list->n * sizeof(*grown));
        list->v = grown;
    }
    list->v[list->n++] = word;
    list->v[list->n] = NULL;
    return 0;
}

static int store(const struct flag_set *set, const struct flag_args *args,
                 const struct found *found, void *target, struct su_error *err)
{
    void *field = (char *)target + found->flag->offset;

    switch (found->flag->kind) {
    case FLAG_BOOL:
    case FLAG_OPTIONAL_BOOL:
        if (!found->value) {
            *(bool *)field = true;
            return 0;
        }
        if (flags_parse_bool(found->value, field))
            return 0;
        return fail_value(set, args->arena, found, "true or false", err);
    case FLAG_STRING:
        *(char **)field = found->value;
        return 0;
    case FLAG_INT:
        if (parse_int(found->value, field))
            return 0;
        return fail_value(set, args->arena, found, "a number from 0 to 2147483647", err);
    case FLAG_LIST:
        if (append(field, args->arena, found->value) < 0)
            return su_fail(err, ENOMEM, "out of memory");
        return 0;
    case FLAG_CHOICE:
    case FLAG_SWITCH:
        return store_choice(set, args->arena, found, field, err);
    case FLAG_IDLE:
    case FLAG_IDLE_VALUE:
        return 0;
    }
    return 0;
}

/* True if next is the value of an option whose value may be left out. */
static bool is_optional_value(const struct flag *flag, const char *next)
{
    bool ignored;

    if (!next)
        return false;
    if (flag->kind == FLAG_OPTIONAL_BOOL)
        return flags_parse_bool(next, &ignored);
    if (flag->kind != FLAG_SWITCH)
        return false;
    for (const struct su_enum *c = flag->choices; c->name; c++) {
        if (su_streq(c->name, next))
            return true;
    }
    return flags_parse_bool(next, &ignored);
}

/* Reads the option at words[0]. Returns how many words it took, or an error. */
static int parse_option(const struct flag_set *set, struct flag_args *args, char **words,
                        void *target, struct su_error *err)
{
    struct found found = {.word = words[0]};

    found.name = words[0] + (words[0][1] == '-' ? 2 : 1);
    found.name_len = strcspn(found.name, "=");
    if (found.name[found.name_len] == '=')
        found.value = words[0] + (found.name - found.word) + found.name_len + 1;
    found.flag = found.name_len ? flags_find(set, found.name, found.name_len) : NULL;
    if (!found.flag) {
        static const struct flag help = {"help", 'h', FLAG_BOOL, 0, NULL, 0, NULL, NULL};
        args->wants_help = !found.value && find_in(&help, 1, found.name, found.name_len);
        return args->wants_help ? 1 : fail_unknown(set, args->arena, &found, err);
    }

    int used = 1;
    if (!found.value && (flags_takes_value(found.flag) || is_optional_value(found.flag, words[1])))
        found.value = words[used++];
    if (!found.value && flags_takes_value(found.flag)) {
        const char *text =
            su_arena_printf(args->arena, "option --%s requires an argument", found.flag->name);
        return fail(set, err, text ? text : "an option requires an argument");
    }
    int rc = store(set, args, &found, target, err);
    return rc < 0 ? rc : used;
}

static bool is_option(const char *word)
{
    return word[0] == '-' && word[1] != '\0';
}

int flags_parse(const struct flag_set *set, struct flag_args *args, void *target,
                struct su_error *err)
{
    bool options_ended = false;

    /* argv ends with NULL, as that of main() does, so looking one word ahead is safe. */
    for (int i = 0; i < args->argc;) {
        char *word = args->argv[i];
        if (!options_ended && su_streq(word, "--")) {
            options_ended = true;
            i++;
            continue;
        }
        if (!options_ended && is_option(word)) {
            int used = parse_option(set, args, &args->argv[i], target, err);
            if (used < 0 || args->wants_help)
                return used < 0 ? used : 0;
            i += used;
            continue;
        }
        if (append(&args->operands, args->arena, word) < 0)
            return su_fail(err, ENOMEM, "out of memory");
        if (args->operands.n == set->ends_at)
            options_ended = true;
        i++;
    }
    return 0;
}
