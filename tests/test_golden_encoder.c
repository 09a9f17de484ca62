/* Against PyTorch, in both builds: token ids, hidden states of every layer, every pooling mode and
 * its gradients. */
#include "tests/golden.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#ifdef REAL_DOUBLE
#define tolerance 1e-9
#define gradient_tolerance 1e-9
#else
/* PyTorch's own float32 is 1.1e-6 of the norm from its float64 after MiniLM's six layers. */
#define tolerance golden_bound(2e-6, 1e-5)
#define gradient_tolerance golden_bound(2e-5, 1e-4)
#endif

GOLDEN_TEST(golden_encoder, ids) {
    golden g;
    size_t starts, tokens;
    golden_open(&g, size);
    double *start = golden_read(&g, &starts, "start"), *ids = golden_read(&g, &tokens, "ids");
    cr_assert_eq(starts, g.batch.layout.texts + 1);
    cr_assert_eq(tokens, g.batch.layout.tokens);
    for (size_t s = 0; s < starts; s++)
        cr_assert_eq((double)g.batch.layout.start[s], start[s]);
    for (size_t i = 0; i < tokens; i++)
        cr_assert_eq((double)g.batch.layout.ids[i], ids[i]);
    free(start);
    free(ids);
    golden_close(&g);
}

static tape_node *last_hidden(golden *g, tape_node **layers) {
    golden_begin(g);
    nn_encoder *e = g->model->encoder;
    tape_node *hidden = nn_encoder_forward(e, g->tape, &g->batch.layout, layers);
    cr_assert(hidden, "%s", tape_error(g->tape)->text);
    return hidden;
}

GOLDEN_TEST(golden_encoder, hidden_states) {
    golden g;
    tape_node *layers[NN_MAX_LAYERS + 1];
    char key[32];
    golden_open(&g, size);
    last_hidden(&g, layers);
    double(*rows)[GOLDEN_SKETCH] = calloc(g.batch.layout.texts, sizeof *rows);
    for (size_t l = 0; l <= g.model->encoder->transformer.spec.layers; l++) {
        for (size_t s = 0; s < g.batch.layout.texts; s++) {
            size_t first = g.batch.layout.start[s], count = g.batch.layout.start[s + 1] - first;
            size_t width = layers[l]->cols;
            golden_sketch(layers[l]->value + first * width, count * width, rows[s]);
        }
        snprintf(key, sizeof key, "hidden.%zu", l);
        golden_expect_sketches(&g, key, rows, g.batch.layout.texts, NULL, tolerance);
    }
    free(rows);
    golden_close(&g);
}

static const char *const pooling[OP_POOL_MODES] = {
    [OP_POOL_MEAN] = "mean",
    [OP_POOL_MAX] = "max",
    [OP_POOL_CLS] = "cls",
    [OP_POOL_SQRT] = "mean_sqrt_len",
    [OP_POOL_WEIGHTED] = "weightedmean",
    [OP_POOL_LAST] = "lasttoken",
};

/* Every element, to the tolerance times its vector's norm. */
static void expect_pooled(golden *g, const tape_node *pooled, const char *mode) {
    size_t count, width = pooled->cols;
    double *want = golden_read(g, &count, "pool.%s", mode);
    cr_assert_eq(count, pooled->rows * width);
    for (size_t r = 0; r < pooled->rows; r++) {
        double square = 0;
        for (size_t i = r * width; i < (r + 1) * width; i++)
            square += want[i] * want[i];
        for (size_t i = r * width; i < (r + 1) * width; i++)
            cr_expect(fabs((double)pooled->value[i] - want[i]) <= tolerance * sqrt(square),
                      "%s %s row %zu: %.17g, expected %.17g", g->size->name, mode, r,
                      (double)pooled->value[i], want[i]);
    }
    free(want);
}

GOLDEN_TEST(golden_encoder, pooled_vectors_and_gradients) {
    golden g;
    char key[64];
    size_t count;
    golden_open(&g, size);
    double *apart = golden_read(&g, &count, "apart");
    for (op_pool_mode mode = 0; mode < OP_POOL_MODES; mode++) {
        tape_node *pooled = op_pool(g.tape, &g.batch.layout, last_hidden(&g, NULL), mode);
        cr_assert(pooled, "%s", tape_error(g.tape)->text);
        expect_pooled(&g, pooled, pooling[mode]);
        cr_assert_eq(count, pooled->rows * pooled->cols);
        real *upstream = malloc(count * sizeof *upstream);
        for (size_t i = 0; i < count; i++)
            upstream[i] = REAL(golden_probe(0, i) * apart[i]);
        cr_assert(tape_backward(g.tape, pooled, upstream), "%s", tape_error(g.tape)->text);
        snprintf(key, sizeof key, "pool.%s.grad", pooling[mode]);
        golden_expect_gradients(&g, key, gradient_tolerance);
        free(upstream);
    }
    free(apart);
    golden_close(&g);
}
