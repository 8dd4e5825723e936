/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The small vocabulary that every file of the project speaks: ownership by cleanup attributes,
 * handing over, reading and writing whole files, growing strings. Not installed.
 */
#ifndef SU_BASE_H
#define SU_BASE_H

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>
#include <specutils/error.h>
#include <specutils/process.h>
#include <specutils/visibility.h>

#define SU_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define _cleanup_(fn) __attribute__((cleanup(fn)))

/* Cleanup for pointers from malloc. */
static inline void su_freep(void *p)
{
    free(*(void **)p);
}

/* Cleanup for fds; errno survives it. */
static inline void su_closep(const int *fd)
{
    if (*fd >= 0) {
        int saved = errno;
        close(*fd);
        errno = saved;
    }
}

static inline void su_fclosep(FILE **f)
{
    if (*f)
        fclose(*f);
}

static inline void su_closedirp(DIR **d)
{
    if (*d)
        closedir(*d);
}

#define _cleanup_free_ _cleanup_(su_freep)
#define _cleanup_fd_ _cleanup_(su_closep)
#define _cleanup_fclose_ _cleanup_(su_fclosep)
#define _cleanup_closedir_ _cleanup_(su_closedirp)
#define _cleanup_error_ _cleanup_(su_error_clear)
#define _cleanup_arena_ _cleanup_(su_arena_free)

/* Hands an fd over: the variable forgets it. */
static inline int su_take_fd(int *fd)
{
    int taken = *fd;
    *fd = -1;
    return taken;
}

/* Hands a pointer over: the variable forgets it. */
#define su_take_ptr(p)                     \
    __extension__({                        \
        __typeof__(*(p)) su_taken_ = *(p); \
        *(p) = NULL;                       \
        su_taken_;                         \
    })

static inline bool su_streq(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

static inline bool su_has_prefix(const char *s, const char *prefix)
{
    return strncmp(s, prefix, strlen(prefix)) == 0;
}

/* A string that grows. Start from zero; free(text) or _cleanup_(su_strbuf_free). */
struct su_strbuf {
    char *text; /* NUL-terminated once something was added */
    size_t len, cap;
    bool failed; /* memory ran out: all later additions are ignored */
};

void su_strbuf_add(struct su_strbuf *sb, const char *bytes, size_t len);
void su_strbuf_adds(struct su_strbuf *sb, const char *text);
void su_strbuf_addc(struct su_strbuf *sb, char c);
void su_strbuf_printf(struct su_strbuf *sb, const char *fmt, ...) SU_PRINTF(2, 3);
void su_strbuf_free(struct su_strbuf *sb);

/* Closes fds first to last; or lets those from first on go at exec. Async-signal-safe, also before
 * Linux 5.11. */
void su_close_range(unsigned first, unsigned last);
void su_cloexec_from(unsigned first);

/* Writes all bytes, through EINTR and short writes. 0 or -errno. */
int su_write_all(int fd, const void *bytes, size_t len);
/* Reads up to the end of fd, at most max bytes (-EFBIG beyond). *text is malloc'd and has a NUL
 * behind its *len bytes. */
int su_read_all(int fd, size_t max, char **text, size_t *len);
/* Reads a file below dirfd (AT_FDCWD allowed) as su_read_all() does. */
int su_read_file_at(int dirfd, const char *path, size_t max, char **text, size_t *len);
/* Reads a file that comes whole with one read(2), as the small ones of procfs do, into buf (size
 * bytes, a NUL included; what does not fit is cut off). Allocates nothing. 0 or -errno. */
int su_read_small_at(int dirfd, const char *path, char *buf, size_t size);
/* Writes text to an existing file below dirfd with one write(2), as procfs, sysfs and cgroupfs
 * want it (O_WRONLY, no truncation). 0 or -errno. */
int su_write_file_at(int dirfd, const char *path, const char *text);

#endif
