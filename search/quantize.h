/* Vectors in fewer bits, for engines that search in those: the bytes of sentence-transformers'
 * quantize_embeddings. */
#ifndef SEARCH_QUANTIZE_H
#define SEARCH_QUANTIZE_H

#include "base/error.h"

/* int8, uint8: each column's range, from its least to its largest number, in 256 steps, numbers
 * outside at the ends. binary, ubinary: a bit a column, set when the number is above 0, the first
 * column in the highest bit, eight a byte, zeros behind the last. int8 and binary: the same bytes
 * less 128, as signed numbers. */
typedef struct search_precision {
    const char *name;
    bool ranges, is_signed;
    unsigned char flip; /* of every byte */
} search_precision;

/* By name; an error names all. */
const search_precision *search_precision_find(const char *name, base_error *error);

typedef struct search_quantizer {
    const search_precision *precision;
    size_t width;
    float *low, *high; /* [width]: the range of each column; NULL when not needed */
    size_t seen;       /* rows that the ranges are of */
} search_quantizer;

/* Release with search_quantizer_free, also on failure. */
bool search_quantizer_start(search_quantizer *q, const search_precision *precision, size_t width,
                            base_error *error);
void search_quantizer_free(search_quantizer *q);

/* Widens the ranges by row[width], which is finite. */
void search_quantizer_see(search_quantizer *q, const float *row);

/* Bytes of a row. */
size_t search_quantized_size(const search_quantizer *q);

/* row[width], which is finite, into out[search_quantized_size]. */
void search_quantize(const search_quantizer *q, const float *row, unsigned char *out);

#endif
