/* Evaluators: a model on data to a few numbers. One file a kind (evaluator_*.c), one line in
 * evaluators.def. */
#ifndef EVAL_EVALUATOR_H
#define EVAL_EVALUATOR_H

#include "data/reader.h"
#include "eval/head.h"
#include "eval/result.h"
#include "nn/model.h"

enum { EVAL_MOST_COLUMNS = 3 };

/* What is evaluated. */
typedef struct eval_subject {
    const nn_model *model;
    nn_context *context;
    const base_progress *progress; /* told how many texts of the data are done; NULL: nobody */
    eval_head *head;               /* NULL: the model has none */
    const loss *objective;         /* whose value is measured; NULL: none */
    size_t objective_rows;         /* of a batch */
    const char *positive;          /* label of the pairs that belong together; NULL: the name of a
                                    * cross-encoder's only label, else "1" */
    const data_prompt *prompt;     /* [EVAL_MOST_COLUMNS] before the texts of each column; NULL: the
                                    * context's */
} eval_subject;

struct eval_def;

/* What it is evaluated on. */
typedef struct eval_data {
    const struct eval_def *def;
    data_corpus *corpus; /* rows of texts; NULL: the evaluator has a reading of its own */
    void *own;           /* what that made */
    float *teacher;      /* [rows * teacher_width] a teacher's embeddings of the first column */
    size_t teacher_width;
} eval_data;

typedef bool eval_visit(void *context, const char *file, base_error *error);

/* Data that is no file of rows. */
typedef struct eval_reading {
    void *(*read)(const char *path, base_error *error);
    void (*release)(void *own);
    size_t (*texts)(const void *own);
    /* Gives the path of each of its files to `visit`, until one returns false. */
    bool (*files)(const char *path, eval_visit *visit, void *context, base_error *error);
} eval_reading;

typedef struct eval_def {
    const char *name;                      /* "sts" */
    nn_task task;                          /* of the models that it takes */
    size_t most_labels;                    /* of a cross-encoder; 0: any number */
    const char *counted;                   /* what an example is: "pairs" */
    const char *column[EVAL_MOST_COLUMNS]; /* usual names of its text columns; without rows, names
                                            * of kinds of texts, for prompts */
    size_t columns;                        /* how many */
    size_t fewest_columns, most_columns;   /* that there may be; 0: as many */
    data_target_kind kind;                 /* of its rows' target */
    bool finds_labels;                     /* they are those of the data, unless told */
    bool needs_head, needs_teacher;
    bool needs_loss; /* the kind of target is the loss's, which is told when data is read */
    const eval_measure *measures; /* up to one without a name; the first is the main one */
    bool by_similarity;           /* each of them by each similarity: "spearman_cosine" */
    /* The main measure of a model where it is not the first; NULL: it is. */
    const eval_measure *(*main)(const nn_model *model);
    /* Fills a result that is empty but for counts of the data. */
    bool (*run)(const eval_subject *subject, const eval_data *data, eval_result *out,
                base_error *error);
    const eval_reading *reading; /* NULL: its data is a file of rows */
} eval_def;

/* The table's entries; NULL at its end, or when there is none of that name. */
const eval_def *eval_evaluator_at(size_t i);
const eval_def *eval_evaluator_find(const char *name);

/* The evaluators' names, NULL-terminated, and one line about each (NULL: none of that name). */
const char *const *eval_evaluator_names(void);
const char *eval_evaluator_summary(const char *name);

/* The measure of a metric, as results name it; NULL: the evaluator does not measure it. */
const eval_measure *eval_measure_of(const eval_def *def, const char *metric);

/* Whether its rows may have so many text columns. */
bool eval_takes_columns(const eval_def *def, size_t columns);

/* Name of the main metric, by the model's own similarity where there are several; to be given to
 * free(). NULL when memory is out. */
char *eval_main_metric(const eval_def *def, const nn_model *model, base_error *error);

/* Whether a model is of the evaluator's task. `what` begins the sentence: a file or a config. */
bool eval_check_task(const eval_def *def, const nn_model *model, const char *what,
                     base_error *error);

/* Reads what the evaluator needs. `how` may say format, columns, target, labels, range and header,
 * and, for one that needs a loss, the kind of target; what it leaves open is as the evaluator has
 * it. Of data that is no file of rows it may say nothing but labels, which are not looked at.
 * Release with eval_data_free, also on failure. */
bool eval_data_read(const eval_def *def, const char *path, const data_reader_options *how,
                    eval_data *out, base_error *error);
void eval_data_free(eval_data *data);

/* Asks the teacher about the first column: what an evaluator that needs a teacher looks at. The
 * teacher is a bi-encoder and embeds behind its own default prompt; `subject` is it. Release with
 * eval_data_free. */
bool eval_data_teach(eval_data *data, const eval_subject *teacher, base_error *error);

/* The same of the model in a folder, which is loaded for it and let go. */
bool eval_data_teach_by(eval_data *data, const char *folder, base_error *error);

/* Whether it was asked, and its embeddings are as wide as the model's. */
bool eval_check_teacher(const eval_data *data, const nn_model *model, base_error *error);

/* How many texts (of a cross-encoder: pairs) a model is going to be asked about. */
size_t eval_data_texts(const eval_data *data, const nn_model *model);

/* Gives every file that eval_data_read would read to `visit`. */
bool eval_data_files(const eval_def *def, const char *path, eval_visit *visit, void *context,
                     base_error *error);

/* Runs the data's evaluator after checking that data and subject are what it needs. */
bool eval_run(const eval_subject *subject, const eval_data *data, eval_result *out,
              base_error *error);

/* ---- for evaluators ---- */

/* Embeds the columns of the corpus, some thousand rows at a time, and gives each part to `take`
 * with the number of its first row: of[c] has column c, [count][width]. Cut texts are added to
 * *truncated. */
typedef bool eval_take(void *context, size_t first, size_t count, const float *const *of,
                       base_error *error);
bool eval_embed(const eval_subject *subject, const data_corpus *corpus, eval_take *take,
                void *context, size_t *truncated, base_error *error);

/* All texts of the corpus, column after column: [columns * rows], to be given to free(). */
data_text *eval_columns(const data_corpus *corpus, base_error *error);

/* Embeds texts that all stay in memory: `count` of them as those of a column, [count][width]. */
typedef struct eval_texts {
    const data_text *text;
    size_t count, column;
    float *out; /* to be given to free() */
} eval_texts;

/* Embeds each of the sets; `out` is made, and NULL where it failed. */
bool eval_embed_texts(const eval_subject *subject, eval_texts *sets, size_t count,
                      size_t *truncated, base_error *error);

/* The logits [count * labels] of a cross-encoder of each part of the pairs. */
typedef bool eval_take_logits(void *context, size_t first, size_t count, const float *logits,
                              base_error *error);
bool eval_score_pairs(const eval_subject *subject, const data_corpus *corpus,
                      eval_take_logits *take, void *context, size_t *truncated, base_error *error);

/* Scores [rows] of a cross-encoder with one label, through its activation: float numbers, whose
 * ties count. */
bool eval_pair_scores(const eval_subject *subject, const data_corpus *corpus, double *score,
                      size_t *truncated, base_error *error);

/* Whether the subject's objective can be measured on the corpus (evaluator_loss.c). */
bool eval_check_objective(const eval_subject *subject, const data_corpus *corpus,
                          base_error *error);

/* The number of the label of pairs that belong together. */
bool eval_positive_label(const eval_subject *subject, const data_corpus *corpus, uint32_t *out,
                         base_error *error);

/* [rows] whether each row has it; to be given to free(). */
bool *eval_positive_rows(const eval_subject *subject, const data_corpus *corpus, base_error *error);

#endif
