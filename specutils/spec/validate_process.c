/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of a process, of the container's first one as well as of one given to exec. */
#include <sched.h>
#include <sys/resource.h>
#include <specutils/log.h>

#include "spec_private.h"
#include "table.h"

typedef int check_fn(const struct oci_process *process, const char *path, struct su_error *err);

static int check_args(const struct oci_process *process, const char *path, struct su_error *err)
{
    if (process->args.n > 0)
        return 0;
    return su_bad(err, (struct place){.object = path, .member = "args"},
                  "empty, expected at least the program");
}

static int check_cwd(const struct oci_process *process, const char *path, struct su_error *err)
{
    const struct place place = {.object = path, .member = "cwd"};

    if (!process->cwd)
        return su_bad(err, place, "missing, expected a directory");
    return su_check_absolute(process->cwd, place, err);
}

static int check_user(const struct oci_process *process, const char *path, struct su_error *err)
{
    const struct oci_user *user = &process->user;
    const char *member = user->uid == UINT32_MAX   ? "user.uid"
                         : user->gid == UINT32_MAX ? "user.gid"
                                                   : NULL;

    for (size_t i = 0; !member && i < user->additional_gids.n; i++)
        if (user->additional_gids.v[i] == UINT32_MAX)
            member = "user.additionalGids";
    if (!member)
        return 0;
    return su_bad(err, (struct place){.object = path, .member = member},
                  "4294967295 is no id, it means \"unchanged\" to the kernel");
}

static int check_env(const struct oci_process *process, const char *path, struct su_error *err)
{
    (void)err;
    for (size_t i = 0; i < process->env.n; i++)
        if (!strchr(process->env.v[i], '='))
            su_warn("%s%senv[%zu]: has no \"=\", passed on as it is", path, *path ? "." : "", i);
    return 0;
}

static int check_rlimits(const struct oci_process *process, const char *path, struct su_error *err)
{
    uint64_t seen = 0;

    for (size_t i = 0; i < process->rlimits.n; i++) {
        const struct oci_rlimit *limit = &process->rlimits.v[i];
        struct place place = {.object = path, .list = "rlimits", .index = i, .member = "type"};
        const char *name = su_enum_name(su_words_rlimits, limit->type);
        if (!name)
            return su_bad(err, place, "%d is not a resource limit", limit->type);
        if (seen >> limit->type & 1)
            return su_bad_value(err, place, name, "stands there twice, expected once");
        seen |= UINT64_C(1) << limit->type;
        place.member = "soft";
        if (limit->soft > limit->hard)
            return su_bad(err, place, "%llu is over the hard limit, %llu",
                          (unsigned long long)limit->soft, (unsigned long long)limit->hard);
    }
    return 0;
}

static int check_console_size(const struct oci_process *process, const char *path,
                              struct su_error *err)
{
    const struct oci_console_size *size = process->console_size;

    if (!process->terminal || !size || (size->height <= UINT16_MAX && size->width <= UINT16_MAX))
        return 0;
    return su_bad(err, (struct place){.object = path, .member = "consoleSize"},
                  "%u by %u is out of range, expected at most 65535 each", size->height,
                  size->width);
}

static int check_affinity(const struct oci_process *process, const char *path, struct su_error *err)
{
    const struct oci_exec_cpu_affinity *affinity = process->exec_cpu_affinity;
    struct place place = {.object = path, .member = "execCPUAffinity.initial"};

    int rc =
        affinity && affinity->initial ? su_check_number_list(affinity->initial, place, err) : 0;
    place.member = "execCPUAffinity.final";
    return rc == 0 && affinity && affinity->final
               ? su_check_number_list(affinity->final, place, err)
               : rc;
}

static int check_io_priority(const struct oci_process *process, const char *path,
                             struct su_error *err)
{
    const struct oci_io_priority *io = process->io_priority;

    if (!io || (io->priority >= 0 && io->priority <= 7))
        return 0;
    return su_bad(err, (struct place){.object = path, .member = "ioPriority.priority"},
                  "%d is out of range, expected 0 to 7", io->priority);
}

static int bad_scheduler(struct su_error *err, const char *path, const char *member,
                         const char *why)
{
    return su_bad(err, (struct place){.object = path, .member = member}, "%s", why);
}

/* The kernel's own rules for SCHED_DEADLINE, which answers every breach with a bare EINVAL. */
static int check_deadline(const struct oci_scheduler *s, const char *path, struct su_error *err)
{
    uint64_t period = s->period ? s->period : s->deadline;

    if (s->deadline == 0)
        return bad_scheduler(err, path, "scheduler.deadline", "0, SCHED_DEADLINE needs one");
    if (s->runtime < 1024)
        return bad_scheduler(err, path, "scheduler.runtime",
                             "too short, expected at least 1024 nanoseconds");
    if (s->runtime > s->deadline)
        return bad_scheduler(err, path, "scheduler.runtime",
                             "over the deadline, expected runtime <= deadline <= period");
    if (s->deadline > period)
        return bad_scheduler(err, path, "scheduler.deadline",
                             "over the period, expected runtime <= deadline <= period");
    if (period > INT64_MAX)
        return bad_scheduler(err, path, "scheduler.period", "too long for the kernel");
    return 0;
}

static int check_scheduler(const struct oci_process *process, const char *path,
                           struct su_error *err)
{
    enum { POLICY_ISO = 4, POLICY_DEADLINE = 6 };
    const struct oci_scheduler *s = process->scheduler;

    if (!s)
        return 0;
    bool is_realtime = s->policy == SCHED_FIFO || s->policy == SCHED_RR;
    if (s->policy == POLICY_ISO)
        return bad_scheduler(err, path, "scheduler.policy", "\"SCHED_ISO\" is in no kernel");
    if (s->nice < -20 || s->nice > 19)
        return bad_scheduler(err, path, "scheduler.nice", "out of range, expected -20 to 19");
    if (is_realtime && (s->priority < 1 || s->priority > 99))
        return bad_scheduler(err, path, "scheduler.priority",
                             "out of range, SCHED_FIFO and SCHED_RR need 1 to 99");
    if (!is_realtime && s->priority != 0)
        return bad_scheduler(err, path, "scheduler.priority",
                             "set, but only SCHED_FIFO and SCHED_RR have one");
    if (s->policy == POLICY_DEADLINE)
        return check_deadline(s, path, err);
    if (s->runtime || s->deadline || s->period)
        return bad_scheduler(err, path, "scheduler",
                             "runtime, deadline or period set, but only SCHED_DEADLINE has them");
    return 0;
}

int su_validate_process(const struct oci_process *process, const char *path, struct su_error *err)
{
    static check_fn *const checks[] = {
        check_args,         check_cwd,       check_user,        check_env,      check_rlimits,
        check_console_size, check_scheduler, check_io_priority, check_affinity,
    };

    for (size_t i = 0; i < SU_ARRAY_SIZE(checks); i++) {
        int rc = checks[i](process, path, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}
