/* BERT (Devlin et al. 2019, "BERT: Pre-training of Deep Bidirectional Transformers"): post-norm
 * Transformer encoder over the sum of word, position and token type embeddings. Query, key and
 * value weights are one [3H,H] tensor with three views. */
#include "nn/encoder.h"

#include "autograd/ops/ops.h"
#include "base/json.h"
#include "base/memory.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { WORDS, POSITIONS, TYPES, EMBEDDING_GAMMA, EMBEDDING_BETA, EMBEDDING_TENSORS };

enum {
    QKV_WEIGHT,
    QKV_BIAS,
    ATTENTION_WEIGHT,
    ATTENTION_BIAS,
    ATTENTION_GAMMA,
    ATTENTION_BETA,
    UP_WEIGHT,
    UP_BIAS,
    DOWN_WEIGHT,
    DOWN_BIAS,
    OUTPUT_GAMMA,
    OUTPUT_BETA,
    LAYER_TENSORS
};

/* Dropout sites: 0 after the embeddings, then three a layer. */
enum { SITE_ATTENTION = 1, SITE_ATTENTION_OUTPUT, SITE_OUTPUT, SITES_A_LAYER = 3 };

static bool read_sizes(nn_encoder_config *c, const cJSON *json, const char *where,
                       base_error *error) {
    enum { MOST_COLUMNS = 1 << 16, MOST_ROWS = 1 << 26 };
    *c = (nn_encoder_config){.hidden = 768,
                             .layers = 12,
                             .heads = 12,
                             .intermediate = 3072,
                             .vocab = 30522,
                             .positions = 512,
                             .types = 2,
                             .norm_epsilon = 1e-12,
                             .hidden_dropout = 0.1,
                             .attention_dropout = 0.1,
                             .init_range = 0.02};
    const struct {
        const char *key;
        size_t most, *out;
    } sizes[] = {
        {"hidden_size", MOST_COLUMNS, &c->hidden},
        {"num_hidden_layers", NN_MAX_LAYERS, &c->layers},
        {"num_attention_heads", MOST_COLUMNS, &c->heads},
        {"intermediate_size", MOST_COLUMNS, &c->intermediate},
        {"vocab_size", MOST_ROWS, &c->vocab},
        {"max_position_embeddings", MOST_ROWS, &c->positions},
        {"type_vocab_size", MOST_COLUMNS, &c->types},
    };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        if (!base_json_size(json, sizes[i].key, 1, sizes[i].most, sizes[i].out, where, error))
            return false;
    if (c->hidden % c->heads != 0)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: hidden_size is %zu and num_attention_heads %zu, expected a multiple",
                         where, c->hidden, c->heads);
    return true;
}

static bool read_numbers(nn_encoder_config *c, const cJSON *json, const char *where,
                         base_error *error) {
    const double below_one = 1 - 0x1p-20;
    return base_json_real(json, "layer_norm_eps", 0, 1, &c->norm_epsilon, where, error) &&
           base_json_real(json, "hidden_dropout_prob", 0, below_one, &c->hidden_dropout, where,
                          error) &&
           base_json_real(json, "attention_probs_dropout_prob", 0, below_one, &c->attention_dropout,
                          where, error) &&
           base_json_real(json, "initializer_range", 0, 1e3, &c->init_range, where, error);
}

static bool read_choices(nn_encoder_config *c, const cJSON *json, const char *where,
                         base_error *error) {
    const char *activation = "gelu", *positions = "absolute";
    char shown[80];
    bool decoder = false;
    if (!base_json_text(json, "hidden_act", &activation, where, error) ||
        !base_json_text(json, "position_embedding_type", &positions, where, error) ||
        !base_json_bool(json, "is_decoder", &decoder, where, error))
        return false;
    c->activation = nn_activation_find(activation);
    if (!c->activation || !c->activation->apply)
        return base_fail(error, BASE_BAD_INPUT, "%s: hidden_act is \"%s\", expected %s", where,
                         base_escape(shown, sizeof shown, activation, strlen(activation)),
                         nn_activation_names());
    if (strcmp(positions, "absolute") != 0)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: position_embedding_type is \"%s\", expected \"absolute\"", where,
                         base_escape(shown, sizeof shown, positions, strlen(positions)));
    if (decoder)
        return base_fail(error, BASE_BAD_INPUT, "%s: is_decoder is true, expected an encoder",
                         where);
    return true;
}

static bool configure(nn_encoder *e, const cJSON *json, const char *where, base_error *error) {
    e->embedding_tensors = EMBEDDING_TENSORS;
    e->layer_tensors = LAYER_TENSORS;
    return read_sizes(&e->config, json, where, error) &&
           read_numbers(&e->config, json, where, error) &&
           read_choices(&e->config, json, where, error);
}

/* A tensor named PREFIX + name with one view of the same name. */
typedef struct tensor_row {
    const char *name;
    size_t rows, cols; /* rows 0: a vector */
    nn_init init;
    bool sparse;
} tensor_row;

static size_t add_tensor(nn_encoder *e, const char *prefix, const tensor_row *row, bool view,
                         base_error *error) {
    char name[128];
    snprintf(name, sizeof name, "%s%s", prefix, row->name);
    nn_param_spec spec = {
        name,      row->rows ? row->rows : 1, row->cols, row->rows != 0, row->sparse,
        row->init, e->config.init_range};
    size_t param = nn_params_add(e->params, &spec, error);
    nn_param_view whole = {name, param, 0, {row->rows, row->cols}, 2};
    if (!row->rows)
        whole = (nn_param_view){name, param, 0, {row->cols, 0}, 1};
    if (param != SIZE_MAX && view && !nn_params_view(e->params, &whole, error))
        return SIZE_MAX;
    return param;
}

static bool declare_rows(nn_encoder *e, const char *prefix, const tensor_row *rows, size_t count,
                         size_t *index, base_error *error) {
    for (size_t i = 0; i < count; i++) {
        index[i] = add_tensor(e, prefix, &rows[i], true, error);
        if (index[i] == SIZE_MAX)
            return false;
    }
    return true;
}

static bool view_thirds(nn_encoder *e, const char *prefix, const size_t *index, base_error *error) {
    static const char *const parts[] = {"query", "key", "value"};
    size_t h = e->config.hidden;
    for (size_t i = 0; i < 3; i++) {
        char name[128];
        snprintf(name, sizeof name, "%sattention.self.%s.weight", prefix, parts[i]);
        nn_param_view weight = {name, index[QKV_WEIGHT], i * h * h, {h, h}, 2};
        if (!nn_params_view(e->params, &weight, error))
            return false;
        snprintf(name, sizeof name, "%sattention.self.%s.bias", prefix, parts[i]);
        nn_param_view bias = {name, index[QKV_BIAS], i * h, {h, 0}, 1};
        if (!nn_params_view(e->params, &bias, error))
            return false;
    }
    return true;
}

static bool declare_layer(nn_encoder *e, size_t layer, base_error *error) {
    size_t h = e->config.hidden, wide = e->config.intermediate;
    size_t *index = e->index + EMBEDDING_TENSORS + layer * LAYER_TENSORS;
    char prefix[64];
    snprintf(prefix, sizeof prefix, "encoder.layer.%zu.", layer);
    const tensor_row qkv[] = {
        {"attention.self.qkv.weight", 3 * h, h, NN_INIT_NORMAL, false},
        {"attention.self.qkv.bias", 0, 3 * h, NN_INIT_ZERO, false},
    };
    const tensor_row rest[] = {
        {"attention.output.dense.weight", h, h, NN_INIT_NORMAL, false},
        {"attention.output.dense.bias", 0, h, NN_INIT_ZERO, false},
        {"attention.output.LayerNorm.weight", 0, h, NN_INIT_ONE, false},
        {"attention.output.LayerNorm.bias", 0, h, NN_INIT_ZERO, false},
        {"intermediate.dense.weight", wide, h, NN_INIT_NORMAL, false},
        {"intermediate.dense.bias", 0, wide, NN_INIT_ZERO, false},
        {"output.dense.weight", h, wide, NN_INIT_NORMAL, false},
        {"output.dense.bias", 0, h, NN_INIT_ZERO, false},
        {"output.LayerNorm.weight", 0, h, NN_INIT_ONE, false},
        {"output.LayerNorm.bias", 0, h, NN_INIT_ZERO, false},
    };
    for (size_t i = 0; i < 2; i++) {
        index[i] = add_tensor(e, prefix, &qkv[i], false, error);
        if (index[i] == SIZE_MAX)
            return false;
    }
    return view_thirds(e, prefix, index, error) &&
           declare_rows(e, prefix, rest, sizeof rest / sizeof *rest, index + ATTENTION_WEIGHT,
                        error);
}

static bool declare(nn_encoder *e, base_error *error) {
    const nn_encoder_config *c = &e->config;
    const tensor_row embeddings[] = {
        {"word_embeddings.weight", c->vocab, c->hidden, NN_INIT_NORMAL, true},
        {"position_embeddings.weight", c->positions, c->hidden, NN_INIT_NORMAL, false},
        {"token_type_embeddings.weight", c->types, c->hidden, NN_INIT_NORMAL, false},
        {"LayerNorm.weight", 0, c->hidden, NN_INIT_ONE, false},
        {"LayerNorm.bias", 0, c->hidden, NN_INIT_ZERO, false},
    };
    if (!declare_rows(e, "embeddings.", embeddings, EMBEDDING_TENSORS, e->index, error))
        return false;
    for (size_t layer = 0; layer < c->layers; layer++)
        if (!declare_layer(e, layer, error))
            return false;
    return true;
}

static tape_node *leaf(const nn_encoder *e, tape *t, size_t i) {
    return tape_leaf(t, nn_params_at(e->params, e->index[i]));
}

static tape_node *embed(const nn_encoder *e, tape *t, const tape_layout *layout) {
    const nn_encoder_config *c = &e->config;
    op_norm_options norm = {.epsilon = c->norm_epsilon};
    tape_node *sum =
        op_embedding(t, layout, leaf(e, t, WORDS), leaf(e, t, POSITIONS), leaf(e, t, TYPES), 0);
    tape_node *x = op_add_norm(t, layout, sum, NULL, leaf(e, t, EMBEDDING_GAMMA),
                               leaf(e, t, EMBEDDING_BETA), &norm);
    tape_release(t, sum);
    if (!tape_get_mode(t)->dropout || c->hidden_dropout <= 0)
        return x;
    return op_dropout(t, layout, x, c->hidden_dropout, 0);
}

static tape_node *attend(const nn_encoder *e, tape *t, const tape_layout *layout, tape_node *x,
                         size_t first, uint32_t site) {
    const nn_encoder_config *c = &e->config;
    op_attention_options options = {c->heads, c->attention_dropout, site + SITE_ATTENTION};
    op_norm_options norm = {c->norm_epsilon, c->hidden_dropout, site + SITE_ATTENTION_OUTPUT};
    tape_node *qkv = op_linear(t, x, leaf(e, t, first + QKV_WEIGHT), leaf(e, t, first + QKV_BIAS));
    tape_node *mixed = op_attention(t, layout, qkv, NULL, &options);
    tape_release(t, qkv);
    tape_node *out = op_linear(t, mixed, leaf(e, t, first + ATTENTION_WEIGHT),
                               leaf(e, t, first + ATTENTION_BIAS));
    tape_release(t, mixed);
    tape_node *y = op_add_norm(t, layout, out, x, leaf(e, t, first + ATTENTION_GAMMA),
                               leaf(e, t, first + ATTENTION_BETA), &norm);
    tape_release(t, out);
    return y;
}

static tape_node *feed_forward(const nn_encoder *e, tape *t, const tape_layout *layout,
                               tape_node *x, size_t first, uint32_t site) {
    const nn_encoder_config *c = &e->config;
    op_norm_options norm = {c->norm_epsilon, c->hidden_dropout, site + SITE_OUTPUT};
    tape_node *up = op_linear(t, x, leaf(e, t, first + UP_WEIGHT), leaf(e, t, first + UP_BIAS));
    tape_node *active = c->activation->apply(t, up);
    tape_release(t, up);
    tape_node *down =
        op_linear(t, active, leaf(e, t, first + DOWN_WEIGHT), leaf(e, t, first + DOWN_BIAS));
    tape_release(t, active);
    tape_node *y = op_add_norm(t, layout, down, x, leaf(e, t, first + OUTPUT_GAMMA),
                               leaf(e, t, first + OUTPUT_BETA), &norm);
    tape_release(t, down);
    return y;
}

static tape_node *forward(const nn_encoder *e, tape *t, const tape_layout *layout,
                          tape_node **layers) {
    tape_node *x = embed(e, t, layout);
    for (size_t i = 0; x && i < e->config.layers; i++) {
        size_t first = EMBEDDING_TENSORS + i * LAYER_TENSORS;
        uint32_t site = (uint32_t)(i * SITES_A_LAYER);
        tape_node *middle = attend(e, t, layout, x, first, site);
        if (layers)
            layers[i] = x;
        else
            tape_release(t, x);
        x = feed_forward(e, t, layout, middle, first, site);
        tape_release(t, middle);
    }
    if (layers)
        layers[e->config.layers] = x;
    return x;
}

static const char *const prefixes[] = {"bert.", NULL};

const nn_encoder_def nn_encoder_bert_def = {"bert", prefixes, configure, declare, forward};
