/* The scores of all rows of one set against all rows of another, by matrix products of blocks, a
 * tile at a time on all threads: what top-k, mining and clustering are made of. */
#ifndef SEARCH_TILES_H
#define SEARCH_TILES_H

#include "base/progress.h"
#include "search/similarity.h"
#include "search/vectors.h"

/* Rows and columns of a tile; constants, so that no bit of a score depends on the threads. */
enum { SEARCH_TILE_ROWS = 256, SEARCH_TILE_COLUMNS = 1024 };

/* A cosine of a tile differs by less from search_similarity's, which is summed in double. */
#define SEARCH_ROUNDING 1e-3

/* Scores of rows first_a .. of a against rows first_b .. of b; score (i, j) is at
 * [i * SEARCH_TILE_COLUMNS + j]. */
typedef struct search_tile {
    size_t first_a, rows, first_b, columns;
    const real *scores;
} search_tile;

typedef struct search_scores {
    const search_vectors *a, *b;
    size_t begin_a, end_a;       /* the rows of a that take part */
    search_similarity_kind kind; /* cosine, dot or Euclidean */
    bool upper;                  /* a is b: only tiles that have a pair i < j */
    /* Takes a tile; called by several threads at once, `thread` (base_threads_self) says by which.
     * What it makes of the tiles must not depend on their order. */
    void (*take)(void *context, size_t thread, const search_tile *tile);
    void *context;
} search_scores;

/* Makes every tile once. Memory: about 1 MB a thread, and blocks of rows that must be converted.
 * An error: other widths, Manhattan (no matrix product gives it), a row that is not finite or whose
 * length is over 1e18 (its products may overflow) or, for a cosine, below 1e-18 and not 0 (they may
 * underflow), a stop by `progress`, which is told of `end_a - begin_a` rows as many as are done of
 * all tiles. */
bool search_scores_run(const search_scores *s, const base_progress *progress, base_error *error);

#endif
