/* Noise for denoising autoencoders: texts of which words are deleted (Wang et al. 2021, "TSDAE",
 * section 3). */
#ifndef DATA_NOISE_H
#define DATA_NOISE_H

#include "data/corpus.h"

/* A corpus of the same rows with one more column before the others: the first text without some of
 * its words, which white space parts; each is deleted with this probability (0..1), by (seed, row).
 * When none is left, one of them stays, each as likely; what is left is parted by one space. A text
 * without words stays as it is. Target and lines are kept, names of labels not. NULL: more than
 * DATA_MAX_COLUMNS columns (BASE_BAD_INPUT), or no memory. */
data_corpus *data_noise_add(const data_corpus *corpus, double ratio, uint64_t seed,
                            base_error *error);

#endif
