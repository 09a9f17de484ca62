#include "train/batch_size.h"

#include "base/log.h"
#include "train/step.h"

#include <math.h>
#include <stdint.h>

static const double mib = 1 << 20;

bool train_batch_size_set(train_config *c, size_t rows, base_error *error) {
    c->batch_size = rows;
    return base_keys_set(c->tree, "batch_size", cJSON_CreateNumber((double)rows), c->name, error);
}

/* What a search is about. */
typedef struct search {
    const train_config *config;
    const nn_model *model;
    const train_sources *sources;
    size_t parameters; /* bytes */
} search;

/* Bytes of a batch and the parameters; SIZE_MAX: more than can be said. */
static size_t bytes_of(const search *s, size_t rows) {
    size_t bytes;
    bool fits = train_stepper_bytes(s->model, s->sources, rows, s->config->cached, &bytes) &&
                base_size_add(bytes, s->parameters, &bytes);
    return fits ? bytes : SIZE_MAX;
}

static bool fits(const search *s, size_t rows) {
    return (double)bytes_of(s, rows) <= mib * (double)s->config->memory_limit;
}

static bool is_taken(const search *s, size_t rows) {
    base_error ignored = {0};
    for (size_t i = 0; i < s->sources->count; i++)
        if (!train_source_check_batch(s->config, &s->sources->source[i], rows, &ignored))
            return false;
    return true;
}

static size_t most_rows(const search *s) {
    size_t most = 1;
    for (size_t i = 0; i < s->sources->count; i++) {
        size_t rows = data_token_store_rows(s->sources->source[i].store);
        most = rows > most ? rows : most;
    }
    return most < TRAIN_MOST_ROWS ? most : TRAIN_MOST_ROWS;
}

/* The most rows that fit, 0 when one does not: bytes grow with rows. */
static size_t most_that_fit(const search *s) {
    size_t low = 0, high = most_rows(s);
    while (low < high) {
        size_t middle = high - (high - low) / 2;
        if (fits(s, middle))
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

static bool fail_limit(const search *s, size_t rows, base_error *error) {
    return base_fail(error, BASE_BAD_INPUT,
                     "%s: memory_limit is %zu, but parameters and a batch of %zu %s may take %.0f "
                     "MiB",
                     s->config->name, s->config->memory_limit, rows, rows == 1 ? "row" : "rows",
                     ceil((double)bytes_of(s, rows) / mib));
}

static bool choose(const search *s, train_config *c, base_error *error) {
    size_t fitting = most_that_fit(s), rows = fitting;
    if (fitting == 0)
        return fail_limit(s, 1, error);
    while (rows > 0 && !is_taken(s, rows))
        rows--;
    if (rows == 0)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: memory_limit is %zu, in which batches of up to %zu rows fit, but the "
                         "losses and samplers of train.data take none of them, expected more",
                         c->name, c->memory_limit, fitting);
    base_log(
        BASE_LOG_INFO,
        "batch_size \"auto\": %zu rows, which with all parameters take at most %.0f MiB of %zu",
        rows, ceil((double)bytes_of(s, rows) / mib), c->memory_limit);
    return train_batch_size_set(c, rows, error);
}

bool train_batch_size_settle(train_config *c, const nn_model *model, const train_sources *sources,
                             const train_trained *trained, base_error *error) {
    search s = {c, model, sources, train_trained_bytes(trained)};
    if (c->batch_size == 0)
        return choose(&s, c, error);
    return !c->memory_limit || fits(&s, c->batch_size) || fail_limit(&s, c->batch_size, error);
}
