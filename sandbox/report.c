/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words for each step that can fail in init. The message says only what and where; which value
 * of the spec was meant is looked up here, in the process that can allocate and print.
 */
#include "report.h"

#include <base/base.h>

#include "hooks.h"

/* What each step works on. An entry with a value function names the value it stumbled over. */
struct words {
    enum su_err_kind kind;
    const char *json_path; /* "%u" stands for the message's index */
    const char *text;      /* a sentence that ends before the reason */
    const char *(*value)(const struct oci_spec *oci, uint32_t index);
};

static const char *hostname(const struct oci_spec *oci, uint32_t index)
{
    (void)index;
    return oci->hostname;
}

static const char *domainname(const struct oci_spec *oci, uint32_t index)
{
    (void)index;
    return oci->domainname;
}

static const char *cwd(const struct oci_spec *oci, uint32_t index)
{
    (void)index;
    return oci->process->cwd;
}

static const char *namespace_path(const struct oci_spec *oci, uint32_t index)
{
    return oci->linux_->namespaces.v[index].path;
}

static const char *root_path(const struct oci_spec *oci, uint32_t index)
{
    (void)index;
    return oci->root->path;
}

static const char *readonly_path(const struct oci_spec *oci, uint32_t index)
{
    return oci->linux_->readonly_paths.v[index];
}

static const char *masked_path(const struct oci_spec *oci, uint32_t index)
{
    return oci->linux_->masked_paths.v[index];
}

static const char *sysctl_key(const struct oci_spec *oci, uint32_t index)
{
    return oci->linux_->sysctl.v[index].key;
}

static const char *program(const struct oci_spec *oci, uint32_t index)
{
    (void)index;
    return oci->process->args.v[0];
}

static const char *capability(const struct oci_spec *oci, uint32_t index)
{
    (void)oci;
    return su_capability_name(index);
}

static const struct words words[SB_STEP_COUNT] = {
    [SB_STEP_SYNC] = {SU_ERR_IO, NULL, "lost the connection between runtime and container", NULL},
    [SB_STEP_IDS] = {SU_ERR_NAMESPACE, "linux.uidMappings",
                     "cannot become root of the user namespace", NULL},
    [SB_STEP_JOIN] = {SU_ERR_NAMESPACE, "linux.namespaces[%u]", "cannot join", namespace_path},
    [SB_STEP_UNSHARE] = {SU_ERR_NAMESPACE, "linux.namespaces", "cannot make a new namespace", NULL},
    [SB_STEP_TIME_OFFSETS] = {SU_ERR_NAMESPACE, "linux.timeOffsets", "cannot set them", NULL},
    [SB_STEP_ROOT_PRIVATE] =
        {SU_ERR_IO, NULL,
         "cannot make the container's mounts private (the root folder must be a mount "
         "point, which a chroot's is not)",
         NULL},
    [SB_STEP_ROOTFS] = {SU_ERR_IO, "root.path", "cannot mount", root_path},
    [SB_STEP_DEV_LINK] = {SU_ERR_IO, NULL, "cannot make the standard symlinks in /dev", NULL},
    [SB_STEP_SYSCTL] = {SU_ERR_IO, "linux.sysctl", "cannot set", sysctl_key},
    [SB_STEP_HOSTNAME] = {SU_ERR_IO, "hostname", "cannot set", hostname},
    [SB_STEP_DOMAINNAME] = {SU_ERR_IO, "domainname", "cannot set", domainname},
    [SB_STEP_LOOPBACK] = {SU_ERR_IO, NULL, "cannot bring the loopback device up", NULL},
    [SB_STEP_PIVOT] = {SU_ERR_IO, "root.path", "cannot make it the root of the container",
                       root_path},
    [SB_STEP_READONLY_PATH] = {SU_ERR_IO, "linux.readonlyPaths[%u]", "cannot make read-only",
                               readonly_path},
    [SB_STEP_MASKED_PATH] = {SU_ERR_IO, "linux.maskedPaths[%u]", "cannot mask", masked_path},
    [SB_STEP_ROOT_READONLY] = {SU_ERR_IO, "root.readonly", "cannot make the rootfs read-only",
                               NULL},
    [SB_STEP_ROOT_PROPAGATION] = {SU_ERR_IO, "linux.rootfsPropagation", "cannot set it", NULL},
    [SB_STEP_TERMINAL] = {SU_ERR_IO, "process.terminal",
                          "cannot make a terminal in the container's /dev/pts (is a devpts "
                          "mounted there?)",
                          NULL},
    [SB_STEP_CONSOLE] = {SU_ERR_IO, "process.terminal", "cannot bind the terminal to /dev/console",
                         NULL},
    [SB_STEP_KEYRING] = {SU_ERR_IO, NULL,
                         "cannot make a session keyring (leave it out with --no-new-keyring)",
                         NULL},
    [SB_STEP_CWD] = {SU_ERR_IO, "process.cwd", "cannot enter", cwd},
    [SB_STEP_CWD_OUTSIDE] = {SU_ERR_SPEC, "process.cwd", "leads out of the container's root", cwd},
    [SB_STEP_EXECUTABLE_SELF] = {SU_ERR_SPEC, "process.args[0]",
                                 "is the runtime's own binary, which no container may execute",
                                 program},
    [SB_STEP_OOM_SCORE] = {SU_ERR_IO, "process.oomScoreAdj", "cannot set it", NULL},
    [SB_STEP_SCHEDULER] = {SU_ERR_IO, "process.scheduler", "cannot set it", NULL},
    [SB_STEP_IO_PRIORITY] = {SU_ERR_IO, "process.ioPriority", "cannot set it", NULL},
    [SB_STEP_MEMORY_POLICY] = {SU_ERR_IO, "linux.memoryPolicy", "cannot set it", NULL},
    [SB_STEP_PERSONALITY] = {SU_ERR_IO, "linux.personality", "cannot set it", NULL},
    [SB_STEP_GROUPS] = {SU_ERR_IO, "process.user.additionalGids", "cannot set them", NULL},
    [SB_STEP_USER] = {SU_ERR_IO, "process.user", "cannot become this user", NULL},
    [SB_STEP_CAPABILITIES] = {SU_ERR_IO, "process.capabilities", "cannot set them", capability},
    [SB_STEP_NO_NEW_PRIVS] = {SU_ERR_IO, "process.noNewPrivileges", "cannot set it", NULL},
    [SB_STEP_SECCOMP] = {SU_ERR_SECCOMP, "linux.seccomp", "the kernel refuses the filter", NULL},
    [SB_STEP_EXEC] = {SU_ERR_IO, "process.args[0]", "cannot execute", program},
};

static int report_simple(const struct words *w, const struct oci_spec *oci,
                         const struct sb_msg *msg, struct su_error *err)
{
    char path[64];
    const char *value = w->value ? w->value(oci, msg->index) : NULL;
    bool verdict = msg->step == SB_STEP_CWD_OUTSIDE || msg->step == SB_STEP_EXECUTABLE_SELF;

    if (w->json_path) {
        const char *hole = strstr(w->json_path, "%u");
        if (hole)
            snprintf(path, sizeof(path), "%.*s%u%s", (int)(hole - w->json_path), w->json_path,
                     msg->index, hole + 2);
        else
            snprintf(path, sizeof(path), "%s", w->json_path);
    }
    const char *json_path = w->json_path ? path : NULL;
    if (verdict)
        return su_fail_at(err, w->kind, msg->value, json_path, "\"%s\" %s", value, w->text);
    if (value)
        return su_fail_at(err, w->kind, msg->value, json_path, "%s \"%s\": %s", w->text, value,
                          strerror(msg->value));
    return su_fail_at(err, w->kind, msg->value, json_path, "%s: %s", w->text, strerror(msg->value));
}

/* Engines search for these words to tell "not found" (127) from "not executable" (126). */
static int report_executable(const struct oci_spec *oci, const struct sb_msg *msg,
                             struct su_error *err)
{
    const char *name = oci->process->args.v[0];

    if (msg->value == ENOENT && msg->extra)
        return su_fail_at(err, SU_ERR_IO, ENOENT, "process.args[0]",
                          "exec \"%s\": executable file not found in $PATH", name);
    if (msg->value == ENOENT)
        return su_fail_at(err, SU_ERR_IO, ENOENT, "process.args[0]",
                          "exec \"%s\": no such file or directory", name);
    if (msg->value == EACCES)
        return su_fail_at(err, SU_ERR_IO, EACCES, "process.args[0]",
                          "exec \"%s\": permission denied (it is not an executable file)", name);
    if (msg->value == EISDIR)
        return su_fail_at(err, SU_ERR_IO, EACCES, "process.args[0]",
                          "exec \"%s\": is a directory: permission denied", name);
    return su_fail_at(err, SU_ERR_IO, msg->value, "process.args[0]", "exec \"%s\": %s", name,
                      strerror(msg->value));
}

static int report_rlimit(const struct oci_spec *oci, const struct sb_msg *msg, struct su_error *err)
{
    const struct oci_rlimit *r = &oci->process->rlimits.v[msg->index];
    char path[64];

    snprintf(path, sizeof(path), "process.rlimits[%u]", msg->index);
    return su_fail_at(
        err, SU_ERR_IO, msg->value, path, "cannot set soft %llu and hard %llu: %s%s",
        (unsigned long long)r->soft, (unsigned long long)r->hard, strerror(msg->value),
        msg->value == EPERM ? " (a hard limit can only be raised with CAP_SYS_RESOURCE)" : "");
}

static int report_hook(const struct oci_spec *oci, const struct sb_msg *msg, struct su_error *err)
{
    const oci_hook_list *list = sb_hooks_of(oci->hooks, (enum sb_hook_kind)msg->extra);
    struct sb_hook_failure failure = {
        .index = msg->index,
        .errnum = msg->value > 0 ? msg->value : 0,
        .wait_status = msg->value < 0 ? -msg->value : 0,
        .n_output = msg->n_text,
    };

    if (msg->n_text > sizeof(msg->text) || msg->index >= list->n)
        return su_fail(err, EPROTO, "the container's init sent a message that is none");
    memcpy(failure.output, msg->text, msg->n_text);

    return sb_hook_error((enum sb_hook_kind)msg->extra, list->v[msg->index].path, &failure, err);
}

static int report_device(const struct sb_plan *plan, const struct sb_msg *msg, struct su_error *err)
{
    const struct sb_device *d = &plan->devices[msg->index];
    char path[64];

    snprintf(path, sizeof(path), "linux.devices[%zu]", d->index);
    const char *why =
        msg->value == EEXIST ? "something else is there already" : strerror(msg->value);
    return su_fail_at(err, SU_ERR_IO, msg->value, d->index == SIZE_MAX ? NULL : path,
                      "cannot make device \"/%s\": %s", d->path, why);
}

/* Words that file systems of containers know, for a likely slip. */
static const char *const fs_option_words[] = {
    "size",     "nr_inodes",    "nr_blocks", "mode",     "uid",       "gid",
    "huge",     "mpol",         "inode64",   "noswap",   "hidepid",   "subset",
    "ptmxmode", "newinstance",  "max",       "lowerdir", "upperdir",  "workdir",
    "metacopy", "redirect_dir", "index",     "context",  "userxattr", "volatile",
};

/* A word that the kernel did not take may be a slip of a general option or of a file system's. */
static const char *suggestion(const char *word)
{
    size_t n;
    const char *const *known = su_known_mount_options(&n);
    _cleanup_free_ char *key = strndup(word, strcspn(word, "="));

    if (!key)
        return NULL;
    const char *near = su_nearest_word(key, known, n);
    if (!near)
        near = su_nearest_word(key, fs_option_words, SU_ARRAY_SIZE(fs_option_words));
    return near && !su_streq(near, key) ? near : NULL;
}

static int report_mount_option(const struct sb_plan *plan, const struct sb_msg *msg,
                               struct su_error *err)
{
    const struct sb_mount_step *step = &plan->mounts[msg->index];
    const struct su_strv *options = &plan->spec->oci.mounts.v[step->index].options;
    const char *word = msg->extra < options->n ? options->v[msg->extra] : "context";
    const char *near = suggestion(word);
    char path[64];

    snprintf(path, sizeof(path), "%s.options[%u]", step->json_path, msg->extra);
    return su_fail_at(err, SU_ERR_MOUNT_OPTION, msg->value, path,
                      "\"%s\" is not a mount option of %s: %s%s%s%s", word, step->fstype,
                      strerror(msg->value), near ? " (did you mean \"" : "", near ? near : "",
                      near ? "\"?)" : "");
}

static int report_mount(const struct sb_plan *plan, const struct sb_msg *msg, struct su_error *err)
{
    const struct sb_mount_step *step = &plan->mounts[msg->index];
    const char *why = strerror(msg->value), *path = step->json_path;
    enum su_err_kind kind = SU_ERR_IO;

    switch ((enum sb_step)msg->step) {
    case SB_STEP_MOUNT_SOURCE:
        return su_fail_at(err, kind, msg->value, path, "cannot open source \"%s\": %s",
                          step->source, why);
    case SB_STEP_MOUNT_TARGET:
        if (msg->value == ELOOP && step->ordinary_target)
            return su_fail_at(err, SU_ERR_SYMLINK_MOUNT, ELOOP, path,
                              "\"/%s\" must be mounted on ordinary directory, found a symbolic "
                              "link in the rootfs",
                              step->target);
        return su_fail_at(err, kind, msg->value, path,
                          "cannot make or open mount point \"/%s\" in the rootfs: %s", step->target,
                          why);
    case SB_STEP_MOUNT_FSTYPE:
        return su_fail_at(err, kind, msg->value, path,
                          "\"%s\" is not a file system type of this kernel, expected one of "
                          "/proc/filesystems, or the option \"bind\": %s",
                          step->fstype, why);
    case SB_STEP_MOUNT_PROC:
        return su_fail_at(err, SU_ERR_SPEC, msg->value, path,
                          "\"/%s\" is inside procfs, where nothing may be mounted over but a few "
                          "well-known files",
                          step->target);
    case SB_STEP_MOUNT_ATTR:
        return su_fail_at(err, kind, msg->value, path, "cannot set the attributes of \"/%s\": %s%s",
                          step->target, why,
                          msg->value == ENOSYS ? " (these take Linux 5.12 or newer)" : "");
    case SB_STEP_MOUNT_PROPAGATION:
        return su_fail_at(err, kind, msg->value, path, "cannot set the propagation of \"/%s\": %s",
                          step->target, why);
    case SB_STEP_MOUNT_COPYUP:
        return su_fail_at(err, kind, msg->value, path,
                          "tmpcopyup: cannot copy \"/%s\" into the tmpfs: %s", step->target, why);
    default:
        return su_fail_at(err, kind, msg->value, path, "cannot mount \"%s\" (%s) on \"/%s\": %s%s",
                          step->source, step->fstype, step->target, why,
                          msg->value == ENOTDIR ? " (one is a directory, the other is not)" : "");
    }
}

int sb_report(const struct sb_plan *plan, const struct oci_spec *oci, const struct sb_msg *msg,
              struct su_error *err)
{
    const struct words *w = msg->step < SB_STEP_COUNT ? &words[msg->step] : &words[0];

    if (msg->kind == SB_MSG_ERROR && w->text)
        return report_simple(w, oci, msg, err);
    switch ((enum sb_step)msg->step) {
    case SB_STEP_EXECUTABLE:
        return report_executable(oci, msg, err);
    case SB_STEP_RLIMIT:
        return report_rlimit(oci, msg, err);
    case SB_STEP_HOOK:
        return report_hook(oci, msg, err);
    case SB_STEP_LSM:
        return su_fail_at(err, SU_ERR_IO, msg->value, "process",
                          "cannot set the security label: %s", strerror(msg->value));
    default:
        break;
    }
    if (!plan)
        return su_fail(err, EPROTO, "the container's init sent a message that is none");
    switch ((enum sb_step)msg->step) {
    case SB_STEP_DEVICE:
        return report_device(plan, msg, err);
    case SB_STEP_MOUNT_OPTION:
        return report_mount_option(plan, msg, err);
    default:
        if (msg->step >= SB_STEP_MOUNT_SOURCE && msg->step <= SB_STEP_MOUNT_PROC)
            return report_mount(plan, msg, err);
        return su_fail(err, EPROTO, "the container's init sent a message that is none");
    }
}
