/* The labels by which data names the classes of a trained head.
 *
 * A class that several labels share is named after all of them, "contradiction|neutral"; data may
 * call it by each. */
#ifndef LOSSES_LOSS_LABELS_H
#define LOSSES_LOSS_LABELS_H

#include "losses/loss.h"

/* name[i] is class value[i]. Start with {0}, release with loss_labels_free. */
typedef struct loss_labels {
    const char **name;
    uint32_t *value;
    size_t count;
    char *parts; /* where the names lie */
} loss_labels;

bool loss_labels_of(const loss_setting *setting, loss_labels *out, base_error *error);
void loss_labels_free(loss_labels *labels);

/* Whether two losses have the same classes in the same order. */
bool loss_labels_same(const loss_setting *a, const loss_setting *b);

/* Adds a label to a class's name ("" or labels so far), in heap memory that replaces it. False when
 * memory is out. */
bool loss_labels_join(char **class_name, const char *label);

#endif
