/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths inside the rootfs, which belongs to the image and maybe to a running attacker: each is
 * resolved once, by the kernel, with the rootfs as its root, to an fd; everything after works on
 * that fd. Missing parts are made below the fd of the part before, so that a link swapped in
 * meanwhile is an error and not a way out.
 */
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <base/base.h>

#include "init.h"

enum {
    MAX_LINKS = 40,  /* the kernel's own limit for a path */
    MAX_RACES = 128, /* EAGAIN of openat2(2): a rename went on meanwhile */
    MODE_DIR = 0755,
    MODE_FILE = 0644,
};

int sb_open_in_root(int fd, const char *path, int flags, unsigned long long resolve)
{
    struct open_how how = {.flags = (unsigned)(flags | O_CLOEXEC),
                           .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | resolve};
    long ret;
    int races = 0;

    do
        ret = syscall(SYS_openat2, fd, *path ? path : ".", &how, sizeof(how));
    while (ret < 0 && (errno == EINTR || (errno == EAGAIN && ++races < MAX_RACES)));
    return ret < 0 ? -errno : (int)ret;
}

/* Whether path lies in a file system that was mounted for the container alone and vanishes with
 * it, as most of /dev does. Only a hint, to spare notes: names may be links. */
static bool is_passing(const struct sb_init *in, const char *path)
{
    bool passing = false;

    /* The last mount that path is below decides: a volume inside of a tmpfs does not pass. */
    for (size_t i = 0; i < in->n_mounted; i++) {
        const struct sb_mount_step *step = &in->plan->mounts[i];
        size_t len = strlen(step->target);
        if (!step->symlink_to && strncmp(path, step->target, len) == 0 && path[len] == '/')
            passing = step->kind == SB_MOUNT_FS;
    }
    return passing;
}

void sb_init_note_created(struct sb_init *in, int parent_fd, const char *name, bool is_dir)
{
    if (in->is_passing || in->n_created == in->plan->n_creatable)
        return;
    int fd = fcntl(parent_fd, F_DUPFD_CLOEXEC, 3);
    if (fd < 0)
        return;
    struct sb_created *c = &in->created[in->n_created++];
    c->parent_fd = fd;
    c->is_dir = is_dir;
    memcpy(c->name, name, strnlen(name, NAME_MAX) + 1);
    c->name[NAME_MAX] = '\0';
}

void sb_init_remove_created(struct sb_init *in)
{
    while (in->n_created > 0) {
        const struct sb_created *c = &in->created[--in->n_created];
        unlinkat(c->parent_fd, c->name, c->is_dir ? AT_REMOVEDIR : 0);
        close(c->parent_fd);
    }
}

/* Cuts path (in place) after its longest part that exists and opens that; *rest is the remainder.
 * The rootfs itself always exists. */
static int open_existing_part(struct sb_init *in, char *path, char **rest)
{
    char *cut = path + strlen(path);

    for (;;) {
        while (cut > path && *cut != '/')
            cut--;
        bool at_root = cut == path;
        char kept = *cut;
        *cut = '\0';
        int fd = sb_open_in_root(in->tree_fd, path, O_PATH | O_DIRECTORY, 0);
        if (fd >= 0 || at_root || fd != -ENOENT) {
            /* At the root nothing was cut off before the first name. */
            *cut = kept;
            *rest = at_root ? path : cut + 1;
            return fd;
        }
        *cut-- = kept;
    }
}

/* A name that could not be made because a link stands there, leading nowhere: puts what it leads
 * to in its place and starts again. path is in->scratch; name points into it. */
static int follow_dangling(struct sb_init *in, int parent_fd, char *path, char *name, size_t len)
{
    char *next = in->scratch + SB_SCRATCH_BYTES;
    char *const end = next + SB_SCRATCH_BYTES;
    size_t before = (size_t)(name - path);
    char kept = name[len];

    name[len] = '\0';
    char *link = next + before;
    ssize_t n = readlinkat(parent_fd, name, link, (size_t)(end - link) - 1);
    name[len] = kept;
    if (n < 0)
        return errno == EINVAL ? -ENOTDIR : -errno;
    memcpy(next, path, before);
    if (link[0] == '/') {
        memmove(next, link, (size_t)n);
        link = next;
    }
    size_t rest = strlen(name + len);
    if ((size_t)(end - link) <= (size_t)n + rest)
        return -ENAMETOOLONG;
    memcpy(link + n, name + len, rest + 1);
    size_t skip = strspn(next, "/");
    memmove(path, next + skip, strlen(next + skip) + 1);
    return 0;
}

/* Makes one name below parent_fd and opens it. */
static int make_one(struct sb_init *in, int parent_fd, const char *name, bool is_dir)
{
    int fd;

    if (is_dir) {
        if (mkdirat(parent_fd, name, MODE_DIR) < 0)
            return -errno;
        fd = openat(parent_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    } else {
        fd = openat(parent_fd, name, O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                    MODE_FILE);
    }
    if (fd < 0)
        return -errno;
    sb_init_note_created(in, parent_fd, name, is_dir);
    return fd;
}

/* Walks the missing part. 1: a link was met, path (in->scratch) is another one now. */
static int make_rest(struct sb_init *in, int *fd, char *rest, enum sb_want want)
{
    for (char *name = rest + strspn(rest, "/"); *name;) {
        size_t len = strcspn(name, "/");
        char *next = name + len + strspn(name + len, "/");
        char kept = name[len];
        if (len > NAME_MAX)
            return -ENAMETOOLONG;
        if (len == 2 && name[0] == '.' && name[1] == '.')
            return -ENOENT;
        name[len] = '\0';
        int made = make_one(in, *fd, name, *next || want == SB_WANT_DIR);
        name[len] = kept;
        if (made == -EEXIST) {
            int ret = follow_dangling(in, *fd, in->scratch, name, len);
            return ret < 0 ? ret : 1;
        }
        if (made < 0)
            return made;
        close(*fd);
        *fd = made;
        name = next;
    }
    return 0;
}

int sb_init_open(struct sb_init *in, const char *path, enum sb_want want, unsigned flags)
{
    unsigned long long resolve = flags & SB_NO_SYMLINKS ? RESOLVE_NO_SYMLINKS : 0;
    int fd = sb_open_in_root(in->tree_fd, path, O_PATH | (flags & SB_NO_FOLLOW ? O_NOFOLLOW : 0),
                             resolve);

    if (fd != -ENOENT || want == SB_WANT_EXISTING)
        return fd;
    if (strlen(path) >= PATH_MAX)
        return -ENAMETOOLONG;
    memcpy(in->scratch, path, strlen(path) + 1);
    for (int links = 0; links < MAX_LINKS; links++) {
        char *rest;
        in->is_passing = is_passing(in, in->scratch);
        fd = open_existing_part(in, in->scratch, &rest);
        if (fd < 0)
            return fd;
        int ret = make_rest(in, &fd, rest, want);
        if (ret == 0)
            return fd;
        close(fd);
        if (ret < 0)
            return ret;
        if (flags & SB_NO_SYMLINKS)
            return -ELOOP;
    }
    return -ELOOP;
}

int sb_init_open_parent(struct sb_init *in, const char *path, const char **name)
{
    const char *slash = strrchr(path, '/');

    *name = slash ? slash + 1 : path;
    in->is_passing = is_passing(in, path);
    if (!slash)
        return sb_open_in_root(in->tree_fd, ".", O_PATH | O_DIRECTORY, 0);
    /* The first two rooms are those of sb_init_open(). */
    char *dir = in->scratch + 2 * (size_t)SB_SCRATCH_BYTES;
    size_t len = (size_t)(slash - path);
    if (len >= PATH_MAX)
        return -ENAMETOOLONG;
    memcpy(dir, path, len);
    dir[len] = '\0';
    return sb_init_open(in, dir, SB_WANT_DIR, 0);
}
