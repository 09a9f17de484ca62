/* What a run trains on: the corpora of train.data, read, tokenised and each with its loss.
 *
 * An entry is one source, or two when triplets are made of it and the pairs that are left are kept:
 * a batch never mixes shapes. */
#ifndef TRAIN_SOURCES_H
#define TRAIN_SOURCES_H

#include "data/token_store.h"
#include "dist/dist.h"
#include "losses/loss.h"
#include "nn/model.h"
#include "train/config.h"
#include "train/preview.h"
#include "train/teacher.h"

typedef struct train_source {
    const train_data *entry;
    data_token_store *store;
    train_teacher_outputs teacher; /* of the store's rows, when the entry has a teacher */
    const loss *loss;              /* of the entry */
    const char *sampler;
    size_t min_batch; /* rows in a batch, at least */
} train_source;

typedef struct train_sources {
    train_source *source;
    size_t count, capacity;
    loss **losses; /* [losses_count]; entries with the same loss and labels share one */
    size_t losses_count;
    train_preview *preview; /* [previews] of each entry of train.data */
    data_corpus **held_out; /* [previews] rows of each entry that are not trained on, or NULL */
    size_t previews;
    size_t rows, skipped, replaced; /* of all files; skipped: label "-" */
    size_t unused;                  /* rows that `rows` and `without_negative` leave out */
    size_t truncated;               /* texts cut to the model's length */
} train_sources;

/* Whether positive pairs without a hard negative are kept: as without_negative says, else when the
 * loss takes pairs. */
bool train_keeps_unpaired(const train_data *entry, const loss_def *def);

/* Reads everything that the config's train.data names. Labels that are found in the data are put
 * into config->tree, the resolved config. `progress` (NULL: nobody) is of tokenising, corpus by
 * corpus. Of several ranks all call it; with a cache they take turns at it, so that those of one
 * machine share what its first one has made. */
train_sources *train_sources_new(const train_config *config, const nn_model *model,
                                 dist_ranks *ranks, const base_progress *progress,
                                 base_error *error);
void train_sources_free(train_sources *sources);

/* The i-th of all losses, those that others wrap included; NULL: there are not so many. */
const loss *train_sources_part(const train_sources *sources, size_t i);

/* Longest sequence in ids that a batch of any source can have. */
size_t train_sources_longest(const train_sources *sources);

/* Whether the source's sampler and loss take batches of so many rows; else a message about
 * batch_size. train_sources_new has checked those of a batch_size that is a number. */
bool train_source_check_batch(const train_config *config, const train_source *source, size_t rows,
                              base_error *error);

#endif
