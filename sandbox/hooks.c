/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs hooks, for builder, start and delete, and for init, which must not allocate. One poll loop
 * feeds the state, takes the output and sees the end.
 */
#include "hooks.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include <base/base.h>

#include "signals.h"

static const struct {
    const char *name;
    size_t offset;
} kinds[] = {
    [SB_HOOK_PRESTART] = {"prestart", offsetof(struct oci_hooks, prestart)},
    [SB_HOOK_CREATE_RUNTIME] = {"createRuntime", offsetof(struct oci_hooks, create_runtime)},
    [SB_HOOK_CREATE_CONTAINER] = {"createContainer", offsetof(struct oci_hooks, create_container)},
    [SB_HOOK_START_CONTAINER] = {"startContainer", offsetof(struct oci_hooks, start_container)},
    [SB_HOOK_POSTSTART] = {"poststart", offsetof(struct oci_hooks, poststart)},
    [SB_HOOK_POSTSTOP] = {"poststop", offsetof(struct oci_hooks, poststop)},
};

const char *sb_hook_kind_name(enum sb_hook_kind kind)
{
    return kinds[kind].name;
}

const oci_hook_list *sb_hooks_of(const struct oci_hooks *hooks, enum sb_hook_kind kind)
{
    static const oci_hook_list none;

    return hooks ? (const oci_hook_list *)((const char *)hooks + kinds[kind].offset) : &none;
}

/* A running hook. */
struct run {
    pid_t pid;
    int pidfd;
    int in;  /* the state goes here; -1 when all is written */
    int out; /* its output comes from here; -1 at the end */
    const char *parts[3];
    char middle[96]; /* `,"status":"creating","pid":4194304,` */
    size_t part, done;
    int64_t deadline_ms; /* 0: none */
    struct pollfd cancel;
};

static int64_t now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* After vfork: the parent sleeps until exec and shares its memory. */
static _Noreturn __attribute__((noinline)) void
exec_hook(const struct oci_hook *hook, char *const *env, int in, int out, volatile int *exec_errno)
{
    char *const no_args[] = {hook->path, NULL};

    setpgid(0, 0);
    sb_reset_signals();
    if (dup2(in, 0) >= 0 && dup2(out, 1) >= 0 && dup2(out, 2) >= 0) {
        /* Nothing that the caller handed to the runtime is a hook's business. */
        su_cloexec_from(3);
        execve(hook->path, hook->args.n > 0 ? hook->args.v : no_args,
               hook->env.v ? hook->env.v : env);
    }
    *exec_errno = errno;
    _exit(127);
}

static int start(const struct oci_hook *hook, char *const *env, struct run *run)
{
    int in[2] = {-1, -1}, out[2] = {-1, -1};
    volatile int exec_errno = 0;

    if (pipe2(in, O_CLOEXEC) < 0)
        return -errno;
    _cleanup_fd_ int child_in = in[0];
    run->in = in[1];
    fcntl(run->in, F_SETFL, O_NONBLOCK);
    if (pipe2(out, O_CLOEXEC) < 0)
        return -errno;
    _cleanup_fd_ int child_out = out[1];
    run->out = out[0];
    run->pid = vfork();
    if (run->pid == 0)
        exec_hook(hook, env, child_in, child_out, &exec_errno);
    if (run->pid < 0)
        return -errno;
    run->pidfd = (int)syscall(SYS_pidfd_open, run->pid, 0);
    if (exec_errno || run->pidfd < 0) {
        int saved = exec_errno ? exec_errno : errno;
        kill(run->pid, SIGKILL);
        SU_RETRY_EINTR(waitpid(run->pid, NULL, 0));
        run->pid = -1;
        return -saved;
    }
    return 0;
}

static void close_fd(int *fd)
{
    su_closep(fd);
    *fd = -1;
}

/* Writes what the pipe takes. A hook that does not read its input is not at fault. */
static void feed(struct run *run)
{
    while (run->part < SU_ARRAY_SIZE(run->parts)) {
        const char *text = run->parts[run->part] + run->done;
        size_t len = strlen(text);
        ssize_t n = len ? write(run->in, text, len) : 0;
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (n < 0)
            break;
        run->done += (size_t)n;
        if ((size_t)n == len) {
            run->part++;
            run->done = 0;
        }
    }
    close_fd(&run->in);
}

/* Keeps the end of what is printed. */
static void take_output(struct run *run, struct sb_hook_failure *f)
{
    char chunk[SB_HOOK_OUTPUT_BYTES];
    ssize_t n = SU_RETRY_EINTR(read(run->out, chunk, sizeof(chunk)));

    if (n <= 0) {
        close_fd(&run->out);
        return;
    }
    size_t keep = sizeof(f->output) - (size_t)n;
    if (f->n_output > keep) {
        memmove(f->output, f->output + f->n_output - keep, keep);
        f->n_output = keep;
    }
    memcpy(f->output + f->n_output, chunk, (size_t)n);
    f->n_output += (size_t)n;
}

/* What is still in the pipe when the hook has ended; a background child may keep it open. */
static void drain_output(struct run *run, struct sb_hook_failure *f)
{
    struct pollfd p = {.fd = run->out, .events = POLLIN};

    while (run->out >= 0 && poll(&p, 1, 0) > 0)
        take_output(run, f);
}

/* 0: ended; -ETIMEDOUT; -ECANCELED: nobody waits for its result any longer. */
static int supervise(struct run *run, struct sb_hook_failure *f)
{
    for (;;) {
        struct pollfd p[] = {
            {.fd = run->pidfd, .events = POLLIN},
            {.fd = run->in, .events = POLLOUT},
            {.fd = run->out, .events = POLLIN},
            run->cancel,
        };
        int64_t left = run->deadline_ms ? run->deadline_ms - now_ms() : -1;
        if (run->deadline_ms && left <= 0)
            return -ETIMEDOUT;
        if (poll(p, SU_ARRAY_SIZE(p), (int)(left > INT32_MAX ? INT32_MAX : left)) < 0 &&
            errno != EINTR)
            return -errno;
        if (p[1].revents)
            feed(run);
        if (p[2].revents)
            take_output(run, f);
        if (p[0].revents) {
            drain_output(run, f);
            return 0;
        }
        if (p[3].revents)
            return -ECANCELED;
    }
}

int sb_run_hook(const struct oci_hook *hook, const struct sb_hook_state *state, char *const *env,
                struct sb_hook_failure *failure)
{
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    struct run run = {.pid = -1, .pidfd = -1, .in = -1, .out = -1};
    struct sigaction before;
    int wait_status = 0;

    /* A hook that closes its input unread must not end the caller. */
    sigaction(SIGPIPE, &ignore, &before);

    snprintf(run.middle, sizeof(run.middle), ",\"status\":\"%s\",\"pid\":%d,", state->status,
             (int)state->pid);
    run.parts[0] = state->head;
    run.parts[1] = run.middle;
    run.parts[2] = state->tail;
    run.cancel = state->cancel;
    if (run.cancel.fd == 0)
        run.cancel.fd = -1;
    if (hook->timeout)
        run.deadline_ms = now_ms() + (int64_t)*hook->timeout * 1000;
    failure->n_output = 0;
    int ret = start(hook, env, &run);
    if (ret == 0) {
        ret = supervise(&run, failure);
        if (ret < 0)
            kill(-run.pid, SIGKILL);
        SU_RETRY_EINTR(waitpid(run.pid, &wait_status, 0));
    }
    close_fd(&run.in);
    close_fd(&run.out);
    close_fd(&run.pidfd);
    sigaction(SIGPIPE, &before, NULL);
    failure->errnum = -ret;
    failure->wait_status = wait_status;
    return ret == 0 && wait_status == 0 ? 0 : -1;
}

int sb_run_hooks(const oci_hook_list *list, const struct sb_hook_state *state, char *const *env,
                 struct sb_hook_failure *failure)
{
    for (size_t i = 0; i < list->n; i++) {
        failure->index = i;
        if (sb_run_hook(&list->v[i], state, env, failure) < 0)
            return -1;
    }
    return 0;
}

int sb_hook_error(enum sb_hook_kind kind, const char *path, const struct sb_hook_failure *failure,
                  struct su_error *err)
{
    _cleanup_free_ char *json_path = NULL;
    char how[64];
    int len = (int)failure->n_output;

    if (asprintf(&json_path, "hooks.%s[%zu]", kinds[kind].name, failure->index) < 0)
        json_path = NULL;
    while (len > 0 && (failure->output[len - 1] == '\n' || failure->output[len - 1] == ' '))
        len--;
    if (failure->errnum == ETIMEDOUT)
        return su_fail_at(err, SU_ERR_TIMEOUT, ETIMEDOUT, json_path,
                          "hook \"%s\" did not end within its timeout and was killed%s%.*s", path,
                          len ? ", output: " : "", len, failure->output);
    if (failure->errnum)
        return su_fail_at(err, SU_ERR_IO, failure->errnum, json_path, "cannot run hook \"%s\": %s",
                          path, strerror(failure->errnum));
    if (WIFSIGNALED(failure->wait_status))
        snprintf(how, sizeof(how), "was killed by signal %d", WTERMSIG(failure->wait_status));
    else
        snprintf(how, sizeof(how), "failed with exit code %d", WEXITSTATUS(failure->wait_status));
    return su_fail_at(err, SU_ERR_EXITED, ECHILD, json_path, "hook \"%s\" %s%s%.*s", path, how,
                      len ? ", output: " : "", len, failure->output);
}
