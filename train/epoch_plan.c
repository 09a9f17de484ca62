#include "train/epoch_plan.h"

#include "base/random.h"

#include <math.h>
#include <stdlib.h>

typedef struct lane {
    train_plan_corpus corpus;
    data_plan plan;
    size_t done; /* batches of this epoch */
} lane;

struct train_epoch_plan {
    lane *lanes;
    size_t count, batch_size, epochs, steps;
    uint64_t seed;
    size_t *ends; /* [epochs] steps when the epoch is done */
    size_t dropped, conflicting;
    size_t epoch, step; /* of the next batch */
    size_t ends_capacity;
};

static size_t epoch_begin(const train_epoch_plan *c, size_t epoch) {
    return epoch ? c->ends[epoch - 1] : 0;
}

/* Plans an epoch for every corpus and returns its steps in *steps. */
static bool plan_epoch(train_epoch_plan *c, size_t epoch, size_t *steps, base_error *error) {
    *steps = 0;
    for (size_t i = 0; i < c->count; i++) {
        lane *l = &c->lanes[i];
        data_sampler_options options = {l->corpus.sampler, c->batch_size, l->corpus.min_batch,
                                        base_random_mix(c->seed, i)};
        if (!data_sampler_plan(&options, l->corpus.store, epoch, &l->plan, error))
            return false;
        l->done = 0;
        *steps += l->plan.batches;
    }
    c->epoch = epoch;
    return true;
}

static bool fail_empty(const lane *l, base_error *error) {
    return base_fail(error, BASE_BAD_INPUT,
                     "%s: found too few rows%s for one batch, expected at least %zu",
                     data_token_store_name(l->corpus.store),
                     l->plan.conflicting ? " without a common text" : "", l->corpus.min_batch);
}

static bool simulate(train_epoch_plan *c, double epochs, size_t max_steps, base_error *error) {
    while ((double)c->epochs < epochs && !(max_steps && c->steps >= max_steps)) {
        size_t steps, begin = c->steps;
        double part = fmin(epochs - (double)c->epochs, 1);
        if (!plan_epoch(c, c->epochs, &steps, error) ||
            !base_grow(&c->ends, &c->ends_capacity, c->epochs + 1, sizeof *c->ends, error))
            return false;
        if (steps == 0)
            return fail_empty(&c->lanes[0], error);
        for (size_t i = 0; i < c->count; i++) {
            c->dropped += c->lanes[i].plan.dropped;
            c->conflicting += c->lanes[i].plan.conflicting;
        }
        /* 0.1 epochs of 10 steps are 1, though 1.1 - 1 is more than 0.1 */
        c->steps = begin + (size_t)ceil(part * (double)steps - 1e-9);
        c->ends[c->epochs++] = begin + steps;
    }
    if (max_steps && c->steps > max_steps)
        c->steps = max_steps;
    return true;
}

train_epoch_plan *train_plan_new(const train_plan_corpus *corpora, size_t count, size_t batch_size,
                                 uint64_t seed, double epochs, size_t max_steps,
                                 base_error *error) {
    train_epoch_plan *c = base_alloc(1, sizeof *c, error);
    if (!c)
        return NULL;
    *c = (train_epoch_plan){.count = count, .batch_size = batch_size, .seed = seed};
    c->lanes = base_alloc(count, sizeof *c->lanes, error);
    for (size_t i = 0; c->lanes && i < count; i++)
        c->lanes[i].corpus = corpora[i];
    if (c->lanes && simulate(c, epochs, max_steps, error) && train_plan_seek(c, 0, error))
        return c;
    train_plan_free(c);
    return NULL;
}

void train_plan_free(train_epoch_plan *c) {
    if (!c)
        return;
    for (size_t i = 0; c->lanes && i < c->count; i++)
        data_plan_free(&c->lanes[i].plan);
    free(c->lanes);
    free(c->ends);
    free(c);
}

size_t train_plan_steps(const train_epoch_plan *c) {
    return c->steps;
}

double train_plan_epochs(const train_epoch_plan *c) {
    size_t last = c->epochs - 1, begin = epoch_begin(c, last);
    return (double)last + (double)(c->steps - begin) / (double)(c->ends[last] - begin);
}

size_t train_plan_dropped(const train_epoch_plan *c) {
    return c->dropped;
}

size_t train_plan_conflicting(const train_epoch_plan *c) {
    return c->conflicting;
}

/* The corpus whose next batch is due first: batch j of n is due at (2 j + 1) / 2 n of the epoch. */
static lane *take_turn(train_epoch_plan *c) {
    lane *first = NULL;
    double due = 2;
    for (size_t i = 0; i < c->count; i++) {
        lane *l = &c->lanes[i];
        double at = ((double)l->done + 0.5) / (double)l->plan.batches;
        if (l->done < l->plan.batches && at < due) {
            due = at;
            first = l;
        }
    }
    first->done++;
    return first;
}

bool train_plan_seek(train_epoch_plan *c, size_t step, base_error *error) {
    size_t epoch = 0, steps;
    while (c->ends[epoch] <= step && epoch + 1 < c->epochs)
        epoch++;
    if (!plan_epoch(c, epoch, &steps, error))
        return false;
    for (size_t s = epoch_begin(c, epoch); s < step; s++)
        take_turn(c);
    c->step = step;
    return true;
}

bool train_plan_next(train_epoch_plan *c, train_plan_batch *batch, base_error *error) {
    size_t steps;
    if (c->step == c->ends[c->epoch] && !plan_epoch(c, c->epoch + 1, &steps, error))
        return false;
    const lane *l = take_turn(c);
    const data_plan *plan = &l->plan;
    size_t begin = epoch_begin(c, c->epoch), length = c->ends[c->epoch] - begin;
    c->step++;
    *batch = (train_plan_batch){
        .corpus = (size_t)(l - c->lanes),
        .rows = plan->rows + plan->start[l->done - 1],
        .count = plan->start[l->done] - plan->start[l->done - 1],
        .epoch = c->epoch,
        .progress = (double)c->epoch + (double)(c->step - begin) / (double)length,
        .ends_epoch = c->step == c->ends[c->epoch],
    };
    return true;
}
