/* The trained head of a loss with classes (softmax), as evaluators want it. */
#ifndef EVAL_LOSS_HEAD_H
#define EVAL_LOSS_HEAD_H

#include "eval/evaluator.h"
#include "losses/loss.h"

typedef struct eval_loss_head eval_loss_head;

/* The loss must outlive the head; its parameters are read whenever the head is used. BASE_BAD_INPUT
 * when the loss has no classes. Free with eval_loss_head_free. */
eval_loss_head *eval_loss_head_new(const loss *l, base_error *error);
void eval_loss_head_free(eval_loss_head *h);

/* What an eval_subject takes; used by one thread at a time. */
const eval_head *eval_loss_head_get(const eval_loss_head *h);

#endif
