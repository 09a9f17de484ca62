/* JSON: one object a line, or one array of objects; columns by key, or elements of a list under
 * one.
 */
#include "data/reader_def.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

static bool fail_missing(const data_reading *r, const char *name, base_error *error) {
    base_bytes list = {0};
    char shown[500], need[120];
    bool ok = base_bytes_add(&list, "", 0, error);
    for (const cJSON *item = r->tree->child; ok && item; item = item->next)
        ok = base_bytes_format(&list, error, "%s%s", list.size ? ", " : "", item->string);
    if (ok)
        base_fail(
            error, BASE_BAD_INPUT,
            "%s: line %zu: found no key \"%s\" (the object has: %s), expected it in every row%s",
            r->file, r->line, name, base_escape(shown, sizeof shown, list.data, list.size),
            data_reading_need(r, name, need, sizeof need));
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

/* The member that a name begins with, of a name "member[index]"; NULL when it is no such name. */
static const cJSON *list_of(const data_reading *r, const char *name, size_t *index) {
    const char *open = strrchr(name, '[');
    size_t digits = open ? strspn(open + 1, "0123456789") : 0;
    if (digits == 0 || digits > 6 || strcmp(open + 1 + digits, "]") != 0)
        return NULL;
    *index = strtoul(open + 1, NULL, 10);
    for (const cJSON *item = r->tree->child; item; item = item->next)
        if (strlen(item->string) == (size_t)(open - name) &&
            !memcmp(item->string, name, (size_t)(open - name)))
            return item;
    return NULL;
}

/* The value under a name, which may be that of an element of a list; NULL: an error. */
static const cJSON *find_value(const data_reading *r, const char *name, base_error *error) {
    size_t index;
    const cJSON *item = base_json_get(r->tree, name),
                *list = item ? NULL : list_of(r, name, &index);
    if (list && !cJSON_IsArray(list))
        fail_value(r, list, list->string, "a list", error);
    else if (list && (size_t)cJSON_GetArraySize(list) <= index)
        base_fail(error, BASE_BAD_INPUT,
                  "%s: line %zu: found %d texts in the list %s, expected %zu or more for the "
                  "column %s",
                  r->file, r->line, cJSON_GetArraySize(list), list->string, index + 1, name);
    else if (list)
        item = cJSON_GetArrayItem(list, (int)index);
    else if (!item)
        fail_missing(r, name, error);
    return item;
}

static bool take_field(data_reading *r, size_t i, bool is_target, base_error *error) {
    const cJSON *item = find_value(r, r->name[i], error);
    if (!item)
        return false;
    const char *text = item->valuestring;
    if (cJSON_IsNumber(item) && is_target)
        text = base_number_format(item->valuedouble, r->number);
    else if (cJSON_IsBool(item) && is_target)
        text = cJSON_IsTrue(item) ? "true" : "false";
    else if (!cJSON_IsString(item))
        return fail_value(r, item, r->name[i],
                          is_target ? "a string, a number, true or false" : "a string", error);
    r->field[i] = (data_field){text, strlen(text), r->line, 0};
    return true;
}

static bool take_object(data_reading *r, const char *text, size_t size, base_error *error) {
    cJSON_Delete(r->tree);
    r->tree = base_json_parse(text, size, r->file, r->line, error);
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

/* ---- an object a line ---- */

static bool is_lines(const char *path, const data_line *first) {
    return data_path_ends(path, ".jsonl") || (first->size && first->bytes[0] == '{');
}

static bool open_lines(data_reading *reading, base_error *error) {
    (void)reading;
    (void)error;
    return true;
}

bool data_json_line(data_reading *r, base_error *error) {
    data_line line;
    if (!data_line_reader_next(r->lines, &line, error))
        return false;
    r->line = line.number;
    return take_object(r, line.bytes, line.size, error);
}

/* ---- one array of objects, streamed: an object may go over lines, or share one ---- */

static bool is_array(const char *path, const data_line *first) {
    return data_path_ends(path, ".json") || (first->size && first->bytes[0] == '[');
}

/* The next byte that is no white space, where r->at then stands; NUL at the end of the file or on
 * failure. */
static char next_mark(data_reading *r, base_error *error) {
    for (;;) {
        for (; r->at < r->scanned.size; r->at++)
            if (!strchr(" \t\r", r->scanned.bytes[r->at]) || !r->scanned.bytes[r->at])
                return r->scanned.bytes[r->at] ? r->scanned.bytes[r->at] : ' ';
        size_t last = r->scanned.number;
        r->at = 0;
        if (!data_line_reader_next(r->lines, &r->scanned, error)) {
            r->scanned = (data_line){.number = last};
            return '\0';
        }
    }
}

static bool fail_mark(const data_reading *r, const char *expected, base_error *error) {
    char shown[60];
    size_t rest = r->scanned.size - r->at;
    if (rest == 0)
        return base_fail(error, BASE_BAD_INPUT, "%s: line %zu: the file ends, expected %s", r->file,
                         r->scanned.number, expected);
    return base_fail(
        error, BASE_BAD_INPUT, "%s: line %zu, column %zu: found \"%s\", expected %s", r->file,
        r->scanned.number, r->at + 1,
        base_escape(shown, sizeof shown, r->scanned.bytes + r->at, rest < 12 ? rest : 12),
        expected);
}

static bool open_array(data_reading *r, base_error *error) {
    if (next_mark(r, error) != '[')
        return fail_mark(r, "an array of objects, [{...}, ...]", error);
    r->at++;
    return true;
}

/* Moves behind the brace that closes the object begun here, on this line; false: not on it. */
static bool close_object(data_reading *r, size_t *depth, bool *quoted) {
    while (r->at < r->scanned.size) {
        char c = r->scanned.bytes[r->at++];
        if (*quoted && c == '\\')
            r->at += r->at < r->scanned.size;
        else if (c == '"')
            *quoted = !*quoted;
        else if (!*quoted && c == '{')
            ++*depth;
        else if (!*quoted && c == '}' && --*depth == 0)
            return true;
    }
    return false;
}

/* Takes the object that begins here. A syntax error is looked for again with blanks before the
 * object, so that its column is that of the line. */
static bool next_object(data_reading *r, base_error *error) {
    size_t depth = 0, first = r->at, from = r->at;
    bool quoted = false;
    r->text.size = 0;
    r->line = r->scanned.number;
    for (; !close_object(r, &depth, &quoted); from = r->at = 0) {
        size_t last = r->scanned.number;
        if (!base_bytes_add(&r->text, r->scanned.bytes + from, r->at - from, error) ||
            !base_bytes_add(&r->text, "\n", 1, error))
            return false;
        if (!data_line_reader_next(r->lines, &r->scanned, error)) {
            r->scanned = (data_line){.number = last};
            r->at = 0;
            return base_ok(error) && fail_mark(r, "the rest of the object", error);
        }
    }
    base_error unplaced = {0};
    if (!base_bytes_add(&r->text, r->scanned.bytes + from, r->at - from, error))
        return false;
    if (take_object(r, r->text.data, r->text.size, &unplaced))
        return true;
    base_bytes placed = {0};
    bool ok = base_bytes_format(&placed, error, "%*s", first < INT_MAX ? (int)first : 0, "") &&
              base_bytes_add(&placed, r->text.data, r->text.size, error) &&
              take_object(r, placed.data, placed.size, error);
    base_bytes_free(&placed);
    return ok;
}

static bool next_element(data_reading *r, base_error *error) {
    char mark = next_mark(r, error);
    if (mark == ',' && r->tree) {
        r->at++;
        mark = next_mark(r, error);
    } else if (mark != ']' && r->tree) {
        return base_ok(error) && fail_mark(r, "a comma before the next object, or ]", error);
    } else if (mark == ']') {
        r->at++;
        return next_mark(r, error) && fail_mark(r, "nothing behind the array", error);
    }
    if (mark != '{')
        return base_ok(error) && fail_mark(r, "an object, {...}", error);
    return next_object(r, error);
}

const data_reader_def data_reader_jsonl = {
    .name = "jsonl",
    .summary = "one JSON object a line, columns by key",
    .recognises = is_lines,
    .open = open_lines,
    .next = data_json_line,
};

const data_reader_def data_reader_json = {
    .name = "json",
    .summary = "one JSON array of objects, columns by key",
    .shares_lines = true,
    .recognises = is_array,
    .open = open_array,
    .next = next_element,
};
