#include "data/text_table.h"

#include "base/random.h"

#include <stdlib.h>
#include <string.h>

enum { EMPTY = 0 };

struct data_text_table {
    data_text *text; /* [count] */
    uint32_t *slot;  /* [mask + 1] number + 1, or EMPTY; open addressing, at most half full */
    size_t count, mask;
};

static uint64_t hash(data_text text) {
    uint64_t h = text.size, word;
    size_t i = 0;
    for (; i + sizeof word <= text.size; i += sizeof word) {
        memcpy(&word, text.bytes + i, sizeof word);
        h = base_random_mix(h, word);
    }
    word = 0;
    if (i < text.size)
        memcpy(&word, text.bytes + i, text.size - i);
    return base_random_mix(h, word);
}

data_text_table *data_text_table_new(size_t texts, base_error *error) {
    size_t slots = 16;
    if (texts >= UINT32_MAX) {
        base_fail(error, BASE_FAILED, "%zu texts are more than one corpus can hold", texts);
        return NULL;
    }
    while (slots < 2 * texts)
        slots *= 2;
    data_text_table *table = base_alloc(1, sizeof *table, error);
    if (!table)
        return NULL;
    table->mask = slots - 1;
    table->text = base_alloc(texts, sizeof *table->text, error);
    table->slot = base_alloc(slots, sizeof *table->slot, error);
    if (table->text && table->slot)
        return table;
    data_text_table_free(table);
    return NULL;
}

void data_text_table_free(data_text_table *table) {
    if (!table)
        return;
    free(table->text);
    free(table->slot);
    free(table);
}

uint32_t data_text_table_add(data_text_table *table, data_text text) {
    for (size_t i = hash(text) & table->mask;; i = (i + 1) & table->mask) {
        if (table->slot[i] == EMPTY) {
            table->text[table->count] = text;
            table->slot[i] = (uint32_t)++table->count;
            return table->slot[i] - 1;
        }
        data_text other = table->text[table->slot[i] - 1];
        if (other.size == text.size &&
            (text.size == 0 || !memcmp(other.bytes, text.bytes, text.size)))
            return table->slot[i] - 1;
    }
}

size_t data_text_table_count(const data_text_table *table) {
    return table->count;
}

data_text data_text_table_get(const data_text_table *table, uint32_t number) {
    return table->text[number];
}
