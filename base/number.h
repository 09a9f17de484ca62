/* Decimal numbers in text, the same in every locale. */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#include <stdbool.h>
#include <stddef.h>

/* True when text[0..size) is exactly one finite decimal number: [+-] digits [. digits] [e [+-]
 * digits], with digits before or after the point; *out is the nearest double. No white space, no
 * hexadecimal, no inf or nan, at most 400 bytes. */
bool base_number_parse(const char *text, size_t size, double *out);

enum { BASE_NUMBER_SIZE = 32 };

/* Writes a finite number with the fewest digits (of 15 to 17; whole ones below 2^53 in full) that
 * read back equal, with a point in every locale. Returns out. */
const char *base_number_format(double value, char out[BASE_NUMBER_SIZE]);

/* The same with at most `digits` (1 to 17) significant digits, as %g prints. */
const char *base_number_round(double value, int digits, char out[BASE_NUMBER_SIZE]);

#endif
