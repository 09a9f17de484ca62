/* Files of embeddings: .npy (version 1.0, '<f4', quantized '|i1' or '|u1', C order), .tsv (a row a
 * line), .jsonl (an object a line: "sentence", "embedding"); "-" is standard output, rows as in
 * .tsv. */
#ifndef CLI_VECTORS_H
#define CLI_VECTORS_H

#include "base/unfinished.h"
#include "data/corpus.h"
#include "search/quantize.h"

typedef struct cli_vectors cli_vectors;

/* Whether `path` has an ending that names a format and is no folder or device, so that a command
 * can say so before any work. */
bool cli_vectors_check(const char *path, base_error *error);

/* Opens a file beside `path`, in the format that its ending names, for `rows` vectors of `width`
 * numbers, which are written as `quantizer` makes them (NULL: as they are; it must outlive the
 * result and have its ranges before the first row). End with cli_vectors_finish or
 * cli_vectors_abandon. */
cli_vectors *cli_vectors_open(const char *path, size_t rows, size_t width,
                              const search_quantizer *quantizer, base_error *error);

/* The same of a .npy file whose rows are written in place, `parts->rows` at a time in any order, by
 * one process or several, and gone on with after a kill (base/unfinished.h). */
typedef struct cli_vectors_parts {
    const char *origin; /* as base_unfinished_whole has it */
    size_t rows;
    base_unfinished_start start;
} cli_vectors_parts;
cli_vectors *cli_vectors_open_parts(const char *path, size_t rows, size_t width,
                                    const search_quantizer *quantizer,
                                    const cli_vectors_parts *parts, base_error *error);

/* Whether a part is done already; writing all rows of one; and having on the disk what this process
 * has written. */
bool cli_vectors_is_done(const cli_vectors *v, size_t part);
bool cli_vectors_add_part(cli_vectors *v, size_t part, const float *rows, size_t count,
                          base_error *error);
bool cli_vectors_sync(cli_vectors *v, base_error *error);

/* Appends rows; a sentence without bytes (NULL) is left out. */
bool cli_vectors_add(cli_vectors *v, const data_text *sentences, const float *rows, size_t count,
                     base_error *error);

/* Syncs the file and puts it into its place. Frees v, also on failure. */
bool cli_vectors_finish(cli_vectors *v, base_error *error);

/* Removes the file, but for one with parts that are done, which it says. Frees v; NULL is fine. */
void cli_vectors_abandon(cli_vectors *v);

#endif
