/* The best of many scored items: a heap whose root is the worst that is kept. */
#ifndef SEARCH_HEAP_H
#define SEARCH_HEAP_H

#include "autograd/real.h"

#include <stdbool.h>
#include <stddef.h>

/* An item: a pair of rows, or a query's hit (then `a` is not looked at). */
typedef struct search_item {
    double score;
    size_t a, b;
} search_item;

typedef struct search_heap {
    search_item *items; /* the caller's, [capacity] unless it grows */
    size_t count, capacity;
    bool grows;  /* `items` starts as NULL, grows up to capacity, and is given to free() */
    size_t room; /* of a heap that grows */
    bool failed; /* it found no memory: items are missing */
} search_heap;

/* Whether x comes before y: the larger score, then the smaller a, then the smaller b. */
bool search_before(const search_item *x, const search_item *y);

/* Keeps the item when it is among the `capacity` best so far. What is kept in the end does not
 * depend on the order of items. */
void search_heap_add(search_heap *heap, search_item item);

/* Adds the items (a, first_b), (a, first_b + 1) .. with scores[0 .. n), those below `bar` left out.
 */
void search_heap_add_row(search_heap *heap, const real *scores, size_t n, size_t a, size_t first_b,
                         double bar);

/* Best first; the heap is none any more. */
void search_sort(search_item *items, size_t count);

#endif
