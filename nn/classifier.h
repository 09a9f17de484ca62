/* The head of a cross-encoder: hidden states of a pair of texts in one sequence to its logits, by
 * the pooler and classifier of the family (Hugging Face's ...ForSequenceClassification):
 *
 *     x = pool(hidden states)               the first token's, or the mean
 *     x = norm(activation(dense(dropout(x)))) first dropout and norm where the family has them
 *     logits = out(dropout(x))              [S, labels]
 *
 * Its tensors lie in the model's set behind the encoder's (nn_model.module_params). */
#ifndef NN_CLASSIFIER_H
#define NN_CLASSIFIER_H

#include "autograd/ops/ops.h"
#include "nn/activation.h"
#include "nn/encoder.h"
#include "nn/weights.h"

/* What differs between families. */
typedef struct nn_classifier_def {
    const char *architecture; /* Hugging Face's class */
    const char *dense, *out;  /* names of the linear layers in files: "bert.pooler.dense" */
    const char *norm;         /* of a LayerNorm without a shift behind dense; NULL: none */
    nn_activation activation; /* behind dense */
    bool dropout_first;       /* also before dense */
    const char *dropout_key;  /* of config.json; absent or null: `dropout` */
    double dropout;           /* < 0: the encoder's hidden dropout */
    /* More keys of config.json, where there are any: of the activation, of dense's bias (which is
     * then absent by default), and of the pooling, "cls" or "mean". */
    const char *activation_key, *bias_key, *pooling_key;
    bool deep_init; /* N(0, range / sqrt(2 layers)) for dense and N(0, 1 / sqrt(H)) for out, else
                     * N(0, range) for both */
} nn_classifier_def;

typedef struct nn_classifier {
    const nn_classifier_def *def;
    size_t labels;
    char **label; /* [labels] names, as id2label has them */
    op_pool_mode pool;
    nn_activation activation;
    nn_activation scores; /* what makes scores of logits: sigmoid or identity unless files say it */
    double dropout, norm_epsilon;
    nn_params *params; /* not owned */
    nn_linear dense, norm, out;
} nn_classifier;

/* Whether config.json is that of a classifier: its "architectures" names one. */
bool nn_classifier_is_meant(const cJSON *config);

/* The head that config.json asks for (id2label, else num_labels, else two labels), with its tensors
 * declared in `set`. BASE_BAD_INPUT for an encoder that has none. Free with nn_classifier_free. */
nn_classifier *nn_classifier_new(const nn_encoder *encoder, const cJSON *config, nn_params *set,
                                 const char *where, base_error *error);
void nn_classifier_free(nn_classifier *c);

/* Fills the head's tensors from those kept in `extra`, which lose them. Names may lack the family's
 * prefix. Without `all` those that are not there stay as they are; else they are an error, as is a
 * shape that does not fit. `path` names the file in messages. */
bool nn_classifier_take(nn_classifier *c, nn_extra *extra, const char *const *prefixes, bool all,
                        const char *path, base_error *error);

/* Logits [S, labels] of hidden states [T, H]. */
tape_node *nn_classifier_forward(const nn_classifier *c, tape *t, const tape_layout *layout,
                                 tape_node *x);

/* Scores of logits in place, [count * labels]: each through the activation. */
bool nn_classifier_scores(const nn_classifier *c, float *logits, size_t count, base_error *error);

/* Writes what the head says of config.json over the object: architectures, id2label, label2id. */
bool nn_classifier_describe(const nn_classifier *c, cJSON *config, base_error *error);

#endif
