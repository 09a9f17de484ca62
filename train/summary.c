#include "train/summary.h"

static void add_parameters(train_summary *s, const train_set *sets, size_t count) {
    for (size_t i = 0; i < count; i++) {
        s->elements += nn_params_elements(sets[i].params);
        s->trainable += nn_params_trainable(sets[i].params);
    }
}

/* Lengths of the longest source's texts decide, so that nothing is promised too short. */
static void add_lengths(train_summary *s, const train_sources *sources) {
    static const double per_cent[] = {50, 90, 99, 100};
    for (size_t i = 0; i < sources->count; i++) {
        const train_source *source = &sources->source[i];
        s->texts +=
            data_token_store_rows(source->store) * data_token_store_sequences(source->store);
        for (size_t p = 0; p < 4; p++) {
            size_t n = data_token_store_percentile(source->store, per_cent[p]);
            s->length[p] = n > s->length[p] ? n : s->length[p];
        }
    }
}

train_summary train_summarize(const train_config *config, const train_sources *sources,
                              const train_epoch_plan *plan, const train_trained *trained,
                              const train_stepper *stepper) {
    train_summary s = {.rows = sources->rows,
                       .skipped = sources->skipped,
                       .replaced = sources->replaced,
                       .unused = sources->unused,
                       .truncated = sources->truncated,
                       .preview = sources->preview,
                       .previews = sources->previews,
                       .steps = train_plan_steps(plan),
                       .epochs = train_plan_epochs(plan),
                       .batch_rows = config->batch_size * config->accumulation,
                       .dropped = train_plan_dropped(plan),
                       .conflicting = train_plan_conflicting(plan),
                       .parameter_bytes = train_trained_bytes(trained),
                       .tape_bytes = train_stepper_reserved(stepper)};
    add_parameters(&s, trained->sets, trained->count);
    add_lengths(&s, sources);
    return s;
}
