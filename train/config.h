/* One JSON file is one experiment. The keys stand in config_keys.def; base/keys.h says how
 * strictly they are read. */
#ifndef TRAIN_CONFIG_H
#define TRAIN_CONFIG_H

#include "base/keys.h"
#include "train/epoch_plan.h"
#include "train/schedule.h"

/* Choices, in the order of their names. */
typedef enum train_rows { TRAIN_ALL_ROWS, TRAIN_POSITIVES, TRAIN_TRIPLETS } train_rows;
typedef enum train_unpaired {
    TRAIN_PAIRS_BY_LOSS = -1,
    TRAIN_PAIRS_KEPT,
    TRAIN_PAIRS_DROPPED
} train_unpaired;
typedef enum train_when { TRAIN_DEV, TRAIN_TEST } train_when;
const char *const *train_task_names(void); /* of nn_task */
const char *const *train_rows_names(void);
const char *const *train_batch_names(void); /* of batch_size that is no number */
const char *const *train_unpaired_names(void);
const char *const *train_turns_names(void);
const char *const *train_when_names(void);

/* An entry of train.data. */
typedef struct train_data {
    base_key_names data, columns;
    const char *format, *target, *positive, *negative;
    train_rows rows;
    train_unpaired without_negative;
    bool both_directions, header;
    base_key_range score_range; /* both 0: not declared */
    base_key_labels labels;
    const cJSON *loss;    /* its name, or an object with "name" and options */
    const cJSON *prompts; /* train/prompts.h */
    const char *teacher;
    double weight, share;    /* share -1: not given */
    double sample, held_out; /* -1: all rows, none */
    double noise;            /* -1: none */
} train_data;

/* An entry of `parameters`; numbers below 0: not set. */
typedef struct train_parameters {
    const char *names; /* a POSIX extended regular expression */
    double learning_rate, weight_decay;
} train_parameters;

/* An entry of evaluation.data. */
typedef struct train_evaluation {
    const char *data, *kind, *format, *target, *teacher;
    train_when when;
    bool header;
    base_key_names columns;
    base_key_labels labels;
    const cJSON *prompts; /* train/prompts.h */
} train_evaluation;

enum { TRAIN_MOST_ROWS = 65536 }; /* of batch_size */

typedef struct train_config {
    int task; /* an nn_task */
    const char *output;
    size_t seed, data_seed, threads;

    const char *model_path, *model_base, *model_config, *model_vocab;
    int pooling; /* an op_pool_mode; -1: as the folder says */
    bool lower_case, freeze_embeddings;
    size_t max_seq_length, freeze_layers;
    int normalize;                            /* -1 as is, 0 off, 1 on */
    double hidden_dropout, attention_dropout; /* -1: as config.json */

    size_t lora_rank;                /* 0: no new adapters */
    double lora_alpha, lora_dropout; /* -1: not set */
    int lora_rslora;                 /* -1: not set */
    base_key_names lora_targets;
    bool lora_merge;

    const char *cache_folder;
    size_t cache_limit; /* MiB; 0: none */

    base_key_list data; /* of train_data */
    train_turns turns;
    const char *sampler;
    bool drop_last;
    size_t block;
    size_t batch_size; /* 0: "auto" */
    size_t memory_limit, accumulation, cached, max_steps;
    bool recompute;
    double epochs;

    double learning_rate, warmup, layer_decay, weight_decay, beta1, beta2, epsilon, clip;
    const cJSON *schedule; /* its name, or an object with "name" and options */
    const char *head;
    double head_rate, head_decay;
    double average;
    size_t head_only_steps;
    base_key_list parameters; /* of train_parameters */

    base_key_list evaluation; /* of train_evaluation */
    size_t evaluate_every, evaluate_delay, evaluate_tokens, patience;
    bool evaluate_at_start;
    base_key_names metric;

    size_t checkpoint_every, checkpoint_keep, log_every;
    bool checkpoint_model_only, tensorboard;

    cJSON *tree;  /* resolved: every default filled in, runnable again */
    char *name;   /* of the file, for messages */
    char *folder; /* output, or runs/NAME */
} train_config;

/* Reads the file and `sets[0..count)`, each "key.path=value" (valid UTF-8; the value JSON, or else
 * a string). Free with train_config_free. */
train_config *train_config_load(const char *path, const char *const *sets, size_t count,
                                base_error *error);

/* The same from a tree, which is taken (also on failure). */
train_config *train_config_from(cJSON *tree, const char *name, const char *const *sets,
                                size_t count, base_error *error);
void train_config_free(train_config *config);

/* Entry i (< data.count, evaluation.count, parameters.count). */
const train_data *train_config_data(const train_config *config, size_t i);
const train_evaluation *train_config_evaluation(const train_config *config, size_t i);
const train_parameters *train_config_parameters(const train_config *config, size_t i);

/* The table: of all keys, of an entry of train.data, of one of evaluation.data, of `parameters`. */
typedef enum train_table {
    TRAIN_TABLE_KEYS,
    TRAIN_TABLE_DATA,
    TRAIN_TABLE_EVALUATION,
    TRAIN_TABLE_PARAMETERS
} train_table;
const base_keys *train_config_keys(train_table table);

/* Appends the keys with type, default and help, as --help shows them. */
bool train_config_help(base_bytes *out, base_error *error);

/* Appends the reference for docs/, in Markdown. */
bool train_config_reference(base_bytes *out, base_error *error);

#endif
