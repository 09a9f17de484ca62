#include "data/beir.h"

#include "base/file.h"
#include "base/json.h"
#include "data/line_reader.h"
#include "data/reader.h"
#include "data/text_table.h"

#include <stdlib.h>
#include <string.h>

/* ---- its files ---- */

typedef struct beir_files {
    char *texts, *queries, *qrels;
} beir_files;

static void free_files(beir_files *f) {
    free(f->texts);
    free(f->queries);
    free(f->qrels);
}

/* FOLDER/NAME, or FOLDER/NAME.gz, when it is there; else NULL. */
static char *find(const char *folder, const char *name, base_error *error) {
    char *path = base_format("%s/%s", folder, name),
         *zipped = base_format("%s/%s.gz", folder, name);
    if (!path || !zipped)
        base_fail(error, BASE_FAILED, "out of memory");
    bool plain = path && base_file_exists(path),
         there = plain || (zipped && base_file_exists(zipped));
    free(plain ? zipped : path);
    if (there)
        return plain ? path : zipped;
    free(plain ? path : zipped);
    return NULL;
}

static char *need(const char *folder, const char *name, base_error *error) {
    char *path = find(folder, name, error);
    if (!path && base_ok(error))
        base_fail(error, BASE_BAD_INPUT, "%s: found no %s (or %s.gz) in it", folder, name, name);
    return path;
}

/* The folder above the one of a file. */
static char *grandparent(const char *file, base_error *error) {
    static const char qrels[] = "/qrels/";
    const char *slash = strrchr(file, '/');
    size_t parent = slash ? (size_t)(slash - file) + 1 : 0, own = sizeof qrels - 1;
    bool plain = parent > own && !strncmp(file + parent - own, qrels, own);
    char *folder = plain ? base_copy(file, parent - own) : base_format("%.*s..", (int)parent, file);
    if (!folder)
        base_fail(error, BASE_FAILED, "out of memory");
    return folder;
}

static char *find_qrels(const char *folder, base_error *error) {
    char *path = find(folder, "qrels/test.tsv", error);
    if (!path && base_ok(error))
        path = find(folder, "qrels/dev.tsv", error);
    if (!path && base_ok(error))
        base_fail(error, BASE_BAD_INPUT,
                  "%s: found neither qrels/test.tsv nor qrels/dev.tsv in it, expected one of them, "
                  "or the path of another file in qrels/",
                  folder);
    return path;
}

static bool find_files(const char *path, beir_files *f, base_error *error) {
    bool whole = base_file_is_folder(path);
    *f = (beir_files){0};
    if (!whole && !base_file_exists(path))
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: not found, expected a folder as BEIR has it, or a file of its qrels/",
                         path);
    char *folder = whole ? base_copy(path, strlen(path)) : grandparent(path, error);
    f->texts = folder ? need(folder, "corpus.jsonl", error) : NULL;
    f->queries = f->texts ? need(folder, "queries.jsonl", error) : NULL;
    if (f->queries)
        f->qrels = whole ? find_qrels(folder, error) : base_copy(path, strlen(path));
    free(folder);
    if (!f->qrels && base_ok(error))
        base_fail(error, BASE_FAILED, "out of memory");
    return f->qrels || (whole ? false : base_fail_prefix(error, "%s, as a file of qrels/", path));
}

bool data_beir_files(const char *path,
                     bool (*visit)(void *context, const char *file, base_error *error),
                     void *context, base_error *error) {
    beir_files f;
    bool ok = find_files(path, &f, error) && visit(context, f.texts, error) &&
              visit(context, f.queries, error) && visit(context, f.qrels, error);
    free_files(&f);
    return ok;
}

/* ---- texts and queries ---- */

static bool add_text(data_corpus *corpus, const cJSON *object, size_t line, const char *where,
                     base_error *error) {
    const char *id = NULL, *title = NULL, *text = NULL;
    if (!cJSON_IsObject(object))
        return base_fail(error, BASE_BAD_INPUT, "%s: found no object, expected {...}", where);
    if (!base_json_text(object, "_id", &id, where, error) ||
        !base_json_text(object, "title", &title, where, error) ||
        !base_json_text(object, "text", &text, where, error))
        return false;
    if (!id || !text)
        return base_fail(error, BASE_BAD_INPUT, "%s: found no \"%s\", expected a string", where,
                         id ? "text" : "_id");
    bool titled = title && *title;
    char *whole = base_format("%s%s%s", titled ? title : "", titled ? " " : "", text);
    data_row row = {.columns = 2, .line = line};
    if (!whole)
        return base_fail(error, BASE_FAILED, "out of memory");
    row.text[0] = (data_text){whole, strlen(whole)};
    row.text[1] = (data_text){id, strlen(id)};
    bool ok = data_corpus_add(corpus, &row, error);
    free(whole);
    return ok;
}

static bool add_line(data_corpus *corpus, const char *file, const data_line *line,
                     base_error *error) {
    char *where = base_format("%s: line %zu", file, line->number);
    cJSON *object =
        where ? base_json_parse(line->bytes, line->size, file, line->number, error) : NULL;
    bool ok = object  ? add_text(corpus, object, line->number, where, error)
              : where ? false
                      : base_fail(error, BASE_FAILED, "out of memory");
    cJSON_Delete(object);
    free(where);
    return ok;
}

static data_corpus *read_texts(const char *file, base_error *error) {
    data_line_reader *lines = data_line_reader_open(file, error);
    data_corpus *corpus = lines ? data_corpus_new(file, 2, DATA_TARGET_NONE, error) : NULL;
    data_line line;
    while (corpus && base_ok(error) && data_line_reader_next(lines, &line, error))
        add_line(corpus, file, &line, error);
    if (corpus && base_ok(error) && data_corpus_rows(corpus) == 0)
        base_fail(error, BASE_BAD_INPUT, "%s: line 1, column 1: found an empty file, expected rows",
                  file);
    if (corpus && base_ok(error))
        data_line_reader_warn(lines);
    if (lines)
        data_line_reader_close(lines);
    if (base_ok(error))
        return corpus;
    data_corpus_free(corpus);
    return NULL;
}

/* Numbers of ids; one more is room for looking up. */
static data_text_table *number_ids(const data_corpus *corpus, base_error *error) {
    size_t rows = data_corpus_rows(corpus);
    data_text_table *ids = data_text_table_new(rows + 1, error);
    for (size_t i = 0; ids && i < rows && base_ok(error); i++) {
        data_row row;
        char shown[100];
        data_corpus_row(corpus, i, &row);
        size_t number = data_text_table_add(ids, row.text[1]);
        if (number < i)
            base_fail(error, BASE_BAD_INPUT,
                      "%s: line %zu: found the _id '%s' again, which line %zu has, expected each "
                      "once",
                      data_corpus_name(corpus), row.line,
                      base_escape(shown, sizeof shown, row.text[1].bytes, row.text[1].size),
                      data_corpus_line(corpus, number));
    }
    return ids;
}

/* ---- qrels ---- */

static int by_query(const void *a, const void *b) {
    const data_relevance *x = a, *y = b;
    if (x->query != y->query)
        return x->query < y->query ? -1 : 1;
    return x->text < y->text ? -1 : x->text > y->text;
}

/* The row that an id of the qrels names. */
static bool look_up(data_text_table *ids, const data_corpus *of, const char *column, data_text id,
                    const data_corpus *qrels, size_t line, size_t *row, base_error *error) {
    char shown[100];
    *row = data_text_table_add(ids, id);
    return *row < data_corpus_rows(of) ||
           base_fail(error, BASE_BAD_INPUT,
                     "%s: line %zu: found the %s '%s', which %s does not have",
                     data_corpus_name(qrels), line, column,
                     base_escape(shown, sizeof shown, id.bytes, id.size), data_corpus_name(of));
}

/* All that are relevant, in the file's order. */
static bool take_qrels(data_beir *b, const data_corpus *qrels, data_text_table *queries,
                       data_text_table *texts, base_error *error) {
    for (size_t i = 0; i < data_corpus_rows(qrels); i++) {
        data_row row;
        data_relevance r;
        data_corpus_row(qrels, i, &row);
        if (!look_up(queries, b->queries, "query-id", row.text[0], qrels, row.line, &r.query,
                     error) ||
            !look_up(texts, b->texts, "corpus-id", row.text[1], qrels, row.line, &r.text, error))
            return false;
        if (row.score > 0)
            b->relevant[b->count++] = r;
    }
    return b->count > 0 || base_fail(error, BASE_BAD_INPUT,
                                     "%s: found no score above 0, expected texts that are relevant",
                                     data_corpus_name(qrels));
}

static void sort_relevant(data_beir *b) {
    b->count = base_sort_distinct(b->relevant, b->count, sizeof *b->relevant, by_query);
    for (size_t i = 0; i < b->count; i++)
        b->asked += i == 0 || b->relevant[i].query != b->relevant[i - 1].query;
}

static bool read_qrels(data_beir *b, const char *file, base_error *error) {
    data_reader_options how = {.format = "tsv",
                               .columns = 2,
                               .column = {"query-id", "corpus-id"},
                               .kind = DATA_TARGET_SCORE};
    data_corpus *qrels = data_read(file, &how, error);
    data_text_table *queries = qrels ? number_ids(b->queries, error) : NULL;
    data_text_table *texts = queries && base_ok(error) ? number_ids(b->texts, error) : NULL;
    bool ok = texts && base_ok(error) &&
              (b->relevant = base_alloc(data_corpus_rows(qrels), sizeof *b->relevant, error)) &&
              take_qrels(b, qrels, queries, texts, error);
    if (ok)
        sort_relevant(b);
    data_text_table_free(texts);
    data_text_table_free(queries);
    data_corpus_free(qrels);
    return ok;
}

data_beir *data_beir_read(const char *path, base_error *error) {
    beir_files f;
    data_beir *b = base_alloc(1, sizeof *b, error);
    bool ok = find_files(path, &f, error) && b && (b->texts = read_texts(f.texts, error)) &&
              (b->queries = read_texts(f.queries, error)) && read_qrels(b, f.qrels, error);
    free_files(&f);
    if (ok)
        return b;
    data_beir_free(b);
    return NULL;
}

void data_beir_free(data_beir *b) {
    if (!b)
        return;
    data_corpus_free(b->texts);
    data_corpus_free(b->queries);
    free(b->relevant);
    free(b);
}
