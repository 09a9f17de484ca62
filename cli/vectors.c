#define _POSIX_C_SOURCE 200809L
#include "cli/vectors.h"

#include "base/file.h"
#include "base/json_write.h"
#include "base/log.h"
#include "base/number.h"
#include "base/output.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct vectors_format {
    const char *ending;
    bool (*begin)(cli_vectors *v, base_error *error); /* NULL: nothing stands before the rows */
    bool (*row)(cli_vectors *v, data_text sentence, base_error *error); /* the row at hand */
} vectors_format;

struct cli_vectors {
    const vectors_format *format;
    const char *path;
    base_output *output;         /* NULL: in parts, or standard output */
    base_unfinished *unfinished; /* NULL: not in parts */
    size_t part_rows, header;    /* rows of a part, bytes before the first one */
    size_t rows, width;
    const search_quantizer *quantizer; /* NULL: rows are floats */
    size_t columns;                    /* of the file */
    const float *row;                  /* the row at hand */
    unsigned char *bytes;              /* [columns]: the same, quantized */
    base_bytes line;                   /* what the next fwrite takes */
};

/* NumPy's name of an element. */
static const char *type_of(const cli_vectors *v) {
    return !v->quantizer ? "<f4" : v->quantizer->precision->is_signed ? "|i1" : "|u1";
}

/* Number i of the row at hand. */
static double number_of(const cli_vectors *v, size_t i) {
    if (!v->quantizer)
        return (double)v->row[i];
    return v->quantizer->precision->is_signed ? (double)(signed char)v->bytes[i]
                                              : (double)v->bytes[i];
}

/* Magic, version, header length (16 bit, little-endian), a Python dict padded with blanks so that
 * the data begin at a multiple of 64 (NumPy, "NPY format", version 1.0). */
static bool npy_begin(cli_vectors *v, base_error *error) {
    enum { PREFIX = 10, ALIGN = 64 };
    char dict[200];
    int used = snprintf(dict, sizeof dict,
                        "{'descr': '%s', 'fortran_order': False, 'shape': (%zu, %zu), }",
                        type_of(v), v->rows, v->columns);
    size_t size = (PREFIX + (size_t)used + 1 + ALIGN - 1) / ALIGN * ALIGN - PREFIX;
    char prefix[PREFIX] = {'\x93', 'N', 'U', 'M', 'P', 'Y', 1, 0, (char)size, 0};
    return base_bytes_add(&v->line, prefix, PREFIX, error) &&
           base_bytes_format(&v->line, error, "%-*s\n", (int)size - 1, dict);
}

static bool npy_row(cli_vectors *v, data_text sentence, base_error *error) {
    (void)sentence;
    if (v->quantizer)
        return base_bytes_add(&v->line, v->bytes, v->columns, error);
    for (size_t i = 0; i < v->columns; i++) {
        uint32_t bits;
        memcpy(&bits, &v->row[i], sizeof bits);
        unsigned char bytes[4] = {(unsigned char)bits, (unsigned char)(bits >> 8),
                                  (unsigned char)(bits >> 16), (unsigned char)(bits >> 24)};
        if (!base_bytes_add(&v->line, bytes, sizeof bytes, error))
            return false;
    }
    return true;
}

static bool tsv_row(cli_vectors *v, data_text sentence, base_error *error) {
    (void)sentence;
    char number[BASE_NUMBER_SIZE];
    for (size_t i = 0; i < v->columns; i++)
        if (!base_bytes_format(&v->line, error, "%s%s", i ? "\t" : "",
                               base_number_round(number_of(v, i), 9, number)))
            return false;
    return base_bytes_add(&v->line, "\n", 1, error);
}

static bool jsonl_row(cli_vectors *v, data_text sentence, base_error *error) {
    base_json_writer w = {.out = &v->line, .error = error, .style = BASE_JSON_SPACED};
    base_json_open(&w, NULL, '{');
    if (sentence.bytes)
        base_json_put_text(&w, "sentence", sentence.bytes, sentence.size);
    base_json_open(&w, "embedding", '[');
    for (size_t i = 0; i < v->columns; i++)
        base_json_put_number(&w, NULL, number_of(v, i), 9);
    base_json_close(&w, ']');
    base_json_close(&w, '}');
    return base_ok(error) && base_bytes_add(&v->line, "\n", 1, error);
}

static const vectors_format formats[] = {
    {".npy", npy_begin, npy_row},
    {".tsv", NULL, tsv_row},
    {".jsonl", NULL, jsonl_row},
};

static const vectors_format *find_format(const char *path, base_error *error) {
    size_t size = strlen(path);
    if (!strcmp(path, "-"))
        path = "-.tsv", size = 5;
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        size_t ending = strlen(formats[i].ending);
        if (size > ending && strcmp(path + size - ending, formats[i].ending) == 0)
            return &formats[i];
    }
    char shown[200];
    base_fail(error, BASE_BAD_INPUT,
              "--out is '%s', expected a file ending in .npy, .tsv or .jsonl, or -",
              base_escape(shown, sizeof shown, path, size));
    return NULL;
}

static FILE *stream_of(const cli_vectors *v) {
    return v->output       ? base_output_stream(v->output)
           : v->unfinished ? base_unfinished_stream(v->unfinished)
                           : stdout;
}

static bool flush(cli_vectors *v, base_error *error) {
    bool ok = fwrite(v->line.data, 1, v->line.size, stream_of(v)) == v->line.size;
    v->line.size = 0;
    if (ok || v->output || v->unfinished)
        return ok || base_file_fail(v->path, "write", error);
    return base_fail(error, BASE_FAILED, "standard output cannot be written");
}

static bool open_file(cli_vectors *v, const char *path, base_error *error) {
    if (!strcmp(path, "-"))
        return true;
    v->output = base_output_open(path, error);
    return v->output && (!v->format->begin || (v->format->begin(v, error) && flush(v, error)));
}

bool cli_vectors_check(const char *path, base_error *error) {
    if (!find_format(path, error))
        return false;
    return !strcmp(path, "-") || !base_file_exists(path) || base_file_is_regular(path) ||
           base_fail(error, BASE_BAD_INPUT, "%s is a %s, expected a file to write", path,
                     base_file_is_folder(path) ? "folder" : "pipe or device");
}

static cli_vectors *make(const char *path, size_t rows, size_t width,
                         const search_quantizer *quantizer, base_error *error) {
    cli_vectors *v = cli_vectors_check(path, error) ? base_alloc(1, sizeof *v, error) : NULL;
    if (!v)
        return NULL;
    v->format = find_format(path, error);
    v->path = path;
    v->rows = rows;
    v->width = width;
    v->quantizer = quantizer;
    v->columns = quantizer ? search_quantized_size(quantizer) : width;
    v->bytes = base_alloc(v->columns, 1, error);
    if (v->bytes)
        return v;
    cli_vectors_abandon(v);
    return NULL;
}

cli_vectors *cli_vectors_open(const char *path, size_t rows, size_t width,
                              const search_quantizer *quantizer, base_error *error) {
    cli_vectors *v = make(path, rows, width, quantizer, error);
    if (v && open_file(v, path, error))
        return v;
    cli_vectors_abandon(v);
    return NULL;
}

/* ---- in parts ---- */

static size_t row_bytes(const cli_vectors *v) {
    return v->columns * (v->quantizer ? 1 : sizeof(float));
}

/* The file's size, and its header as the line to write. */
static bool measure(cli_vectors *v, size_t *size, base_error *error) {
    if (!npy_begin(v, error))
        return false;
    v->header = v->line.size;
    return (base_size_mul(v->rows, row_bytes(v), size) && base_size_add(*size, v->header, size) &&
            *size <= INT64_MAX) ||
           base_fail(error, BASE_BAD_INPUT,
                     "%s: %zu vectors of %zu numbers are too many for a file", v->path, v->rows,
                     v->columns);
}

cli_vectors *cli_vectors_open_parts(const char *path, size_t rows, size_t width,
                                    const search_quantizer *quantizer,
                                    const cli_vectors_parts *parts, base_error *error) {
    size_t size;
    cli_vectors *v = make(path, rows, width, quantizer, error);
    if (v && measure(v, &size, error)) {
        base_unfinished_whole whole = {parts->origin, size,
                                       rows / parts->rows + (rows % parts->rows > 0)};
        v->part_rows = parts->rows;
        v->unfinished = base_unfinished_open(path, &whole, parts->start, error);
        if (v->unfinished && (parts->start == BASE_UNFINISHED_JOIN || flush(v, error)))
            return v;
    }
    cli_vectors_abandon(v);
    return NULL;
}

bool cli_vectors_is_done(const cli_vectors *v, size_t part) {
    return base_unfinished_is_done(v->unfinished, part);
}

bool cli_vectors_add_part(cli_vectors *v, size_t part, const float *rows, size_t count,
                          base_error *error) {
    static const data_text no_text = {NULL, 0};
    size_t at = v->header + part * v->part_rows * row_bytes(v);
    v->line.size = 0;
    if (fseeko(stream_of(v), (off_t)at, SEEK_SET))
        return base_file_fail(v->path, "write", error);
    for (size_t i = 0; i < count; i++)
        if (!cli_vectors_add(v, &no_text, rows + i * v->width, 1, error))
            return false;
    return base_unfinished_written(v->unfinished, part, error);
}

bool cli_vectors_sync(cli_vectors *v, base_error *error) {
    return base_unfinished_sync(v->unfinished, error);
}

/* ---- rows, and the end ---- */

bool cli_vectors_add(cli_vectors *v, const data_text *sentences, const float *rows, size_t count,
                     base_error *error) {
    for (size_t i = 0; i < count; i++) {
        v->row = rows + i * v->width;
        if (v->quantizer)
            search_quantize(v->quantizer, v->row, v->bytes);
        if (!v->format->row(v, sentences[i], error) || !flush(v, error))
            return false;
    }
    return true;
}

bool cli_vectors_finish(cli_vectors *v, base_error *error) {
    bool ok = (!v->output || base_output_commit(v->output, error)) &&
              (!v->unfinished || base_unfinished_commit(v->unfinished, error));
    v->output = NULL;
    v->unfinished = NULL;
    cli_vectors_abandon(v);
    return ok;
}

void cli_vectors_abandon(cli_vectors *v) {
    if (!v)
        return;
    base_output_abandon(v->output);
    if (base_unfinished_leave(v->unfinished))
        base_log(BASE_LOG_INFO, "%s is unfinished; the same command with --resume goes on",
                 v->path);
    base_bytes_free(&v->line);
    free(v->bytes);
    free(v);
}
