/* What a run will be; known before its first step. */
#ifndef TRAIN_SUMMARY_H
#define TRAIN_SUMMARY_H

#include "train/checkpoint.h"
#include "train/epoch_plan.h"
#include "train/step.h"
#include "train/trained.h"

typedef struct train_summary {
    size_t rows, skipped,
        replaced;            /* of the files; skipped: label "-"; replaced: ill-formed UTF-8 */
    size_t unused;           /* rows that are neither positive nor a hard negative */
    size_t truncated, texts; /* of all texts, those cut to the model's length */
    size_t length[4];        /* in ids: 50, 90, 99 and 100 per cent are no longer */
    size_t steps, batch_rows;
    double epochs;
    size_t dropped, conflicting;  /* rows in batches too small; in smaller last batches */
    size_t first_step;            /* where a resumed run goes on */
    size_t elements, trainable;   /* numbers of the model and its losses */
    const train_preview *preview; /* [previews] of the entries of train.data; the trainer's */
    size_t previews;
    size_t parameter_bytes, tape_bytes; /* memory; the tape's is address space, touched lazily */
    train_space space;                  /* on disk */
} train_summary;

/* Fills all but first_step. */
train_summary train_summarize(const train_config *config, const train_sources *sources,
                              const train_epoch_plan *plan, const train_trained *trained,
                              const train_stepper *stepper);

#endif
