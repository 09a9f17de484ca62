/* Samplers: which rows make which batch, in which order. One file a sampler, one line in
 * samplers.def.
 *
 * A plan is made for one window of an epoch at a time (data/window.h; a corpus of at most one
 * window is planned whole) from (seed, epoch, window) alone, so it can be made again on resume and
 * simulated in advance. Each row comes at most once an epoch, and of most samplers once. */
#ifndef DATA_SAMPLER_H
#define DATA_SAMPLER_H

#include "data/window.h"

/* rows[start[i] .. start[i+1]) is batch i. */
typedef struct data_plan {
    uint32_t *rows;
    size_t *start; /* [batches+1] */
    size_t batches, rows_count;
    size_t dropped;     /* rows left out: of batches smaller than `min_batch`, or by the sampler */
    size_t conflicting; /* rows that went into smaller last batches because of repeated texts */
    data_window window;
    uint32_t *scratch; /* the sampler's own memory, kept so that a later plan need not allocate */
    size_t rows_capacity, start_capacity, scratch_capacity;
} data_plan;

typedef struct data_sampler_options {
    const char *name; /* in samplers.def */
    size_t batch_size;
    size_t min_batch; /* batches smaller than this are dropped and counted (2 for MNRL, else 1) */
    uint64_t seed;
    size_t window_rows, block; /* of data/window.h; 0: as it says */
} data_sampler_options;

/* Windows of an epoch, of a sampler that is in the table. */
size_t data_sampler_windows(const data_sampler_options *options, const data_token_store *store);

/* Replaces *plan by window `window` of epoch `epoch` (0-based). Start with {0}; free with
 * data_plan_free. A plan that was filled once from the same store is filled again without
 * allocating. */
bool data_sampler_plan(const data_sampler_options *options, const data_token_store *store,
                       size_t epoch, size_t window, data_plan *plan, base_error *error);
void data_plan_free(data_plan *plan);

/* Whether the sampler of that name makes batches of so many rows; the message begins with `where`
 * and says what is expected. */
bool data_sampler_check(const char *name, size_t batch_size, const char *where, base_error *error);

/* The samplers' names, NULL-terminated, and one line about each (NULL: none of that name). */
const char *const *data_sampler_names(void);
const char *data_sampler_summary(const char *name);

#endif
