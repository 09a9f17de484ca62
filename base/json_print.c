#include "base/json.h"

#include "base/file.h"
#include "base/number.h"
#include "base/utf8.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ONE_LINE = -1, INDENT = 2 };

static bool print(base_bytes *out, const cJSON *item, int depth, base_error *error);

static bool add(base_bytes *out, const char *text, base_error *error) {
    return base_bytes_add(out, text, strlen(text), error);
}

static bool quote(base_bytes *out, const char *text, size_t size, base_error *error) {
    static const char special[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
    bool ok = add(out, "\"", error);
    size_t kept = 0;
    for (size_t i = 0; ok && i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        const char *at = c ? strchr(special, c) : NULL;
        if (c >= 0x20 && !at)
            continue;
        ok = base_bytes_add(out, text + kept, i - kept, error) &&
             (at ? base_bytes_format(out, error, "\\%c", letters[at - special])
                 : base_bytes_format(out, error, "\\u%04x", c));
        kept = i + 1;
    }
    return ok && base_bytes_add(out, text + kept, size - kept, error) && add(out, "\"", error);
}

bool base_json_string(base_bytes *out, const char *text, size_t size, base_error *error) {
    if (base_utf8_invalid(text, size) == size)
        return quote(out, text, size, error);
    base_bytes clean = {0};
    size_t replaced;
    bool ok = base_utf8_clean(text, size, &clean, &replaced, error) &&
              quote(out, clean.data, clean.size, error);
    base_bytes_free(&clean);
    return ok;
}

static bool print_text(base_bytes *out, const char *text, base_error *error) {
    return base_json_string(out, text, strlen(text), error);
}

static bool new_line(base_bytes *out, int depth, base_error *error) {
    return depth == ONE_LINE || base_bytes_format(out, error, "\n%*s", depth * INDENT, "");
}

static bool print_children(base_bytes *out, const cJSON *parent, int depth, base_error *error) {
    int inside = depth == ONE_LINE ? ONE_LINE : depth + 1;
    bool ok = add(out, cJSON_IsObject(parent) ? "{" : "[", error);
    for (const cJSON *item = parent->child; ok && item; item = item->next) {
        ok = new_line(out, inside, error);
        if (ok && cJSON_IsObject(parent))
            ok = print_text(out, item->string, error) &&
                 add(out, depth == ONE_LINE ? ":" : ": ", error);
        ok = ok && print(out, item, inside, error);
        if (ok && item->next)
            ok = add(out, ",", error);
    }
    if (ok && parent->child)
        ok = new_line(out, depth, error);
    return ok && add(out, cJSON_IsObject(parent) ? "}" : "]", error);
}

static bool print(base_bytes *out, const cJSON *item, int depth, base_error *error) {
    char number[BASE_NUMBER_SIZE];
    if (cJSON_IsObject(item) || cJSON_IsArray(item))
        return print_children(out, item, depth, error);
    if (cJSON_IsString(item))
        return print_text(out, item->valuestring, error);
    if (cJSON_IsNumber(item) && isfinite(item->valuedouble))
        return add(out, base_number_format(item->valuedouble, number), error);
    if (cJSON_IsBool(item))
        return add(out, cJSON_IsTrue(item) ? "true" : "false", error);
    return add(out, "null", error);
}

static char *printed(const cJSON *tree, int depth, const char *end) {
    base_error error = {0};
    base_bytes out = {0};
    if (print(&out, tree, depth, &error) && add(&out, end, &error))
        return out.data;
    base_bytes_free(&out);
    return NULL;
}

char *base_json_line(const cJSON *tree) {
    return printed(tree, ONE_LINE, "");
}

char *base_json_print(const cJSON *tree) {
    return printed(tree, 0, "\n");
}

bool base_json_write(const char *folder, const char *name, const cJSON *tree, base_error *error) {
    char *text = tree ? base_json_print(tree) : NULL;
    bool ok = text ? base_file_write_in(folder, name, text, strlen(text), error)
                   : base_fail(error, BASE_FAILED, "out of memory");
    free(text);
    return ok;
}
