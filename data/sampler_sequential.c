/* The rows in the order of the corpus, every epoch. */
#include "data/sampler_def.h"

static bool plan_sequential(data_sampler_input *input, data_plan *plan, base_error *error) {
    (void)error;
    for (size_t i = 0; i < input->rows; i++) {
        data_plan_add(plan, (uint32_t)i);
        if (data_plan_open(plan) == input->batch_size || i + 1 == input->rows)
            data_plan_close(plan, input->min_batch);
    }
    return true;
}

const data_sampler_def data_sampler_sequential = {
    .name = "sequential",
    .summary = "rows in the order of the file",
    .plan = plan_sequential,
    .in_order = true,
};
