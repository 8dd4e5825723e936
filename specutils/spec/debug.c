/* SPDX-License-Identifier: Apache-2.0 */
/* The spec as a debug record, without what is long and dull and without the environment's values,
 * which hold passwords often enough. */
#include <specutils/log.h>

#include "spec_private.h"

/* A list with the values hidden: NAME=***. An entry that has no name is hidden wholly. */
static bool mask_values(struct su_arena *arena, struct su_strv *env)
{
    if (!env->v)
        return true;
    char **masked = su_arena_array(arena, env->n + 1, sizeof(*masked));
    for (size_t i = 0; masked && i < env->n; i++) {
        size_t name = strcspn(env->v[i], "=");
        if (!env->v[i][name])
            name = 0;
        masked[i] = su_arena_printf(arena, "%.*s%s", (int)name, env->v[i], name ? "=***" : "***");
        if (!masked[i])
            return false;
    }
    env->v = masked;
    return masked != NULL;
}

static bool mask_hooks(struct su_arena *arena, oci_hook_list *list)
{
    struct oci_hook *copies = su_arena_array(arena, list->n, sizeof(*copies));

    for (size_t i = 0; copies && i < list->n; i++) {
        copies[i] = list->v[i];
        if (!mask_values(arena, &copies[i].env))
            return false;
    }
    if (list->v)
        list->v = copies;
    return copies != NULL;
}

/* All copies are shallow: what is left out is cut from the copy, never from the caller's spec. */
static bool abridge(struct su_arena *arena, struct oci_spec *spec, bool log_seccomp)
{
    struct oci_process *process = su_arena_alloc(arena, sizeof(*process));
    struct oci_linux *linux_ = su_arena_alloc(arena, sizeof(*linux_));
    struct oci_resources *resources = su_arena_alloc(arena, sizeof(*resources));
    struct oci_hooks *hooks = su_arena_alloc(arena, sizeof(*hooks));

    if (!process || !linux_ || !resources || !hooks)
        return false;
    if (spec->process) {
        *process = *spec->process;
        process->capabilities = NULL;
        spec->process = process;
    }
    if (spec->linux_) {
        *linux_ = *spec->linux_;
        linux_->seccomp = log_seccomp ? linux_->seccomp : NULL;
        linux_->masked_paths = (struct su_strv){0};
        linux_->readonly_paths = (struct su_strv){0};
        spec->linux_ = linux_;
    }
    if (spec->linux_ && linux_->resources) {
        *resources = *linux_->resources;
        resources->devices.v = NULL;
        resources->devices.n = 0;
        linux_->resources = resources;
    }
    if (spec->hooks) {
        *hooks = *spec->hooks;
        spec->hooks = hooks;
    }
    return mask_values(arena, &process->env) && mask_hooks(arena, &hooks->prestart) &&
           mask_hooks(arena, &hooks->create_runtime) &&
           mask_hooks(arena, &hooks->create_container) &&
           mask_hooks(arena, &hooks->start_container) && mask_hooks(arena, &hooks->poststart) &&
           mask_hooks(arena, &hooks->poststop);
}

void su_log_spec_debug(const struct oci_spec *spec, bool log_seccomp)
{
    if (!spec || !su_log_enabled(SU_LOG_DEBUG))
        return;
    _cleanup_arena_ struct su_arena arena = {0};
    _cleanup_free_ char *text = NULL;
    struct oci_spec copy = *spec;

    if (abridge(&arena, &copy, log_seccomp) &&
        su_json_encode(&su_type_oci_spec, &copy, SU_JSON_PRETTY, 2, &text, NULL, NULL) == 0)
        su_debug("Spec:\n%s", text);
}
