/* The layer that encoders share, in both builds. */
#include "nn/transformer.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

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

static const nn_layer_names names = {.stack = "layers",
                                     .part = {"qkv", "out", "norm1", "up", "down", "norm2"},
                                     .query = "query",
                                     .key = "key",
                                     .value = "value"};
static const uint32_t start[] = {0, 3};
static const tape_layout one_text = {.texts = 1, .tokens = 3, .start = start};

/* H 4, 2 heads, I 6, one layer; tensors filled; a tape for three tokens. */
static tape *new_layer(nn_transformer *m, nn_params *set) {
    base_error error = {0};
    m->spec.hidden = 4;
    m->spec.layers = 1;
    m->spec.heads = 2;
    m->spec.intermediate = 6;
    m->spec.vocab = 1;
    m->spec.norm_epsilon = 1e-12;
    m->spec.names = &names;
    cr_assert(nn_transformer_declare(m, set, &error) && nn_params_allocate(set, &error));
    for (nn_layer_part part = 0; part < NN_LAYER_PARTS; part++) {
        fill_part(set, m->layer[0].part[part].weight, 2 * part);
        fill_part(set, m->layer[0].part[part].bias, 2 * part + 1);
    }
    size_t bytes;
    cr_assert(nn_transformer_tape_bytes(m, 3, true, &bytes));
    return tape_new(bytes, bytes, &error);
}

/* One pass of the layer over cos(1.3 i). */
static void run_layer(const nn_transformer *m, tape *t, bool dropout, real y[12]) {
    real x[12];
    for (size_t i = 0; i < 12; i++)
        x[i] = REAL(cos(1.3 * (double)i));
    tape_begin(t, &(tape_mode){.record = dropout, .dropout = dropout, .seed = 1});
    nn_pass pass = {.model = m, .tape = t, .layout = &one_text};
    const tape_node *out = nn_transformer_layers(&pass, tape_input(t, 3, 4, x), NULL);
    cr_assert_not_null(out, "%s", tape_error(t)->text);
    memcpy(y, out->value, 12 * sizeof *y);
}

Test(transformer, pre_norm_layer) {
    base_error error = {0};
    nn_params *set = nn_params_new(&error);
    nn_transformer m = {.spec.pre_norm = true};
    tape *t = new_layer(&m, set);
    real y[12];
    run_layer(&m, t, false, y);
    for (size_t i = 0; i < 12; i++)
        cr_expect_float_eq(y[i], pre_norm_output[i], tolerance);
    tape_free(t);
    nn_transformer_free(&m);
    nn_params_free(set);
}

/* With a feed-forward network that gives 0 only the dropout after attention can show. */
Test(transformer, a_plain_attention_output_has_no_dropout) {
    for (int plain = 0; plain < 2; plain++) {
        base_error error = {0};
        nn_params *set = nn_params_new(&error);
        nn_transformer m = {.spec = {.plain_attention_output = plain, .hidden_dropout = 0.5}};
        tape *t = new_layer(&m, set);
        const nn_linear *down = &m.layer[0].part[NN_DOWN];
        memset(nn_params_at(set, down->weight)->value, 0, 24 * sizeof(real));
        memset(nn_params_at(set, down->bias)->value, 0, 4 * sizeof(real));
        real with[12], without[12];
        run_layer(&m, t, true, with);
        run_layer(&m, t, false, without);
        cr_expect_eq(memcmp(with, without, sizeof with) == 0, plain);
        tape_free(t);
        nn_transformer_free(&m);
        nn_params_free(set);
    }
}
