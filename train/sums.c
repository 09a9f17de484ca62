#include "train/sums.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

struct train_sums {
    const dist_ranks *ranks;
    const nn_transformer *encoder;
    const train_trained *trained;
    tape_listener listener;
    /* Of the encoder: layers whose sums have not begun, tensors whose sums have, and what became of
     * that. */
    size_t layers;
    bool *begun;
    dist_sums under_way;
    base_error error;
    size_t *counts, *ones; /* [ranks] */
    uint32_t *row;
    real *grad;
    bool *has;
    size_t row_capacity, grad_capacity, has_capacity;
};

/* ---- layers, while backward runs ---- */

static void begin_layer(train_sums *s, size_t layer) {
    size_t tensors, count, first = nn_transformer_layer_tensors(s->encoder, layer, &tensors);
    real *numbers = nn_params_gradients_of(s->encoder->params, first, tensors, &count);
    memset(s->begun + first, true, tensors * sizeof *s->begun);
    if (base_ok(&s->error))
        dist_sums_begin(s->ranks, &s->under_way, numbers, count, &s->error);
}

static void begin_layers(train_sums *s, size_t lowest) {
    while (s->layers > lowest)
        begin_layer(s, --s->layers);
}

static void back(void *context, size_t milestone) {
    train_sums *s = context;
    dist_sums_go_on(&s->under_way);
    if (milestone)
        begin_layers(s, milestone - 1);
}

const tape_listener *train_sums_listener(train_sums *s) {
    return s->ranks->size > 1 ? &s->listener : NULL;
}

/* ---- making ---- */

train_sums *train_sums_new(const dist_ranks *ranks, const nn_model *model,
                           const train_trained *trained, base_error *error) {
    train_sums *s = base_alloc(1, sizeof *s, error);
    if (!s)
        return NULL;
    *s = (train_sums){.ranks = ranks,
                      .encoder = &model->encoder->transformer,
                      .trained = trained,
                      .listener = {back, s}};
    s->layers = s->encoder->spec.layers;
    s->begun = base_alloc(nn_params_count(s->encoder->params), sizeof *s->begun, error);
    s->counts = base_alloc(ranks->size, sizeof *s->counts, error);
    s->ones = base_alloc(ranks->size, sizeof *s->ones, error);
    if (!base_ok(error)) {
        train_sums_free(s);
        return NULL;
    }
    for (size_t i = 0; i < ranks->size; i++)
        s->ones[i] = 1;
    return s;
}

void train_sums_free(train_sums *s) {
    if (!s)
        return;
    dist_sums_release(&s->under_way);
    free(s->begun);
    free(s->counts);
    free(s->ones);
    free(s->row);
    free(s->grad);
    free(s->has);
    free(s);
}

/* ---- the rest, behind it ---- */

static int ascending(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* The rows that any rank has touched, ascending, into s->row. */
static bool gather_rows(train_sums *s, const tape_sparse *touched, size_t *rows,
                        base_error *error) {
    size_t all = 0, before = 0;
    s->counts[s->ranks->rank] = touched->slots;
    if (!dist_gather(s->ranks, s->counts, s->ones, sizeof *s->counts, error))
        return false;
    for (size_t i = 0; i < s->ranks->size; i++) {
        before += i < s->ranks->rank ? s->counts[i] : 0;
        all += s->counts[i];
    }
    if (!base_grow(&s->row, &s->row_capacity, all + 1, sizeof *s->row, error))
        return false;
    memcpy(s->row + before, touched->row, touched->slots * sizeof *s->row);
    if (!dist_gather(s->ranks, s->row, s->counts, sizeof *s->row, error))
        return false;
    *rows = base_sort_distinct(s->row, all, sizeof *s->row, ascending);
    return true;
}

/* Of an embedding table: slots become the touched rows of all ranks in ascending order. */
static bool sum_rows(train_sums *s, tape_param *p, base_error *error) {
    size_t rows, cols = p->cols, numbers;
    if (!gather_rows(s, p->sparse, &rows, error) || !base_size_mul(rows, cols, &numbers) ||
        !base_grow(&s->grad, &s->grad_capacity, numbers, sizeof *s->grad, error))
        return base_fail(error, BASE_FAILED, "the gradient of %s is too large to be summed",
                         p->name);
    train_optimizer_look_up(s->trained->optimizer, s->row, rows);
    memset(s->grad, 0, numbers * sizeof *s->grad);
    for (size_t i = 0; i < rows; i++) {
        uint32_t slot = p->sparse->slot_of[s->row[i]];
        if (slot)
            memcpy(s->grad + i * cols, p->grad + (slot - 1) * cols, cols * sizeof *s->grad);
    }
    dist_sum(s->ranks, s->grad, numbers);
    tape_param_clear_grad(p);
    for (size_t i = 0; i < rows; i++) {
        bool fresh;
        memcpy(tape_param_sparse_row(p, s->row[i], &fresh), s->grad + i * cols,
               cols * sizeof *s->grad);
    }
    return true;
}

/* Of the dense tensors whose sums have not begun, run by run. */
static void sum_dense(train_sums *s, nn_params *set) {
    const bool *begun = set == s->encoder->params ? s->begun : NULL;
    size_t tensors = nn_params_count(set), count;
    for (size_t first = 0, end; first < tensors; first = end) {
        for (end = first + 1; begun && end < tensors && begun[end] == begun[first];)
            end++;
        end = begun ? end : tensors;
        if (begun && begun[first])
            continue;
        real *numbers = nn_params_gradients_of(set, first, end - first, &count);
        dist_sum(s->ranks, numbers, count);
    }
}

static bool sum_set(train_sums *s, nn_params *set, base_error *error) {
    size_t tensors = nn_params_count(set);
    if (!base_grow(&s->has, &s->has_capacity, tensors, sizeof *s->has, error))
        return false;
    for (size_t i = 0; i < tensors; i++)
        s->has[i] = nn_params_at(set, i)->has_grad;
    dist_any(s->ranks, s->has, tensors);
    sum_dense(s, set);
    for (size_t i = 0; i < tensors; i++) {
        tape_param *p = nn_params_at(set, i);
        if (s->has[i] && p->sparse && !sum_rows(s, p, error))
            return false;
        p->has_grad = s->has[i];
    }
    return true;
}

bool train_sums_finish(train_sums *s, base_error *error) {
    const train_trained *t = s->trained;
    if (s->ranks->size == 1)
        return true;
    begin_layers(s, 0);
    if (!base_ok(&s->error))
        return base_fail(error, s->error.status, "%s", s->error.text);
    for (size_t i = 0; i < t->count; i++)
        if (!t->sets[i].values && !sum_set(s, t->sets[i].params, error))
            return false;
    dist_sums_wait(&s->under_way);
    s->layers = s->encoder->spec.layers;
    memset(s->begun, false, nn_params_count(s->encoder->params) * sizeof *s->begun);
    return true;
}
