#include "train/lazy_rows.h"

#include "base/memory.h"
#include "base/threads.h"

#include <stdlib.h>
#include <string.h>

/* Updates that are remembered; when there are more, all rows are brought up to date. */
enum { REMEMBERED = 1024, ROWS_PER_TILE = 16 };

struct train_lazy_rows {
    tape_param *param;
    real *m, *v;
    const kernel_table *kernels;
    kernel_adamw *step; /* [REMEMBERED] */
    size_t steps;       /* of them in use */
    uint32_t *had;      /* [rows] of them, those that the row has had */
    bool *moving;       /* [rows] its moments are not all zero */
    uint32_t *late;     /* [rows] rows to replay, */
    uint32_t *from;     /* [rows] and from which step on */
    size_t late_count;
    real *no_gradient; /* [cols] zeros */
};

train_lazy_rows *train_lazy_rows_new(tape_param *param, real *m, real *v, base_error *error) {
    train_lazy_rows *r = base_alloc(1, sizeof *r, error);
    if (!r)
        return NULL;
    *r = (train_lazy_rows){.param = param,
                           .m = m,
                           .v = v,
                           .step = base_alloc(REMEMBERED, sizeof *r->step, error),
                           .had = base_alloc(param->rows, sizeof *r->had, error),
                           .moving = base_alloc(param->rows, sizeof *r->moving, error),
                           .late = base_alloc(param->rows, sizeof *r->late, error),
                           .from = base_alloc(param->rows, sizeof *r->from, error),
                           .no_gradient = base_alloc(param->cols, sizeof *r->no_gradient, error)};
    if (r->step && r->had && r->moving && r->late && r->from && r->no_gradient)
        return r;
    train_lazy_rows_free(r);
    return NULL;
}

void train_lazy_rows_free(train_lazy_rows *r) {
    if (!r)
        return;
    free(r->step);
    free(r->had);
    free(r->moving);
    free(r->late);
    free(r->from);
    free(r->no_gradient);
    free(r);
}

/* Zero moments stay zero, so that only the weights decay: -0 aside, the same bits. */
static void replay_resting(const train_lazy_rows *r, real *w, size_t from) {
    for (size_t s = from; s < r->steps; s++)
        r->kernels->decay(r->param->cols, r->step[s].shrink, w);
}

static void replay(void *context, size_t begin, size_t end) {
    const train_lazy_rows *r = context;
    size_t cols = r->param->cols;
    for (size_t i = begin; i < end; i++) {
        size_t at = r->late[i] * cols;
        if (!r->moving[r->late[i]])
            replay_resting(r, r->param->value + at, r->from[i]);
        else
            for (size_t s = r->from[i]; s < r->steps; s++)
                r->kernels->adamw(cols, &r->step[s], r->param->value + at, r->no_gradient,
                                  r->m + at, r->v + at);
    }
}

static void note_late(train_lazy_rows *r, uint32_t row) {
    if (r->had[row] == r->steps)
        return;
    r->late[r->late_count] = row;
    r->from[r->late_count++] = r->had[row];
    r->had[row] = (uint32_t)r->steps;
}

static void replay_late(train_lazy_rows *r, const kernel_table *kernels) {
    r->kernels = kernels;
    base_threads_range(r->late_count, ROWS_PER_TILE, replay, r);
    r->late_count = 0;
}

void train_lazy_rows_look_up(train_lazy_rows *r, const kernel_table *kernels, const uint32_t *ids,
                             size_t count) {
    for (size_t i = 0; i < count; i++)
        if (ids[i] < r->param->rows)
            note_late(r, ids[i]);
    replay_late(r, kernels);
}

void train_lazy_rows_all(train_lazy_rows *r, const kernel_table *kernels) {
    for (size_t row = 0; row < r->param->rows; row++)
        note_late(r, (uint32_t)row);
    replay_late(r, kernels);
    memset(r->had, 0, r->param->rows * sizeof *r->had);
    r->steps = 0;
}

void train_lazy_rows_step(train_lazy_rows *r, const kernel_table *kernels,
                          const kernel_adamw *step) {
    if (r->steps == REMEMBERED)
        train_lazy_rows_all(r, kernels);
    r->step[r->steps++] = *step;
    const tape_sparse *touched = r->param->sparse;
    for (size_t s = 0; s < touched->slots; s++) {
        r->had[touched->row[s]] = (uint32_t)r->steps;
        r->moving[touched->row[s]] = true;
    }
}

static bool all_zero(const real *x, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (x[i] < 0 || x[i] > 0)
            return false;
    return true;
}

void train_lazy_rows_loaded(train_lazy_rows *r) {
    size_t cols = r->param->cols;
    for (size_t row = 0; row < r->param->rows; row++)
        r->moving[row] = !all_zero(r->m + row * cols, cols) || !all_zero(r->v + row * cols, cols);
}
