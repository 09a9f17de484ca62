/* Similarity matrices as a picture: labelled cells and a colour bar, in SVG. */
#ifndef HEATMAP_HEATMAP_H
#define HEATMAP_HEATMAP_H

#include "data/corpus.h"

enum { HEATMAP_MAX = 500 }; /* sentences; above some 50 the labels grow small */

/* Values at the two ends of the colours, low < high. */
typedef struct heatmap_range {
    double low, high;
} heatmap_range;

/* One matrix. */
typedef struct heatmap_panel {
    const char *title;        /* stands above it; NULL: nothing */
    const double *similarity; /* [count * count], a row and a column for each sentence */
} heatmap_panel;

/* What is drawn: one matrix, or several of the same sentences side by side. */
typedef struct heatmap {
    const data_text *sentences;
    size_t count;
    const heatmap_panel *panels;
    size_t panel_count;
    const heatmap_range *range; /* NULL: to 1, from 0 or the multiple of 0.2 below the smallest */
    const char *scale;          /* what the numbers are, at the colour bar: "cosine" */
} heatmap;

/* Appends the picture. All panels have the same colours: zero is white, where the range has it;
 * values outside of the range have the colour of its end, and what is not finite is grey. Long
 * sentences are shortened, what no terminal should see of them is escaped (base_escape), numbers
 * stand in the cells while they fit. Beside other panels columns have the sentences' numbers alone.
 * BASE_BAD_INPUT for no or more than HEATMAP_MAX sentences, or no panel. */
bool heatmap_svg(base_bytes *out, const heatmap *picture, base_error *error);

#endif
