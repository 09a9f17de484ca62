/* head.json of a token cache. */
#include "base/file.h"
#include "data/token_cache_def.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static const char magic[] = "token cache of sbert", checksum[] = "crc32";

const char *const data_cache_names[DATA_CACHE_FILES] = {
    [DATA_CACHE_IDS] = "ids",       [DATA_CACHE_STARTS] = "starts",
    [DATA_CACHE_HASHES] = "hashes", [DATA_CACHE_TARGETS] = "targets",
    [DATA_CACHE_LINES] = "lines",   [DATA_CACHE_SUMS] = "sums",
};

uint64_t data_cache_file_size(const data_cache_head *head, data_cache_file file) {
    static const size_t of_target[] = {[DATA_TARGET_NONE] = 0,
                                       [DATA_TARGET_CLASS] = sizeof(uint32_t),
                                       [DATA_TARGET_SCORE] = sizeof(double)};
    uint64_t rows = data_corpus_all_rows(head->corpus);
    uint64_t positions = rows * data_corpus_columns(head->corpus);
    const uint64_t size[DATA_CACHE_FILES] = {
        [DATA_CACHE_IDS] = (uint64_t)head->ids * sizeof(uint32_t),
        [DATA_CACHE_STARTS] = (positions + 1) * sizeof(uint64_t),
        [DATA_CACHE_HASHES] = positions * sizeof(uint64_t),
        [DATA_CACHE_TARGETS] = rows * of_target[data_corpus_kind(head->corpus)],
        [DATA_CACHE_LINES] = rows * sizeof(uint64_t),
        [DATA_CACHE_SUMS] = rows * sizeof(uint32_t),
    };
    return size[file];
}

/* ---- writing ---- */

static void put_labels(base_json_writer *w, const data_cache_head *head) {
    const data_corpus *c = head->corpus;
    base_json_open(w, "labels", '[');
    for (size_t i = 0; i < data_corpus_labels(c); i++) {
        base_json_open(w, NULL, '{');
        base_json_put_string(w, "name", data_corpus_label_name(c, i));
        base_json_put_size(w, "value", data_corpus_label_value(c, i));
        base_json_close(w, '}');
    }
    base_json_close(w, ']');
    base_json_open(w, "to", '[');
    for (size_t i = 0; i < head->labels; i++)
        base_json_put_size(w, NULL, head->to[i]);
    base_json_close(w, ']');
}

static void put_forgotten(base_json_writer *w, const data_forgotten *f) {
    base_json_open(w, "others", '{');
    base_json_put_size(w, "rows", f->rows);
    base_json_put_number(w, "least", f->least, 0);
    base_json_put_number(w, "most", f->most, 0);
    base_json_open(w, "label_rows", '[');
    for (size_t i = 0; i < f->labels; i++)
        base_json_put_size(w, NULL, f->label_rows[i]);
    base_json_close(w, ']');
    base_json_close(w, '}');
}

/* Texts for people: escaped, so that no NUL stands in JSON. */
static void put_first_rows(base_json_writer *w, const data_corpus *c) {
    enum { SHOWN = 200 };
    base_json_open(w, "first", '[');
    for (size_t i = 0; i < data_corpus_rows(c); i++) {
        data_row row;
        char shown[SHOWN];
        data_corpus_row(c, i, &row);
        base_json_open(w, NULL, '{');
        base_json_put_size(w, "line", row.line);
        base_json_put_size(w, "label", row.label);
        base_json_put_number(w, "score", row.score, 0);
        base_json_open(w, "texts", '[');
        for (size_t k = 0; k < row.columns; k++)
            base_json_put_string(
                w, NULL, base_escape(shown, sizeof shown, row.text[k].bytes, row.text[k].size));
        base_json_close(w, ']');
        base_json_close(w, '}');
    }
    base_json_close(w, ']');
}

static void put_head(base_json_writer *w, const data_cache_head *head) {
    const data_corpus *c = head->corpus;
    double low, high;
    size_t first_replaced, replaced = data_corpus_replaced(c, &first_replaced);
    data_corpus_range(c, &low, &high);
    base_json_open(w, NULL, '{');
    base_json_put_string(w, "is", magic);
    base_json_put_string(w, "of", head->of);
    base_json_put_string(w, "name", data_corpus_name(c));
    base_json_put_tree(w, "files", head->files);
    base_json_put_size(w, "columns", data_corpus_columns(c));
    base_json_put_size(w, "kind", (size_t)data_corpus_kind(c));
    base_json_put_size(w, "ids", head->ids);
    base_json_put_size(w, "truncated", head->truncated);
    base_json_put_size(w, "longest_text", head->longest_text);
    base_json_put_size(w, "skipped", data_corpus_skipped(c));
    base_json_put_size(w, "replaced", replaced);
    base_json_put_size(w, "first_replaced", first_replaced);
    base_json_put_bool(w, "shares_lines", data_corpus_shares_lines(c));
    base_json_put_number(w, "low", low, 0);
    base_json_put_number(w, "high", high, 0);
    put_labels(w, head);
    put_forgotten(w, data_corpus_forgotten(c));
    put_first_rows(w, c);
    base_json_open(w, "of_length", '[');
    for (size_t i = 0; i <= head->longest; i++)
        base_json_put_size(w, NULL, head->of_length[i]);
    base_json_close(w, ']');
    base_json_close(w, '}');
}

/* Of a head as it stands on one line, but for the checksum itself. */
static bool checksum_of(const cJSON *tree, double *sum, base_error *error) {
    char *text = base_json_line(tree);
    *sum = text ? (double)crc32_z(0, (const Bytef *)text, strlen(text)) : 0;
    free(text);
    return text || base_fail(error, BASE_FAILED, "out of memory");
}

bool data_cache_head_write(const char *folder, const data_cache_head *head, base_error *error) {
    double sum;
    base_bytes text = {0};
    base_json_writer w = {.out = &text, .error = error, .style = BASE_JSON_SPACED};
    put_head(&w, head);
    cJSON *tree =
        base_ok(error) ? base_json_parse(text.data, text.size, "head.json", 1, error) : NULL;
    bool ok = tree && checksum_of(tree, &sum, error) &&
              (cJSON_AddNumberToObject(tree, checksum, sum) ||
               base_fail(error, BASE_FAILED, "out of memory")) &&
              base_json_write(folder, "head.json", tree, error);
    cJSON_Delete(tree);
    base_bytes_free(&text);
    return ok;
}

/* ---- reading ---- */

#define MOST (((size_t)1 << 53) - 1)

/* A file that is read. */
typedef struct head_reading {
    const char *path;
    data_cache_head *head;
    size_t classes; /* labels are below */
    base_error *error;
} head_reading;

static bool fail_head(const head_reading *r, const char *what) {
    return base_fail(r->error, BASE_BAD_INPUT, "%s: found no %s that a token cache has", r->path,
                     what);
}

static size_t size_of(const head_reading *r, const cJSON *from, const char *key, size_t most) {
    size_t value = SIZE_MAX;
    if (base_json_size(from, key, 0, most, &value, r->path, r->error) && value == SIZE_MAX)
        fail_head(r, key);
    return base_ok(r->error) ? value : 0;
}

static double real_of(const head_reading *r, const cJSON *from, const char *key) {
    double value = 0;
    base_json_real(from, key, -1.7976931348623157e308, 1.7976931348623157e308, &value, r->path,
                   r->error);
    return value;
}

static const char *text_of(const head_reading *r, const cJSON *from, const char *key) {
    const char *text = NULL;
    if (base_json_text(from, key, &text, r->path, r->error) && !text)
        fail_head(r, key);
    return text;
}

/* A member that must be a list. */
static const cJSON *list_of(const head_reading *r, const cJSON *from, const char *key) {
    const cJSON *list = base_json_get(from, key);
    if (cJSON_IsArray(list))
        return list;
    fail_head(r, key);
    return NULL;
}

/* The numbers of a list, below `most`; NULL when it is none. */
static size_t *numbers_of(const head_reading *r, const cJSON *from, const char *key, size_t most,
                          size_t *count) {
    const cJSON *list = list_of(r, from, key);
    size_t n = 0, all = list ? (size_t)cJSON_GetArraySize(list) : 0;
    size_t *numbers = base_alloc(all, sizeof *numbers, r->error);
    for (const cJSON *item = list ? list->child : NULL; numbers && item; item = item->next) {
        double value = cJSON_IsNumber(item) ? item->valuedouble : -1;
        if (!(value >= 0 && value <= (double)most)) {
            fail_head(r, key);
            break;
        }
        numbers[n++] = (size_t)value;
    }
    *count = n;
    return numbers;
}

static void take_labels(head_reading *r, const cJSON *tree) {
    data_cache_head *head = r->head;
    const cJSON *labels = list_of(r, tree, "labels");
    for (const cJSON *item = labels ? labels->child : NULL; item && base_ok(r->error);
         item = item->next) {
        const char *name = text_of(r, item, "name");
        size_t value = size_of(r, item, "value", UINT16_MAX);
        r->classes = value >= r->classes ? value + 1 : r->classes;
        if (name)
            data_corpus_add_label(head->corpus, name, strlen(name), (uint32_t)value, r->error);
    }
    size_t *to = numbers_of(r, tree, "to", r->classes ? r->classes - 1 : 0, &head->labels);
    head->to = base_alloc(head->labels, sizeof *head->to, r->error);
    for (size_t i = 0; to && head->to && i < head->labels; i++)
        head->to[i] = (uint32_t)to[i];
    free(to);
}

static void take_forgotten(const head_reading *r, const cJSON *tree) {
    const cJSON *others = base_json_get(tree, "others");
    data_forgotten f = {.rows = size_of(r, others, "rows", UINT32_MAX - DATA_SAMPLES - 1),
                        .least = real_of(r, others, "least"),
                        .most = real_of(r, others, "most")};
    f.label_rows = numbers_of(r, others, "label_rows", MOST, &f.labels);
    if (base_ok(r->error))
        data_corpus_set_forgotten(r->head->corpus, &f, r->error);
    free(f.label_rows);
}

static void take_first_rows(const head_reading *r, const cJSON *tree) {
    const cJSON *first = list_of(r, tree, "first"), *item = first ? first->child : NULL;
    size_t most = r->classes ? r->classes - 1 : 0;
    for (size_t i = 0; i < DATA_SAMPLES && item && base_ok(r->error); i++, item = item->next) {
        data_row row = {.columns = data_corpus_columns(r->head->corpus),
                        .line = size_of(r, item, "line", MOST),
                        .label = (uint32_t)size_of(r, item, "label", most),
                        .score = real_of(r, item, "score")};
        const cJSON *texts = base_json_get(item, "texts"), *text = texts ? texts->child : NULL;
        for (size_t c = 0; c < row.columns; c++, text = text ? text->next : NULL)
            if (cJSON_IsString(text))
                row.text[c] = (data_text){text->valuestring, strlen(text->valuestring)};
        data_corpus_add(r->head->corpus, &row, r->error);
    }
}

static void take_counts(const head_reading *r, const cJSON *tree) {
    data_corpus *c = r->head->corpus;
    bool shares = false;
    double low = real_of(r, tree, "low"), high = real_of(r, tree, "high");
    data_corpus_set_skipped(c, size_of(r, tree, "skipped", MOST));
    size_t replaced = size_of(r, tree, "replaced", MOST);
    if (replaced)
        data_corpus_count_replaced(c, replaced, size_of(r, tree, "first_replaced", MOST));
    if (base_json_bool(tree, "shares_lines", &shares, r->path, r->error) && shares)
        data_corpus_share_lines(c);
    if (data_corpus_kind(c) == DATA_TARGET_SCORE)
        data_corpus_set_range(c, low, high);
}

static void take_corpus(head_reading *r, const cJSON *tree) {
    const char *name = text_of(r, tree, "name");
    size_t columns = size_of(r, tree, "columns", DATA_MAX_COLUMNS);
    size_t kind = size_of(r, tree, "kind", DATA_TARGET_SCORE);
    if (!base_ok(r->error))
        return;
    r->head->corpus = data_corpus_new(name, columns, (data_target_kind)kind, r->error);
    if (!r->head->corpus)
        return;
    take_labels(r, tree);
    take_first_rows(r, tree);
    take_forgotten(r, tree);
    take_counts(r, tree);
}

static bool check_sum(const head_reading *r, cJSON *tree) {
    double found;
    cJSON *sum = cJSON_DetachItemFromObjectCaseSensitive(tree, checksum);
    double written = cJSON_IsNumber(sum) ? sum->valuedouble : -1;
    cJSON_Delete(sum);
    return checksum_of(tree, &found, r->error) &&
           ((found >= written && found <= written) ||
            base_fail(r->error, BASE_BAD_INPUT,
                      "%s: it has not the checksum that it was written with", r->path));
}

static void take_head(head_reading *r, const cJSON *tree) {
    data_cache_head *head = r->head;
    const char *is = text_of(r, tree, "is"), *of = text_of(r, tree, "of");
    const cJSON *files = base_json_get(tree, "files");
    if (!is || strcmp(is, magic) != 0 || !of || !cJSON_IsArray(files)) {
        fail_head(r, "head");
        return;
    }
    head->of = base_copy(of, strlen(of));
    head->files = cJSON_Duplicate(files, true);
    if (!head->of || !head->files)
        base_fail(r->error, BASE_FAILED, "out of memory");
    head->ids = size_of(r, tree, "ids", MOST);
    head->truncated = size_of(r, tree, "truncated", MOST);
    head->longest_text = size_of(r, tree, "longest_text", MOST);
    size_t lengths = 0;
    head->of_length = numbers_of(r, tree, "of_length", MOST, &lengths);
    if (lengths == 0)
        fail_head(r, "of_length");
    head->longest = lengths ? lengths - 1 : 0;
    take_corpus(r, tree);
}

bool data_cache_head_read(const char *folder, data_cache_head *head, base_error *error) {
    *head = (data_cache_head){0};
    char *path = base_path(folder, "head.json", error);
    cJSON *tree = path ? base_json_file(path, error) : NULL;
    head_reading r = {.path = path, .head = head, .error = error};
    if (tree && check_sum(&r, tree))
        take_head(&r, tree);
    cJSON_Delete(tree);
    free(path);
    if (base_ok(error))
        return true;
    data_cache_head_release(head);
    return false;
}

void data_cache_head_release(data_cache_head *head) {
    free(head->of);
    cJSON_Delete(head->files);
    data_corpus_free(head->corpus);
    free(head->of_length);
    free(head->to);
    *head = (data_cache_head){0};
}
