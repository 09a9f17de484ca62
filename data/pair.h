/* Two texts in one sequence, as a cross-encoder reads them: special tokens around and between, and
 * a type for each id, by the tokenizer's template of pairs (data/post_processor.h). What is too
 * long is cut longest first. */
#ifndef DATA_PAIR_H
#define DATA_PAIR_H

#include "data/tokenizer.h"

/* Whether the tokenizer says how two texts stand together, with types below `types` (0: any), and
 * max_length has room for the special tokens and two ids. */
bool data_pair_check(const data_tokenizer *tokenizer, size_t types, size_t max_length,
                     base_error *error);

/* Ids of the sequence of two texts of `first` and `second` ids, at most max_length. */
size_t data_pair_length(const data_tokenizer *tokenizer, size_t first, size_t second,
                        size_t max_length);

/* Whether that cuts something. */
bool data_pair_is_cut(const data_tokenizer *tokenizer, size_t first, size_t second,
                      size_t max_length);

/* The sequence of two texts' ids, as the `tokenizers` package makes it with the truncation strategy
 * LongestFirst: ids and types[data_pair_length]. Returns their number. */
typedef struct data_pair {
    const uint32_t *first, *second;
    size_t first_count, second_count;
} data_pair;
size_t data_pair_join(const data_tokenizer *tokenizer, const data_pair *pair, size_t max_length,
                      uint32_t *ids, uint32_t *types);

#endif
