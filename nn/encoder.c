#include "nn/encoder.h"

#include "base/json.h"
#include "base/memory.h"

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

const nn_encoder_def *nn_encoder_find_module(const char *kind) {
    for (size_t i = 0; i < sizeof encoders / sizeof *encoders; i++)
        if (encoders[i]->module && !strcmp(encoders[i]->module, kind))
            return encoders[i];
    return NULL;
}

static const nn_encoder_def *find_for(const cJSON *config, const char *where, base_error *error) {
    const char *type = NULL;
    char known[200] = "", shown[80];
    if (!cJSON_IsObject(config)) {
        base_fail(error, BASE_BAD_INPUT, "%s: not a JSON object", where);
        return NULL;
    }
    if (!base_json_text(config, "model_type", &type, where, error))
        return NULL;
    const nn_encoder_def *def = type ? find(type) : NULL;
    if (def)
        return def;
    for (size_t i = 0, used = 0; i < sizeof encoders / sizeof *encoders && used < sizeof known; i++)
        used += (size_t)snprintf(known + used, sizeof known - used, "%s\"%s\"", i ? " or " : "",
                                 encoders[i]->model_type);
    if (type)
        base_fail(error, BASE_BAD_INPUT,
                  "%s: model_type is \"%s\", which is not supported yet, expected %s", where,
                  base_escape(shown, sizeof shown, type, strlen(type)), known);
    else
        base_fail(error, BASE_BAD_INPUT, "%s: model_type is missing, expected %s", where, known);
    return NULL;
}

bool nn_encoder_positions_from(nn_encoder *e, size_t first, const char *where, base_error *error) {
    nn_transformer_spec *s = &e->transformer.spec;
    if (s->positions < first + 2)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: max_position_embeddings is %zu, expected at least %zu: positions "
                         "begin at %zu",
                         where, s->positions, first + 2, first);
    s->first_position = first;
    e->max_length = s->positions - first;
    return true;
}

bool nn_encoder_is_plain(const cJSON *config, const char *where, base_error *error) {
    const char *positions = "absolute";
    char shown[80];
    bool decoder = false;
    if (!base_json_text(config, "position_embedding_type", &positions, where, error) ||
        !base_json_bool(config, "is_decoder", &decoder, where, error))
        return false;
    if (strcmp(positions, "absolute") != 0)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: position_embedding_type is \"%s\", expected \"absolute\"", where,
                         base_escape(shown, sizeof shown, positions, strlen(positions)));
    return !decoder ||
           base_fail(error, BASE_BAD_INPUT, "%s: is_decoder is true, expected an encoder", where);
}

static bool build(nn_encoder *e, const cJSON *config, const char *where, base_error *error) {
    e->params = nn_params_new(error);
    e->trained = true;
    if (!e->params || !e->def->configure(e, config, where, error))
        return false;
    bool declared = e->def->declare ? e->def->declare(e, error)
                                    : nn_transformer_declare(&e->transformer, e->params, error);
    if (!declared)
        return base_fail_prefix(error, "%s", where);
    if (nn_params_elements(e->params) > MOST_ELEMENTS)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: its sizes make %zu parameters, expected at most %zu", where,
                         nn_params_elements(e->params), MOST_ELEMENTS);
    nn_transformer_freeze(&e->transformer, !e->trained, 0);
    return nn_params_allocate(e->params, error);
}

nn_encoder *nn_encoder_new(const cJSON *config, const char *where, base_error *error) {
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
    nn_transformer_free(&e->transformer);
    nn_params_free(e->params);
    free(e);
}

bool nn_encoder_max_length(const cJSON *config, const char *where, size_t *length,
                           base_error *error) {
    const char *type = NULL;
    if (!base_json_text(config, "model_type", &type, where, error))
        return false;
    nn_encoder e = {.def = type ? find(type) : NULL};
    if (!e.def)
        return base_json_size(config, "max_position_embeddings", 2, *length, length, where, error);
    bool ok = e.def->configure(&e, config, where, error);
    *length = e.max_length;
    return ok;
}

size_t nn_encoder_width(const nn_encoder *e) {
    return e->transformer.spec.hidden;
}

tape_node *nn_encoder_forward(const nn_encoder *e, tape *t, const tape_layout *layout,
                              tape_node **outputs) {
    nn_pass pass = {.model = &e->transformer, .tape = t, .layout = layout};
    return e->def->forward ? e->def->forward(e, &pass, outputs)
                           : nn_transformer_layers(&pass, nn_transformer_embed(&pass), outputs);
}

bool nn_encoder_freeze(nn_encoder *e, bool embeddings, size_t layers, base_error *error) {
    if (layers > e->transformer.spec.layers)
        return base_fail(error, BASE_BAD_INPUT, "%zu layers are to be frozen, the encoder has %zu",
                         layers, e->transformer.spec.layers);
    nn_transformer_freeze(&e->transformer, embeddings, layers);
    return true;
}

/* Poolings add a handful of rows a text. */
bool nn_encoder_tape_bytes(const nn_encoder *e, size_t tokens, size_t texts, bool record,
                           size_t *bytes) {
    enum { ROWS_A_TEXT = 64 };
    size_t rows;
    return nn_transformer_tape_bytes(&e->transformer, tokens, record, bytes) &&
           base_size_mul(texts, nn_encoder_width(e), &rows) &&
           base_size_mul(rows, ROWS_A_TEXT * sizeof(real), &rows) &&
           base_size_add(*bytes, rows, bytes);
}
