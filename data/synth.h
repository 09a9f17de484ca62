/* The built-in corpus: NLI pairs and scored pairs from a small grammar, so that a model can be
 * trained and judged without a download. Meaning decides, not word overlap: roles are swapped,
 * voice and synonyms changed, words made more general, events negated. */
#ifndef DATA_SYNTH_H
#define DATA_SYNTH_H

#include "base/error.h"

#include <stdint.h>

/* The files of pairs, and how many each has. */
typedef enum data_synth_split {
    DATA_SYNTH_TRAIN,
    DATA_SYNTH_DEV,
    DATA_SYNTH_TEST
} data_synth_split;
typedef struct data_synth_file {
    const char *name;
    data_synth_split split;
    size_t rows;
    bool scored; /* a score column; otherwise gold_label */
} data_synth_file;
const data_synth_file *data_synth_files(size_t *count);

/* Writes into the folder (made if missing): nli-train.tsv, nli-dev.tsv, nli-test.tsv (header
 * gold_label, sentence1, sentence2), sts-train.tsv, sts-dev.tsv, sts-test.tsv (header score,
 * sentence1, sentence2; score 0 to 5) and sentences.txt (the sentences of the training files, one a
 * line, for `sbert vocab`). Files depend on the seed alone. No sentence of a train, dev or test
 * file stands in a file of another kind. Labels are balanced, no pair has two equal sentences. */
bool data_synth_write(const char *folder, uint64_t seed, base_error *error);

#endif
