/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line: option syntax, the tables of all commands, signals, and the escaping of what
 * goes to the log. Nothing here starts a container.
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <sys/prctl.h>

#include <check.h>
#include <specutils/specutils.h>

#include "base/base.h"
#include "command.h"
#include "create_flags.h"
#include "escape.h"
#include "features_document.h"
#include "flags.h"
#include "globals.h"
#include "logger.h"
#include "signal_names.h"
#include "spec_template.h"

enum { MAX_WORDS = 16 };

static struct su_arena arena;
static struct su_error err;

static void setup(void)
{
    arena = (struct su_arena){0};
    err = (struct su_error){0};
}

static void teardown(void)
{
    su_arena_free(&arena);
    su_error_clear(&err);
}

/* Splits line at blanks into args; "''" is an empty word. */
static void split(const char *line, struct flag_args *args)
{
    static char *words[MAX_WORDS + 1];
    char *copy = su_arena_strdup(&arena, line);
    int n = 0;

    for (char *word = strtok(copy, " "); word; word = strtok(NULL, " ")) {
        ck_assert_int_lt(n, MAX_WORDS);
        words[n++] = su_streq(word, "''") ? copy + strlen(line) : word;
    }
    words[n] = NULL;
    *args = (struct flag_args){.argc = n, .argv = words, .arena = &arena};
}

static struct globals parse_globals(const char *line, int expected_rc, struct flag_args *args)
{
    struct globals g;

    split(line, args);
    ck_assert_int_eq(globals_parse(args, &g, &err), expected_rc);
    return g;
}

static struct create_flags parse_run(const char *line, int expected_rc, struct flag_args *args)
{
    struct create_flags f = {0};

    split(line, args);
    ck_assert_int_eq(command_parse(&cmd_run, args, &f, &err), expected_rc);
    return f;
}

START_TEST(value_may_follow_as_a_word_or_behind_an_equals_sign)
{
    static const char *const lines[] = {"--bundle /b c1", "--bundle=/b c1", "-bundle /b c1",
                                        "-bundle=/b c1",  "-b /b c1",       "-b=/b c1",
                                        "c1 --bundle /b", "c1 -b /b"};
    struct flag_args args;
    struct create_flags f = parse_run(lines[_i], 0, &args);

    ck_assert_str_eq(f.bundle, "/b");
    ck_assert_uint_eq(args.operands.n, 1);
    ck_assert_str_eq(args.operands.v[0], "c1");
}
END_TEST

START_TEST(boolean_takes_a_value_only_behind_an_equals_sign)
{
    static const struct {
        const char *line;
        bool detach;
    } cases[] = {
        {"-d c1", true},          {"--detach c1", true},        {"--detach=true c1", true},
        {"--detach=1 c1", true},  {"--detach=T c1", true},      {"--detach=TRUE c1", true},
        {"--detach=t c1", true},  {"--detach=True c1", true},   {"--detach=false c1", false},
        {"--detach=0 c1", false}, {"--detach=F c1", false},     {"--detach=FALSE c1", false},
        {"--detach=f c1", false}, {"--detach=False c1", false}, {"-d --detach=false c1", false}};
    for (size_t i = 0; i < SU_ARRAY_SIZE(cases); i++) {
        struct flag_args args;
        struct create_flags f = parse_run(cases[i].line, 0, &args);
        ck_assert_msg(f.detach == cases[i].detach, "%s", cases[i].line);
        ck_assert_uint_eq(args.operands.n, 1);
    }
}
END_TEST

START_TEST(last_of_a_repeated_option_counts)
{
    struct flag_args args;
    struct create_flags f = parse_run("-b /a --bundle=/b c1 -b /c", 0, &args);
    ck_assert_str_eq(f.bundle, "/c");
}
END_TEST

START_TEST(double_dash_ends_options)
{
    struct flag_args args;
    parse_run("-- -d", 0, &args);
    ck_assert_uint_eq(args.operands.n, 1);
    ck_assert_str_eq(args.operands.v[0], "-d");
}
END_TEST

START_TEST(single_dash_and_empty_word_are_operands)
{
    struct flag_args args;
    split("- ''", &args);
    ck_assert_int_eq(flags_parse(&cmd_delete.flags, &args, NULL, &err), 0);
    ck_assert_uint_eq(args.operands.n, 2);
    ck_assert_str_eq(args.operands.v[0], "-");
    ck_assert_str_eq(args.operands.v[1], "");
}
END_TEST

START_TEST(unknown_option_is_named_with_the_nearest_known_one)
{
    struct flag_args args;
    parse_run("--bundel /b c1", -EINVAL, &args);
    ck_assert_int_eq(err.kind, SU_ERR_FLAG);
    ck_assert_ptr_nonnull(strstr(err.msg, "run: unknown option --bundel"));
    ck_assert_ptr_nonnull(strstr(err.msg, "did you mean --bundle?"));
}
END_TEST

START_TEST(malformed_option_is_an_error_that_names_it)
{
    static const struct {
        const char *line, *text;
    } cases[] = {
        {"c1 --bundle", "--bundle requires an argument"},
        {"--preserve-fds -1 c1", "--preserve-fds: \"-1\" is not a number"},
        {"--preserve-fds=2147483648 c1", "\"2147483648\" is not a number"},
        {"--preserve-fds= c1", "\"\" is not a number"},
        {"--preserve-fds=1x c1", "\"1x\" is not a number"},
        {"--detach=yes c1", "--detach: \"yes\" is not true or false"},
        {"--=x c1", "unknown option --"},
        {"--bundlex=secret c1", "unknown option --bundlex"},
        {"-- ", "an argument is missing"},
        {"c1 c2", "too many arguments"},
    };
    for (size_t i = 0; i < SU_ARRAY_SIZE(cases); i++) {
        struct flag_args args;
        parse_run(cases[i].line, -EINVAL, &args);
        ck_assert_msg(strstr(err.msg, cases[i].text) != NULL, "%s: %s", cases[i].line, err.msg);
    }
}
END_TEST

START_TEST(help_wins_over_what_is_missing)
{
    static const char *const lines[] = {"--help", "-h", "-help", "-b /b --help", "-d -h c1 c2"};
    for (size_t i = 0; i < SU_ARRAY_SIZE(lines); i++) {
        struct flag_args args;
        parse_run(lines[i], 0, &args);
        ck_assert_msg(args.wants_help, "%s", lines[i]);
    }
}
END_TEST

START_TEST(globals_end_at_the_command)
{
    struct flag_args args;
    struct globals g = parse_globals("--root /r --debug create --debug=false -b /b c1", 0, &args);

    ck_assert_str_eq(g.conf.root, "/r");
    ck_assert(g.root_given);
    ck_assert(g.conf.debug);
    ck_assert_uint_eq(args.operands.n, 5);
    ck_assert_str_eq(args.operands.v[0], "create");
    ck_assert_str_eq(args.operands.v[1], "--debug=false");
}
END_TEST

START_TEST(globals_of_engines_are_accepted)
{
    static const char *const lines[] = {
        "--root /r --log /l --log-format json state c1",
        "--root /r --debug --log /l --log-format json --systemd-cgroup --rootless=true state c1",
        "--log-format=json --log /l --cgroup-manager disabled state c1",
        "--log-level=debug state c1",
        "--systemd-cgroup true state c1",
        "--rootless auto state c1",
        "--rootless state c1",
        "--root=/r --log=/l --log-format=json --platform=kvm --strace --net-raw=true state c1",
        "--criu /usr/sbin/criu state c1",
        "--log-format json-k8s --debug-log /x/ --debug-log-format json state c1",
    };
    for (size_t i = 0; i < SU_ARRAY_SIZE(lines); i++) {
        struct flag_args args;
        parse_globals(lines[i], 0, &args);
        ck_assert_msg(args.operands.n == 2 && su_streq(args.operands.v[0], "state"), "%s",
                      lines[i]);
    }
}
END_TEST

START_TEST(switches_and_choices_are_stored)
{
    static const struct {
        const char *line;
        int rootless;
        bool systemd, ignore, debug;
    } cases[] = {
        {"state", ROOTLESS_AUTO, false, false, false},
        {"--rootless state", ROOTLESS_ALWAYS, false, false, false},
        {"--rootless=1 state", ROOTLESS_ALWAYS, false, false, false},
        {"--rootless false state", ROOTLESS_NEVER, false, false, false},
        {"--rootless=auto state", ROOTLESS_AUTO, false, false, false},
        {"--systemd-cgroup false state", ROOTLESS_AUTO, false, false, false},
        {"--systemd-cgroup state", ROOTLESS_AUTO, true, false, false},
        {"--cgroup-manager systemd state", ROOTLESS_AUTO, true, false, false},
        {"--cgroup-manager=disabled state", ROOTLESS_AUTO, false, true, false},
        {"--ignore-cgroups state", ROOTLESS_AUTO, false, true, false},
        {"--log-level debug state", ROOTLESS_AUTO, false, false, true},
        {"--log-level warning --debug state", ROOTLESS_AUTO, false, false, true},
    };
    for (size_t i = 0; i < SU_ARRAY_SIZE(cases); i++) {
        struct flag_args args;
        struct globals g = parse_globals(cases[i].line, 0, &args);
        ck_assert_msg(g.rootless == cases[i].rootless, "%s", cases[i].line);
        ck_assert_msg(g.conf.systemd_cgroup == cases[i].systemd, "%s", cases[i].line);
        ck_assert_msg(g.conf.ignore_cgroups == cases[i].ignore, "%s", cases[i].line);
        ck_assert_msg(g.conf.debug == cases[i].debug, "%s", cases[i].line);
        ck_assert_str_eq(args.operands.v[0], "state");
    }
}
END_TEST

START_TEST(log_that_was_read_before_an_error_is_kept)
{
    struct flag_args args;
    struct globals g = parse_globals("--log /l --log-format json --nosuch state", -EINVAL, &args);

    ck_assert_str_eq(g.conf.log, "/l");
    ck_assert_int_eq(g.log_format, LOG_FORMAT_JSON);
}
END_TEST

START_TEST(unknown_choice_lists_the_known_ones)
{
    struct flag_args args;
    parse_globals("--log-format xml state", -EINVAL, &args);
    ck_assert_ptr_nonnull(strstr(err.msg, "\"xml\" is not one of text, json"));
}
END_TEST

START_TEST(list_option_keeps_order_and_ends_with_null)
{
    struct values {
        struct su_strv list;
    };
    static const struct flag flags[] = {
        {"env", 'e', FLAG_LIST, offsetof(struct values, list), NULL, 0, NULL, NULL}};
    const struct flag_set set = {.flags = flags, .n_flags = 1, .ends_at = 2};
    struct values values = {0};
    struct flag_args args;

    split("-e a=1 id --env b=2 -e=c=3 prog -e d=4", &args);
    ck_assert_int_eq(flags_parse(&set, &args, &values, &err), 0);
    ck_assert_uint_eq(values.list.n, 3);
    ck_assert_str_eq(values.list.v[0], "a=1");
    ck_assert_str_eq(values.list.v[2], "c=3");
    ck_assert_ptr_null(values.list.v[3]);
    /* The second operand is a program, whose options are its own. */
    ck_assert_uint_eq(args.operands.n, 4);
    ck_assert_str_eq(args.operands.v[2], "-e");
    ck_assert_ptr_null(args.operands.v[4]);
}
END_TEST

START_TEST(long_lists_keep_all_elements)
{
    static char *words[1001];
    struct flag_args args = {.argc = 1000, .argv = words, .arena = &arena};

    for (int i = 0; i < 1000; i++)
        words[i] = su_arena_printf(&arena, "w%d", i);
    ck_assert_int_eq(flags_parse(&cmd_delete.flags, &args, NULL, &err), 0);
    ck_assert_uint_eq(args.operands.n, 1000);
    for (int i = 0; i < 1000; i++)
        ck_assert_ptr_eq(args.operands.v[i], words[i]);
}
END_TEST

/* Every option of every table can be found, fits its target and has a sane description. */
static void check_set(const char *where, const struct flag_set *set, size_t target_size)
{
    for (const struct flag_set *s = set; s; s = s->more) {
        for (size_t i = 0; i < s->n_flags; i++) {
            const struct flag *f = &s->flags[i];
            bool is_idle = f->kind == FLAG_IDLE || f->kind == FLAG_IDLE_VALUE;
            bool has_choices = f->kind == FLAG_CHOICE || f->kind == FLAG_SWITCH;

            ck_assert_msg(flags_find(set, f->name, strlen(f->name)) == f, "%s: --%s twice", where,
                          f->name);
            if (f->letter)
                ck_assert_msg(flags_find(set, &f->letter, 1) == f, "%s: -%c twice", where,
                              f->letter);
            ck_assert_msg(is_idle || f->offset < target_size, "%s: --%s", where, f->name);
            ck_assert_msg(has_choices == (f->choices != NULL), "%s: --%s", where, f->name);
            ck_assert_msg(!(f->help && flags_takes_value(f)) || f->value, "%s: --%s has no VALUE",
                          where, f->name);
            ck_assert_msg(!su_streq(f->name, "help"), "%s", where);
        }
    }
}

START_TEST(tables_of_all_commands_are_sound)
{
    size_t n;
    const struct command *const *commands = command_list(&n);

    check_set("globals", &global_flags, sizeof(struct globals));
    for (size_t i = 0; i < n; i++) {
        check_set(commands[i]->name, &commands[i]->flags, commands[i]->flags_size);
        ck_assert_ptr_nonnull(commands[i]->run);
        ck_assert_ptr_nonnull(commands[i]->help);
        ck_assert_ptr_nonnull(commands[i]->usage);
        if (i > 0)
            ck_assert_int_lt(strcmp(commands[i - 1]->name, commands[i]->name), 0);
    }
}
END_TEST

START_TEST(unknown_command_is_named_with_the_nearest_known_one)
{
    const struct command *command = NULL;

    ck_assert_int_eq(command_find("create", &command, &err), 0);
    ck_assert_ptr_eq(command, &cmd_create);
    ck_assert_int_eq(command_find("detele", &command, &err), -EINVAL);
    ck_assert_ptr_nonnull(strstr(err.msg, "\"detele\" (did you mean \"delete\"?)"));
    ck_assert_int_eq(command_find("", &command, &err), -EINVAL);
}
END_TEST

START_TEST(signals_are_read_by_name_and_number)
{
    const struct {
        const char *word;
        int number;
    } cases[] = {
        {"0", 0},
        {"9", 9},
        {"09", 9},
        {"64", 64},
        {"KILL", SIGKILL},
        {"SIGKILL", SIGKILL},
        {"sigkill", SIGKILL},
        {"Term", SIGTERM},
        {"USR1", SIGUSR1},
        {"SIGCLD", SIGCHLD},
        {"RTMIN", SIGRTMIN},
        {"SIGRTMIN+3", SIGRTMIN + 3},
        {"rtmin+0", SIGRTMIN},
        {"RTMAX", SIGRTMAX},
        {"RTMAX-1", SIGRTMAX - 1},
    };
    for (size_t i = 0; i < SU_ARRAY_SIZE(cases); i++)
        ck_assert_msg(signal_number(cases[i].word, &err) == cases[i].number, "%s", cases[i].word);
}
END_TEST

START_TEST(what_is_no_signal_is_refused)
{
    static const char *const words[] = {"65",       "99",     "-1",      "+9",         "",
                                        "SIG",      "NOSUCH", "9x",      "0009",       "RTMIN-1",
                                        "RTMIN+99", "RTMIN+", "RTMAX+1", "SIGSIGKILL", "KILL "};
    for (size_t i = 0; i < SU_ARRAY_SIZE(words); i++) {
        ck_assert_msg(signal_number(words[i], &err) == -EINVAL, "%s", words[i]);
        ck_assert_ptr_nonnull(strstr(err.msg, "unknown signal"));
    }
}
END_TEST

START_TEST(escaped_text_stays_one_line_of_valid_utf8)
{
    static const struct {
        const char *text;
        enum escape_style style;
        const char *expected;
    } cases[] = {
        {"plain \xc5\xbelu\xc5\xa5", ESCAPE_JSON, "plain \xc5\xbelu\xc5\xa5"},
        {"a\nb\tc\rd", ESCAPE_LINE, "a\\nb\\tc\\rd"},
        {"\"q\" \\", ESCAPE_LINE, "\"q\" \\"},
        {"\"q\" \\", ESCAPE_QUOTED, "\\\"q\\\" \\\\"},
        {"\"q\" \\", ESCAPE_JSON, "\\\"q\\\" \\\\"},
        {"\x1b[31m\x7f", ESCAPE_LINE, "\\x1b[31m\\x7f"},
        {"\x1b[31m\x7f", ESCAPE_JSON, "\\u001b[31m\\u007f"},
        /* U+009B is a terminal's CSI. */
        {"\xc2\x9b", ESCAPE_LINE, "\\u009b"},
        {"\xff\xc3(", ESCAPE_LINE, "\\xff\\xc3("},
        {"\xff\xc3(", ESCAPE_JSON, "\\ufffd\\ufffd("},
        /* Overlong, surrogate, beyond Unicode, cut short. */
        {"\xc0\xaf", ESCAPE_JSON, "\\ufffd\\ufffd"},
        {"\xed\xa0\x80", ESCAPE_JSON, "\\ufffd\\ufffd\\ufffd"},
        {"\xf4\x90\x80\x80", ESCAPE_JSON, "\\ufffd\\ufffd\\ufffd\\ufffd"},
        {"\xf0\x9f\x8e", ESCAPE_LINE, "\\xf0\\x9f\\x8e"},
        {"\xf0\x9f\x8e\x89", ESCAPE_LINE, "\xf0\x9f\x8e\x89"},
    };
    for (size_t i = 0; i < SU_ARRAY_SIZE(cases); i++) {
        struct su_strbuf out = {0};
        escape_add(&out, cases[i].text, cases[i].style);
        ck_assert_msg(out.text && su_streq(out.text, cases[i].expected), "case %zu: %s", i,
                      out.text);
        su_strbuf_free(&out);
    }
}
END_TEST

START_TEST(default_root_follows_the_runtime_directory)
{
    struct globals g = {0};

    if (geteuid() == 0) {
        /* Root of the initial namespace must not follow a variable that sudo left behind. */
        setenv("XDG_RUNTIME_DIR", "/run/user/1000", 1);
        ck_assert_int_eq(globals_find_root(&g, &arena, &err), 0);
        ck_assert_str_eq(g.conf.root, "/run/runlet");
        ck_assert_int_eq(seteuid(1000), 0);
    }
    g.conf.root = NULL;
    setenv("XDG_RUNTIME_DIR", "/run/mine", 1);
    ck_assert_int_eq(globals_find_root(&g, &arena, &err), 0);
    ck_assert_str_eq(g.conf.root, "/run/mine/runlet");

    g.conf.root = NULL;
    setenv("XDG_RUNTIME_DIR", "", 1);
    ck_assert_int_eq(globals_find_root(&g, &arena, &err), 0);
    ck_assert_ptr_null(strstr(g.conf.root, "/run/mine"));
    ck_assert_int_eq(g.conf.root[0], '/');
    /* Or the leak checker could not look into this process. */
    ck_assert_int_eq(seteuid(getuid()), 0);
    prctl(PR_SET_DUMPABLE, 1);
}
END_TEST

START_TEST(relative_root_is_made_absolute)
{
    struct globals g = {.conf.root = su_arena_strdup(&arena, "some/root")};

    ck_assert_int_eq(chdir("/tmp"), 0);
    ck_assert_int_eq(globals_find_root(&g, &arena, &err), 0);
    ck_assert_str_eq(g.conf.root, "/tmp/some/root");
}
END_TEST

/* The log and standard error of one command, which warned once and then failed or not. */
struct logged {
    char *log, *shown;
};

static struct logged log_one_command(const char *options, bool fails)
{
    static char dir[] = "/tmp/test_flags.XXXXXX";
    char path[64], shown_path[64];
    struct logger logger;
    struct flag_args args;
    struct logged result = {NULL, NULL};

    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/log", dir);
    snprintf(shown_path, sizeof(shown_path), "%s/shown", dir);
    int saved = dup(2), shown = open(shown_path, O_RDWR | O_CREAT, 0600);
    struct globals g = parse_globals(options, 0, &args);
    if (g.conf.log)
        g.conf.log = path;

    ck_assert_int_eq(dup2(shown, 2), 2);
    logger_start(&logger, &g);
    su_warn("a \"warning\"");
    if (fails) {
        su_fail(&err, EINVAL, "it\nfailed");
        logger_fail(&logger, &err);
    } else {
        logger_finish(&logger);
    }
    su_log_set_sink(NULL, NULL, SU_LOG_ERROR);
    dup2(saved, 2);
    close(saved);
    close(shown);
    if (logger.fd >= 0)
        close(logger.fd);
    su_read_file_at(AT_FDCWD, path, 4096, &result.log, NULL);
    ck_assert_int_eq(su_read_file_at(AT_FDCWD, shown_path, 4096, &result.shown, NULL), 0);
    unlink(path);
    unlink(shown_path);
    ck_assert_int_eq(rmdir(dir), 0);
    return result;
}

static void logged_free(struct logged *l)
{
    free(l->log);
    free(l->shown);
}

START_TEST(failed_command_leaves_one_object_in_a_json_log)
{
    struct logged l = log_one_command("--log x --log-format json state", true);

    ck_assert_ptr_nonnull(l.log);
    ck_assert(su_has_prefix(l.log, "{\"level\":\"error\",\"msg\":\"it\\nfailed\",\"time\":\"2"));
    ck_assert_ptr_eq(strchr(l.log, '\n'), l.log + strlen(l.log) - 1);
    /* Engines put their own words before what is shown. */
    ck_assert_str_eq(l.shown, "it\\nfailed\n");
    logged_free(&l);
}
END_TEST

START_TEST(successful_command_keeps_its_warnings_in_the_log)
{
    static const char *const options[] = {"--log x --log-format json state", "--log x state"};
    static const char *const expected[] = {"\"msg\":\"a \\\"warning\\\"\"",
                                           "level=warning msg=\"a \\\"warning\\\"\""};
    struct logged l = log_one_command(options[_i], false);

    ck_assert_ptr_nonnull(l.log);
    ck_assert_msg(strstr(l.log, expected[_i]) != NULL, "%s", l.log);
    ck_assert_str_eq(l.shown, "");
    logged_free(&l);
}
END_TEST

START_TEST(without_a_log_all_is_shown_with_the_name_of_the_program)
{
    struct logged l = log_one_command("state", true);

    ck_assert_ptr_null(l.log);
    ck_assert_str_eq(l.shown, "runlet: warning: a \"warning\"\nrunlet: it\\nfailed\n");
    logged_free(&l);
}
END_TEST

START_TEST(debug_writes_all_records_to_a_json_log_at_once)
{
    struct logged l = log_one_command("--debug --log x --log-format json state", true);

    ck_assert_ptr_nonnull(l.log);
    ck_assert_ptr_nonnull(strstr(l.log, "\"level\":\"warning\""));
    ck_assert_ptr_nonnull(strstr(strchr(l.log, '\n'), "\"level\":\"error\""));
    logged_free(&l);
}
END_TEST

START_TEST(template_is_a_valid_spec)
{
    static char program[] = "prog", option[] = "-x";
    char *const args[] = {program, option};
    const struct spec_template_opts cases[] = {
        {.cwd = NULL},
        {.rootless = true, .uid = 1000, .gid = 100},
        {.cwd = "/tmp",
         .netns = "/proc/self/ns/net",
         .args = args,
         .n_args = 2,
         .cgroup_namespace = true},
    };
    char *text = NULL;
    struct oci_spec made, read = {0};

    ck_assert_int_eq(spec_template(&arena, &cases[_i], &made, &err), 0);
    ck_assert_int_eq(su_json_encode(&su_type_oci_spec, &made, 0, 0, &text, NULL, &err), 0);
    ck_assert_int_eq(su_json_decode(&su_type_oci_spec, text, strlen(text), &arena, &read, &err), 0);
    ck_assert_int_eq(su_json_check_required(&su_type_oci_spec, &read, &err), 0);
    ck_assert_msg(su_validate_spec(&read, NULL, &err) == 0, "%s", su_error_text(&err));
    ck_assert(read.process->terminal && read.root->readonly);
    ck_assert((su_get_ns(CLONE_NEWUSER, &read) != NULL) == cases[_i].rootless);
    ck_assert((su_get_ns(CLONE_NEWCGROUP, &read) != NULL) == cases[_i].cgroup_namespace);
    free(text);
}
END_TEST

START_TEST(features_name_what_the_library_knows)
{
    char *text = NULL;
    size_t len = 0;

    ck_assert_int_eq(features_encode(&arena, &text, &len, &err), 0);
    ck_assert_uint_eq(strlen(text), len);
    static const char *const words[] = {"\"ociVersionMin\": \"1.0.0\"",
                                        "\"rro\"",
                                        "\"time\"",
                                        "\"CAP_CHECKPOINT_RESTORE\"",
                                        "\"SCMP_ACT_NOTIFY\"",
                                        "\"systemd\": false",
                                        "\"poststop\""};
    for (size_t i = 0; i < SU_ARRAY_SIZE(words); i++)
        ck_assert_msg(strstr(text, words[i]) != NULL, "%s", words[i]);
    free(text);
}
END_TEST

START_TEST(random_words_never_crash_the_parser)
{
    static const char letters[] = "-=abdv1 \t\x80\xff";
    unsigned seed = 1;

    for (int round = 0; round < 20000; round++) {
        static char text[8][12];
        static char *words[9];
        struct flag_args args = {.argc = 8, .argv = words, .arena = &arena};
        struct create_flags f = {0};

        for (int w = 0; w < 8; w++) {
            size_t len = 0;
            for (seed = seed * 1103515245 + 12345; len < (seed >> 16) % 11; len++) {
                text[w][len] = letters[(seed >> (len % 20)) % (sizeof(letters) - 1)];
            }
            text[w][len] = '\0';
            words[w] = text[w];
        }
        int rc = command_parse(&cmd_run, &args, &f, &err);
        ck_assert(rc == 0 || rc == -EINVAL);
        su_error_clear(&err);
        su_arena_free(&arena);
    }
}
END_TEST

static Suite *flags_suite(void)
{
    Suite *suite = suite_create("flags");
    TCase *tc = tcase_create("command line");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, value_may_follow_as_a_word_or_behind_an_equals_sign, 0, 8);
    tcase_add_test(tc, boolean_takes_a_value_only_behind_an_equals_sign);
    tcase_add_test(tc, last_of_a_repeated_option_counts);
    tcase_add_test(tc, double_dash_ends_options);
    tcase_add_test(tc, single_dash_and_empty_word_are_operands);
    tcase_add_test(tc, unknown_option_is_named_with_the_nearest_known_one);
    tcase_add_test(tc, malformed_option_is_an_error_that_names_it);
    tcase_add_test(tc, help_wins_over_what_is_missing);
    tcase_add_test(tc, globals_end_at_the_command);
    tcase_add_test(tc, globals_of_engines_are_accepted);
    tcase_add_test(tc, switches_and_choices_are_stored);
    tcase_add_test(tc, log_that_was_read_before_an_error_is_kept);
    tcase_add_test(tc, unknown_choice_lists_the_known_ones);
    tcase_add_test(tc, list_option_keeps_order_and_ends_with_null);
    tcase_add_test(tc, long_lists_keep_all_elements);
    tcase_add_test(tc, tables_of_all_commands_are_sound);
    tcase_add_test(tc, unknown_command_is_named_with_the_nearest_known_one);
    tcase_add_test(tc, signals_are_read_by_name_and_number);
    tcase_add_test(tc, what_is_no_signal_is_refused);
    tcase_add_test(tc, escaped_text_stays_one_line_of_valid_utf8);
    tcase_add_test(tc, default_root_follows_the_runtime_directory);
    tcase_add_test(tc, relative_root_is_made_absolute);
    tcase_add_test(tc, failed_command_leaves_one_object_in_a_json_log);
    tcase_add_loop_test(tc, successful_command_keeps_its_warnings_in_the_log, 0, 2);
    tcase_add_test(tc, without_a_log_all_is_shown_with_the_name_of_the_program);
    tcase_add_test(tc, debug_writes_all_records_to_a_json_log_at_once);
    tcase_add_loop_test(tc, template_is_a_valid_spec, 0, 3);
    tcase_add_test(tc, features_name_what_the_library_knows);
    tcase_add_test(tc, random_words_never_crash_the_parser);
    suite_add_tcase(suite, tc);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(flags_suite());
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
