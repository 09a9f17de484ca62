/* sentence-transformers' StaticEmbedding: a text's vector is the mean of its tokens' rows, which
 * depend on nothing else; no tokens, no numbers but zeros (PyTorch's EmbeddingBag). */
#include "nn/encoder.h"

#include "autograd/ops/ops.h"

#define TABLE "embedding"

static const nn_layer_names names = {.words = TABLE};
static const nn_transformer_keys keys = {
    .hidden = "hidden_size", .vocab = "vocab_size", .init_range = "initializer_range"};

static bool configure(nn_encoder *e, const cJSON *config, const char *where, base_error *error) {
    e->transformer.spec = (nn_transformer_spec){
        .hidden = 256, .heads = 1, .init_range = 1, .no_norm = true, .names = &names};
    e->max_length = NN_NO_POSITIONS;
    return nn_transformer_read(&e->transformer.spec, &keys, config, where, error);
}

static tape_node *forward(const nn_encoder *e, const nn_pass *p, tape_node **outputs) {
    (void)e;
    (void)outputs;
    tape_node *x = nn_transformer_embed(p);
    tape_node *y = op_pool(p->tape, p->layout, x, OP_POOL_MEAN);
    tape_release(p->tape, x);
    return y;
}

const nn_encoder_def nn_encoder_static_def = {.model_type = "StaticEmbedding",
                                              .module = "StaticEmbedding",
                                              .table = TABLE ".weight",
                                              .bare = true,
                                              .gives_texts = true,
                                              .configure = configure,
                                              .forward = forward};
