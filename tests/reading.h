/* Corpora that tests read, and what is in them. */
#ifndef TESTS_READING_H
#define TESTS_READING_H

#include "data/reader.h"

extern const data_reader_options reading_labels; /* classes, or scores, under their usual names */
extern const data_reader_options reading_scores;

/* The corpus of a file; fails the test on errors. */
data_corpus *reading_well(const char *path, data_reader_options options);

/* Expects exactly this error; the file's base name replaces its folder. */
void reading_fails(const char *path, data_reader_options options, const char *message);

data_row reading_row(const data_corpus *corpus, size_t i);

/* Expects this text in row i. */
void reading_text(const data_corpus *corpus, size_t i, size_t column, const char *text);

#endif
