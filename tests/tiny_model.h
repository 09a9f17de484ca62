/* A tiny random model for tests without real weights: BERT of 2 layers, 12 columns, 3 heads, 37
 * pieces of vocabulary. */
#ifndef TESTS_TINY_MODEL_H
#define TESTS_TINY_MODEL_H

#include "nn/model.h"

/* Its config.json and vocab.txt, written into the test's folder; paths. */
const char *tiny_config(void);
const char *tiny_vocab(void);

/* Made in memory, mean pooling and what the options say (NULL: as is). Fails the test on errors. */
nn_model *tiny_model(uint64_t seed, const nn_model_options *options);

/* Saved as `name` in the test's folder; its path. */
const char *tiny_folder(const char *name);

/* Embeddings of NUL-terminated texts, [count * width] in heap memory. */
float *tiny_encode(const nn_model *m, const char *const *texts, size_t count,
                   size_t tokens_per_pass);

#endif
