/* Strict RFC 8259 syntax, checked before cJSON (which is lenient) sees the text. */
#ifndef BASE_JSON_CHECK_H
#define BASE_JSON_CHECK_H

#include "base/error.h"

/* True when text is exactly one JSON value with white space around it. Otherwise the message is
 * "NAME: line L, column C: what was found, what was expected". Also refused: \u0000, lone
 * surrogates, invalid UTF-8, numbers beyond double or longer than 63 characters, nesting deeper
 * than 500. Columns count bytes from 1. */
bool base_json_check(const char *text, size_t size, const char *name, size_t first_line,
                     base_error *error);

#endif
