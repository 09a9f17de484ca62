#include "search/heap.h"

#include "autograd/kernels/kernel.h"
#include "base/memory.h"

#include <stdlib.h>

bool search_before(const search_item *x, const search_item *y) {
    if (x->score != y->score)
        return x->score > y->score;
    return x->a != y->a ? x->a < y->a : x->b < y->b;
}

static void sift_up(search_item *items, size_t i, search_item item) {
    for (size_t parent; i > 0 && search_before(&items[parent = (i - 1) / 2], &item); i = parent)
        items[i] = items[parent];
    items[i] = item;
}

static void sift_down(search_item *items, size_t count, search_item item) {
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < count; i = child) {
        if (child + 1 < count && search_before(&items[child], &items[child + 1]))
            child++;
        if (!search_before(&item, &items[child]))
            break;
        items[i] = items[child];
    }
    items[i] = item;
}

static bool has_room(search_heap *heap) {
    base_error error = {0};
    if (heap->grows && heap->count == heap->room &&
        !base_grow(&heap->items, &heap->room, heap->count + 1, sizeof *heap->items, &error))
        heap->failed = true;
    return !heap->failed;
}

void search_heap_add(search_heap *heap, search_item item) {
    if (heap->count < heap->capacity) {
        if (has_room(heap))
            sift_up(heap->items, heap->count++, item);
    } else if (heap->capacity && search_before(&item, &heap->items[0])) {
        sift_down(heap->items, heap->count, item);
    }
}

void search_heap_add_row(search_heap *heap, const real *scores, size_t n, size_t a, size_t first_b,
                         double bar) {
    enum { CHUNK = 64 };
    const kernel_table *kernels = kernel_best();
    for (size_t begin = 0; begin < n; begin += CHUNK) {
        size_t end = begin + CHUNK < n ? begin + CHUNK : n;
        bool full = heap->capacity && heap->count == heap->capacity;
        double least = full && heap->items[0].score > bar ? heap->items[0].score : bar;
        if ((double)kernels->max(end - begin, scores + begin) < least)
            continue;
        for (size_t i = begin; i < end; i++)
            if ((double)scores[i] >= least)
                search_heap_add(heap, (search_item){(double)scores[i], a, first_b + i});
    }
}

static int by_rank(const void *x, const void *y) {
    return search_before(x, y) ? -1 : search_before(y, x);
}

void search_sort(search_item *items, size_t count) {
    if (count)
        qsort(items, count, sizeof *items, by_rank);
}
