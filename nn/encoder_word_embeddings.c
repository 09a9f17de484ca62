/* Word vectors, one a word and no more: sentence-transformers' WordEmbeddings, which a Pooling
 * module averages (GloVe: Pennington, Socher and Manning 2014). Its config says nothing of the
 * sizes, which are those of the matrix. */
#include "nn/encoder.h"

#include "base/json.h"

#include <string.h>

#define TABLE "emb_layer"

static const nn_layer_names names = {.words = TABLE};
static const nn_transformer_keys keys = {.hidden = "hidden_size", .vocab = "vocab_size"};

static bool check_tokenizer(const cJSON *config, const char *where, base_error *error) {
    static const char expected[] = "WhitespaceTokenizer";
    const char *name = expected;
    char shown[120];
    if (!base_json_text(config, "tokenizer_class", &name, where, error))
        return false;
    const char *dot = strrchr(name, '.');
    return !strcmp(dot ? dot + 1 : name, expected) ||
           base_fail(error, BASE_BAD_INPUT, "%s: tokenizer_class is \"%s\", expected %s", where,
                     base_escape(shown, sizeof shown, name, strlen(name)), expected);
}

static bool configure(nn_encoder *e, const cJSON *config, const char *where, base_error *error) {
    e->transformer.spec =
        (nn_transformer_spec){.hidden = 300, .heads = 1, .no_norm = true, .names = &names};
    e->max_length = NN_NO_POSITIONS;
    return check_tokenizer(config, where, error) &&
           nn_transformer_read(&e->transformer.spec, &keys, config, where, error) &&
           base_json_bool(config, "update_embeddings", &e->trained, where, error);
}

const nn_encoder_def nn_encoder_word_embeddings_def = {.model_type = "WordEmbeddings",
                                                       .module = "WordEmbeddings",
                                                       .config_file = "wordembedding_config.json",
                                                       .table = TABLE ".weight",
                                                       .bare = true,
                                                       .configure = configure};
