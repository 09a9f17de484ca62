/* Adapters against peft (tests/golden/make_lora.py), in both builds: embeddings of an adapter that
 * peft wrote, gradients of every A and B, and embeddings of the merged model. */
#include "autograd/ops/ops.h"
#include "tests/golden.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#ifdef REAL_DOUBLE
#define tolerance 1e-9
#define gradient_tolerance 1e-9
#else
#define tolerance 2e-6
#define gradient_tolerance 1e-4 /* a query's are a small rest of large terms */
#endif

ParameterizedTestParameters(golden_lora, adapters) {
    static golden_size sizes[] = {{"tiny", 4, 0}, {"albert", 4, 0}, {"modern", 4, 0}};
    return cr_make_param_array(golden_size, sizes, sizeof sizes / sizeof *sizes);
}

/* Every number, to the tolerance times the norm of all. */
static void expect(nn_safetensors *file, const char *key, const real *found, size_t count,
                   double bound) {
    base_error error = {0};
    const nn_tensor_info *info = nn_safetensors_find(file, key);
    cr_assert(info && info->elements == count, "%s", key);
    double *want = malloc(count * sizeof *want), square = 0;
    cr_assert(nn_safetensors_read_raw(file, info, want, &error), "%s", error.text);
    for (size_t i = 0; i < count; i++)
        square += want[i] * want[i];
    for (size_t i = 0; i < count; i++)
        cr_expect(fabs((double)found[i] - want[i]) <= bound * sqrt(square),
                  "%s, number %zu: %.17g, expected %.17g", key, i, (double)found[i], want[i]);
    free(want);
}

static tape_node *pooled(golden *g, const nn_model *m) {
    tape_begin(g->tape, &(tape_mode){.record = true});
    tape_node *hidden = nn_encoder_forward(m->encoder, g->tape, &g->batch.layout, NULL);
    tape_node *y = op_pool(g->tape, &g->batch.layout, hidden, OP_POOL_MEAN);
    cr_assert(y, "%s", tape_error(g->tape)->text);
    return y;
}

static void expect_gradients(golden *g, nn_safetensors *file, const nn_model *m, tape_node *y) {
    size_t count = y->rows * y->cols;
    real *upstream = malloc(count * sizeof *upstream);
    for (size_t i = 0; i < count; i++)
        upstream[i] = REAL(golden_probe(0, i));
    cr_assert(tape_backward(g->tape, y, upstream), "%s", tape_error(g->tape)->text);
    for (size_t i = 0; i < nn_params_count(m->lora->params); i++) {
        const tape_param *p = nn_params_at(m->lora->params, i);
        char key[200];
        snprintf(key, sizeof key, "grad.base_model.model.%s", p->name);
        expect(file, key, p->grad, p->rows * p->cols, gradient_tolerance);
    }
    cr_expect_eq(nn_safetensors_count(file), nn_params_count(m->lora->params) + 2);
    free(upstream);
}

ParameterizedTest(golden_size *size, golden_lora, adapters) {
    base_error error = {0};
    golden g;
    char folder[80], path[100];
    snprintf(folder, sizeof folder, "tests/golden/lora/%s", size->name);
    snprintf(path, sizeof path, "%s/golden.safetensors", folder);
    if (getenv("SBERT_GOLDEN"))
        cr_skip_test("SBERT_GOLDEN is set, and these are for the committed models");
    golden_open(&g, size);
    nn_model_options options = {.pooling = -1, .normalize = 0};
    nn_model *m = nn_model_load(folder, &options, &error);
    nn_safetensors *file = m ? nn_safetensors_open(path, &error) : NULL;
    cr_assert(file, "%s", error.text);
    nn_params_freeze_all(m->encoder->params);
    cr_assert(nn_params_train(m->lora->params, &error), "%s", error.text);
    tape_node *y = pooled(&g, m);
    expect(file, "pooled", y->value, y->rows * y->cols, tolerance);
    expect_gradients(&g, file, m, y);
    nn_model_merge(m);
    y = pooled(&g, m);
    expect(file, "merged", y->value, y->rows * y->cols, tolerance);
    nn_safetensors_close(file);
    nn_model_free(m);
    golden_close(&g);
}
