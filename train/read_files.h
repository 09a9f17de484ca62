/* Several files as one corpus. */
#ifndef TRAIN_READ_FILES_H
#define TRAIN_READ_FILES_H

#include "base/keys.h"
#include "data/reader.h"

/* Reads the files (at least one) one after the other; all need the same columns. The corpus is
 * named after all of them. */
data_corpus *train_read_files(const base_key_names *paths, const data_reader_options *options,
                              base_error *error);

#endif
