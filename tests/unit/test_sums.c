/* When backward has come to a layer's milestone, nothing is added to the gradients of that layer
 * any more: their sum over the ranks may begin (train/sums.h). The sums are in
 * scripts/check_mpi.sh. */
#include "base/hash.h"
#include "tests/tiny_model.h"

#include <criterion/criterion.h>

enum { TEXTS = 3 };
static const uint32_t start[TEXTS + 1] = {0, 4, 9, 12},
                                    ids[] = {2, 5, 6, 3, 2, 7, 7, 8, 3, 2, 9, 3};
static const tape_layout layout = {.texts = TEXTS, .tokens = 12, .start = start, .ids = ids};

typedef struct watch {
    const nn_transformer *encoder;
    size_t layers; /* that backward has not passed */
    uint64_t hash[NN_MAX_LAYERS];
    size_t tensors; /* of the layers that it has passed */
} watch;

static uint64_t hash_layer(const watch *w, size_t layer) {
    size_t tensors, count, first = nn_transformer_layer_tensors(w->encoder, layer, &tensors);
    const real *numbers = nn_params_gradients_of(w->encoder->params, first, tensors, &count);
    return base_hash_bytes(numbers, count * sizeof *numbers);
}

static void back(void *context, size_t milestone) {
    watch *w = context;
    size_t tensors;
    if (!milestone)
        return;
    cr_assert_eq(milestone, w->layers, "from the last layer down");
    w->layers--;
    nn_transformer_layer_tensors(w->encoder, w->layers, &tensors);
    w->tensors += tensors;
    w->hash[w->layers] = hash_layer(w, w->layers);
}

static void check(const char *folder, bool recompute) {
    base_error error = {0};
    nn_model *m = tiny_load(folder, NULL);
    nn_params *set = m->encoder->params;
    watch w = {.encoder = &m->encoder->transformer, .layers = m->encoder->transformer.spec.layers};
    tape_listener listener = {back, &w};
    m->encoder->transformer.recompute = recompute;
    cr_assert(nn_params_train(set, &error));
    tape *t = tape_new(1 << 26, 1 << 26, &error);
    tape_begin(t, &(tape_mode){.record = true, .dropout = true});
    tape_listen(t, &listener);
    tape_node *y = nn_model_forward(m, t, &layout);
    cr_assert(y && tape_backward(t, y, y->value), "%s", tape_error(t)->text);
    cr_expect_eq(w.layers, 0, "%s: %zu layers are left", folder, w.layers);
    cr_expect_gt(w.tensors, 0);
    for (size_t i = 0; i < w.encoder->spec.layers; i++)
        cr_expect_eq(hash_layer(&w, i), w.hash[i], "%s: layer %zu", folder, i);
    tape_free(t);
    nn_model_free(m);
}

Test(sums, gradients_of_a_layer_are_whole_when_backward_has_passed_it) {
    static const char *const families[] = {
        "tests/golden/tiny/model",   "tests/golden/distil/model", "tests/golden/roberta/model",
        "tests/golden/mpnet/model",  "tests/golden/albert/model", "tests/golden/modern/model",
        "tests/golden/modules/model"};
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        for (int recompute = 0; recompute < 2; recompute++)
            check(families[i], recompute);
}
