/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options by table. A command (and the program itself) describes its options once; the parser,
 * the help text and the suggestions walk that table. One or two dashes mean the same; values
 * follow as their own word or behind "=". Nothing here prints or acts on an option.
 */
#ifndef RT_FLAGS_H
#define RT_FLAGS_H

#include <stdbool.h>
#include <stddef.h>
#include <specutils/arena.h>
#include <specutils/error.h>
#include <specutils/json.h>

/* How an option is written and stored. */
enum flag_kind {
    FLAG_BOOL,          /* bool: alone, or --f=true */
    FLAG_OPTIONAL_BOOL, /* bool: the value may also follow as a word, if it is a boolean */
    FLAG_STRING,        /* char * */
    FLAG_INT,           /* int, not negative */
    FLAG_LIST,          /* struct su_strv: may be given several times */
    FLAG_CHOICE,        /* int: one of choices */
    FLAG_SWITCH,        /* int: one of choices; alone it means "true", which choices must have */
    FLAG_IDLE,          /* known and without effect here; alone or --f=VALUE */
    FLAG_IDLE_VALUE,    /* known and without effect here; takes a value */
};

/* Whose callers know the option; for people who read the help text. */
enum { FLAG_RUNSC = 1, FLAG_RUNC = 2, FLAG_CRUN = 4, FLAG_ALL = 7, FLAG_OURS = 8 };

struct flag {
    const char *name;
    char letter; /* or 0 */
    enum flag_kind kind;
    size_t offset; /* in the struct that receives the values */
    const struct su_enum *choices;
    unsigned origin;   /* FLAG_RUNSC | ...; 0: ours alone */
    const char *value; /* what help calls the value, "DIR" */
    const char *help;  /* NULL: not shown in help */
};

/* The options of one place on the command line. */
struct flag_set {
    const char *command; /* for messages: "create", or NULL for the program itself */
    const struct flag *flags;
    size_t n_flags;
    const struct flag_set *more; /* looked at after flags, or NULL */
    unsigned ends_at;            /* the operand with this number ends the options; 0: they may stand
                                    anywhere before a "--" */
};

struct flag_args {
    int argc;
    char **argv;             /* in: the words, without a program name */
    struct su_arena *arena;  /* in: for lists and operands */
    struct su_strv operands; /* out: the words that are no options */
    bool wants_help;         /* out: --help or -h was there; the rest was not looked at */
};

/*
 * Reads the options of args into target. Of an option given twice the last counts, but for
 * lists. -EINVAL: an unknown option (with a suggestion), a missing or a malformed value.
 */
int flags_parse(const struct flag_set *set, struct flag_args *args, void *target,
                struct su_error *err);

/* The entry of an option's name or letter, or NULL. */
const struct flag *flags_find(const struct flag_set *set, const char *name, size_t len);

/* 1 t T TRUE true True and their opposites; false if word is none of them. */
bool flags_parse_bool(const char *word, bool *value);

/* True if the option is followed by a value of its own. */
bool flags_takes_value(const struct flag *flag);

#endif
