/* SPDX-License-Identifier: Apache-2.0 */
/* The table of signal names and the reading of a signal from the command line. */
#include "signal_names.h"

#include <signal.h>
#include <strings.h>
#include <specutils/json.h>

#include "base/base.h"

enum { LAST_SIGNAL = 64 };

static const struct {
    const char *name;
    int number;
} signals[] = {
    {"HUP", SIGHUP},   {"INT", SIGINT},       {"QUIT", SIGQUIT},  {"ILL", SIGILL},
    {"TRAP", SIGTRAP}, {"ABRT", SIGABRT},     {"BUS", SIGBUS},    {"FPE", SIGFPE},
    {"KILL", SIGKILL}, {"USR1", SIGUSR1},     {"SEGV", SIGSEGV},  {"USR2", SIGUSR2},
    {"PIPE", SIGPIPE}, {"ALRM", SIGALRM},     {"TERM", SIGTERM},  {"STKFLT", SIGSTKFLT},
    {"CHLD", SIGCHLD}, {"CONT", SIGCONT},     {"STOP", SIGSTOP},  {"TSTP", SIGTSTP},
    {"TTIN", SIGTTIN}, {"TTOU", SIGTTOU},     {"URG", SIGURG},    {"XCPU", SIGXCPU},
    {"XFSZ", SIGXFSZ}, {"VTALRM", SIGVTALRM}, {"PROF", SIGPROF},  {"WINCH", SIGWINCH},
    {"IO", SIGIO},     {"PWR", SIGPWR},       {"SYS", SIGSYS},    {"IOT", SIGABRT},
    {"CLD", SIGCHLD},  {"POLL", SIGIO},       {"UNUSED", SIGSYS},
};

/* A number of at most two digits, or -1. */
static int small_number(const char *text)
{
    int value = 0;
    size_t len = strlen(text);

    if (len == 0 || len > 2)
        return -1;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return -1;
        value = value * 10 + (*text - '0');
    }
    return value;
}

/* "RTMIN", "RTMIN+3", "RTMAX-2"; -1 for anything else. */
static int realtime_number(const char *name)
{
    bool from_min = strncasecmp(name, "RTMIN", 5) == 0;
    if (!from_min && strncasecmp(name, "RTMAX", 5) != 0)
        return -1;
    const char *rest = name + 5;
    int base = from_min ? SIGRTMIN : SIGRTMAX;
    if (!*rest)
        return base;
    int distance = small_number(rest + 1);
    if (*rest != (from_min ? '+' : '-') || distance < 0)
        return -1;
    int number = from_min ? base + distance : base - distance;
    return number >= SIGRTMIN && number <= SIGRTMAX ? number : -1;
}

static int fail_unknown(const char *word, const char *name, struct su_error *err)
{
    const char *names[SU_ARRAY_SIZE(signals)];
    char upper[16] = "";

    for (size_t i = 0; i < SU_ARRAY_SIZE(signals); i++)
        names[i] = signals[i].name;
    for (size_t i = 0; name[i] && i < sizeof(upper) - 1; i++)
        upper[i] = name[i] >= 'a' && name[i] <= 'z' ? (char)(name[i] - 'a' + 'A') : name[i];
    const char *near = su_nearest_word(upper, names, SU_ARRAY_SIZE(names));
    if (near)
        return su_fail(err, EINVAL, "unknown signal \"%s\" (did you mean \"%s\"?)", word, near);
    return su_fail(err, EINVAL,
                   "unknown signal \"%s\": give a name such as TERM, SIGTERM or RTMIN+1, or a "
                   "number from 0 to %d",
                   word, LAST_SIGNAL);
}

int signal_number(const char *word, struct su_error *err)
{
    int number = small_number(word);
    if (number >= 0 && number <= LAST_SIGNAL)
        return number;
    const char *name = strncasecmp(word, "SIG", 3) == 0 ? word + 3 : word;
    for (size_t i = 0; i < SU_ARRAY_SIZE(signals); i++) {
        if (strcasecmp(signals[i].name, name) == 0)
            return signals[i].number;
    }
    number = realtime_number(name);
    return number >= 0 ? number : fail_unknown(word, name, err);
}
