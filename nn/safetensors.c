#define _GNU_SOURCE
#include "nn/safetensors.h"

#include "base/file.h"
#include "base/json.h"
#include "nn/dtype.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PREFIX = 8, MAX_HEADER = 100000000 };

struct nn_safetensors {
    char *path; /* escaped, for messages */
    FILE *stream;
    uint64_t size, data;     /* of the file; where its data begins */
    cJSON *header;           /* owns the names */
    nn_tensor_info *tensors; /* in the order of their data */
    const nn_tensor_info **by_name;
    size_t count;
};

static bool bad(const nn_safetensors *file, base_error *error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static bool bad(const nn_safetensors *file, base_error *error, const char *format, ...) {
    char sentence[768];
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    return base_fail(error, BASE_BAD_INPUT, "%s: %s", file->path, sentence);
}

static bool read_at(nn_safetensors *file, uint64_t offset, void *out, size_t bytes,
                    base_error *error) {
    if (fseeko(file->stream, (off_t)offset, SEEK_SET) == 0 &&
        fread(out, 1, bytes, file->stream) == bytes)
        return true;
    return bad(file, error, "cannot read %zu bytes at byte %llu: %s", bytes,
               (unsigned long long)offset,
               ferror(file->stream) ? strerror(errno) : "the file ends before");
}

static bool read_prefix(nn_safetensors *file, uint64_t *length, base_error *error) {
    unsigned char prefix[PREFIX];
    if (file->size < PREFIX)
        return bad(file, error, "the file has %llu bytes, expected at least %d (the header length)",
                   (unsigned long long)file->size, PREFIX);
    if (!read_at(file, 0, prefix, PREFIX, error))
        return false;
    *length = 0;
    for (int i = PREFIX; i-- > 0;)
        *length = *length << 8 | prefix[i];
    if (*length == 0 || *length > MAX_HEADER)
        return bad(file, error, "byte 0: the header length is %llu, expected 1 to %d",
                   (unsigned long long)*length, MAX_HEADER);
    if (*length > file->size - PREFIX)
        return bad(file, error,
                   "the file is cut short: it has %llu bytes, its header alone needs %llu",
                   (unsigned long long)file->size, (unsigned long long)*length + PREFIX);
    return true;
}

static bool read_header(nn_safetensors *file, base_error *error) {
    uint64_t length = 0;
    if (!read_prefix(file, &length, error))
        return false;
    char *text = base_alloc((size_t)length, 1, error);
    if (!text)
        return false;
    if (read_at(file, PREFIX, text, (size_t)length, error))
        file->header = base_json_parse(text, (size_t)length, file->path, 1, error);
    free(text);
    file->data = PREFIX + length;
    if (file->header && !cJSON_IsObject(file->header))
        return bad(file, error, "the header is not a JSON object");
    return file->header != NULL;
}

static bool whole(const cJSON *item, uint64_t *out) {
    double v = cJSON_IsNumber(item) ? item->valuedouble : -1;
    if (!(v >= 0 && v <= 0x1p53) || floor(v) < v)
        return false;
    *out = (uint64_t)v;
    return true;
}

static bool parse_shape(nn_safetensors *file, const cJSON *shape, nn_tensor_info *t,
                        const char *shown, base_error *error) {
    if (!cJSON_IsArray(shape) || cJSON_GetArraySize(shape) > NN_MAX_DIMS)
        return bad(file, error, "tensor %s: shape is not an array of at most %d sizes", shown,
                   NN_MAX_DIMS);
    t->elements = 1;
    for (const cJSON *item = shape->child; item; item = item->next) {
        uint64_t dim;
        if (!whole(item, &dim))
            return bad(file, error, "tensor %s: a size in its shape is not a whole number", shown);
        t->dims[t->dim_count++] = (size_t)dim;
        if (!base_size_mul(t->elements, (size_t)dim, &t->elements))
            return bad(file, error, "tensor %s: its shape is more than memory can hold", shown);
    }
    return true;
}

static bool parse_offsets(nn_safetensors *file, const cJSON *offsets, nn_tensor_info *t,
                          const char *shown, base_error *error) {
    uint64_t begin, end;
    if (!cJSON_IsArray(offsets) || cJSON_GetArraySize(offsets) != 2 ||
        !whole(offsets->child, &begin) || !whole(offsets->child->next, &end) || begin > end)
        return bad(file, error, "tensor %s: data_offsets is not [begin, end] with begin <= end",
                   shown);
    size_t bytes;
    const nn_dtype *type = nn_dtype_find(t->dtype);
    if (!base_size_mul(t->elements, type->size, &bytes) || end - begin != bytes)
        return bad(file, error,
                   "tensor %s: data_offsets span %llu bytes, its shape and type need %zu of %zu",
                   shown, (unsigned long long)(end - begin), t->elements, type->size);
    t->begin = file->data + begin;
    t->end = file->data + end;
    return true;
}

static bool parse_tensor(nn_safetensors *file, const cJSON *item, base_error *error) {
    char shown[200], type[40];
    base_escape(shown, sizeof shown, item->string, strlen(item->string));
    nn_tensor_info *t = &file->tensors[file->count];
    *t = (nn_tensor_info){.file = file, .name = item->string};
    if (!cJSON_IsObject(item))
        return bad(file, error, "tensor %s: its entry is not a JSON object", shown);
    t->dtype = cJSON_GetStringValue(base_json_get(item, "dtype"));
    if (!t->dtype)
        return bad(file, error, "tensor %s: dtype is missing or not a string", shown);
    if (!nn_dtype_find(t->dtype))
        return bad(file, error, "tensor %s: dtype \"%s\" is unknown", shown,
                   base_escape(type, sizeof type, t->dtype, strlen(t->dtype)));
    file->count++;
    return parse_shape(file, base_json_get(item, "shape"), t, shown, error) &&
           parse_offsets(file, base_json_get(item, "data_offsets"), t, shown, error);
}

static bool parse_header(nn_safetensors *file, base_error *error) {
    size_t n = 0;
    for (const cJSON *item = file->header->child; item; item = item->next)
        n++;
    file->tensors = base_alloc(n, sizeof *file->tensors, error);
    if (!file->tensors)
        return false;
    for (const cJSON *item = file->header->child; item; item = item->next)
        if (strcmp(item->string, "__metadata__") != 0 && !parse_tensor(file, item, error))
            return false;
    return true;
}

static int by_place(const void *a, const void *b) {
    const nn_tensor_info *x = a, *y = b;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    return x->end < y->end ? -1 : x->end > y->end;
}

/* The data is one tensor after the other, without holes or overlaps, up to the file's end. */
static bool check_places(nn_safetensors *file, base_error *error) {
    qsort(file->tensors, file->count, sizeof *file->tensors, by_place);
    uint64_t at = file->data;
    for (size_t i = 0; i < file->count; i++) {
        const nn_tensor_info *t = &file->tensors[i];
        char shown[200];
        if (t->begin != at)
            return bad(file, error, "tensor %s: its data begins at byte %llu, expected %llu (%s)",
                       base_escape(shown, sizeof shown, t->name, strlen(t->name)),
                       (unsigned long long)t->begin, (unsigned long long)at,
                       t->begin < at ? "it overlaps the tensor before" : "a hole lies before it");
        at = t->end;
    }
    if (at > file->size)
        return bad(file, error,
                   "the file is cut short: it has %llu bytes, its header describes "
                   "%llu",
                   (unsigned long long)file->size, (unsigned long long)at);
    if (at < file->size)
        return bad(file, error, "byte %llu: %llu bytes after the last tensor, expected none",
                   (unsigned long long)at, (unsigned long long)(file->size - at));
    return true;
}

static int compare_names(const void *a, const void *b) {
    const nn_tensor_info *const *x = a, *const *y = b;
    return strcmp((*x)->name, (*y)->name);
}

static bool sort_by_name(nn_safetensors *file, base_error *error) {
    file->by_name = base_alloc(file->count, sizeof *file->by_name, error);
    for (size_t i = 0; file->by_name && i < file->count; i++)
        file->by_name[i] = &file->tensors[i];
    if (file->by_name)
        qsort(file->by_name, file->count, sizeof *file->by_name, compare_names);
    return file->by_name != NULL;
}

static bool open_stream(nn_safetensors *file, const char *path, base_error *error) {
    char shown[512];
    base_escape(shown, sizeof shown, path, strlen(path));
    file->path = base_copy(shown, strlen(shown));
    if (!file->path)
        return base_fail(error, BASE_FAILED, "out of memory");
    if (base_file_exists(path) && !base_file_is_regular(path))
        return bad(file, error, "cannot open: it is a %s",
                   base_file_is_folder(path) ? "folder" : "pipe or a device");
    if (!base_file_size(path, &file->size, error))
        return false;
    file->stream = fopen(path, "rb");
    return file->stream || bad(file, error, "cannot open: %s", strerror(errno));
}

nn_safetensors *nn_safetensors_open(const char *path, base_error *error) {
    nn_safetensors *file = base_alloc(1, sizeof *file, error);
    if (!file)
        return NULL;
    if (open_stream(file, path, error) && read_header(file, error) && parse_header(file, error) &&
        check_places(file, error) && sort_by_name(file, error))
        return file;
    nn_safetensors_close(file);
    return NULL;
}

void nn_safetensors_close(nn_safetensors *file) {
    if (!file)
        return;
    if (file->stream)
        fclose(file->stream);
    cJSON_Delete(file->header);
    free(file->tensors);
    free(file->by_name);
    free(file->path);
    free(file);
}

size_t nn_safetensors_count(const nn_safetensors *file) {
    return file->count;
}

const nn_tensor_info *nn_safetensors_at(const nn_safetensors *file, size_t i) {
    return &file->tensors[i];
}

const nn_tensor_info *nn_safetensors_find(const nn_safetensors *file, const char *name) {
    const nn_tensor_info wanted = {.name = name}, *key = &wanted;
    const nn_tensor_info **found =
        bsearch(&key, file->by_name, file->count, sizeof *file->by_name, compare_names);
    return found ? *found : NULL;
}

static bool read_converted(nn_safetensors *file, const nn_tensor_info *tensor, const nn_dtype *type,
                           real *out, base_error *error) {
    enum { CHUNK = 4096 };
    unsigned char bytes[CHUNK * sizeof(double)];
    for (size_t i = 0; i < tensor->elements; i += CHUNK) {
        size_t n = tensor->elements - i < CHUNK ? tensor->elements - i : CHUNK;
        if (!read_at(file, tensor->begin + i * type->size, bytes, n * type->size, error))
            return false;
        type->to_real(bytes, n, out + i);
    }
    return true;
}

static bool all_finite(const nn_safetensors *file, const nn_tensor_info *tensor, const real *values,
                       base_error *error) {
    size_t wrong = 0;
    for (size_t i = 0; i < tensor->elements; i++)
        wrong += isfinite(values[i]) ? 0 : 1;
    for (size_t i = 0; wrong && i < tensor->elements; i++)
        if (!isfinite(values[i]))
            return bad(file, error, "tensor %s: element %zu is not a finite number", tensor->name,
                       i);
    return true;
}

bool nn_safetensors_read(nn_safetensors *file, const nn_tensor_info *tensor, real *out,
                         base_error *error) {
    const nn_dtype *type = nn_dtype_find(tensor->dtype);
    if (!type->to_real)
        return bad(file, error, "tensor %s: its dtype is %s, expected F32, F16 or BF16",
                   tensor->name, tensor->dtype);
    bool same = sizeof(real) == sizeof(float) && !strcmp(tensor->dtype, "F32");
    bool ok = same ? read_at(file, tensor->begin, out, tensor->elements * sizeof *out, error)
                   : read_converted(file, tensor, type, out, error);
    return ok && all_finite(file, tensor, out, error);
}

bool nn_safetensors_read_raw(nn_safetensors *file, const nn_tensor_info *tensor, void *out,
                             base_error *error) {
    return read_at(file, tensor->begin, out, (size_t)(tensor->end - tensor->begin), error);
}
