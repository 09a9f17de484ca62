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
} writer;

static const char *dtype_of(const nn_tensor_source *t) {
    return t->raw ? t->raw_dtype : "F32";
}

static size_t element_size(const nn_tensor_source *t) {
    const nn_dtype *type = nn_dtype_find(dtype_of(t));
    return type ? type->size : 0;
}

static size_t elements_of(const nn_tensor_source *t) {
    size_t n = 1;
    for (size_t i = 0; i < t->dim_count; i++)
        n *= t->dims[i];
    return n;
}

static size_t bytes_of(const nn_tensor_source *t) {
    return t->raw ? t->raw_size : elements_of(t) * sizeof(float);
}

/* Wide elements first, so that all data is aligned; then by name. */
static int by_width_and_name(const void *a, const void *b) {
    const nn_tensor_source *x = *(const nn_tensor_source *const *)a;
    const nn_tensor_source *y = *(const nn_tensor_source *const *)b;
    if (element_size(x) != element_size(y))
        return element_size(x) > element_size(y) ? -1 : 1;
    return strcmp(x->name, y->name);
}

static void put_entry(base_json_writer *w, const nn_tensor_source *t, size_t begin) {
    const char *dtype = dtype_of(t);
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
static bool make_header(writer *w, base_error *error) {
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

static bool put(FILE *f, const void *data, size_t bytes) {
    return bytes == 0 || fwrite(data, 1, bytes, f) == bytes;
}

static bool put_values(FILE *f, const real *values, size_t n) {
    enum { CHUNK = 4096 };
    float out[CHUNK];
    if (sizeof(real) == sizeof(float))
        return put(f, values, n * sizeof(float));
    for (size_t i = 0; i < n; i += CHUNK) {
        size_t part = n - i < CHUNK ? n - i : CHUNK;
        for (size_t j = 0; j < part; j++)
            out[j] = (float)values[i + j];
        if (!put(f, out, part * sizeof *out))
            return false;
    }
    return true;
}

static bool put_all(FILE *f, const writer *w) {
    bool ok = put(f, w->header.data, w->header.size);
    for (size_t i = 0; ok && i < w->count; i++) {
        const nn_tensor_source *t = w->order[i];
        ok = t->raw ? put(f, t->raw, t->raw_size) : put_values(f, t->values, elements_of(t));
    }
    return fflush(f) == 0 && ok;
}

static bool write_file(const writer *w, const char *path, base_error *error) {
    FILE *f = fopen(path, "wb");
    if (!f)
        return base_fail(error, BASE_FAILED, "%s: cannot create: %s", path, strerror(errno));
    bool ok = put_all(f, w);
    ok = fclose(f) == 0 && ok;
    if (ok)
        return true;
    base_fail(error, BASE_FAILED, "%s: cannot write: %s", path, strerror(errno));
    remove(path);
    return false;
}

bool nn_safetensors_write(const char *path, const nn_tensor_source *tensors, size_t count,
                          base_error *error) {
    writer w = {.order = base_alloc(count, sizeof *w.order, error), .count = count};
    if (!w.order)
        return false;
    for (size_t i = 0; i < count; i++)
        w.order[i] = &tensors[i];
    qsort(w.order, count, sizeof *w.order, by_width_and_name);
    bool ok = make_header(&w, error) && write_file(&w, path, error);
    base_bytes_free(&w.header);
    free(w.order);
    return ok;
}
