/* Tables: cells between TABs, nothing quoted; and comma-separated values (RFC 4180). The first line
 * has the columns' names, or their names are their numbers. */
#include "data/reader_def.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- cells to wanted fields ---- */

bool data_table_add(data_reading *r, data_field cell, base_error *error) {
    if (!base_grow(&r->cells, &r->cells_capacity, r->cells_count + 1, sizeof *r->cells, error))
        return false;
    r->cells[r->cells_count++] = cell;
    return true;
}

bool data_table_tabs(data_reading *r, base_error *error) {
    data_line line;
    r->cells_count = 0;
    if (!data_line_reader_next(r->lines, &line, error))
        return false;
    r->line = line.number;
    const char *at = line.bytes, *end = line.bytes + line.size;
    for (;;) {
        const char *tab = memchr(at, '\t', (size_t)(end - at)), *stop = tab ? tab : end;
        data_field cell = {at, (size_t)(stop - at), line.number, (size_t)(at - line.bytes) + 1};
        if (!data_table_add(r, cell, error))
            return false;
        if (!tab)
            return true;
        at = tab + 1;
    }
}

/* The column stands `found` times in the header, which is not once. */
static bool fail_header(const data_reading *r, const char *name, size_t found, base_error *error) {
    base_bytes list = {0};
    char shown[500], need[120], times[40] = "";
    if (found)
        snprintf(times, sizeof times, ", not %zu", found);
    bool ok = true;
    for (size_t i = 0; ok && i < r->cells_count; i++)
        ok = base_bytes_add(&list, ", ", i ? 2 : 0, error) &&
             base_bytes_add(&list, r->cells[i].bytes, r->cells[i].size, error);
    if (ok)
        base_fail(error, BASE_BAD_INPUT,
                  "%s: line %zu, column 1: found the columns %s; expected one named \"%s\"%s%s",
                  r->file, r->line, base_escape(shown, sizeof shown, list.data, list.size), name,
                  times, data_reading_need(r, name, need, sizeof need));
    base_bytes_free(&list);
    return false;
}

static bool find_column(data_reading *r, size_t wanted, base_error *error) {
    const char *name = r->name[wanted];
    size_t size = strlen(name), found = 0;
    for (size_t i = 0; i < r->cells_count; i++)
        if (r->cells[i].size == size && !memcmp(r->cells[i].bytes, name, size)) {
            r->position[wanted] = i;
            found++;
        }
    return found == 1 || fail_header(r, name, found, error);
}

/* The column's name is its number, from 1. */
static bool find_numbered(data_reading *r, size_t wanted, base_error *error) {
    const char *name = r->name[wanted];
    size_t digits = strspn(name, "0123456789");
    unsigned long number = digits && digits < 10 && !name[digits] ? strtoul(name, NULL, 10) : 0;
    r->position[wanted] = number - 1;
    char shown[100];
    return (number >= 1 && number <= r->cells_count) ||
           base_fail(error, BASE_BAD_INPUT,
                     "%s: line %zu: found %zu columns and no header, expected \"%s\" to be the "
                     "number of one, from 1",
                     r->file, r->line, r->cells_count,
                     base_escape(shown, sizeof shown, name, strlen(name)));
}

bool data_table_header(data_reading *r, base_error *error) {
    r->header_cells = r->cells_count;
    for (size_t i = 0; i < r->wanted; i++)
        if (!(r->no_header ? find_numbered : find_column)(r, i, error))
            return false;
    return true;
}

bool data_table_fields(data_reading *r, bool ragged, base_error *error) {
    size_t least = ragged ? 0 : r->header_cells;
    for (size_t i = 0; i < r->wanted; i++)
        least = r->position[i] + 1 > least ? r->position[i] + 1 : least;
    if (r->cells_count < least || r->cells_count > r->header_cells) {
        char most[40] = "";
        if (ragged)
            snprintf(most, sizeof most, " to %zu", r->header_cells);
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: line %zu, column 1: found %zu columns, expected %zu%s", r->file,
                         r->line, r->cells_count, least,
                         ragged         ? most
                         : r->no_header ? " as in the first line"
                                        : " as in the header");
    }
    for (size_t i = 0; i < r->wanted; i++)
        r->field[i] = r->cells[r->position[i]];
    return true;
}

/* ---- a row of CSV: a cell in double quotes may hold commas, line ends and doubled quotes ---- */

/* Where a record is being read: a line of the file, and the byte in it. */
typedef struct csv_scan {
    data_reading *reading;
    data_line line;
    size_t at;
    base_error *error;
} csv_scan;

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
static bool add_cell(csv_scan *s) {
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

static bool read_record(data_reading *r, base_error *error) {
    csv_scan s = {.reading = r, .error = error};
    r->cells_count = r->text.size = 0;
    if (!data_line_reader_next(r->lines, &s.line, error))
        return false;
    r->line = s.line.number;
    for (;; s.at++) {
        if (!add_cell(&s))
            return false;
        if (s.at == s.line.size)
            break;
    }
    const char *at = r->text.data;
    for (size_t i = 0; i < r->cells_count; at += r->cells[i++].size)
        r->cells[i].bytes = at;
    return true;
}

/* ---- the formats ---- */

typedef bool read_row(data_reading *reading, base_error *error);

/* Reads the first row, which is the header or, without one, is kept for the first `next`. */
static bool open_table(data_reading *r, read_row *read, base_error *error) {
    r->row_waits = r->no_header;
    return read(r, error) && data_table_header(r, error);
}

static bool next_row(data_reading *r, read_row *read, base_error *error) {
    if (!r->row_waits && !read(r, error))
        return false;
    r->row_waits = false;
    return data_table_fields(r, false, error);
}

static bool is_csv(const char *path, const data_line *first) {
    (void)first;
    return data_path_ends(path, ".csv");
}

static bool open_csv(data_reading *reading, base_error *error) {
    return open_table(reading, read_record, error);
}

static bool next_csv(data_reading *reading, base_error *error) {
    return next_row(reading, read_record, error);
}

static bool is_tsv(const char *path, const data_line *first) {
    return data_path_ends(path, ".tsv") || data_path_ends(path, ".txt") ||
           (!strcmp(path, "-") && first->size && memchr(first->bytes, '\t', first->size));
}

static bool open_tsv(data_reading *reading, base_error *error) {
    return open_table(reading, data_table_tabs, error);
}

static bool next_tsv(data_reading *reading, base_error *error) {
    return next_row(reading, data_table_tabs, error);
}

const data_reader_def data_reader_csv = {
    .name = "csv",
    .summary = "commas between columns, RFC 4180 quoting, header",
    .header_optional = true,
    .recognises = is_csv,
    .open = open_csv,
    .next = next_csv,
};

const data_reader_def data_reader_tsv = {
    .name = "tsv",
    .summary = "TABs between columns, names in the first line, no quoting",
    .header_optional = true,
    .recognises = is_tsv,
    .open = open_tsv,
    .next = next_tsv,
};
