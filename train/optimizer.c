#include "train/optimizer.h"

#include "base/memory.h"
#include "base/threads.h"
#include "train/lazy_rows.h"

#include <math.h>
#include <stdlib.h>

enum { ELEMENTS_PER_TILE = 1 << 15, SUMS = 64 };

typedef struct tensor {
    tape_param *param;
    real *m, *v;
    double rate, decay;    /* a factor; weight decay */
    train_lazy_rows *rows; /* NULL: all elements have a gradient */
    kernel_adamw step;     /* of the update being made */
} tensor;

/* Rows [begin, end) of a tensor; of a lazy one, its gradient's slots. */
typedef struct tile {
    size_t tensor, begin, end;
} tile;

struct train_optimizer {
    train_adamw settings;
    const kernel_table *kernels;
    nn_params **sets; /* [set_count] */
    tensor *tensors;
    tile *tiles;
    size_t *updates; /* [count] how often each tensor was updated */
    size_t count, set_count, tile_count;
    size_t sets_capacity, tensor_capacity, tile_capacity, updates_capacity;
};

train_optimizer *train_optimizer_new(const train_adamw *settings, base_error *error) {
    train_optimizer *o = base_alloc(1, sizeof *o, error);
    if (!o)
        return NULL;
    o->settings = *settings;
    o->kernels = kernel_best();
    return o;
}

void train_optimizer_free(train_optimizer *o) {
    if (!o)
        return;
    for (size_t i = 0; i < o->count; i++)
        train_lazy_rows_free(o->tensors[i].rows);
    free(o->sets);
    free(o->tensors);
    free(o->tiles);
    free(o->updates);
    free(o);
}

static bool add_tiles(train_optimizer *o, size_t tensor_index, base_error *error) {
    const tape_param *p = o->tensors[tensor_index].param;
    size_t rows = p->cols < ELEMENTS_PER_TILE ? ELEMENTS_PER_TILE / p->cols : 1;
    for (size_t begin = 0; begin < p->rows; begin += rows) {
        if (!base_grow(&o->tiles, &o->tile_capacity, o->tile_count + 1, sizeof *o->tiles, error))
            return false;
        size_t end = p->rows - begin < rows ? p->rows : begin + rows;
        o->tiles[o->tile_count++] = (tile){tensor_index, begin, end};
    }
    return true;
}

static bool add_tensor(train_optimizer *o, const tensor *t, base_error *error) {
    if (!base_grow(&o->tensors, &o->tensor_capacity, o->count + 1, sizeof *o->tensors, error) ||
        !base_grow(&o->updates, &o->updates_capacity, o->count + 1, sizeof *o->updates, error))
        return false;
    o->tensors[o->count] = *t;
    o->updates[o->count] = 0;
    if (t->param->sparse) {
        o->tensors[o->count].rows = train_lazy_rows_new(t->param, t->m, t->v, error);
        if (!o->tensors[o->count].rows)
            return false;
    }
    return add_tiles(o, o->count++, error);
}

bool train_optimizer_add(train_optimizer *o, nn_params *set, double rate_factor,
                         double decay_factor, base_error *error) {
    if (!base_grow(&o->sets, &o->sets_capacity, o->set_count + 1, sizeof *o->sets, error))
        return false;
    o->sets[o->set_count++] = set;
    for (size_t i = 0; i < nn_params_count(set); i++) {
        tensor t = {.param = nn_params_at(set, i),
                    .m = nn_params_m(set, i),
                    .v = nn_params_v(set, i),
                    .rate = rate_factor,
                    .decay = nn_params_at(set, i)->decay ? o->settings.decay * decay_factor : 0};
        if (t.param->grad && !add_tensor(o, &t, error))
            return false;
    }
    return true;
}

static tensor *find(train_optimizer *o, const tape_param *param) {
    for (size_t i = 0; i < o->count; i++)
        if (o->tensors[i].param == param)
            return &o->tensors[i];
    return NULL;
}

void train_optimizer_rate(train_optimizer *o, const tape_param *param, double factor) {
    tensor *t = find(o, param);
    if (t)
        t->rate = factor;
}

void train_optimizer_decay(train_optimizer *o, const tape_param *param, double decay) {
    tensor *t = find(o, param);
    if (t)
        t->decay = decay;
}

void train_optimizer_look_up(train_optimizer *o, const uint32_t *ids, size_t count) {
    for (size_t i = 0; i < o->count; i++)
        if (o->tensors[i].rows)
            train_lazy_rows_look_up(o->tensors[i].rows, o->kernels, ids, count);
}

void train_optimizer_settle(train_optimizer *o) {
    for (size_t i = 0; i < o->count; i++)
        if (o->tensors[i].rows) {
            train_lazy_rows_all(o->tensors[i].rows, o->kernels);
            tape_param_changed(o->tensors[i].param);
        }
}

/* Rows of the gradient block that are in use this step. */
static size_t gradient_rows(const tape_param *p) {
    if (!p->has_grad)
        return 0;
    return p->sparse ? p->sparse->slots : p->rows;
}

size_t train_optimizer_elements(const train_optimizer *o) {
    size_t sum = 0;
    for (size_t i = 0; i < o->count; i++)
        sum += gradient_rows(o->tensors[i].param) * o->tensors[i].param->cols;
    return sum;
}

/* A block of gradients, cut in equal parts. */
typedef struct block {
    const kernel_table *kernels;
    const real *grad;
    size_t count;
    double sum[SUMS]; /* of the squares of each part */
} block;

static void sum_part(void *context, size_t i) {
    block *b = context;
    size_t part = (b->count + SUMS - 1) / SUMS, begin = i * part;
    if (begin < b->count)
        b->sum[i] = b->kernels->sum_squares(b->count - begin < part ? b->count - begin : part,
                                            b->grad + begin);
}

static double sum_squares(const kernel_table *kernels, const real *grad, size_t count) {
    block b = {.kernels = kernels, .grad = grad, .count = count};
    double sum = 0;
    base_threads_run(SUMS, sum_part, &b);
    for (size_t i = 0; i < SUMS; i++)
        sum += b.sum[i];
    return sum;
}

double train_optimizer_norm(train_optimizer *o) {
    double sum = 0;
    for (size_t i = 0; i < o->set_count; i++) {
        size_t count;
        const real *dense = nn_params_gradients(o->sets[i], &count);
        sum += sum_squares(o->kernels, dense, count);
    }
    for (size_t i = 0; i < o->count; i++) {
        const tape_param *p = o->tensors[i].param;
        if (p->sparse)
            sum += sum_squares(o->kernels, p->grad, gradient_rows(p) * p->cols);
    }
    return sqrt(sum);
}

static void update_tile(void *context, size_t index) {
    const train_optimizer *o = context;
    const tile *part = &o->tiles[index];
    const tensor *t = &o->tensors[part->tensor];
    const tape_param *p = t->param;
    size_t cols = p->cols, rows = gradient_rows(p), end = part->end < rows ? part->end : rows;
    if (part->begin >= end)
        return;
    const real *grad = p->grad + part->begin * cols;
    if (!p->sparse) {
        size_t at = part->begin * cols;
        o->kernels->adamw((end - part->begin) * cols, &t->step, p->value + at, grad, t->m + at,
                          t->v + at);
        return;
    }
    for (size_t slot = part->begin; slot < end; slot++, grad += cols) {
        size_t at = p->sparse->row[slot] * cols;
        o->kernels->adamw(cols, &t->step, p->value + at, grad, t->m + at, t->v + at);
    }
}

/* Numbers of a tensor's update number t = 1, 2, ... */
static kernel_adamw update_at(const train_adamw *settings, size_t t, double rate, double decay,
                              double clip) {
    double n = (double)t;
    return (kernel_adamw){
        .take1 = REAL(1 - settings->beta1),
        .beta2 = REAL(settings->beta2),
        .take2 = REAL(1 - settings->beta2),
        .epsilon = REAL(settings->epsilon),
        .shrink = REAL(rate * decay),
        .step = REAL(rate / (1 - pow(settings->beta1, n))),
        .root = REAL(sqrt(1 - pow(settings->beta2, n))),
        .clip = REAL(clip),
    };
}

void train_optimizer_update(train_optimizer *o, double rate, double norm) {
    double limit = o->settings.clip, clip = limit > 0 ? fmin(1, limit / (norm + 1e-6)) : 1;
    for (size_t i = 0; i < o->count; i++) {
        tensor *t = &o->tensors[i];
        if (!t->param->has_grad)
            continue;
        t->step = update_at(&o->settings, ++o->updates[i], rate * t->rate, t->decay, clip);
        if (t->rows)
            train_lazy_rows_step(t->rows, o->kernels, &t->step);
        tape_param_changed(t->param);
    }
    base_threads_run(o->tile_count, update_tile, o);
    for (size_t i = 0; i < o->count; i++)
        tape_param_clear_grad(o->tensors[i].param);
}

size_t train_optimizer_counts(const train_optimizer *o, const size_t **counts) {
    *counts = o->updates;
    return o->count;
}

void train_optimizer_set_counts(train_optimizer *o, const size_t *counts) {
    for (size_t i = 0; i < o->count; i++) {
        o->updates[i] = counts[i];
        if (o->tensors[i].rows)
            train_lazy_rows_loaded(o->tensors[i].rows);
    }
}
