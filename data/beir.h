/* Queries, the texts to find and what is relevant, in BEIR's form (Thakur et al. 2021): a folder
 * with corpus.jsonl and queries.jsonl (objects with "_id", "text" and, of texts, perhaps "title",
 * which comes before the text with a space between), and, in qrels/, .tsv files with the header
 * query-id, corpus-id, score. All plain or, with .gz behind the name, gzipped. */
#ifndef DATA_BEIR_H
#define DATA_BEIR_H

#include "data/corpus.h"

/* A text that answers a query. */
typedef struct data_relevance {
    size_t query, text; /* rows of queries and of texts */
} data_relevance;

typedef struct data_beir {
    data_corpus *texts, *queries; /* columns: the text, its id */
    data_relevance *relevant;     /* [count], by query, then by text, none twice */
    size_t count;
    size_t asked; /* queries with a relevant text */
} data_beir;

/* `path` is the folder, then the qrels are its qrels/test.tsv or, without one, dev.tsv; or it is a
 * file in qrels/. A text is relevant when its score is above 0. Errors: an id that comes twice,
 * qrels that name an id that is not there, nothing relevant at all. Free with data_beir_free. */
data_beir *data_beir_read(const char *path, base_error *error);
void data_beir_free(data_beir *b);

/* Gives the paths of the three files to `visit`, until one returns false. */
bool data_beir_files(const char *path,
                     bool (*visit)(void *context, const char *file, base_error *error),
                     void *context, base_error *error);

#endif
