#include "train/shared_pass.h"

#include "autograd/ops/ops.h"
#include "train/together.h"

#include <stdlib.h>
#include <string.h>

struct train_shared_pass {
    const dist_ranks *ranks;
    const nn_model *model;
    base_profile *profile;
    tape *loss;       /* what the loss puts on the embeddings */
    train_batch part; /* this rank's share, or a micro-batch of it */
    size_t cached;    /* rows of a micro-batch; 0: all of the share */
    tape_param leaf;  /* the embeddings, column after column as in a batch: [texts, width] */
    real *parts;      /* the same, or their gradients, part after part */
    size_t *first;    /* [size + 1] where each share begins, in rows */
    size_t *texts;    /* [size] of each share */
};

train_shared_pass *train_shared_pass_new(const dist_ranks *ranks, const nn_model *model,
                                         size_t cached, size_t texts, size_t bytes, size_t scratch,
                                         base_error *error) {
    train_shared_pass *p = base_alloc(1, sizeof *p, error);
    if (!p)
        return NULL;
    p->ranks = ranks;
    p->model = model;
    p->cached = cached;
    p->leaf = (tape_param){.name = "embeddings", .cols = model->width};
    p->leaf.value = base_alloc_rows(texts, model->width, sizeof(real), error);
    p->leaf.grad = base_alloc_rows(texts, model->width, sizeof(real), error);
    p->parts = base_alloc_rows(texts, model->width, sizeof(real), error);
    p->first = base_alloc(ranks->size + 1, sizeof *p->first, error);
    p->texts = base_alloc(ranks->size, sizeof *p->texts, error);
    p->loss = tape_new(bytes, scratch, error);
    if (base_ok(error))
        return p;
    train_shared_pass_free(p);
    return NULL;
}

void train_shared_pass_free(train_shared_pass *p) {
    if (!p)
        return;
    tape_free(p->loss);
    train_batch_free(&p->part);
    free(p->leaf.value);
    free(p->leaf.grad);
    free(p->parts);
    free(p->first);
    free(p->texts);
    free(p);
}

void train_shared_pass_profile(train_shared_pass *p, base_profile *profile) {
    p->profile = profile;
    tape_set_profile(p->loss, profile);
}

static bool fail(tape *t, base_error *error) {
    const base_error *failure = tape_error(t);
    return base_fail(error, failure->status ? failure->status : BASE_FAILED, "%s", failure->text);
}

/* Rows of the part that begins at `row` of a share that ends at `end`. */
static size_t part_rows(const train_shared_pass *p, size_t row, size_t end) {
    return p->cached && end - row > p->cached ? p->cached : end - row;
}

/* Where the part that begins at `row` lies; every row has a text in each column. */
static real *place(const train_shared_pass *p, const train_shared_rows *r, size_t row) {
    return p->parts + row * r->batch->columns * p->leaf.cols;
}

/* Copies a part between its place among the parts and its places in the columns. */
static void spread(const train_shared_pass *p, const train_shared_rows *r, size_t row, size_t rows,
                   real *whole, bool gather) {
    size_t width = p->leaf.cols, own = rows * width;
    real *part = place(p, r, row), *at = whole + row * width;
    for (size_t c = 0; c < r->batch->columns; c++, part += own, at += r->count * width)
        memcpy(gather ? part : at, gather ? at : part, own * sizeof(real));
}

static void spread_all(const train_shared_pass *p, const train_shared_rows *r) {
    for (size_t i = 0; i < p->ranks->size; i++)
        for (size_t row = p->first[i], n; row < p->first[i + 1]; row += n) {
            n = part_rows(p, row, p->first[i + 1]);
            spread(p, r, row, n, p->leaf.value, false);
        }
}

/* Forward of a part; NULL: an error. */
static tape_node *encode(train_shared_pass *p, tape *t, const tape_mode *mode,
                         const train_shared_rows *r, size_t row, size_t rows, base_error *error) {
    if (!train_batch_fill(&p->part, r->store, r->rows + row, rows, r->first_example + row, error))
        return NULL;
    tape_begin(t, mode);
    tape_node *node = nn_model_forward(p->model, t, &p->part.layout);
    if (!node)
        fail(t, error);
    return node;
}

/* Embeddings of the own share into their places. *last gets the node of the share when it is one
 * part, else NULL: it is encoded again for backward. */
static bool encode_share(train_shared_pass *p, tape *t, const tape_mode *mode,
                         const train_shared_rows *r, tape_node **last, base_error *error) {
    size_t begin = p->first[p->ranks->rank], end = p->first[p->ranks->rank + 1];
    tape_mode forward = *mode;
    forward.record = part_rows(p, begin, end) == end - begin;
    *last = NULL;
    for (size_t row = begin, n; row < end; row += n) {
        n = part_rows(p, row, end);
        tape_node *node = encode(p, t, &forward, r, row, n, error);
        if (!node)
            return false;
        memcpy(place(p, r, row), node->value, node->rows * node->cols * sizeof(real));
        *last = forward.record ? node : NULL;
    }
    return true;
}

/* From the gradient of the leaf through the encoder, part by part. */
static bool backward_share(train_shared_pass *p, tape *t, const tape_mode *mode,
                           const train_shared_rows *r, tape_node *node, base_error *error) {
    size_t end = p->first[p->ranks->rank + 1];
    for (size_t row = p->first[p->ranks->rank], n; row < end; row += n) {
        n = part_rows(p, row, end);
        spread(p, r, row, n, p->leaf.grad, true);
        if (!node || n < end - p->first[p->ranks->rank])
            node = encode(p, t, mode, r, row, n, error);
        if (!node)
            return false;
        tape_listen(t, row + n == end ? r->listener : NULL);
        if (!tape_backward(t, node, place(p, r, row)))
            return fail(t, error);
    }
    return true;
}

/* Loss and gradient of the leaf. */
static bool build(train_shared_pass *p, const tape_mode *mode, const train_shared_rows *r,
                  real upstream, double *value, base_error *error) {
    size_t columns = r->batch->columns;
    p->leaf.rows = columns * r->count;
    tape_param_changed(&p->leaf);
    tape_param_clear_grad(&p->leaf);
    tape_begin(p->loss, mode);
    tape_node *leaf = tape_leaf(p->loss, &p->leaf);
    tape_node **text = tape_memory(p->loss, columns, 1, sizeof(tape_node *));
    for (size_t c = 0; text && c < columns; c++)
        text[c] = op_rows(p->loss, leaf, c * r->count, r->count);
    tape_node *node =
        text ? loss_build(r->objective, p->loss, text, columns, &r->batch->target) : NULL;
    if (!node || !tape_backward(p->loss, node, &upstream))
        return fail(p->loss, error);
    if (!p->leaf.has_grad)
        memset(p->leaf.grad, 0, p->leaf.rows * p->leaf.cols * sizeof(real));
    *value = (double)node->value[0];
    return true;
}

bool train_shared_pass_run(train_shared_pass *p, tape *encoder, const tape_mode *mode,
                           const train_shared_rows *r, real upstream, double *value,
                           base_error *error) {
    train_together_share(p->ranks, r->store, r->rows, r->count, p->first);
    for (size_t i = 0; i < p->ranks->size; i++)
        p->texts[i] = r->batch->columns * (p->first[i + 1] - p->first[i]);
    tape_node *node;
    if (!encode_share(p, encoder, mode, r, &node, error) ||
        !dist_gather(p->ranks, p->parts, p->texts, p->leaf.cols * sizeof(real), error))
        return false;
    spread_all(p, r);
    base_profile_lap(p->profile, "embeddings", "of all ranks", 0, 0);
    return build(p, mode, r, upstream, value, error) &&
           backward_share(p, encoder, mode, r, node, error);
}
