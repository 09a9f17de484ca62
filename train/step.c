#include "train/step.h"

#include "autograd/ops/ops.h"
#include "train/shared_pass.h"

#include <stdio.h>
#include <stdlib.h>

struct train_stepper {
    const nn_model *model;
    tape *tape;
    train_batch batch;
    tape_layout encoded; /* the batch's texts that the encoder reads */
    size_t batch_size, reserved;
    uint64_t seed;
    dist_ranks alone;
    train_shared_pass *shared; /* NULL: loss and encoder are on one tape */
    const tape_listener *listener;
    base_profile *profile;
};

static bool columns_of(const train_source *source, size_t rows, size_t *columns) {
    return train_batch_columns(source->store, rows, loss_negatives(source->loss), columns);
}

/* Most texts an example of any source. */
static bool most_columns(const train_sources *sources, size_t rows, size_t *most) {
    *most = 0;
    for (size_t i = 0; i < sources->count; i++) {
        size_t columns;
        if (!columns_of(&sources->source[i], rows, &columns))
            return false;
        *most = columns > *most ? columns : *most;
    }
    return true;
}

/* What the largest loss puts on the tape besides the model. */
static bool add_loss_bytes(const train_sources *sources, size_t rows, size_t *bytes) {
    size_t most = 0;
    for (size_t i = 0; i < sources->count; i++) {
        size_t need, columns;
        if (!columns_of(&sources->source[i], rows, &columns) ||
            !loss_tape_bytes(sources->source[i].loss, rows, columns, train_sources_longest(sources),
                             &need))
            return false;
        most = need > most ? need : most;
    }
    return base_size_add(*bytes, most, bytes);
}

/* What the modules make of every layer, for a loss that reads them. */
static bool add_layer_bytes(const nn_model *model, const train_sources *sources, size_t tokens,
                            size_t texts, size_t *bytes) {
    bool wanted = false;
    size_t more;
    for (size_t i = 0; i < sources->count; i++)
        wanted |= loss_definition(sources->source[i].loss)->layers;
    return !wanted || (nn_model_layer_bytes(model, tokens, texts, &more) &&
                       base_size_mul(more, nn_model_layers(model), &more) &&
                       base_size_add(*bytes, more, bytes));
}

/* What the largest pass of so many rows can be. */
typedef struct extent {
    size_t texts, tokens, values, scratch; /* values and scratch in bytes */
} extent;

static bool measure(const nn_model *model, const train_sources *sources, size_t rows, extent *e) {
    size_t longest = train_sources_longest(sources), columns;
    return most_columns(sources, rows, &columns) && base_size_mul(rows, columns, &e->texts) &&
           base_size_mul(e->texts, longest, &e->tokens) &&
           nn_model_tape_bytes(model, e->tokens, e->texts, true, &e->values) &&
           nn_model_scratch_bytes(model, e->tokens, longest, &e->scratch) &&
           add_layer_bytes(model, sources, e->tokens, e->texts, &e->values) &&
           add_loss_bytes(sources, rows, &e->values);
}

/* Of a loss on leaves: embeddings, their columns and gradients besides. */
static bool measure_loss(const nn_model *model, const train_sources *sources, size_t rows,
                         extent *e) {
    enum { COPIES = 4, NODES = 1 << 20 };
    size_t columns, numbers;
    *e = (extent){0};
    return most_columns(sources, rows, &columns) && base_size_mul(rows, columns, &e->texts) &&
           base_size_mul(e->texts, train_sources_longest(sources), &e->tokens) &&
           base_size_mul(e->texts, model->width, &numbers) &&
           base_size_mul(numbers, COPIES * sizeof(real), &e->values) &&
           base_size_add(e->values, NODES, &e->values) &&
           nn_model_scratch_bytes(model, e->texts, 1, &e->scratch) &&
           add_loss_bytes(sources, rows, &e->values);
}

bool train_stepper_bytes(const nn_model *model, const train_sources *sources, size_t batch_size,
                         size_t cached, size_t *bytes) {
    extent e, leaves = {0};
    size_t rows = cached && cached < batch_size ? cached : batch_size;
    return measure(model, sources, rows, &e) && base_size_add(e.values, e.scratch, bytes) &&
           (!cached || (measure_loss(model, sources, batch_size, &leaves) &&
                        base_size_add(*bytes, leaves.values, bytes) &&
                        base_size_add(*bytes, leaves.scratch, bytes)));
}

static bool reserve(train_stepper *s, const train_sources *sources, const train_step_options *o,
                    base_error *error) {
    extent e, all;
    bool shared = o->cached || (o->ranks && o->ranks->size > 1);
    size_t rows = o->cached && o->cached < o->batch_size ? o->cached : o->batch_size;
    if (!measure(s->model, sources, rows, &e) ||
        !measure_loss(s->model, sources, o->batch_size, &all))
        return base_fail(error, BASE_BAD_INPUT, "a batch of %zu rows is more than memory can hold",
                         o->batch_size);
    s->tape = tape_new(e.values, e.scratch, error);
    s->reserved = e.values + e.scratch + (shared ? all.values + all.scratch : 0);
    if (!s->tape || !train_batch_reserve(&s->batch, all.texts, all.tokens, error))
        return false;
    if (shared)
        s->shared = train_shared_pass_new(o->ranks ? o->ranks : &s->alone, s->model, o->cached,
                                          all.texts, all.values, all.scratch, error);
    return base_ok(error);
}

train_stepper *train_stepper_new(const nn_model *model, const train_sources *sources,
                                 const train_step_options *options, base_error *error) {
    train_stepper *s = base_alloc(1, sizeof *s, error);
    if (!s)
        return NULL;
    s->model = model;
    s->batch_size = options->batch_size;
    s->seed = options->seed;
    s->listener = options->listener;
    s->alone = DIST_ALONE;
    if (reserve(s, sources, options, error))
        return s;
    train_stepper_free(s);
    return NULL;
}

void train_stepper_free(train_stepper *s) {
    if (!s)
        return;
    tape_free(s->tape);
    train_shared_pass_free(s->shared);
    train_batch_free(&s->batch);
    free(s);
}

static tape_layout first_texts(const tape_layout *layout, size_t texts) {
    tape_layout first = *layout;
    first.texts = texts;
    first.tokens = layout->start[texts];
    return first;
}

/* Embeddings of the encoded texts, by column. */
static void split(train_stepper *s, tape_node *embeddings, size_t columns, tape_node **text) {
    size_t examples = s->batch.target.examples;
    for (size_t c = 0; c < columns; c++)
        text[c] = op_rows(s->tape, embeddings, c * examples, examples);
}

/* Of a bi-encoder; of `layers` layers before the last one, too. */
static tape_node *loss_of_texts(train_stepper *s, const loss *objective, size_t layers) {
    const train_batch *b = &s->batch;
    size_t columns = loss_encoded(objective, b->columns);
    s->encoded = first_texts(&b->layout, columns * b->target.examples);
    tape_node *each[NN_MAX_LAYERS];
    tape_node *last = nn_model_forward_layers(s->model, s->tape, &s->encoded, layers ? each : NULL);
    tape_node **text = tape_memory(s->tape, 1 + layers, b->columns, sizeof(tape_node *));
    if (!last || !text)
        return NULL;
    split(s, last, columns, text);
    for (size_t i = 0; i < layers; i++)
        split(s, each[i], columns, text + (1 + i) * b->columns);
    loss_target target = b->target;
    target.layer = text + b->columns;
    target.layers = layers;
    return loss_build(objective, s->tape, text, b->columns, &target);
}

/* The loss of the batch that is filled in. */
static tape_node *forward(train_stepper *s, const loss *objective) {
    const train_batch *b = &s->batch;
    if (!s->model->classifier)
        return loss_of_texts(s, objective,
                             loss_definition(objective)->layers ? nn_model_layers(s->model) : 0);
    tape_node *logits = nn_model_forward(s->model, s->tape, &b->layout);
    return logits ? loss_build(objective, s->tape, &logits, b->columns, &b->target) : NULL;
}

static bool run_pass(train_stepper *s, const train_source *source, double share, double *mean,
                     base_error *error) {
    tape_node *node = forward(s, source->loss);
    real upstream = REAL(share * source->entry->weight);
    if (!node || !tape_backward(s->tape, node, &upstream)) {
        const base_error *failure = tape_error(s->tape);
        return base_fail(error, failure->status ? failure->status : BASE_FAILED, "%s",
                         failure->text);
    }
    *mean += share * (double)node->value[0];
    return true;
}

static bool run_shared(train_stepper *s, const train_source *source, const train_shared_rows *part,
                       const tape_mode *mode, double share, double *mean, base_error *error) {
    double value;
    if (!train_shared_pass_run(s->shared, s->tape, mode, part, REAL(share * source->entry->weight),
                               &value, error))
        return false;
    *mean += share * value;
    return true;
}

bool train_stepper_run(train_stepper *s, const train_source *source, const uint32_t *rows,
                       size_t count, uint64_t step, train_optimizer *optimizer,
                       train_step_result *result, base_error *error) {
    const tape_mode mode = {.record = true, .dropout = true, .seed = s->seed, .step = step};
    size_t passes = (count + s->batch_size - 1) / s->batch_size;
    *result = (train_step_result){.rows = count};
    for (size_t p = 0, first = 0; p < passes; p++) {
        size_t n = count / passes + (p < count % passes);
        s->batch.negatives = (train_negatives){loss_negatives(source->loss), s->seed, step};
        if (!train_batch_fill(&s->batch, source->store, rows + first, n, first, error) ||
            (source->teacher.value &&
             !train_batch_teach(&s->batch, &source->teacher, rows + first, n, error)))
            return false;
        base_profile_lap(s->profile, "data", "", 0, 0);
        if (optimizer)
            train_optimizer_look_up(optimizer, s->batch.layout.ids, s->batch.layout.tokens);
        base_profile_lap(s->profile, "optimizer", "rows caught up", 0, 0);
        double share = (double)n / (double)count;
        train_shared_rows part = {source->store,
                                  rows + first,
                                  n,
                                  first,
                                  &s->batch,
                                  source->loss,
                                  p + 1 == passes ? s->listener : NULL};
        tape_begin(s->tape, &mode);
        if (!(s->shared ? run_shared(s, source, &part, &mode, share, &result->loss, error)
                        : run_pass(s, source, share, &result->loss, error)))
            return false;
        result->texts += s->batch.layout.texts;
        result->tokens += s->batch.layout.tokens;
        first += n;
    }
    return true;
}

const char *train_step_rows(const train_source *source, const uint32_t *rows, size_t count,
                            char *out, size_t size) {
    enum { SHOWN = 8 };
    size_t used = (size_t)snprintf(out, size, "lines");
    for (size_t i = 0; i < count && i < SHOWN && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s %zu", i ? "," : "",
                                 data_token_store_line(source->store, rows[i]));
    if (count > SHOWN && used < size)
        used += (size_t)snprintf(out + used, size - used, " (and %zu more)", count - SHOWN);
    if (used < size)
        snprintf(out + used, size - used, " of %s", data_token_store_name(source->store));
    return out;
}

size_t train_stepper_reserved(const train_stepper *s) {
    return s->reserved;
}

size_t train_stepper_peak(const train_stepper *s) {
    return tape_peak_bytes(s->tape);
}

void train_stepper_profile(train_stepper *s, base_profile *profile) {
    s->profile = profile;
    tape_set_profile(s->tape, profile);
    if (s->shared)
        train_shared_pass_profile(s->shared, profile);
}
