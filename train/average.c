#include "train/average.h"

#include "base/memory.h"
#include "base/threads.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { GRAIN = 1 << 16 };

typedef struct job {
    real *value, *average, part;
} job;

static bool start_tensor(train_set *set, size_t i, base_error *error) {
    const tape_param *p = nn_params_at(set->params, i);
    if (!p->grad)
        return true;
    size_t count = p->rows * p->cols;
    set->average[i] = base_alloc(count, sizeof(real), error);
    if (set->average[i])
        memcpy(set->average[i], p->value, count * sizeof(real));
    return set->average[i] != NULL;
}

bool train_average_start(train_set *sets, size_t count, base_error *error) {
    for (size_t s = 0; s < count; s++) {
        size_t tensors = nn_params_count(sets[s].params);
        sets[s].average = base_alloc(tensors, sizeof *sets[s].average, error);
        if (!sets[s].average)
            return false;
        for (size_t i = 0; i < tensors; i++)
            if (!start_tensor(&sets[s], i, error))
                return false;
    }
    return true;
}

void train_average_release(train_set *sets, size_t count) {
    for (size_t s = 0; s < count; s++) {
        for (size_t i = 0; sets[s].average && i < nn_params_count(sets[s].params); i++)
            free(sets[s].average[i]);
        free(sets[s].average);
        sets[s].average = NULL;
    }
}

/* Runs a loop over the elements of every averaged tensor. */
static void each(const train_set *sets, size_t count, base_range *range, real part) {
    for (size_t s = 0; s < count; s++)
        for (size_t i = 0; sets[s].average && i < nn_params_count(sets[s].params); i++) {
            const tape_param *p = nn_params_at(sets[s].params, i);
            job j = {p->value, sets[s].average[i], part};
            if (j.average)
                base_threads_range(p->rows * p->cols, GRAIN, range, &j);
        }
}

static void update_range(void *context, size_t begin, size_t end) {
    const job *j = context;
    for (size_t i = begin; i < end; i++)
        j->average[i] += j->part * (j->value[i] - j->average[i]);
}

void train_average_update(const train_set *sets, size_t count, size_t step, double decay) {
    double t = (double)step;
    each(sets, count, update_range, REAL(1 - fmin(decay, (1 + t) / (10 + t))));
}

static void swap_range(void *context, size_t begin, size_t end) {
    const job *j = context;
    for (size_t i = begin; i < end; i++) {
        real value = j->value[i];
        j->value[i] = j->average[i];
        j->average[i] = value;
    }
}

void train_average_swap(const train_set *sets, size_t count) {
    each(sets, count, swap_range, 0);
    for (size_t s = 0; s < count; s++)
        if (sets[s].average)
            nn_params_changed(sets[s].params);
}
