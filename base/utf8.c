#include "base/utf8.h"

/* Second-byte ranges of Unicode 15, table 3-7; later bytes are 80..BF. */
static size_t sequence_length(unsigned char first, unsigned char *low, unsigned char *high) {
    *low = 0x80;
    *high = 0xbf;
    if (first < 0x80)
        return 1;
    if (first >= 0xc2 && first <= 0xdf)
        return 2;
    if (first >= 0xe0 && first <= 0xef) {
        if (first == 0xe0)
            *low = 0xa0;
        if (first == 0xed)
            *high = 0x9f;
        return 3;
    }
    if (first >= 0xf0 && first <= 0xf4) {
        if (first == 0xf0)
            *low = 0x90;
        if (first == 0xf4)
            *high = 0x8f;
        return 4;
    }
    return 0;
}

size_t base_utf8_decode(const char *text, size_t size, uint32_t *code_point, bool *valid) {
    static const unsigned char first_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    const unsigned char *s = (const unsigned char *)text;
    unsigned char low, high;
    size_t length = sequence_length(s[0], &low, &high);
    *valid = false;
    *code_point = 0xfffd;
    if (length == 0)
        return 1;
    uint32_t c = s[0] & first_bits[length];
    for (size_t i = 1; i < length; i++) {
        if (i >= size || s[i] < low || s[i] > high)
            return i;
        c = c << 6 | (s[i] & 0x3f);
        low = 0x80;
        high = 0xbf;
    }
    *valid = true;
    *code_point = c;
    return length;
}

size_t base_utf8_encode(uint32_t c, char out[4]) {
    static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    size_t length = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = length - 1; i > 0; i--, c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3f));
    out[0] = (char)(lead[length] | c);
    return length;
}

size_t base_utf8_invalid(const char *text, size_t size) {
    for (size_t i = 0; i < size;) {
        uint32_t c;
        bool valid;
        size_t step = base_utf8_decode(text + i, size - i, &c, &valid);
        if (!valid)
            return i;
        i += step;
    }
    return size;
}

bool base_utf8_clean(const char *text, size_t size, base_bytes *out, size_t *replaced,
                     base_error *error) {
    *replaced = 0;
    size_t kept = 0;
    for (size_t i = 0; i < size;) {
        uint32_t c;
        bool valid;
        size_t step = base_utf8_decode(text + i, size - i, &c, &valid);
        if (!valid) {
            if (!base_bytes_add(out, text + kept, i - kept, error) ||
                !base_bytes_add(out, "\xef\xbf\xbd", 3, error))
                return false;
            ++*replaced;
            kept = i + step;
        }
        i += step;
    }
    return base_bytes_add(out, text + kept, size - kept, error);
}
