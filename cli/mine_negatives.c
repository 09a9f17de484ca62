#include "base/log.h"
#include "cli/corpus.h"
#include "cli/cross.h"
#include "cli/mine.h"
#include "cli/model.h"
#include "cli/negative_forms.h"
#include "cli/pairs.h"
#include "cli/progress.h"
#include "cli/similarity.h"
#include "data/text_table.h"
#include "search/negatives.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Positive pairs: distinct anchors, and the distinct texts that are positives or candidates. */
typedef struct material {
    data_corpus *pairs;
    cli_sentences candidates;
    uint32_t *anchor_of, *text_of; /* [pairs kept] */
    size_t kept, most_positives;   /* pairs; of one anchor */
    data_text *anchors, *texts;
    size_t anchor_count, text_count;
    size_t *start, *positive, *self; /* as search_anchors */
} material;

static void free_material(material *m) {
    data_corpus_free(m->pairs);
    cli_sentences_free(&m->candidates);
    free(m->anchor_of);
    free(m->text_of);
    free(m->anchors);
    free(m->texts);
    free(m->start);
    free(m->positive);
    free(m->self);
}

/* ---- pairs ---- */

/* The label's value; SIZE_MAX when there is none of that name, which is an error. */
static size_t find_label(const data_corpus *pairs, const char *name, base_error *error) {
    base_bytes known = {0};
    char shown[100];
    uint32_t value;
    if (data_corpus_find_label(pairs, name, &value))
        return value;
    for (size_t i = 0; i < data_corpus_labels(pairs); i++)
        base_bytes_format(&known, error, "%s%s", i ? ", " : "", data_corpus_label_name(pairs, i));
    base_fail(error, BASE_BAD_INPUT, "%s: found no label '%s', expected one of %s",
              data_corpus_name(pairs), base_escape(shown, sizeof shown, name, strlen(name)),
              known.data ? known.data : "");
    base_bytes_free(&known);
    return SIZE_MAX;
}

static bool read_pairs(material *m, const cli_mining *mining, base_error *error) {
    const cli_arguments *a = mining->arguments;
    const char *candidates = cli_text(a, "candidates");
    data_reader_options reader = {
        .kind = cli_text(a, "label") ? DATA_TARGET_CLASS : DATA_TARGET_NONE, .find_labels = true};
    if (!candidates && cli_text(a, "column"))
        return base_fail(error, BASE_BAD_INPUT,
                         "mine: found --column, which is that of --candidates, and none of these");
    m->pairs = cli_pairs_read(a, mining->files[0], &reader, error);
    return m->pairs && (!candidates || cli_corpus_texts(&m->candidates, a, candidates, error));
}

/* ---- distinct texts ---- */

static data_text *list_texts(const data_text_table *table, size_t count, base_error *error) {
    data_text *list = base_alloc(count, sizeof *list, error);
    for (size_t i = 0; list && i < count; i++)
        list[i] = data_text_table_get(table, (uint32_t)i);
    return list;
}

/* Numbers the texts of the pairs that count. */
static bool number_pairs(material *m, const char *label, data_text_table *anchors,
                         data_text_table *texts, base_error *error) {
    size_t rows = data_corpus_rows(m->pairs), wanted = 0;
    if (label && (wanted = find_label(m->pairs, label, error)) == SIZE_MAX)
        return false;
    for (size_t i = 0; i < rows; i++) {
        data_row row;
        data_corpus_row(m->pairs, i, &row);
        if (label && row.label != wanted)
            continue;
        m->anchor_of[m->kept] = data_text_table_add(anchors, row.text[0]);
        m->text_of[m->kept++] = data_text_table_add(texts, row.text[1]);
    }
    return m->kept > 0 || base_fail(error, BASE_BAD_INPUT, "%s: found no positive pair",
                                    data_corpus_name(m->pairs));
}

/* Where the anchors stand among the texts: what the table did not have gets a number behind. */
static bool find_own(material *m, data_text_table *texts, base_error *error) {
    m->self = base_alloc(m->anchor_count, sizeof *m->self, error);
    for (size_t i = 0; m->self && i < m->anchor_count; i++) {
        size_t own = data_text_table_add(texts, m->anchors[i]);
        m->self[i] = own < m->text_count ? own : SIZE_MAX;
    }
    return m->self != NULL;
}

/* Positives by anchor, in the order of the file, each once. */
static bool group_positives(material *m, base_error *error) {
    size_t n = m->anchor_count, count = 0;
    size_t *end = base_alloc(n, sizeof *end, error), *all = base_alloc(m->kept, sizeof *all, error);
    uint32_t *seen = base_alloc(m->text_count, sizeof *seen, error); /* by anchor seen-1 */
    m->start = base_alloc(n + 1, sizeof *m->start, error);
    m->positive = base_alloc(m->kept, sizeof *m->positive, error);
    bool ok = base_ok(error);
    for (size_t i = 0; ok && i < m->kept; i++)
        m->start[m->anchor_of[i] + 1]++;
    for (size_t i = 0; ok && i < n; i++) {
        m->most_positives =
            m->start[i + 1] > m->most_positives ? m->start[i + 1] : m->most_positives;
        end[i] = m->start[i];
        m->start[i + 1] += m->start[i];
    }
    for (size_t i = 0; ok && i < m->kept; i++)
        all[end[m->anchor_of[i]]++] = m->text_of[i];
    for (size_t i = 0, at = 0; ok && i < n; i++) {
        for (m->start[i] = count; at < end[i]; at++)
            if (seen[all[at]] != i + 1) {
                seen[all[at]] = (uint32_t)i + 1;
                m->positive[count++] = all[at];
            }
    }
    if (ok)
        m->start[n] = count;
    free(end);
    free(all);
    free(seen);
    return ok;
}

static bool number_texts(material *m, const char *label, base_error *error) {
    size_t rows = data_corpus_rows(m->pairs), all;
    if (!base_size_mul(rows, 2, &all) || !base_size_add(all, m->candidates.count, &all) ||
        all >= UINT32_MAX)
        return base_fail(error, BASE_BAD_INPUT, "%s: %zu pairs are too many",
                         data_corpus_name(m->pairs), rows);
    data_text_table *anchors = data_text_table_new(rows, error);
    data_text_table *texts = anchors ? data_text_table_new(all, error) : NULL;
    m->anchor_of = base_alloc(rows, sizeof *m->anchor_of, error);
    m->text_of = base_alloc(rows, sizeof *m->text_of, error);
    bool ok = texts && m->anchor_of && m->text_of;
    for (size_t i = 0; ok && i < m->candidates.count; i++)
        data_text_table_add(texts, m->candidates.text[i]);
    ok = ok && number_pairs(m, label, anchors, texts, error);
    if (ok) {
        m->anchor_count = data_text_table_count(anchors);
        m->text_count = data_text_table_count(texts);
        m->anchors = list_texts(anchors, m->anchor_count, error);
        m->texts = list_texts(texts, m->text_count, error);
        ok = m->anchors && m->texts && find_own(m, texts, error) && group_positives(m, error);
    }
    data_text_table_free(anchors);
    data_text_table_free(texts);
    return ok;
}

/* ---- options ---- */

static bool sampling(const cli_arguments *a, bool *random, base_error *error) {
    const char *name = cli_text(a, "sampling");
    char shown[100];
    *random = name && !strcmp(name, "random");
    return !name || *random || !strcmp(name, "top") ||
           base_fail(error, BASE_BAD_INPUT, "--sampling is '%s', expected top or random",
                     base_escape(shown, sizeof shown, name, strlen(name)));
}

/* How far down the ranks go when nobody says: where candidates may be left out, ten times as far
 * (sentence-transformers' rule). */
static size_t usual_range(const cli_arguments *a, size_t most_positives) {
    bool sieve = cli_text(a, "absolute-margin") || cli_text(a, "relative-margin") ||
                 cli_text(a, "max-score");
    return cli_size(a, "range-min") + cli_size(a, "negatives") * (sieve ? 10 : 1) + most_positives;
}

/* A similarity, or any score of a cross-encoder. */
static bool read_score(const cli_arguments *a, const char *name, search_similarity_kind kind,
                       double *out, base_error *error) {
    return cli_text(a, "cross-encoder") ? cli_number(a, name, -1e9, 1e9, out, error)
                                        : cli_similarity_number(a, name, kind, out, error);
}

static bool read_options(const cli_mining *mining, const material *m, search_negative_options *o,
                         base_error *error) {
    const cli_arguments *a = mining->arguments;
    size_t given = cli_size(a, "range-max");
    *o = (search_negative_options){.kind = mining->kind,
                                   .count = cli_size(a, "negatives"),
                                   .range_min = cli_size(a, "range-min"),
                                   .range_max = given ? given : usual_range(a, m->most_positives),
                                   .least = -HUGE_VAL,
                                   .most = HUGE_VAL,
                                   .absolute = (double)NAN,
                                   .relative = (double)NAN,
                                   .seed = cli_size(a, "seed")};
    o->depth = o->range_max + m->most_positives + cli_flag(a, "drop-anchors");
    if (o->range_max < o->range_min || o->range_max - o->range_min < o->count)
        return base_fail(error, BASE_BAD_INPUT,
                         "mine: ranks from --range-min %zu to --range-max %zu leave less than "
                         "--negatives %zu, expected a wider range",
                         o->range_min, o->range_max, o->count);
    return sampling(a, &o->random, error) &&
           read_score(a, "min-score", o->kind, &o->least, error) &&
           read_score(a, "max-score", o->kind, &o->most, error) &&
           cli_number(a, "absolute-margin", -1e9, 1e9, &o->absolute, error) &&
           cli_number(a, "relative-margin", -1e9, 1e9, &o->relative, error);
}

/* ---- a cross-encoder's scores ---- */

typedef struct rescorer {
    const material *material;
    cli_cross cross;
} rescorer;

static bool rescore(void *context, search_item *items, size_t count, base_error *error) {
    rescorer *r = context;
    data_text *first = base_alloc(count, 2 * sizeof *first, error);
    float *score = first ? base_alloc(count, sizeof *score, error) : NULL;
    for (size_t i = 0; score && i < count; i++) {
        first[i] = r->material->anchors[items[i].a];
        first[count + i] = r->material->texts[items[i].b];
    }
    bool ok = score && cli_cross_score(&r->cross, first, first + count, count, score, error);
    for (size_t i = 0; ok && i < count; i++)
        items[i].score = (double)score[i];
    free(first);
    free(score);
    return ok;
}

static bool open_rescorer(rescorer *r, const cli_arguments *a, search_negative_options *o,
                          base_error *error) {
    const char *folder = cli_text(a, "cross-encoder");
    if (!folder)
        return true;
    o->rescore = rescore;
    o->context = r;
    return cli_cross_open(&r->cross, folder, error);
}

/* ---- all ---- */

static bool find(const cli_mining *mining, const material *m, const search_negative_options *o,
                 const float *anchors, const float *texts, search_negatives *found,
                 base_error *error) {
    size_t width = mining->model->encoded;
    search_vectors corpus = search_vectors_of("the texts", texts, m->text_count, width),
                   rows = search_vectors_of("the anchors", anchors, m->anchor_count, width);
    bool drop = cli_flag(mining->arguments, "drop-anchors");
    search_anchors of = {&rows, m->start, m->positive, drop ? m->self : NULL};
    cli_progress progress;
    cli_progress_start(&progress, "anchors", m->anchor_count, false);
    bool ok = search_negatives_find(&of, &corpus, o, found, &progress.report, error);
    cli_progress_end(&progress);
    base_profile_lap(mining->arguments->watch, "search", "", 0, 0);
    return ok;
}

/* What became of it, on standard error. */
static void report(const material *m, const search_negative_options *o,
                   const search_negatives *found) {
    size_t all = 0, short_of = 0, own = 0;
    for (size_t i = 0; i < m->anchor_count; i++) {
        all += found->found[i];
        short_of += found->found[i] < o->count;
        for (size_t j = 0; j < found->found[i]; j++)
            own += found->hit[i * o->count + j].row == m->self[i];
    }
    base_log(BASE_LOG_INFO,
             "%zu pairs, %zu anchors, %zu texts: %zu negatives, %zu anchors with fewer than %zu; "
             "%zu candidates left out by margins, %zu by scores",
             m->kept, m->anchor_count, m->text_count, all, short_of, o->count, found->near,
             found->outside);
    if (own)
        base_log(BASE_LOG_WARNING,
                 "%zu negatives are their anchor's own text (--drop-anchors leaves them out)", own);
}

static bool write_rows(const cli_mining *mining, const material *m,
                       const search_negative_options *o, const search_negatives *found,
                       const cli_negative_form *form, base_error *error) {
    cli_negative_rows rows = {.anchors = m->anchors,
                              .texts = m->texts,
                              .start = m->start,
                              .positive = m->positive,
                              .found = found,
                              .count = o->count,
                              .scores = cli_flag(mining->arguments, "scores")};
    const char *names[CLI_NEGATIVE_COLUMNS];
    cli_negative_names(&rows, form, names);
    rows.table = cli_mine_open(mining, names, error);
    bool ok = rows.table != NULL;
    for (size_t i = 0; ok && i < m->anchor_count; i++)
        ok = cli_negative_put(&rows, form, i);
    return rows.table && cli_mine_close(rows.table, ok);
}

static bool mine(const cli_mining *mining, material *m, base_error *error) {
    const cli_arguments *a = mining->arguments;
    const cli_negative_form *form = cli_negative_form_find(cli_text(a, "form"), error);
    search_negative_options options;
    search_negatives found = {0};
    data_prompt prompt = {0};
    rescorer cross = {.material = m};
    bool ok = form && cli_pairs_check(a, error) && read_pairs(m, mining, error) &&
              number_texts(m, cli_text(a, "label"), error) &&
              read_options(mining, m, &options, error) &&
              open_rescorer(&cross, a, &options, error) &&
              cli_query_prompt(a, mining->model, &prompt, error);
    base_profile_lap(mining->arguments->watch, "pairs", "", 0, 0);
    float *anchors =
        ok ? cli_corpus_encode(a, mining->model, &prompt, m->anchors, m->anchor_count, error)
           : NULL;
    float *texts =
        anchors ? cli_corpus_encode(a, mining->model, NULL, m->texts, m->text_count, error) : NULL;
    base_profile_lap(mining->arguments->watch, "vectors", "", 0, 0);
    ok = texts && find(mining, m, &options, anchors, texts, &found, error) &&
         write_rows(mining, m, &options, &found, form, error);
    if (ok)
        report(m, &options, &found);
    search_negatives_free(&found);
    data_prompt_release(&prompt);
    cli_cross_close(&cross.cross);
    free(anchors);
    free(texts);
    return ok;
}

bool cli_mine_negatives(const cli_mining *mining, base_error *error) {
    material m = {0};
    bool ok = mine(mining, &m, error);
    free_material(&m);
    return ok;
}
