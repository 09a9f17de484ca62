/* Tables with TABs between columns, a header, and nothing quoted. */
#include "data/table.h"

static bool recognises(const char *path, const data_line *first) {
    (void)first;
    return data_path_ends(path, ".tsv") || data_path_ends(path, ".txt");
}

static bool open_table(data_reading *reading, base_error *error) {
    return data_table_tabs(reading, error) && data_table_header(reading, error);
}

static bool next(data_reading *reading, base_error *error) {
    return data_table_tabs(reading, error) && data_table_fields(reading, error);
}

const data_reader_def data_reader_tsv = {
    "tsv", "TABs between columns, names in the first line, no quoting", recognises, open_table,
    next};
