/* GIST (Solatorio 2024, "GISTEmbed: Guided In-sample Selection of Training Negatives for Text
 * Embedding Fine-tuning", section 2): each anchor finds its positive, by the softmax of cosines /
 * temperature, among all positives, all anchors, (from its positive) all positives and all hard
 * negatives; without those that the teacher, here a guide, finds more alike than the row's anchor
 * and positive: its cosine is above theirs less a margin. Texts are compared with themselves too;
 * their cosine of 1 leaves them out, unless that bound is 1 or more (a guide that finds anchor and
 * positive the same, or a margin below 0), as sentence-transformers has it. */
#include "autograd/ops/ops.h"
#include "losses/loss.h"

#include <math.h>
#include <stddef.h>

typedef struct options {
    const char *name;
    double temperature;
    int strategy;
    double margin;
    bool anchors, positives;
} options;

enum { ABSOLUTE, RELATIVE };
static const char *const *strategy_names(void) {
    static const char *const names[] = {[ABSOLUTE] = "absolute", [RELATIVE] = "relative", NULL};
    return names;
}

static const base_key keys[] = {
    {"name", BASE_KEY_TEXT, offsetof(options, name), "\"gist\"", 0, 0, NULL, NULL, "the loss"},
    {"temperature", BASE_KEY_REAL, offsetof(options, temperature), "0.01", 1e-4, 1e3, NULL, NULL,
     "what the cosines are divided by"},
    {"margin_strategy", BASE_KEY_CHOICE, offsetof(options, strategy), "\"absolute\"", 0, 0,
     strategy_names, NULL, "relative: the margin is a part of the guide's cosine"},
    {"margin", BASE_KEY_REAL, offsetof(options, margin), "0", -2, 2, NULL, NULL,
     "texts are left out from so far below the guide's cosine of anchor and positive"},
    {"contrast_anchors", BASE_KEY_BOOL, offsetof(options, anchors), "true", 0, 0, NULL, NULL,
     "anchors are compared with anchors, too"},
    {"contrast_positives", BASE_KEY_BOOL, offsetof(options, positives), "true", 0, 0, NULL, NULL,
     "positives are compared with positives, too"},
};
static const base_keys option_keys = {
    .key = keys, .count = sizeof keys / sizeof *keys, .size = sizeof(options)};

/* Unit vectors of the columns, and the guide's. */
typedef struct guided {
    const options *o;
    tape_node *unit[DATA_MAX_COLUMNS], *guide[DATA_MAX_COLUMNS];
    const real *pair; /* [B,B] the guide's cosines of anchors and positives */
} guided;

static tape_node *guide_column(tape *t, const double *teacher, size_t rows, size_t width) {
    real *values = tape_memory(t, rows, width, sizeof *values);
    for (size_t i = 0; values && i < rows * width; i++)
        values[i] = REAL(teacher[i]);
    return values ? op_normalize(t, tape_input(t, rows, width, values)) : NULL;
}

static double limit(const guided *g, size_t row, size_t rows) {
    double cosine = (double)g->pair[row * rows + row];
    return cosine - g->o->margin * (g->o->strategy == RELATIVE ? fabs(cosine) : 1);
}

/* Scores of texts of column a with all of column b, without those that the guide leaves out. */
static tape_node *compare(tape *t, const guided *g, size_t a, size_t b) {
    tape_node *scores = op_scores(t, g->unit[a], g->unit[b], 1 / g->o->temperature);
    tape_node *guide = op_scores(t, g->guide[a], g->guide[b], 1);
    size_t rows = guide ? guide->rows : 0;
    bool right = a == 0 && b == 1; /* the diagonal stays */
    real *mask = guide ? tape_memory(t, rows, rows, sizeof *mask) : NULL;
    if (!mask)
        return NULL;
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < rows; j++) {
            bool out = (double)guide->value[i * rows + j] > limit(g, i, rows);
            mask[i * rows + j] = out && !(right && i == j) ? -REAL(INFINITY) : 0;
        }
    return op_add(t, scores, tape_input(t, rows, rows, mask));
}

static tape_node *build(const loss *l, tape *t, tape_node *const *nodes, size_t columns,
                        const loss_target *target) {
    size_t rows = target->examples, width = loss_get_setting(l)->teacher_width, count = 0;
    guided g = {.o = loss_options(l)};
    for (size_t i = 0; i < columns; i++) {
        g.unit[i] = op_normalize(t, nodes[i]);
        g.guide[i] = guide_column(t, target->teacher + i * rows * width, rows, width);
    }
    tape_node *pair = op_scores(t, g.guide[0], g.guide[1], 1), *part[DATA_MAX_COLUMNS + 1];
    if (!pair)
        return NULL;
    g.pair = pair->value;
    part[count++] = compare(t, &g, 0, 1);
    if (g.o->anchors)
        part[count++] = compare(t, &g, 0, 0);
    if (g.o->positives)
        part[count++] = compare(t, &g, 1, 1);
    for (size_t i = 2; i < columns; i++)
        part[count++] = compare(t, &g, 0, i);
    return op_cross_entropy(t, op_concat_columns(t, part, count), NULL);
}

enum { MOST_COLUMNS = DATA_MAX_COLUMNS - 1 }; /* as many parts as an operator has inputs */

const loss_def loss_gist_def = {
    .name = "gist",
    .summary = "mnrl without the negatives that a teacher finds too much alike",
    .teacher = LOSS_TEACHER_EMBEDDINGS,
    .min_columns = 2,
    .max_columns = MOST_COLUMNS,
    .min_batch = 2,
    .negatives_in_batch = true,
    .options = &option_keys,
    .build = build,
};
