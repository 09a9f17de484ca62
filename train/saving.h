/* What of a run is saved, and how: the model folder (the best model, or the last) and checkpoints.
 * Both are written beside their places and renamed. */
#ifndef TRAIN_SAVING_H
#define TRAIN_SAVING_H

#include "base/profile.h"
#include "train/checkpoint.h"
#include "train/config.h"
#include "train/evaluation.h"
#include "train/trained.h"

/* Everything but model_folder is the caller's. */
typedef struct train_saver {
    const train_config *config;
    const nn_model *model;
    const loss *head; /* saved with the model; NULL: none */
    const train_trained *trained;
    const train_evaluations *evaluations;
    const cJSON *files;    /* identities of the data */
    base_profile *profile; /* NULL: none */
    char *model_folder;    /* RUN/model */
} train_saver;

/* Fills a zeroed saver's model_folder; released also on failure. */
bool train_saver_open(train_saver *s, const train_config *config, base_error *error);
void train_saver_release(train_saver *s);

/* Between these two the model is as it is evaluated and saved: rows are up to date that are updated
 * late, and the weights are the averaged ones where there are any. */
void train_saver_show(const train_saver *s);
void train_saver_hide(const train_saver *s);

/* The model and the head into the model folder, in place of what is there; files of a user's in it
 * stay. */
bool train_saver_model(const train_saver *s, base_error *error);

/* At the end: the saved model with its adapters merged, as RUN/merged. */
bool train_saver_merged(const train_saver *s, base_error *error);

/* A checkpoint at the position; the newest ones are kept. */
bool train_saver_checkpoint(const train_saver *s, const train_position *position,
                            base_error *error);

/* Disk that a run of `steps` updates takes. */
train_space train_saver_space(const train_saver *s, size_t steps);

#endif
