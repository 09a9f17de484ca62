#include "base/number.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_SIZE = 400 };

static size_t digits(const char *text, size_t size, size_t *at) {
    size_t from = *at;
    while (*at < size && text[*at] >= '0' && text[*at] <= '9')
        ++*at;
    return *at - from;
}

static void skip_sign(const char *text, size_t size, size_t *at) {
    if (*at < size && (text[*at] == '+' || text[*at] == '-'))
        ++*at;
}

/* Checks the grammar; *point is where the decimal point stands, size when there is none. */
static bool is_number(const char *text, size_t size, size_t *point) {
    size_t at = 0;
    *point = size;
    skip_sign(text, size, &at);
    size_t count = digits(text, size, &at);
    if (at < size && text[at] == '.') {
        *point = at++;
        count += digits(text, size, &at);
    }
    if (count == 0)
        return false;
    if (at < size && (text[at] == 'e' || text[at] == 'E')) {
        at++;
        skip_sign(text, size, &at);
        if (digits(text, size, &at) == 0)
            return false;
    }
    return at == size;
}

bool base_number_parse(const char *text, size_t size, double *out) {
    const char *radix = localeconv()->decimal_point;
    size_t point, width = strlen(radix);
    char copy[MAX_SIZE + 16];
    if (size > MAX_SIZE || width > 8 || !is_number(text, size, &point))
        return false;
    memcpy(copy, text, point);
    size_t used = point;
    if (point < size) {
        memcpy(copy + used, radix, width);
        used += width;
        memcpy(copy + used, text + point + 1, size - point - 1);
        used += size - point - 1;
    }
    copy[used] = '\0';
    *out = strtod(copy, NULL);
    return isfinite(*out);
}

static void use_point(char *text) {
    const char *radix = localeconv()->decimal_point;
    size_t width = strlen(radix);
    char *at = strstr(text, radix);
    if (!at || width == 0)
        return;
    *at = '.';
    memmove(at + 1, at + width, strlen(at + width) + 1);
}

const char *base_number_round(double value, int digits_wanted, char out[BASE_NUMBER_SIZE]) {
    snprintf(out, BASE_NUMBER_SIZE, "%.*g", digits_wanted, value);
    use_point(out);
    return out;
}

const char *base_number_format(double value, char out[BASE_NUMBER_SIZE]) {
    if (fabs(value) < 0x1p53 && !(floor(value) < value)) {
        snprintf(out, BASE_NUMBER_SIZE, "%.0f", value);
        return out;
    }
    for (int digits_wanted = 15; digits_wanted <= 17; digits_wanted++) {
        double back;
        base_number_round(value, digits_wanted, out);
        if (base_number_parse(out, strlen(out), &back) && !(back < value) && !(back > value))
            break;
    }
    return out;
}
