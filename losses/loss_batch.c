#include "losses/loss_batch.h"

#include "autograd/ops/ops.h"
#include "base/memory.h"

#include <string.h>

enum { EUCLIDEAN, COSINE };

const char *const *loss_batch_distance_names(void) {
    static const char *const names[] = {[EUCLIDEAN] = "euclidean", [COSINE] = "cosine", NULL};
    return names;
}

tape_node *loss_batch_distances(tape *t, int distance, tape_node *x) {
    if (distance == EUCLIDEAN)
        return op_distances(t, x, x);
    tape_node *unit = op_normalize(t, x);
    return op_affine(t, op_scores(t, unit, unit, 1), -1, 1);
}

/* [B,B] zeros in the tape's memory. */
static real *zeros(tape *t, size_t rows) {
    real *out = tape_memory(t, rows, rows, sizeof *out);
    if (out)
        memset(out, 0, rows * rows * sizeof *out);
    return out;
}

/* The anchor's farthest positive or its nearest negative; the number of rows without any. */
static size_t extreme(const tape_node *d, const uint32_t *label, size_t anchor, bool positive) {
    const real *row = d->value + anchor * d->cols;
    size_t best = d->cols;
    for (size_t j = 0; j < d->cols; j++) {
        if (j == anchor || (label[j] == label[anchor]) != positive)
            continue;
        if (best == d->cols || (positive ? row[j] > row[best] : row[j] < row[best]))
            best = j;
    }
    return best;
}

void loss_batch_find(const uint32_t *label, size_t count, bool *positive, bool *negative) {
    *positive = *negative = false;
    for (size_t i = 1; i < count && !(*positive && *negative); i++)
        for (size_t j = 0; j < i && !(*positive && *negative); j++)
            *(label[j] == label[i] ? positive : negative) = true;
}

static size_t farthest(const tape_node *d, size_t anchor) {
    const real *row = d->value + anchor * d->cols;
    size_t best = 0;
    for (size_t j = 1; j < d->cols; j++)
        best = row[j] > row[best] ? j : best;
    return best;
}

loss_hardest loss_batch_hardest(tape *t, tape_node *d, const uint32_t *label) {
    size_t rows = d ? d->rows : 0;
    real *near = d ? zeros(t, rows) : NULL, *far = near ? zeros(t, rows) : NULL;
    if (!far)
        return (loss_hardest){0};
    for (size_t i = 0; i < rows; i++) {
        size_t positive = extreme(d, label, i, true), negative = extreme(d, label, i, false);
        if (positive < rows)
            far[i * rows + positive] = 1;
        near[i * rows + (negative < rows ? negative : farthest(d, i))] = 1;
    }
    return (loss_hardest){op_row_dot(t, d, tape_input(t, rows, rows, far)),
                          op_row_dot(t, d, tape_input(t, rows, rows, near))};
}

loss_terms loss_terms_begin(tape *t, const tape_node *distances, double margin) {
    return (loss_terms){distances, margin, distances ? zeros(t, distances->rows) : NULL, 0};
}

void loss_terms_add(loss_terms *terms, size_t anchor, size_t positive, size_t negative) {
    size_t row = anchor * terms->distances->cols;
    const real *d = terms->distances->value + row;
    if ((double)d[positive] - (double)d[negative] + terms->margin <= 0)
        return;
    terms->weight[row + positive] += 1;
    terms->weight[row + negative] -= 1;
    terms->above++;
}

tape_node *loss_terms_sum(tape *t, tape_node *distances, const loss_terms *terms, size_t count) {
    size_t rows = distances->rows;
    double each = count ? 1 / (double)count : 0;
    tape_node *weight = tape_input(t, rows, rows, terms->weight);
    return op_affine(t, op_mean(t, op_mul(t, distances, weight)),
                     each * (double)rows * (double)rows,
                     each * terms->margin * (double)terms->above);
}
