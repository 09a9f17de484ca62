/* Evaluation results as tables and as JSON. */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include "eval/evaluator.h"

typedef struct cli_report_entry {
    const char *file;
    size_t skipped; /* rows without a gold label */
    eval_result result;
} cli_report_entry;

typedef struct cli_report_group {
    const char *name; /* "sts" */
    cli_report_entry *entry;
    size_t count;
    const char *const *label; /* of the confusion matrix, at least `labels` names; or NULL */
    size_t labels;
} cli_report_group;

/* Correlations and accuracies times 100; undefined numbers as "-". */
bool cli_report_table(base_bytes *out, const cli_report_group *group, base_error *error);

/* "NAME": [{"file", "pairs", metrics as fractions or null, "confusion"}, ...] */
bool cli_report_json(base_bytes *out, const cli_report_group *group, base_error *error);

/* Says of every undefined number why there is none, and how many texts were cut. */
void cli_report_log(const cli_report_group *group);

#endif
