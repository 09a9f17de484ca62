#include "data/table.h"

#include <stdio.h>
#include <string.h>

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
    char shown[500], times[40] = "";
    if (found)
        snprintf(times, sizeof times, ", not %zu", found);
    bool ok = true;
    for (size_t i = 0; ok && i < r->cells_count; i++)
        ok = base_bytes_add(&list, ", ", i ? 2 : 0, error) &&
             base_bytes_add(&list, r->cells[i].bytes, r->cells[i].size, error);
    if (ok)
        base_fail(error, BASE_BAD_INPUT,
                  "%s: line %zu, column 1: found the columns %s; expected one named \"%s\"%s",
                  r->file, r->line, base_escape(shown, sizeof shown, list.data, list.size), name,
                  times);
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

bool data_table_header(data_reading *r, base_error *error) {
    r->header_cells = r->cells_count;
    for (size_t i = 0; i < r->wanted; i++)
        if (!find_column(r, i, error))
            return false;
    return true;
}

static void pick(data_reading *r) {
    for (size_t i = 0; i < r->wanted; i++)
        r->field[i] = r->cells[r->position[i]];
}

bool data_table_fields(data_reading *r, base_error *error) {
    if (r->cells_count != r->header_cells)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: line %zu, column 1: found %zu columns, expected %zu as in the header",
                         r->file, r->line, r->cells_count, r->header_cells);
    pick(r);
    return true;
}

bool data_table_ragged_fields(data_reading *r, base_error *error) {
    size_t least = 0;
    for (size_t i = 0; i < r->wanted; i++)
        least = r->position[i] + 1 > least ? r->position[i] + 1 : least;
    if (r->cells_count < least || r->cells_count > r->header_cells)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: line %zu, column 1: found %zu columns, expected %zu to %zu", r->file,
                         r->line, r->cells_count, least, r->header_cells);
    pick(r);
    return true;
}
