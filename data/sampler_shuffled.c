/* The rows in a new random order each epoch. */
#include "data/sampler_def.h"

static bool plan_shuffled(data_sampler_input *input, data_plan *plan, base_error *error) {
    (void)error;
    uint32_t *order = plan->rows; /* adding row i to place i leaves it where it is */
    for (size_t i = 0; i < input->rows; i++)
        order[i] = (uint32_t)i;
    base_random_shuffle(&input->random, order, input->rows);
    for (size_t i = 0; i < input->rows; i++) {
        data_plan_add(plan, order[i]);
        if (data_plan_open(plan) == input->batch_size || i + 1 == input->rows)
            data_plan_close(plan, input->min_batch);
    }
    return true;
}

const data_sampler_def data_sampler_shuffled = {
    .name = "shuffled",
    .summary = "a new random order each epoch",
    .plan = plan_shuffled,
};
