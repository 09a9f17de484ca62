#include "base/cpu.h"
#include "train/trainer_state.h"

static void add_parameters(const train_trainer *t, train_outlook *o) {
    enum { TRAINED = 3 * sizeof(real) }; /* gradient, m, v */
    for (size_t i = 0; i < t->set_count; i++) {
        size_t all = nn_params_elements(t->sets[i].params);
        size_t trainable = nn_params_trainable(t->sets[i].params);
        o->elements += all;
        o->trainable += trainable;
        o->parameter_bytes += all * sizeof(real) + trainable * TRAINED;
    }
}

/* Lengths of the longest source's texts decide, so that nothing is promised too short. */
static void add_lengths(const train_trainer *t, train_outlook *o) {
    static const double per_cent[] = {50, 90, 99, 100};
    for (size_t i = 0; i < t->sources->count; i++) {
        const train_source *s = &t->sources->source[i];
        o->texts += data_token_store_rows(s->store) * data_token_store_columns(s->store);
        for (size_t p = 0; p < 4; p++) {
            size_t n = data_token_store_percentile(s->store, per_cent[p]);
            o->length[p] = n > o->length[p] ? n : o->length[p];
        }
    }
}

train_outlook train_trainer_outlook(const train_trainer *t) {
    train_outlook o = {.rows = t->sources->rows,
                       .skipped = t->sources->skipped,
                       .replaced = t->sources->replaced,
                       .unused = t->sources->unused,
                       .truncated = t->sources->truncated,
                       .steps = train_course_steps(t->course),
                       .epochs = train_course_epochs(t->course),
                       .batch_rows = t->config->batch_size * t->config->accumulation,
                       .dropped = train_course_dropped(t->course),
                       .conflicting = train_course_conflicting(t->course),
                       .first_step = t->position.step,
                       .tape_bytes = train_stepper_reserved(t->stepper)};
    add_parameters(t, &o);
    add_lengths(t, &o);
    return o;
}

bool train_trainer_try(train_trainer *t, double *seconds, size_t *tape_bytes, base_error *error) {
    enum { ROUNDS = 2 }; /* the first one touches fresh memory */
    train_course_batch batch;
    train_step_result result;
    if (!train_course_seek(t->course, 0, error) || !train_course_next(t->course, &batch, error))
        return false;
    for (int i = 0; i < ROUNDS; i++) {
        double start = base_cpu_seconds();
        if (!train_stepper_run(t->stepper, &t->sources->source[batch.corpus], batch.rows,
                               batch.count, 0, t->optimizer, &result, error))
            return false;
        train_optimizer_update(t->optimizer, t->schedule.peak, train_optimizer_norm(t->optimizer));
        *seconds = base_cpu_seconds() - start;
    }
    *tape_bytes = train_stepper_peak(t->stepper);
    return true;
}
