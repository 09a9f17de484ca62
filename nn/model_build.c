#include "nn/model_build.h"

#include "base/memory.h"

#include <string.h>

enum { SHORTEST = 2 };

nn_model *nn_model_new(base_error *error) {
    nn_model *m = base_alloc(1, sizeof *m, error);
    if (!m)
        return NULL;
    m->modules = base_alloc(NN_MAX_MODULES, sizeof *m->modules, error);
    m->module_params = nn_params_new(error);
    m->carried = base_alloc(1, sizeof *m->carried, error);
    if (m->modules && m->module_params && m->carried)
        return m;
    nn_model_free(m);
    return NULL;
}

static bool set_dropout(double *dropout, double wanted, const char *name, base_error *error) {
    if (wanted < 0)
        return true;
    if (!(wanted < 1))
        return base_fail(error, BASE_BAD_INPUT, "%s is %g, expected at least 0 and less than 1",
                         name, wanted);
    *dropout = wanted;
    return true;
}

bool nn_model_build_encoder(nn_model *m, const nn_model_options *options, const char *where,
                            base_error *error) {
    m->encoder = nn_encoder_new(m->carried->config, where, error);
    if (!m->encoder)
        return false;
    nn_encoder_config *c = &m->encoder->config;
    m->width = c->hidden;
    return set_dropout(&c->hidden_dropout, options->hidden_dropout, "hidden dropout", error) &&
           set_dropout(&c->attention_dropout, options->attention_dropout, "attention dropout",
                       error);
}

bool nn_model_check_vocab(const nn_model *m, const char *where, base_error *error) {
    size_t entries = data_tokenizer_vocab_size(m->tokenizer), rows = m->encoder->config.vocab;
    if (entries == rows)
        return true;
    return base_fail(error, BASE_BAD_INPUT,
                     "%s: vocab_size is %zu, expected %zu as the vocabulary has entries", where,
                     rows, entries);
}

static bool append(nn_model *m, const char *kind, const cJSON *config, const char *where,
                   base_error *error) {
    if (m->module_count == NN_MAX_MODULES)
        return base_fail(error, BASE_BAD_INPUT, "%s: more than %d modules", where, NN_MAX_MODULES);
    nn_module *module = &m->modules[m->module_count];
    if (!nn_module_init(module, kind, m->module_count + 1, m->width, config, m->module_params,
                        where, error))
        return false;
    m->module_count++;
    return true;
}

bool nn_model_add_module(nn_model *m, const char *kind, const cJSON *config,
                         const nn_model_options *options, const char *where, base_error *error) {
    bool pooling = !strcmp(kind, "Pooling");
    if (pooling != (m->module_count == 0))
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: expected one Pooling module, right after the Transformer", where);
    if (!strcmp(kind, "Normalize") && options->normalize == 0)
        return true;
    if (!append(m, kind, config, where, error))
        return false;
    nn_module *module = &m->modules[m->module_count - 1];
    if (pooling && options->pooling &&
        !nn_pooling_by_name(module, options->pooling, "the pooling option", error))
        return false;
    m->width = module->out;
    return true;
}

bool nn_model_finish(nn_model *m, const nn_model_options *options, base_error *error) {
    const char *last = m->modules[m->module_count - 1].def->kind;
    if (options->normalize == 1 && strcmp(last, "Normalize") != 0 &&
        !append(m, "Normalize", NULL, "the normalize option", error))
        return false;
    return nn_params_allocate(m->module_params, error);
}

bool nn_model_set_length(nn_model *m, const nn_model_options *options, size_t length,
                         base_error *error) {
    size_t positions = m->encoder->config.positions;
    m->max_length = options->max_length ? options->max_length : length;
    if (m->max_length >= SHORTEST && m->max_length <= positions)
        return true;
    return base_fail(error, BASE_BAD_INPUT,
                     "the maximal length is %zu, expected %d to %zu (max_position_embeddings)",
                     m->max_length, SHORTEST, positions);
}
