#include "train/sources.h"

#include "data/reader.h"
#include "data/triplets.h"
#include "train/read_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- options of an entry ---- */

static bool makes_rows(const train_data *entry) {
    return strcmp(entry->rows, "all") != 0;
}

static data_reader_options reader_options(const train_data *e, const loss_def *def,
                                          const base_key_range *scores) {
    data_reader_options o = {.format = e->format,
                             .columns = e->columns.count,
                             .kind = makes_rows(e) ? DATA_TARGET_CLASS : def->target,
                             .target = e->target,
                             .labels = e->labels.count,
                             .label_name = e->labels.name,
                             .label_value = e->labels.value,
                             .score_low = scores->low,
                             .score_high = scores->high};
    for (size_t i = 0; i < e->columns.count; i++)
        o.column[i] = e->columns.name[i];
    return o;
}

/* Labels of an entry without `labels`. */
enum { USUAL = 3 };
static const char *const usual[USUAL] = {"entailment", "neutral", "contradiction"};

/* Number of a label by name. */
static bool find_label(const train_data *e, const char *name, uint32_t *value, base_error *error) {
    size_t count = e->labels.count ? e->labels.count : USUAL;
    for (size_t i = 0; i < count; i++)
        if (!strcmp(name, e->labels.count ? e->labels.name[i] : usual[i])) {
            *value = e->labels.count ? e->labels.value[i] : (uint32_t)i;
            return true;
        }
    return base_fail(error, BASE_BAD_INPUT, "%s: found no label \"%s\" among its labels",
                     e->data.name[0], name);
}

/* The entry's classes, one more than its largest label, by name; label[] is the caller's to free.
 */
static bool describe_classes(const train_data *e, loss_setting *setting, const char ***label,
                             base_error *error) {
    setting->classes = e->labels.count ? 0 : USUAL;
    for (size_t j = 0; j < e->labels.count; j++)
        if (e->labels.value[j] >= setting->classes)
            setting->classes = (size_t)e->labels.value[j] + 1;
    *label = base_alloc(setting->classes, sizeof **label, error);
    for (size_t j = 0; *label && j < setting->classes; j++)
        (*label)[j] = e->labels.count ? "" : usual[j];
    for (size_t j = 0; *label && j < e->labels.count; j++)
        (*label)[e->labels.value[j]] = e->labels.name[j];
    setting->label = *label;
    return *label != NULL;
}

static bool same_setting(const loss *l, const loss_setting *setting) {
    const loss_setting *had = loss_get_setting(l);
    bool same = had->classes == setting->classes;
    for (size_t i = 0; same && i < setting->classes; i++)
        same = !strcmp(had->label[i], setting->label[i]);
    return same;
}

/* The loss of entry i, made when no earlier entry has the same. */
static const loss *entry_loss(train_sources *s, const train_config *c, size_t width, size_t i,
                              base_error *error) {
    const train_data *e = train_config_data(c, i);
    loss_setting setting = {.width = width};
    const char **label;
    char prefix[64];
    const loss *found = NULL;
    if (!describe_classes(e, &setting, &label, error))
        return NULL;
    for (size_t j = 0; j < s->losses_count && !found; j++)
        if (cJSON_Compare(loss_config(s->losses[j]), e->loss, true) &&
            same_setting(s->losses[j], &setting))
            found = s->losses[j];
    snprintf(prefix, sizeof prefix, "train.data[%zu].loss.", i);
    if (!found) {
        loss *made = loss_new(e->loss, &setting, c->name, prefix, error);
        if (made)
            s->losses[s->losses_count++] = made;
        found = made;
    }
    free(label);
    return found;
}

/* ---- sources ---- */

static bool check_columns(const train_data *e, const loss_def *def, size_t columns,
                          base_error *error) {
    if (columns >= def->min_columns && columns <= def->max_columns)
        return true;
    return base_fail(error, BASE_BAD_INPUT,
                     "%s: found %zu text columns for the loss %s, expected %zu to %zu",
                     e->data.name[0], columns, def->name, def->min_columns, def->max_columns);
}

/* Takes the corpus, also on failure. */
static bool add_source(train_sources *s, const train_config *c, const nn_model *model,
                       train_source source, base_error *error) {
    const loss_def *def = loss_definition(source.loss);
    source.columns = data_corpus_columns(source.corpus);
    source.min_batch = def->min_batch;
    source.sampler = c->sampler                ? c->sampler
                     : def->negatives_in_batch ? "no_duplicates"
                                               : "shuffled";
    if (!check_columns(source.entry, def, source.columns, error) ||
        !base_grow(&s->source, &s->capacity, s->count + 1, sizeof *s->source, error)) {
        data_corpus_free(source.corpus);
        return false;
    }
    source.store = data_token_store_new(source.corpus, model->tokenizer, model->max_length, error);
    s->source[s->count++] = source;
    if (!source.store)
        return false;
    s->truncated += data_token_store_truncated(source.store);
    return true;
}

/* Positive pairs or triplets of labelled pairs. */
static bool add_made(train_sources *s, const train_config *c, const nn_model *model,
                     train_source source, const data_corpus *labelled, base_error *error) {
    const train_data *e = source.entry;
    bool triplets = !strcmp(e->rows, "triplets");
    data_triplet_options o = {.seed = c->seed,
                              .contradiction = UINT32_MAX, /* no label: all become pairs */
                              .keep_pairs = !triplets || !strcmp(e->without_negative, "pairs"),
                              .both_directions = e->both_directions};
    data_triplets made = {0};
    if (!find_label(e, e->positive, &o.entailment, error) ||
        (triplets && !find_label(e, e->negative, &o.contradiction, error)) ||
        !data_triplets_make(labelled, &o, &made, error))
        return false;
    s->unused += made.unused + (o.keep_pairs ? 0 : made.unpaired);
    data_corpus *corpora[] = {made.triplets, made.pairs};
    bool ok = true, any = false;
    for (int i = 0; i < 2; i++) {
        source.corpus = corpora[i];
        bool some = data_corpus_rows(corpora[i]) > 0;
        if (ok && some)
            ok = add_source(s, c, model, source, error);
        else
            data_corpus_free(corpora[i]);
        any = any || some;
    }
    return ok &&
           (any || base_fail(error, BASE_BAD_INPUT, "%s: found no row to make %s of (label \"%s\")",
                             e->data.name[0], e->rows, e->positive));
}

static bool add_corpus(train_sources *s, const train_config *c, const nn_model *model,
                       train_source source, data_corpus *corpus, base_error *error) {
    s->rows += data_corpus_rows(corpus);
    s->skipped += data_corpus_skipped(corpus);
    s->replaced += data_corpus_replaced(corpus, NULL);
    if (!makes_rows(source.entry)) {
        source.corpus = corpus;
        return add_source(s, c, model, source, error);
    }
    bool ok = add_made(s, c, model, source, corpus, error);
    data_corpus_free(corpus);
    return ok;
}

static bool add_entry(train_sources *s, const train_config *c, const nn_model *model, size_t i,
                      base_error *error) {
    const train_data *e = train_config_data(c, i);
    const loss *l = entry_loss(s, c, model->width, i, error);
    if (!l)
        return false;
    data_reader_options options = reader_options(e, loss_definition(l), &c->score_range);
    data_corpus *corpus = train_read_files(&e->data, &options, error);
    train_source source = {.entry = e, .loss = l};
    return corpus && add_corpus(s, c, model, source, corpus, error);
}

train_sources *train_sources_new(const train_config *c, const nn_model *model, base_error *error) {
    train_sources *s = base_alloc(1, sizeof *s, error);
    if (!s)
        return NULL;
    s->score_range = c->score_range;
    s->losses = base_alloc(c->data.count, sizeof *s->losses, error);
    bool ok = s->losses != NULL;
    for (size_t i = 0; ok && i < c->data.count; i++)
        ok = add_entry(s, c, model, i, error);
    if (ok)
        return s;
    train_sources_free(s);
    return NULL;
}

void train_sources_free(train_sources *s) {
    if (!s)
        return;
    for (size_t i = 0; i < s->count; i++) {
        data_token_store_free(s->source[i].store);
        data_corpus_free(s->source[i].corpus);
    }
    for (size_t i = 0; i < s->losses_count; i++)
        loss_free(s->losses[i]);
    free(s->source);
    free(s->losses);
    free(s);
}

size_t train_sources_longest(const train_sources *s) {
    size_t longest = 0;
    for (size_t i = 0; i < s->count; i++) {
        size_t n = data_token_store_percentile(s->source[i].store, 100);
        longest = n > longest ? n : longest;
    }
    return longest;
}

size_t train_sources_columns(const train_sources *s) {
    size_t most = 0;
    for (size_t i = 0; i < s->count; i++)
        most = s->source[i].columns > most ? s->source[i].columns : most;
    return most;
}
