/* Made by data/unicode_table.py from tokenizers 0.23.3; do not edit. */
#include "data/unicode.h"

/* clang-format off */

const uint8_t data_unicode_top[1088] = {
