/* The data of an entry of evaluation.data, read once, and what its evaluator asks for beside it:
 * the loss that is measured, the teacher's embeddings, prompts. */
#ifndef TRAIN_EVALUATION_DATA_H
#define TRAIN_EVALUATION_DATA_H

#include "eval/evaluator.h"
#include "train/config.h"
#include "train/prompts.h"
#include "train/sources.h"

typedef struct train_evaluation_data {
    const train_evaluation *entry;
    const eval_def *def;
    const data_corpus *held_out; /* rows that stand for a file, of the sources; NULL: a file */
    const train_data *like;      /* the entry that holds them out, else the first one */
    const loss *objective;       /* of that; NULL: it has no rows */
    const char *positive;        /* the label that the entry gives the number 1; NULL: none */
    eval_data data;
    train_prompts prompts;
} train_evaluation_data;

/* Fills *out for entry i. `head` is the loss whose classes labels stand for, NULL when there is
 * none. Keys that would do nothing, and labels that do not fit the head or leave no pairs that
 * belong together or apart, are errors. Release, also on failure. */
bool train_evaluation_data_read(const train_config *config, size_t i, const nn_model *model,
                                const loss *head, const train_sources *sources,
                                train_evaluation_data *out, base_error *error);
void train_evaluation_data_release(train_evaluation_data *data);

#endif
