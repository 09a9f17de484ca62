#include "train/together.h"

#include "autograd/runtime.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/json_write.h"

#include <stdlib.h>
#include <string.h>

/* ---- the same on all ranks ---- */

static bool check_kinds(const dist_ranks *r, const train_config *c, const train_sources *sources,
                        base_error *error) {
    for (size_t i = 0; i < sources->losses_count; i++) {
        const loss_def *def = loss_definition(sources->losses[i]);
        if (!loss_of_embeddings(def))
            return base_fail(error, BASE_BAD_INPUT,
                             "%s: the loss %s, which is not of embeddings alone, trains in one "
                             "process, found %zu of mpirun",
                             c->name, def->name, r->size);
    }
    return c->batch_size >= r->size ||
           base_fail(error, BASE_BAD_INPUT,
                     "%s: batch_size is %zu, expected at least the %zu processes of mpirun",
                     c->name, c->batch_size, r->size);
}

static bool add_json(base_bytes *lines, const char *name, const cJSON *value, base_error *error) {
    char *text = base_json_line(value);
    bool ok = text ? base_bytes_format(lines, error, "%s: %s\n", name, text)
                   : base_fail(error, BASE_FAILED, "out of memory");
    free(text);
    return ok;
}

static uint64_t hash_weights(const train_trained *trained) {
    uint64_t hash = 0;
    for (size_t s = 0; s < trained->count; s++)
        for (size_t i = 0; i < nn_params_count(trained->sets[s].params); i++) {
            const tape_param *p = nn_params_at(trained->sets[s].params, i);
            hash = hash * 31 + base_hash_bytes(p->value, p->rows * p->cols * sizeof(real));
        }
    return hash;
}

/* All that the bits of a run come of, a line each. */
static bool describe(base_bytes *lines, const train_config *c, const cJSON *files, size_t step,
                     const train_trained *trained, base_error *error) {
    bool ok = tape_runtime_origin(lines, error);
    for (const cJSON *key = c->tree->child; ok && key; key = key->next)
        ok = !strcmp(key->string, "threads") || add_json(lines, key->string, key, error);
    for (const cJSON *file = files->child; ok && file; file = file->next)
        ok = add_json(lines, base_json_get(file, "path")->valuestring, file, error);
    return ok && base_bytes_format(lines, error, "step: %zu\nweights: hash %016llx\n", step,
                                   (unsigned long long)hash_weights(trained));
}

bool train_together_check(dist_ranks *r, const train_config *c, const train_sources *sources,
                          const cJSON *files, size_t step, const train_trained *trained,
                          base_error *error) {
    if (r->size == 1)
        return true;
    base_bytes lines = {0};
    bool ok = check_kinds(r, c, sources, error) && describe(&lines, c, files, step, trained, error);
    ok = dist_agree(r, error) && ok && dist_same(r, lines.data, error);
    base_bytes_free(&lines);
    return ok;
}

/* ---- shares ---- */

static size_t tokens_of(const data_token_store *store, uint32_t row) {
    size_t sum = 0;
    for (size_t c = 0; c < data_token_store_sequences(store); c++) {
        size_t n;
        data_token_store_ids(store, row, c, &n);
        sum += n;
    }
    return sum;
}

void train_together_share(const dist_ranks *r, const data_token_store *store, const uint32_t *rows,
                          size_t count, size_t *first) {
    size_t all = 0, before = 0, rank = 0;
    for (size_t i = 0; i < count; i++)
        all += tokens_of(store, rows[i]);
    for (size_t i = 0; i < count; i++) {
        size_t tokens = tokens_of(store, rows[i]);
        /* the row belongs where its middle lies */
        for (; rank < r->size && before + tokens / 2 >= all / r->size * rank; rank++)
            first[rank] = i;
        before += tokens;
    }
    for (; rank < r->size; rank++)
        first[rank] = count;
    first[r->size] = count;
    first[0] = 0;
}

/* ---- sums ---- */

static int ascending(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* The rows that any rank has touched, ascending, into t->row. */
static bool gather_rows(train_together *t, const dist_ranks *r, const tape_sparse *touched,
                        size_t *rows, base_error *error) {
    size_t all = 0, before = 0;
    t->counts[r->rank] = touched->slots;
    if (!dist_gather(r, t->counts, t->ones, sizeof *t->counts, error))
        return false;
    for (size_t i = 0; i < r->size; i++) {
        before += i < r->rank ? t->counts[i] : 0;
        all += t->counts[i];
    }
    if (!base_grow(&t->row, &t->row_capacity, all + 1, sizeof *t->row, error))
        return false;
    memcpy(t->row + before, touched->row, touched->slots * sizeof *t->row);
    if (!dist_gather(r, t->row, t->counts, sizeof *t->row, error))
        return false;
    qsort(t->row, all, sizeof *t->row, ascending);
    *rows = 0;
    for (size_t i = 0; i < all; i++)
        if (*rows == 0 || t->row[*rows - 1] != t->row[i])
            t->row[(*rows)++] = t->row[i];
    return true;
}

/* Of an embedding table: slots become the touched rows of all ranks in ascending order. */
static bool sum_rows(train_together *t, const dist_ranks *r, train_optimizer *optimizer,
                     tape_param *p, base_error *error) {
    size_t rows, cols = p->cols, numbers;
    if (!gather_rows(t, r, p->sparse, &rows, error) || !base_size_mul(rows, cols, &numbers) ||
        !base_grow(&t->grad, &t->grad_capacity, numbers, sizeof *t->grad, error))
        return base_fail(error, BASE_FAILED, "the gradient of %s is too large to be summed",
                         p->name);
    train_optimizer_look_up(optimizer, t->row, rows);
    memset(t->grad, 0, numbers * sizeof *t->grad);
    for (size_t i = 0; i < rows; i++) {
        uint32_t slot = p->sparse->slot_of[t->row[i]];
        if (slot)
            memcpy(t->grad + i * cols, p->grad + (slot - 1) * cols, cols * sizeof *t->grad);
    }
    dist_sum(r, t->grad, numbers);
    tape_param_clear_grad(p);
    for (size_t i = 0; i < rows; i++) {
        bool fresh;
        memcpy(tape_param_sparse_row(p, t->row[i], &fresh), t->grad + i * cols,
               cols * sizeof *t->grad);
    }
    return true;
}

static bool sum_set(train_together *t, const dist_ranks *r, train_optimizer *optimizer,
                    nn_params *set, base_error *error) {
    size_t tensors = nn_params_count(set), count;
    if (!base_grow(&t->has, &t->has_capacity, tensors, sizeof *t->has, error))
        return false;
    for (size_t i = 0; i < tensors; i++)
        t->has[i] = nn_params_at(set, i)->has_grad;
    dist_any(r, t->has, tensors);
    real *dense = nn_params_gradients(set, &count);
    dist_sum(r, dense, count);
    for (size_t i = 0; i < tensors; i++) {
        tape_param *p = nn_params_at(set, i);
        if (t->has[i] && p->sparse && !sum_rows(t, r, optimizer, p, error))
            return false;
        p->has_grad = t->has[i];
    }
    return true;
}

bool train_together_sum(train_together *t, const dist_ranks *r, const train_trained *trained,
                        base_error *error) {
    if (r->size == 1)
        return true;
    if (!base_grow(&t->counts, &t->counts_capacity, r->size, sizeof *t->counts, error) ||
        !base_grow(&t->ones, &t->ones_capacity, r->size, sizeof *t->ones, error))
        return false;
    for (size_t i = 0; i < r->size; i++)
        t->ones[i] = 1;
    for (size_t s = 0; s < trained->count; s++)
        if (!trained->sets[s].values &&
            !sum_set(t, r, trained->optimizer, trained->sets[s].params, error))
            return false;
    return true;
}

void train_together_release(train_together *t) {
    free(t->counts);
    free(t->ones);
    free(t->row);
    free(t->grad);
    free(t->has);
}
