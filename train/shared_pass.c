#include "train/shared_pass.h"

#include "autograd/ops/ops.h"
#include "train/together.h"

#include <stdlib.h>
#include <string.h>

struct train_shared_pass {
    const dist_ranks *ranks;
    const nn_model *model;
    tape *loss;       /* what the loss puts on the embeddings */
    train_batch part; /* this rank's share */
    tape_param leaf;  /* the embeddings, column after column as in a batch: [texts, width] */
    real *parts;      /* the same, or their gradients, share after share */
    size_t *first;    /* [size + 1] where each share begins, in rows */
    size_t *texts;    /* [size] of each share */
};

train_shared_pass *train_shared_pass_new(const dist_ranks *ranks, const nn_model *model,
                                         size_t texts, size_t bytes, size_t scratch,
                                         base_error *error) {
    train_shared_pass *p = base_alloc(1, sizeof *p, error);
    if (!p)
        return NULL;
    p->ranks = ranks;
    p->model = model;
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
    tape_set_profile(p->loss, profile);
}

static bool fail(tape *t, base_error *error) {
    const base_error *failure = tape_error(t);
    return base_fail(error, failure->status ? failure->status : BASE_FAILED, "%s", failure->text);
}

/* Where a rank's share begins in `parts`. */
static size_t place(const train_shared_pass *p, size_t rank) {
    size_t texts = 0;
    for (size_t i = 0; i < rank; i++)
        texts += p->texts[i];
    return texts * p->leaf.cols;
}

/* Copies a share between its place among the shares and its places in the columns. */
static void spread(const train_shared_pass *p, size_t rank, size_t rows, real *whole, bool gather) {
    size_t width = p->leaf.cols, own = (p->first[rank + 1] - p->first[rank]) * width;
    real *part = p->parts + place(p, rank), *at = whole + p->first[rank] * width;
    for (size_t done = 0; done < p->texts[rank] * width; done += own, at += rows * width)
        memcpy(gather ? part + done : at, gather ? at : part + done, own * sizeof(real));
}

/* Forward of the own share into its place; NULL: it is empty, or an error. */
static tape_node *encode(train_shared_pass *p, tape *t, const tape_mode *mode,
                         const train_shared_rows *r, base_error *error) {
    size_t rank = p->ranks->rank, begin = p->first[rank], own = p->first[rank + 1] - begin;
    if (own == 0 || !train_batch_fill(&p->part, r->store, r->rows + begin, own,
                                      r->first_example + begin, error))
        return NULL;
    tape_begin(t, mode);
    tape_node *node = nn_model_forward(p->model, t, &p->part.layout);
    if (node)
        memcpy(p->parts + place(p, rank), node->value, node->rows * node->cols * sizeof(real));
    else
        fail(t, error);
    return node;
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
    tape_node **text = tape_memory(p->loss, columns, sizeof(tape_node *));
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
    tape_node *node = encode(p, encoder, mode, r, error);
    if (!base_ok(error) ||
        !dist_gather(p->ranks, p->parts, p->texts, p->leaf.cols * sizeof(real), error))
        return false;
    for (size_t i = 0; i < p->ranks->size; i++)
        spread(p, i, r->count, p->leaf.value, false);
    if (!build(p, mode, r, upstream, value, error))
        return false;
    spread(p, p->ranks->rank, r->count, p->leaf.grad, true);
    return !node || tape_backward(encoder, node, p->parts + place(p, p->ranks->rank)) ||
           fail(encoder, error);
}
