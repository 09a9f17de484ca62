/* The four normalization forms (Unicode Standard Annex 15), as the `tokenizers` package has them:
 * what its Unicode version does not know stays as it is. */
#ifndef DATA_UNICODE_FORM_H
#define DATA_UNICODE_FORM_H

#include "base/memory.h"

#include <stdint.h>

typedef enum data_unicode_form {
    DATA_UNICODE_NFC,
    DATA_UNICODE_NFD,
    DATA_UNICODE_NFKC,
    DATA_UNICODE_NFKD,
} data_unicode_form;

/* Memory that one text leaves to the next; start with {0}. */
typedef struct data_code_points {
    uint32_t *point, *sorted;
    size_t count, capacity, sorted_capacity;
} data_code_points;

void data_code_points_free(data_code_points *points);

/* Appends text[0..size) (valid UTF-8) in the form to out. */
bool data_unicode_form_add(data_unicode_form form, const char *text, size_t size, base_bytes *out,
                           data_code_points *scratch, base_error *error);

#endif
