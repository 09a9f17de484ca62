/* The built-in corpus: NLI pairs and scored pairs from a small grammar, so that a model can be
 * trained and judged without a download. Meaning decides, not word overlap: roles are swapped,
 * voice and synonyms changed, words made more general, events negated. */
#ifndef SYNTH_H
#define SYNTH_H

#include "base/error.h"

#include <stdint.h>

/* The files of pairs, and how many each has. */
typedef enum synth_split { SYNTH_TRAIN, SYNTH_DEV, SYNTH_TEST } synth_split;
typedef struct synth_file {
    const char *name;
    synth_split split;
    size_t rows;
    bool scored; /* a score column; otherwise gold_label */
} synth_file;
const synth_file *synth_files(size_t *count);

/* Writes into the folder (made if missing): nli-train.tsv, nli-dev.tsv, nli-test.tsv (header
 * gold_label, sentence1, sentence2), sts-train.tsv, sts-dev.tsv, sts-test.tsv (header score,
 * sentence1, sentence2; score 0 to 5) and sentences.txt (the sentences of the training files, one a
 * line, for `sbert vocab`). Files depend on the seed alone. No sentence of a train, dev or test
 * file stands in a file of another kind. Labels are balanced, no pair has two equal sentences. */
bool synth_write(const char *folder, uint64_t seed, base_error *error);

#endif
