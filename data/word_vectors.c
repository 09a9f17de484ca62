#include "data/word_vectors.h"

#include "base/log.h"
#include "base/number.h"
#include "base/utf8.h"
#include "data/line_reader.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_COLUMNS = 1 << 16, MOST_WORDS = 1 << 26 };

typedef struct reading {
    data_word_vectors *to;
    data_line_reader *lines;
    const char *file;
    size_t told; /* numbers of a line, by the head; 0: there is none */
    size_t repeated, spaced;
} reading;

static size_t count_spaces(const data_line *line) {
    size_t n = 0;
    for (size_t i = 0; i < line->size; i++)
        n += line->bytes[i] == ' ';
    return n;
}

static bool add_row(data_word_vectors *v, size_t row, base_error *error) {
    return base_grow(&v->values, &v->capacity, row + 1, v->columns * sizeof *v->values, error);
}

/* The numbers of a line, from byte `at` on. */
static bool read_numbers(const reading *r, const data_line *line, size_t at, float *out,
                         base_error *error) {
    char shown[60];
    for (size_t i = 0; i < r->to->columns; i++) {
        const char *number = line->bytes + at;
        const char *space = memchr(number, ' ', line->size - at);
        size_t size = space ? (size_t)(space - number) : line->size - at;
        double value;
        if (!base_number_parse(number, size, &value) || !isfinite((float)value))
            return base_fail(error, BASE_BAD_INPUT,
                             "%s: line %zu, column %zu: found \"%s\", expected a number", r->file,
                             line->number, at + 1, base_escape(shown, sizeof shown, number, size));
        out[i] = (float)value;
        at += size + 1;
    }
    return true;
}

/* The head, or else the first line, tells how many numbers each has. */
static bool begin(const reading *r, const data_line *line, size_t numbers, base_error *error) {
    static const char padding[] = "PADDING_TOKEN";
    data_word_vectors *v = r->to;
    if (numbers < 1 || numbers > MOST_COLUMNS)
        return base_fail(
            error, BASE_BAD_INPUT,
            "%s: line %zu, column 1: found %zu numbers behind a word, expected 1 to %d", r->file,
            line->number, numbers, MOST_COLUMNS);
    v->columns = numbers;
    if (!add_row(v, 0, error) ||
        data_vocabulary_add(v->words, padding, sizeof padding - 1, error) == DATA_NO_PIECE)
        return false;
    memset(v->values, 0, numbers * sizeof *v->values);
    return true;
}

static bool fail_count(const reading *r, const data_line *line, const char *word, size_t numbers,
                       base_error *error) {
    return base_fail(error, BASE_BAD_INPUT,
                     "%s: line %zu, column 1: found %s and %zu numbers, expected a word and %zu "
                     "numbers",
                     r->file, line->number, word, numbers, r->to->columns);
}

/* Where the numbers begin, which are a line's last fields. */
static size_t numbers_at(const data_line *line, size_t columns) {
    size_t at = line->size;
    while (at > 0 && (line->bytes[at - 1] != ' ' || --columns))
        at--;
    return at;
}

/* A word with a space in it: not one whose last part is a number, since then other lines are short
 * of numbers, the first one it may be. `row` is free. */
static bool leave_out(reading *r, const data_line *line, size_t spaces, size_t row,
                      base_error *error) {
    size_t at = numbers_at(line, r->to->columns), part = at - 1;
    while (part > 0 && line->bytes[part - 1] != ' ')
        part--;
    double value;
    if (base_number_parse(line->bytes + part, at - 1 - part, &value))
        return fail_count(r, line, "a word", spaces, error);
    r->spaced++;
    return add_row(r->to, row, error) &&
           read_numbers(r, line, at, r->to->values + row * r->to->columns, error);
}

static bool read_line(reading *r, const data_line *line, base_error *error) {
    data_word_vectors *v = r->to;
    size_t spaces = count_spaces(line);
    if (!v->columns && !begin(r, line, r->told ? r->told : spaces, error))
        return false;
    size_t before = data_vocabulary_size(v->words);
    if (spaces > v->columns)
        return leave_out(r, line, spaces, before, error);
    const char *space = memchr(line->bytes, ' ', line->size);
    size_t word = space ? (size_t)(space - line->bytes) : line->size;
    if (spaces < v->columns || word == 0)
        return fail_count(r, line, word ? "a word" : "no word", spaces, error);
    if (memchr(line->bytes, '\0', word))
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: line %zu, column 1: found a NUL, expected a word", r->file,
                         line->number);
    uint32_t id = data_vocabulary_add(v->words, line->bytes, word, error);
    if (id == DATA_NO_PIECE)
        return false;
    if (id >= MOST_WORDS)
        return base_fail(error, BASE_BAD_INPUT, "%s: line %zu, column 1: expected at most %d words",
                         r->file, line->number, MOST_WORDS - 1);
    r->repeated += id < before;
    return add_row(v, id, error) &&
           read_numbers(r, line, word + 1, v->values + id * v->columns, error);
}

/* "WORDS COLUMNS". */
static bool read_head(reading *r, const data_line *line) {
    const char *space = memchr(line->bytes, ' ', line->size);
    size_t first = space ? (size_t)(space - line->bytes) : 0;
    double words, columns;
    bool head = line->number == 1 && count_spaces(line) == 1 &&
                base_number_parse(line->bytes, first, &words) &&
                base_number_parse(space + 1, line->size - first - 1, &columns) && columns >= 1 &&
                columns <= MOST_COLUMNS && columns - floor(columns) <= 0;
    if (head)
        r->told = (size_t)columns;
    return head;
}

static bool read_lines(reading *r, base_error *error) {
    data_line line;
    while (data_line_reader_next(r->lines, &line, error)) {
        while (line.size && line.bytes[line.size - 1] == ' ')
            line.size--;
        if (!read_head(r, &line) && !read_line(r, &line, error))
            return false;
    }
    data_line_reader_warn(r->lines);
    if (r->repeated || r->spaced)
        base_log(BASE_LOG_WARNING,
                 "%s: %zu words stand twice, the last one counts; %zu with a space in them are "
                 "left out",
                 r->file, r->repeated, r->spaced);
    return base_ok(error) &&
           (r->to->columns || base_fail(error, BASE_BAD_INPUT,
                                        "%s: line 1, column 1: found the end of the file, expected "
                                        "a word and its numbers",
                                        r->file));
}

bool data_word_vectors_read(data_word_vectors *v, const char *path, base_error *error) {
    *v = (data_word_vectors){.words = data_vocabulary_new(error)};
    reading r = {.to = v, .lines = v->words ? data_line_reader_open(path, error) : NULL};
    if (!r.lines)
        return false;
    r.file = data_line_reader_name(r.lines);
    bool ok = read_lines(&r, error);
    data_line_reader_close(r.lines);
    return ok;
}

void data_word_vectors_free(data_word_vectors *v) {
    data_vocabulary_free(v->words);
    free(v->values);
    *v = (data_word_vectors){0};
}
