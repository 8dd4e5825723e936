/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Capabilities: the table of names by number, the five lists of a spec as masks or merged, and
 * the question what this process itself may do. Nothing here changes a capability.
 */
#include <linux/capability.h>
#include <sys/syscall.h>

#include <specutils/capability.h>
#include <specutils/log.h>

#include "base/base.h"

static const char *const names[] = {
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_DAC_READ_SEARCH",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETPCAP",
    "CAP_LINUX_IMMUTABLE",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST",
    "CAP_NET_ADMIN",
    "CAP_NET_RAW",
    "CAP_IPC_LOCK",
    "CAP_IPC_OWNER",
    "CAP_SYS_MODULE",
    "CAP_SYS_RAWIO",
    "CAP_SYS_CHROOT",
    "CAP_SYS_PTRACE",
    "CAP_SYS_PACCT",
    "CAP_SYS_ADMIN",
    "CAP_SYS_BOOT",
    "CAP_SYS_NICE",
    "CAP_SYS_RESOURCE",
    "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG",
    "CAP_MKNOD",
    "CAP_LEASE",
    "CAP_AUDIT_WRITE",
    "CAP_AUDIT_CONTROL",
    "CAP_SETFCAP",
    "CAP_MAC_OVERRIDE",
    "CAP_MAC_ADMIN",
    "CAP_SYSLOG",
    "CAP_WAKE_ALARM",
    "CAP_BLOCK_SUSPEND",
    "CAP_AUDIT_READ",
    "CAP_PERFMON",
    "CAP_BPF",
    "CAP_CHECKPOINT_RESTORE",
};

/* The five sets, in the order in which they are read and complained about. */
static const struct cap_set {
    const char *name;
    size_t list, mask; /* offsets in struct oci_capabilities and struct su_task_caps */
} sets[] = {
    {"bounding", offsetof(struct oci_capabilities, bounding),
     offsetof(struct su_task_caps, bounding)},
    {"effective", offsetof(struct oci_capabilities, effective),
     offsetof(struct su_task_caps, effective)},
    {"inheritable", offsetof(struct oci_capabilities, inheritable),
     offsetof(struct su_task_caps, inheritable)},
    {"permitted", offsetof(struct oci_capabilities, permitted),
     offsetof(struct su_task_caps, permitted)},
    {"ambient", offsetof(struct oci_capabilities, ambient), offsetof(struct su_task_caps, ambient)},
};

static struct su_strv *list_of(struct oci_capabilities *caps, const struct cap_set *set)
{
    return (struct su_strv *)((char *)caps + set->list);
}

static const struct su_strv *const_list_of(const struct oci_capabilities *caps,
                                           const struct cap_set *set)
{
    return (const struct su_strv *)((const char *)caps + set->list);
}

const char *su_capability_name(unsigned cap)
{
    return cap < SU_ARRAY_SIZE(names) ? names[cap] : NULL;
}

int su_capability_number(const char *name)
{
    if (!su_has_prefix(name, "CAP_"))
        return -1;
    for (size_t i = 0; i < SU_ARRAY_SIZE(names); i++) {
        if (su_streq(names[i] + 4, name + 4))
            return (int)i;
    }
    return -1;
}

unsigned su_capability_count(void)
{
    return SU_ARRAY_SIZE(names);
}

uint64_t su_all_capabilities_uint64(void)
{
    return (UINT64_C(1) << SU_ARRAY_SIZE(names)) - 1;
}

struct oci_capabilities *su_all_capabilities(struct su_arena *arena)
{
    struct oci_capabilities *caps = su_arena_alloc(arena, sizeof(*caps));

    for (size_t i = 0; caps && i < SU_ARRAY_SIZE(sets); i++) {
        struct su_strv *list = list_of(caps, &sets[i]);
        list->v = su_arena_array(arena, SU_ARRAY_SIZE(names) + 1, sizeof(char *));
        if (!list->v)
            return NULL;
        memcpy(list->v, names, sizeof(names));
        list->n = SU_ARRAY_SIZE(names);
    }
    return caps;
}

static int unknown_name(unsigned flags, const struct cap_set *set, size_t index, const char *name,
                        struct su_error *err)
{
    char path[sizeof("process.capabilities.inheritable[]") + 20];

    snprintf(path, sizeof(path), "process.capabilities.%s[%zu]", set->name, index);
    if (!(flags & SU_CAPS_SKIP_UNKNOWN))
        return su_fail_at(err, SU_ERR_CAPABILITY, EINVAL, path,
                          "\"%s\" is not a capability, expected a name like \"CAP_CHOWN\"", name);
    su_warn("%s: \"%s\" is not a capability, skipped", path, name);
    return 0;
}

int su_capabilities(unsigned flags, const struct oci_capabilities *caps, struct su_task_caps *out,
                    struct su_error *err)
{
    struct su_task_caps masks = {0};

    *out = masks;
    for (size_t i = 0; caps && i < SU_ARRAY_SIZE(sets); i++) {
        const struct su_strv *list = const_list_of(caps, &sets[i]);
        uint64_t mask = 0;
        for (size_t j = 0; j < list->n; j++) {
            int cap = su_capability_number(list->v[j]);
            if (cap >= 0)
                mask |= UINT64_C(1) << cap;
            else if (unknown_name(flags, &sets[i], j, list->v[j], err) < 0)
                return -EINVAL;
        }
        if (!(flags & SU_CAPS_KEEP_RAW))
            mask &= ~(UINT64_C(1) << CAP_NET_RAW);
        *(uint64_t *)((char *)&masks + sets[i].mask) = mask;
    }
    *out = masks;
    return 0;
}

/* A name and its place, so that equal names become neighbours and the first of them is known. */
struct placed_name {
    char *name;
    size_t place;
};

static int compare_placed(const void *a, const void *b)
{
    const struct placed_name *x = a, *y = b;
    int order = strcmp(x->name, y->name);

    return order ? order : (x->place > y->place) - (x->place < y->place);
}

static bool merge_lists(struct su_arena *arena, const struct su_strv *a, const struct su_strv *b,
                        struct su_strv *out)
{
    size_t total = a->n + b->n;
    _cleanup_free_ struct placed_name *all = calloc(total + 1, sizeof(*all));
    out->v = su_arena_array(arena, total + 1, sizeof(char *));

    if (!all || !out->v)
        return false;
    for (size_t i = 0; i < total; i++)
        all[i] = (struct placed_name){i < a->n ? a->v[i] : b->v[i - a->n], i};
    qsort(all, total, sizeof(*all), compare_placed);
    for (size_t i = 0; i < total; i++) {
        if (i == 0 || !su_streq(all[i].name, all[i - 1].name))
            out->v[all[i].place] = all[i].name;
    }
    for (size_t i = 0; i < total; i++) {
        char *name = out->v[i];
        out->v[i] = NULL;
        if (name)
            out->v[out->n++] = name;
    }
    return true;
}

struct oci_capabilities *su_merge_capabilities(struct su_arena *arena,
                                               const struct oci_capabilities *a,
                                               const struct oci_capabilities *b)
{
    static const struct oci_capabilities none;
    struct oci_capabilities *merged = su_arena_alloc(arena, sizeof(*merged));

    for (size_t i = 0; merged && i < SU_ARRAY_SIZE(sets); i++) {
        if (!merge_lists(arena, const_list_of(a ? a : &none, &sets[i]),
                         const_list_of(b ? b : &none, &sets[i]), list_of(merged, &sets[i])))
            return NULL;
    }
    return merged;
}

void su_drop_capability(struct oci_capabilities *caps, const char *name)
{
    for (size_t i = 0; caps && i < SU_ARRAY_SIZE(sets); i++) {
        struct su_strv *list = list_of(caps, &sets[i]);
        size_t kept = 0;
        for (size_t j = 0; j < list->n; j++) {
            if (!su_streq(list->v[j], name))
                list->v[kept++] = list->v[j];
        }
        if (kept == list->n)
            continue;
        list->n = kept;
        if (kept)
            list->v[kept] = NULL;
        else
            list->v = NULL;
    }
}

bool su_has_capabilities(uint64_t mask)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};

    if (mask == 0)
        return true;
    if (syscall(SYS_capget, &header, data) < 0)
        return false;
    uint64_t effective = data[0].effective | (uint64_t)data[1].effective << 32;
    return (mask & ~effective) == 0;
}
