/* Grapheme clusters: what a reader takes for one character. */
#ifndef DATA_GRAPHEME_H
#define DATA_GRAPHEME_H

#include <stddef.h>

/* Where the extended grapheme cluster that begins at text[at) ends (at < size; valid UTF-8). Rules
 * GB3 to GB11 of Unicode Standard Annex 29 with the classes of data/unicode.h. Flags (GB12, GB13)
 * are not kept together: no cluster of more than 5 bytes is looked at as a whole. */
size_t data_grapheme_end(const char *text, size_t size, size_t at);

#endif
