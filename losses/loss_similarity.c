#include "losses/loss_similarity.h"

#include "autograd/ops/ops.h"
#include "data/corpus.h"

const char *const *loss_similarity_names(void) {
    static const char *const names[] = {[LOSS_DOT] = "dot", [LOSS_COSINE] = "cosine", NULL};
    return names;
}

const char *const *loss_distance_names(void) {
    static const char *const names[] = {[OP_DISTANCE_EUCLIDEAN] = "euclidean",
                                        [OP_DISTANCE_COSINE] = "cosine",
                                        [OP_DISTANCE_MANHATTAN] = "manhattan",
                                        NULL};
    return names;
}

tape_node *loss_similarity_scores(tape *t, int similarity, tape_node *const *nodes,
                                  size_t columns) {
    tape_node *unit[DATA_MAX_COLUMNS], *score[DATA_MAX_COLUMNS];
    for (size_t i = 0; i < columns; i++)
        unit[i] = similarity == LOSS_COSINE ? op_normalize(t, nodes[i]) : nodes[i];
    for (size_t i = 1; i < columns; i++)
        score[i - 1] = op_row_dot(t, unit[0], unit[i]);
    return op_concat_columns(t, score, columns - 1);
}
