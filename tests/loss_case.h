/* A loss of embeddings that are sines, and what its value and gradients should be. */
#ifndef TESTS_LOSS_CASE_H
#define TESTS_LOSS_CASE_H

#include "losses/loss.h"

/* Layers are of losses that read them; what they have is behind the columns of the last one. */
enum { LOSS_CASE_LABELS = 4, LOSS_CASE_COLUMNS = 4, LOSS_CASE_LAYERS = 2, LOSS_CASE_NODES = 12 };

typedef struct loss_case {
    const char *config;
    size_t columns, batch;
    /* of the embeddings, then of the loss's parameters: each is told by its dot product with
     * sin(0.2 (i + 1)) */
    double value, gradient[LOSS_CASE_NODES];
} loss_case;

/* out[i] = factor sin(angle (i + 1)) */
void loss_case_sines(double *out, size_t count, double angle, double factor);

/* Its parameters, each sin((0.5 + 0.2 p) (i + 1)), have room for gradients. Of LOSS_CASE_LABELS
 * classes. */
loss *loss_case_loss(const char *config, size_t width, size_t teacher_width);

/* Embeddings with room for gradients: of column c sin((0.7 + 0.3 c + shift) (i + 1)); column c of
 * layer l is number columns (1 + l) + c of them. Equal: rows 2 i and 2 i + 1 are one text, as are
 * the first two columns, and column c > 0 is what c - 1 would be. */
nn_params *loss_case_embeddings(size_t columns, size_t rows, size_t width, double shift,
                                bool equal);

/* Embeddings of the loss for so many text columns: with those of layers. */
size_t loss_case_nodes(const loss *l, size_t columns);

/* Begins a pass of the loss on the first `columns` embeddings. */
tape_node *loss_case_build(tape *t, const loss *l, nn_params *set, size_t columns,
                           const loss_target *target);

/* Value and gradients are those of the case, within `tolerance` of the larger of 1 and each. */
void loss_case_expect(const loss_case *c, const loss *l, nn_params *set, const loss_target *target,
                      double tolerance);

#endif
