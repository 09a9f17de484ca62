#include "nn/carried.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

nn_carried_tensor *nn_carried_add(nn_carried *carried, const char *name, const char *dtype,
                                  const size_t *dims, size_t dim_count, size_t size,
                                  base_error *error) {
    if (!base_grow(&carried->tensors, &carried->capacity, carried->count + 1,
                   sizeof *carried->tensors, error))
        return NULL;
    nn_carried_tensor *t = &carried->tensors[carried->count++];
    *t = (nn_carried_tensor){.name = base_copy(name, strlen(name)),
                             .dtype = base_copy(dtype, strlen(dtype)),
                             .dim_count = dim_count,
                             .size = size,
                             .bytes = base_alloc(size, 1, error)};
    if (dim_count)
        memcpy(t->dims, dims, dim_count * sizeof *dims);
    if (t->name && t->dtype && t->bytes)
        return t;
    base_fail(error, BASE_FAILED, "out of memory");
    return NULL;
}

void nn_carried_free(nn_carried *carried) {
    if (!carried)
        return;
    cJSON_Delete(carried->config);
    cJSON_Delete(carried->sentence);
    for (size_t i = 0; i < carried->count; i++) {
        free(carried->tensors[i].name);
        free(carried->tensors[i].dtype);
        free(carried->tensors[i].bytes);
    }
    free(carried->tensors);
    free(carried);
}
