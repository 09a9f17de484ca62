/* What an evaluator finds: named numbers and, where they help, tables. Every kind of evaluator
 * fits, and one printer shows them all. */
#ifndef EVAL_RESULT_H
#define EVAL_RESULT_H

#include "base/json_write.h"
#include "eval/metrics.h"

/* What an evaluator measures. */
typedef struct eval_measure {
    const char *name; /* "spearman", "accuracy", "ndcg@10" */
    bool plain;       /* text shows it as it is; others are fractions, which text shows times 100 */
    bool smaller;     /* the smaller the better */
} eval_measure;

/* A number, by its place in a grid: what is measured, and of what. Alone, `variant` is "". */
typedef struct eval_metric {
    const char *name;    /* "spearman_cosine": measure_variant, or the measure alone */
    const char *measure; /* "spearman", "accuracy", "ndcg@10" */
    const char *variant; /* "cosine", "" */
    eval_value value;
    bool plain; /* as eval_measure has it */
} eval_metric;

/* Numbers under names, such as a confusion matrix. */
typedef struct eval_table {
    const char *title;  /* "confusion" */
    const char *corner; /* what rows and columns are: "gold \ predicted" */
    size_t rows, columns;
    char **row, **column; /* their names, [rows] and [columns] */
    double *cell;         /* [rows * columns] */
} eval_table;

/* Start with {0}, release with eval_result_free. */
typedef struct eval_result {
    const char *counted;       /* what an example is: "pairs" */
    size_t examples;           /* how many there were */
    size_t skipped, truncated; /* rows without a label; texts cut to the model's length */
    eval_metric *metric;       /* the main one first */
    size_t metrics, metric_capacity;
    eval_table *table;
    size_t tables, table_capacity;
} eval_result;

void eval_result_free(eval_result *result);

/* Adds a number; names are copied. */
bool eval_result_add(eval_result *result, const eval_measure *measure, const char *variant,
                     eval_value value, base_error *error);

/* Adds a number of each of measures[0..count). */
bool eval_result_add_all(eval_result *result, const eval_measure *measures, const double *values,
                         size_t count, const char *variant, base_error *error);

/* Adds a table of zeros; names are copied, title and corner are literals. NULL when memory is out;
 * else valid until the next one is added. */
eval_table *eval_result_add_table(eval_result *result, const char *title, const char *corner,
                                  const char *const *row, size_t rows, const char *const *column,
                                  size_t columns, base_error *error);

/* The value of a metric; undefined when the result has none of that name. */
eval_value eval_result_get(const eval_result *result, const char *name);

/* Results of one kind of evaluator on some files, for people: a grid of numbers, a line a measure
 * and a file, then the tables. Undefined numbers are "-". */
bool eval_results_text(base_bytes *out, const eval_result *results, const char *const *files,
                       size_t count, base_error *error);

/* Puts the members of a result into the open object: examples under the name of what is counted,
 * "skipped" and "truncated", each metric under its name (a fraction is a fraction; undefined is
 * null), each table under its title as {"rows": names, "columns": names, "cells": [[..], ..]}. */
void eval_result_json(base_json_writer *w, const eval_result *result);

#endif
