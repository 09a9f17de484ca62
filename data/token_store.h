/* A corpus as training reads it: the token ids of all texts, made once (equal texts are stored
 * once), and of each row the target and the line it came from. The texts are gone.
 *
 * A row makes sequences: one a text column or, for cross-encoders, one a pair of its first text and
 * each other one (data/pair.h). Of pairs the ids of a text are its own alone, uncut. */
#ifndef DATA_TOKEN_STORE_H
#define DATA_TOKEN_STORE_H

#include "base/progress.h"
#include "data/prompt.h"

typedef struct data_token_store data_token_store;

/* How texts become ids. */
typedef struct data_tokenising {
    const data_tokenizer *tokenizer; /* of pairs: outlives the store */
    bool pairs;
    size_t max_length;             /* ids of a sequence, its prompt included */
    const data_prompt *prompt;     /* [columns] before the texts of each column, of pairs one
                                    * prompt before the first; NULL: nothing */
    const base_progress *progress; /* told how many of the distinct texts are done, at last all of
                                    * them; may stop it; NULL: nobody */
} data_tokenising;

/* Tokenises every text of the corpus, on all threads of the pool. `how` is not kept. Frees the
 * corpus, also on failure. */
data_token_store *data_token_store_new(data_corpus *corpus, const data_tokenising *how,
                                       base_error *error);
void data_token_store_free(data_token_store *store);

const char *data_token_store_name(const data_token_store *store); /* of the corpus's file */
size_t data_token_store_rows(const data_token_store *store);
size_t data_token_store_columns(const data_token_store *store);
data_target_kind data_token_store_kind(const data_token_store *store);

/* Sequences of a row, and whether they are pairs. */
size_t data_token_store_sequences(const data_token_store *store);
bool data_token_store_pairs(const data_token_store *store);

/* Of pairs: ids of the sequence of a row's first text and text `column` of the row `other`, and its
 * ids and types, at most max_length. Both return their number. */
size_t data_token_store_pair_length(const data_token_store *store, size_t row, size_t other,
                                    size_t column);
size_t data_token_store_pair(const data_token_store *store, size_t row, size_t other, size_t column,
                             uint32_t *ids, uint32_t *types);

/* Ids of the longest sequence that rows can make, of pairs also with each other. */
size_t data_token_store_longest(const data_token_store *store);

/* Of a row: label, score as losses take it (0..1; of a row with a label: that number), line in the
 * file (data/corpus.h). */
uint32_t data_token_store_label(const data_token_store *store, size_t row);
double data_token_store_score(const data_token_store *store, size_t row);
size_t data_token_store_line(const data_token_store *store, size_t row);

/* Whether rows are as they were written, where the store lies in files (data/token_cache.h): to be
 * asked before the functions above and below are asked of them, but for labels and texts. */
bool data_token_store_check(const data_token_store *store, const uint32_t *rows, size_t count,
                            base_error *error);

/* Ids of a row's text column; *count of them, owned by the store. */
const uint32_t *data_token_store_ids(const data_token_store *store, size_t row, size_t column,
                                     size_t *count);

/* Of these, the first that pooling leaves out: those of the prompt. */
size_t data_token_store_skip(const data_token_store *store, size_t row, size_t column);

/* A number that is equal for equal texts (before tokenising, without prompts) and different for
 * different ones; in files a hash of 64 bits, which is so but for one pair of texts in 2^64. */
uint64_t data_token_store_text(const data_token_store *store, size_t row, size_t column);

/* The same numbers of all texts, [rows * columns], when they are 0 .. distinct-1; else NULL. */
const uint32_t *data_token_store_texts(const data_token_store *store, size_t *distinct);

size_t data_token_store_truncated(const data_token_store *store); /* sequences cut to max_length */

/* The smallest length, in ids, that at least `percentile` (0..100) per cent of the sequences do not
 * exceed (nearest rank); 100 gives the longest. */
size_t data_token_store_percentile(const data_token_store *store, double percentile);

#endif
