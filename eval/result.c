#include "eval/result.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void free_names(char **names, size_t count) {
    for (size_t i = 0; names && i < count; i++)
        free(names[i]);
    free(names);
}

void eval_result_free(eval_result *r) {
    for (size_t i = 0; i < r->metrics; i++) {
        free((char *)r->metric[i].name);
        free((char *)r->metric[i].measure);
        free((char *)r->metric[i].variant);
    }
    for (size_t i = 0; i < r->tables; i++) {
        free_names(r->table[i].row, r->table[i].rows);
        free_names(r->table[i].column, r->table[i].columns);
        free(r->table[i].cell);
    }
    free(r->metric);
    free(r->table);
    *r = (eval_result){0};
}

bool eval_result_add(eval_result *r, const eval_measure *measure, const char *variant,
                     eval_value value, base_error *error) {
    if (!base_grow(&r->metric, &r->metric_capacity, r->metrics + 1, sizeof *r->metric, error))
        return false;
    eval_metric *m = &r->metric[r->metrics++];
    *m = (eval_metric){.name = base_format("%s%s%s", measure->name, *variant ? "_" : "", variant),
                       .measure = base_copy(measure->name, strlen(measure->name)),
                       .variant = base_copy(variant, strlen(variant)),
                       .value = value,
                       .plain = measure->plain};
    return (m->name && m->measure && m->variant) || base_fail(error, BASE_FAILED, "out of memory");
}

bool eval_result_add_all(eval_result *r, const eval_measure *measures, const double *values,
                         size_t count, const char *variant, base_error *error) {
    bool ok = true;
    for (size_t i = 0; ok && i < count; i++)
        ok = eval_result_add(r, &measures[i], variant, (eval_value){values[i], NULL}, error);
    return ok;
}

static char **copy_names(const char *const *names, size_t count, base_error *error) {
    char **out = base_alloc(count, sizeof *out, error);
    bool ok = out != NULL;
    for (size_t i = 0; ok && i < count; i++)
        ok = (out[i] = base_copy(names[i], strlen(names[i]))) ||
             base_fail(error, BASE_FAILED, "out of memory");
    if (ok)
        return out;
    free_names(out, count);
    return NULL;
}

eval_table *eval_result_add_table(eval_result *r, const char *title, const char *corner,
                                  const char *const *row, size_t rows, const char *const *column,
                                  size_t columns, base_error *error) {
    size_t bytes;
    if (!base_size_mul(columns, sizeof(double), &bytes)) {
        base_fail(error, BASE_BAD_INPUT, "the table %s has too many columns", title);
        return NULL;
    }
    if (!base_grow(&r->table, &r->table_capacity, r->tables + 1, sizeof *r->table, error))
        return NULL;
    eval_table *t = &r->table[r->tables++];
    *t = (eval_table){.title = title, .corner = corner, .rows = rows, .columns = columns};
    t->row = copy_names(row, rows, error);
    t->column = copy_names(column, columns, error);
    t->cell = base_alloc(rows, bytes, error);
    return t->row && t->column && t->cell ? t : NULL;
}

eval_value eval_result_get(const eval_result *result, const char *name) {
    for (size_t i = 0; i < result->metrics; i++)
        if (strcmp(result->metric[i].name, name) == 0)
            return result->metric[i].value;
    return (eval_value){0, "the evaluator does not measure it"};
}

/* ---- text ---- */

enum { EXAMPLES = 8, MEASURE = 9, NUMBER = 10, CELL = 14, CORNER = 18 };

/* Whether metric i is the first of its kind with this measure (or this variant). */
static bool is_first(const eval_result *r, size_t i, bool by_variant) {
    for (size_t j = 0; j < i; j++)
        if (r->metric[j].plain == r->metric[i].plain &&
            !(by_variant ? strcmp(r->metric[j].variant, r->metric[i].variant)
                         : strcmp(r->metric[j].measure, r->metric[i].measure)))
            return false;
    return true;
}

static const eval_metric *find(const eval_result *r, const char *measure, const char *variant,
                               bool plain) {
    for (size_t i = 0; i < r->metrics; i++)
        if (r->metric[i].plain == plain && !strcmp(r->metric[i].measure, measure) &&
            !strcmp(r->metric[i].variant, variant))
            return &r->metric[i];
    return NULL;
}

/* Whole numbers are shown whole. */
static bool is_count(const eval_metric *m) {
    return fabs(m->value.value) < 1e9 && m->value.value <= floor(m->value.value);
}

static bool put_number(base_bytes *out, const eval_metric *m, base_error *error) {
    return !m || m->value.undefined ? base_bytes_format(out, error, " %*s", NUMBER, "-")
           : m->plain ? base_bytes_format(out, error, is_count(m) ? " %*.0f" : " %*.4g", NUMBER,
                                          m->value.value)
                      : base_bytes_format(out, error, " %*.2f", NUMBER, 100 * m->value.value);
}

/* The line of one measure: a column a variant. */
static bool put_measure(base_bytes *out, const eval_result *r, const eval_metric *m, int width,
                        const char *file, base_error *error) {
    bool ok = base_bytes_format(out, error, "%*zu  %-*s", EXAMPLES, r->examples, width, m->measure);
    for (size_t i = 0; ok && i < r->metrics; i++)
        if (r->metric[i].plain == m->plain && is_first(r, i, true))
            ok = put_number(out, find(r, m->measure, r->metric[i].variant, m->plain), error);
    return ok && base_bytes_format(out, error, "  ") &&
           base_bytes_escape(out, file, strlen(file), error) && base_bytes_format(out, error, "\n");
}

static bool put_heading(base_bytes *out, const eval_result *r, bool plain, int width,
                        base_error *error) {
    bool ok = base_bytes_format(out, error, "%*s  %-*s", EXAMPLES, r->counted, width,
                                plain ? "" : "x 100");
    for (size_t i = 0; ok && i < r->metrics; i++)
        if (r->metric[i].plain == plain && is_first(r, i, true))
            ok = base_bytes_format(out, error, " %*s", NUMBER, r->metric[i].variant);
    return ok && base_bytes_format(out, error, "  file\n");
}

/* All fractions, or all plain numbers, of all files; nothing when there are none. */
static bool put_grid(base_bytes *out, const eval_result *results, const char *const *files,
                     size_t count, bool plain, base_error *error) {
    int width = MEASURE;
    const eval_result *headed = NULL;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < results[i].metrics; j++)
            if (results[i].metric[j].plain == plain) {
                int length = (int)strlen(results[i].metric[j].measure);
                width = length > width ? length : width;
                headed = headed ? headed : &results[i];
            }
    bool ok = !headed || put_heading(out, headed, plain, width, error);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; ok && j < results[i].metrics; j++)
            if (results[i].metric[j].plain == plain && is_first(&results[i], j, false))
                ok = put_measure(out, &results[i], &results[i].metric[j], width, files[i], error);
    return ok;
}

/* The name at the right of `width` columns, one a character, cut when it is too long. */
static bool put_name(base_bytes *out, const char *text, int width, base_error *error) {
    char name[200];
    base_escape(name, sizeof name, text, strlen(text));
    size_t n = 0;
    int room = width;
    for (; name[n]; n++)
        if ((name[n] & 0xc0) != 0x80 && room-- == 0)
            break;
    return base_bytes_format(out, error, " %*s%.*s", room > 0 ? room : 0, "", (int)n, name);
}

static bool put_table(base_bytes *out, const eval_table *t, const char *file, base_error *error) {
    bool ok = base_bytes_format(out, error, "\n%s of ", t->title) &&
              base_bytes_escape(out, file, strlen(file), error) &&
              base_bytes_format(out, error, "\n%*s", CORNER, t->corner);
    for (size_t j = 0; ok && j < t->columns; j++)
        ok = put_name(out, t->column[j], CELL, error);
    for (size_t i = 0; ok && i < t->rows; i++) {
        ok = base_bytes_format(out, error, "\n") && put_name(out, t->row[i], CORNER - 1, error);
        for (size_t j = 0; ok && j < t->columns; j++)
            ok = base_bytes_format(out, error, " %*.10g", CELL, t->cell[i * t->columns + j]);
    }
    return ok && base_bytes_format(out, error, "\n");
}

bool eval_results_text(base_bytes *out, const eval_result *results, const char *const *files,
                       size_t count, base_error *error) {
    bool ok = put_grid(out, results, files, count, false, error) &&
              put_grid(out, results, files, count, true, error);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; ok && j < results[i].tables; j++)
            ok = put_table(out, &results[i].table[j], files[i], error);
    return ok;
}

/* ---- JSON ---- */

static void put_names(base_json_writer *w, const char *key, char *const *names, size_t count) {
    base_json_open(w, key, '[');
    for (size_t i = 0; i < count; i++)
        base_json_put_text(w, NULL, names[i], strlen(names[i]));
    base_json_close(w, ']');
}

static void put_json_table(base_json_writer *w, const eval_table *t) {
    base_json_open(w, t->title, '{');
    put_names(w, "rows", t->row, t->rows);
    put_names(w, "columns", t->column, t->columns);
    base_json_open(w, "cells", '[');
    for (size_t i = 0; i < t->rows; i++) {
        base_json_open(w, NULL, '[');
        for (size_t j = 0; j < t->columns; j++)
            base_json_put_number(w, NULL, t->cell[i * t->columns + j], 0);
        base_json_close(w, ']');
    }
    base_json_close(w, ']');
    base_json_close(w, '}');
}

void eval_result_json(base_json_writer *w, const eval_result *r) {
    base_json_put_size(w, r->counted, r->examples);
    base_json_put_size(w, "skipped", r->skipped);
    base_json_put_size(w, "truncated", r->truncated);
    for (size_t i = 0; i < r->metrics; i++) {
        const eval_metric *m = &r->metric[i];
        base_json_put_number(w, m->name, m->value.undefined ? (double)NAN : m->value.value, 0);
    }
    for (size_t i = 0; i < r->tables; i++)
        put_json_table(w, &r->table[i]);
}
