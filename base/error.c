#include "base/error.h"

#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool base_ok(const base_error *error) {
    return error->status == BASE_OK;
}

/* Names from files and arguments may hold anything; a message is one printable line. */
static void print_clean(char *out, size_t size, const char *format, va_list args) {
    char raw[sizeof((base_error *)0)->text];
    vsnprintf(raw, sizeof raw, format, args);
    base_escape(out, size, raw, strlen(raw));
}

bool base_fail(base_error *error, base_status status, const char *format, ...) {
    if (!base_ok(error))
        return false;
    va_list args;
    va_start(args, format);
    print_clean(error->text, sizeof error->text, format, args);
    va_end(args);
    error->status = status;
    return false;
}

bool base_fail_prefix(base_error *error, const char *format, ...) {
    char old[sizeof error->text], prefix[sizeof error->text / 2];
    memcpy(old, error->text, sizeof old);
    va_list args;
    va_start(args, format);
    print_clean(prefix, sizeof prefix, format, args);
    va_end(args);
    int n = snprintf(error->text, sizeof error->text, "%s: ", prefix);
    if (n > 0 && (size_t)n < sizeof error->text)
        snprintf(error->text + n, sizeof error->text - (size_t)n, "%.*s", 500, old);
    return false;
}

/* Controls, line separators, marks that turn the direction of text, and the byte order mark are
 * not. */
static bool printable(uint32_t c) {
    return c >= 0x20 && !(c >= 0x7f && c < 0xa0) && !(c >= 0x2028 && c <= 0x202e) &&
           !(c >= 0x2066 && c <= 0x2069) && c != 0xfeff;
}

const char *base_escape(char *out, size_t size, const char *bytes, size_t n) {
    static const char more[] = "...";
    if (size == 0)
        return out;
    if (size <= sizeof more) {
        out[0] = '\0';
        return out;
    }
    size_t used = 0, room = size - sizeof more;
    for (size_t i = 0; i < n;) {
        uint32_t c;
        bool valid;
        char piece[8];
        size_t step = base_utf8_decode(bytes + i, n - i, &c, &valid), length = step;
        if (valid && printable(c)) {
            memcpy(piece, bytes + i, step);
        } else {
            step = 1;
            length = (size_t)snprintf(piece, sizeof piece, "\\x%02x", (unsigned char)bytes[i]);
        }
        if (used + length > room) {
            memcpy(out + used, more, sizeof more);
            return out;
        }
        memcpy(out + used, piece, length);
        used += length;
        i += step;
    }
    out[used] = '\0';
    return out;
}
