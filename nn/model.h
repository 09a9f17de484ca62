/* A model: tokenizer, encoder and what stands behind it, as the folder that Python's
 * sentence-transformers reads and writes (docs/architecture.md, 7). Of a bi-encoder (Python's
 * SentenceTransformer) that are modules (pooling, dense, normalize, ...), and it gives each text an
 * embedding; of a cross-encoder (Python's CrossEncoder) a classifier, and it gives each pair of
 * texts, which it reads in one sequence, its logits. */
#ifndef NN_MODEL_H
#define NN_MODEL_H

#include "base/progress.h"
#include "data/prompt.h"
#include "dist/dist.h"
#include "nn/classifier.h"
#include "nn/dtype.h"
#include "nn/encoder.h"
#include "nn/lora.h"
#include "nn/module.h"

enum { NN_MAX_MODULES = 16 };

/* What the model's card says of its training, Markdown in heap memory; NULL: nothing. */
typedef struct nn_card {
    char *data;       /* corpora, rows, loss */
    char *scores;     /* of evaluations */
    char *recipe;     /* settings of the run */
    base_bytes whole; /* README.md as it was read, in place of all that; without data: none */
} nn_card;

typedef struct nn_model {
    data_tokenizer *tokenizer;
    nn_encoder *encoder;
    nn_classifier *classifier; /* of a cross-encoder; NULL: a bi-encoder */
    nn_lora *lora;             /* adapters of the encoder, which writing makes a folder of */
    char *encoder_folder;      /* that the encoder's weights were read from; NULL: from scratch */
    nn_module *modules;        /* in order; a cross-encoder has none */
    size_t module_count;
    bool has_tokens;          /* while modules are added: the last one gives a row a token */
    nn_params *module_params; /* of the modules or the classifier; may have no tensors */
    size_t max_length;        /* in ids, special ones included */
    size_t width;             /* of an embedding, as the modules give it; or the labels */
    size_t truncate_dim;      /* of config_sentence_transformers.json, 0: none */
    const char *similarity;   /* its similarity_fn_name: cosine, dot, euclidean or manhattan */
    size_t encoded;           /* columns of it that nn_model_encode gives */
    data_prompt prompt;       /* before every text that nn_model_encode gets */
    const nn_dtype *dtype;   /* of the tensors as read, F32 where they differ; NULL: from scratch */
    const nn_dtype *save_as; /* what writing makes of them; NULL: F32 */
    struct nn_extra *extra;  /* files and tensors kept as read (nn/weights.h) */
    nn_card card;            /* for README.md */
} nn_model;

/* What a caller needs of a model folder. */
typedef enum nn_task { NN_BI_ENCODER, NN_CROSS_ENCODER, NN_ANY_TASK } nn_task;

/* What a config may override (docs/architecture.md, 6); 0 for a size and -1 elsewhere: as the
 * folder says. Where options are a pointer, NULL overrides nothing. */
typedef struct nn_model_options {
    size_t max_length; /* at most the positions of the encoder */
    int pooling;       /* an op_pool_mode */
    int normalize;     /* -1 as is, 0 take a Normalize module off, 1 put one on */
    double hidden_dropout, attention_dropout; /* < 0: as config.json */

    /* Of encoding: what stands before every text, or the name of one of the model's prompts; NULL:
     * as default_prompt_name says. Columns of an embedding that are given, when it has more. */
    const char *prompt, *prompt_name;
    size_t truncate_dim;

    /* Of the encoder's layers those that are kept, from 0 on, rising; NULL: all. */
    const size_t *layers;
    size_t layer_count;
    /* Of a folder of adapters: the folder of the model that they are for; NULL: as it says. */
    const char *base;
    nn_task task;
} nn_model_options;

/* Overrides nothing; a bi-encoder is needed, or any model. */
extern const nn_model_options nn_model_as_is, nn_model_any;

/* The model folder that a path means: a run's or a checkpoint's folder means the model/ in it. Free
 * with free; NULL when memory is out. Everything that takes a model folder asks it. */
char *nn_model_folder(const char *path, base_error *error);

/* Loads a sentence-transformers folder (both layouts) or a plain Hugging Face encoder folder (then
 * mean pooling), or a cross-encoder's, which is such a plain folder of a classifier, too: with
 * modules.json it says what it is, without it is taken for what the options need. Any other task
 * than theirs is BASE_BAD_INPUT. Weights are read once, straight into the parameter blocks. A
 * folder with adapter_config.json is one of adapters (nn/lora.h): the encoder is that of the base
 * model, and all else too when there is no modules.json. */
nn_model *nn_model_load(const char *folder, const nn_model_options *options, base_error *error);

/* Puts adapters on a loaded model's encoder, drawn by seed (nn_lora_new); it has none yet and is a
 * bi-encoder. */
bool nn_model_adapt(nn_model *m, const nn_lora_settings *settings, uint64_t seed, const char *where,
                    base_error *error);

/* Adds its adapters to the encoder's weights, which are then of type F32: a model like any other.
 */
void nn_model_merge(nn_model *m);

/* As nn_model_load, but weights are only checked against their files' headers, not read: for
 * reports (`sbert info`). */
nn_model *nn_model_inspect(const char *folder, base_error *error);

/* The tokenizer of a model folder, or of one that has nothing but a tokenizer's files, and
 * the ids that the model takes of a text (max_length of a model loaded from it). Free with
 * data_tokenizer_free. */
data_tokenizer *nn_model_load_tokenizer(const char *folder, size_t *length, base_error *error);

/* From scratch: weights N(0, init_range), LayerNorm 1/0, mean pooling unless options say otherwise.
 * `vocab_path`: a vocab.txt, or a folder with tokenizer files (then lower_case is theirs). A
 * vocab_size or model_type that the config lacks is filled in; max_length 0 means the positions. */
nn_model *nn_model_create(const char *config_path, const char *vocab_path, bool lower_case,
                          uint64_t seed, const nn_model_options *options, base_error *error);

/* From word vectors as text (data/word_vectors.h): WordEmbeddings that are trained, a tokenizer
 * that leaves out English stop words, mean pooling. */
nn_model *nn_model_from_vectors(const char *path, base_error *error);

/* Ids of a pair that the cross-encoder takes, or that nn_model_make_cross_encoder makes of it. */
size_t nn_model_pair_length(const nn_model *m, const nn_model_options *options);

/* Makes a bi-encoder a cross-encoder with these labels (NULL: LABEL_0, ...): its modules go, its
 * pooler stays where the family's classifier has one, and what is missing is drawn by seed. The
 * length becomes the options', else the smaller of the tokenizer's and the positions. */
bool nn_model_make_cross_encoder(nn_model *m, size_t labels, const char *const *label,
                                 uint64_t seed, const nn_model_options *options, base_error *error);

/* Names the labels of a cross-encoder, as many as it has. */
bool nn_model_name_labels(nn_model *m, const char *const *label, base_error *error);

/* Makes the logits of a cross-encoder its scores, whatever activation its files name. */
bool nn_model_score_by_logits(nn_model *m, base_error *error);

void nn_model_free(nn_model *m);

/* Writes every file of the folder into an existing (staging) folder. */
bool nn_model_write(const nn_model *m, const char *folder, base_error *error);

/* Puts into the staging folder `fresh` what is somebody's own in `old`, the model folder that it is
 * going to replace: all that `fresh` lacks but parts of a model (N_Module/, loss/, vocabularies).
 * A missing `old` is fine. */
bool nn_model_keep_others(const char *old, const char *fresh, base_error *error);

/* Writes the folder beside its place, synced, and renames it. An existing one is replaced only when
 * `overwrite`, and only when it is empty or has a config.json and nothing but files that the new
 * one has as well and parts of a model (N_Module/, loss/). */
bool nn_model_save(const nn_model *m, const char *folder, bool overwrite, base_error *error);

/* Appends the encoder and what stands behind it to the tape: [S, width], one row a text or a pair.
 */
tape_node *nn_model_forward(const nn_model *m, tape *t, const tape_layout *layout);

/* The same, and of each layer before the last one, the token embeddings first, what the modules
 * make of its output, into each[nn_model_layers(m)] (NULL: nowhere): the embeddings of a model that
 * ended there. */
tape_node *nn_model_forward_layers(const nn_model *m, tape *t, const tape_layout *layout,
                                   tape_node **each);

/* How many layers that are; 0: it is a cross-encoder, no Transformer, or a module reads all layers
 * itself. And what each adds to nn_model_tape_bytes. */
size_t nn_model_layers(const nn_model *m);
bool nn_model_layer_bytes(const nn_model *m, size_t tokens, size_t texts, size_t *bytes);

/* What nn_encoder_tape_bytes says, and as much for the modules: a pass without the loss. */
bool nn_model_tape_bytes(const nn_model *m, size_t tokens, size_t texts, bool record,
                         size_t *bytes);

/* Scratch (tape_new) of passes of up to `tokens` tokens in texts of at most max_length. */
bool nn_model_scratch_bytes(const nn_model *m, size_t tokens, size_t max_length, size_t *bytes);

/* The prompt of this text, or of this name among config_sentence_transformers.json's "prompts"; of
 * neither its default_prompt_name's, which may be none. Release it with data_prompt_release. */
bool nn_model_prompt(const nn_model *m, const char *text, const char *name, data_prompt *out,
                     base_error *error);

/* Embeddings of `count` texts behind the prompt into out[count * m->encoded], row i for text i, by
 * tape passes of about `tokens_per_pass` tokens (0: a good default), texts sorted by length, equal
 * texts computed once. `truncated` (may be NULL) counts cut texts. An embedding that is not finite
 * is an error. Two threads may call this with one model, each with a context of its own. The model
 * is a bi-encoder. */
typedef struct nn_context nn_context;
nn_context *nn_context_new(base_error *error);
void nn_context_free(nn_context *context);

/* Encodes behind this prompt from now on (nn_model_prompt; NULL: the model's own), which must
 * outlive the context. */
void nn_context_prompt(nn_context *context, const data_prompt *prompt);

/* Tokens of a pass from now on where a call gives 0; 0: the good default. */
void nn_context_tokens(nn_context *context, size_t tokens);

/* From now on all ranks encode the same texts together, each some of the passes, and each gets all
 * rows, with the bits that one rank alone would give them; an error of one is the error of all
 * (dist_agree). NULL: this process encodes alone. */
void nn_context_ranks(nn_context *context, dist_ranks *ranks);

/* Where encoding takes laps from now on: "tokenizer", operators, "vectors"; NULL: none. */
void nn_context_profile(nn_context *context, base_profile *profile);

/* To whom encoding tells, before each pass (a fraction of a second), how many texts of the call are
 * done, and who may stop it; NULL: nobody. */
void nn_context_progress(nn_context *context, const base_progress *progress);

bool nn_model_encode(const nn_model *m, nn_context *context, const data_text *texts, size_t count,
                     size_t tokens_per_pass, float *out, size_t *truncated, base_error *error);

/* The same of a cross-encoder: logits of `count` pairs (first[i], second[i]) into
 * out[count * m->width]; the prompt stands before first[i]. */
bool nn_model_score(const nn_model *m, nn_context *context, const data_text *first,
                    const data_text *second, size_t count, size_t tokens_per_pass, float *out,
                    size_t *truncated, base_error *error);

#endif
