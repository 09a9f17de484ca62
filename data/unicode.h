/* Character classes and lowercase letters, as the `tokenizers` package has them.
 *
 * The tables are made by data/unicode_table.py from what the package does with each code point; its
 * parts follow different Unicode versions, and no library's own tables may change a token. */
#ifndef DATA_UNICODE_H
#define DATA_UNICODE_H

#include <stdint.h>

enum {
    DATA_UNICODE_CONTROL = 1,      /* dropped when text is cleaned */
    DATA_UNICODE_SPACE = 2,        /* white space; some are CONTROL too, which then wins */
    DATA_UNICODE_CHINESE = 4,      /* set apart by spaces */
    DATA_UNICODE_MARK = 8,         /* dropped, once decomposed, when accents are stripped */
    DATA_UNICODE_PUNCTUATION = 16, /* a word of its own */
    DATA_UNICODE_WORD = 32,        /* \w of regular expressions */
    DATA_UNICODE_NORMAL = 64,      /* has a canonical decomposition or a combining class */
    DATA_UNICODE_UPPER = 128,      /* has another lowercase letter */
};

/* U+0130 is the one letter whose lowercase is two code points: this is the second. */
enum { DATA_UNICODE_DOTTED_I = 0x130, DATA_UNICODE_DOT_ABOVE = 0x307 };

typedef struct data_unicode_record {
    int32_t lower; /* added to a code point gives its lowercase letter */
    uint8_t flags;
} data_unicode_record;

/* Three stages: 64 blocks a group, 16 code points a block. */
extern const uint8_t data_unicode_top[1088];
extern const uint16_t data_unicode_groups[];
extern const uint8_t data_unicode_blocks[];
extern const data_unicode_record data_unicode_records[];

/* The record of a code point (<= 0x10ffff). */
static inline const data_unicode_record *data_unicode(uint32_t code_point) {
    uint32_t group = data_unicode_top[code_point >> 10];
    uint32_t block = data_unicode_groups[group << 6 | (code_point >> 4 & 63)];
    return &data_unicode_records[data_unicode_blocks[block << 4 | (code_point & 15)]];
}

#endif
