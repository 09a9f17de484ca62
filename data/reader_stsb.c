/* The official STS benchmark files (Cer et al. 2017): sts-train.csv, sts-dev.csv, sts-test.csv.
 * TABs between columns in spite of their name, no header, nothing quoted, 7 columns or 9 (two
 * licences behind). */
#include "data/reader_def.h"

#include <string.h>

enum { COLUMNS = 7, COLUMNS_WITH_LICENCE = 9, SCORE = 4 };

static bool recognises(const char *path, const data_line *first) {
    (void)path;
    const char *at = first->bytes, *end = first->bytes + first->size;
    size_t cells = 0;
    bool scored = false;
    for (const char *tab; at; at = tab ? tab + 1 : NULL, cells++) {
        double score;
        tab = memchr(at, '\t', (size_t)(end - at));
        if (cells == SCORE)
            scored = base_number_parse(at, (size_t)((tab ? tab : end) - at), &score);
    }
    return scored && (cells == COLUMNS || cells == COLUMNS_WITH_LICENCE);
}

static bool open_without_header(data_reading *reading, base_error *error) {
    static const char *const names[COLUMNS] = {"genre", "file",      "year",     "id",
                                               "score", "sentence1", "sentence2"};
    reading->line = 1;
    for (size_t i = 0; i < COLUMNS; i++)
        if (!data_table_add(reading, (data_field){names[i], strlen(names[i]), 1, 1}, error))
            return false;
    return data_table_header(reading, error);
}

static bool next(data_reading *r, base_error *error) {
    if (!data_table_tabs(r, error))
        return false;
    if (r->cells_count != COLUMNS && r->cells_count != COLUMNS_WITH_LICENCE)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: line %zu, column 1: found %zu columns, expected 7 or 9 with TABs "
                         "between (genre, file, year, id, score, sentence1, sentence2, ...)",
                         r->file, r->line, r->cells_count);
    r->cells_count = COLUMNS;
    return data_table_fields(r, false, error);
}

const data_reader_def data_reader_stsb = {
    .name = "stsb",
    .summary = "the STS benchmark's official csv: TABs, no header, 7 or 9 columns, scores 0 to 5",
    .recognises = recognises,
    .open = open_without_header,
    .next = next,
    .score_low = 0,
    .score_high = 5,
};
