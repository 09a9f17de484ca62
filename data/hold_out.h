/* Which rows of a corpus a run takes: some drawn by seed, and some held out to evaluate on. */
#ifndef DATA_HOLD_OUT_H
#define DATA_HOLD_OUT_H

#include "base/random.h"
#include "data/corpus.h"

/* Draws `wanted` (at most all) of `rows` rows, each choice as likely: taken[i] says of row i
 * whether it is one. */
void data_draw_rows(size_t rows, size_t wanted, base_random random, bool *taken);

/* Marks rows to be held out, `wanted` of them or, where that can not be, somewhat fewer. Rows with
 * a text in common, in whatever column, stay on one side, and so do rows that are joined by others
 * (the connected components of rows and texts): groups are drawn in random order, and one that
 * would make too many rows is passed over. *held rows in *groups groups. False when memory is out.
 */
bool data_hold_out(const data_corpus *corpus, size_t wanted, base_random random, bool *taken,
                   size_t *held, size_t *groups, base_error *error);

#endif
