/* What a run trains: the model, the parameter sets of the encoder, the modules and the losses, and
 * the optimizer that updates them. */
#ifndef TRAIN_TRAINED_H
#define TRAIN_TRAINED_H

#include "train/optimizer.h"
#include "train/sources.h"
#include "train/tensors.h"

/* The model that a config starts from: a folder, or random weights. Free with nn_model_free. */
nn_model *train_model_new(const train_config *config, base_error *error);

/* The same, or that of a checkpoint (folder; NULL: none), with the layers frozen that the config
 * says. */
nn_model *train_model_open(const train_config *config, const char *folder, base_error *error);

/* Of the task cross-encoder: gives the model a classifier for the labels of the losses, drawn by
 * seed, or names those of the one that it has; other numbers of labels are an error. */
bool train_model_classify(nn_model *model, const train_config *config, const train_sources *sources,
                          base_error *error);

typedef struct train_trained {
    train_set
        *sets;    /* "lora" when there are adapters, "encoder", "modules", "loss0", "loss1", ... */
    char **names; /* theirs */
    size_t count;
    train_optimizer *optimizer;
    double average; /* decay of the sets' averages; 0: there are none */
} train_trained;

/* Forgets the gradients of everything but heads: what the losses have, and a cross-encoder's
 * classifier. */
void train_trained_hold(const train_trained *trained);

/* Memory of all parameters with gradients, moments and averages, in bytes. */
size_t train_trained_bytes(const train_trained *trained);

/* Fills a zeroed struct, to be released also on failure. Nothing to train is an error,
 * and head_only_steps without a head. */
bool train_trained_collect(train_trained *trained, const train_config *config,
                           const nn_model *model, const train_sources *sources, base_error *error);
/* Before the model and the sources go. */
void train_trained_release(train_trained *trained);

#endif
