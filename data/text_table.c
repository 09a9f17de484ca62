#include "data/text_table.h"

#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

struct data_text_table {
    data_text *text; /* [count] */
    base_hash found;
};

data_text_table *data_text_table_new(size_t texts, base_error *error) {
    data_text_table *table = base_alloc(1, sizeof *table, error);
    if (!table)
        return NULL;
    table->text = base_alloc(texts, sizeof *table->text, error);
    if (table->text && base_hash_reserve(&table->found, texts, error))
        return table;
    data_text_table_free(table);
    return NULL;
}

void data_text_table_free(data_text_table *table) {
    if (!table)
        return;
    free(table->text);
    base_hash_free(&table->found);
    free(table);
}

uint32_t data_text_table_add(data_text_table *table, data_text text) {
    uint64_t hash = base_hash_bytes(text.bytes, text.size);
    size_t tried = 0;
    for (uint32_t i; (i = base_hash_next(&table->found, hash, &tried)) != BASE_HASH_NONE;)
        if (table->text[i].size == text.size &&
            (text.size == 0 || !memcmp(table->text[i].bytes, text.bytes, text.size)))
            return i;
    table->text[table->found.count] = text;
    base_hash_add(&table->found, hash, NULL);
    return (uint32_t)table->found.count - 1;
}

size_t data_text_table_count(const data_text_table *table) {
    return table->found.count;
}

data_text data_text_table_get(const data_text_table *table, uint32_t number) {
    return table->text[number];
}
