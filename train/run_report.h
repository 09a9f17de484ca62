/* What a run folder tells of its run, whether it goes on, stopped or ended. */
#ifndef TRAIN_RUN_REPORT_H
#define TRAIN_RUN_REPORT_H

#include "base/json.h"

typedef struct train_run_report {
    cJSON *config;  /* resolved */
    size_t step;    /* of the last line of the log; 0: none yet */
    double seconds; /* of all steps; < 0: a log that does not tell */
    bool in_use;    /* a process works in the folder */
    char *metric;   /* by which the best model is kept; NULL: nothing was evaluated yet */
    bool has_best;
    double best; /* after step 0 */
    bool plain;  /* people see it as it is; else times 100 */
    size_t best_step;
} train_run_report;

/* Reads config.json, log.jsonl and evaluations.jsonl; last lines that are cut short count nothing.
 * A folder that is no run folder is an error. Release with train_run_report_free, also on failure.
 */
bool train_run_report_read(const char *folder, train_run_report *out, base_error *error);
void train_run_report_free(train_run_report *report);

#endif
