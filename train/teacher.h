/* What a frozen second model says of the rows of a corpus, for losses that are told by one. It is
 * computed once, before training; the model's own tokenizer, length and default prompt hold. */
#ifndef TRAIN_TEACHER_H
#define TRAIN_TEACHER_H

#include "base/progress.h"
#include "data/corpus.h"
#include "losses/loss.h"
#include "nn/model.h"

/* Of each row what losses/loss.h calls `teacher`: vectors [columns, width], or scores [columns-1].
 * Start with {0}, release with train_teacher_outputs_free. */
typedef struct train_teacher_outputs {
    loss_teacher_kind kind;
    size_t columns, width; /* width 1 for scores */
    float *value;          /* [rows, columns, width]; scores: one column less than the texts */
} train_teacher_outputs;

/* Asks the teacher about every row of the corpus, on all threads of the pool. Scores are a
 * cross-encoder's logits (it has one label), or a bi-encoder's similarity (its similarity_fn_name),
 * of the first text and each further one. Vectors are a bi-encoder's embeddings. */
bool train_teacher_outputs_make(train_teacher_outputs *out, loss_teacher_kind kind,
                                const nn_model *teacher, const data_corpus *corpus,
                                const base_progress *progress, base_error *error);
void train_teacher_outputs_free(train_teacher_outputs *teacher);

/* Puts what is said of rows[0..count) into out, as loss_target has it: vectors column after column,
 * scores row after row; columns * count * width numbers. */
void train_teacher_outputs_get(const train_teacher_outputs *teacher, const uint32_t *rows,
                               size_t count, double *out);

#endif
