/* Losses of pairs, triplets, labelled texts and a teacher's vectors: values and gradients of
 * sentence-transformers 6.2, in double, by tests/golden/make_losses.py. */
#include "tests/loss_case.h"

#include <criterion/criterion.h>

#ifdef REAL_DOUBLE
#define tolerance 1e-12
#else
#define tolerance 1e-5
#endif

static const loss_case table[] = {
#define LOSS_CASE(config, columns, batch, value, ...)                                              \
    {config, columns, batch, value, {__VA_ARGS__}},
#include "tests/golden/losses.def"
#undef LOSS_CASE
};

enum { MOST_ROWS = 8, MOST_WIDTH = 5 };

/* The last five are edge cases: all labels and scores alike, all labels different and no score
 * above another, one row, equal texts, a text without direction. */
static const struct batch {
    size_t rows, width;
    double score[MOST_ROWS];
    uint32_t label[MOST_ROWS];
    bool equal;
} batches[] = {
    {6, 4, {0, 1, 0.5, 1, 0, 0.25}, {0, 1, 0, 2, 1, 0}, false},
    {8, 5, {1, 0, 1, 0, 1, 1, 0, 0}, {0, 0, 1, 1, 2, 2, 0, 1}, false},
    {4, 4, {1, 1, 1, 1}, {1, 1, 1, 1}, false},
    {4, 5, {0, 0, 0, 0}, {2, 0, 1, 3}, false},
    {1, 4, {1}, {0}, false},
    {6, 4, {1, 0, 1, 0, 0.5, 0.5}, {0, 0, 1, 2, 2, 0}, true},
};

static void expect(const loss_case *c) {
    const struct batch *b = &batches[c->batch];
    loss *l = loss_case_loss(c->config, b->width, b->width);
    nn_params *set = loss_case_embeddings(loss_case_nodes(l, c->columns), b->rows, b->width,
                                          0.01 * (double)c->batch, b->equal);
    double teacher[LOSS_CASE_COLUMNS * MOST_ROWS * MOST_WIDTH];
    loss_case_sines(teacher, c->columns * b->rows * b->width, 1.3, 1);
    loss_target target = {.kind = loss_definition(l)->target,
                          .teacher = teacher,
                          .examples = b->rows,
                          .label = b->label,
                          .score = b->score};
    loss_case_expect(c, l, set, &target, tolerance);
    nn_params_free(set);
    loss_free(l);
}

Test(losses_peer, values_and_gradients) {
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        expect(&table[i]);
}
