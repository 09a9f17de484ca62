#include "autograd/ops/over_rows.h"

enum { ELEMENTS_AT_ONCE = 16384 };

void op_over_rows(size_t rows, size_t cols, base_range *range, void *context) {
    size_t grain = cols < ELEMENTS_AT_ONCE ? ELEMENTS_AT_ONCE / (cols ? cols : 1) : 1;
    base_threads_range(rows, grain, range, context);
}
