#include "eval/head.h"

#include "autograd/ops/ops.h"

#include "base/file.h"
#include "losses/loss_folder.h"
#include "nn/model.h"

#include <math.h>
#include <stdlib.h>

enum { PAIRS_AT_ONCE = 256 };

struct eval_head {
    const loss *loss;
    loss *own; /* the loss, when the head has read it */
    tape *tape;
    real *u, *v; /* [PAIRS_AT_ONCE * width] */
};

static bool prepare(eval_head *h, const loss *l, base_error *error) {
    size_t bytes, scratch, row, width = loss_get_setting(l)->width;
    h->loss = l;
    if (!loss_definition(l)->logits)
        return base_fail(error, BASE_BAD_INPUT,
                         "the loss %s has no classes, expected a softmax head",
                         loss_definition(l)->name);
    if (!loss_tape_bytes(l, PAIRS_AT_ONCE, 2, 0, &bytes) ||
        !op_scratch_bytes(&(op_bounds){.rows = PAIRS_AT_ONCE, .cols = width}, &scratch) ||
        !base_size_mul(width, sizeof *h->u, &row))
        return base_fail(error, BASE_BAD_INPUT, "the embeddings are too wide");
    h->tape = tape_new(bytes, scratch, error);
    h->u = base_alloc(PAIRS_AT_ONCE, row, error);
    h->v = base_alloc(PAIRS_AT_ONCE, row, error);
    return h->tape && h->u && h->v;
}

eval_head *eval_head_new(const loss *l, base_error *error) {
    eval_head *h = base_alloc(1, sizeof *h, error);
    if (h && prepare(h, l, error))
        return h;
    eval_head_free(h);
    return NULL;
}

eval_head *eval_head_load(const char *model_folder, size_t width, base_error *error) {
    char *model = nn_model_folder(model_folder, error);
    char *folder = model ? base_path(model, "loss", error) : NULL;
    loss *l = folder && base_file_is_folder(folder) ? loss_read(folder, error) : NULL;
    eval_head *h = NULL;
    if (l && loss_definition(l)->logits) {
        if (loss_get_setting(l)->width == width)
            h = eval_head_new(l, error);
        else
            base_fail(error, BASE_BAD_INPUT,
                      "%s: its head takes embeddings of %zu numbers, the model gives %zu", folder,
                      loss_get_setting(l)->width, width);
    }
    if (h)
        h->own = l;
    else
        loss_free(l);
    free(folder);
    free(model);
    return h;
}

void eval_head_free(eval_head *h) {
    if (!h)
        return;
    tape_free(h->tape);
    loss_free(h->own);
    free(h->u);
    free(h->v);
    free(h);
}

const loss_setting *eval_head_setting(const eval_head *h) {
    return loss_get_setting(h->loss);
}

/* count <= PAIRS_AT_ONCE */
static bool score_some(eval_head *h, const float *u, const float *v, size_t count, double *logits,
                       base_error *error) {
    size_t width = loss_get_setting(h->loss)->width;
    for (size_t i = 0; i < count * width; i++) {
        h->u[i] = (real)u[i];
        h->v[i] = (real)v[i];
    }
    tape_begin(h->tape, &(tape_mode){0});
    tape_node *nodes[] = {tape_input(h->tape, count, width, h->u),
                          tape_input(h->tape, count, width, h->v)};
    const tape_node *scores = loss_logits(h->loss, h->tape, nodes);
    if (!scores) {
        *error = *tape_error(h->tape);
        return false;
    }
    for (size_t i = 0; i < count * scores->cols; i++) {
        if (!isfinite(scores->value[i]))
            return base_fail(error, BASE_FAILED,
                             "the head's logits are not finite: its weights are damaged, or its "
                             "training diverged");
        logits[i] = (double)scores->value[i];
    }
    return true;
}

bool eval_head_logits(eval_head *h, const float *u, const float *v, size_t count, double *logits,
                      base_error *error) {
    const loss_setting *s = loss_get_setting(h->loss);
    for (size_t i = 0; i < count; i += PAIRS_AT_ONCE) {
        size_t some = count - i < PAIRS_AT_ONCE ? count - i : PAIRS_AT_ONCE;
        if (!score_some(h, u + i * s->width, v + i * s->width, some, logits + i * s->classes,
                        error))
            return false;
    }
    return true;
}
