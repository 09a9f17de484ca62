#include "nn/encoder.h"

#include "base/json.h"
#include "base/memory.h"
#include "base/threads.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENCODER(name) extern const nn_encoder_def nn_encoder_##name##_def;
#include "nn/encoders.def"
#undef ENCODER

static const nn_encoder_def *const encoders[] = {
#define ENCODER(name) &nn_encoder_##name##_def,
#include "nn/encoders.def"
#undef ENCODER
};

/* Far above any model, far below what would overflow or fill the address space. */
static const size_t MOST_ELEMENTS = (size_t)1 << 36;

static const nn_encoder_def *find(const char *model_type) {
    for (size_t i = 0; i < sizeof encoders / sizeof *encoders; i++)
        if (!strcmp(encoders[i]->model_type, model_type))
            return encoders[i];
    return NULL;
}

static const nn_encoder_def *find_for(const cJSON *config, const char *where, base_error *error) {
    const char *type = NULL;
    char known[200] = "", shown[80];
    if (!base_json_text(config, "model_type", &type, where, error))
        return NULL;
    const nn_encoder_def *def = type ? find(type) : NULL;
    if (def)
        return def;
    for (size_t i = 0, used = 0; i < sizeof encoders / sizeof *encoders && used < sizeof known; i++)
        used += (size_t)snprintf(known + used, sizeof known - used, "%s\"%s\"", i ? " or " : "",
                                 encoders[i]->model_type);
    base_fail(error, BASE_BAD_INPUT, "%s: model_type is %s%s%s, expected %s", where,
              type ? "\"" : "",
              type ? base_escape(shown, sizeof shown, type, strlen(type)) : "missing",
              type ? "\"" : "", known);
    return NULL;
}

static bool build(nn_encoder *e, const cJSON *config, const char *where, base_error *error) {
    if (!e->def->configure(e, config, where, error))
        return false;
    size_t tensors = e->embedding_tensors + e->config.layers * e->layer_tensors;
    e->index = base_alloc(tensors, sizeof *e->index, error);
    e->params = nn_params_new(error);
    if (!e->index || !e->params)
        return false;
    if (!e->def->declare(e, error))
        return base_fail_prefix(error, "%s", where);
    if (nn_params_elements(e->params) > MOST_ELEMENTS)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: its sizes make %zu parameters, expected at most %zu", where,
                         nn_params_elements(e->params), MOST_ELEMENTS);
    return nn_params_allocate(e->params, error);
}

nn_encoder *nn_encoder_new(const cJSON *config, const char *where, base_error *error) {
    if (!cJSON_IsObject(config)) {
        base_fail(error, BASE_BAD_INPUT, "%s: not a JSON object", where);
        return NULL;
    }
    const nn_encoder_def *def = find_for(config, where, error);
    nn_encoder *e = def ? base_alloc(1, sizeof *e, error) : NULL;
    if (!e)
        return NULL;
    e->def = def;
    if (build(e, config, where, error))
        return e;
    nn_encoder_free(e);
    return NULL;
}

void nn_encoder_free(nn_encoder *e) {
    if (!e)
        return;
    nn_params_free(e->params);
    free(e->index);
    free(e);
}

bool nn_encoder_freeze(nn_encoder *e, bool embeddings, size_t layers, base_error *error) {
    if (layers > e->config.layers)
        return base_fail(error, BASE_BAD_INPUT, "%zu layers are to be frozen, the encoder has %zu",
                         layers, e->config.layers);
    for (size_t i = 0; embeddings && i < e->embedding_tensors; i++)
        nn_params_freeze(e->params, e->index[i]);
    for (size_t i = 0; i < layers * e->layer_tensors; i++)
        nn_params_freeze(e->params, e->index[e->embedding_tensors + i]);
    return true;
}

static bool product(size_t *out, size_t a, size_t b, size_t c) {
    return base_size_mul(a, b, out) && base_size_mul(*out, c, out);
}

/* Every layer keeps values of 8 H + 2 I columns and saves no more than as much again; gradients and
 * inference need a few layers' worth. In attention each thread turns one head's keys and values and
 * holds blocks of 64 rows of scores. Poolings add a handful of rows a text; nodes are small. */
bool nn_encoder_tape_bytes(const nn_encoder *e, size_t tokens, size_t texts, size_t max_length,
                           bool record, size_t *bytes) {
    enum {
        WORKING_LAYERS = 4,
        ROWS_A_TEXT = 64,
        BLOCK = 64,
        NODES = 1 << 20,
        NODES_A_LAYER = 1 << 14
    };
    const nn_encoder_config *c = &e->config;
    size_t layers = WORKING_LAYERS + (record ? c->layers : 0);
    size_t columns = 2 * (8 * c->hidden + 2 * c->intermediate), attention, rows;
    if (!product(&columns, columns, layers, sizeof(real)) ||
        !base_size_mul(columns, tokens, bytes) ||
        !product(&rows, texts, c->hidden, ROWS_A_TEXT * sizeof(real)) ||
        !base_size_add(*bytes, rows, bytes) || !base_size_add(max_length, BLOCK, &attention) ||
        !product(&attention, attention, 2 * (BLOCK + 8 * c->hidden),
                 base_threads_count() * sizeof(real)) ||
        !base_size_add(*bytes, attention, bytes))
        return false;
    return base_size_add(*bytes, NODES + NODES_A_LAYER * c->layers, bytes);
}
