/* CSV as RFC 4180 has it, names in the first line: commas between columns; a cell in double quotes
 * may hold commas, line ends and doubled quotes. */
#include "data/table.h"

#include <stdint.h>
#include <string.h>

/* Where a record is being read: a line of the file, and the byte in it. */
typedef struct csv_scan {
    data_reading *reading;
    data_line line;
    size_t at;
    base_error *error;
} csv_scan;

static bool recognises(const char *path, const data_line *first) {
    (void)first;
    return data_path_ends(path, ".csv");
}

static bool add_text(csv_scan *s, const char *bytes, size_t size) {
    return base_bytes_add(&s->reading->text, bytes, size, s->error);
}

/* The cell goes on in the next line. */
static bool continue_line(csv_scan *s, const data_field *cell) {
    const char *end = s->line.ended_cr ? "\r\n" : "\n";
    if (!add_text(s, end, strlen(end)))
        return false;
    s->at = 0;
    if (data_line_reader_next(s->reading->lines, &s->line, s->error))
        return true;
    return base_fail(
        s->error, BASE_BAD_INPUT,
        "%s: line %zu, column %zu: found an opening quote and no closing one, expected "
        "it before the end of the file",
        s->reading->file, cell->line, cell->column);
}

static bool quoted(csv_scan *s, const data_field *cell) {
    s->at++;
    for (;;) {
        const char *from = s->line.bytes + s->at;
        size_t rest = s->line.size - s->at;
        const char *quote = memchr(from, '"', rest);
        size_t size = quote ? (size_t)(quote - from) : rest;
        if (!add_text(s, from, size))
            return false;
        s->at += size;
        if (!quote) {
            if (!continue_line(s, cell))
                return false;
        } else if (s->at + 1 < s->line.size && quote[1] == '"') {
            if (!add_text(s, "\"", 1))
                return false;
            s->at += 2;
        } else {
            s->at++;
            return true;
        }
    }
}

static bool fail_here(csv_scan *s, const char *expected) {
    char shown[40];
    size_t rest = s->line.size - s->at;
    return base_fail(
        s->error, BASE_BAD_INPUT, "%s: line %zu, column %zu: found \"%s\", expected %s",
        s->reading->file, s->line.number, s->at + 1,
        base_escape(shown, sizeof shown, s->line.bytes + s->at, rest < 12 ? rest : 12), expected);
}

static bool bare(csv_scan *s) {
    size_t from = s->at;
    while (s->at < s->line.size && s->line.bytes[s->at] != ',') {
        if (s->line.bytes[s->at] == '"')
            return fail_here(s, "a quote only around a whole cell, or doubled inside one");
        s->at++;
    }
    return add_text(s, s->line.bytes + from, s->at - from);
}

/* One cell; its bytes are added to the text buffer, which may move until the record is complete. */
static bool cell(csv_scan *s) {
    data_reading *r = s->reading;
    size_t begin = r->text.size;
    data_field field = {NULL, 0, s->line.number, s->at + 1};
    bool is_quoted = s->at < s->line.size && s->line.bytes[s->at] == '"';
    if (!(is_quoted ? quoted(s, &field) : bare(s)))
        return false;
    if (s->at < s->line.size && s->line.bytes[s->at] != ',')
        return fail_here(s, "a comma or the end of the line after a closing quote");
    field.size = r->text.size - begin;
    return data_table_add(r, field, s->error);
}

static bool record(data_reading *r, base_error *error) {
    csv_scan s = {.reading = r, .error = error};
    r->cells_count = r->text.size = 0;
    if (!data_line_reader_next(r->lines, &s.line, error))
        return false;
    r->line = s.line.number;
    for (;; s.at++) {
        if (!cell(&s))
            return false;
        if (s.at == s.line.size)
            break;
    }
    const char *at = r->text.data;
    for (size_t i = 0; i < r->cells_count; at += r->cells[i++].size)
        r->cells[i].bytes = at;
    return true;
}

static bool open_table(data_reading *reading, base_error *error) {
    return record(reading, error) && data_table_header(reading, error);
}

static bool next(data_reading *reading, base_error *error) {
    return record(reading, error) && data_table_fields(reading, error);
}

const data_reader_def data_reader_csv = {"csv", "commas between columns, RFC 4180 quoting, header",
                                         recognises, open_table, next};
