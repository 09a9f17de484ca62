/* Checkpoints: all that a run needs to go on with the same bits (docs/architecture.md, 7).
 *
 *     RUN/checkpoints/step-000001000/
 *         model/                 model folder
 *         state.safetensors      moments, averages, and the losses' own parameters
 *         state.json             step, scores so far, counters, identities of the data files
 *         config.json            resolved config
 *         manifest.json          sizes and checksums, written last
 *
 * With checkpoint.model_only there is no state, and model/ is as the run's own: nothing can go on
 * from there.
 *
 * Written beside its place, synced, renamed. Random numbers are functions of seed and step, so the
 * step is the position of data and dropout too. */
#ifndef TRAIN_CHECKPOINT_H
#define TRAIN_CHECKPOINT_H

#include "base/json.h"
#include "losses/loss.h"
#include "nn/model.h"
#include "train/optimizer.h"
#include "train/tensors.h"

/* RUN/checkpoints/step-NNNNNNNNN; heap. */
char *train_checkpoint_path(const char *run, size_t step, base_error *error);

/* Steps of all finished checkpoints, newest first; free(). *count 0 when there are none. */
size_t *train_checkpoint_steps(const char *run, size_t *count, base_error *error);

/* Keeps `keep` checkpoints, the one at step `newest` and those before it, and removes the others:
 * older ones, and later ones (damaged, passed over when the run was resumed). Removes also what
 * broken-off writes left behind. */
bool train_checkpoint_prune(const char *run, size_t newest, size_t keep, base_error *error);

/* How far a run is. */
typedef struct train_position {
    size_t step;   /* updates done */
    double epoch;  /* passes over the data done */
    bool has_best; /* there was an evaluation; its best score and step: */
    double best;
    size_t best_step;
    size_t stale;        /* evaluations since without a better one */
    bool evaluation_due; /* the dev evaluation after `step` is still to come */
} train_position;

/* What is saved; everything is the caller's. The optimizer is settled. */
typedef struct train_snapshot {
    bool model_only;
    const loss *head; /* saved with the model; NULL: none, it is in the state */
    const nn_model *model;
    const train_set *sets;
    size_t set_count;
    const train_optimizer *optimizer;
    const cJSON *config, *files; /* resolved config; identities (train/manifest.h) */
    train_position position;
    const char *metric, *metric_file; /* that the best score is of; NULL: none decides */
} train_snapshot;

/* Writes a checkpoint below the run folder and keeps it and the newest before it, `keep` in all. */
bool train_checkpoint_write(const char *run, const train_snapshot *snapshot, size_t keep,
                            base_error *error);

/* Disk that a run takes, in bytes, about: files of a few kB are not counted one by one. */
typedef struct train_space {
    uint64_t model, checkpoint; /* a folder of each */
    uint64_t most;              /* at once: the model, the kept checkpoints, and a new one */
} train_space;

/* For a run that writes `writes` checkpoints in all, of models alone or with their state, and keeps
 * `keep`. */
train_space train_space_of(const nn_model *model, const train_set *sets, size_t set_count,
                           bool model_only, size_t writes, size_t keep);

/* A checkpoint that was found whole. */
typedef struct train_checkpoint {
    char *folder, *model_folder;
    cJSON *state, *config;
    const cJSON *files;
    train_position position;
    const char *metric, *metric_file; /* as in the snapshot */
} train_checkpoint;

/* The newest checkpoint of the run that verifies; damaged ones are passed over with a warning.
 * NULL without an error when there is none. */
train_checkpoint *train_checkpoint_newest(const char *run, base_error *error);
void train_checkpoint_free(train_checkpoint *checkpoint);

/* Reads moments, the losses' parameters and the counters back. */
bool train_checkpoint_restore(const train_checkpoint *checkpoint, const train_set *sets,
                              size_t set_count, train_optimizer *optimizer, base_error *error);

#endif
