/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the CLI tests need and no shell can do: measure a child's memory, be a subreaper, receive a
 * terminal over a socket, watch the mount table, make one raw system call, take some away,
 * answer those of a container. Linked
 * statically, so that it also runs inside a container. Never links any code of runlet.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void die(const char *what)
{
    fprintf(stderr, "helper: %s: %s\n", what, strerror(errno));
    exit(125);
}

static pid_t spawn(char **argv)
{
    /* vfork: the child's peak before exec is then this small program's, not a copy's. */
    pid_t pid = vfork();
    if (pid < 0)
        die("vfork");
    if (pid == 0) {
        execvp(argv[0], argv);
        _exit(127);
    }
    return pid;
}

static int shell_status(int status)
{
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static FILE *open_result(const char *path)
{
    FILE *f = fopen(path, "we");
    if (!f)
        die(path);
    return f;
}

/* rss FILE CMD...: the peak memory in KiB of CMD and what it waited for goes to FILE. */
static int cmd_rss(char **argv)
{
    FILE *f = open_result(argv[0]);
    struct rusage usage;
    int status;
    pid_t pid = spawn(argv + 1);
    while (wait4(pid, &status, 0, &usage) < 0)
        if (errno != EINTR)
            die("wait4");
    fprintf(f, "%ld\n", usage.ru_maxrss);
    fclose(f);
    return shell_status(status);
}

/* subreaper FILE CMD...: runs CMD, then waits for all that it left; "PID STATUS" lines. */
static int cmd_subreaper(char **argv)
{
    FILE *f = open_result(argv[0]);
    int own = 125, status;
    if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
        die("subreaper");
    pid_t pid = spawn(argv + 1);
    for (;;) {
        pid_t ended = waitpid(-1, &status, 0);
        if (ended < 0 && errno == EINTR)
            continue;
        if (ended < 0)
            break;
        if (ended == pid)
            own = shell_status(status);
        else
            fprintf(f, "%d %d\n", (int)ended, shell_status(status));
        fflush(f);
    }
    fclose(f);
    return own;
}

/* mountevents FILE CMD...: how often the mount table of this namespace changed meanwhile. */
static int cmd_mountevents(char **argv)
{
    FILE *f = open_result(argv[0]);
    int fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC), status = 0, events = 0;
    pid_t ended = 0;
    if (fd < 0)
        die("mountinfo");
    struct pollfd p = {.fd = fd, .events = POLLPRI};
    poll(&p, 1, 0);
    pid_t pid = spawn(argv + 1);
    do {
        ended = waitpid(pid, &status, WNOHANG);
        if (ended < 0)
            die("waitpid");
        if (poll(&p, 1, ended ? 0 : 5) > 0 && (p.revents & (POLLPRI | POLLERR)))
            events++;
    } while (ended == 0);
    fprintf(f, "%d\n", events);
    fclose(f);
    return shell_status(status);
}

static int receive_fd(int conn, char *data, size_t size)
{
    union {
        char buf[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control;
    struct iovec iov = {.iov_base = data, .iov_len = size - 1};
    struct msghdr msg = {.msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = control.buf,
                         .msg_controllen = sizeof control.buf};
    ssize_t n = recvmsg(conn, &msg, MSG_CMSG_CLOEXEC);
    if (n < 0)
        die("recvmsg");
    data[n] = 0;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
            int fd;
            memcpy(&fd, CMSG_DATA(c), sizeof fd);
            return fd;
        }
    }
    errno = ENOMSG;
    die("no descriptor arrived");
    return -1;
}

/*
 * console SOCKET READY TEXT: listens, makes the file READY, receives the terminal, types TEXT and
 * copies what the terminal says to standard output until the other side is closed.
 */
static int cmd_console(char **argv)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    char buf[4096];
    ssize_t n;
    int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (s < 0 || strlen(argv[0]) >= sizeof addr.sun_path)
        die("socket");
    strcpy(addr.sun_path, argv[0]);
    if (bind(s, (struct sockaddr *)&addr, sizeof addr) < 0 || listen(s, 1) < 0)
        die(argv[0]);
    fclose(open_result(argv[1]));
    int conn = accept4(s, NULL, NULL, SOCK_CLOEXEC);
    if (conn < 0)
        die("accept");
    int tty = receive_fd(conn, buf, sizeof buf);
    if (!isatty(tty))
        die("what arrived is no terminal");
    printf("message %s\n", buf);
    fflush(stdout);
    if (argv[2] && write(tty, argv[2], strlen(argv[2])) < 0)
        die("write");
    while ((n = read(tty, buf, sizeof buf)) > 0)
        if (write(1, buf, (size_t)n) < 0)
            die("stdout");
    return 0;
}

static void add_rule(struct sock_filter *code, unsigned short *n, unsigned nr)
{
    code[(*n)++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1);
    code[(*n)++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS);
}

/* enosys NAME,... CMD...: runs CMD on a kernel that lacks these system calls. */
static int cmd_enosys(char **argv)
{
    static const struct {
        const char *name;
        unsigned nr;
    } calls[] = {
        {"mount_setattr", SYS_mount_setattr}, {"fsopen", SYS_fsopen},
        {"open_tree", SYS_open_tree},         {"move_mount", SYS_move_mount},
        {"close_range", SYS_close_range},     {"openat2", SYS_openat2},
    };
    struct sock_filter code[2 * sizeof calls / sizeof *calls + 2];
    struct sock_fprog prog = {.filter = code};
    char *rest = argv[0];
    code[prog.len++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0);
    for (char *name; (name = strsep(&rest, ","));)
        for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
            if (!strcmp(name, calls[i].name))
                add_rule(code, &prog.len, calls[i].nr);
    code[prog.len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog, 0, 0) < 0)
        die("seccomp");
    execvp(argv[1], argv + 1);
    die(argv[1]);
    return 125;
}

/*
 * agent SOCKET READY: listens, makes the file READY, receives a container process state with the
 * listener of a filter, prints it, and answers what comes with errno 61 until the container ends.
 */
static int cmd_agent(char **argv)
{
    char buf[65536];
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    strncpy(addr.sun_path, argv[0], sizeof addr.sun_path - 1);
    if (s < 0 || bind(s, (struct sockaddr *)&addr, sizeof addr) < 0 || listen(s, 1) < 0)
        die(argv[0]);
    fclose(open_result(argv[1]));
    int conn = accept4(s, NULL, NULL, SOCK_CLOEXEC);
    if (conn < 0)
        die("accept");
    int fd = receive_fd(conn, buf, sizeof buf);
    printf("%s\n", buf);
    fflush(stdout);
    if (read(conn, buf, 1) != 0)
        die("more than one state");
    for (;;) {
        struct seccomp_notif req = {0};
        if (ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &req) < 0)
            return errno == ENOENT || errno == EINTR ? 0 : 125;
        struct seccomp_notif_resp resp = {.id = req.id, .error = -ENODATA};
        if (ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &resp) < 0 && errno != ENOENT)
            die("answer");
    }
}

/* fds: the numbers of all open descriptors, one a line. */
static int cmd_fds(void)
{
    for (int fd = 0; fd < 4096; fd++)
        if (fcntl(fd, F_GETFD) >= 0)
            printf("%d\n", fd);
    return 0;
}

/* syscall NR ARG...: "0", another result, or the error's number as "errno N". */
static int cmd_syscall(char **argv)
{
    long v[7] = {0};
    for (size_t i = 0; i < 7 && argv[i]; i++)
        v[i] = (long)strtoull(argv[i], NULL, 0);
    long r = syscall(v[0], v[1], v[2], v[3], v[4], v[5], v[6]);
    if (r < 0)
        printf("errno %d\n", errno);
    else
        printf("%ld\n", r);
    return 0;
}

/* stat PATH...: type, major:minor, mode, uid, gid, path. */
static int cmd_stat(char **argv)
{
    for (; *argv; argv++) {
        struct stat st;
        if (lstat(*argv, &st) < 0) {
            printf("errno %d %s\n", errno, *argv);
            continue;
        }
        unsigned maj = (unsigned)(st.st_rdev >> 8) & 0xfff;
        unsigned min = (unsigned)(st.st_rdev & 0xff);
        printf("%c %u:%u %o %u %u %s\n",
               S_ISCHR(st.st_mode)    ? 'c'
               : S_ISBLK(st.st_mode)  ? 'b'
               : S_ISFIFO(st.st_mode) ? 'p'
               : S_ISDIR(st.st_mode)  ? 'd'
               : S_ISLNK(st.st_mode)  ? 'l'
                                      : '-',
               maj, min, st.st_mode & 07777, st.st_uid, st.st_gid, *argv);
    }
    return 0;
}

/* clocks: seconds of CLOCK_MONOTONIC and CLOCK_BOOTTIME. */
static int cmd_clocks(void)
{
    struct timespec mono, boot;
    clock_gettime(CLOCK_MONOTONIC, &mono);
    clock_gettime(CLOCK_BOOTTIME, &boot);
    printf("%lld %lld\n", (long long)mono.tv_sec, (long long)boot.tv_sec);
    return 0;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";
    char **args = argv + 2;
    if (!strcmp(name, "fds"))
        return cmd_fds();
    if (!strcmp(name, "clocks"))
        return cmd_clocks();
    if (!strcmp(name, "syscall") && argc > 2)
        return cmd_syscall(args);
    if (!strcmp(name, "stat"))
        return cmd_stat(args);
    if (!strcmp(name, "rss") && argc > 3)
        return cmd_rss(args);
    if (!strcmp(name, "subreaper") && argc > 3)
        return cmd_subreaper(args);
    if (!strcmp(name, "mountevents") && argc > 3)
        return cmd_mountevents(args);
    if (!strcmp(name, "enosys") && argc > 3)
        return cmd_enosys(args);
    if (!strcmp(name, "agent") && argc > 3)
        return cmd_agent(args);
    if (!strcmp(name, "console") && argc > 3)
        return cmd_console(args);
    fprintf(stderr, "usage: helper "
                    "rss|subreaper|mountevents|enosys|agent|console|fds|syscall|stat|clocks ...\n");
    return 125;
}
