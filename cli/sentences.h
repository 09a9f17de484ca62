/* Sentences from files and from the command line. */
#ifndef CLI_SENTENCES_H
#define CLI_SENTENCES_H

#include "data/corpus.h"
#include "data/line_reader.h"

/* Start with {0}; free with cli_sentences_free, also on failure. */
typedef struct cli_sentences {
    data_corpus *corpus;
    data_text *text; /* [count], valid until the next call that adds */
    size_t count;
} cli_sentences;

/* Adds every line of a file, plain or gzipped ("-": standard input); an empty line is an empty
 * sentence. Ill-formed UTF-8 is replaced, and said. */
bool cli_sentences_file(cli_sentences *s, const char *path, base_error *error);

/* Adds the next lines, at most so many. */
bool cli_sentences_lines(cli_sentences *s, data_line_reader *lines, size_t most, base_error *error);

/* Adds words[0..count), one sentence each. */
bool cli_sentences_words(cli_sentences *s, const char *const *words, size_t count,
                         base_error *error);

/* Takes the rows of a corpus with one text column, and the corpus itself, also on failure; NULL
 * fails. s must be empty. */
bool cli_sentences_take(cli_sentences *s, data_corpus *corpus, base_error *error);

void cli_sentences_free(cli_sentences *s);

#endif
