/* Rows of an embedding table that a step did not look up are updated late: an update without a
 * gradient changes a row as well (moments fade, weights decay), and each missed one is replayed
 * exactly, so that the bits are those of a dense run (docs/architecture.md, 4). */
#ifndef TRAIN_LAZY_ROWS_H
#define TRAIN_LAZY_ROWS_H

#include "autograd/kernels/kernel.h"
#include "autograd/param.h"

typedef struct train_lazy_rows train_lazy_rows;

/* The state of one table with its moments; all rows are current. */
train_lazy_rows *train_lazy_rows_new(tape_param *param, real *m, real *v, base_error *error);
void train_lazy_rows_free(train_lazy_rows *rows);

/* Brings rows up to date: those in ids[0..count) (ids beyond the table are ignored), or all. */
void train_lazy_rows_look_up(train_lazy_rows *rows, const kernel_table *kernels,
                             const uint32_t *ids, size_t count);
void train_lazy_rows_all(train_lazy_rows *rows, const kernel_table *kernels);

/* One update more: `step` is remembered for replays, and every row with a gradient (a slot of the
 * param) counts as having had it; the caller updates those. They must be current. */
void train_lazy_rows_step(train_lazy_rows *rows, const kernel_table *kernels,
                          const kernel_adamw *step);

/* Looks at the moments again after they were loaded. */
void train_lazy_rows_loaded(train_lazy_rows *rows);

#endif
