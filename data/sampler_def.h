/* What a sampler plug-in is, for the files data/sampler_*.c. */
#ifndef DATA_SAMPLER_DEF_H
#define DATA_SAMPLER_DEF_H

#include "base/random.h"
#include "data/sampler.h"

typedef struct data_sampler_input {
    const data_token_store *store; /* for its name and kind */
    const data_window *window;     /* whose rows are planned, by its numbers */
    size_t rows, columns, batch_size, min_batch;
    base_random random; /* a stream of this seed, epoch and window alone */
} data_sampler_input;

typedef struct data_sampler_def {
    const char *name, *summary;
    /* Fills an empty plan with room for rows and as many batches. */
    bool (*plan)(data_sampler_input *input, data_plan *plan, base_error *error);
    size_t least_rows, multiple; /* that a batch must have and be of; 0: any */
    bool in_order;               /* it wants the rows in the order of the corpus */
    bool texts, labels;          /* of the window, which it reads */
} data_sampler_def;

/* Puts a row into the open batch; closes the open batch, or drops its rows when it is too small. */
void data_plan_add(data_plan *plan, uint32_t row);
void data_plan_close(data_plan *plan, size_t min_batch);

/* Rows in the open batch. */
size_t data_plan_open(const data_plan *plan);

#endif
