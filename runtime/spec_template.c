/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The template, as data: tables of mounts, paths and names, from which a spec is built in an
 * arena. It is encoded by the library's own table, so it can say nothing that isn't read back.
 */
#include "spec_template.h"

#include <sched.h>
#include <sys/resource.h>
#include <specutils/config.h>

#include "base/base.h"

enum { MAX_OPTIONS = 6 };

struct mount_template {
    const char *destination, *type, *source;
    const char *options[MAX_OPTIONS + 1];
    const char *privileged_option; /* left out in a rootless spec */
};

static const struct mount_template mounts[] = {
    {"/proc", "proc", "proc", {NULL}, NULL},
    {"/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}, NULL},
    /* Group 5 is tty; a user namespace of one id does not have it. */
    {"/dev/pts",
     "devpts",
     "devpts",
     {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"},
     "gid=5"},
    {"/dev/shm", "tmpfs", "shm", {"nosuid", "noexec", "nodev", "mode=1777", "size=65536k"}, NULL},
    {"/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"}, NULL},
    {"/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev", "ro"}, NULL},
    {"/sys/fs/cgroup", "cgroup", "cgroup", {"nosuid", "noexec", "nodev", "relatime", "ro"}, NULL},
};

/* sysfs can be mounted by the owner of the network namespace only; the host's is bound. */
static const struct mount_template rootless_sys = {
    "/sys", "none", "/sys", {"rbind", "nosuid", "noexec", "nodev", "ro"}, NULL};

static const char *const env[] = {
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"};
static const char *const capabilities[] = {"CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"};
static const char *const masked_paths[] = {
    "/proc/acpi",          "/proc/asound",     "/proc/kcore",       "/proc/keys",
    "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug",
    "/sys/firmware",       "/proc/scsi"};
static const char *const readonly_paths[] = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
                                             "/proc/sysrq-trigger"};

/* Allocations of a document under construction: the first failure is remembered. */
struct builder {
    struct su_arena *arena;
    bool failed;
};

static void *new_array(struct builder *b, size_t n, size_t size)
{
    void *array = su_arena_array(b->arena, n, size);
    b->failed |= !array;
    return array;
}

static char *copy_text(struct builder *b, const char *text)
{
    char *copy = su_arena_strdup(b->arena, text);
    b->failed |= !copy;
    return copy;
}

static struct su_strv copy_list(struct builder *b, const char *const *words, size_t n)
{
    struct su_strv list = {.v = new_array(b, n + 1, sizeof(char *))};

    for (; list.v && list.n < n; list.n++)
        list.v[list.n] = copy_text(b, words[list.n]);
    return list;
}

static struct oci_mount make_mount(struct builder *b, const struct mount_template *t, bool rootless)
{
    const char *words[MAX_OPTIONS + 1] = {NULL};
    size_t n = 0;

    for (; t->options[n]; n++)
        words[n] = t->options[n];
    if (t->privileged_option && !rootless)
        words[n++] = t->privileged_option;
    struct oci_mount mount = {
        .destination = copy_text(b, t->destination),
        .type = copy_text(b, t->type),
        .source = copy_text(b, t->source),
    };
    if (n > 0)
        mount.options = copy_list(b, words, n);
    return mount;
}

static void add_mounts(struct builder *b, bool rootless, struct oci_spec *spec)
{
    spec->mounts.v = new_array(b, SU_ARRAY_SIZE(mounts), sizeof(*spec->mounts.v));
    for (size_t i = 0; spec->mounts.v && i < SU_ARRAY_SIZE(mounts); i++) {
        bool is_sys = su_streq(mounts[i].destination, "/sys");
        const struct mount_template *t = is_sys && rootless ? &rootless_sys : &mounts[i];
        spec->mounts.v[spec->mounts.n++] = make_mount(b, t, rootless);
    }
}

static struct oci_process *make_process(struct builder *b, const struct spec_template_opts *opts)
{
    static const char *const shell[] = {"sh"};
    struct oci_process *p = new_array(b, 1, sizeof(*p));
    struct oci_capabilities *caps = new_array(b, 1, sizeof(*caps));
    struct oci_rlimit *rlimit = new_array(b, 1, sizeof(*rlimit));

    if (!p || !caps || !rlimit)
        return NULL;
    caps->bounding = copy_list(b, capabilities, SU_ARRAY_SIZE(capabilities));
    caps->effective = copy_list(b, capabilities, SU_ARRAY_SIZE(capabilities));
    caps->permitted = copy_list(b, capabilities, SU_ARRAY_SIZE(capabilities));
    *rlimit = (struct oci_rlimit){.type = RLIMIT_NOFILE, .soft = 1024, .hard = 1024};
    *p = (struct oci_process){
        .terminal = true,
        .cwd = copy_text(b, opts->cwd ? opts->cwd : "/"),
        .args = opts->n_args > 0 ? copy_list(b, (const char *const *)opts->args, opts->n_args)
                                 : copy_list(b, shell, SU_ARRAY_SIZE(shell)),
        .env = copy_list(b, env, SU_ARRAY_SIZE(env)),
        .capabilities = caps,
        .rlimits = {rlimit, 1},
        .no_new_privileges = true,
    };
    return p;
}

static void add_namespaces(struct builder *b, const struct spec_template_opts *opts,
                           struct oci_linux *l)
{
    /* A network namespace of one's own needs privileges to be of any use; one that is given
     * can be joined. */
    const struct {
        int type;
        bool wanted;
    } kinds[] = {
        {CLONE_NEWPID, true},
        {CLONE_NEWNET, !opts->rootless || opts->netns},
        {CLONE_NEWIPC, true},
        {CLONE_NEWUTS, true},
        {CLONE_NEWNS, true},
        {CLONE_NEWCGROUP, opts->cgroup_namespace},
        {CLONE_NEWUSER, opts->rootless},
    };

    l->namespaces.v = new_array(b, SU_ARRAY_SIZE(kinds), sizeof(*l->namespaces.v));
    for (size_t i = 0; l->namespaces.v && i < SU_ARRAY_SIZE(kinds); i++) {
        if (!kinds[i].wanted)
            continue;
        struct oci_linux_namespace *ns = &l->namespaces.v[l->namespaces.n++];
        ns->type = kinds[i].type;
        if (ns->type == CLONE_NEWNET && opts->netns)
            ns->path = copy_text(b, opts->netns);
    }
}

/* All devices are denied; the runtime allows the default ones. */
static struct oci_resources *deny_devices(struct builder *b)
{
    struct oci_resources *resources = new_array(b, 1, sizeof(*resources));
    struct oci_device_cgroup *rule = new_array(b, 1, sizeof(*rule));

    if (!resources || !rule)
        return NULL;
    rule->access = copy_text(b, "rwm");
    resources->devices.v = rule;
    resources->devices.n = 1;
    return resources;
}

static void add_id_mappings(struct builder *b, const struct spec_template_opts *opts,
                            struct oci_linux *l)
{
    struct oci_id_mapping *map = new_array(b, 2, sizeof(*map));

    if (!map)
        return;
    map[0] = (struct oci_id_mapping){.container_id = 0, .host_id = opts->uid, .size = 1};
    map[1] = (struct oci_id_mapping){.container_id = 0, .host_id = opts->gid, .size = 1};
    l->uid_mappings.v = &map[0];
    l->uid_mappings.n = 1;
    l->gid_mappings.v = &map[1];
    l->gid_mappings.n = 1;
}

int spec_template(struct su_arena *arena, const struct spec_template_opts *opts,
                  struct oci_spec *spec, struct su_error *err)
{
    struct builder b = {.arena = arena};
    struct oci_root *root = new_array(&b, 1, sizeof(*root));
    struct oci_linux *l = new_array(&b, 1, sizeof(*l));

    if (root && l) {
        *root = (struct oci_root){.path = copy_text(&b, "rootfs"), .readonly = true};
        if (opts->rootless)
            add_id_mappings(&b, opts, l);
        else
            l->resources = deny_devices(&b);
        add_namespaces(&b, opts, l);
        l->masked_paths = copy_list(&b, masked_paths, SU_ARRAY_SIZE(masked_paths));
        l->readonly_paths = copy_list(&b, readonly_paths, SU_ARRAY_SIZE(readonly_paths));
    }
    *spec = (struct oci_spec){
        .oci_version = copy_text(&b, SU_VERSION),
        .process = make_process(&b, opts),
        .root = root,
        .hostname = copy_text(&b, "runlet"),
        .linux_ = l,
    };
    add_mounts(&b, opts->rootless, spec);
    return b.failed ? su_fail(err, ENOMEM, "out of memory") : 0;
}
