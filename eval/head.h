/* The trained head of a loss with classes (softmax): pairs of embeddings to class scores. */
#ifndef EVAL_HEAD_H
#define EVAL_HEAD_H

#include "losses/loss.h"

typedef struct eval_head eval_head;

/* The head of a loss, which must outlive it; parameters are read whenever the head is used.
 * BASE_BAD_INPUT when the loss has no classes. Free with eval_head_free. */
eval_head *eval_head_new(const loss *l, base_error *error);

/* The head in MODEL_FOLDER/loss, for embeddings of `width` numbers. NULL without an error when the
 * folder has none. Free with eval_head_free. */
eval_head *eval_head_load(const char *model_folder, size_t width, base_error *error);
void eval_head_free(eval_head *h);

/* Number and names of the classes, as the loss has them. */
const loss_setting *eval_head_setting(const eval_head *h);

/* logits[count * classes] of `count` pairs from their embeddings u[count * width], v[count *
 * width]; by one thread at a time. BASE_FAILED for logits that are not finite. */
bool eval_head_logits(eval_head *h, const float *u, const float *v, size_t count, double *logits,
                      base_error *error);

#endif
