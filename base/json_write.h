/* Writing JSON: one writer puts all commas, quotes, escapes and indentation of the project.
 *
 *     base_json_writer w = {.out = &bytes, .error = error};
 *     base_json_open(&w, NULL, '{');
 *     base_json_put_size(&w, "step", 3);
 *     base_json_close(&w, '}');          {"step":3}
 *
 * Every function takes the key of a member, NULL for items of lists and for the outermost value.
 * The first failure (memory) stays in *error and later calls do nothing: look at it once. */
#ifndef BASE_JSON_WRITE_H
#define BASE_JSON_WRITE_H

#include "base/memory.h"

#include <cjson/cJSON.h>

typedef enum base_json_style {
    BASE_JSON_COMPACT,  /* {"a":1,"b":2} */
    BASE_JSON_SPACED,   /* {"a": 1, "b": 2} */
    BASE_JSON_INDENTED, /* a line for each member and item, two blanks a level */
} base_json_style;

typedef struct base_json_writer {
    base_bytes *out; /* what is written is added to it */
    base_error *error;
    base_json_style style;
    size_t depth; /* objects and lists that are open */
    bool inside;  /* a value stands before the next one, in the same object or list */
} base_json_writer;

/* `bracket` is '{' or '[', at the end '}' or ']'. */
void base_json_open(base_json_writer *w, const char *key, char bracket);
void base_json_close(base_json_writer *w, char bracket);

/* Parts of a text that are ill-formed UTF-8 become U+FFFD, for JSON has no other text. */
void base_json_put_text(base_json_writer *w, const char *key, const char *text, size_t size);
void base_json_put_string(base_json_writer *w, const char *key, const char *text);

/* With `digits` significant digits; 0: the fewest that read back equal. Not finite: null. */
void base_json_put_number(base_json_writer *w, const char *key, double value, int digits);
void base_json_put_size(base_json_writer *w, const char *key, size_t value);
void base_json_put_bool(base_json_writer *w, const char *key, bool value);

/* Anything that was read or built; NULL is null. A number with a valuestring (base_json_file) is
 * written as that. */
void base_json_put_tree(base_json_writer *w, const char *key, const cJSON *tree);

/* Prints the tree, indented, a newline at the end. Heap memory, NULL when memory is out.
 * `base_json_line` prints on one line, compact, no newline. */
char *base_json_print(const cJSON *tree);
char *base_json_line(const cJSON *tree);

/* Writes FOLDER/NAME as base_json_print prints it. A NULL tree is memory that was out. */
bool base_json_write(const char *folder, const char *name, const cJSON *tree, base_error *error);

/* The same for the one value that `put` writes. */
typedef void (*base_json_put)(base_json_writer *w, const void *context);
bool base_json_write_by(const char *folder, const char *name, base_json_put put,
                        const void *context, base_error *error);

#endif
