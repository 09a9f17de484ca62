#include "data/byte_level.h"

/* Printable ASCII and Latin-1 stand for themselves; the others, in order, for U+0100 and on. */
static unsigned letter(unsigned byte) {
    if (byte <= ' ')
        return 0x100 + byte;
    if (byte < 0x7f || (byte > 0xa0 && byte != 0xad))
        return byte;
    return byte == 0xad ? 0x143 : 0x121 + byte - 0x7f;
}

bool data_byte_level_add(const char *bytes, size_t size, base_bytes *out, base_error *error) {
    size_t most, need;
    if (!base_size_mul(size, 2, &most) || !base_size_add(out->size, most, &need) ||
        !base_size_add(need, 1, &need))
        return base_fail(error, BASE_FAILED, "a text of %zu bytes is too large", size);
    if (!base_grow(&out->data, &out->capacity, need, 1, error))
        return false;
    char *to = out->data + out->size;
    for (size_t i = 0; i < size; i++) {
        unsigned c = letter((unsigned char)bytes[i]);
        if (c < 0x80) {
            *to++ = (char)c;
            continue;
        }
        *to++ = (char)(0xc0 | c >> 6);
        *to++ = (char)(0x80 | (c & 0x3f));
    }
    *to = 0;
    out->size = (size_t)(to - out->data);
    return true;
}
