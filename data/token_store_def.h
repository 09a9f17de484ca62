/* What a token store is inside, for the two ways to fill one: data/token_store_make.c from a corpus
 * in memory, data/token_cache.c from mapped files. Arrays are the heap's, or lie in `map`. */
#ifndef DATA_TOKEN_STORE_DEF_H
#define DATA_TOKEN_STORE_DEF_H

#include "base/mapping.h"
#include "data/token_store.h"

struct data_token_store {
    char *name;
    data_target_kind kind;
    size_t rows, columns;
    size_t positions; /* rows * columns */

    uint32_t *slot_of; /* [positions] number of its ids; NULL: they are the position's own */
    uint64_t *start;   /* [slots + 1] where a slot's ids begin in ids */
    uint32_t *ids;
    size_t slots;
    size_t *skip; /* [columns] ids of the prompt; the heap's */

    uint32_t *text_of; /* [positions] number of the distinct text, of which there are `distinct` */
    size_t distinct;
    uint64_t *hash; /* [positions] of the text, where there are no numbers */

    uint32_t *label;  /* [rows] of DATA_TARGET_CLASS */
    double *score;    /* [rows] of DATA_TARGET_SCORE, as in the file */
    double low, high; /* their range, when high > low */
    uint64_t *line;   /* [rows] */

    size_t truncated;
    size_t *of_length; /* [longest + 1] sequences with that many ids; the heap's */
    size_t longest;
    const data_tokenizer *tokenizer; /* of pairs, else NULL */
    size_t max_length;

    /* Of a cache (data/token_cache_def.h). */
    char *folder; /* NULL: none */
    base_mapping map[6];
    size_t id_count, longest_text; /* ids; of a text */
    uint32_t *to;                  /* [labels] the label of one as it stands in `label` */
    size_t labels;
    uint32_t *sum; /* [rows] */
};

/* Fills an empty store with the rows of a corpus from `first` on, which keeps its texts. */
bool data_token_store_make(data_token_store *store, const data_corpus *corpus, size_t first,
                           const data_tokenising *how, base_error *error);

/* Ids of a position (row * columns + column). */
static inline size_t data_token_store_length(const data_token_store *store, size_t position) {
    size_t slot = store->slot_of ? store->slot_of[position] : position;
    return store->start[slot + 1] - store->start[slot];
}

#endif
