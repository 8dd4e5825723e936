/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the cgroup room share. Nobody outside the room includes it. */
#ifndef SB_CGROUP_INTERNAL_H
#define SB_CGROUP_INTERNAL_H

#include <base/base.h>

#include "cgroup.h"

/* Where the plan is put together. */
struct sb_cg_builder {
    struct su_arena *arena;
    const struct sb_cgroup_host *host;
    const struct sb_cgroup_opts *opts;
    struct sb_cgroup_plan *plan;
    struct su_error *err;
    const char *rel; /* the normalised cgroupsPath, or NULL where there is none */
};

/* plan.c: index of the folder in the hierarchy of a v1 controller ("" is cgroup2), which is added
 * to the plan if it is not there yet. -ENOENT: no such hierarchy; -ENOMEM. */
int sb_cg_need_dir(struct sb_cg_builder *b, const char *controller, size_t *dir);
/* Adds a write to the folder of a controller; w->dir is filled here. On cgroup2 a controller is
 * noted as to be enabled; NULL is none. */
int sb_cg_add(struct sb_cg_builder *b, const char *controller, const struct sb_cgroup_write *w);
/* True where the host's limits are those of cgroup2. */
bool sb_cg_is_v2(const struct sb_cg_builder *b);
/* SU_ERR_SPEC with a place, and a fixed reason. */
int sb_cg_refuse(struct sb_cg_builder *b, const char *json_path, const char *why);
/* An array of n elements of size bytes with room for one more; grows by doubling. NULL: memory. */
void *sb_cg_grow(struct su_arena *arena, void *v, size_t n, size_t size);
/* True if word is one of the comma-separated words of list. */
bool sb_cg_has_word(const char *list, const char *word);

/* True if both lists have the same words in any order: "cpu,cpuacct" and "cpuacct,cpu". */
bool sb_cg_same_words(const char *a, const char *b);

/* How a scalar property of linux.resources is stored and written. */
enum sb_cg_kind { SB_CG_I64, SB_CG_U64, SB_CG_U16, SB_CG_STRING };

/* One property that needs no arithmetic: where it is, and the file that takes it. */
struct sb_cg_scalar {
    size_t section; /* offset of the section's pointer in struct oci_resources */
    size_t field;   /* offset of the field (a pointer) in the section */
    enum sb_cg_kind kind;
    const char *controller, *file;
    const char *json_path;
    bool optional;
    bool minus_one_is_max; /* -1 is written as "max" */
};

/* limits.c: the value as the file takes it through *value (NULL: absent or zero, leave it).
 * A number below -1 is refused. */
int sb_cg_scalar_value(struct sb_cg_builder *b, const struct sb_cg_scalar *s, const char **value);
/* Adds the writes of n scalar properties. */
int sb_cg_add_scalars(struct sb_cg_builder *b, const struct sb_cg_scalar *table, size_t n);
/* Adds what v1 and v2 write alike: pids, rdma, and hugetlb with the given last word of the file's
 * name ("limit_in_bytes", "max"). */
int sb_cg_add_pids(struct sb_cg_builder *b);
int sb_cg_add_rdma(struct sb_cg_builder *b);
int sb_cg_add_hugetlb(struct sb_cg_builder *b, const char *file_word);
/* Checks that hold for both: memory+swap against memory. */
int sb_cg_check_memory(struct sb_cg_builder *b);
/* "8:16" of a block device; -EINVAL for numbers that are none. */
int sb_cg_block_device(struct sb_cg_builder *b, int64_t major, int64_t minor, const char *json_path,
                       const char **text);

/* limits_v1.c, limits_v2.c: all of linux.resources but the devices. */
int sb_cg_add_limits_v1(struct sb_cg_builder *b);
int sb_cg_add_limits_v2(struct sb_cg_builder *b);

/* devices.c: device rules, checked, with wildcards as -1. */
enum { SB_CG_READ = 1, SB_CG_WRITE = 2, SB_CG_MKNOD = 4, SB_CG_ALL = 7 };

struct sb_cg_rule {
    bool allow;
    char type;            /* 'c', 'b', or 'a' for both */
    int64_t major, minor; /* -1 is any */
    unsigned access;      /* SB_CG_* bits */
    const char *json_path;
    bool is_default; /* a default device of ours, not of the spec */
};

struct sb_cg_rules {
    bool allow; /* what holds where no rule matches */
    struct sb_cg_rule *v;
    size_t n;
};

/* The rules of the spec behind the last one that resets all, and behind them the default devices
 * where the rest is denied. */
int sb_cg_device_rules(struct sb_cg_builder *b, struct sb_cg_rules *rules);
/* Adds devices.deny and devices.allow writes, or the program, to the plan. */
int sb_cg_add_devices(struct sb_cg_builder *b);

/* device_prog.c: the rules as a program of type BPF_PROG_TYPE_CGROUP_DEVICE, in arena; *prog is
 * NULL where everything is allowed. -ENOMEM. */
int sb_cg_device_prog(struct su_arena *arena, const struct sb_cg_rules *rules,
                      struct bpf_insn **prog, size_t *n);
/* device_attach.c: loads the program of the plan and attaches it to a cgroup2 folder. A folder
 * that was there before (reused) loses the programs that it had. */
int sb_cg_attach_device_prog(const struct sb_cgroup_plan *plan, int cgroup_fd, bool reused,
                             struct su_error *err);

/* enable.c: enables the plan's controllers from the mount point down to the folder's parent. */
int sb_cg_enable_controllers(const struct sb_cgroup_plan *plan, const struct sb_cgroup_dir *dir,
                             int dir_fd, struct su_error *err);

/* write.c: does the writes of the plan. cgroup2_fd is its cgroup2 folder, or -1. */
int sb_cg_do_writes(const struct sb_cgroup_plan *plan, int cgroup2_fd, struct su_error *err);

/* files.c: small files of cgroupfs. Reads at most size - 1 bytes, NUL-terminates. Length or
 * -errno. */
ssize_t sb_cg_read(int dirfd, const char *file, char *text, size_t size);
/* The number behind "<key> " in a file such as cgroup.events, or -1. */
int sb_cg_event(const char *text, const char *key);
/* Waits until cgroup.events of a cgroup2 folder says "<key> <want>". 0, -ETIMEDOUT, -errno. */
int sb_cg_wait_event(int dirfd, const char *key, int want, int timeout_ms);
/* Opens a folder of cgroupfs. */
int sb_cg_open_dir(int dirfd, const char *path);
/* Opens a folder (borrowed) once more, to read what is in it. The fd, which is dir's, or -errno. */
int sb_cg_open_list(int dirfd, DIR **dir);
/* A group that somebody removed meanwhile: before its folder was opened, or afterwards. */
static inline bool sb_cg_is_gone(int r)
{
    return r == -ENOENT || r == -ENODEV;
}
/* Appends the pids in dir_fd (borrowed) and below to a malloc'd list. */
struct sb_cg_pid_list {
    pid_t *v;
    size_t n, cap;
};
int sb_cg_list_pids(int dir_fd, struct sb_cg_pid_list *list);
/* Sleeps for the n-th time (from 0) of a bounded wait; false when the bound, about a second in
 * all, is reached. Only for v1, whose kernel tells nobody when something has happened. */
bool sb_cg_short_wait(unsigned n);

/* remove.c: removes one folder with all below it; -EBUSY if processes stay in it. A folder that
 * is gone is success. */
int sb_cg_remove_tree(const char *path);

#endif
