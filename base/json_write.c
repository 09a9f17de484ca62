#include "base/json_write.h"

#include "base/file.h"
#include "base/number.h"
#include "base/utf8.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { INDENT = 2 };

static void add(base_json_writer *w, const char *bytes, size_t size) {
    if (base_ok(w->error))
        base_bytes_add(w->out, bytes, size, w->error);
}

static void add_string(base_json_writer *w, const char *text) {
    add(w, text, strlen(text));
}

static void escape(base_json_writer *w, const char *text, size_t size) {
    static const char special[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
    size_t kept = 0;
    add(w, "\"", 1);
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        const char *at = c ? strchr(special, c) : NULL;
        if (c >= 0x20 && !at)
            continue;
        add(w, text + kept, i - kept);
        if (!base_ok(w->error))
            return;
        if (at)
            base_bytes_format(w->out, w->error, "\\%c", letters[at - special]);
        else
            base_bytes_format(w->out, w->error, "\\u%04x", c);
        kept = i + 1;
    }
    add(w, text + kept, size - kept);
    add(w, "\"", 1);
}

static void quote(base_json_writer *w, const char *text, size_t size) {
    if (base_utf8_invalid(text, size) == size) {
        escape(w, text, size);
        return;
    }
    base_bytes clean = {0};
    size_t replaced;
    if (base_ok(w->error) && base_utf8_clean(text, size, &clean, &replaced, w->error))
        escape(w, clean.data, clean.size);
    base_bytes_free(&clean);
}

static void new_line(base_json_writer *w) {
    if (w->style == BASE_JSON_INDENTED && base_ok(w->error))
        base_bytes_format(w->out, w->error, "\n%*s", (int)w->depth * INDENT, "");
}

/* What stands before a value: comma, new line, key. */
static void begin_value(base_json_writer *w, const char *key) {
    if (w->inside)
        add_string(w, w->style == BASE_JSON_SPACED ? ", " : ",");
    if (w->depth)
        new_line(w);
    if (key) {
        quote(w, key, strlen(key));
        add_string(w, w->style == BASE_JSON_COMPACT ? ":" : ": ");
    }
    w->inside = true;
}

void base_json_open(base_json_writer *w, const char *key, char bracket) {
    begin_value(w, key);
    add(w, &bracket, 1);
    w->depth++;
    w->inside = false;
}

void base_json_close(base_json_writer *w, char bracket) {
    w->depth--;
    if (w->inside)
        new_line(w);
    add(w, &bracket, 1);
    w->inside = true;
}

void base_json_put_text(base_json_writer *w, const char *key, const char *text, size_t size) {
    begin_value(w, key);
    quote(w, text, size);
}

void base_json_put_string(base_json_writer *w, const char *key, const char *text) {
    base_json_put_text(w, key, text, strlen(text));
}

void base_json_put_number(base_json_writer *w, const char *key, double value, int digits) {
    char text[BASE_NUMBER_SIZE];
    begin_value(w, key);
    if (!isfinite(value))
        add_string(w, "null");
    else if (digits)
        add_string(w, base_number_round(value, digits, text));
    else
        add_string(w, base_number_format(value, text));
}

void base_json_put_size(base_json_writer *w, const char *key, size_t value) {
    begin_value(w, key);
    if (base_ok(w->error))
        base_bytes_format(w->out, w->error, "%zu", value);
}

void base_json_put_bool(base_json_writer *w, const char *key, bool value) {
    begin_value(w, key);
    add_string(w, value ? "true" : "false");
}

void base_json_put_tree(base_json_writer *w, const char *key, const cJSON *tree) {
    if (cJSON_IsObject(tree) || cJSON_IsArray(tree)) {
        bool object = cJSON_IsObject(tree);
        base_json_open(w, key, object ? '{' : '[');
        for (const cJSON *item = tree->child; item; item = item->next)
            base_json_put_tree(w, object ? item->string : NULL, item);
        base_json_close(w, object ? '}' : ']');
    } else if (cJSON_IsString(tree)) {
        base_json_put_string(w, key, tree->valuestring);
    } else if (cJSON_IsBool(tree)) {
        base_json_put_bool(w, key, cJSON_IsTrue(tree));
    } else if (cJSON_IsNumber(tree) && tree->valuestring) {
        begin_value(w, key);
        add_string(w, tree->valuestring);
    } else {
        base_json_put_number(w, key, cJSON_IsNumber(tree) ? tree->valuedouble : (double)NAN, 0);
    }
}

static char *printed(const cJSON *tree, base_json_style style, const char *end) {
    base_error error = {0};
    base_bytes out = {0};
    base_json_writer w = {.out = &out, .error = &error, .style = style};
    base_json_put_tree(&w, NULL, tree);
    add_string(&w, end);
    if (base_ok(&error))
        return out.data;
    base_bytes_free(&out);
    return NULL;
}

char *base_json_line(const cJSON *tree) {
    return printed(tree, BASE_JSON_COMPACT, "");
}

char *base_json_print(const cJSON *tree) {
    return printed(tree, BASE_JSON_INDENTED, "\n");
}

bool base_json_write_by(const char *folder, const char *name, base_json_put put,
                        const void *context, base_error *error) {
    base_bytes out = {0};
    base_json_writer w = {.out = &out, .error = error, .style = BASE_JSON_INDENTED};
    put(&w, context);
    add_string(&w, "\n");
    bool ok = base_ok(error) && base_file_write_in(folder, name, out.data, out.size, error);
    base_bytes_free(&out);
    return ok;
}

static void put_tree(base_json_writer *w, const void *tree) {
    base_json_put_tree(w, NULL, tree);
}

bool base_json_write(const char *folder, const char *name, const cJSON *tree, base_error *error) {
    return tree ? base_json_write_by(folder, name, put_tree, tree, error)
                : base_fail(error, BASE_FAILED, "out of memory");
}
