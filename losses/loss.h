/* Losses: what sentence embeddings are trained towards. One file a loss, one line in losses.def.
 *
 * A loss is built from operators, so a loss can wrap a loss. The embeddings of a batch of B
 * examples with k text columns come as k nodes [B, width]; the result, a [1, 1] node, is the mean
 * over examples, or what the loss's file says: some are sums, some of pairs of examples.
 *
 * A loss of a cross-encoder (of_pairs) gets one node: the logits [k B, width] of k pairs an
 * example, of its first text and each other one, then of its first text and texts of other
 * examples. */
#ifndef LOSSES_LOSS_H
#define LOSSES_LOSS_H

#include "autograd/tape.h"
#include "base/keys.h"
#include "data/corpus.h"
#include "nn/decoder.h"

/* What a loss is told by a second, frozen model. */
typedef enum loss_teacher_kind {
    LOSS_NO_TEACHER,
    LOSS_TEACHER_EMBEDDINGS, /* its embedding of every text */
    LOSS_TEACHER_SCORES      /* how alike it finds the first text of a row and each further one */
} loss_teacher_kind;

/* What the examples of a batch are trained towards. Arrays belong to the caller and outlive the
 * tape's pass. */
typedef struct loss_target {
    data_target_kind kind;
    size_t examples;       /* B */
    const uint32_t *label; /* [B], below the number of classes, for DATA_TARGET_CLASS */
    const double *score;   /* [B], 0..1, for DATA_TARGET_SCORE */
    const double *teacher; /* vectors: [k*B, teacher_width], column after column; scores: [B, k-1];
                            * NULL: there is no teacher */
    /* For a loss that reads layers: [layers * k] embeddings of the texts that the model would give
     * if the layer were its last, layer after layer; the token embeddings first, the last layer's,
     * which are the nodes, not. */
    tape_node *const *layer;
    size_t layers;
    const tape_layout *layout; /* the texts, column after column, for losses that decode */
} loss_target;

/* What a loss is made for. */
typedef struct loss_setting {
    size_t width;                 /* of a sentence embedding; of pairs: labels */
    size_t classes;               /* of the data; 0: entailment, neutral, contradiction */
    const char *const *label;     /* [classes] their names, copied; NULL: "0", "1", .. */
    size_t teacher_width;         /* of the teacher's embeddings; 0: there is none */
    size_t layers;                /* of the model that a loss can read, as of a target; 0: none */
    const struct nn_model *model; /* that is trained, for losses that decode; outlives the loss.
                                   * NULL: such a loss has no decoder, and cannot be built */
} loss_setting;

typedef struct loss loss;

typedef struct loss_def {
    const char *name, *summary; /* the summary is one line */
    data_target_kind target;    /* what it needs; DATA_TARGET_NONE: nothing, any target is fine */
    loss_teacher_kind teacher;  /* what it needs of a teacher, in place of a target that it names */
    bool compares_vectors;      /* embeddings with the teacher's, column by column */
    bool raw_scores;            /* scores without a range are taken as the file has them */
    size_t min_columns, max_columns;
    bool of_pairs;           /* for cross-encoders */
    bool one_label;          /* of those: takes one score a pair, else one a class */
    size_t min_batch;        /* rows below which there is nothing to learn */
    bool layers;             /* reads the embeddings of every layer, which the trainer provides */
    bool negatives_in_batch; /* rows of a batch are each other's negatives: no duplicates in it */
    bool positives_in_batch; /* rows of a batch with one label are each other's positives: several
                              * of each label in it */
    bool decodes; /* the last column's texts need not be encoded: a decoder says their tokens */
    /* Its options; the first is "name". */
    const base_keys *options;
    /* The option that holds the loss, or the list of losses, that it wraps; what it needs of the
     * data is what they need. NULL: none. */
    const char *wraps;
    /* For loss_define to fill in: a teacher can not stand in for the target, or the target for a
     * teacher. */
    bool needs_target, needs_teacher;
    /* What the keys of single options can not say (loss_fail). NULL: nothing. */
    bool (*check)(const loss *l, base_error *error);
    /* Declares its parameters into loss_params; NULL: it has none. */
    bool (*declare)(loss *l, base_error *error);
    tape_node *(*build)(const loss *l, tape *t, tape_node *const *nodes, size_t columns,
                        const loss_target *target);
    /* Class scores [B, classes]; NULL: the loss has no classes. */
    tape_node *(*logits)(const loss *l, tape *t, tape_node *const *nodes);
    /* Of pairs: whether the logit itself is brought near the score, so that it is the model's score
     * and no sigmoid of it; NULL: no. */
    bool (*plain_logits)(const loss *l);
    /* Of pairs: texts of other examples that each first text is paired with, at most (SIZE_MAX: all
     * of the batch); NULL: 0. */
    size_t (*negatives)(const loss *l);
} loss_def;

/* All losses, and their names; both NULL-terminated. */
extern const loss_def *const loss_table[];
const char *const *loss_names(void);

/* Definition by name; NULL and an error that names the nearest when there is none. */
const loss_def *loss_find(const char *name, base_error *error);

/* The definition of a resolved config's loss, with the needs of all that it wraps; the error says
 * which of them do not go together. */
bool loss_define(const cJSON *config, loss_def *out, base_error *error);

/* The i-th loss that a config's option `wraps` holds; NULL: there are not so many. Whether a loss
 * of this name is among them and those that they wrap; the config is resolved. */
const cJSON *loss_wrapped(const cJSON *config, const char *wraps, size_t i);
bool loss_wraps(const cJSON *config, const char *wraps, const char *name);

/* The config as an object with every default filled in, those of a wrapped loss too, and checked
 * except for what depends on a setting. Release with cJSON_Delete; NULL: an error. */
cJSON *loss_resolve(const cJSON *config, const char *where, const char *prefix, base_error *error);

/* A loss from its config: its name, or an object with "name" and options. Parameters are allocated,
 * not filled (nn_params_init, loss_fill). Messages begin "WHERE: PREFIXkey". Free with loss_free.
 */
loss *loss_new(const cJSON *config, const loss_setting *setting, const char *where,
               const char *prefix, base_error *error);
void loss_free(loss *l);

/* With the needs of all that it wraps. */
const loss_def *loss_definition(const loss *l);
const loss_setting *loss_get_setting(const loss *l);

/* Whether the embeddings of the texts are all that it reads of the model: no pairs, no layers, no
 * decoder. */
bool loss_of_embeddings(const loss_def *def);

/* Whether the loss takes so many text columns, those of `file`; else a message that begins with it.
 */
bool loss_check_columns(const loss_def *def, const char *file, size_t columns, base_error *error);

/* Filled struct of the definition's options; the config with every default filled in. */
const void *loss_options(const loss *l);
const cJSON *loss_config(const loss *l);

/* The loss's own parameters; the set has no tensors when it has none. */
nn_params *loss_params(const loss *l);

/* First values of its own parameters, not of those inside it: drawn by seed, or what the model has
 * for a decoder. */
bool loss_start(const loss *l, uint64_t seed, base_error *error);

/* For losses that decode: makes the decoder, which the loss owns; in `declare`. */
bool loss_add_decoder(loss *l, bool tied, base_error *error);

/* NULL: it has none. */
const nn_decoder *loss_decoder(const loss *l);

/* Of `columns` text columns those, the first ones, that are encoded. */
size_t loss_encoded(const loss *l, size_t columns);

/* What the definition's negatives say. */
size_t loss_negatives(const loss *l);
bool loss_plain_logits(const loss *l);

/* For `check` and `declare`: BASE_BAD_INPUT, with a message that begins with the place of the
 * loss's config; `format` begins with a key. Always false. */
bool loss_fail(const loss *l, base_error *error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* For losses that wrap: makes an inner loss, which the outer one owns; in `declare`. NULL: an
 * error. */
const loss *loss_add_inner(loss *l, const cJSON *config, const loss_setting *setting,
                           base_error *error);

/* The i-th of the loss itself (0) and all that is inside it, at any depth; NULL: there are not so
 * many. Each has parameters of its own. */
const loss *loss_part(const loss *l, size_t i);

/* The i-th inner loss; NULL: there are not so many. */
const loss *loss_inner(const loss *l, size_t i);

/* Appends the loss to the tape. Of pairs: nodes[0] and `columns` pairs an example; of losses that
 * decode only nodes[0 .. loss_encoded). The tape's error says when columns or target do not fit. */
tape_node *loss_build(const loss *l, tape *t, tape_node *const *nodes, size_t columns,
                      const loss_target *target);

/* Appends the class scores [B, classes] of pairs (nodes[0], nodes[1]); the definition must have
 * `logits`. */
tape_node *loss_logits(const loss *l, tape *t, tape_node *const *nodes);

/* Address space that loss_build needs on a tape for training, at most, of texts of up to `longest`
 * tokens. False on overflow. */
bool loss_tape_bytes(const loss *l, size_t examples, size_t columns, size_t longest, size_t *bytes);

#endif
