/* Multiple negatives ranking (Henderson et al. 2017, "Efficient Natural Language Response
 * Suggestion for Smart Reply", section 4.4): scores = scale * cos(a_i, c_j) of every anchor with
 * every candidate, cross-entropy on the diagonal. Candidates are all positives (column 1) and all
 * hard negatives (further columns) of the batch.
 *
 * Further directions add scores to row i: of its anchor with the other anchors, of its positive
 * with all anchors, of its positive with all candidates but those of row i (all four: Li et al.
 * 2023, "Towards General Text Embeddings with Multi-stage Contrastive Learning", section 3.3).
 * Jointly they are one softmax; per direction each is one, and the loss is their mean.
 *
 * Hardness: a negative's score grows by strength * cos(a_i, c_j), taken as a constant, so that hard
 * negatives weigh more. */
#include "autograd/ops/ops.h"
#include "base/memory.h"
#include "losses/loss.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

enum { QUERY_TO_DOC, QUERY_TO_QUERY, DOC_TO_QUERY, DOC_TO_DOC, DIRECTIONS };
static const char *const direction_names[] = {
    "query_to_doc", "query_to_query", "doc_to_query", "doc_to_doc", NULL,
};

enum { JOINT, PER_DIRECTION };
static const char *const *partition_names(void) {
    static const char *const names[] = {[JOINT] = "joint", [PER_DIRECTION] = "per_direction", NULL};
    return names;
}

enum { IN_BATCH_NEGATIVES, HARD_NEGATIVES, ALL_NEGATIVES };
static const char *const *hardness_names(void) {
    static const char *const names[] = {[IN_BATCH_NEGATIVES] = "in_batch_negatives",
                                        [HARD_NEGATIVES] = "hard_negatives",
                                        [ALL_NEGATIVES] = "all_negatives",
                                        NULL};
    return names;
}

typedef struct options {
    const char *name;
    double scale;
    base_key_names directions;
    int partition, hardness;
    double strength;
} options;

static const base_key keys[] = {
    {"name", BASE_KEY_TEXT, offsetof(options, name), "\"mnrl\"", 0, 0, NULL, NULL, "the loss"},
    {"scale", BASE_KEY_REAL, offsetof(options, scale), "20", 1e-3, 1e4, NULL, NULL,
     "factor of the cosines, one over the softmax's temperature"},
    {"directions", BASE_KEY_NAMES, offsetof(options, directions), "[\"query_to_doc\"]", 1,
     DIRECTIONS, NULL, NULL,
     "what is compared: query_to_doc, and any of query_to_query, doc_to_query, doc_to_doc; queries "
     "are anchors, docs positives and hard negatives"},
    {"partition_mode", BASE_KEY_CHOICE, offsetof(options, partition), "\"joint\"", 0, 0,
     partition_names, NULL,
     "one softmax over all directions, or the mean of one each (both ways: query_to_doc and "
     "doc_to_query per direction)"},
    {"hardness_mode", BASE_KEY_CHOICE, offsetof(options, hardness), "null", 0, 0, hardness_names,
     NULL,
     "negatives that weigh more the more alike the anchor they are, of query_to_doc alone; null: "
     "none"},
    {"hardness_strength", BASE_KEY_REAL, offsetof(options, strength), "0", 0, 1e4, NULL, NULL,
     "how much more: added to the scores, times the cosine"},
};
static const base_renamed_key renamed[] = {{"symmetric", "directions"}};
static const base_keys option_keys = {.key = keys,
                                      .count = sizeof keys / sizeof *keys,
                                      .size = sizeof(options),
                                      .renamed = renamed,
                                      .renamed_count = sizeof renamed / sizeof *renamed};

static bool has(const options *o, int direction) {
    bool found = false;
    for (size_t i = 0; i < o->directions.count; i++)
        found = found || !strcmp(o->directions.name[i], direction_names[direction]);
    return found;
}

static bool check(const loss *l, base_error *error) {
    const options *o = loss_options(l);
    size_t known = 0;
    for (int i = 0; i < DIRECTIONS; i++)
        known += has(o, i);
    if (known < o->directions.count || !has(o, QUERY_TO_DOC))
        return loss_fail(l, error,
                         "directions: expected query_to_doc and any of query_to_query, "
                         "doc_to_query, doc_to_doc, each once");
    if (o->partition == PER_DIRECTION && (has(o, QUERY_TO_QUERY) || has(o, DOC_TO_DOC)))
        return loss_fail(l, error,
                         "partition_mode is \"per_direction\", which query_to_query and "
                         "doc_to_doc do not go with: they have no right one; expected \"joint\"");
    if (o->strength > 0 && o->hardness < 0)
        return loss_fail(l, error,
                         "hardness_strength is %g and hardness_mode is null, expected a mode",
                         o->strength);
    return true;
}

/* What is added to the scores of row i with candidate j; `own`: j is a text of row i. */
typedef double addend(const options *o, double score, size_t column, bool own);

static double hide_own(const options *o, double score, size_t column, bool own) {
    (void)o, (void)score, (void)column;
    return own ? -HUGE_VAL : 0;
}

static double hardness(const options *o, double score, size_t column, bool own) {
    bool hard = column > 0, chosen = o->hardness == HARD_NEGATIVES       ? own && hard
                                     : o->hardness == IN_BATCH_NEGATIVES ? !own
                                                                         : hard || !own;
    return chosen ? o->strength * score / o->scale : 0;
}

static tape_node *add(tape *t, tape_node *scores, const options *o, addend *of) {
    real *more = scores ? tape_memory(t, scores->rows, scores->cols, sizeof *more) : NULL;
    if (!more)
        return NULL;
    size_t rows = scores->rows, cols = scores->cols;
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < cols; j++)
            more[i * cols + j] =
                REAL(of(o, (double)scores->value[i * cols + j], j / rows, j % rows == i));
    return op_add(t, scores, tape_input(t, rows, cols, more));
}

/* Scores of each row of a batch with anchors, or with positives and hard negatives. */
static tape_node *direction(tape *t, const options *o, int which, tape_node *const *unit,
                            tape_node *docs) {
    bool of_query = which == QUERY_TO_DOC || which == QUERY_TO_QUERY;
    bool to_query = which == QUERY_TO_QUERY || which == DOC_TO_QUERY;
    tape_node *scores = op_scores(t, unit[of_query ? 0 : 1], to_query ? unit[0] : docs, o->scale);
    if (of_query == to_query)
        return add(t, scores, o, hide_own);
    return which == QUERY_TO_DOC && o->hardness >= 0 && o->strength > 0
               ? add(t, scores, o, hardness)
               : scores;
}

static tape_node *build(const loss *l, tape *t, tape_node *const *nodes, size_t columns,
                        const loss_target *target) {
    (void)target;
    const options *o = loss_options(l);
    tape_node *unit[DATA_MAX_COLUMNS], *scores[DIRECTIONS], *sum = NULL;
    for (size_t i = 0; i < columns; i++)
        unit[i] = op_normalize(t, nodes[i]);
    tape_node *docs = columns == 2 ? unit[1] : op_concat_rows(t, unit + 1, columns - 1);
    size_t count = 0;
    for (int i = 0; i < DIRECTIONS; i++)
        if (has(o, i))
            scores[count++] = direction(t, o, i, unit, docs);
    if (o->partition == JOINT)
        return op_cross_entropy(t, count == 1 ? scores[0] : op_concat_columns(t, scores, count),
                                NULL);
    for (size_t i = 0; i < count; i++) {
        tape_node *each = op_cross_entropy(t, scores[i], NULL);
        sum = sum ? op_add(t, sum, each) : each;
    }
    return op_scale(t, sum, 1 / (double)count);
}

const loss_def loss_mnrl_def = {
    .name = "mnrl",
    .summary = "multiple negatives ranking: each anchor finds its positive among the batch's",
    .min_columns = 2,
    .max_columns = DATA_MAX_COLUMNS,
    .min_batch = 2,
    .negatives_in_batch = true,
    .options = &option_keys,
    .check = check,
    .build = build,
};
