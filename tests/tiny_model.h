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

/* Loaded; fails the test on errors. */
nn_model *tiny_load(const char *folder, const nn_model_options *options);

/* Expects that loading is refused with one sentence, `part` in it. */
void tiny_expect_refused(const char *folder, const char *part);

/* Sets a key of a JSON file of the test's folder to a JSON value (NULL removes it). */
void tiny_edit(const char *name, const char *key, const char *value);

/* Embeddings of NUL-terminated texts, [count * width] in heap memory. */
float *tiny_encode(const nn_model *m, const char *const *texts, size_t count,
                   size_t tokens_per_pass);

/* Texts for any model: short, empty, twice the same, cut at its end. */
enum { TINY_TEXTS = 6 };
extern const char *const tiny_texts[TINY_TEXTS];

/* Expects that two models give those texts the same embeddings, to the bit. */
void tiny_expect_same(const nn_model *a, const nn_model *b);

/* The largest difference between two numbers at the same place. */
double tiny_difference(const float *a, const float *b, size_t n);

#endif
