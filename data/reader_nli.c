/* SNLI (Bowman et al. 2015) and MultiNLI (Williams et al. 2018) in their official forms: .jsonl, or
 * .txt with TABs and a header, told apart by the first byte. Rows of the .txt may lack columns
 * behind the wanted ones (the annotators' labels). */
#include "data/reader_def.h"

#include <string.h>

static const char txt_header[] = "gold_label\tsentence1_binary_parse\t";

static bool recognises(const char *path, const data_line *first) {
    (void)path;
    return first->size >= sizeof txt_header - 1 &&
           !memcmp(first->bytes, txt_header, sizeof txt_header - 1);
}

static bool open_either(data_reading *r, base_error *error) {
    data_line first;
    if (!data_line_reader_peek(r->lines, &first, error))
        return false;
    if (first.size && first.bytes[0] == '{')
        return true;
    return data_table_tabs(r, error) && data_table_header(r, error);
}

static bool next(data_reading *r, base_error *error) {
    if (r->header_cells == 0)
        return data_json_line(r, error);
    return data_table_tabs(r, error) && data_table_fields(r, true, error);
}

const data_reader_def data_reader_nli = {
    .name = "nli",
    .summary = "SNLI's and MultiNLI's official .jsonl or .txt",
    .recognises = recognises,
    .open = open_either,
    .next = next,
};
