/* Rows of numbers to search in: the caller's memory, or a NumPy file that is mapped, so that it may
 * be larger than memory. */
#ifndef SEARCH_VECTORS_H
#define SEARCH_VECTORS_H

#include "base/error.h"
#include "nn/dtype.h"

typedef struct search_vectors {
    const char *name;           /* for messages: the file; the caller's */
    const unsigned char *bytes; /* count * width elements, row after row */
    const nn_dtype *dtype;
    size_t count, width;
    size_t first; /* rows of `name` that lie before these, for messages */
    void *map;    /* of search_vectors_open; NULL: the caller's memory */
    size_t map_size;
} search_vectors;

/* Rows in the caller's memory, which must outlive the result. `name` is for messages. */
search_vectors search_vectors_of(const char *name, const float *rows, size_t count, size_t width);

/* Maps a .npy file (NumPy's format, versions 1 to 3): two dimensions, C order, '<f4' or '<f2', as
 * many bytes as its shape says. `path` must outlive *v. Release with search_vectors_close. The
 * file must not be cut short meanwhile. */
bool search_vectors_open(search_vectors *v, const char *path, base_error *error);
void search_vectors_close(search_vectors *v);

/* Rows begin .. begin+count-1 as vectors of their own, which live as long as v. */
search_vectors search_vectors_part(const search_vectors *v, size_t begin, size_t count);

/* Rows begin .. begin+count-1 as reals: where they lie when they are reals already, else converted
 * into buffer[count * width]. */
const real *search_vectors_rows(const search_vectors *v, size_t begin, size_t count, real *buffer);

/* One row as floats, exactly, into out[width]. */
void search_vectors_row(const search_vectors *v, size_t row, float *out);

/* Whether rows must be converted, so that search_vectors_rows needs a buffer. */
bool search_vectors_convert(const search_vectors *v);

#endif
