/* Distinct texts: equal texts get the same number, 0, 1, 2, ... in order of first appearance. */
#ifndef DATA_TEXT_TABLE_H
#define DATA_TEXT_TABLE_H

#include "data/corpus.h"

typedef struct data_text_table data_text_table;

/* A table for at most `texts` texts (< 2^32 - 1). Free with data_text_table_free. */
data_text_table *data_text_table_new(size_t texts, base_error *error);
void data_text_table_free(data_text_table *table);

/* The number of a text, which is put in if it is new (the bytes are not copied and must outlive the
 * table). */
uint32_t data_text_table_add(data_text_table *table, data_text text);

size_t data_text_table_count(const data_text_table *table);
data_text data_text_table_get(const data_text_table *table, uint32_t number);

#endif
