#include "data/bert_text.h"

#include "base/utf8.h"
#include "data/unicode.h"

#include <string.h>
#include <utf8proc.h>

/* Most bytes that one code point can become: 4 code points, or one between two blanks. */
enum { ROOM = 32, MAX_DECOMPOSED = 18, REPLACEMENT = 0xfffd };

typedef struct bert_writer {
    const data_bert_text *settings;
    base_bytes *out;
    data_code_points *marks; /* spacing marks that wait to be ordered */
    base_error *error;
} bert_writer;

void data_bert_text_prepare(data_bert_text *settings) {
    for (uint32_t c = 0; c < 128; c++) {
        const data_unicode_record *record = data_unicode(c);
        uint32_t to = settings->lower_case ? c + (uint32_t)record->lower : c;
        if (settings->clean && record->flags & DATA_UNICODE_SPACE)
            to = ' ';
        bool dropped = settings->clean && record->flags & DATA_UNICODE_CONTROL;
        settings->ascii[c] = dropped ? -1 : (int8_t)to;
    }
}

static bool reserve(bert_writer *w, size_t bytes) {
    base_bytes *out = w->out;
    size_t need;
    if (out->capacity - out->size >= bytes)
        return true;
    if (!base_size_add(out->size, bytes, &need))
        return base_fail(w->error, BASE_FAILED, "a text of %zu bytes is too large", bytes);
    return base_grow(&out->data, &out->capacity, need, 1, w->error);
}

static void put(bert_writer *w, uint32_t c) {
    w->out->size += base_utf8_encode(c, w->out->data + w->out->size);
}

static void put_lower(bert_writer *w, uint32_t c, const data_unicode_record *record) {
    if (!w->settings->lower_case) {
        put(w, c);
        return;
    }
    put(w, c + (uint32_t)record->lower);
    if (c == DATA_UNICODE_DOTTED_I)
        put(w, DATA_UNICODE_DOT_ABOVE);
}

static int combining_class(uint32_t c, const data_unicode_record *record) {
    return record->flags & DATA_UNICODE_NORMAL
               ? utf8proc_get_property((utf8proc_int32_t)c)->combining_class
               : 0;
}

/* Writes the waiting marks in canonical order: by class, those of one class as they came. */
static bool put_marks(bert_writer *w) {
    data_code_points *marks = w->marks;
    if (marks->count == 0)
        return true;
    if (!reserve(w, marks->count * ROOM))
        return false;
    for (int class = 1; class < 256; class ++)
        for (size_t i = 0; i < marks->count; i++) {
            uint32_t c = marks->point[i];
            if (combining_class(c, data_unicode(c)) == class)
                put_lower(w, c, data_unicode(c));
        }
    marks->count = 0;
    return true;
}

/* One code point of decomposed text. Marks to be dropped need no ordering, but one of class 0
 * still parts those before it from those behind it. */
static bool put_decomposed(bert_writer *w, uint32_t c) {
    const data_unicode_record *record = data_unicode(c);
    bool dropped = record->flags & DATA_UNICODE_MARK, ordered = combining_class(c, record) > 0;
    if (ordered && dropped)
        return true;
    if (ordered) {
        data_code_points *marks = w->marks;
        if (!base_grow(&marks->point, &marks->capacity, marks->count + 1, sizeof *marks->point,
                       w->error))
            return false;
        marks->point[marks->count++] = c;
        return true;
    }
    if (!put_marks(w) || !reserve(w, ROOM))
        return false;
    if (!dropped)
        put_lower(w, c, record);
    return true;
}

static bool put_stripped(bert_writer *w, uint32_t c, const data_unicode_record *record) {
    utf8proc_int32_t parts[MAX_DECOMPOSED];
    int boundary = 0;
    utf8proc_ssize_t n = 0;
    if (record->flags & DATA_UNICODE_NORMAL)
        n = utf8proc_decompose_char((utf8proc_int32_t)c, parts, MAX_DECOMPOSED, UTF8PROC_DECOMPOSE,
                                    &boundary);
    if (n < 1 || n > MAX_DECOMPOSED)
        return put_decomposed(w, c);
    for (utf8proc_ssize_t i = 0; i < n; i++)
        if (!put_decomposed(w, (uint32_t)parts[i]))
            return false;
    return true;
}

static bool put_letter(bert_writer *w, uint32_t c, const data_unicode_record *record) {
    if (w->settings->strip_accents)
        return put_stripped(w, c, record);
    put_lower(w, c, record);
    return true;
}

/* A code point beyond ASCII; there is ROOM. */
static bool put_other(bert_writer *w, uint32_t c) {
    const data_unicode_record *record = data_unicode(c);
    const data_bert_text *s = w->settings;
    if (s->clean && (c == REPLACEMENT || record->flags & DATA_UNICODE_CONTROL))
        return true;
    if (s->clean && record->flags & DATA_UNICODE_SPACE)
        return put_letter(w, ' ', data_unicode(' '));
    if (!s->chinese || !(record->flags & DATA_UNICODE_CHINESE))
        return put_letter(w, c, record);
    return put_letter(w, ' ', data_unicode(' ')) && put_letter(w, c, record) &&
           put_letter(w, ' ', data_unicode(' '));
}

/* ASCII up to the first other byte; returns the bytes taken. There is room. */
static size_t put_ascii(bert_writer *w, const char *text, size_t size) {
    const int8_t *ascii = w->settings->ascii;
    char *to = w->out->data + w->out->size;
    size_t i = 0, n = 0;
    for (; i < size && !((unsigned char)text[i] & 0x80); i++) {
        to[n] = (char)ascii[(unsigned char)text[i]];
        n += ascii[(unsigned char)text[i]] >= 0;
    }
    w->out->size += n;
    return i;
}

bool data_bert_text_add(const data_bert_text *settings, const char *text, size_t size,
                        base_bytes *out, data_code_points *scratch, base_error *error) {
    bert_writer w = {settings, out, scratch, error};
    scratch->count = 0;
    for (size_t i = 0; i < size;) {
        bool ascii = !((unsigned char)text[i] & 0x80);
        if (ascii && settings->ascii[(size_t)text[i]] >= 0 && !put_marks(&w))
            return false;
        if (!reserve(&w, size - i + 2 * ROOM))
            return false;
        if (ascii) {
            i += put_ascii(&w, text + i, scratch->count ? 1 : size - i);
            continue;
        }
        uint32_t c;
        bool valid;
        i += base_utf8_decode(text + i, size - i, &c, &valid);
        if (!put_other(&w, c))
            return false;
    }
    if (!put_marks(&w) || !reserve(&w, 1))
        return false;
    out->data[out->size] = 0;
    return true;
}

/* Whether c is an ASCII letter or digit, which needs no table. */
static bool is_plain(uint32_t c) {
    return (c | 32) - 'a' < 26 || c - '0' < 10;
}

bool data_bert_text_word(const char *text, size_t size, size_t *at, data_bert_word *word) {
    *word = (data_bert_word){text + *at, 0, 0};
    while (*at < size) {
        size_t next = *at;
        uint32_t c = data_unicode_next(text, &next);
        unsigned flags = is_plain(c) ? 0 : data_unicode(c)->flags;
        flags &= DATA_UNICODE_SPACE | DATA_UNICODE_PUNCTUATION;
        if (flags && word->size)
            return true;
        word->size += next - *at;
        word->letters++;
        *at = next;
        if (flags & DATA_UNICODE_PUNCTUATION)
            return true;
        if (flags)
            *word = (data_bert_word){text + next, 0, 0};
    }
    return word->size > 0;
}
