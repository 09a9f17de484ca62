/* Batches of two rows or more of each of two labels or more, for losses that take the rows of a
 * batch with one label for each other's positives.
 *
 * As sentence-transformers' GroupByLabelBatchSampler has it: the rows of each label are shuffled,
 * and labels take turns, each giving two rows, in an order that is new each round. When rows of one
 * label alone are left, the epoch is over. So some rows come in no batch: those of a label with one
 * row, the odd last one of others, and the tail of the label with most rows. */
#include "data/sampler_def.h"

enum { ROWS = 2, LABELS = 2, LEAST = ROWS * LABELS };

typedef struct groups {
    data_sampler_input *input;
    uint32_t *order; /* [rows] label by label */
    uint32_t *next;  /* [labels] where in order the label's next rows stand, and where they end */
    uint32_t *end;   /* [labels] */
    uint32_t *open;  /* [left] labels with rows left */
    size_t labels, left;
} groups;

static size_t count_labels(const data_sampler_input *input) {
    size_t labels = 0;
    for (size_t i = 0; i < input->rows; i++) {
        size_t label = input->window->label[i];
        labels = label >= labels ? label + 1 : labels;
    }
    return labels;
}

static bool lay_out(groups *g, data_plan *plan, base_error *error) {
    size_t need;
    g->labels = count_labels(g->input);
    if (!base_size_mul(g->labels, 3, &need) || !base_size_add(need, g->input->rows, &need) ||
        !base_grow(&plan->scratch, &plan->scratch_capacity, need, sizeof *plan->scratch, error))
        return base_fail(error, BASE_FAILED, "out of memory for the sampler");
    g->order = plan->scratch;
    g->next = g->order + g->input->rows;
    g->end = g->next + g->labels;
    g->open = g->end + g->labels;
    return true;
}

/* Sorts the rows by their labels. */
static void sort_rows(groups *g) {
    const uint32_t *label = g->input->window->label;
    uint32_t begin = 0;
    for (size_t l = 0; l < g->labels; l++)
        g->end[l] = 0;
    for (size_t i = 0; i < g->input->rows; i++)
        g->end[label[i]]++;
    for (size_t l = 0; l < g->labels; l++) {
        g->next[l] = begin;
        begin += g->end[l];
        g->end[l] = g->next[l];
    }
    for (size_t i = 0; i < g->input->rows; i++)
        g->order[g->end[label[i]]++] = (uint32_t)i;
}

/* Shuffles each label's rows, of which an even number stays. */
static void shuffle_rows(groups *g) {
    for (size_t l = 0; l < g->labels; l++) {
        uint32_t size = g->end[l] - g->next[l];
        base_random_shuffle(&g->input->random, g->order + g->next[l], size);
        g->end[l] -= size % ROWS;
        if (g->next[l] < g->end[l])
            g->open[g->left++] = (uint32_t)l;
    }
}

static void give_rows(groups *g, uint32_t label, data_plan *plan) {
    for (size_t i = 0; i < ROWS; i++)
        data_plan_add(plan, g->order[g->next[label]++]);
    if (data_plan_open(plan) >= g->input->batch_size)
        data_plan_close(plan, g->input->min_batch);
}

/* Every open label gives rows; no label does so twice running in a batch. */
static uint32_t run_round(groups *g, uint32_t last, data_plan *plan) {
    size_t left = 0;
    base_random_shuffle(&g->input->random, g->open, g->left);
    if (data_plan_open(plan) && g->open[0] == last) {
        g->open[0] = g->open[1];
        g->open[1] = last;
    }
    for (size_t i = 0; i < g->left; i++)
        give_rows(g, g->open[i], plan);
    last = g->open[g->left - 1];
    for (size_t i = 0; i < g->left; i++)
        if (g->next[g->open[i]] < g->end[g->open[i]])
            g->open[left++] = g->open[i];
    g->left = left;
    return last;
}

static bool plan_group_by_label(data_sampler_input *input, data_plan *plan, base_error *error) {
    groups g = {.input = input};
    uint32_t last = 0;
    if (data_token_store_kind(input->store) != DATA_TARGET_CLASS)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: found rows without labels, expected labels for the sampler "
                         "group_by_label",
                         data_token_store_name(input->store));
    if (!lay_out(&g, plan, error))
        return false;
    sort_rows(&g);
    shuffle_rows(&g);
    if (g.left < LABELS && input->window->whole)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: found %zu label%s with two rows or more, expected two or more for "
                         "the sampler group_by_label",
                         data_token_store_name(input->store), g.left, g.left == 1 ? "" : "s");
    while (g.left >= LABELS)
        last = run_round(&g, last, plan);
    data_plan_close(plan, input->min_batch > LEAST ? input->min_batch : LEAST);
    plan->dropped = input->rows - plan->rows_count;
    return true;
}

const data_sampler_def data_sampler_group_by_label = {
    .name = "group_by_label",
    .summary = "two rows or more of each of two labels or more in a batch",
    .plan = plan_group_by_label,
    .least_rows = LEAST,
    .multiple = ROWS,
    .labels = true,
};
