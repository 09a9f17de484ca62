/* UTF-8. Invalid bytes are replaced as Python's bytes.decode("utf-8", errors="replace") does: one
 * U+FFFD for each maximal subpart of an ill-formed sequence (Unicode 15, section 3.9, D93b). */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include "base/memory.h"

#include <stdint.h>

/* Decodes the code point at text[0..size) (size >= 1) and returns the bytes it takes. An ill-formed
 * subpart gives U+FFFD and *valid false. */
size_t base_utf8_decode(const char *text, size_t size, uint32_t *code_point, bool *valid);

/* Writes a scalar value (1 to 4 bytes) and returns the bytes written. */
size_t base_utf8_encode(uint32_t code_point, char out[4]);

/* Offset of the first ill-formed byte, or size when all is well. */
size_t base_utf8_invalid(const char *text, size_t size);

/* Appends text to out with ill-formed parts replaced; *replaced counts them. */
bool base_utf8_clean(const char *text, size_t size, base_bytes *out, size_t *replaced,
                     base_error *error);

#endif
