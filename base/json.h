/* Reading JSON by cJSON with its traps closed (writing: base/json_write.h).
 *
 * Refused with one sentence: syntax errors (line and column), \u0000, duplicate keys, text after
 * the value, numbers that are not finite or, where an integer is wanted, 2^53 or more, invalid
 * UTF-8, nesting deeper than 500. Look-up is case-sensitive. Value errors name the key
 * path. */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/json_write.h"

/* Parses size bytes; `name` (a file name) begins every message, with `first_line` the number of
 * the text's first line (1 for a file, the row's number for JSON lines). Free with cJSON_Delete. */
cJSON *base_json_parse(const char *text, size_t size, const char *name, size_t first_line,
                       base_error *error);

/* Reads and parses a file. Its numbers are written again as they stand there: 2.0, not 2, for
 * Python tells the two apart. */
cJSON *base_json_file(const char *path, base_error *error);

/* The same of a path that the user gave, which may be a pipe. */
cJSON *base_json_given(const char *path, base_error *error);

/* Member of an object, case-sensitive; NULL when absent (no error). */
const cJSON *base_json_get(const cJSON *object, const char *key);

/* Typed members. Absent or null: *out is left alone and true is returned. Wrong type or out of
 * range: false, the message is "WHERE: KEY is ..., expected ...". `where` names the file. */
bool base_json_size(const cJSON *object, const char *key, size_t low, size_t high, size_t *out,
                    const char *where, base_error *error);
bool base_json_real(const cJSON *object, const char *key, double low, double high, double *out,
                    const char *where, base_error *error);
bool base_json_bool(const cJSON *object, const char *key, bool *out, const char *where,
                    base_error *error);
/* *out points into the tree. */
bool base_json_text(const cJSON *object, const char *key, const char **out, const char *where,
                    base_error *error);

#endif
