#include "base/memory.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool base_size_mul(size_t a, size_t b, size_t *out) {
    return !__builtin_mul_overflow(a, b, out);
}

bool base_size_add(size_t a, size_t b, size_t *out) {
    return !__builtin_add_overflow(a, b, out);
}

void *base_alloc(size_t count, size_t size, base_error *error) {
    size_t bytes;
    if (!base_size_mul(count, size, &bytes)) {
        base_fail(error, BASE_FAILED, "%zu elements of %zu bytes are more than memory can hold",
                  count, size);
        return NULL;
    }
    void *memory = calloc(bytes ? bytes : 1, 1);
    if (!memory)
        base_fail(error, BASE_FAILED, "out of memory: %zu bytes wanted", bytes);
    return memory;
}

void *base_alloc_rows(size_t rows, size_t columns, size_t size, base_error *error) {
    size_t bytes;
    if (base_size_mul(columns, size, &bytes))
        return base_alloc(rows, bytes, error);
    base_fail(error, BASE_FAILED, "%zu elements of %zu bytes are more than memory can hold",
              columns, size);
    return NULL;
}

bool base_grow(void *array_pointer, size_t *capacity, size_t need, size_t size, base_error *error) {
    if (need <= *capacity)
        return true;
    size_t count = *capacity < SIZE_MAX / 2 ? *capacity * 2 : need, bytes;
    if (count < need)
        count = need;
    if (count < 16)
        count = 16;
    if (!base_size_mul(count, size, &bytes))
        return base_fail(error, BASE_FAILED,
                         "%zu elements of %zu bytes are more than memory can hold", count, size);
    void *old;
    memcpy(&old, array_pointer, sizeof old);
    void *grown = realloc(old, bytes);
    if (!grown)
        return base_fail(error, BASE_FAILED, "out of memory: %zu bytes wanted", bytes);
    memcpy(array_pointer, &grown, sizeof grown);
    *capacity = count;
    return true;
}

size_t base_sort_distinct(void *array, size_t count, size_t size,
                          int (*compare)(const void *, const void *)) {
    char *first = array;
    size_t kept = 0;
    if (count > 0)
        qsort(array, count, size, compare);
    for (size_t i = 0; i < count; i++) {
        const char *each = first + i * size;
        if (kept > 0 && compare(each, first + (kept - 1) * size) == 0)
            continue;
        memmove(first + kept++ * size, each, size);
    }
    return kept;
}

static char *format_list(const char *format, va_list args, size_t *size) {
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    char *text = n < 0 ? NULL : malloc((size_t)n + 1);
    if (text)
        vsnprintf(text, (size_t)n + 1, format, again);
    va_end(again);
    *size = n < 0 ? 0 : (size_t)n;
    return text;
}

char *base_format(const char *format, ...) {
    size_t size;
    va_list args;
    va_start(args, format);
    char *text = format_list(format, args, &size);
    va_end(args);
    return text;
}

char *base_copy(const char *bytes, size_t n) {
    char *copy = n < SIZE_MAX ? malloc(n + 1) : NULL;
    if (!copy)
        return NULL;
    if (n)
        memcpy(copy, bytes, n);
    copy[n] = '\0';
    return copy;
}

bool base_ends_with(const char *text, const char *ending) {
    size_t size = strlen(text), tail = strlen(ending);
    return size >= tail && !strcmp(text + size - tail, ending);
}

bool base_bytes_add(base_bytes *bytes, const void *data, size_t size, base_error *error) {
    size_t need;
    if (!base_size_add(bytes->size, size, &need) || !base_size_add(need, 1, &need))
        return base_fail(error, BASE_FAILED, "a text is more than memory can hold");
    if (!base_grow(&bytes->data, &bytes->capacity, need, 1, error))
        return false;
    if (size)
        memcpy(bytes->data + bytes->size, data, size);
    bytes->size += size;
    bytes->data[bytes->size] = '\0';
    return true;
}

bool base_bytes_format(base_bytes *bytes, base_error *error, const char *format, ...) {
    size_t size;
    va_list args;
    va_start(args, format);
    char *text = format_list(format, args, &size);
    va_end(args);
    if (!text)
        return base_fail(error, BASE_FAILED, "out of memory");
    bool ok = base_bytes_add(bytes, text, size, error);
    free(text);
    return ok;
}

bool base_bytes_names(base_bytes *bytes, const char *const *names, base_error *error) {
    for (size_t i = 0; names[i]; i++)
        if (!base_bytes_format(bytes, error, "%s%s", i ? ", " : "", names[i]))
            return false;
    return true;
}

bool base_bytes_escape(base_bytes *bytes, const char *text, size_t size, base_error *error) {
    static const char four[] = "\\x00"; /* what a byte becomes, at most */
    size_t room, need;
    if (!base_size_mul(size + 1, sizeof four - 1, &room) ||
        !base_size_add(bytes->size, room + 1, &need))
        return base_fail(error, BASE_FAILED, "out of memory");
    if (!base_grow(&bytes->data, &bytes->capacity, need, 1, error))
        return false;
    bytes->size += strlen(base_escape(bytes->data + bytes->size, room, text, size));
    return true;
}

void base_bytes_free(base_bytes *bytes) {
    free(bytes->data);
    *bytes = (base_bytes){0};
}
