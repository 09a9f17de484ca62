#include "cli/command.h"
#include "cli/progress.h"
#include "train/run_report.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIXED = 6, SHOWN = 40 }; /* columns before those of the configs; bytes of a cell */

static const char *const headers[FIXED] = {"run", "step", "time", "score", "metric", "at"};

/* Cells are filled row after row, headers first; "" is shown as "-". */
typedef struct table {
    char (*cell)[SHOWN + 4];
    size_t rows, columns;
} table;

static char *cell(const table *t, size_t row, size_t column) {
    return t->cell[row * t->columns + column];
}

static void put(const table *t, size_t row, size_t column, const char *text) {
    base_escape(cell(t, row, column), SHOWN, text, strlen(text));
}

/* ---- config keys that differ ---- */

/* Dotted names of members that are no objects. */
typedef struct names {
    char **list;
    size_t count, capacity;
} names;

/* The member of that dotted name; NULL when there is none. */
static const cJSON *find(const cJSON *tree, const char *name) {
    while (tree && *name) {
        size_t n = strcspn(name, ".");
        char *part = base_copy(name, n);
        tree = !part                 ? NULL
               : cJSON_IsArray(tree) ? cJSON_GetArrayItem(tree, atoi(part))
                                     : base_json_get(tree, part);
        free(part);
        name += n + (name[n] == '.');
    }
    return tree;
}

static bool is_open(const cJSON *item) {
    return (cJSON_IsObject(item) || cJSON_IsArray(item)) && item->child;
}

static bool add_name(names *all, const char *name, base_error *error) {
    for (size_t i = 0; i < all->count; i++)
        if (!strcmp(all->list[i], name))
            return true;
    if (!base_grow(&all->list, &all->capacity, all->count + 1, sizeof *all->list, error))
        return false;
    all->list[all->count] = base_copy(name, strlen(name));
    return all->list[all->count++] || base_fail(error, BASE_FAILED, "out of memory");
}

/* The output differs between any two runs and stands in the first column. */
static bool add_names(names *all, const cJSON *tree, const char *above, base_error *error) {
    size_t index = 0;
    bool ok = true;
    for (const cJSON *item = tree->child; ok && item; item = item->next, index++) {
        char *name = item->string ? base_format("%s%s%s", above, *above ? "." : "", item->string)
                                  : base_format("%s.%zu", above, index);
        if (!name)
            return base_fail(error, BASE_FAILED, "out of memory");
        if (strcmp(name, "output") != 0)
            ok = is_open(item) ? add_names(all, item, name, error) : add_name(all, name, error);
        free(name);
    }
    return ok;
}

static bool differs(const train_run_report *run, size_t count, const char *name) {
    const cJSON *first = find(run[0].config, name);
    for (size_t i = 1; i < count; i++) {
        const cJSON *other = find(run[i].config, name);
        if ((first || other) && !(first && other && cJSON_Compare(first, other, true)))
            return true;
    }
    return false;
}

static void keep_different(names *all, const train_run_report *run, size_t count) {
    size_t kept = 0;
    for (size_t i = 0; i < all->count; i++) {
        if (differs(run, count, all->list[i]))
            all->list[kept++] = all->list[i];
        else
            free(all->list[i]);
    }
    all->count = kept;
}

/* ---- the table ---- */

static void put_config(const table *t, size_t row, const train_run_report *run, const names *keys) {
    for (size_t k = 0; k < keys->count; k++) {
        const cJSON *item = find(run->config, keys->list[k]);
        char *line = item && !cJSON_IsString(item) && !is_open(item) ? base_json_line(item) : NULL;
        put(t, row, FIXED + k, cJSON_IsString(item) ? item->valuestring : line ? line : "");
        free(line);
    }
}

static void put_run(const table *t, size_t row, const char *folder, const train_run_report *run) {
    char text[64];
    put(t, row, 0, folder);
    snprintf(text, sizeof text, "%zu%s", run->step, run->in_use ? " (running)" : "");
    put(t, row, 1, text);
    put(t, row, 2, run->seconds < 0 ? "" : cli_duration(run->seconds, text, sizeof text));
    if (!run->has_best)
        return;
    snprintf(text, sizeof text, "%.2f", (run->plain ? 1 : 100) * run->best);
    put(t, row, 3, text);
    put(t, row, 4, run->metric);
    snprintf(text, sizeof text, "%zu", run->best_step);
    put(t, row, 5, text);
}

/* Columns of a terminal that the text takes, about: its code points. */
static size_t width(const char *text) {
    size_t n = 0;
    for (; *text; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

static size_t widest(const table *t, size_t column) {
    size_t most = 1;
    for (size_t row = 0; row < t->rows; row++)
        most = width(cell(t, row, column)) > most ? width(cell(t, row, column)) : most;
    return most;
}

static void print(const table *t) {
    for (size_t row = 0; row < t->rows; row++) {
        for (size_t column = 0; column < t->columns; column++) {
            const char *text = *cell(t, row, column) ? cell(t, row, column) : "-";
            bool last = column + 1 == t->columns;
            printf("%s%*s", text, last ? 0 : (int)(widest(t, column) + 2 - width(text)), "");
        }
        putchar('\n');
    }
}

static bool show(const cli_arguments *a, const train_run_report *run, base_error *error) {
    names keys = {0};
    size_t count = a->operand_count;
    bool ok = true;
    for (size_t i = 0; ok && i < count; i++)
        ok = add_names(&keys, run[i].config, "", error);
    keep_different(&keys, run, count);
    table t = {.rows = count + 1, .columns = FIXED + keys.count};
    t.cell = ok ? base_alloc(t.rows * t.columns, sizeof *t.cell, error) : NULL;
    for (size_t c = 0; t.cell && c < t.columns; c++)
        put(&t, 0, c, c < FIXED ? headers[c] : keys.list[c - FIXED]);
    for (size_t i = 0; t.cell && i < count; i++) {
        put_run(&t, i + 1, a->operand[i], &run[i]);
        put_config(&t, i + 1, &run[i], &keys);
    }
    if (t.cell)
        print(&t);
    for (size_t i = 0; i < keys.count; i++)
        free(keys.list[i]);
    free(keys.list);
    free(t.cell);
    return base_ok(error);
}

static bool run(const cli_arguments *a, base_error *error) {
    train_run_report *runs = base_alloc(a->operand_count, sizeof *runs, error);
    bool ok = runs != NULL;
    for (size_t i = 0; ok && i < a->operand_count; i++)
        ok = train_run_report_read(a->operand[i], &runs[i], error);
    ok = ok && show(a, runs, error);
    for (size_t i = 0; runs && i < a->operand_count; i++)
        train_run_report_free(&runs[i]);
    free(runs);
    return ok;
}

const cli_command cli_command_runs = {
    .name = "runs",
    .summary = "Compare training runs, one a line",
    .usage = "FOLDER...",
    .details =
        "Each line has the last step, the time of all steps (evaluations aside), the best score "
        "on\n"
        "the dev file that decides, times 100, at which step, and the config's keys that differ\n"
        "between the runs.\n",
    .operands_low = 1,
    .operands_high = SIZE_MAX,
    .run = run,
};
