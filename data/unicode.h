/* Character classes, lowercase letters and grapheme clusters, as the `tokenizers` package has them.
 *
 * The tables are made by data/unicode_table.py from what the package does with each code point; its
 * parts follow different Unicode versions, and no library's own tables may change a token. */
#ifndef DATA_UNICODE_H
#define DATA_UNICODE_H

#include <stddef.h>
#include <stdint.h>

enum {
    DATA_UNICODE_CONTROL = 1,       /* dropped when text is cleaned */
    DATA_UNICODE_SPACE = 2,         /* white space; some are CONTROL too, which then wins */
    DATA_UNICODE_CHINESE = 4,       /* set apart by spaces */
    DATA_UNICODE_MARK = 8,          /* dropped, once decomposed, when BERT strips accents */
    DATA_UNICODE_PUNCTUATION = 16,  /* a word of its own */
    DATA_UNICODE_WORD = 32,         /* \w of regular expressions */
    DATA_UNICODE_NORMAL = 64,       /* has a canonical decomposition or a combining class */
    DATA_UNICODE_UPPER = 128,       /* has another lowercase letter */
    DATA_UNICODE_LETTER = 256,      /* \p{L} of Oniguruma */
    DATA_UNICODE_NUMBER = 512,      /* \p{N} of Oniguruma */
    DATA_UNICODE_NUMERIC = 1024,    /* Rust's char::is_numeric */
    DATA_UNICODE_COMBINING = 2048,  /* dropped by StripAccents */
    DATA_UNICODE_COMPATIBLE = 4096, /* has a compatibility decomposition */
    DATA_UNICODE_COMPOSES = 8192,   /* NFC changes it, or what is beside it */
    DATA_UNICODE_CASED = 16384,     /* has case, for Python's str.lower (Final_Sigma) */
    DATA_UNICODE_UNCASED = 32768,   /* case-ignorable, for the same; none of the two is both */
};

/* Grapheme cluster classes (Unicode Standard Annex 29, table 2 and rule GB9c). */
enum {
    DATA_CLUSTER_OTHER,
    DATA_CLUSTER_CR,
    DATA_CLUSTER_LF,
    DATA_CLUSTER_CONTROL,
    DATA_CLUSTER_EXTEND,
    DATA_CLUSTER_JOINER, /* U+200D */
    DATA_CLUSTER_SPACING,
    DATA_CLUSTER_PREPEND,
    DATA_CLUSTER_L, /* Hangul syllables and their parts */
    DATA_CLUSTER_V,
    DATA_CLUSTER_T,
    DATA_CLUSTER_LV,
    DATA_CLUSTER_LVT,
    DATA_CLUSTER_CONSONANT,
    DATA_CLUSTER_PICTOGRAPH,
    DATA_CLUSTER_CLASS = 15, /* the bits of the class */
    DATA_CLUSTER_CONJUNCT_LINKER = 16,
    DATA_CLUSTER_CONJUNCT_EXTEND = 32,
};

/* U+0130 is the one letter whose lowercase is two code points: this is the second. */
enum { DATA_UNICODE_DOTTED_I = 0x130, DATA_UNICODE_DOT_ABOVE = 0x307 };

typedef struct data_unicode_record {
    int32_t lower; /* added to a code point gives its lowercase letter */
    uint16_t flags;
    uint8_t cluster;
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

/* The code point at text[*at], which moves behind it. The text is valid UTF-8. */
static inline uint32_t data_unicode_next(const char *text, size_t *at) {
    const unsigned char *s = (const unsigned char *)text + *at;
    size_t bytes = s[0] < 0x80 ? 1 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
    *at += bytes;
    if (bytes == 1)
        return s[0];
    uint32_t c = s[0] & (0x7fu >> bytes);
    for (size_t i = 1; i < bytes; i++)
        c = c << 6 | (s[i] & 0x3fu);
    return c;
}

#endif
