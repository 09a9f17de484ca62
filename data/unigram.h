/* The unigram language model (Kudo 2018): of all ways to cut a word into pieces the one whose
 * scores have the largest sum, found by Viterbi's algorithm. Equal to Unigram of the `tokenizers`
 * package, its ties and its rounding included. */
#ifndef DATA_UNIGRAM_H
#define DATA_UNIGRAM_H

#include "data/tokenizer.h"
#include "data/vocabulary.h"

typedef struct data_unigram data_unigram;

/* `score` has one of each piece (a logarithm of its probability; copied). A character that no piece
 * begins with costs 10 more than the worst piece and is `unknown` (DATA_NO_PIECE: an error when it
 * comes up), several such in a row are one; or with `byte_fallback` its bytes, <0x00> to <0xFF>, if
 * all of them are pieces. The vocabulary must outlive the model. Free with data_unigram_free. */
data_unigram *data_unigram_new(const data_vocabulary *vocabulary, const double *score,
                               uint32_t unknown, bool byte_fallback, base_error *error);
void data_unigram_free(data_unigram *model);

/* Memory that one word leaves to the next; start with {0}, free with data_unigram_scratch_free. */
typedef struct data_unigram_scratch {
    struct data_unigram_node *node;
    size_t capacity;
} data_unigram_scratch;

void data_unigram_scratch_free(data_unigram_scratch *scratch);

/* Pushes the pieces of a word (valid UTF-8, not empty). */
bool data_unigram_encode(const data_unigram *model, const char *word, size_t size,
                         data_unigram_scratch *scratch, data_tokens *out, base_error *error);

#endif
