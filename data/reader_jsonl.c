/* JSON lines: one object a line, columns by key. */
#include "data/reader_jsonl.h"

#include "base/number.h"

#include <stdlib.h>
#include <string.h>

static bool recognises(const char *path, const data_line *first) {
    return data_path_ends(path, ".jsonl") || (first->size && first->bytes[0] == '{');
}

static bool fail_missing(const data_reading *r, const char *name, base_error *error) {
    base_bytes list = {0};
    char shown[500];
    bool ok = base_bytes_add(&list, "", 0, error);
    for (const cJSON *item = r->tree->child; ok && item; item = item->next)
        ok = base_bytes_format(&list, error, "%s%s", list.size ? ", " : "", item->string);
    if (ok)
        base_fail(
            error, BASE_BAD_INPUT,
            "%s: line %zu: found no key \"%s\" (the object has: %s), expected it in every row",
            r->file, r->line, name, base_escape(shown, sizeof shown, list.data, list.size));
    base_bytes_free(&list);
    return false;
}

static bool fail_value(const data_reading *r, const cJSON *item, const char *name,
                       const char *expected, base_error *error) {
    char *found = base_json_line(item), shown[120];
    base_fail(error, BASE_BAD_INPUT, "%s: line %zu: %s is %s, expected %s", r->file, r->line, name,
              found ? base_escape(shown, sizeof shown, found, strlen(found)) : "?", expected);
    free(found);
    return false;
}

static bool take_field(data_reading *r, size_t i, bool number_allowed, base_error *error) {
    const cJSON *item = base_json_get(r->tree, r->name[i]);
    if (!item)
        return fail_missing(r, r->name[i], error);
    const char *text = item->valuestring;
    if (cJSON_IsNumber(item) && number_allowed) {
        text = base_number_format(item->valuedouble, r->number);
    } else if (!cJSON_IsString(item)) {
        return fail_value(r, item, r->name[i], number_allowed ? "a string or a number" : "a string",
                          error);
    }
    r->field[i] = (data_field){text, strlen(text), r->line, 0};
    return true;
}

bool data_jsonl_next(data_reading *r, base_error *error) {
    data_line line;
    cJSON_Delete(r->tree);
    r->tree = NULL;
    if (!data_line_reader_next(r->lines, &line, error))
        return false;
    r->line = line.number;
    r->tree = base_json_parse(line.bytes, line.size, r->file, line.number, error);
    if (!r->tree)
        return false;
    if (!cJSON_IsObject(r->tree))
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: line %zu, column 1: found a value that is no object, expected {...}",
                         r->file, r->line);
    for (size_t i = 0; i < r->wanted; i++)
        if (!take_field(r, i, i >= r->text_columns, error))
            return false;
    return true;
}

static bool open_plain(data_reading *reading, base_error *error) {
    (void)reading;
    (void)error;
    return true;
}

const data_reader_def data_reader_jsonl = {"jsonl", "one JSON object a line, columns by key",
                                           recognises, open_plain, data_jsonl_next};
