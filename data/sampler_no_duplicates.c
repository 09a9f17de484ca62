/* A new random order each epoch, no text twice in a batch (Henderson et al. 2017 need it: a
 * repeated text would be its own negative). A text may stand in several columns of one row.
 *
 * A row that conflicts with the open batch is parked behind the text it conflicts on. When a batch
 * is closed, the first row parked behind each of its texts becomes ready and goes before fresh
 * ones; the others follow it, since they need the same text. If it is parked again behind another
 * text, the next one becomes ready at once. So no row is looked at again without cause, and the
 * work is about linear in rows. When no fresh row is left, rows that still conflict make smaller
 * last batches. */
#include "data/sampler_def.h"

#include <string.h>

static const uint32_t NONE = UINT32_MAX; /* no row, no text */

typedef struct parking {
    const data_sampler_input *input;
    data_plan *plan;
    uint32_t *order;   /* [rows] fresh rows, shuffled */
    uint32_t *behind;  /* [rows] next row in the same queue */
    uint32_t *first;   /* [texts] first and last row parked behind a text */
    uint32_t *last;    /* [texts] */
    uint32_t *used_in; /* [texts] number of the last batch with this text, from 1 */
    uint32_t ready, ready_last, batch;
    size_t fresh, parked;
    size_t short_batches, short_rows;
} parking;

static bool lay_out(parking *p, base_error *error) {
    size_t rows = p->input->rows, texts = p->input->window->texts, need;
    data_plan *plan = p->plan;
    if (!base_size_mul(texts, 3, &need) || !base_size_add(need, 2 * rows, &need) ||
        !base_grow(&plan->scratch, &plan->scratch_capacity, need, sizeof *plan->scratch, error))
        return base_fail(error, BASE_FAILED, "out of memory for the sampler");
    p->order = plan->scratch;
    p->behind = p->order + rows;
    p->first = p->behind + rows;
    p->last = p->first + texts;
    p->used_in = p->last + texts;
    memset(p->first, 0xff, 2 * texts * sizeof *p->first);
    memset(p->used_in, 0, texts * sizeof *p->used_in);
    return true;
}

static void append(parking *p, uint32_t *first, uint32_t *last, uint32_t row) {
    p->behind[row] = NONE;
    if (*first == NONE)
        *first = row;
    else
        p->behind[*last] = row;
    *last = row;
}

static uint32_t take_first(parking *p, uint32_t *first) {
    uint32_t row = *first;
    *first = p->behind[row];
    return row;
}

static void make_ready(parking *p, uint32_t text) {
    if (p->first[text] == NONE)
        return;
    p->parked--;
    append(p, &p->ready, &p->ready_last, take_first(p, &p->first[text]));
}

static uint32_t text_at(const parking *p, uint32_t row, size_t column) {
    return p->input->window->text[row * p->input->columns + column];
}

/* The text on which the row conflicts with the open batch, or NONE. */
static uint32_t conflict(const parking *p, uint32_t row) {
    for (size_t c = 0; c < p->input->columns; c++) {
        uint32_t text = text_at(p, row, c);
        if (p->used_in[text] == p->batch)
            return text;
    }
    return NONE;
}

static void place(parking *p, uint32_t row) {
    for (size_t c = 0; c < p->input->columns; c++)
        p->used_in[text_at(p, row, c)] = p->batch;
    data_plan_add(p->plan, row);
}

/* Places or parks a row; rows parked behind its own texts that need not wait become ready. */
static void try_row(parking *p, uint32_t row) {
    uint32_t text = conflict(p, row);
    if (text == NONE) {
        place(p, row);
        return;
    }
    append(p, &p->first[text], &p->last[text], row);
    p->parked++;
    for (size_t c = 0; c < p->input->columns; c++) {
        uint32_t own = text_at(p, row, c);
        if (p->used_in[own] != p->batch)
            make_ready(p, own);
    }
}

static void close_batch(parking *p) {
    size_t begin = p->plan->start[p->plan->batches], size = data_plan_open(p->plan);
    for (size_t i = begin; i < begin + size; i++)
        for (size_t c = 0; c < p->input->columns; c++)
            make_ready(p, text_at(p, p->plan->rows[i], c));
    if (size < p->input->batch_size) {
        p->short_batches++;
        p->short_rows += size;
    }
    data_plan_close(p->plan, p->input->min_batch);
    p->batch++;
}

static void fill_batch(parking *p) {
    while (data_plan_open(p->plan) < p->input->batch_size) {
        if (p->ready != NONE)
            try_row(p, take_first(p, &p->ready));
        else if (p->fresh < p->input->rows)
            try_row(p, p->order[p->fresh++]);
        else
            return;
    }
}

static bool plan_no_duplicates(data_sampler_input *input, data_plan *plan, base_error *error) {
    parking p = {.input = input, .plan = plan, .ready = NONE, .ready_last = NONE, .batch = 1};
    if (!lay_out(&p, error))
        return false;
    for (size_t i = 0; i < input->rows; i++)
        p.order[i] = (uint32_t)i;
    base_random_shuffle(&input->random, p.order, input->rows);
    while (p.fresh < input->rows || p.ready != NONE || p.parked > 0) {
        fill_batch(&p);
        close_batch(&p);
    }
    plan->conflicting = p.short_batches > 1 ? p.short_rows : 0;
    return true;
}

const data_sampler_def data_sampler_no_duplicates = {
    .name = "no_duplicates",
    .summary = "a new random order each epoch, no text twice in a batch",
    .plan = plan_no_duplicates,
    .texts = true,
};
