/* SPDX-License-Identifier: Apache-2.0 */
/* list: prints all containers below the state root. */
#include "base/base.h"
#include "command.h"
#include "escape.h"
#include "output.h"
#include "sandbox.h"

enum list_format { LIST_TABLE, LIST_JSON };
enum { N_COLUMNS = 6, MIN_WIDTH = 12, COLUMN_GAP = 3 };

struct list_flags {
    int format;
    bool quiet, sandbox;
};

static const struct su_enum formats[] = {
    {"table", LIST_TABLE}, {"text", LIST_TABLE}, {"json", LIST_JSON}, {NULL, 0}};

/* clang-format off */
static const struct flag flags[] = {
    {"format", 'f', FLAG_CHOICE, offsetof(struct list_flags, format), formats, FLAG_ALL, "FORMAT", "table (default; also text) or json"},
    {"quiet", 'q', FLAG_BOOL, offsetof(struct list_flags, quiet), NULL, FLAG_ALL, NULL, "print only the ids"},
    {"sandbox", 0, FLAG_BOOL, offsetof(struct list_flags, sandbox), NULL, FLAG_RUNSC, NULL, "leave out containers that belong to a sandbox"},
};
/* clang-format on */

/* The text of each cell of a row, in arena. */
struct row {
    char *cells[N_COLUMNS];
};

static bool fill_row(struct su_arena *arena, const struct container_view *view, struct row *row)
{
    char *const texts[N_COLUMNS] = {view->id,      su_arena_printf(arena, "%d", view->pid),
                                    view->status,  view->bundle,
                                    view->created, view->owner};

    for (size_t i = 0; i < N_COLUMNS; i++) {
        _cleanup_(su_strbuf_free) struct su_strbuf cell = {0};
        escape_add(&cell, texts[i] ? texts[i] : "", ESCAPE_LINE);
        row->cells[i] = cell.failed ? NULL : su_arena_strndup(arena, cell.text, cell.len);
        if (!row->cells[i])
            return false;
    }
    return true;
}

static int add_table(struct su_arena *arena, const struct container_view *views, size_t n,
                     struct su_strbuf *out, struct su_error *err)
{
    struct row *rows = su_arena_array(arena, n + 1, sizeof(*rows));
    size_t width[N_COLUMNS] = {0};

    if (!rows)
        return su_fail(err, ENOMEM, "out of memory");
    rows[0] = (struct row){{(char[]){"ID"}, (char[]){"PID"}, (char[]){"STATUS"}, (char[]){"BUNDLE"},
                            (char[]){"CREATED"}, (char[]){"OWNER"}}};
    for (size_t i = 0; i <= n; i++) {
        if (i > 0 && !fill_row(arena, &views[i - 1], &rows[i]))
            return su_fail(err, ENOMEM, "out of memory");
        for (size_t c = 0; c < N_COLUMNS; c++) {
            size_t needed = strlen(rows[i].cells[c]) + COLUMN_GAP;
            width[c] = needed > width[c] ? needed : width[c];
        }
    }
    for (size_t i = 0; i <= n; i++) {
        for (size_t c = 0; c + 1 < N_COLUMNS; c++)
            su_strbuf_printf(out, "%-*s", (int)(width[c] > MIN_WIDTH ? width[c] : MIN_WIDTH),
                             rows[i].cells[c]);
        su_strbuf_printf(out, "%s\n", rows[i].cells[N_COLUMNS - 1]);
    }
    return 0;
}

static int add_json(const struct container_view *views, size_t n, struct su_strbuf *out,
                    struct su_error *err)
{
    _cleanup_free_ char *text = NULL;
    size_t len = 0;

    int rc = su_json_encode_list(&type_container_view, views, n, 0, 0, &text, &len, err);
    if (rc < 0)
        return rc;
    su_strbuf_add(out, text, len);
    su_strbuf_addc(out, '\n');
    return 0;
}

static int print_list(const struct cmd_ctx *ctx, const struct sb_container *list, size_t n,
                      struct su_error *err)
{
    const struct list_flags *f = ctx->flags;
    _cleanup_(su_strbuf_free) struct su_strbuf out = {0};
    struct container_view *views = su_arena_array(ctx->arena, n, sizeof(*views));

    if (!views)
        return su_fail(err, ENOMEM, "out of memory");
    int rc = 0;
    size_t shown = 0;
    for (size_t i = 0; rc == 0 && i < n; i++) {
        if (f->sandbox && list[i].sandbox_id)
            continue;
        if (f->quiet)
            su_strbuf_printf(&out, "%s\n", list[i].id);
        else
            rc = container_view_make(ctx->arena, &list[i], &views[shown++], err);
    }
    if (rc == 0 && !f->quiet)
        rc = f->format == LIST_JSON ? add_json(views, shown, &out, err)
                                    : add_table(ctx->arena, views, shown, &out, err);
    return rc < 0 ? rc : output_write(&out, err);
}

static int run(const struct cmd_ctx *ctx, int argc, char **argv, struct su_error *err)
{
    struct sb_container *list = NULL;
    size_t n = 0;

    (void)argc;
    (void)argv;
    int rc = sb_list(ctx->globals->conf.root, &list, &n, err);
    /* The default root comes to be with the first container. */
    if (rc == -ENOENT && !ctx->globals->root_given)
        rc = 0;
    if (rc == 0)
        rc = print_list(ctx, list, n, err);
    sb_list_free(list, n);
    return rc;
}

const struct command cmd_list = {
    .name = "list",
    .help = "list the containers below the state root",
    .usage = "[OPTION...]",
    .run = run,
    .flags = {.flags = flags, .n_flags = SU_ARRAY_SIZE(flags)},
    .flags_size = sizeof(struct list_flags),
    .needs_root = true,
};
