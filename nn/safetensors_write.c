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

static bool add_quoted(base_bytes *out, const char *text, base_error *error) {
    cJSON *item = cJSON_CreateStringReference(text);
    char *quoted = item ? base_json_line(item) : NULL;
    bool ok = quoted ? base_bytes_add(out, quoted, strlen(quoted), error)
                     : base_fail(error, BASE_FAILED, "out of memory");
    free(quoted);
    cJSON_Delete(item);
    return ok;
}

static bool add_entry(base_bytes *out, const nn_tensor_source *t, uint64_t begin,
                      base_error *error) {
    bool ok = base_bytes_add(out, ",", 1, error) && add_quoted(out, t->name, error) &&
              base_bytes_format(out, error, ":{\"dtype\":\"%s\",\"shape\":[", dtype_of(t));
    for (size_t i = 0; ok && i < t->dim_count; i++)
        ok = base_bytes_format(out, error, "%s%zu", i ? "," : "", t->dims[i]);
    return ok &&
           base_bytes_format(out, error, "],\"data_offsets\":[%llu,%llu]}",
                             (unsigned long long)begin, (unsigned long long)(begin + bytes_of(t)));
}

/* 8 bytes of length, then the JSON text, with spaces up to a multiple of 8. */
static bool make_header(writer *w, base_error *error) {
    base_bytes json = {0};
    uint64_t at = 0;
    bool ok = base_bytes_format(&json, error, "{\"__metadata__\":{\"format\":\"pt\"}");
    for (size_t i = 0; ok && i < w->count; i++) {
        ok = add_entry(&json, w->order[i], at, error);
        at += bytes_of(w->order[i]);
    }
    ok = ok && base_bytes_add(&json, "}", 1, error);
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
