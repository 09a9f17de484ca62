/* A model of word vectors: WordEmbeddings, then mean pooling. */
#include "data/word_vectors.h"
#include "nn/model_build.h"

static bool describe(nn_model *m, const data_word_vectors *v) {
    cJSON *c = m->extra->config = cJSON_CreateObject();
    return c && cJSON_AddStringToObject(c, "model_type", "WordEmbeddings") &&
           cJSON_AddNumberToObject(c, "vocab_size", (double)data_vocabulary_size(v->words)) &&
           cJSON_AddNumberToObject(c, "hidden_size", (double)v->columns) &&
           cJSON_AddStringToObject(
               c, "tokenizer_class",
               "sentence_transformers.models.tokenizer.WhitespaceTokenizer.WhitespaceTokenizer") &&
           cJSON_AddTrueToObject(c, "update_embeddings");
}

/* Takes the words. */
static bool build(nn_model *m, data_word_vectors *v, const char *where, base_error *error) {
    enum { LENGTH = 1000000 }; /* sentence-transformers' default */
    if (!describe(m, v))
        return base_fail(error, BASE_FAILED, "out of memory");
    if (!nn_model_build_encoder(m, &nn_model_as_is, where, error))
        return false;
    tape_param *table = nn_params_at(m->encoder->params, m->encoder->transformer.words);
    for (size_t i = 0; i < table->rows * table->cols; i++)
        table->value[i] = (real)v->values[i];
    tape_param_changed(table);
    m->tokenizer = data_tokenizer_from_words(v->words, error);
    v->words = NULL;
    return m->tokenizer && nn_model_set_length(m, &nn_model_as_is, LENGTH, error) &&
           nn_model_add_mean(m, &nn_model_as_is, where, error) &&
           nn_model_finish(m, &nn_model_as_is, error);
}

nn_model *nn_model_from_vectors(const char *path, base_error *error) {
    data_word_vectors vectors = {0};
    nn_model *m = nn_model_new(error);
    bool ok = m && data_word_vectors_read(&vectors, path, error) && build(m, &vectors, path, error);
    data_word_vectors_free(&vectors);
    if (ok)
        return m;
    nn_model_free(m);
    return NULL;
}
