/* AnglE (Li & Li 2024, "AoE: Angle-optimized Embeddings for Semantic Textual Similarity"): CoSENT's
 * ranking of the similarity |cos + sin|. With unit vectors u and v in halves (u1, u2), (v1, v2), of
 * an odd width with a 0 more, cos = u.v and sin = u2.v1 - u1.v2.
 *
 * Of rows with further texts the first text and each is a pair: the first pair has the row's score
 * s, the others 1 - s, and all are ranked together. */
#include "autograd/ops/ops.h"
#include "losses/loss.h"

#include <stddef.h>

typedef struct options {
    const char *name;
    double scale;
} options;

static const base_key keys[] = {
    {"name", BASE_KEY_TEXT, offsetof(options, name), "\"angle\"", 0, 0, NULL, NULL, "the loss"},
    {"scale", BASE_KEY_REAL, offsetof(options, scale), "20", 1e-3, 1e4, NULL, NULL,
     "factor of the similarities"},
};
static const base_keys option_keys = {
    .key = keys, .count = sizeof keys / sizeof *keys, .size = sizeof(options)};

typedef struct halves {
    tape_node *whole, *first, *second;
} halves;

static halves halve(tape *t, tape_node *x) {
    halves h = {.whole = op_normalize(t, x)};
    if (!h.whole)
        return h;
    size_t first = (x->cols + 1) / 2, second = x->cols - first;
    h.first = op_columns(t, h.whole, 0, first);
    h.second = op_columns(t, h.whole, first, second);
    if (second < first) {
        real *zero = tape_memory(t, x->rows, 1, sizeof *zero);
        for (size_t i = 0; zero && i < x->rows; i++)
            zero[i] = 0;
        tape_node *two[] = {h.second, zero ? tape_input(t, x->rows, 1, zero) : NULL};
        h.second = second ? op_concat_columns(t, two, 2) : two[1];
    }
    return h;
}

static tape_node *absolute(tape *t, tape_node *x) {
    return op_add(t, op_relu(t, x), op_relu(t, op_scale(t, x, -1)));
}

static tape_node *similarity(tape *t, const halves *u, const halves *v) {
    tape_node *cosine = op_row_dot(t, u->whole, v->whole);
    tape_node *sine = op_add(t, op_row_dot(t, u->second, v->first),
                             op_scale(t, op_row_dot(t, u->first, v->second), -1));
    return absolute(t, op_add(t, cosine, sine));
}

static const double *scores(tape *t, const loss_target *target, size_t pairs) {
    size_t rows = target->examples;
    double *score = tape_memory(t, rows, pairs, sizeof *score);
    for (size_t i = 0; score && i < rows * pairs; i++)
        score[i] = i < rows ? target->score[i] : 1 - target->score[i % rows];
    return score;
}

static tape_node *build(const loss *l, tape *t, tape_node *const *nodes, size_t columns,
                        const loss_target *target) {
    const options *o = loss_options(l);
    tape_node *similar[DATA_MAX_COLUMNS];
    halves u = halve(t, nodes[0]);
    for (size_t i = 1; i < columns; i++) {
        halves v = halve(t, nodes[i]);
        similar[i - 1] = similarity(t, &u, &v);
    }
    tape_node *all = op_concat_rows(t, similar, columns - 1);
    return op_ranking(t, op_scale(t, all, o->scale), scores(t, target, columns - 1));
}

const loss_def loss_angle_def = {
    .name = "angle",
    .summary = "the angles of pairs, in the complex plane, in the order of their scores",
    .target = DATA_TARGET_SCORE,
    .min_columns = 2,
    .max_columns = DATA_MAX_COLUMNS,
    .min_batch = 2,
    .options = &option_keys,
    .build = build,
};
