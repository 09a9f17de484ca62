#include "nn/safetensors.h"

#include "base/json.h"
#include "nn/dtype.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct writer {
    const nn_tensor_source **order; /* as they are written */
    size_t count;
    base_bytes header;
    FILE *file;
    base_error *error;
} writer;

/* Raw bytes that are no weights stay as they are. */
static const nn_dtype *type_of(const nn_tensor_source *t) {
    const nn_dtype *raw = t->raw ? nn_dtype_find(t->raw_dtype) : nn_dtype_at(0);
    return t->dtype && raw->torch ? t->dtype : raw;
}

static size_t elements_of(const nn_tensor_source *t) {
    size_t n = 1;
    for (size_t i = 0; i < t->dim_count; i++)
        n *= t->dims[i];
    return n;
}

static size_t bytes_of(const nn_tensor_source *t) {
    return elements_of(t) * type_of(t)->size;
}

/* Wide elements first, so that all data is aligned; then by name. */
static int by_width_and_name(const void *a, const void *b) {
    const nn_tensor_source *x = *(const nn_tensor_source *const *)a;
    const nn_tensor_source *y = *(const nn_tensor_source *const *)b;
    if (type_of(x)->size != type_of(y)->size)
        return type_of(x)->size > type_of(y)->size ? -1 : 1;
    return strcmp(x->name, y->name);
}

static void put_entry(base_json_writer *w, const nn_tensor_source *t, size_t begin) {
    const char *dtype = type_of(t)->name;
    base_json_open(w, t->name, '{');
    base_json_put_text(w, "dtype", dtype, strlen(dtype));
    base_json_open(w, "shape", '[');
    for (size_t i = 0; i < t->dim_count; i++)
        base_json_put_size(w, NULL, t->dims[i]);
    base_json_close(w, ']');
    base_json_open(w, "data_offsets", '[');
    base_json_put_size(w, NULL, begin);
    base_json_put_size(w, NULL, begin + bytes_of(t));
    base_json_close(w, ']');
    base_json_close(w, '}');
}

/* 8 bytes of length, then the JSON text, with spaces up to a multiple of 8. */
static bool make_header(writer *w) {
    base_error *error = w->error;
    base_bytes json = {0};
    base_json_writer put = {.out = &json, .error = error};
    size_t at = 0;
    base_json_open(&put, NULL, '{');
    base_json_open(&put, "__metadata__", '{');
    base_json_put_text(&put, "format", "pt", 2);
    base_json_close(&put, '}');
    for (size_t i = 0; i < w->count; i++) {
        put_entry(&put, w->order[i], at);
        at += bytes_of(w->order[i]);
    }
    base_json_close(&put, '}');
    bool ok = base_ok(error);
    while (ok && json.size % 8 != 0)
        ok = base_bytes_add(&json, " ", 1, error);
    uint64_t length = json.size;
    ok = ok && base_bytes_add(&w->header, &length, sizeof length, error) &&
         base_bytes_add(&w->header, json.data, json.size, error);
    base_bytes_free(&json);
    return ok;
}

static bool put(const writer *w, const void *data, size_t bytes) {
    return bytes == 0 || fwrite(data, 1, bytes, w->file) == bytes;
}

static bool refuse_value(const writer *w, const nn_tensor_source *t, const real *values, size_t at,
                         size_t n) {
    const nn_dtype *type = type_of(t);
    unsigned char out[sizeof(float)];
    for (size_t i = 0; i < n; i++)
        if (!type->from_real(values + i, 1, out)) {
            char shown[200];
            return base_fail(w->error, BASE_BAD_INPUT,
                             "tensor %s: element %zu is %g, which is beyond the largest number of "
                             "%s",
                             base_escape(shown, sizeof shown, t->name, strlen(t->name)), at + i,
                             (double)values[i], type->name);
        }
    return false;
}

static bool put_converted(const writer *w, const nn_tensor_source *t) {
    enum { CHUNK = 4096 };
    real values[CHUNK];
    unsigned char out[CHUNK * sizeof(float)];
    const nn_dtype *from = t->raw ? nn_dtype_find(t->raw_dtype) : NULL, *to = type_of(t);
    for (size_t i = 0, n, all = elements_of(t); i < all; i += n) {
        n = all - i < CHUNK ? all - i : CHUNK;
        const real *part = from ? values : t->values + i;
        if (from)
            from->to_real((const unsigned char *)t->raw + i * from->size, n, values);
        if (!to->from_real(part, n, out))
            return refuse_value(w, t, part, i, n);
        if (!put(w, out, n * to->size))
            return false;
    }
    return true;
}

static bool put_tensor(const writer *w, const nn_tensor_source *t) {
    const char *type = type_of(t)->name;
    if (t->raw && !strcmp(t->raw_dtype, type))
        return put(w, t->raw, bytes_of(t));
    if (!t->raw && !strcmp(type, "F32") && sizeof(real) == sizeof(float))
        return put(w, t->values, bytes_of(t));
    return put_converted(w, t);
}

static bool put_all(const writer *w) {
    bool ok = put(w, w->header.data, w->header.size);
    for (size_t i = 0; ok && i < w->count; i++)
        ok = put_tensor(w, w->order[i]);
    return fflush(w->file) == 0 && ok;
}

static bool write_file(writer *w, const char *path) {
    w->file = fopen(path, "wb");
    if (!w->file)
        return base_fail(w->error, BASE_FAILED, "%s: cannot create: %s", path, strerror(errno));
    bool ok = put_all(w);
    ok = fclose(w->file) == 0 && ok;
    if (ok)
        return true;
    base_fail(w->error, BASE_FAILED, "%s: cannot write: %s", path, strerror(errno));
    remove(path);
    return false;
}

bool nn_safetensors_write(const char *path, const nn_tensor_source *tensors, size_t count,
                          base_error *error) {
    writer w = {.order = base_alloc(count, sizeof *w.order, error), .count = count, .error = error};
    if (!w.order)
        return false;
    for (size_t i = 0; i < count; i++)
        w.order[i] = &tensors[i];
    qsort(w.order, count, sizeof *w.order, by_width_and_name);
    bool ok = make_header(&w) && write_file(&w, path);
    base_bytes_free(&w.header);
    free(w.order);
    return ok;
}
