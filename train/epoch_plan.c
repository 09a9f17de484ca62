#include "train/epoch_plan.h"

#include "base/log.h"
#include "base/random.h"
#include "losses/loss_batch.h"

#include <math.h>
#include <stdlib.h>

typedef struct lane {
    train_plan_corpus corpus;
    data_plan plan;       /* of the window at hand */
    size_t windows;       /* of an epoch */
    size_t window, given; /* of this epoch: at hand; batches of it that had their turn */
    size_t batches, done; /* of this epoch: that have a turn, that had it */
    size_t dropped;       /* rows of this epoch that came into no batch */
    bool all;             /* every batch has a turn, however many there are */
} lane;

struct train_epoch_plan {
    lane *lanes;
    size_t count, epochs, steps;
    train_plan_options options;
    bool whole;   /* every corpus is planned whole, so that all epochs are known in advance */
    size_t *ends; /* [epochs] steps when the epoch is done; known where all is planned whole */
    size_t dropped, conflicting;
    size_t epoch, step;   /* of the next batch */
    size_t begin, length; /* of this epoch: its first step, its steps as they are reckoned */
    size_t ends_capacity;
    uint32_t *label; /* [batch_size] where labels are looked at */
};

static double share_of(const train_epoch_plan *c, const lane *l) {
    return c->options.turns == TRAIN_BY_SHARE ? l->corpus.share : 1;
}

/* Batches of a corpus in this epoch; of one in windows as many as its rows fill. */
static size_t batches_of(const train_epoch_plan *c, const lane *l) {
    size_t rows = data_token_store_rows(l->corpus.store), size = c->options.batch_size;
    bool part = rows % size > 0 && !c->options.drop_last && rows % size >= l->corpus.min_batch;
    return l->windows == 1 ? l->plan.batches : rows / size + part;
}

/* Gives each corpus its batches of the epoch; returns all of them. */
static size_t share_out(train_epoch_plan *c) {
    double rounds = HUGE_VAL;
    size_t steps = 0;
    for (size_t i = 0; i < c->count; i++)
        rounds = fmin(rounds, (double)batches_of(c, &c->lanes[i]) / share_of(c, &c->lanes[i]));
    for (size_t i = 0; i < c->count; i++) {
        lane *l = &c->lanes[i];
        size_t most = batches_of(c, l);
        /* 0.3 of 10 rounds are 3, though 10 * 0.3 might be less */
        double batches = fmax(floor(rounds * share_of(c, l) + 1e-9), rounds > 0);
        l->all = c->options.turns == TRAIN_PROPORTIONAL || batches >= (double)most;
        l->batches = l->all ? most : (size_t)batches;
        l->done = 0;
        steps += l->batches;
    }
    return steps;
}

static data_sampler_options sampler_of(const train_epoch_plan *c, const lane *l) {
    const train_plan_options *o = &c->options;
    return (data_sampler_options){
        .name = l->corpus.sampler,
        .batch_size = o->batch_size,
        .min_batch = o->drop_last ? o->batch_size : l->corpus.min_batch,
        .seed = base_random_mix(o->seed, (uint64_t)(l - c->lanes)),
        .window_rows = o->window_rows,
        .block = o->block,
    };
}

static bool plan_window(const train_epoch_plan *c, lane *l, size_t epoch, size_t window,
                        base_error *error) {
    data_sampler_options options = sampler_of(c, l);
    if (!data_sampler_plan(&options, l->corpus.store, epoch, window, &l->plan, error))
        return false;
    l->window = window;
    l->given = 0;
    l->dropped += l->plan.dropped;
    return true;
}

/* Plans the first window of an epoch for every corpus. */
static bool plan_epoch(train_epoch_plan *c, size_t epoch, base_error *error) {
    for (size_t i = 0; i < c->count; i++) {
        c->lanes[i].dropped = 0;
        if (!plan_window(c, &c->lanes[i], epoch, 0, error))
            return false;
    }
    c->length = share_out(c);
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

void train_plan_free(train_epoch_plan *c) {
    if (!c)
        return;
    for (size_t i = 0; c->lanes && i < c->count; i++)
        data_plan_free(&c->lanes[i].plan);
    free(c->lanes);
    free(c->ends);
    free(c->label);
    free(c);
}

size_t train_plan_steps(const train_epoch_plan *c) {
    return c->steps;
}

double train_plan_epochs(const train_epoch_plan *c) {
    if (!c->whole)
        return (double)c->steps / (double)c->length;
    size_t last = c->epochs - 1, begin = last ? c->ends[last - 1] : 0;
    return (double)last + (double)(c->steps - begin) / (double)(c->ends[last] - begin);
}

size_t train_plan_dropped(const train_epoch_plan *c) {
    return c->dropped;
}

size_t train_plan_conflicting(const train_epoch_plan *c) {
    return c->conflicting;
}

/* Whether batches of this epoch have not had their turn. */
static bool has_more(const lane *l) {
    return (l->all || l->done < l->batches) &&
           (l->given < l->plan.batches || l->window + 1 < l->windows);
}

static bool any_more(const train_epoch_plan *c) {
    for (size_t i = 0; i < c->count; i++)
        if (has_more(&c->lanes[i]))
            return true;
    return false;
}

/* The corpus whose next batch is due first: batch j of n is due at (2 j + 1) / 2 n of the epoch.
 * NULL: none has one. */
static lane *find_due(train_epoch_plan *c) {
    lane *first = NULL;
    double due = HUGE_VAL;
    for (size_t i = 0; i < c->count; i++) {
        lane *l = &c->lanes[i];
        double at = ((double)l->done + 0.5) / (double)l->batches;
        if (has_more(l) && at < due) {
            due = at;
            first = l;
        }
    }
    return first;
}

/* Whether the plans at hand are those that the epoch begins with. */
static bool is_planned(const train_epoch_plan *c, size_t epoch) {
    bool first = c->length > 0 && c->epoch == epoch;
    for (size_t i = 0; i < c->count; i++)
        first = first && c->lanes[i].window == 0;
    return first;
}

static bool begin_epoch(train_epoch_plan *c, size_t epoch, size_t step, base_error *error) {
    c->step = c->begin = step;
    for (size_t i = 0; i < c->count; i++)
        c->lanes[i].given = c->lanes[i].done = 0;
    return is_planned(c, epoch) || plan_epoch(c, epoch, error);
}

/* The batch whose turn it is has rows of one label, which are positives, and of several. */
static bool check_labels(const train_epoch_plan *c, const lane *l, base_error *error) {
    const data_token_store *store = l->corpus.store;
    const size_t *start = l->plan.start + l->given - 1;
    const uint32_t *rows = l->plan.rows + start[0];
    bool positive, negative;
    if (!l->corpus.positives_of)
        return true;
    for (size_t i = 0; i < start[1] - start[0]; i++)
        c->label[i] = data_token_store_label(store, rows[i]);
    loss_batch_find(c->label, start[1] - start[0], &positive, &negative);
    return (positive && negative) ||
           base_fail(error, BASE_BAD_INPUT,
                     "%s: batch %zu of epoch %zu, which begins with line %zu, has %s, expected two "
                     "rows of a label and one of another for the loss %s: the sampler "
                     "group_by_label gives them",
                     data_token_store_name(store), l->done, c->epoch + 1,
                     data_token_store_line(store, rows[0]),
                     positive ? "rows of one label" : "no two rows of one label",
                     l->corpus.positives_of);
}

/* The corpus whose turn it is, after which its window has another batch given. */
static lane *take_turn(train_epoch_plan *c, base_error *error) {
    for (lane *l; base_ok(error);) {
        if (!(l = find_due(c))) {
            if (c->step == c->begin)
                fail_empty(c, error);
            else
                begin_epoch(c, c->epoch + 1, c->step, error);
        } else if (l->given == l->plan.batches) {
            plan_window(c, l, c->epoch, l->window + 1, error);
        } else {
            l->given++;
            l->done++;
            c->step++;
            return check_labels(c, l, error) ? l : NULL;
        }
    }
    return NULL;
}

static bool is_enough(const train_epoch_plan *c) {
    size_t most = c->options.max_steps;
    return (double)c->epochs >= c->options.epochs || (most && c->steps >= most);
}

/* Steps of epochs that have `length` each, or of the part of one. */
static double steps_of(double epochs, size_t length) {
    /* 0.1 epochs of 10 steps are 1, though 1.1 - 1 is more than 0.1 */
    return ceil(epochs * (double)length - 1e-9);
}

/* The turns of the epoch at hand, for what is checked of their batches. */
static bool take_turns(train_epoch_plan *c, size_t begin, base_error *error) {
    size_t most = c->options.max_steps;
    c->step = c->begin = begin;
    while (c->step < c->steps && !(most && c->step >= most))
        if (!take_turn(c, error))
            return false;
    return true;
}

static bool simulate(train_epoch_plan *c, base_error *error) {
    for (; !is_enough(c); c->epochs++) {
        size_t begin = c->steps;
        double part = fmin(c->options.epochs - (double)c->epochs, 1);
        if (!plan_epoch(c, c->epochs, error) ||
            !base_grow(&c->ends, &c->ends_capacity, c->epochs + 1, sizeof *c->ends, error))
            return false;
        if (c->length == 0)
            return fail_empty(c, error);
        for (size_t i = 0; i < c->count; i++) {
            c->dropped += dropped(&c->lanes[i]);
            c->conflicting += c->lanes[i].plan.conflicting;
        }
        c->steps = begin + (size_t)steps_of(part, c->length);
        c->ends[c->epochs] = begin + c->length;
        if (!take_turns(c, begin, error))
            return false;
    }
    return true;
}

bool train_plan_seek(train_epoch_plan *c, size_t step, base_error *error) {
    size_t epoch = 0;
    while (c->whole && c->ends[epoch] <= step && epoch + 1 < c->epochs)
        epoch++;
    if (!begin_epoch(c, epoch, epoch ? c->ends[epoch - 1] : 0, error))
        return false;
    while (c->step < step)
        if (!take_turn(c, error))
            return false;
    return true;
}

/* As many steps as the rows fill; how many batches there are is seen when they come. */
static bool reckon(train_epoch_plan *c, base_error *error) {
    if (!plan_epoch(c, 0, error))
        return false;
    if (c->length == 0)
        return fail_empty(c, error);
    c->steps = (size_t)fmin(steps_of(c->options.epochs, c->length), 0x1p53);
    return take_turn(c, error) != NULL; /* there is one batch at least */
}

static bool find_steps(train_epoch_plan *c, base_error *error) {
    size_t most = c->options.max_steps;
    if (!(c->whole ? simulate : reckon)(c, error))
        return false;
    if (most && c->steps > most)
        c->steps = most;
    return true;
}

train_epoch_plan *train_plan_new(const train_plan_corpus *corpora, size_t count,
                                 const train_plan_options *options, base_error *error) {
    train_epoch_plan *c = base_alloc(1, sizeof *c, error);
    if (!c)
        return NULL;
    *c = (train_epoch_plan){.count = count, .options = *options};
    c->lanes = base_alloc(count, sizeof *c->lanes, error);
    c->whole = true;
    for (size_t i = 0; c->lanes && i < count; i++) {
        lane *l = &c->lanes[i];
        l->corpus = corpora[i];
        data_sampler_options sampler = sampler_of(c, l);
        l->windows = data_sampler_windows(&sampler, l->corpus.store);
        c->whole = c->whole && l->windows == 1;
        if (l->corpus.positives_of && !c->label)
            c->label = base_alloc(options->batch_size, sizeof *c->label, error);
    }
    if (base_ok(error) && find_steps(c, error) && train_plan_seek(c, 0, error))
        return c;
    train_plan_free(c);
    return NULL;
}

/* An epoch of windows is over: says so when it had not the batches that its rows fill. */
static void tell_end(const train_epoch_plan *c) {
    size_t steps = c->step - c->begin, rows = 0;
    for (size_t i = 0; i < c->count; i++)
        rows += c->lanes[i].dropped;
    if (!c->whole && steps != c->length)
        base_log(BASE_LOG_INFO,
                 "epoch %zu had %zu batches where its rows fill %zu (%zu rows came into none): the "
                 "run still has %zu steps",
                 c->epoch + 1, steps, c->length, rows, c->steps);
}

bool train_plan_next(train_epoch_plan *c, train_plan_batch *batch, base_error *error) {
    const lane *l = take_turn(c, error);
    if (!l)
        return false;
    const size_t *start = l->plan.start + l->given - 1;
    double part = (double)(c->step - c->begin) / (double)c->length;
    *batch = (train_plan_batch){
        .corpus = (size_t)(l - c->lanes),
        .rows = l->plan.rows + start[0],
        .count = start[1] - start[0],
        .epoch = c->epoch,
        .progress = (double)c->epoch + fmin(part, 1),
        .ends_epoch = !any_more(c),
    };
    if (batch->ends_epoch)
        tell_end(c);
    return true;
}
