/* Contrastive loss of the hard pairs of a batch, as sentence-transformers has it: with positives
 * the pairs of score 1 and negatives those of score 0 (others are left out), the sum of d^2 over
 * positives that are farther than the nearest negative and of max(margin - d, 0)^2 over negatives
 * that are nearer than the farthest positive. Without positives (negatives) the mean of the
 * distances stands in for the farthest (nearest) of them. No hard pair: 0. */
#include "autograd/ops/ops.h"
#include "losses/loss.h"
#include "losses/loss_contrast.h"
#include "losses/loss_similarity.h"

#include <math.h>
#include <stddef.h>

typedef struct options {
    const char *name;
    int distance;
    double margin;
} options;

static const base_key keys[] = {
    {"name", BASE_KEY_TEXT, offsetof(options, name), "\"online_contrastive\"", 0, 0, NULL, NULL,
     "the loss"},
    {"distance", BASE_KEY_CHOICE, offsetof(options, distance), "\"cosine\"", 0, 0,
     loss_distance_names, NULL, "of the two embeddings"},
    {"margin", BASE_KEY_REAL, offsetof(options, margin), "0.5", 0, 1e6, NULL, NULL,
     "distance from which pairs that are not alike are left alone"},
};
static const base_keys option_keys = {
    .key = keys, .count = sizeof keys / sizeof *keys, .size = sizeof(options)};

enum { ALIKE, OTHER, NEITHER, SIDES = NEITHER };

static int side_of(double score) {
    return score >= 1 && score <= 1 ? ALIKE : score >= 0 && score <= 0 ? OTHER : NEITHER;
}

/* The pairs of one side. */
typedef struct side {
    size_t count;
    double least, most, mean;
} side;

static side survey(const tape_node *d, const double *score, int which) {
    side s = {.least = HUGE_VAL, .most = -HUGE_VAL};
    for (size_t i = 0; i < d->rows; i++) {
        double x = (double)d->value[i];
        if (side_of(score[i]) == which) {
            s.count++;
            s.mean += x;
            s.least = fmin(s.least, x);
            s.most = fmax(s.most, x);
        }
    }
    s.mean /= s.count ? (double)s.count : 1;
    return s;
}

/* weight[side][i] becomes 1 for the hard pairs of a side, 0 for all others. */
static void choose(const tape_node *d, const double *score, real *const *weight) {
    side alike = survey(d, score, ALIKE), other = survey(d, score, OTHER);
    double from = other.count ? other.least : alike.mean;
    double to = alike.count ? alike.most : other.mean;
    for (size_t i = 0; i < d->rows; i++) {
        double x = (double)d->value[i];
        weight[ALIKE][i] = side_of(score[i]) == ALIKE && x > from;
        weight[OTHER][i] = side_of(score[i]) == OTHER && x < to;
    }
}

static tape_node *build(const loss *l, tape *t, tape_node *const *nodes, size_t columns,
                        const loss_target *target) {
    const options *o = loss_options(l);
    (void)columns;
    tape_node *d = loss_contrast_distances(t, o->distance, nodes[0], nodes[1]);
    real *weight[SIDES];
    for (int i = 0; i < SIDES; i++)
        weight[i] = tape_memory(t, target->examples, 1, sizeof **weight);
    if (!d || !weight[ALIKE] || !weight[OTHER])
        return NULL;
    choose(d, target->score, weight);
    return loss_contrast_sum(t, d, weight[ALIKE], weight[OTHER], o->margin);
}

const loss_def loss_online_contrastive_def = {
    .name = "online_contrastive",
    .summary = "contrastive loss of a batch's hard positives and hard negatives alone",
    .target = DATA_TARGET_SCORE,
    .min_columns = 2,
    .max_columns = 2,
    .min_batch = 1,
    .options = &option_keys,
    .build = build,
};
