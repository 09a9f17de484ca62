#include "train/held_out.h"

#include "base/log.h"
#include "data/hold_out.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t train_held_out_entry(const train_evaluation *e) {
    static const char prefix[] = "train.data[";
    size_t size = sizeof prefix - 1;
    if (strncmp(e->data, prefix, size) != 0)
        return SIZE_MAX;
    size_t digits = strspn(e->data + size, "0123456789");
    bool whole = digits > 0 && digits < 6 && !strcmp(e->data + size + digits, "]");
    return whole ? strtoul(e->data + size, NULL, 10) : SIZE_MAX;
}

/* ---- the config ---- */

static bool check_evaluation(const train_config *c, size_t i, bool *used, base_error *error) {
    const train_evaluation *e = train_config_evaluation(c, i);
    size_t entry = train_held_out_entry(e);
    if (entry == SIZE_MAX)
        return true;
    if (entry >= c->data.count || train_config_data(c, entry)->held_out < 0)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: evaluation.data[%zu].data is %s, which holds no rows out; expected "
                         "an entry of train.data with `held_out`, or a file",
                         c->name, i, e->data);
    if (e->format || e->columns.count || e->target || e->labels.count || !e->header)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: evaluation.data[%zu] has rows of %s, expected no format, columns, "
                         "target, header or labels: they are those of that entry",
                         c->name, i, e->data);
    used[entry] = true;
    return true;
}

bool train_held_out_check(const train_config *c, base_error *error) {
    bool *used = base_alloc(c->data.count, sizeof *used, error), ok = used != NULL;
    for (size_t i = 0; ok && i < c->evaluation.count; i++)
        ok = check_evaluation(c, i, used, error);
    for (size_t i = 0; ok && i < c->data.count; i++)
        if (train_config_data(c, i)->held_out >= 0 && !used[i])
            ok = base_fail(error, BASE_BAD_INPUT,
                           "%s: train.data[%zu].held_out takes rows from training, and nothing is "
                           "evaluated on them; expected {\"data\": \"train.data[%zu]\", \"kind\": "
                           "...} in evaluation.data",
                           c->name, i, i);
    free(used);
    return ok;
}

/* ---- drawing ---- */

/* Replaces *corpus by its rows that are `taken`, and gives the others to *rest when wanted. */
static bool part(data_corpus **corpus, const bool *taken, data_corpus **rest, base_error *error) {
    data_corpus *kept = data_corpus_part(*corpus, taken, true, error);
    if (kept && rest)
        *rest = data_corpus_part(*corpus, taken, false, error);
    data_corpus_free(*corpus);
    *corpus = kept;
    return kept && (!rest || *rest);
}

static base_random stream(const train_config *c, size_t i, const char *name) {
    return base_random_stream(base_random_mix(c->data_seed, i), name);
}

static bool sample(const train_config *c, size_t i, data_corpus **corpus, bool *taken,
                   base_error *error) {
    double asked = train_config_data(c, i)->sample;
    size_t rows = data_corpus_rows(*corpus);
    size_t wanted = (size_t)fmax(1, asked < 1 ? round(asked * (double)rows) : fmin(asked, 0x1p53));
    if (wanted > rows)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: found %zu rows, expected as many as train.data[%zu].sample has, %zu",
                         data_corpus_name(*corpus), rows, i, wanted);
    data_draw_rows(rows, wanted, stream(c, i, "sample"), taken);
    base_log(BASE_LOG_INFO, "%s: %zu of %zu rows are drawn", data_corpus_name(*corpus), wanted,
             rows);
    return part(corpus, taken, NULL, error);
}

static bool hold_out(const train_config *c, size_t i, data_corpus **corpus, data_corpus **held_out,
                     bool *taken, base_error *error) {
    size_t rows = data_corpus_rows(*corpus), held, groups;
    double asked = round(train_config_data(c, i)->held_out * (double)rows);
    size_t wanted = (size_t)fmin(fmax(asked, 1), (double)rows - 1);
    if (!data_hold_out(*corpus, wanted, stream(c, i, "held out"), taken, &held, &groups, error))
        return false;
    if (held == 0)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: found no part of %zu rows or fewer to hold out of %zu: rows with a "
                         "text in common stay together",
                         data_corpus_name(*corpus), wanted, rows);
    base_log(BASE_LOG_INFO,
             "%s: %zu of %zu rows are held out, %zu groups without a text in common with others",
             data_corpus_name(*corpus), held, rows, groups);
    for (size_t r = 0; r < rows; r++)
        taken[r] = !taken[r];
    return part(corpus, taken, held_out, error);
}

bool train_held_out_draw(const train_config *c, size_t i, data_corpus **corpus,
                         data_corpus **held_out, base_error *error) {
    const train_data *e = train_config_data(c, i);
    bool *taken = base_alloc(data_corpus_rows(*corpus), sizeof *taken, error);
    bool ok = taken && (e->sample < 0 || sample(c, i, corpus, taken, error)) &&
              (e->held_out < 0 || hold_out(c, i, corpus, held_out, taken, error));
    free(taken);
    return ok;
}

/* ---- as data of an evaluator ---- */

/* A copy whose scores, the ends of their scale, are labels. */
static data_corpus *by_labels(const data_corpus *scored, base_error *error) {
    data_corpus *labelled = data_corpus_new(data_corpus_name(scored), data_corpus_columns(scored),
                                            DATA_TARGET_CLASS, error);
    bool ok = labelled && data_corpus_add_label(labelled, "0", 1, 0, error) &&
              data_corpus_add_label(labelled, "1", 1, 1, error);
    for (size_t i = 0; ok && i < data_corpus_rows(scored); i++) {
        double score = data_corpus_unit_score(scored, i);
        data_row row;
        data_corpus_row(scored, i, &row);
        row.label = score > 0.5;
        ok = (score == 0 || score == 1) ||
             base_fail(error, BASE_BAD_INPUT,
                       "%s: line %zu: found the score %g, expected an end of the scale, which "
                       "stands for a label",
                       data_corpus_name(scored), row.line, row.score);
        ok = ok && data_corpus_add(labelled, &row, error);
    }
    if (ok)
        return labelled;
    data_corpus_free(labelled);
    return NULL;
}

static bool fits(const data_corpus *held_out, size_t i, const eval_def *def, base_error *error) {
    static const char *const names[] = {"none", "labels", "scores"};
    size_t columns = data_corpus_columns(held_out);
    data_target_kind kind = data_corpus_kind(held_out);
    bool labels = kind == DATA_TARGET_SCORE && def->kind == DATA_TARGET_CLASS && !def->needs_head;
    if (def->reading)
        return base_fail(error, BASE_BAD_INPUT,
                         "train.data[%zu]: evaluator %s reads files of its own, expected one that "
                         "takes rows",
                         i, def->name);
    if (!eval_takes_columns(def, columns))
        return base_fail(error, BASE_BAD_INPUT,
                         "train.data[%zu]: its rows have %zu text columns, expected %zu as "
                         "evaluator %s takes them",
                         i, columns, def->columns, def->name);
    return def->kind == DATA_TARGET_NONE || kind == def->kind || labels ||
           base_fail(error, BASE_BAD_INPUT,
                     "train.data[%zu]: its rows are read with targets: %s, expected %s as "
                     "evaluator %s takes them",
                     i, names[kind], names[def->kind], def->name);
}

bool train_held_out_data(const data_corpus *held_out, size_t i, const eval_def *def, eval_data *out,
                         base_error *error) {
    *out = (eval_data){.def = def};
    if (!fits(held_out, i, def, error))
        return false;
    bool same = def->kind == DATA_TARGET_NONE || data_corpus_kind(held_out) == def->kind;
    out->corpus = same ? data_corpus_part(held_out, NULL, true, error) : by_labels(held_out, error);
    return out->corpus != NULL;
}
