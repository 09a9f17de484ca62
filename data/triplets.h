/* Triplets for ranking losses out of NLI rows (Gao et al. 2021, "SimCSE", section 4: entailed
 * hypothesis as positive, contradicting one as hard negative). */
#ifndef DATA_TRIPLETS_H
#define DATA_TRIPLETS_H

#include "data/corpus.h"

typedef struct data_triplet_options {
    uint64_t seed;
    uint32_t entailment, contradiction; /* the labels' values */
    bool keep_pairs;                    /* entailed rows without a contradiction: kept as pairs */
    bool both_directions;               /* each row also with premise and hypothesis exchanged */
} data_triplet_options;

/* A batch never mixes shapes, hence two corpora, both without a target. Each row carries the line
 * of its entailed row, in the order of the file. */
typedef struct data_triplets {
    data_corpus *triplets; /* premise, entailed hypothesis, contradicting hypothesis */
    data_corpus *pairs;    /* premise, entailed hypothesis; without rows unless keep_pairs */
    size_t entailed;       /* entailed rows in the corpus */
    size_t unpaired;       /* of these, without a contradiction of the same premise */
    size_t unused;         /* all other rows (contradictions are drawn from them) */
} data_triplets;

/* One triplet for each entailed row whose premise also has a contradiction, which is drawn by
 * (seed, row) among those of the premise. `nli` has two text columns and labels. Start *out with
 * {0}, free it with data_triplets_free. */
bool data_triplets_make(const data_corpus *nli, const data_triplet_options *options,
                        data_triplets *out, base_error *error);
void data_triplets_free(data_triplets *triplets);

#endif
