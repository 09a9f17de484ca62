/* Decimal numbers in text, the same in every locale. */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#include <stdbool.h>
#include <stddef.h>

/* True when text[0..size) is exactly one finite decimal number: [+-] digits [. digits] [e [+-]
 * digits], with digits before or after the point; *out is the nearest double. No white space, no
 * hexadecimal, no inf or nan, at most 400 bytes. */
bool base_number_parse(const char *text, size_t size, double *out);

#endif
