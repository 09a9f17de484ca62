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

bool data_sampler_plan(const data_sampler_options *options, const data_token_store *store,
                       size_t epoch, data_plan *plan, base_error *error) {
    if (!data_sampler_check(options->name, options->batch_size, "sampler: the batch size", error))
        return false;
    if (options->batch_size < 1 || options->min_batch > options->batch_size)
        return base_fail(error, BASE_BAD_INPUT,
                         "sampler: found a batch size of %zu, expected at least %zu",
                         options->batch_size, options->min_batch > 1 ? options->min_batch : 1);
    data_sampler_input input = {
        store,
        data_token_store_rows(store),
        data_token_store_columns(store),
        options->batch_size,
        options->min_batch,
        base_random_stream(base_random_mix(options->seed, epoch), "sampler")};
    if (!reserve(plan, input.rows, error))
        return false;
    plan->batches = plan->rows_count = plan->dropped = plan->conflicting = 0;
    plan->start[0] = 0;
    return find(options->name)->plan(&input, plan, error);
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
    *plan = (data_plan){0};
}
