/* A window: the rows of a corpus that a sampler plans at a time, so that its memory is bounded for
 * corpora of any size.
 *
 * A small corpus is one window, planned whole. Of a larger one an epoch takes the rows in a
 * random order of its own, a keyed permutation (data/permutation.h), which is cut into windows at
 * the ends of batches. With blocks, that many rows that follow one another in the corpus stay
 * together in this order, for disks on which single rows are slow to read; what follows one another
 * is counted from another row each epoch. */
#ifndef DATA_WINDOW_H
#define DATA_WINDOW_H

#include "base/hash.h"
#include "data/token_store.h"

/* Most rows of a corpus that is planned whole, and of a window of a larger one, or one batch: the
 * first window is planned before the first step. */
enum { DATA_WHOLE_ROWS = 1 << 20, DATA_WINDOW_ROWS = 1 << 18 };

/* Rows are numbered from 0 in the window, in their order in the corpus. */
typedef struct data_window {
    size_t rows, columns;
    bool whole;           /* the window is the corpus, and its rows have the corpus's numbers */
    uint32_t *row;        /* [rows] the corpus's numbers */
    const uint32_t *text; /* [rows * columns] below `texts`, equal for equal texts, when wanted */
    size_t texts;
    uint32_t *label; /* [rows] when wanted */

    uint32_t *number; /* `text`, where it is not the store's own */
    uint64_t *key;    /* of each distinct text */
    base_hash found;
    size_t row_capacity, label_capacity, number_capacity, key_capacity;
} data_window;

typedef struct data_window_options {
    size_t batch_size;
    size_t window_rows; /* in place of both numbers of rows; 0: as they are */
    size_t block;       /* rows that stay together; 0: 1 */
    bool in_order;      /* the order is that of the corpus */
    bool texts, labels; /* whether they are wanted */
    uint64_t seed;      /* of the epoch's order */
} data_window_options;

/* Windows of an epoch, at least 1. */
size_t data_window_count(const data_window_options *options, const data_token_store *store);

/* Replaces *window by number `index` of them. Start with {0}, release with data_window_free; one
 * that was filled is filled again by the same store without allocating. */
bool data_window_fill(data_window *window, const data_window_options *options,
                      const data_token_store *store, size_t index, base_error *error);
void data_window_free(data_window *window);

#endif
