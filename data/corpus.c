#include "data/corpus.h"

#include <stdlib.h>
#include <string.h>

typedef struct corpus_label {
    char *name;
    uint32_t value;
} corpus_label;

struct data_corpus {
    char *name;
    size_t columns;
    data_target_kind kind;
    size_t rows, skipped, replaced, first_replaced;
    base_bytes texts; /* all texts, one after the other, row by row */
    size_t *end;      /* [rows*columns] where each ends in texts */
    uint32_t *label;  /* [rows] for DATA_TARGET_CLASS */
    double *score;    /* [rows] for DATA_TARGET_SCORE */
    size_t *line;     /* [rows] */
    corpus_label *labels;
    size_t labels_count, labels_capacity;
    double low, high; /* of the scores; equal: not known */
    data_forgotten forgotten;
    size_t seen; /* rows at hand that were there when others were forgotten */
    bool shares_lines;
    size_t end_capacity, label_capacity, score_capacity, line_capacity;
};

data_corpus *data_corpus_new(const char *name, size_t columns, data_target_kind kind,
                             base_error *error) {
    if (columns < 1 || columns > DATA_MAX_COLUMNS) {
        base_fail(error, BASE_BAD_INPUT, "%s: found %zu text columns wanted, expected 1 to %d",
                  name, columns, DATA_MAX_COLUMNS);
        return NULL;
    }
    data_corpus *corpus = base_alloc(1, sizeof *corpus, error);
    if (!corpus)
        return NULL;
    corpus->columns = columns;
    corpus->kind = kind;
    corpus->name = base_copy(name, strlen(name));
    if (corpus->name)
        return corpus;
    base_fail(error, BASE_FAILED, "out of memory");
    free(corpus);
    return NULL;
}

void data_corpus_free(data_corpus *corpus) {
    if (!corpus)
        return;
    base_bytes_free(&corpus->texts);
    for (size_t i = 0; i < corpus->labels_count; i++)
        free(corpus->labels[i].name);
    free(corpus->labels);
    free(corpus->forgotten.label_rows);
    free(corpus->end);
    free(corpus->label);
    free(corpus->score);
    free(corpus->line);
    free(corpus->name);
    free(corpus);
}

static bool make_room(data_corpus *c, base_error *error) {
    size_t rows = c->rows + 1, texts;
    if (rows >= UINT32_MAX / DATA_MAX_COLUMNS || data_corpus_all_rows(c) >= UINT32_MAX - 1)
        return base_fail(error, BASE_BAD_INPUT, "%s: found more than %zu rows, expected fewer",
                         c->name, data_corpus_all_rows(c));
    return base_size_mul(rows, c->columns, &texts) &&
           base_grow(&c->end, &c->end_capacity, texts, sizeof *c->end, error) &&
           base_grow(&c->line, &c->line_capacity, rows, sizeof *c->line, error) &&
           (c->kind != DATA_TARGET_CLASS ||
            base_grow(&c->label, &c->label_capacity, rows, sizeof *c->label, error)) &&
           (c->kind != DATA_TARGET_SCORE ||
            base_grow(&c->score, &c->score_capacity, rows, sizeof *c->score, error));
}

bool data_corpus_add_label(data_corpus *c, const char *name, size_t size, uint32_t value,
                           base_error *error) {
    if (!base_grow(&c->labels, &c->labels_capacity, c->labels_count + 1, sizeof *c->labels, error))
        return false;
    char *copy = base_copy(name, size);
    if (!copy)
        return base_fail(error, BASE_FAILED, "out of memory");
    c->labels[c->labels_count++] = (corpus_label){copy, value};
    return true;
}

size_t data_corpus_labels(const data_corpus *corpus) {
    return corpus->labels_count;
}

const char *data_corpus_label_name(const data_corpus *corpus, size_t i) {
    return corpus->labels[i].name;
}

uint32_t data_corpus_label_value(const data_corpus *corpus, size_t i) {
    return corpus->labels[i].value;
}

bool data_corpus_find_label(const data_corpus *corpus, const char *name, uint32_t *value) {
    for (size_t i = 0; i < corpus->labels_count; i++)
        if (!strcmp(name, data_corpus_label_name(corpus, i))) {
            *value = data_corpus_label_value(corpus, i);
            return true;
        }
    return false;
}

/* Makes room for counts of labels below `labels`. */
static bool know_labels(data_forgotten *f, size_t labels, base_error *error) {
    size_t known = f->labels;
    if (labels <= known)
        return true;
    if (!base_grow(&f->label_rows, &known, labels, sizeof *f->label_rows, error))
        return false;
    memset(f->label_rows + f->labels, 0, (known - f->labels) * sizeof *f->label_rows);
    f->labels = known;
    return true;
}

static bool relabel_forgotten(data_forgotten *f, const uint32_t *to, base_error *error) {
    data_forgotten old = *f;
    f->label_rows = NULL;
    f->labels = 0;
    bool ok = true;
    for (size_t i = 0; ok && i < old.labels; i++) {
        if (!old.label_rows[i])
            continue;
        ok = know_labels(f, to[i] + (size_t)1, error);
        if (ok)
            f->label_rows[to[i]] += old.label_rows[i];
    }
    free(old.label_rows);
    return ok;
}

bool data_corpus_relabel(data_corpus *c, const uint32_t *to, base_error *error) {
    for (size_t i = 0; i < c->labels_count; i++)
        c->labels[i].value = to[c->labels[i].value];
    for (size_t i = 0; c->kind == DATA_TARGET_CLASS && i < c->rows; i++)
        c->label[i] = to[c->label[i]];
    return relabel_forgotten(&c->forgotten, to, error);
}

void data_corpus_set_range(data_corpus *corpus, double low, double high) {
    corpus->low = low;
    corpus->high = high;
}

bool data_corpus_range(const data_corpus *corpus, double *low, double *high) {
    *low = corpus->low;
    *high = corpus->high;
    return corpus->high > corpus->low;
}

bool data_corpus_add(data_corpus *c, const data_row *row, base_error *error) {
    if (row->columns != c->columns)
        return base_fail(error, BASE_FAILED, "%s: a row of %zu texts in a corpus of %zu columns",
                         c->name, row->columns, c->columns);
    size_t kept = c->texts.size;
    if (!make_room(c, error))
        return false;
    for (size_t i = 0; i < c->columns; i++) {
        if (!base_bytes_add(&c->texts, row->text[i].bytes, row->text[i].size, error)) {
            c->texts.size = kept;
            return false;
        }
        c->end[c->rows * c->columns + i] = c->texts.size;
    }
    if (c->kind == DATA_TARGET_CLASS)
        c->label[c->rows] = row->label;
    if (c->kind == DATA_TARGET_SCORE)
        c->score[c->rows] = row->score;
    c->line[c->rows++] = row->line;
    return true;
}

data_corpus *data_corpus_part(const data_corpus *c, const bool *of, bool kept, base_error *error) {
    data_corpus *part = data_corpus_new(c->name, c->columns, c->kind, error);
    bool ok = part != NULL;
    for (size_t i = 0; ok && i < c->labels_count; i++)
        ok = data_corpus_add_label(part, c->labels[i].name, strlen(c->labels[i].name),
                                   c->labels[i].value, error);
    for (size_t i = 0; ok && i < c->rows; i++) {
        data_row row;
        data_corpus_row(c, i, &row);
        ok = (of && of[i] != kept) || data_corpus_add(part, &row, error);
    }
    if (ok) {
        data_corpus_set_range(part, c->low, c->high);
        return part;
    }
    data_corpus_free(part);
    return NULL;
}

void data_corpus_count_skipped(data_corpus *corpus) {
    corpus->skipped++;
}

void data_corpus_set_skipped(data_corpus *corpus, size_t count) {
    corpus->skipped = count;
}

void data_corpus_count_replaced(data_corpus *corpus, size_t count, size_t line) {
    if (corpus->replaced == 0)
        corpus->first_replaced = line;
    corpus->replaced += count;
}

size_t data_corpus_rows(const data_corpus *corpus) {
    return corpus->rows;
}

size_t data_corpus_skipped(const data_corpus *corpus) {
    return corpus->skipped;
}

size_t data_corpus_replaced(const data_corpus *corpus, size_t *first_line) {
    if (first_line)
        *first_line = corpus->first_replaced;
    return corpus->replaced;
}

size_t data_corpus_columns(const data_corpus *corpus) {
    return corpus->columns;
}

data_target_kind data_corpus_kind(const data_corpus *corpus) {
    return corpus->kind;
}

const char *data_corpus_name(const data_corpus *corpus) {
    return corpus->name;
}

void data_corpus_row(const data_corpus *c, size_t i, data_row *out) {
    *out = (data_row){.columns = c->columns,
                      .label = data_corpus_label(c, i),
                      .score = c->kind == DATA_TARGET_SCORE ? c->score[i] : 0,
                      .line = c->line[i]};
    for (size_t column = 0; column < c->columns; column++) {
        size_t at = i * c->columns + column, begin = at ? c->end[at - 1] : 0;
        out->text[column] = (data_text){c->texts.data + begin, c->end[at] - begin};
    }
}

uint32_t data_corpus_label(const data_corpus *c, size_t i) {
    return c->kind == DATA_TARGET_CLASS ? c->label[i] : 0;
}

double data_corpus_unit_score(const data_corpus *c, size_t i) {
    if (c->kind != DATA_TARGET_SCORE)
        return 0;
    return c->high > c->low ? (c->score[i] - c->low) / (c->high - c->low) : c->score[i];
}

size_t data_corpus_line(const data_corpus *c, size_t i) {
    return c->line[i];
}

void data_corpus_scores(const data_corpus *c, double *least, double *most) {
    bool forgot = c->forgotten.rows > 0;
    *least = forgot ? c->forgotten.least : c->score[0];
    *most = forgot ? c->forgotten.most : c->score[0];
    for (size_t i = 0; i < c->rows; i++) {
        *least = c->score[i] < *least ? c->score[i] : *least;
        *most = c->score[i] > *most ? c->score[i] : *most;
    }
}

void data_corpus_count_labels(const data_corpus *c, size_t *rows, size_t values) {
    for (size_t v = 0; v < values; v++)
        rows[v] = v < c->forgotten.labels ? c->forgotten.label_rows[v] : 0;
    for (size_t i = 0; c->kind == DATA_TARGET_CLASS && i < c->rows; i++)
        if (data_corpus_label(c, i) < values)
            rows[data_corpus_label(c, i)]++;
}

/* ---- forgetting ---- */

static bool remember(data_corpus *c, size_t row, base_error *error) {
    data_forgotten *f = &c->forgotten;
    if (c->kind == DATA_TARGET_CLASS) {
        if (!know_labels(f, c->label[row] + (size_t)1, error))
            return false;
        f->label_rows[c->label[row]]++;
    }
    if (c->kind == DATA_TARGET_SCORE) {
        f->least = f->rows && f->least < c->score[row] ? f->least : c->score[row];
        f->most = f->rows && f->most > c->score[row] ? f->most : c->score[row];
    }
    f->rows++;
    return true;
}

bool data_corpus_forget(data_corpus *c, base_error *error) {
    size_t kept = c->rows < DATA_SAMPLES ? c->rows : DATA_SAMPLES;
    for (size_t i = kept; i < c->rows; i++)
        if (!remember(c, i, error))
            return false;
    c->rows = c->seen = kept;
    c->texts.size = kept ? c->end[kept * c->columns - 1] : 0;
    return true;
}

const data_forgotten *data_corpus_forgotten(const data_corpus *corpus) {
    return &corpus->forgotten;
}

bool data_corpus_set_forgotten(data_corpus *c, const data_forgotten *forgotten, base_error *error) {
    data_forgotten *f = &c->forgotten;
    if (!know_labels(f, forgotten->labels, error))
        return false;
    for (size_t i = 0; i < f->labels; i++)
        f->label_rows[i] = i < forgotten->labels ? forgotten->label_rows[i] : 0;
    f->rows = forgotten->rows;
    f->least = forgotten->least;
    f->most = forgotten->most;
    c->seen = c->rows;
    return true;
}

size_t data_corpus_all_rows(const data_corpus *corpus) {
    return corpus->forgotten.rows + corpus->rows;
}

size_t data_corpus_seen(const data_corpus *corpus) {
    return corpus->seen;
}

size_t data_corpus_bytes(const data_corpus *corpus) {
    return corpus->texts.size + corpus->rows * corpus->columns * sizeof *corpus->end;
}

void data_corpus_share_lines(data_corpus *corpus) {
    corpus->shares_lines = true;
}

bool data_corpus_shares_lines(const data_corpus *corpus) {
    return corpus->shares_lines;
}
