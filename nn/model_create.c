#include "nn/model_build.h"

#include "base/file.h"
#include "base/json.h"

#include <stdint.h>
#include <string.h>

static data_tokenizer *load_vocab(const char *path, bool lower_case, base_error *error) {
    return base_file_is_folder(path) ? data_tokenizer_load(path, error)
                                     : data_tokenizer_from_vocab(path, lower_case, error);
}

/* Keys that Python needs, where the config is silent. */
static bool complete(cJSON *config, size_t entries, const char *where, base_error *error) {
    if (!cJSON_IsObject(config))
        return base_fail(error, BASE_BAD_INPUT, "%s: not a JSON object", where);
    bool ok = true;
    if (!base_json_get(config, "model_type"))
        ok = cJSON_AddStringToObject(config, "model_type", "bert") != NULL;
    if (ok && !base_json_get(config, "vocab_size"))
        ok = cJSON_AddNumberToObject(config, "vocab_size", (double)entries) != NULL;
    return ok || base_fail(error, BASE_FAILED, "out of memory");
}

static void fill_normal(float *out, size_t n, double scale, base_random stream) {
    for (size_t i = 0; i < n; i++)
        out[i] = (float)(scale * base_random_normal(&stream));
}

/* Python expects BERT's pooler in the file although sentence embeddings do not use it. */
static bool add_pooler(nn_model *m, uint64_t seed, base_error *error) {
    static const char name[] = "pooler.dense.weight";
    size_t h = m->encoder->config.hidden, dims[2] = {h, h};
    nn_carried_tensor *weight =
        nn_carried_add(m->carried, name, "F32", dims, 2, h * h * sizeof(float), error);
    if (!weight)
        return false;
    fill_normal(weight->bytes, h * h, m->encoder->config.init_range,
                base_random_stream(seed, name));
    return nn_carried_add(m->carried, "pooler.dense.bias", "F32", dims, 1, h * sizeof(float),
                          error) != NULL;
}

static bool create(nn_model *m, const char *config_path, uint64_t seed,
                   const nn_model_options *options, base_error *error) {
    cJSON *config = m->carried->config = base_json_file(config_path, error);
    if (!config || !complete(config, data_tokenizer_vocab_size(m->tokenizer), config_path, error) ||
        !nn_model_build_encoder(m, options, config_path, error) ||
        !nn_model_check_vocab(m, config_path, error) ||
        !nn_model_set_length(m, options, m->encoder->config.positions, error))
        return false;
    cJSON *mean = cJSON_CreateObject();
    bool ok = mean && nn_model_add_module(m, "Pooling", mean, options, config_path, error);
    cJSON_Delete(mean);
    if (!ok || !nn_model_finish(m, options, error))
        return false;
    nn_params_init(m->encoder->params, seed);
    nn_params_init(m->module_params, seed);
    return add_pooler(m, seed, error);
}

nn_model *nn_model_create(const char *config_path, const char *vocab_path, bool lower_case,
                          uint64_t seed, const nn_model_options *options, base_error *error) {
    nn_model *m = nn_model_new(error);
    if (!m)
        return NULL;
    m->tokenizer = load_vocab(vocab_path, lower_case, error);
    if (m->tokenizer && create(m, config_path, seed, options ? options : &nn_model_as_is, error))
        return m;
    nn_model_free(m);
    return NULL;
}
