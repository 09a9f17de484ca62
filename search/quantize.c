#include "search/quantize.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const search_precision precisions[] = {
    {"int8", true, true, 0x80},
    {"uint8", true, false, 0},
    {"binary", false, true, 0x80},
    {"ubinary", false, false, 0},
};

const search_precision *search_precision_find(const char *name, base_error *error) {
    char shown[60];
    for (size_t i = 0; i < sizeof precisions / sizeof *precisions; i++)
        if (!strcmp(precisions[i].name, name))
            return &precisions[i];
    base_fail(error, BASE_BAD_INPUT,
              "the precision is '%s', expected int8, uint8, binary or ubinary",
              base_escape(shown, sizeof shown, name, strlen(name)));
    return NULL;
}

bool search_quantizer_start(search_quantizer *q, const search_precision *precision, size_t width,
                            base_error *error) {
    *q = (search_quantizer){.precision = precision, .width = width};
    if (precision->ranges) {
        q->low = base_alloc(width, sizeof *q->low, error);
        q->high = base_alloc(width, sizeof *q->high, error);
    }
    return base_ok(error);
}

void search_quantizer_free(search_quantizer *q) {
    free(q->low);
    free(q->high);
    *q = (search_quantizer){0};
}

void search_quantizer_see(search_quantizer *q, const float *row) {
    bool first = q->seen++ == 0;
    for (size_t i = 0; i < q->width; i++) {
        q->low[i] = first || row[i] < q->low[i] ? row[i] : q->low[i];
        q->high[i] = first || row[i] > q->high[i] ? row[i] : q->high[i];
    }
}

size_t search_quantized_size(const search_quantizer *q) {
    return q->precision->ranges ? q->width : q->width / 8 + (q->width % 8 != 0);
}

/* In float, step by step, so that every byte is NumPy's. */
static unsigned char step_of(float x, float low, float high) {
    float step = (high - low) / 255.0F;
    step = step == 0 ? 1 : step;
    float number = floorf((x - low) / step);
    return (unsigned char)(number > 0 ? (number < 255 ? number : 255) : 0);
}

void search_quantize(const search_quantizer *q, const float *row, unsigned char *out) {
    size_t size = search_quantized_size(q);
    memset(out, 0, size);
    for (size_t i = 0; i < q->width; i++)
        if (q->precision->ranges)
            out[i] = step_of(row[i], q->low[i], q->high[i]);
        else if (row[i] > 0)
            out[i / 8] |= (unsigned char)(0x80 >> i % 8);
    for (size_t i = 0; i < size; i++)
        out[i] ^= q->precision->flip;
}
