/* What the files of an entry of train.data hold, for people: labels with their rows, scores with
 * their range, the first rows. */
#ifndef TRAIN_PREVIEW_H
#define TRAIN_PREVIEW_H

#include "data/corpus.h"

enum { TRAIN_SAMPLES = DATA_SAMPLES };

typedef struct train_preview {
    char *name;         /* of the files */
    size_t classes;     /* 0: rows have no labels */
    char **label;       /* [classes] labels that share a class are joined, "a|b" */
    size_t *label_rows; /* [classes] */
    bool scored, ranged;
    double least, most;          /* of the scores, as in the files */
    double low, high;            /* their range, which becomes 0..1 */
    char *sample[TRAIN_SAMPLES]; /* "line 2  neutral  A man eats.  A man runs."; NULL: no more */
} train_preview;

/* Looks at a corpus that has its texts. Start with {0}, release with train_preview_free. Labels
 * must have all values from 0 on, or the message says which is missing. */
bool train_preview_make(train_preview *preview, const data_corpus *corpus, base_error *error);
void train_preview_free(train_preview *preview);

#endif
