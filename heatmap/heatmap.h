/* A similarity matrix as a picture: labelled cells and a colour bar, in SVG. */
#ifndef HEATMAP_HEATMAP_H
#define HEATMAP_HEATMAP_H

#include "data/corpus.h"

enum { HEATMAP_MAX = 500 }; /* sentences; above some 50 the labels grow small */

/* Values at the two ends of the colours, low < high. */
typedef struct heatmap_range {
    double low, high;
} heatmap_range;

/* Appends the picture of similarity[count * count] (-1 .. 1; not finite is drawn grey) between the
 * sentences, one row and one column each. Zero is white, where the range has it; values outside of
 * it have the colour of its end. Without a range it ends at 1 and begins at 0, or at the multiple
 * of 0.2 below the smallest value. Long sentences are shortened, what no terminal should see of
 * them is escaped (base_escape), numbers stand in the cells while they fit. BASE_BAD_INPUT for no
 * or more than HEATMAP_MAX sentences. */
bool heatmap_svg(base_bytes *out, const data_text *sentences, size_t count,
                 const double *similarity, const heatmap_range *range, base_error *error);

#endif
