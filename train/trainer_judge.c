#include "base/file.h"
#include "eval/head.h"
#include "losses/loss_folder.h"
#include "train/trainer_state.h"

#include <stdlib.h>

static bool take(void *context, const train_evaluation *entry, const eval_result *result,
                 base_error *error) {
    train_trainer *t = context;
    if (t->events->evaluated)
        t->events->evaluated(t->events->context, t->position.step, entry, result);
    return train_run_log_evaluation(t->run, t->position.step, t->position.epoch, entry, result,
                                    error);
}

/* Evaluates a model with its head on the entries for `when`. */
static bool run(train_trainer *t, const char *when, const nn_model *model, nn_context *context,
                const loss *head_loss, eval_value *score, base_error *error) {
    eval_head *head =
        head_loss && loss_definition(head_loss)->logits ? eval_head_new(head_loss, error) : NULL;
    eval_subject subject = {.model = model, .context = context, .head = head};
    bool ok = base_ok(error) &&
              train_evaluations_run(t->evaluations, when, &subject, take, t, score, error);
    eval_head_free(head);
    return ok;
}

bool train_trainer_judge(train_trainer *t, base_error *error) {
    eval_value score;
    if (!train_evaluations_any(t->evaluations, "dev"))
        return true;
    train_trainer_settle(t);
    if (!run(t, "dev", t->model, t->encoder_context, t->head, &score, error))
        return false;
    train_position *p = &t->position;
    if (p->step == 0)
        return true; /* only to compare with */
    if (score.undefined || (p->has_best && score.value <= p->best)) {
        p->stale++;
        return true;
    }
    p->has_best = true;
    p->best = score.value;
    p->best_step = p->step;
    p->stale = 0;
    return train_trainer_save_model(t, error);
}

/* NULL without an error when the model folder has no loss/. */
static loss *read_loss(const char *model_folder, base_error *error) {
    char *folder = base_path(model_folder, "loss", error);
    loss *l = folder && base_file_is_folder(folder) ? loss_read(folder, error) : NULL;
    free(folder);
    return l;
}

bool train_trainer_test(train_trainer *t, base_error *error) {
    eval_value score;
    if (!train_evaluations_any(t->evaluations, "test"))
        return true;
    nn_model *best = nn_model_load(t->model_folder, NULL, error);
    nn_context *context = best ? nn_context_new(error) : NULL;
    loss *head = context ? read_loss(t->model_folder, error) : NULL;
    bool ok = context && base_ok(error) && run(t, "test", best, context, head, &score, error);
    loss_free(head);
    nn_context_free(context);
    nn_model_free(best);
    return ok;
}
