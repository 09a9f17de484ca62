#include "search/groups.h"

#include "base/memory.h"
#include "base/threads.h"
#include "search/heap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void search_groups_free(search_groups *groups) {
    free(groups->begin);
    free(groups->member);
    *groups = (search_groups){0};
}

bool search_groups_add(search_groups *g, const search_hit *member, size_t count,
                       base_error *error) {
    if (!base_grow(&g->begin, &g->begin_capacity, g->count + 2, sizeof *g->begin, error) ||
        !base_grow(&g->member, &g->member_capacity, g->members + count, sizeof *g->member, error))
        return false;
    g->begin[g->count++] = g->members;
    for (size_t i = 0; i < count; i++)
        g->member[g->members++] = member[i];
    g->begin[g->count] = g->members;
    return true;
}

bool search_groups_sort(search_groups *g, base_error *error) {
    search_groups sorted = {0};
    search_item *order = base_alloc(g->count, sizeof *order, error);
    bool ok = order != NULL;
    for (size_t i = 0; ok && i < g->count; i++)
        order[i] = (search_item){.score = (double)(g->begin[i + 1] - g->begin[i]), .a = i};
    if (ok)
        search_sort(order, g->count);
    for (size_t i = 0; ok && i < g->count; i++) {
        const size_t *begin = &g->begin[order[i].a];
        ok = search_groups_add(&sorted, g->member + begin[0], begin[1] - begin[0], error);
    }
    free(order);
    search_groups_free(ok ? g : &sorted);
    if (ok)
        *g = sorted;
    return ok;
}

/* ---- from labels ---- */

/* Counting sort. */
void search_sort_labels(const size_t *label, size_t count, size_t k, size_t *begin, size_t *order) {
    memset(begin, 0, (k + 1) * sizeof *begin);
    for (size_t i = 0; i < count; i++)
        begin[label[i] + 1]++;
    for (size_t g = 0; g < k; g++)
        begin[g + 1] += begin[g];
    for (size_t i = 0; i < count; i++)
        order[begin[label[i]]++] = i;
    memmove(begin + 1, begin, k * sizeof *begin);
    begin[0] = 0;
}

typedef struct labelled {
    const search_vectors *v;
    size_t *begin;     /* [k + 1]: where the rows of a label stand */
    size_t *order;     /* [count]: rows by label */
    search_item *item; /* [count]: the same as `b`, with their scores */
    float *scratch;    /* [threads][width] */
    double *sum;       /* [threads][width] */
} labelled;

static double length_of(const float *row, size_t width) {
    return sqrt(search_similarity(SEARCH_DOT, row, row, width));
}

/* The mean of a group's rows of length 1 is, up to its length, their sum. */
static void score_group(void *context, size_t g) {
    labelled *l = context;
    size_t width = l->v->width, self = base_threads_self();
    float *row = l->scratch + self * width;
    double *sum = l->sum + self * width, square = 0;
    memset(sum, 0, width * sizeof *sum);
    for (size_t i = l->begin[g]; i < l->begin[g + 1]; i++) {
        search_vectors_row(l->v, l->order[i], row);
        double length = length_of(row, width);
        for (size_t c = 0; length > 0 && c < width; c++)
            sum[c] += (double)row[c] / length;
    }
    for (size_t c = 0; c < width; c++)
        square += sum[c] * sum[c];
    for (size_t i = l->begin[g]; i < l->begin[g + 1]; i++) {
        search_vectors_row(l->v, l->order[i], row);
        double product = 0, norm = length_of(row, width) * sqrt(square);
        for (size_t c = 0; c < width; c++)
            product += (double)row[c] * sum[c];
        l->item[i] = (search_item){.score = norm > 0 ? product / norm : 0, .b = l->order[i]};
    }
    search_sort(l->item + l->begin[g], l->begin[g + 1] - l->begin[g]);
}

static bool add_labels(search_groups *groups, const labelled *l, size_t k, base_error *error) {
    search_hit *member = base_alloc(l->v->count, sizeof *member, error);
    bool ok = member != NULL;
    for (size_t g = 0; ok && g < k; g++) {
        size_t count = l->begin[g + 1] - l->begin[g];
        for (size_t i = 0; i < count; i++) {
            const search_item *item = &l->item[l->begin[g] + i];
            member[i] = (search_hit){item->b, item->score};
        }
        ok = count == 0 || search_groups_add(groups, member, count, error);
    }
    free(member);
    return ok && search_groups_sort(groups, error);
}

bool search_groups_of_labels(search_groups *groups, const search_vectors *v, const size_t *label,
                             size_t k, base_error *error) {
    labelled l = {.v = v};
    size_t numbers;
    if (!base_size_mul(base_threads_count(), v->width, &numbers))
        return base_fail(error, BASE_BAD_INPUT, "%zu columns are too many", v->width);
    l.begin = base_alloc(k + 1, sizeof *l.begin, error);
    l.order = base_alloc(v->count, sizeof *l.order, error);
    l.item = base_alloc(v->count, sizeof *l.item, error);
    l.scratch = base_alloc(numbers, sizeof *l.scratch, error);
    l.sum = base_alloc(numbers, sizeof *l.sum, error);
    bool ok = base_ok(error);
    if (ok) {
        search_sort_labels(label, v->count, k, l.begin, l.order);
        base_threads_run(k, score_group, &l);
        ok = add_labels(groups, &l, k, error);
    }
    free(l.begin);
    free(l.order);
    free(l.item);
    free(l.scratch);
    free(l.sum);
    return ok;
}
