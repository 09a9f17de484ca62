/* Heap memory with checked sizes. */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include "base/error.h"

/* *out = a * b (or a + b); false when the result does not fit in a size_t. */
bool base_size_mul(size_t a, size_t b, size_t *out);
bool base_size_add(size_t a, size_t b, size_t *out);

/* Zeroed array of count elements of size bytes, to be given to free(). NULL and BASE_FAILED when
 * count * size overflows or memory is out. A count of 0 gives a pointer that is not NULL. */
void *base_alloc(size_t count, size_t size, base_error *error);

/* The same of rows of `columns` elements each. */
void *base_alloc_rows(size_t rows, size_t columns, size_t size, base_error *error);

/* Grows *array (elements of size bytes, *capacity of them) to hold at least `need` elements, at
 * least doubling. New elements are not zeroed. On failure the array is untouched. */
bool base_grow(void *array_pointer, size_t *capacity, size_t need, size_t size, base_error *error);

/* Sorts and, of elements that compare equal, keeps one; returns how many are left, in front. */
size_t base_sort_distinct(void *array, size_t count, size_t size,
                          int (*compare)(const void *, const void *));

/* printf into fresh heap memory; NULL when memory is out. */
char *base_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Heap copy of n bytes with a NUL after them; NULL when memory is out. */
char *base_copy(const char *bytes, size_t n);

/* Whether text is `ending` or has it at its end. */
bool base_ends_with(const char *text, const char *ending);

/* Bytes that belong to the holder; data[size] is always NUL. Release with base_bytes_free. */
typedef struct base_bytes {
    char *data;
    size_t size, capacity;
} base_bytes;

bool base_bytes_add(base_bytes *bytes, const void *data, size_t size, base_error *error);
bool base_bytes_format(base_bytes *bytes, base_error *error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Appends text for people to read: what base_escape does to it, whole. */
bool base_bytes_escape(base_bytes *bytes, const char *text, size_t size, base_error *error);
/* Appends "a, b, c" from a NULL-terminated list. */
bool base_bytes_names(base_bytes *bytes, const char *const *names, base_error *error);
void base_bytes_free(base_bytes *bytes);

#endif
