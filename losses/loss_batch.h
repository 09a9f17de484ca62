/* What the losses of one text column with labels share (Hermans et al. 2017, "In Defense of the
 * Triplet Loss for Person Re-Identification", section 2): triplets are found among a batch's texts.
 * The positives of an anchor are the other texts of its label, its negatives those of other labels;
 * training and evaluation refuse a batch without either. */
#ifndef LOSSES_LOSS_BATCH_H
#define LOSSES_LOSS_BATCH_H

#include "losses/loss.h"

#include <stddef.h>

/* Options of those that have a margin, and their rows for the loss NAME. */
typedef struct loss_batch_options {
    const char *name;
    int distance;
    double margin;
} loss_batch_options;

#define LOSS_BATCH_KEYS(NAME)                                                                      \
    {"name", BASE_KEY_TEXT, offsetof(loss_batch_options, name), "\"" NAME "\"", 0, 0, NULL,        \
     NULL,   "the loss"},                                                                          \
        {"distance",                                                                               \
         BASE_KEY_CHOICE,                                                                          \
         offsetof(loss_batch_options, distance),                                                   \
         "\"euclidean\"",                                                                          \
         0,                                                                                        \
         0,                                                                                        \
         loss_batch_distance_names,                                                                \
         NULL,                                                                                     \
         "of embeddings"},                                                                         \
    {                                                                                              \
        "margin", BASE_KEY_REAL, offsetof(loss_batch_options, margin), "5", 0, 1e6, NULL, NULL,    \
            "how much farther a negative is to be than a positive"                                 \
    }

/* "euclidean", "cosine": for an option of kind BASE_KEY_CHOICE. */
const char *const *loss_batch_distance_names(void);

/* [B,B]; `distance` is an index into the names. */
tape_node *loss_batch_distances(tape *t, int distance, tape_node *x);

/* Of each anchor [B,1]: the distance of its farthest positive, 0 without any, and of its nearest
 * negative; without any that of the farthest text. */
typedef struct loss_hardest {
    tape_node *positive, *negative;
} loss_hardest;
loss_hardest loss_batch_hardest(tape *t, tape_node *distances, const uint32_t *label);

/* Whether rows with these labels have a positive, two of one label, and a negative, two of several:
 * what a batch needs. */
void loss_batch_find(const uint32_t *label, size_t count, bool *positive, bool *negative);

/* Terms max(d[anchor,positive] - d[anchor,negative] + margin, 0), added one by one. */
typedef struct loss_terms {
    const tape_node *distances;
    double margin;
    real *weight; /* [B,B]: how often a distance was added less how often it was taken off */
    size_t above; /* terms above 0 */
} loss_terms;

/* Begins with no terms; weight is NULL after an error. */
loss_terms loss_terms_begin(tape *t, const tape_node *distances, double margin);
void loss_terms_add(loss_terms *terms, size_t anchor, size_t positive, size_t negative);

/* [1,1]: the sum of the terms divided by `count`; 0 for a count of 0. */
tape_node *loss_terms_sum(tape *t, tape_node *distances, const loss_terms *terms, size_t count);

#endif
