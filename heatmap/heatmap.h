/* A similarity matrix as a picture: labelled cells and a colour bar, in SVG. */
#ifndef HEATMAP_HEATMAP_H
#define HEATMAP_HEATMAP_H

#include "data/corpus.h"

enum { HEATMAP_MAX = 500 }; /* sentences; above some 50 the labels grow small */

/* Appends the picture of similarity[count * count] (-1 .. 1; not finite is drawn grey) between the
 * sentences, one row and one column each. Long sentences are shortened, numbers stand in the cells
 * while they fit. BASE_BAD_INPUT for no or more than HEATMAP_MAX sentences. */
bool heatmap_svg(base_bytes *out, const data_text *sentences, size_t count,
                 const double *similarity, base_error *error);

#endif
