/* Splitting a word at a pattern, and what becomes of the delimiters. Equal to split() of the
 * `tokenizers` package. */
#ifndef DATA_SPLIT_H
#define DATA_SPLIT_H

#include "data/pattern.h"

/* A stretch of text between two matches, or a match. */
typedef struct data_part {
    size_t begin, end;
    bool match;
} data_part;

/* Start with {0}; the array is the holder's to free. */
typedef struct data_parts {
    data_part *part;
    size_t count, capacity;
} data_parts;

/* Drops or joins parts, where a match is a delimiter. Of "a--b" at "-": "a", "b"; "a", "-", "-",
 * "b"; "a", "--", "b"; "a-", "-", "b"; "a", "-", "-b". */
typedef void data_split_behavior(data_parts *parts);
void data_split_removed(data_parts *parts);
void data_split_isolated(data_parts *parts);
void data_split_contiguous(data_parts *parts);
void data_split_merged_with_next(data_parts *parts);

/* By the name that tokenizer.json has ("Removed", ..., also "MergedWithPrevious"), NULL if none. */
data_split_behavior *data_split_behavior_of(const char *name);

/* Replaces *out by the parts of text[begin..end), none of them empty. `invert`: what does not match
 * is the delimiter. */
bool data_split(const data_pattern *pattern, data_split_behavior *behavior, bool invert,
                const char *text, size_t begin, size_t end, data_parts *out, base_error *error);

#endif
