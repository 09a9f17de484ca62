#include "data/unicode_form.h"

#include "base/utf8.h"
#include "data/unicode.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

enum { MAX_PARTS = 18, CLASSES = 256 }; /* the longest decomposition is that of U+FDFA */

/* What a form does: which code points it changes, alone or beside others. */
static const struct form_rule {
    unsigned decomposed, changed;
    utf8proc_option_t how;
    bool composed;
} rules[] = {
    [DATA_UNICODE_NFC] = {DATA_UNICODE_NORMAL, DATA_UNICODE_COMPOSES, UTF8PROC_DECOMPOSE, true},
    [DATA_UNICODE_NFD] = {DATA_UNICODE_NORMAL, DATA_UNICODE_NORMAL, UTF8PROC_DECOMPOSE, false},
    [DATA_UNICODE_NFKC] = {DATA_UNICODE_NORMAL | DATA_UNICODE_COMPATIBLE,
                           DATA_UNICODE_COMPOSES | DATA_UNICODE_COMPATIBLE,
                           UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT, true},
    [DATA_UNICODE_NFKD] = {DATA_UNICODE_NORMAL | DATA_UNICODE_COMPATIBLE,
                           DATA_UNICODE_NORMAL | DATA_UNICODE_COMPATIBLE,
                           UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT, false},
};

void data_code_points_free(data_code_points *points) {
    free(points->point);
    free(points->sorted);
    *points = (data_code_points){0};
}

static unsigned flags_of(uint32_t c) {
    return data_unicode(c)->flags;
}

static int combining_class(uint32_t c) {
    return flags_of(c) & DATA_UNICODE_NORMAL
               ? utf8proc_get_property((utf8proc_int32_t)c)->combining_class
               : 0;
}

/* Bytes of text up to the first code point that the form may change. */
static size_t unchanged(const char *text, size_t size, unsigned changed) {
    size_t at = 0;
    while (at < size) {
        size_t next = at;
        uint32_t c = data_unicode_next(text, &next);
        if (c >= 128 && flags_of(c) & changed)
            break;
        at = next;
    }
    return at;
}

static bool push(data_code_points *p, uint32_t c, base_error *error) {
    if (p->count == p->capacity &&
        !base_grow(&p->point, &p->capacity, p->count + 1, sizeof *p->point, error))
        return false;
    p->point[p->count++] = c;
    return true;
}

static bool decompose(const struct form_rule *rule, const char *text, size_t size,
                      data_code_points *p, base_error *error) {
    p->count = 0;
    for (size_t at = 0; at < size;) {
        utf8proc_int32_t parts[MAX_PARTS];
        utf8proc_ssize_t n = 0;
        uint32_t c = data_unicode_next(text, &at);
        int boundary = 0;
        if (flags_of(c) & rule->decomposed)
            n = utf8proc_decompose_char((utf8proc_int32_t)c, parts, MAX_PARTS, rule->how,
                                        &boundary);
        if (n < 1 || n > MAX_PARTS) {
            parts[0] = (utf8proc_int32_t)c;
            n = 1;
        }
        for (utf8proc_ssize_t i = 0; i < n; i++)
            if (!push(p, (uint32_t)parts[i], error))
                return false;
    }
    return true;
}

/* Marks in a row go by their classes, those of one class as they came. */
static bool order_marks(data_code_points *p, size_t begin, size_t end, base_error *error) {
    size_t place[CLASSES + 1] = {0};
    if (end - begin < 2)
        return true;
    if (!base_grow(&p->sorted, &p->sorted_capacity, end - begin, sizeof *p->sorted, error))
        return false;
    for (size_t i = begin; i < end; i++)
        place[combining_class(p->point[i]) + 1]++;
    for (int class = 0; class < CLASSES; class ++)
        place[class + 1] += place[class];
    for (size_t i = begin; i < end; i++)
        p->sorted[place[combining_class(p->point[i])]++] = p->point[i];
    memcpy(p->point + begin, p->sorted, (end - begin) * sizeof *p->point);
    return true;
}

static bool order(data_code_points *p, base_error *error) {
    size_t begin = 0; /* of the marks in a row */
    for (size_t i = 0; i < p->count; i++)
        if (combining_class(p->point[i]) == 0) {
            if (!order_marks(p, begin, i, error))
                return false;
            begin = i + 1;
        }
    return order_marks(p, begin, p->count, error);
}

/* The code point that a and b together are, 0 when there is none that the package knows. */
static uint32_t pair_of(uint32_t a, uint32_t b) {
    utf8proc_int32_t pair[2] = {(utf8proc_int32_t)a, (utf8proc_int32_t)b};
    if (!(flags_of(b) & DATA_UNICODE_COMPOSES) ||
        utf8proc_normalize_utf32(pair, 2, UTF8PROC_COMPOSE | UTF8PROC_STABLE) != 1 ||
        !(flags_of((uint32_t)pair[0]) & DATA_UNICODE_NORMAL))
        return 0;
    return (uint32_t)pair[0];
}

static void compose(data_code_points *p) {
    size_t kept = 0, starter = SIZE_MAX;
    int last = -1; /* class of the mark kept last behind the starter, -1 for none */
    for (size_t i = 0; i < p->count; i++) {
        uint32_t c = p->point[i], pair = 0;
        int class = combining_class(c);
        if (starter != SIZE_MAX && last < class)
            pair = pair_of(p->point[starter], c);
        if (pair) {
            p->point[starter] = pair;
            continue;
        }
        if (class == 0)
            starter = kept;
        last = class ? class : -1;
        p->point[kept++] = c;
    }
    p->count = kept;
}

bool data_unicode_form_add(data_unicode_form form, const char *text, size_t size, base_bytes *out,
                           data_code_points *scratch, base_error *error) {
    const struct form_rule *rule = &rules[form];
    if (unchanged(text, size, rule->changed) == size)
        return base_bytes_add(out, text, size, error);
    if (!decompose(rule, text, size, scratch, error) || !order(scratch, error))
        return false;
    if (rule->composed)
        compose(scratch);
    for (size_t i = 0; i < scratch->count; i++) {
        char bytes[4];
        if (!base_bytes_add(out, bytes, base_utf8_encode(scratch->point[i], bytes), error))
            return false;
    }
    return true;
}
