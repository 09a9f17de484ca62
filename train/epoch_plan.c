#include "train/epoch_plan.h"

#include "base/random.h"

#include <math.h>
#include <stdlib.h>

typedef struct lane {
    train_plan_corpus corpus;
    data_plan plan;
    size_t batches, done; /* of this epoch: that have a turn, that had it */
} lane;

struct train_epoch_plan {
    lane *lanes;
    size_t count, epochs, steps;
    train_plan_options options;
    size_t *ends; /* [epochs] steps when the epoch is done */
    size_t dropped, conflicting;
    size_t epoch, step; /* of the next batch */
    size_t ends_capacity;
};

static size_t epoch_begin(const train_epoch_plan *c, size_t epoch) {
    return epoch ? c->ends[epoch - 1] : 0;
}

static double share_of(const train_epoch_plan *c, const lane *l) {
    return c->options.turns == TRAIN_BY_SHARE ? l->corpus.share : 1;
}

/* Gives each corpus its batches of the epoch; returns all of them. */
static size_t share_out(train_epoch_plan *c) {
    double rounds = HUGE_VAL;
    size_t steps = 0;
    for (size_t i = 0; i < c->count; i++)
        rounds = fmin(rounds, (double)c->lanes[i].plan.batches / share_of(c, &c->lanes[i]));
    for (size_t i = 0; i < c->count; i++) {
        lane *l = &c->lanes[i];
        /* 0.3 of 10 rounds are 3, though 10 * 0.3 might be less */
        double batches = fmax(floor(rounds * share_of(c, l) + 1e-9), rounds > 0);
        bool all = c->options.turns == TRAIN_PROPORTIONAL || batches > (double)l->plan.batches;
        l->batches = all ? l->plan.batches : (size_t)batches;
        l->done = 0;
        steps += l->batches;
    }
    return steps;
}

/* Whether the batch has rows of one label, which are positives, and of two, which are negatives. */
static void find_labels(const data_token_store *store, const uint32_t *rows, size_t count,
                        bool *one, bool *two) {
    *one = *two = false;
    for (size_t i = 1; i < count && !(*one && *two); i++) {
        uint32_t label = data_token_store_label(store, rows[i]);
        for (size_t j = 0; j < i && !(*one && *two); j++) {
            bool same = data_token_store_label(store, rows[j]) == label;
            *one = *one || same;
            *two = *two || !same;
        }
    }
}

static bool check_labels(const lane *l, size_t epoch, base_error *error) {
    const data_plan *plan = &l->plan;
    for (size_t b = 0; l->corpus.positives_of && b < plan->batches; b++) {
        bool one, two;
        const uint32_t *rows = plan->rows + plan->start[b];
        find_labels(l->corpus.store, rows, plan->start[b + 1] - plan->start[b], &one, &two);
        if (!one || !two)
            return base_fail(error, BASE_BAD_INPUT,
                             "%s: batch %zu of epoch %zu, which begins with line %zu, has %s, "
                             "expected two rows of a label and one of another for the loss %s: the "
                             "sampler group_by_label gives them",
                             data_token_store_name(l->corpus.store), b + 1, epoch + 1,
                             data_token_store_line(l->corpus.store, rows[0]),
                             one ? "rows of one label" : "no two rows of one label",
                             l->corpus.positives_of);
    }
    return true;
}

/* Plans an epoch for every corpus and returns its steps in *steps. */
static bool plan_epoch(train_epoch_plan *c, size_t epoch, size_t *steps, base_error *error) {
    const train_plan_options *o = &c->options;
    for (size_t i = 0; i < c->count; i++) {
        lane *l = &c->lanes[i];
        data_sampler_options options = {l->corpus.sampler, o->batch_size,
                                        o->drop_last ? o->batch_size : l->corpus.min_batch,
                                        base_random_mix(o->seed, i)};
        if (!data_sampler_plan(&options, l->corpus.store, epoch, &l->plan, error) ||
            !check_labels(l, epoch, error))
            return false;
    }
    *steps = share_out(c);
    c->epoch = epoch;
    return true;
}

static bool fail_empty(const train_epoch_plan *c, base_error *error) {
    const lane *l = c->lanes;
    while (l->plan.batches)
        l++;
    return base_fail(
        error, BASE_BAD_INPUT, "%s: found too few rows%s for one batch, expected at least %zu",
        data_token_store_name(l->corpus.store), l->plan.conflicting ? " without a common text" : "",
        c->options.drop_last ? c->options.batch_size : l->corpus.min_batch);
}

/* Rows of an epoch's plan that come into no batch. */
static size_t dropped(const lane *l) {
    return l->plan.dropped + l->plan.rows_count - l->plan.start[l->batches];
}

static bool simulate(train_epoch_plan *c, base_error *error) {
    size_t max_steps = c->options.max_steps;
    while ((double)c->epochs < c->options.epochs && !(max_steps && c->steps >= max_steps)) {
        size_t steps, begin = c->steps;
        double part = fmin(c->options.epochs - (double)c->epochs, 1);
        if (!plan_epoch(c, c->epochs, &steps, error) ||
            !base_grow(&c->ends, &c->ends_capacity, c->epochs + 1, sizeof *c->ends, error))
            return false;
        if (steps == 0)
            return fail_empty(c, error);
        for (size_t i = 0; i < c->count; i++) {
            c->dropped += dropped(&c->lanes[i]);
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

train_epoch_plan *train_plan_new(const train_plan_corpus *corpora, size_t count,
                                 const train_plan_options *options, base_error *error) {
    train_epoch_plan *c = base_alloc(1, sizeof *c, error);
    if (!c)
        return NULL;
    *c = (train_epoch_plan){.count = count, .options = *options};
    c->lanes = base_alloc(count, sizeof *c->lanes, error);
    for (size_t i = 0; c->lanes && i < count; i++)
        c->lanes[i].corpus = corpora[i];
    if (c->lanes && simulate(c, error) && train_plan_seek(c, 0, error))
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
        double at = ((double)l->done + 0.5) / (double)l->batches;
        if (l->done < l->batches && at < due) {
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
