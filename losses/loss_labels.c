#include "losses/loss_labels.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

#define SHARED '|'

static void add(loss_labels *out, const char *name, size_t class_number) {
    out->name[out->count] = name;
    out->value[out->count++] = (uint32_t)class_number;
}

static size_t count_parts(const char *name) {
    size_t parts = 1;
    for (; *name; name++)
        parts += *name == SHARED;
    return parts;
}

/* The whole name, and its parts, which are cut out of `parts`. */
static char *add_class(loss_labels *out, const char *name, size_t class_number, char *parts) {
    add(out, name, class_number);
    if (!strchr(name, SHARED))
        return parts;
    size_t size = strlen(name) + 1;
    memcpy(parts, name, size);
    for (char *at = parts, *end; at; at = end) {
        end = strchr(at, SHARED);
        if (end)
            *end++ = '\0';
        add(out, at, class_number);
    }
    return parts + size;
}

bool loss_labels_of(const loss_setting *s, loss_labels *out, base_error *error) {
    size_t most = 0, bytes = 1;
    for (size_t i = 0; i < s->classes; i++) {
        most += 1 + count_parts(s->label[i]);
        bytes += strlen(s->label[i]) + 1;
    }
    out->name = base_alloc(most, sizeof *out->name, error);
    out->value = base_alloc(most, sizeof *out->value, error);
    out->parts = base_alloc(bytes, 1, error);
    if (!out->name || !out->value || !out->parts)
        return false;
    char *parts = out->parts;
    for (size_t i = 0; i < s->classes; i++)
        parts = add_class(out, s->label[i], i, parts);
    return true;
}

void loss_labels_free(loss_labels *labels) {
    free(labels->name);
    free(labels->value);
    free(labels->parts);
    *labels = (loss_labels){0};
}

bool loss_labels_same(const loss_setting *a, const loss_setting *b) {
    bool same = a->classes == b->classes;
    for (size_t i = 0; same && i < a->classes; i++)
        same = !strcmp(a->label[i], b->label[i]);
    return same;
}

bool loss_labels_join(char **class_name, const char *label) {
    char *joined = **class_name ? base_format("%s%c%s", *class_name, SHARED, label)
                                : base_copy(label, strlen(label));
    if (!joined)
        return false;
    free(*class_name);
    *class_name = joined;
    return true;
}
