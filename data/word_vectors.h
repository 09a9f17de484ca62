/* Word vectors as text, as GloVe's program writes them: a line a word, "WORD NUMBER ... NUMBER"
 * with single spaces between; a first line of two numbers is word2vec's head, "WORDS COLUMNS".
 * Every line has as many numbers as the head says, else as the first line has. */
#ifndef DATA_WORD_VECTORS_H
#define DATA_WORD_VECTORS_H

#include "data/vocabulary.h"

/* Row i of values [words, columns] is the vector of word i. Word 0 is no line's but
 * "PADDING_TOKEN", whose vector is zero, as sentence-transformers has it. */
typedef struct data_word_vectors {
    data_vocabulary *words;
    float *values;
    size_t columns, capacity; /* of rows in memory */
} data_word_vectors;

/* Reads a plain or gzipped file; errors name line and column. Of a word that stands twice the last
 * line counts, and words with a space in them, which no tokenizer gives, are left out (but one
 * whose last part is a number means a line with too many of them): a warning counts both. Free with
 * data_word_vectors_free, also after an error. */
bool data_word_vectors_read(data_word_vectors *vectors, const char *path, base_error *error);
void data_word_vectors_free(data_word_vectors *vectors);

#endif
