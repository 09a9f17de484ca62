/* GPT-2's printable bytes (Radford et al. 2019): each of the 256 bytes as one code point below
 * U+0144, so that any text is a text of 256 letters. */
#ifndef DATA_BYTE_LEVEL_H
#define DATA_BYTE_LEVEL_H

#include "base/memory.h"

/* Appends bytes[0..size), each as its code point in UTF-8 (1 or 2 bytes), to out. */
bool data_byte_level_add(const char *bytes, size_t size, base_bytes *out, base_error *error);

#endif
