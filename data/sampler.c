#include "data/sampler_def.h"

#include <stdlib.h>
#include <string.h>

#define SAMPLER(name) extern const data_sampler_def data_sampler_##name;
#include "data/samplers.def"
#undef SAMPLER

#define SAMPLER(name) &data_sampler_##name,
static const data_sampler_def *const samplers[] = {
#include "data/samplers.def"
};
#undef SAMPLER

#define SAMPLER(name) #name,
static const char *const sampler_names[] = {
#include "data/samplers.def"
    NULL};
#undef SAMPLER

const char *const *data_sampler_names(void) {
    return sampler_names;
}

static const data_sampler_def *find(const char *name) {
    for (size_t i = 0; i < sizeof samplers / sizeof samplers[0]; i++)
        if (!strcmp(samplers[i]->name, name))
            return samplers[i];
    return NULL;
}

const char *data_sampler_summary(const char *name) {
    const data_sampler_def *def = find(name);
    return def ? def->summary : NULL;
}

static bool fail_name(const char *name, base_error *error) {
    base_bytes list = {0};
    if (base_bytes_names(&list, sampler_names, error))
        base_fail(error, BASE_BAD_INPUT, "sampler: found \"%s\", expected one of %s", name,
                  list.data);
    base_bytes_free(&list);
    return false;
}

bool data_sampler_check(const char *name, size_t rows, const char *where, base_error *error) {
    const data_sampler_def *def = find(name);
    if (!def)
        return fail_name(name, error);
    size_t multiple = def->multiple ? def->multiple : 1;
    return (rows >= def->least_rows && rows % multiple == 0) ||
           base_fail(error, BASE_BAD_INPUT,
                     "%s is %zu, expected at least %zu and a multiple of %zu for the sampler %s",
                     where, rows, def->least_rows, multiple, name);
}

static bool reserve(data_plan *plan, size_t rows, base_error *error) {
    return base_grow(&plan->rows, &plan->rows_capacity, rows, sizeof *plan->rows, error) &&
           base_grow(&plan->start, &plan->start_capacity, rows + 1, sizeof *plan->start, error);
}

static data_window_options window_options(const data_sampler_options *o,
                                          const data_sampler_def *def, size_t epoch) {
    return (data_window_options){.batch_size = o->batch_size,
                                 .window_rows = o->window_rows,
                                 .block = o->block,
                                 .in_order = def->in_order,
                                 .texts = def->texts,
                                 .labels = def->labels,
                                 .seed = base_random_mix(o->seed, epoch)};
}

size_t data_sampler_windows(const data_sampler_options *o, const data_token_store *store) {
    data_window_options window = window_options(o, find(o->name), 0);
    return data_window_count(&window, store);
}

bool data_sampler_plan(const data_sampler_options *options, const data_token_store *store,
                       size_t epoch, size_t window, data_plan *plan, base_error *error) {
    if (!data_sampler_check(options->name, options->batch_size, "sampler: the batch size", error))
        return false;
    if (options->batch_size < 1 || options->min_batch > options->batch_size)
        return base_fail(error, BASE_BAD_INPUT,
                         "sampler: found a batch size of %zu, expected at least %zu",
                         options->batch_size, options->min_batch > 1 ? options->min_batch : 1);
    const data_sampler_def *def = find(options->name);
    data_window_options o = window_options(options, def, epoch);
    data_window *w = &plan->window;
    if (!data_window_fill(w, &o, store, window, error) || !reserve(plan, w->rows, error))
        return false;
    data_sampler_input input = {store,
                                w,
                                w->rows,
                                w->columns,
                                options->batch_size,
                                options->min_batch,
                                base_random_stream(o.seed, "sampler")};
    if (window > 0)
        input.random.key = base_random_mix(input.random.key, window);
    plan->batches = plan->rows_count = plan->dropped = plan->conflicting = 0;
    plan->start[0] = 0;
    if (!def->plan(&input, plan, error))
        return false;
    for (size_t i = 0; !w->whole && i < plan->rows_count; i++)
        plan->rows[i] = w->row[plan->rows[i]];
    return true;
}

void data_plan_add(data_plan *plan, uint32_t row) {
    plan->rows[plan->rows_count++] = row;
}

size_t data_plan_open(const data_plan *plan) {
    return plan->rows_count - plan->start[plan->batches];
}

void data_plan_close(data_plan *plan, size_t min_batch) {
    size_t size = data_plan_open(plan);
    if (size == 0)
        return;
    if (size < min_batch) {
        plan->dropped += size;
        plan->rows_count -= size;
        return;
    }
    plan->start[++plan->batches] = plan->rows_count;
}

void data_plan_free(data_plan *plan) {
    free(plan->rows);
    free(plan->start);
    free(plan->scratch);
    data_window_free(&plan->window);
    *plan = (data_plan){0};
}
