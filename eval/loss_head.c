#include "eval/loss_head.h"

#include <math.h>
#include <stdlib.h>

enum { PAIRS_AT_ONCE = 256 };

struct eval_loss_head {
    eval_head head;
    const loss *loss;
    tape *tape;
    real *u, *v; /* [PAIRS_AT_ONCE * width] */
};

static void copy(real *out, const float *in, size_t n) {
    for (size_t i = 0; i < n; i++)
        out[i] = (real)in[i];
}

static uint32_t largest(const real *score, size_t n) {
    uint32_t best = 0;
    for (uint32_t i = 1; i < n; i++)
        if (score[i] > score[best])
            best = i;
    return best;
}

/* count <= PAIRS_AT_ONCE */
static bool classify_some(eval_loss_head *h, const float *u, const float *v, size_t count,
                          uint32_t *predicted, base_error *error) {
    size_t width = loss_get_setting(h->loss)->width;
    copy(h->u, u, count * width);
    copy(h->v, v, count * width);
    tape_begin(h->tape, &(tape_mode){0});
    tape_node *nodes[] = {tape_input(h->tape, count, width, h->u),
                          tape_input(h->tape, count, width, h->v)};
    const tape_node *scores = loss_logits(h->loss, h->tape, nodes);
    if (!scores) {
        *error = *tape_error(h->tape);
        return false;
    }
    for (size_t i = 0; i < count * scores->cols; i++)
        if (!isfinite(scores->value[i]))
            return base_fail(error, BASE_FAILED,
                             "the head's logits are not finite: its weights are damaged, or its "
                             "training diverged");
    for (size_t i = 0; i < count; i++)
        predicted[i] = largest(scores->value + i * scores->cols, scores->cols);
    return true;
}

static bool classify(void *context, const float *u, const float *v, size_t count,
                     uint32_t *predicted, base_error *error) {
    eval_loss_head *h = context;
    size_t width = loss_get_setting(h->loss)->width;
    for (size_t i = 0; i < count; i += PAIRS_AT_ONCE) {
        size_t some = count - i < PAIRS_AT_ONCE ? count - i : PAIRS_AT_ONCE;
        if (!classify_some(h, u + i * width, v + i * width, some, predicted + i, error))
            return false;
    }
    return true;
}

static bool prepare(eval_loss_head *h, const loss *l, base_error *error) {
    const loss_setting *setting = loss_get_setting(l);
    size_t bytes, row;
    h->loss = l;
    h->head = (eval_head){setting->classes, classify, h};
    if (!loss_tape_bytes(l, PAIRS_AT_ONCE, 2, &bytes) ||
        !base_size_mul(setting->width, sizeof *h->u, &row))
        return base_fail(error, BASE_BAD_INPUT, "the embeddings are too wide");
    h->tape = tape_new(bytes, error);
    h->u = base_alloc(PAIRS_AT_ONCE, row, error);
    h->v = base_alloc(PAIRS_AT_ONCE, row, error);
    return h->tape && h->u && h->v;
}

eval_loss_head *eval_loss_head_new(const loss *l, base_error *error) {
    if (!loss_definition(l)->logits) {
        base_fail(error, BASE_BAD_INPUT, "the loss %s has no classes, expected a softmax head",
                  loss_definition(l)->name);
        return NULL;
    }
    eval_loss_head *h = base_alloc(1, sizeof *h, error);
    if (h && prepare(h, l, error))
        return h;
    eval_loss_head_free(h);
    return NULL;
}

void eval_loss_head_free(eval_loss_head *h) {
    if (!h)
        return;
    tape_free(h->tape);
    free(h->u);
    free(h->v);
    free(h);
}

const eval_head *eval_loss_head_get(const eval_loss_head *h) {
    return &h->head;
}
