#include "search/linkage.h"

#include "base/memory.h"
#include "search/pairs.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Groups are named by one of their rows. */
typedef struct linkage {
    size_t count;
    float *cosine;  /* [count * (count - 1) / 2]: see cell */
    size_t *size;   /* [count]: rows of a group */
    size_t *active; /* the groups that are left, in their order */
    size_t active_count;
    size_t *chain; /* each is the nearest of the one before it */
    size_t chain_count;
    search_item *merges; /* [count - 1]: which groups became one, at which average cosine */
    size_t merge_count;
} linkage;

/* Pairs a < b, row after row. */
static float *cell(const linkage *l, size_t a, size_t b) {
    size_t low = a < b ? a : b, high = a < b ? b : a;
    return &l->cosine[low * (2 * l->count - low - 1) / 2 + (high - low - 1)];
}

static void take(void *context, size_t thread, const search_tile *tile) {
    linkage *l = context;
    (void)thread;
    for (size_t r = 0; r < tile->rows; r++) {
        size_t a = tile->first_a + r, c = a < tile->first_b ? 0 : a + 1 - tile->first_b;
        for (; c < tile->columns; c++)
            *cell(l, a, tile->first_b + c) = (float)tile->scores[r * SEARCH_TILE_COLUMNS + c];
    }
}

/* ---- merging ---- */

/* The nearest of group a: `favourite` when no other is nearer, else the first of the nearest. */
static size_t nearest_of(const linkage *l, size_t a, size_t favourite) {
    size_t best = favourite;
    float most = favourite < l->count ? *cell(l, a, favourite) : -INFINITY;
    for (size_t i = 0; i < l->active_count; i++) {
        size_t b = l->active[i];
        if (b != a && *cell(l, a, b) > most) {
            most = *cell(l, a, b);
            best = b;
        }
    }
    return best;
}

/* Group b becomes a part of a. */
static void merge(linkage *l, size_t a, size_t b) {
    double of_a = (double)l->size[a], of_b = (double)l->size[b], all = of_a + of_b;
    size_t kept = 0;
    l->merges[l->merge_count++] = (search_item){(double)*cell(l, a, b), a, b};
    for (size_t i = 0; i < l->active_count; i++) {
        size_t c = l->active[i];
        if (c == b)
            continue;
        l->active[kept++] = c;
        if (c != a) {
            float *cosine = cell(l, a, c);
            *cosine = (float)((of_a * (double)*cosine + of_b * (double)*cell(l, b, c)) / all);
        }
    }
    l->active_count = kept;
    l->size[a] += l->size[b];
}

static void merge_step(linkage *l) {
    if (l->chain_count == 0)
        l->chain[l->chain_count++] = l->active[0];
    size_t top = l->chain[l->chain_count - 1];
    size_t before = l->chain_count > 1 ? l->chain[l->chain_count - 2] : l->count;
    size_t next = nearest_of(l, top, before);
    if (next != before) {
        l->chain[l->chain_count++] = next;
        return;
    }
    l->chain_count -= 2;
    merge(l, top < before ? top : before, top < before ? before : top);
}

static bool merge_all(linkage *l, const base_progress *progress, base_error *error) {
    enum { ROUND = 64 };
    for (size_t step = 0; l->active_count > 1; step++) {
        if (step % ROUND == 0 &&
            !base_progress_report(progress, 2 * l->count - l->active_count, 2 * l->count, error))
            return false;
        merge_step(l);
    }
    return true;
}

/* ---- the cut ---- */

static size_t root_of(size_t *parent, size_t row) {
    while (parent[row] != row)
        row = parent[row] = parent[parent[row]];
    return row;
}

/* The merges of the largest cosines done again, as far as the options say. */
static void cut(linkage *l, const search_linkage_options *options, size_t *parent) {
    search_sort(l->merges, l->merge_count);
    for (size_t i = 0; i < l->count; i++)
        parent[i] = i;
    for (size_t i = 0; i < l->merge_count; i++) {
        if (options->k ? i + options->k >= l->count : l->merges[i].score < options->threshold)
            break;
        parent[root_of(parent, l->merges[i].b)] = root_of(parent, l->merges[i].a);
    }
}

static void number_groups(const linkage *l, size_t *parent, size_t *label, size_t *groups) {
    size_t *number = l->size; /* sizes are of no more use */
    for (size_t i = 0; i < l->count; i++)
        number[i] = SIZE_MAX;
    *groups = 0;
    for (size_t i = 0; i < l->count; i++) {
        size_t root = root_of(parent, i);
        if (number[root] == SIZE_MAX)
            number[root] = (*groups)++;
        label[i] = number[root];
    }
}

/* ---- the whole ---- */

size_t search_linkage_memory(size_t count) {
    size_t cells, rows, all;
    bool fits = base_size_mul(search_pair_count(count), sizeof(float), &cells) &&
                base_size_mul(count, 4 * sizeof(size_t) + sizeof(search_item), &rows) &&
                base_size_add(cells, rows, &all);
    return fits ? all : SIZE_MAX;
}

static bool check(const search_vectors *v, const search_linkage_options *options,
                  base_error *error) {
    static const double mebibyte = 1024 * 1024;
    size_t needed = search_linkage_memory(v->count);
    if (options->k > v->count)
        return base_fail(error, BASE_BAD_INPUT, "k is %zu, expected 1 to %zu, the rows of %s",
                         options->k, v->count, v->name);
    return needed <= options->memory ||
           base_fail(error, BASE_BAD_INPUT,
                     "%s: average linkage of %zu rows takes %.0f MiB of memory, more than the "
                     "limit of %.0f MiB",
                     v->name, v->count, (double)needed / mebibyte,
                     (double)options->memory / mebibyte);
}

static bool new_memory(linkage *l, base_error *error) {
    l->cosine = base_alloc(search_pair_count(l->count), sizeof *l->cosine, error);
    l->size = base_alloc(l->count, sizeof *l->size, error);
    l->active = base_alloc(l->count, sizeof *l->active, error);
    l->chain = base_alloc(l->count, sizeof *l->chain, error);
    l->merges = base_alloc(l->count, sizeof *l->merges, error);
    for (size_t i = 0; base_ok(error) && i < l->count; i++) {
        l->size[i] = 1;
        l->active[l->active_count++] = i;
    }
    return base_ok(error);
}

bool search_linkage(size_t *label, size_t *groups, const search_vectors *v,
                    const search_linkage_options *options, const base_progress *progress,
                    base_error *error) {
    linkage l = {.count = v->count};
    base_part_progress whole = {progress, 0, 2 * v->count};
    base_progress of_cosines = base_progress_of_part(&whole);
    search_scores scores = {.a = v,
                            .b = v,
                            .end_a = v->count,
                            .kind = SEARCH_COSINE,
                            .upper = true,
                            .take = take,
                            .context = &l};
    bool ok = check(v, options, error) && new_memory(&l, error) &&
              search_scores_run(&scores, &of_cosines, error) && merge_all(&l, progress, error);
    if (ok) {
        cut(&l, options, l.active);
        number_groups(&l, l.active, label, groups);
    }
    free(l.cosine);
    free(l.size);
    free(l.active);
    free(l.chain);
    free(l.merges);
    return ok;
}
