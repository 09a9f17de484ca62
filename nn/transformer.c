#include "nn/transformer.h"

#include "autograd/ops/ops.h"
#include "base/memory.h"
#include "nn/decoder.h"
#include "nn/lora.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Keys of dropout masks: 0 after the embeddings, then three a layer. The same seed gives the same
 * masks only as long as these stay. */
enum { SITE_EMBEDDINGS, SITE_ATTENTION, SITE_ATTENTION_OUTPUT, SITE_OUTPUT, SITES_A_LAYER = 3 };

enum { NAME_SIZE = 128 };

static size_t embedding_columns(const nn_transformer_spec *s) {
    return s->embedding ? s->embedding : s->hidden;
}

static const char *prefix_of(const nn_transformer_spec *s) {
    return s->names->prefix ? s->names->prefix : "";
}

static void full_name(char *out, const nn_transformer_spec *s, const char *part, const char *what) {
    snprintf(out, NAME_SIZE, "%s%s.%s", prefix_of(s), part, what);
}

static nn_param_spec table(const nn_transformer *m, const char *name, size_t rows, bool sparse) {
    return (nn_param_spec){.name = name,
                           .rows = rows,
                           .cols = embedding_columns(&m->spec),
                           .decay = true,
                           .sparse = sparse,
                           .init = NN_INIT_NORMAL,
                           .scale = m->spec.init_range};
}

bool nn_transformer_declare_embeddings(nn_transformer *m, nn_params *params, base_error *error) {
    const nn_transformer_spec *s = &m->spec;
    size_t columns = embedding_columns(s);
    const char *norm = s->names->norm ? s->names->norm : "embeddings.LayerNorm";
    char words[NAME_SIZE], positions[NAME_SIZE], types[NAME_SIZE], weight[NAME_SIZE],
        bias[NAME_SIZE];
    full_name(words, s, s->names->words ? s->names->words : "embeddings.word_embeddings", "weight");
    full_name(positions, s, "embeddings.position_embeddings", "weight");
    full_name(types, s, "embeddings.token_type_embeddings", "weight");
    full_name(weight, s, norm, "weight");
    full_name(bias, s, norm, "bias");
    const struct {
        nn_param_spec spec;
        size_t *param;
    } rows[] = {
        {table(m, words, s->vocab, true), &m->words},
        {table(m, positions, s->positions, false), &m->positions},
        {table(m, types, s->types, false), &m->types},
        {{weight, 0, columns, .init = NN_INIT_ONE}, &m->norm.weight},
        {{bias, 0, columns, .init = NN_INIT_ZERO}, &m->norm.bias},
    };
    m->params = params;
    m->layer = base_alloc(s->layers, sizeof *m->layer, error);
    for (size_t i = 0; m->layer && i < sizeof rows / sizeof *rows; i++) {
        const nn_param_spec *spec = &rows[i].spec;
        bool absent = spec->init == NN_INIT_NORMAL
                          ? spec->rows == 0
                          : s->no_norm || (spec->init == NN_INIT_ZERO && s->no_biases);
        *rows[i].param = absent ? SIZE_MAX : nn_params_add_whole(m->params, spec, error);
        if (!absent && *rows[i].param == SIZE_MAX)
            return false;
    }
    m->embedding_tensors = nn_params_count(m->params);
    return m->layer != NULL;
}

static void tensor_name(char *out, const char *layer, const char *part, const char *what) {
    snprintf(out, NAME_SIZE, "%s.%s.%s", layer, part, what);
}

static bool view_thirds(nn_transformer *m, size_t layer, const char *layer_name,
                        base_error *error) {
    const nn_layer_names *names = m->spec.names;
    const char *const third[] = {names->query, names->key, names->value};
    const nn_linear *qkv = &m->layer[layer].part[NN_QKV];
    size_t h = m->spec.hidden;
    char name[NAME_SIZE];
    for (size_t i = 0; i < 3; i++) {
        nn_param_view weight = {name, qkv->weight, i * h * h, {h, h}, 2};
        nn_param_view bias = {name, qkv->bias, i * h, {h, 0}, 1};
        tensor_name(name, layer_name, third[i], "weight");
        if (!nn_params_view(m->params, &weight, error))
            return false;
        tensor_name(name, layer_name, third[i], "bias");
        if (!nn_params_view(m->params, &bias, error))
            return false;
    }
    return true;
}

/* A linear layer [rows, cols], or a LayerNorm of cols columns for rows 0. */
static bool declare_part(nn_transformer *m, size_t layer, const char *layer_name,
                         nn_layer_part part, size_t rows, size_t cols, base_error *error) {
    bool thirds = part == NN_QKV && m->spec.names->query;
    size_t (*add)(nn_params *, const nn_param_spec *, base_error *) =
        thirds ? nn_params_add : nn_params_add_whole;
    nn_linear *out = &m->layer[layer].part[part];
    char name[NAME_SIZE];
    nn_param_spec weight = {name, rows, cols, .init = NN_INIT_ONE};
    nn_param_spec bias = {name, 0, rows ? rows : cols, .init = NN_INIT_ZERO};
    if (rows) {
        weight.decay = true;
        weight.linear = true;
        weight.init = NN_INIT_NORMAL;
        weight.scale = m->spec.init_range;
    }
    tensor_name(name, layer_name, m->spec.names->part[part], "weight");
    out->weight = add(m->params, &weight, error);
    if (out->weight == SIZE_MAX)
        return false;
    tensor_name(name, layer_name, m->spec.names->part[part], "bias");
    out->bias = m->spec.no_biases ? SIZE_MAX : add(m->params, &bias, error);
    return (m->spec.no_biases || out->bias != SIZE_MAX) &&
           (!thirds || view_thirds(m, layer, layer_name, error));
}

bool nn_transformer_declare_layer(nn_transformer *m, size_t layer, const char *name,
                                  base_error *error) {
    size_t h = m->spec.hidden, wide = m->spec.intermediate;
    const struct {
        size_t rows, cols; /* rows 0: a LayerNorm */
    } shape[NN_LAYER_PARTS] = {
        [NN_QKV] = {3 * h, h},        [NN_ATTENTION_OUTPUT] = {h, h},
        [NN_ATTENTION_NORM] = {0, h}, [NN_UP] = {m->spec.gated ? 2 * wide : wide, h},
        [NN_DOWN] = {h, wide},        [NN_OUTPUT_NORM] = {0, h},
    };
    for (nn_layer_part part = 0; part < NN_LAYER_PARTS; part++)
        if (part == NN_ATTENTION_NORM && layer == 0 && m->spec.bare_first)
            m->layer[layer].part[part] = (nn_linear){SIZE_MAX, SIZE_MAX};
        else if (!declare_part(m, layer, name, part, shape[part].rows, shape[part].cols, error))
            return false;
    return true;
}

bool nn_transformer_declare(nn_transformer *m, nn_params *params, base_error *error) {
    char name[NAME_SIZE];
    bool ok = nn_transformer_declare_embeddings(m, params, error);
    for (size_t layer = 0; ok && layer < m->spec.layers; layer++) {
        snprintf(name, sizeof name, "%s%s.%zu", prefix_of(&m->spec), m->spec.names->stack, layer);
        ok = nn_transformer_declare_layer(m, layer, name, error);
    }
    return ok;
}

void nn_transformer_free(nn_transformer *m) {
    free(m->layer);
    m->layer = NULL;
}

static uint32_t site_of(const nn_pass *p, size_t layer, uint32_t site) {
    return (p->decoder ? NN_DECODER_SITES : 0) + (uint32_t)(layer * SITES_A_LAYER) + site;
}

static tape_node *leaf(const nn_pass *p, size_t param) {
    return param == SIZE_MAX ? NULL : tape_leaf(p->tape, nn_params_at(p->model->params, param));
}

tape_node *nn_transformer_linear(const nn_pass *p, tape_node *x, const nn_linear *l,
                                 uint32_t place) {
    enum { OF_A_DECODER = 1 << 16 }; /* a tied one passes the same layers */
    const nn_transformer *m = p->model;
    place += p->decoder ? OF_A_DECODER : 0;
    return nn_lora_linear(m->lora, p->tape, p->layout, m->params, x, l->weight, l->bias, place);
}

static tape_node *linear(const nn_pass *p, tape_node *x, size_t layer, nn_layer_part part) {
    return nn_transformer_linear(p, x, &p->model->layer[layer].part[part],
                                 (uint32_t)(layer * NN_LAYER_PARTS + part));
}

/* LayerNorm(residual + dropout(x)); without a residual there is no dropout. */
static tape_node *norm(const nn_pass *p, tape_node *x, tape_node *residual, const nn_linear *l,
                       double dropout, uint32_t site) {
    op_norm_options options = {p->model->spec.norm_epsilon, residual ? dropout : 0, site};
    return op_add_norm(p->tape, p->layout, x, residual, leaf(p, l->weight), leaf(p, l->bias),
                       &options);
}

tape_node *nn_transformer_norm(const nn_pass *p, tape_node *x, const nn_linear *l) {
    return norm(p, x, NULL, l, 0, 0);
}

/* Dropout; x itself when none is drawn. */
static tape_node *drop(const nn_pass *p, tape_node *x, double dropout, uint32_t site) {
    if (!tape_get_mode(p->tape)->dropout || dropout <= 0)
        return x;
    return op_dropout(p->tape, p->layout, x, dropout, site);
}

tape_node *nn_transformer_embed(const nn_pass *p) {
    const nn_transformer *m = p->model;
    tape_node *sum = op_embedding(p->tape, p->layout, leaf(p, m->words), leaf(p, m->positions),
                                  leaf(p, m->types), m->spec.first_position);
    if (m->spec.no_norm)
        return drop(p, sum, m->spec.hidden_dropout, site_of(p, 0, SITE_EMBEDDINGS));
    tape_node *x = norm(p, sum, NULL, &m->norm, 0, 0);
    tape_release(p->tape, sum);
    return drop(p, x, m->spec.hidden_dropout, site_of(p, 0, SITE_EMBEDDINGS));
}

typedef tape_node *sublayer(const nn_pass *p, size_t layer, tape_node *x);

static tape_node *attention(const nn_pass *p, size_t layer, tape_node *x) {
    const nn_transformer_spec *s = &p->model->spec;
    op_attention_options options = {.heads = s->heads,
                                    .dropout = s->attention_dropout,
                                    .site = site_of(p, layer, SITE_ATTENTION),
                                    .window = s->local[layer] ? s->window : 0,
                                    .causal = p->decoder != NULL};
    tape_node *qkv = linear(p, x, layer, NN_QKV);
    if (s->theta > 0) {
        double theta = s->local[layer] ? s->local_theta : s->theta;
        tape_node *turned = op_rotary(p->tape, p->layout, qkv, s->heads, theta);
        tape_release(p->tape, qkv);
        qkv = turned;
    }
    tape_node *mixed = op_attention(p->tape, p->layout, qkv, p->bias, &options);
    tape_release(p->tape, qkv);
    tape_node *y = linear(p, mixed, layer, NN_ATTENTION_OUTPUT);
    tape_release(p->tape, mixed);
    return y;
}

static tape_node *gate(const nn_pass *p, size_t layer, tape_node *up) {
    const nn_transformer_spec *s = &p->model->spec;
    tape_node *left = op_columns(p->tape, up, 0, s->intermediate);
    tape_node *right = op_columns(p->tape, up, s->intermediate, s->intermediate);
    tape_node *active = nn_activation_apply(s->activation, p->tape, left);
    tape_node *product = op_mul(p->tape, active, right);
    tape_node *y = drop(p, product, s->hidden_dropout, site_of(p, layer, SITE_OUTPUT));
    tape_release(p->tape, right);
    tape_release(p->tape, left);
    if (active != left)
        tape_release(p->tape, active);
    if (y != product)
        tape_release(p->tape, product);
    return y;
}

static tape_node *feed_forward(const nn_pass *p, size_t layer, tape_node *x) {
    const nn_transformer_spec *s = &p->model->spec;
    tape_node *up = linear(p, x, layer, NN_UP);
    tape_node *active =
        s->gated ? gate(p, layer, up) : nn_activation_apply(s->activation, p->tape, up);
    tape_release(p->tape, up);
    tape_node *y = linear(p, active, layer, NN_DOWN);
    tape_release(p->tape, active);
    return y;
}

/* Post-norm: LayerNorm(x + dropout(f(x))). Pre-norm: x + dropout(f(LayerNorm(x))). */
static tape_node *with_residual(const nn_pass *p, size_t layer, tape_node *x, sublayer *f,
                                nn_layer_part norm_part, double dropout, uint32_t site) {
    const nn_linear *scale = &p->model->layer[layer].part[norm_part];
    if (!p->model->spec.pre_norm) {
        tape_node *out = f(p, layer, x);
        tape_node *y = norm(p, out, x, scale, dropout, site_of(p, layer, site));
        tape_release(p->tape, out);
        return y;
    }
    bool bare = scale->weight == SIZE_MAX;
    tape_node *normed = bare ? x : nn_transformer_norm(p, x, scale);
    tape_node *out = f(p, layer, normed);
    if (!bare)
        tape_release(p->tape, normed);
    tape_node *dropped = drop(p, out, dropout, site_of(p, layer, site));
    tape_node *y = op_add(p->tape, x, dropped);
    tape_release(p->tape, dropped);
    return y;
}

tape_node *nn_transformer_layer(const nn_pass *p, size_t layer, tape_node *x) {
    const nn_transformer_spec *s = &p->model->spec;
    double first = s->plain_attention_output ? 0 : s->hidden_dropout;
    double second = s->plain_output ? 0 : s->hidden_dropout;
    tape_node *middle =
        with_residual(p, layer, x, attention, NN_ATTENTION_NORM, first, SITE_ATTENTION_OUTPUT);
    if (p->decoder)
        middle = nn_decoder_cross(p, layer, middle);
    tape_node *y =
        with_residual(p, layer, middle, feed_forward, NN_OUTPUT_NORM, second, SITE_OUTPUT);
    tape_release(p->tape, middle);
    return y;
}

typedef struct one_layer {
    op_part part;
    nn_pass pass;
    size_t layer;
} one_layer;

static tape_node *build_layer(const op_part *part, tape *t, tape_node *const *in) {
    const one_layer *l = (const one_layer *)part;
    (void)t;
    return nn_transformer_layer(&l->pass, l->layer, in[0]);
}

static tape_node *recomputed(const nn_pass *p, size_t layer, tape_node *x) {
    one_layer l = {{build_layer}, *p, layer};
    tape_node *in[] = {x, p->bias, p->sentences};
    return op_recompute(p->tape, in, sizeof in / sizeof *in, &l.part, sizeof l);
}

tape_node *nn_transformer_layers(const nn_pass *p, tape_node *x, tape_node **outputs) {
    size_t layers = p->model->spec.layers;
    bool again = p->model->recompute && tape_get_mode(p->tape)->record;
    for (size_t i = 0; x && i < layers; i++) {
        x->milestone = i + 1;
        tape_node *y = again ? recomputed(p, i, x) : nn_transformer_layer(p, i, x);
        if (outputs)
            outputs[i] = x;
        else
            tape_release(p->tape, x);
        x = y;
    }
    if (outputs)
        outputs[layers] = x;
    return x;
}

static void freeze(nn_transformer *m, size_t param) {
    if (param != SIZE_MAX)
        nn_params_freeze(m->params, param);
}

size_t nn_transformer_layers_above(const nn_transformer *m, size_t param) {
    if (param < m->embedding_tensors)
        return m->spec.layers;
    for (size_t i = m->spec.layers; i-- > 0;)
        for (nn_layer_part part = 0; part < NN_LAYER_PARTS; part++)
            if (m->layer[i].part[part].weight == param || m->layer[i].part[part].bias == param)
                return m->spec.layers - 1 - i;
    return 0;
}

size_t nn_transformer_layer_tensors(const nn_transformer *m, size_t layer, size_t *count) {
    const nn_linear *part = m->layer[layer].part;
    size_t first = part[NN_QKV].weight, end = first;
    *count = 0;
    for (size_t i = 0; i < layer; i++)
        if (m->layer[i].part[NN_QKV].weight == first)
            return first;
    for (nn_layer_part p = 0; p < NN_LAYER_PARTS; p++) {
        end = part[p].weight != SIZE_MAX && part[p].weight >= end ? part[p].weight + 1 : end;
        end = part[p].bias != SIZE_MAX && part[p].bias >= end ? part[p].bias + 1 : end;
    }
    *count = end - first;
    return first;
}

void nn_transformer_freeze(nn_transformer *m, bool embeddings, size_t layers) {
    for (size_t i = 0; embeddings && i < m->embedding_tensors; i++)
        nn_params_freeze(m->params, i);
    for (size_t i = 0; i < layers; i++)
        for (nn_layer_part part = 0; part < NN_LAYER_PARTS; part++) {
            freeze(m, m->layer[i].part[part].weight);
            freeze(m, m->layer[i].part[part].bias);
        }
}

/* Columns of the values that a layer makes, one term an operator above: qkv, mixed, output and
 * norm of attention (3 + 1 + 1 + 1 times H), up, active, down and norm of the feed-forward (I, I,
 * H, H); of pre-norm also two sums, with rotary positions another qkv; gated, up is twice as wide,
 * then its halves, their product and its dropout. With adapters of six linear layers also a dropout
 * of the input of each, and what they save, no wider than H. */
static bool layer_columns(const nn_transformer *m, size_t *columns) {
    const nn_transformer_spec *s = &m->spec;
    size_t narrow, wide;
    size_t times = (s->pre_norm ? 10u : 8u) + (s->theta > 0 ? 3u : 0u) + (m->lora ? 11u : 0u);
    return base_size_mul(s->hidden, times, &narrow) &&
           base_size_mul(s->intermediate, (s->gated ? 7u : 2u) + (m->lora ? 1u : 0u), &wide) &&
           base_size_add(narrow, wide, columns);
}

/* A layer saves for backward no more than it makes; gradients, the embeddings and inference need a
 * few layers' worth. Of layers that are computed again one is kept at a time, and all outputs. */
bool nn_transformer_tape_bytes(const nn_transformer *m, size_t tokens, bool record, size_t *bytes) {
    enum { WORKING_LAYERS = 4, SAVED = 2, NODES = 1 << 20, NODES_A_LAYER = 1 << 14 };
    const nn_transformer_spec *s = &m->spec;
    bool again = record && m->recompute;
    size_t kept = again ? 1 : record ? s->layers : 0, outputs, values;
    return layer_columns(m, &values) &&
           base_size_mul(values, SAVED * (WORKING_LAYERS + kept), &values) &&
           base_size_mul(s->hidden, again ? s->layers : 0, &outputs) &&
           base_size_add(values, outputs, &values) &&
           base_size_mul(values, sizeof(real), &values) && base_size_mul(values, tokens, &values) &&
           base_size_add(values, NODES + NODES_A_LAYER * s->layers, bytes);
}
