#include "nn/transformer.h"

#include "base/json.h"
#include "base/memory.h"

#include <string.h>

static bool read_sizes(nn_transformer_spec *s, const nn_transformer_keys *keys, const cJSON *config,
                       const char *where, base_error *error) {
    enum { MOST_COLUMNS = 1 << 16, MOST_ROWS = 1 << 26 };
    const struct {
        const char *key;
        size_t most, *out;
    } sizes[] = {
        {keys->hidden, MOST_COLUMNS, &s->hidden},
        {keys->layers, NN_MAX_LAYERS, &s->layers},
        {keys->heads, MOST_COLUMNS, &s->heads},
        {keys->intermediate, MOST_COLUMNS, &s->intermediate},
        {keys->vocab, MOST_ROWS, &s->vocab},
        {keys->positions, MOST_ROWS, &s->positions},
        {keys->types, MOST_COLUMNS, &s->types},
    };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        if (sizes[i].key &&
            !base_json_size(config, sizes[i].key, 1, sizes[i].most, sizes[i].out, where, error))
            return false;
    return s->hidden % s->heads == 0 ||
           base_fail(error, BASE_BAD_INPUT, "%s: %s is %zu and %s %zu, expected a multiple", where,
                     keys->hidden, s->hidden, keys->heads, s->heads);
}

static bool read_numbers(nn_transformer_spec *s, const nn_transformer_keys *keys,
                         const cJSON *config, const char *where, base_error *error) {
    const double below_one = 1 - 0x1p-20;
    const struct {
        const char *key;
        double most, *out;
    } numbers[] = {
        {keys->norm_epsilon, 1, &s->norm_epsilon},
        {keys->hidden_dropout, below_one, &s->hidden_dropout},
        {keys->attention_dropout, below_one, &s->attention_dropout},
        {keys->init_range, 1e3, &s->init_range},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (numbers[i].key && !base_json_real(config, numbers[i].key, 0, numbers[i].most,
                                              numbers[i].out, where, error))
            return false;
    return true;
}

static bool read_activation(nn_transformer_spec *s, const nn_transformer_keys *keys,
                            const cJSON *config, const char *where, base_error *error) {
    const char *name = nn_activation_name(s->activation);
    char shown[80];
    if (!keys->activation)
        return true;
    if (!base_json_text(config, keys->activation, &name, where, error))
        return false;
    return nn_activation_by_name(name, &s->activation) ||
           base_fail(error, BASE_BAD_INPUT, "%s: %s is \"%s\", expected %s", where,
                     keys->activation, base_escape(shown, sizeof shown, name, strlen(name)),
                     nn_activation_names());
}

bool nn_transformer_read(nn_transformer_spec *spec, const nn_transformer_keys *keys,
                         const cJSON *config, const char *where, base_error *error) {
    return read_sizes(spec, keys, config, where, error) &&
           read_numbers(spec, keys, config, where, error) &&
           read_activation(spec, keys, config, where, error);
}
