/* Hard negatives as rows to train on: triplets, n-tuples, labelled pairs. */
#ifndef CLI_NEGATIVE_FORMS_H
#define CLI_NEGATIVE_FORMS_H

#include "cli/table.h"
#include "search/negatives.h"

enum { CLI_MOST_NEGATIVES = 100, CLI_NEGATIVE_COLUMNS = 2 * CLI_MOST_NEGATIVES + 4 };

typedef struct cli_negative_form cli_negative_form;

/* By name: "triplet" (also NULL), "n-tuple", "labelled-pair". */
const cli_negative_form *cli_negative_form_find(const char *name, base_error *error);

/* What is written; the arrays are the caller's, numbers as in search/negatives.h. */
typedef struct cli_negative_rows {
    const data_text *anchors, *texts;
    const size_t *start, *positive;
    const search_negatives *found;
    size_t count; /* negatives an anchor, at most; 1 .. CLI_MOST_NEGATIVES */
    bool scores;  /* columns of them, too */
    cli_table *table;
    char name[2 * CLI_MOST_NEGATIVES][48]; /* of the columns of n-tuples */
} cli_negative_rows;

/* The columns' names, of the form or in rows->name, with a NULL at the end. */
void cli_negative_names(cli_negative_rows *rows, const cli_negative_form *form,
                        const char *names[CLI_NEGATIVE_COLUMNS]);

/* Writes an anchor's rows:
 *   triplet        anchor, positive, negative (positive_score, negative_score), for each positive
 *                  and negative
 *   n-tuple        anchor, positive, negative_1 .. (positive_score, negative_1_score ..), for each
 *                  positive; none when there are fewer negatives than `count`
 *   labelled-pair  anchor, text, label (score): the positives with 1, then the negatives with 0 */
bool cli_negative_put(const cli_negative_rows *rows, const cli_negative_form *form, size_t anchor);

#endif
