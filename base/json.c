#include "base/json.h"

#include "base/file.h"
#include "base/json_check.h"
#include "base/number.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int compare_names(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool no_twins(const cJSON *object, const char *name, base_error *error) {
    size_t n = 0;
    for (const cJSON *item = object->child; item; item = item->next)
        n++;
    const char **keys = base_alloc(n, sizeof *keys, error);
    if (!keys)
        return false;
    n = 0;
    for (const cJSON *item = object->child; item; item = item->next)
        keys[n++] = item->string;
    qsort(keys, n, sizeof *keys, compare_names);
    bool ok = true;
    for (size_t i = 1; ok && i < n; i++)
        if (!strcmp(keys[i - 1], keys[i])) {
            char shown[200];
            base_escape(shown, sizeof shown, keys[i], strlen(keys[i]));
            ok = base_fail(error, BASE_BAD_INPUT,
                           "%s: the key \"%s\" stands twice in one object, expected once", name,
                           shown);
        }
    free(keys);
    return ok;
}

static bool no_twins_anywhere(const cJSON *tree, const char *name, base_error *error) {
    if (cJSON_IsObject(tree) && !no_twins(tree, name, error))
        return false;
    for (const cJSON *item = tree->child; item; item = item->next)
        if (item->child && !no_twins_anywhere(item, name, error))
            return false;
    return true;
}

cJSON *base_json_parse(const char *text, size_t size, const char *name, size_t first_line,
                       base_error *error) {
    if (!base_json_check(text, size, name, first_line, error))
        return NULL;
    cJSON *tree = cJSON_ParseWithLength(text, size);
    if (!tree) {
        base_fail(error, BASE_FAILED, "%s: out of memory", name);
        return NULL;
    }
    char place[512];
    snprintf(place, sizeof place, first_line > 1 ? "%s: line %zu" : "%s", name, first_line);
    if (no_twins_anywhere(tree, place, error))
        return tree;
    cJSON_Delete(tree);
    return NULL;
}

/* The next number of text that base_json_check took, which begins inside no string. */
static const char *next_number(const char *at) {
    for (bool quoted = false; quoted || !strchr("-0123456789", *at); at++)
        if (*at == '"')
            quoted = !quoted;
        else if (quoted && *at == '\\')
            at++;
    return at;
}

/* Gives each number its text, which stands in the file in the tree's order. cJSON_Duplicate and
 * cJSON_Delete take care of any item's valuestring. */
static bool keep_numbers(cJSON *tree, const char **at, base_error *error) {
    bool ok = true;
    for (cJSON *item = tree->child; ok && item; item = item->next)
        ok = keep_numbers(item, at, error);
    if (!cJSON_IsNumber(tree))
        return ok;
    char shortest[BASE_NUMBER_SIZE];
    const char *from = next_number(*at);
    size_t size = strspn(from, "+-.eE0123456789");
    *at = from + size;
    base_number_format(tree->valuedouble, shortest);
    if (strlen(shortest) == size && !memcmp(shortest, from, size))
        return true;
    tree->valuestring = cJSON_malloc(size + 1);
    if (!tree->valuestring)
        return base_fail(error, BASE_FAILED, "out of memory");
    memcpy(tree->valuestring, from, size);
    tree->valuestring[size] = 0;
    return true;
}

typedef bool read_bytes(const char *path, base_bytes *out, base_error *error);

static cJSON *read_tree(const char *path, read_bytes *read, base_error *error) {
    base_bytes bytes = {0};
    cJSON *tree = NULL;
    if (read(path, &bytes, error))
        tree = base_json_parse(bytes.data, bytes.size, path, 1, error);
    const char *at = bytes.data;
    if (tree && !keep_numbers(tree, &at, error)) {
        cJSON_Delete(tree);
        tree = NULL;
    }
    base_bytes_free(&bytes);
    return tree;
}

cJSON *base_json_file(const char *path, base_error *error) {
    return read_tree(path, base_file_read, error);
}

cJSON *base_json_given(const char *path, base_error *error) {
    return read_tree(path, base_file_read_given, error);
}

const cJSON *base_json_get(const cJSON *object, const char *key) {
    return cJSON_GetObjectItemCaseSensitive(object, key);
}

static bool fail_value(const cJSON *item, const char *key, const char *where, base_error *error,
                       const char *expected) {
    char *found = base_json_line(item), shown[120];
    base_fail(error, BASE_BAD_INPUT, "%s: %s is %s, expected %s", where, key,
              found ? base_escape(shown, sizeof shown, found, strlen(found)) : "?", expected);
    free(found);
    return false;
}

bool base_json_real(const cJSON *object, const char *key, double low, double high, double *out,
                    const char *where, base_error *error) {
    const cJSON *item = base_json_get(object, key);
    if (!item || cJSON_IsNull(item))
        return true;
    char expected[120];
    snprintf(expected, sizeof expected, "a number from %g to %g", low, high);
    if (!cJSON_IsNumber(item) || !(item->valuedouble >= low && item->valuedouble <= high))
        return fail_value(item, key, where, error, expected);
    *out = item->valuedouble;
    return true;
}

bool base_json_size(const cJSON *object, const char *key, size_t low, size_t high, size_t *out,
                    const char *where, base_error *error) {
    const cJSON *item = base_json_get(object, key);
    if (!item || cJSON_IsNull(item))
        return true;
    char expected[120];
    snprintf(expected, sizeof expected, "a whole number from %zu to %zu", low, high);
    double v = cJSON_IsNumber(item) ? item->valuedouble : -1;
    if (!(v >= 0 && v < 0x1p53) || floor(v) < v || (size_t)v < low || (size_t)v > high)
        return fail_value(item, key, where, error, expected);
    *out = (size_t)v;
    return true;
}

bool base_json_bool(const cJSON *object, const char *key, bool *out, const char *where,
                    base_error *error) {
    const cJSON *item = base_json_get(object, key);
    if (!item || cJSON_IsNull(item))
        return true;
    if (!cJSON_IsBool(item))
        return fail_value(item, key, where, error, "true or false");
    *out = cJSON_IsTrue(item);
    return true;
}

bool base_json_text(const cJSON *object, const char *key, const char **out, const char *where,
                    base_error *error) {
    const cJSON *item = base_json_get(object, key);
    if (!item || cJSON_IsNull(item))
        return true;
    if (!cJSON_IsString(item))
        return fail_value(item, key, where, error, "a string");
    *out = item->valuestring;
    return true;
}
