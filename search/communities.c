#include "search/communities.h"

#include "base/memory.h"
#include "base/threads.h"
#include "search/heap.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Rows whose neighbours are found at once, and neighbours in all, but for one row's. */
enum { AT_ONCE = SEARCH_TILE_ROWS, MOST_NEIGHBOURS = 1 << 21 };

/* A row whose neighbours are wanted. */
typedef struct seed {
    size_t row, begin; /* its neighbours lie at found[begin] .. */
    atomic_size_t count;
} seed;

typedef struct communities {
    const search_vectors *v;
    double threshold;
    size_t least, threads;
    float *rows;        /* [threads][2 width], for scores in double */
    size_t *neighbours; /* [threads][count]; at the end the first count of them say all */
    search_item *order; /* [count] at most: rows with enough neighbours */
    size_t candidates;
    bool *used;

    seed seeds[AT_ONCE];
    size_t seed_count;
    float *seed_rows; /* [AT_ONCE][width] */
    search_item *found;
    size_t found_capacity;
    search_hit *member; /* [count] */
} communities;

/* The cosine of two rows in double; less than the threshold when the score in float rules more
 * out. */
static double exact(const communities *m, size_t a, size_t b, real score) {
    if ((double)score < m->threshold - SEARCH_ROUNDING)
        return (double)score;
    size_t width = m->v->width;
    float *u = m->rows + 2 * width * base_threads_self(), *v = u + width;
    search_vectors_row(m->v, a, u);
    search_vectors_row(m->v, b, v);
    return search_similarity(SEARCH_COSINE, u, v, width);
}

/* ---- how many neighbours each row has ---- */

static void count_tile(void *context, size_t thread, const search_tile *tile) {
    communities *m = context;
    size_t *neighbours = m->neighbours + thread * m->v->count;
    for (size_t r = 0; r < tile->rows; r++) {
        size_t a = tile->first_a + r, c = a < tile->first_b ? 0 : a - tile->first_b;
        const real *scores = tile->scores + r * SEARCH_TILE_COLUMNS;
        for (; c < tile->columns; c++) {
            size_t b = tile->first_b + c;
            double sure = m->threshold + SEARCH_ROUNDING;
            if ((double)scores[c] < sure - 2 * SEARCH_ROUNDING)
                continue;
            if ((double)scores[c] < sure && exact(m, a, b, scores[c]) < m->threshold)
                continue;
            neighbours[a]++;
            neighbours[b] += a != b;
        }
    }
}

static bool count_neighbours(communities *m, const base_progress *progress, base_error *error) {
    size_t count = m->v->count;
    search_scores scores = {.a = m->v,
                            .b = m->v,
                            .end_a = count,
                            .kind = SEARCH_COSINE,
                            .upper = true,
                            .take = count_tile,
                            .context = m};
    if (!search_scores_run(&scores, progress, error))
        return false;
    for (size_t i = 0; i < count; i++) {
        for (size_t t = 1; t < m->threads; t++)
            m->neighbours[i] += m->neighbours[t * count + i];
        if (m->neighbours[i] >= m->least)
            m->order[m->candidates++] = (search_item){.score = (double)m->neighbours[i], .a = i};
    }
    search_sort(m->order, m->candidates);
    return true;
}

/* ---- which they are ---- */

static void find_tile(void *context, size_t thread, const search_tile *tile) {
    communities *m = context;
    (void)thread;
    for (size_t r = 0; r < tile->rows; r++) {
        seed *s = &m->seeds[tile->first_a + r];
        const real *scores = tile->scores + r * SEARCH_TILE_COLUMNS;
        for (size_t c = 0; c < tile->columns; c++) {
            double score = exact(m, s->row, tile->first_b + c, scores[c]);
            if (score < m->threshold)
                continue;
            size_t at = atomic_fetch_add(&s->count, 1);
            if (at < m->neighbours[s->row])
                m->found[s->begin + at] = (search_item){score, s->row, tile->first_b + c};
        }
    }
}

/* The next candidates that are in no community; the first one behind them. */
static size_t take_seeds(communities *m, size_t next) {
    size_t all = 0;
    for (m->seed_count = 0; next < m->candidates && m->seed_count < AT_ONCE; next++) {
        size_t row = m->order[next].a, width = m->v->width;
        if (m->used[row])
            continue;
        if (m->seed_count && all + m->neighbours[row] > MOST_NEIGHBOURS)
            break;
        search_vectors_row(m->v, row, m->seed_rows + m->seed_count * width);
        seed *s = &m->seeds[m->seed_count++];
        s->row = row;
        s->begin = all;
        atomic_store(&s->count, 0);
        all += m->neighbours[row];
    }
    return next;
}

static bool find_neighbours(communities *m, const base_progress *progress, base_error *error) {
    const seed *last = &m->seeds[m->seed_count - 1];
    search_vectors a = search_vectors_of(m->v->name, m->seed_rows, m->seed_count, m->v->width);
    search_scores scores = {.a = &a,
                            .b = m->v,
                            .end_a = m->seed_count,
                            .kind = SEARCH_COSINE,
                            .take = find_tile,
                            .context = m};
    base_part_progress whole = {progress, m->v->count - m->seed_count, m->v->count};
    base_progress of_seeds = base_progress_of_part(&whole);
    return base_grow(&m->found, &m->found_capacity, last->begin + m->neighbours[last->row],
                     sizeof *m->found, error) &&
           search_scores_run(&scores, &of_seeds, error);
}

/* ---- communities ---- */

static bool add_community(communities *m, search_groups *groups, seed *s, base_error *error) {
    search_item *found = m->found + s->begin;
    size_t count = atomic_load(&s->count), members = 1;
    if (m->used[s->row])
        return true;
    count = count < m->neighbours[s->row] ? count : m->neighbours[s->row];
    m->member[0] = (search_hit){s->row, 1};
    search_sort(found, count);
    for (size_t i = 0; i < count; i++) {
        if (found[i].b == s->row)
            m->member[0] = (search_hit){s->row, found[i].score};
        else if (!m->used[found[i].b])
            m->member[members++] = (search_hit){found[i].b, found[i].score};
    }
    if (members < m->least)
        return true;
    for (size_t i = 0; i < members; i++)
        m->used[m->member[i].row] = true;
    return search_groups_add(groups, m->member, members, error);
}

static bool make_communities(communities *m, search_groups *groups, const base_progress *progress,
                             base_error *error) {
    for (size_t next = take_seeds(m, 0); m->seed_count; next = take_seeds(m, next)) {
        if (!find_neighbours(m, progress, error))
            return false;
        for (size_t i = 0; i < m->seed_count; i++)
            if (!add_community(m, groups, &m->seeds[i], error))
                return false;
    }
    return search_groups_sort(groups, error);
}

static bool new_memory(communities *m, base_error *error) {
    size_t width = m->v->width, count = m->v->count, numbers, counts, seeds;
    if (!base_size_mul(2 * m->threads, width, &numbers) ||
        !base_size_mul(m->threads, count, &counts) || !base_size_mul(AT_ONCE, width, &seeds))
        return base_fail(error, BASE_BAD_INPUT, "%zu x %zu numbers are too many", count, width);
    m->rows = base_alloc(numbers, sizeof *m->rows, error);
    m->neighbours = base_alloc(counts, sizeof *m->neighbours, error);
    m->order = base_alloc(count, sizeof *m->order, error);
    m->used = base_alloc(count, sizeof *m->used, error);
    m->seed_rows = base_alloc(seeds, sizeof *m->seed_rows, error);
    m->member = base_alloc(count, sizeof *m->member, error);
    return base_ok(error);
}

bool search_communities(search_groups *groups, const search_vectors *v, double threshold,
                        size_t least, const base_progress *progress, base_error *error) {
    communities *m = base_alloc(1, sizeof *m, error);
    if (!m)
        return false;
    m->v = v;
    m->threshold = threshold;
    m->least = least > 1 ? least : 1;
    m->threads = base_threads_count();
    bool ok = new_memory(m, error) && count_neighbours(m, progress, error) &&
              make_communities(m, groups, progress, error);
    free(m->rows);
    free(m->neighbours);
    free(m->order);
    free(m->used);
    free(m->seed_rows);
    free(m->found);
    free(m->member);
    free(m);
    return ok;
}
