#include "data/reader.h"

#include "data/reader_def.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define READER(name) extern const data_reader_def data_reader_##name;
#include "data/readers.def"
#undef READER

#define READER(name) &data_reader_##name,
static const data_reader_def *const readers[] = {
#include "data/readers.def"
};
#undef READER

enum { READERS = sizeof readers / sizeof readers[0] };

#define READER(name) #name,
static const char *const reader_names[] = {
#include "data/readers.def"
    NULL};
#undef READER

const char *const data_usual_label[] = {"entailment", "neutral", "contradiction"};
static const uint32_t usual_value[] = {0, 1, 2};

const char *const *data_reader_names(void) {
    return reader_names;
}

const char *data_reader_summary(const char *name) {
    for (size_t i = 0; i < READERS; i++)
        if (!strcmp(readers[i]->name, name))
            return readers[i]->summary;
    return NULL;
}

bool data_path_ends(const char *path, const char *suffix) {
    size_t size = strlen(path), n = strlen(suffix);
    if (size > 3 && !strcmp(path + size - 3, ".gz"))
        size -= 3;
    return size >= n && !memcmp(path + size - n, suffix, n);
}

static const data_reader_def *fail_format(const char *file, const char *format, base_error *error) {
    base_bytes list = {0};
    bool ok = base_bytes_names(&list, reader_names, error);
    if (ok && format)
        base_fail(error, BASE_BAD_INPUT, "%s: found format \"%s\" asked for, expected one of %s",
                  file, format, list.data);
    else if (ok)
        base_fail(
            error, BASE_BAD_INPUT,
            "%s: found a file whose name and first line tell no format, expected a format to be "
            "named, one of %s",
            file, list.data);
    base_bytes_free(&list);
    return NULL;
}

static const data_reader_def *choose(const char *path, const char *format, const data_line *first,
                                     const char *file, base_error *error) {
    for (size_t i = 0; i < READERS; i++)
        if (format ? !strcmp(format, readers[i]->name) : readers[i]->recognises(path, first))
            return readers[i];
    return fail_format(file, format, error);
}

/* The options with every default filled in. */
static data_reader_options complete(const data_reader_options *given) {
    static const char *const targets[] = {NULL, "gold_label", "score"};
    data_reader_options o = *given;
    if (o.columns == 0)
        o.columns = 2;
    if (!o.column[0] && !o.column[1]) {
        o.column[0] = "sentence1";
        o.column[1] = "sentence2";
    }
    if (!o.target)
        o.target = targets[o.kind];
    if (o.labels == 0 && !o.find_labels) {
        o.labels = DATA_USUAL_LABELS;
        o.label_name = data_usual_label;
        o.label_value = usual_value;
    }
    if (!o.skip_label)
        o.skip_label = "-";
    return o;
}

const char *data_reading_need(const data_reading *r, const char *name, char *out, size_t size) {
    out[0] = '\0';
    if (r->need && r->wanted > r->text_columns && name == r->name[r->text_columns])
        snprintf(out, size, " (%s)", r->need);
    return out;
}

static bool want(data_reading *r, const data_reader_options *o, base_error *error) {
    if (o->columns > DATA_MAX_COLUMNS)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: found %zu text columns wanted, expected 1 to %d", r->file, o->columns,
                         DATA_MAX_COLUMNS);
    r->text_columns = r->wanted = o->columns;
    r->need = o->need;
    for (size_t i = 0; i < o->columns; i++) {
        r->name[i] = o->column[i];
        if (!r->name[i])
            return base_fail(error, BASE_BAD_INPUT,
                             "%s: found no name for text column %zu of %zu, expected one for each",
                             r->file, i + 1, o->columns);
    }
    if (o->kind != DATA_TARGET_NONE)
        r->name[r->wanted++] = o->target;
    return true;
}

static bool fail_target(const data_reading *r, const char *expected, base_error *error) {
    const data_field *field = &r->field[r->wanted - 1];
    char column[40] = "", found[120];
    if (field->column)
        snprintf(column, sizeof column, ", column %zu", field->column);
    return base_fail(error, BASE_BAD_INPUT, "%s: line %zu%s: found %s \"%s\", expected %s", r->file,
                     field->line, column, r->name[r->wanted - 1],
                     base_escape(found, sizeof found, field->bytes, field->size), expected);
}

static bool equals(const data_field *field, const char *text) {
    return field->size == strlen(text) && !memcmp(field->bytes, text, field->size);
}

static bool fail_label(const data_reading *r, const data_reader_options *o, base_error *error) {
    base_bytes expected = {0};
    bool ok = base_bytes_format(&expected, error, "one of");
    for (size_t i = 0; ok && i < o->labels; i++)
        ok = base_bytes_format(&expected, error, "%s \"%s\"", i ? "," : "", o->label_name[i]);
    ok = ok && base_bytes_format(&expected, error, " (\"%s\" is skipped)", o->skip_label);
    if (ok)
        fail_target(r, expected.data, error);
    base_bytes_free(&expected);
    return false;
}

/* The label's value; a label that is new here is added when they are to be found. */
static bool read_label(const data_reading *r, const data_reader_options *o, data_corpus *corpus,
                       uint32_t *value, base_error *error) {
    const data_field *field = &r->field[r->wanted - 1];
    size_t known = data_corpus_labels(corpus);
    for (size_t i = 0; i < known; i++)
        if (equals(field, data_corpus_label_name(corpus, i))) {
            *value = data_corpus_label_value(corpus, i);
            return true;
        }
    if (!o->find_labels)
        return fail_label(r, o, error);
    if (field->size == 0 || memchr(field->bytes, 0, field->size))
        return fail_target(r, "a label", error);
    double number;
    if (base_number_parse(field->bytes, field->size, &number) && floor(number) < number)
        return fail_target(r, "a label: a text or a whole number", error);
    if (known == DATA_MOST_LABELS)
        return fail_target(r, "one of the labels before it, of which there are 1000", error);
    *value = (uint32_t)known;
    return data_corpus_add_label(corpus, field->bytes, field->size, *value, error);
}

static bool read_score(const data_reading *r, const data_reader_options *o, double *score,
                       base_error *error) {
    const data_field *field = &r->field[r->wanted - 1];
    bool ranged = o->score_high > o->score_low;
    char expected[100] = "a number";
    if (base_number_parse(field->bytes, field->size, score) &&
        (!ranged || (*score >= o->score_low && *score <= o->score_high)))
        return true;
    if (ranged)
        snprintf(expected, sizeof expected, "a number from %g to %g", o->score_low, o->score_high);
    return fail_target(r, expected, error);
}

static bool give_rows(const data_reading *r, const data_reader_options *o, data_corpus *corpus,
                      base_error *error) {
    const data_row_taker *t = o->taker;
    return t->take(t->context, corpus, r->before + data_line_reader_taken(r->lines), error) &&
           data_corpus_forget(corpus, error);
}

static bool take_row(const data_reading *r, const data_reader_options *o, data_corpus *corpus,
                     base_error *error) {
    data_row row = {.columns = o->columns, .line = r->line};
    if (o->kind == DATA_TARGET_CLASS && equals(&r->field[r->wanted - 1], o->skip_label)) {
        data_corpus_count_skipped(corpus);
        return true;
    }
    for (size_t i = 0; i < o->columns; i++)
        row.text[i] = (data_text){r->field[i].bytes, r->field[i].size};
    if (o->kind == DATA_TARGET_CLASS && !read_label(r, o, corpus, &row.label, error))
        return false;
    if (o->kind == DATA_TARGET_SCORE && !read_score(r, o, &row.score, error))
        return false;
    return data_corpus_add(corpus, &row, error) &&
           (!o->taker || data_corpus_bytes(corpus) < o->taker->bytes ||
            give_rows(r, o, corpus, error));
}

/* Reads the rows of a file that is open. Its range of scores is the declared one, else that of its
 * format. */
static bool read_rows(data_reading *r, const char *path, data_reader_options *o,
                      data_corpus *corpus, base_error *error) {
    data_line first;
    if (!data_line_reader_peek(r->lines, &first, error))
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: line 1, column 1: found an empty file, expected rows", r->file);
    const data_reader_def *def = choose(path, o->format, &first, r->file, error);
    if (!def)
        return false;
    if (o->no_header && !def->header_optional)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: found the format %s and a wish for no header, expected a table, such "
                         "as csv or tsv",
                         r->file, def->name);
    if (!(o->score_high > o->score_low)) {
        o->score_low = def->score_low;
        o->score_high = def->score_high;
    }
    if (def->shares_lines)
        data_corpus_share_lines(corpus);
    if (!want(r, o, error) || !def->open(r, error))
        return false;
    while (def->next(r, error))
        if (!take_row(r, o, corpus, error))
            return false;
    size_t first_line, replaced = data_line_reader_replaced(r->lines, &first_line);
    if (replaced)
        data_corpus_count_replaced(corpus, replaced, first_line);
    return base_ok(error) && (!o->taker || give_rows(r, o, corpus, error));
}

static bool read_file(const char *path, data_reader_options *o, data_corpus *corpus,
                      uint64_t *bytes, base_error *error) {
    size_t kept = data_corpus_all_rows(corpus), skipped = data_corpus_skipped(corpus);
    data_reading r = {
        .lines = data_line_reader_open(path, error), .no_header = o->no_header, .before = *bytes};
    if (!r.lines)
        return false;
    r.file = data_line_reader_name(r.lines);
    if (read_rows(&r, path, o, corpus, error) && data_corpus_all_rows(corpus) == kept)
        base_fail(error, BASE_BAD_INPUT,
                  "%s: found no row to keep (%zu skipped), expected at least one", r.file,
                  data_corpus_skipped(corpus) - skipped);
    *bytes += data_line_reader_taken(r.lines);
    data_line_reader_close(r.lines);
    free(r.cells);
    base_bytes_free(&r.text);
    cJSON_Delete(r.tree);
    return base_ok(error);
}

/* When all labels found are usual ones, they get the usual numbers, all of which then are known. */
static bool settle_labels(data_corpus *corpus, base_error *error) {
    size_t found = data_corpus_labels(corpus);
    uint32_t to[DATA_USUAL_LABELS];
    bool seen[DATA_USUAL_LABELS] = {false};
    for (size_t i = 0; i < found; i++) {
        uint32_t usual = 0;
        while (usual < DATA_USUAL_LABELS &&
               strcmp(data_corpus_label_name(corpus, i), data_usual_label[usual]))
            usual++;
        if (usual == DATA_USUAL_LABELS)
            return true;
        to[i] = usual;
        seen[usual] = true;
    }
    bool ok = data_corpus_relabel(corpus, to, error);
    for (uint32_t i = 0; ok && i < DATA_USUAL_LABELS; i++)
        ok = seen[i] || data_corpus_add_label(corpus, data_usual_label[i],
                                              strlen(data_usual_label[i]), i, error);
    return ok;
}

/* The files' names, joined; NULL when memory is out. */
static char *join_names(const char *const *paths, size_t count, base_error *error) {
    base_bytes name = {0};
    for (size_t i = 0; i < count; i++)
        if (!base_bytes_format(&name, error, "%s%s", i ? ", " : "", paths[i])) {
            base_bytes_free(&name);
            return NULL;
        }
    return name.data;
}

static bool fill(data_corpus *corpus, const char *const *paths, size_t count,
                 const data_reader_options *o, base_error *error) {
    double low = 0, high = 0;
    uint64_t bytes = 0;
    for (size_t i = 0; o->kind == DATA_TARGET_CLASS && i < o->labels; i++)
        if (!data_corpus_add_label(corpus, o->label_name[i], strlen(o->label_name[i]),
                                   o->label_value[i], error))
            return false;
    for (size_t i = 0; i < count; i++) {
        data_reader_options of_file = *o;
        if (!read_file(paths[i], &of_file, corpus, &bytes, error))
            return false;
        bool same = i == 0 || (of_file.score_low == low && of_file.score_high == high);
        low = same ? of_file.score_low : 0;
        high = same ? of_file.score_high : 0;
    }
    if (o->kind == DATA_TARGET_SCORE)
        data_corpus_set_range(corpus, low, high);
    return o->kind != DATA_TARGET_CLASS || !o->find_labels || settle_labels(corpus, error);
}

data_corpus *data_read_files(const char *const *paths, size_t count,
                             const data_reader_options *options, base_error *error) {
    data_reader_options o = complete(options);
    char *name = join_names(paths, count, error);
    data_corpus *corpus = name ? data_corpus_new(name, o.columns, o.kind, error) : NULL;
    free(name);
    if (corpus && fill(corpus, paths, count, &o, error))
        return corpus;
    data_corpus_free(corpus);
    return NULL;
}

data_corpus *data_read(const char *path, const data_reader_options *options, base_error *error) {
    return data_read_files(&path, 1, options, error);
}
