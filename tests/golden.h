/* Golden files (tests/golden/make_golden.py): a model, its first batch and what PyTorch computed in
 * float64. The double build must agree to 1e-9; the float build as the callers say. */
#ifndef TESTS_GOLDEN_H
#define TESTS_GOLDEN_H

#include "nn/model.h"
#include "nn/safetensors.h"
#include "train/batch.h"

#include <criterion/parameterized.h>

enum { GOLDEN_COLUMNS = 3, GOLDEN_BATCHES = 5, GOLDEN_SKETCH = 4 };

/* All but minilm, which is made on demand, are committed; tiny and odd are BERT, multi is BERT with
 * a Unigram tokenizer. Or, with SBERT_GOLDEN=FOLDER, those of FOLDER/sizes.txt (make
 * golden-families). */
typedef struct golden_size {
    char name[16];
    size_t batch;
    double rate; /* learning rate of the training steps */
} golden_size;

/* The sizes as Criterion's parameters, and a test of each: its parameter is `size`. */
struct criterion_test_params golden_size_parameters(void);
#define GOLDEN_TEST(suite, name)                                                                   \
    ParameterizedTestParameters(suite, name) {                                                     \
        return golden_size_parameters();                                                           \
    }                                                                                              \
    ParameterizedTest(golden_size *size, suite, name)

typedef struct golden {
    const golden_size *size;
    nn_model *model;
    nn_safetensors *file;
    data_token_store *classes, *scores; /* the same rows with each kind of target */
    tape *tape;
    train_batch batch; /* that golden_fill filled, with labels and with scores 0..1 */
    size_t *views;     /* the trainable views by name */
    size_t view_count;
} golden;

/* Bounds in float of what is a sum over rows: `committed`, or, for the batches of 67 rows of
 * SBERT_GOLDEN, which sum more rounding, `given`. */
double golden_bound(double committed, double given);

/* Loads all of it and fills the first batch; skips the test, with the reason,
 * when the files are not there. */
void golden_open(golden *g, const golden_size *size);
void golden_close(golden *g);

/* Fills batch i (0 .. GOLDEN_BATCHES-1) with its three text columns. */
void golden_fill(golden *g, size_t i);

/* Starts a recording pass without dropout, gradients forgotten. */
void golden_begin(golden *g);

/* The numbers stored under a key (printf), *count of them; to be freed. */
double *golden_read(golden *g, size_t *count, const char *key, ...)
    __attribute__((format(printf, 3, 4)));

/* Pseudo-random number i of probe j in [-1, 1]. */
double golden_probe(size_t j, size_t i);

/* Norm and three projections of x[n]. */
void golden_sketch(const real *x, size_t n, double out[GOLDEN_SKETCH]);

/* Every sketch of rows[count][4] against those stored under the key: differences are at most
 * tolerance times the row's norm, or times a thousandth (in float a hundredth) of the largest norm
 * where that is more (gradients that are 0 but for rounding). `names` (may be NULL) for messages.
 */
void golden_expect_sketches(golden *g, const char *key, double (*rows)[GOLDEN_SKETCH], size_t count,
                            const char *const *names, double tolerance);

/* Gradients, or values, of all trainable tensors of the encoder against those under the key. */
void golden_expect_gradients(golden *g, const char *key, double tolerance);
void golden_expect_values(golden *g, const char *key, double tolerance);

#endif
