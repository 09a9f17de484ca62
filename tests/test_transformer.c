/* The layer that encoders share, in both builds. */
#include "nn/transformer.h"

#include <criterion/criterion.h>
#include <math.h>

#ifdef REAL_DOUBLE
static const double tolerance = 1e-9;
#else
static const double tolerance = 1e-5;
#endif

/* torch.nn.TransformerEncoderLayer(4, 2, 6, activation="gelu", norm_first=True, dropout=0) with
 * weights and input as below. */
static const double pre_norm_output[] = {
    -1.74650938041613, -0.413956097212962, -2.6773843060704,  -2.93182666802043,
    -1.71869824631116, 0.318379623961308,  -2.26485213508908, -2.75230948229266,
    -2.21925559537239, 0.15376116560792,   -1.6598378745513,  -2.33703608869431,
};

static void fill_part(nn_params *set, size_t param, size_t k) {
    tape_param *p = nn_params_at(set, param);
    for (size_t i = 0; i < p->rows * p->cols; i++)
        p->value[i] = REAL(sin((double)k + 1 + 0.7 * (double)i));
}

Test(transformer, pre_norm_layer) {
    static const nn_layer_names names = {
        "layers", {"qkv", "out", "norm1", "up", "down", "norm2"}, "query", "key", "value"};
    static const uint32_t start[] = {0, 3};
    base_error error = {0};
    nn_params *set = nn_params_new(&error);
    nn_transformer m = {.spec = {.hidden = 4,
                                 .layers = 1,
                                 .heads = 2,
                                 .intermediate = 6,
                                 .vocab = 1,
                                 .norm_epsilon = 1e-12,
                                 .pre_norm = true,
                                 .names = &names}};
    cr_assert(nn_transformer_declare(&m, set, &error) && nn_params_allocate(set, &error));
    for (nn_layer_part part = 0; part < NN_LAYER_PARTS; part++) {
        fill_part(set, m.layer[0].part[part].weight, 2 * part);
        fill_part(set, m.layer[0].part[part].bias, 2 * part + 1);
    }
    real x[12];
    for (size_t i = 0; i < 12; i++)
        x[i] = REAL(cos(1.3 * (double)i));
    size_t bytes;
    cr_assert(nn_transformer_tape_bytes(&m, 3, 3, false, &bytes));
    tape *t = tape_new(bytes, bytes, &error);
    tape_begin(t, &(tape_mode){0});
    nn_pass pass = {&m, t, &(tape_layout){.texts = 1, .tokens = 3, .start = start}};
    tape_node *y = nn_transformer_layers(&pass, tape_input(t, 3, 4, x), NULL);
    cr_assert_not_null(y, "%s", tape_error(t)->text);
    for (size_t i = 0; i < 12; i++)
        cr_expect_float_eq(y->value[i], pre_norm_output[i], tolerance);
    tape_free(t);
    nn_transformer_free(&m);
    nn_params_free(set);
}
