/* Small training runs in the test's folder. */
#ifndef TESTS_TINY_RUN_H
#define TESTS_TINY_RUN_H

#include "train/trainer.h"

/* Writes nli.tsv (40 labelled pairs), sts.tsv (30 scored pairs) and pairs.tsv (24 pairs) there; a
 * config may name them by these paths. */
void tiny_corpora(void);

/* A config over nli.tsv with dropout, in batches of 4, 10 steps an epoch, evaluated on sts.tsv;
 * `sets` ("key=value", NULL-terminated) change it. Fails the test on errors. */
train_config *tiny_run_config(const char *const *sets);

/* Runs to the end, or up to `stop_at` steps of the whole run (0: to the end). False and the error
 * on failure. */
typedef struct tiny_run_result {
    train_summary summary;
    train_outcome outcome;
    double first_loss, last_loss; /* of reported steps */
    size_t reports, evaluations;
} tiny_run_result;
bool tiny_run(const char *const *sets, train_start start, size_t stop_at, tiny_run_result *result,
              base_error *error);

/* The same, failing the test on errors. */
tiny_run_result tiny_run_well(const char *const *sets, train_start start, size_t stop_at);

/* A file of the run folder `name`, such as "model/model.safetensors": its crc32. */
uint32_t tiny_run_crc(const char *run, const char *file);

#endif
