/* Learns a WordPiece vocabulary from text.
 *
 * Byte-pair encoding over the letters of words (Sennrich, Haddow & Birch 2016, section 3.2), as the
 * trainer of the `tokenizers` package does it: from all letters (each as it begins a word and, with
 * "##" before it, as it continues one) the most frequent pair of neighbours becomes a piece, again
 * and again. Of pairs equally frequent the one of older pieces comes first. */
#ifndef VOCAB_LEARNER_H
#define VOCAB_LEARNER_H

#include "data/vocabulary.h"

typedef struct vocab_learner vocab_learner;

/* Words longer than this many letters are unknown to a tokenizer and not learnt from. */
enum { VOCAB_LONGEST_WORD = 100 };

/* Free with vocab_learner_free. `lower_case`: lower and strip accents. */
vocab_learner *vocab_learner_new(bool lower_case, base_error *error);
void vocab_learner_free(vocab_learner *learner);

/* Counts the words of a text (UTF-8). */
bool vocab_learner_text(vocab_learner *learner, const char *text, size_t size, base_error *error);

/* Words counted so far, how many of them are distinct, and how many were too long. */
typedef struct vocab_words {
    uint64_t all, too_long;
    size_t distinct;
} vocab_words;
vocab_words vocab_learner_words(const vocab_learner *learner);

/* At most `size` pieces: [PAD] [UNK] [CLS] [SEP] [MASK], letters, and what was learnt, in order;
 * fewer when nothing is left to join. BASE_BAD_INPUT when `size` has no room for every letter. Free
 * with data_vocabulary_free. */
data_vocabulary *vocab_learner_learn(const vocab_learner *learner, size_t size, base_error *error);

#endif
