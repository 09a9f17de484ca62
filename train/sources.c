#include "train/sources.h"

#include "base/log.h"
#include "base/random.h"
#include "data/noise.h"
#include "data/pair.h"
#include "data/reader.h"
#include "data/token_cache.h"
#include "data/triplets.h"
#include "losses/loss_labels.h"
#include "train/entry.h"
#include "train/held_out.h"
#include "train/prompts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Sources that are being made. */
typedef struct maker {
    train_sources *sources;
    const train_config *config;
    const nn_model *model;
    const base_progress *progress;
    dist_ranks *ranks;
    /* of the entry at hand */
    size_t index;
    train_prompts prompts;
    data_prompt first[DATA_MAX_COLUMNS]; /* of pairs: the first text alone has a prompt */
    data_tokenising how;
    nn_model *teacher; /* or NULL */
} maker;

static data_reader_options reader_options(const train_data *e, const loss_def *def) {
    data_reader_options o = {.format = e->format,
                             .columns = e->columns.count,
                             .kind = train_entry_target(e, def),
                             .target = e->target,
                             .labels = e->labels.count,
                             .label_name = e->labels.name,
                             .label_value = e->labels.value,
                             .find_labels = e->labels.count == 0,
                             .score_low = e->score_range.low,
                             .score_high = e->score_range.high,
                             .no_header = !e->header};
    for (size_t i = 0; i < e->columns.count; i++)
        o.column[i] = e->columns.name[i];
    return o;
}

/* Number of a label by name. */
static bool find_label(const data_corpus *corpus, const char *name, uint32_t *value,
                       base_error *error) {
    return data_corpus_find_label(corpus, name, value) ||
           base_fail(error, BASE_BAD_INPUT, "%s: found no label \"%s\" among its labels",
                     data_corpus_name(corpus), name);
}

/* Labels that were found go into the resolved config, so that it says all. */
static bool note_labels(const train_config *c, size_t i, const data_corpus *corpus,
                        base_error *error) {
    char path[64];
    snprintf(path, sizeof path, "train.data.%zu.labels", i);
    cJSON *labels = cJSON_CreateObject();
    bool ok = labels != NULL;
    for (size_t j = 0; ok && j < data_corpus_labels(corpus); j++)
        ok = cJSON_AddNumberToObject(labels, data_corpus_label_name(corpus, j),
                                     data_corpus_label_value(corpus, j));
    if (ok)
        return base_keys_set(c->tree, path, labels, c->name, error);
    cJSON_Delete(labels);
    return base_fail(error, BASE_FAILED, "out of memory");
}

/* A loss of scores needs the ends of their scale, which the scores at hand need not reach. */
static bool check_range(size_t i, const data_corpus *corpus, base_error *error) {
    double low, high, least, most;
    data_corpus_scores(corpus, &least, &most);
    if (!data_corpus_range(corpus, &low, &high))
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: found scores from %g to %g and no ends of their scale, expected them "
                         "in train.data[%zu], such as \"score_range\": [%g, %g]",
                         data_corpus_name(corpus), least, most, i, least, most);
    if (most - least < (high - low) / 2)
        base_log(BASE_LOG_WARNING,
                 "%s: the scores go from %g to %g, less than half of the range from %g to %g",
                 data_corpus_name(corpus), least, most, low, high);
    return true;
}

/* What a score is of: the label 1, where there is one. */
static const char *const *one_label(const train_preview *preview) {
    static const char *const score[] = {"LABEL_0"};
    return preview->classes > 1 ? (const char *const *)preview->label + 1 : score;
}

/* The loss of entry i, made when no earlier entry has the same. */
static const loss *entry_loss(const maker *m, size_t i, base_error *error) {
    const train_data *e = train_config_data(m->config, i);
    train_sources *s = m->sources;
    const train_preview *preview = &s->preview[i];
    loss_def definition, *def = &definition;
    bool labelled = preview->classes > 0;
    loss_setting setting = {
        .width = m->model->width,
        .classes = labelled ? preview->classes : DATA_USUAL_LABELS,
        .label = labelled ? (const char *const *)preview->label : data_usual_label,
        .teacher_width = m->teacher ? m->teacher->encoded : 0,
        .layers = nn_model_layers(m->model),
        .model = m->model,
    };
    char prefix[64];
    if (!loss_define(e->loss, def, error))
        return NULL;
    if (def->of_pairs)
        setting.width = setting.classes = def->one_label ? 1 : setting.classes;
    if (def->one_label)
        setting.label = one_label(preview);
    for (size_t j = 0; j < s->losses_count; j++)
        if (cJSON_Compare(loss_config(s->losses[j]), e->loss, true) &&
            loss_get_setting(s->losses[j])->teacher_width == setting.teacher_width &&
            loss_labels_same(loss_get_setting(s->losses[j]), &setting))
            return s->losses[j];
    snprintf(prefix, sizeof prefix, "train.data[%zu].loss.", i);
    loss *made = loss_new(e->loss, &setting, m->config->name, prefix, error);
    if (made)
        s->losses[s->losses_count++] = made;
    return made;
}

/* ---- sources ---- */

/* Who needs the target, for a file that lacks it. */
static void say_need(const loss_def *def, data_target_kind kind, char *out, size_t size) {
    static const char *const target[] = {"no target", "a label", "a score"};
    snprintf(out, size, "the loss %s takes %s", def->name, target[kind]);
}

/* Of a cross-encoder that ranks: a list of one text has no loss. */
static bool check_candidates(const train_data *e, const loss *l, size_t columns,
                             base_error *error) {
    const loss_def *def = loss_definition(l);
    return !def->negatives || loss_negatives(l) > 0 || columns > 2 ||
           base_fail(error, BASE_BAD_INPUT,
                     "%s: found 2 text columns for the loss %s with negatives 0, expected 3 or "
                     "more, or negatives of other rows",
                     e->data.name[0], def->name);
}

/* How the entry's texts become ids; of pairs the tokenizer must know them. */
static bool find_tokenising(maker *m, const loss_def *def, base_error *error) {
    nn_model_options options = {.max_length = m->config->max_seq_length};
    const data_prompt *prompts = train_prompts_get(&m->prompts);
    m->first[0] = prompts ? prompts[0] : (data_prompt){0};
    m->how = (data_tokenising){.tokenizer = m->model->tokenizer,
                               .pairs = def->of_pairs,
                               .max_length = m->model->max_length,
                               .prompt = prompts && def->of_pairs ? m->first : prompts,
                               .progress = m->progress};
    if (!def->of_pairs)
        return true;
    m->how.max_length = nn_model_pair_length(m->model, &options);
    return data_pair_check(m->model->tokenizer, m->model->encoder->transformer.spec.types,
                           m->how.max_length, error);
}

static bool check_sampler(const train_config *c, const char *sampler, size_t rows,
                          base_error *error) {
    char *where = base_format("%s: batch_size", c->name);
    bool ok = where ? data_sampler_check(sampler, rows, where, error)
                    : base_fail(error, BASE_FAILED, "out of memory");
    free(where);
    return ok;
}

static bool ask_teacher(const maker *m, train_source *source, const data_corpus *corpus,
                        base_error *error) {
    return train_teacher_outputs_make(&source->teacher, loss_definition(source->loss)->teacher,
                                      m->teacher, corpus, m->progress, error) ||
           base_fail_prefix(error, "%s: teacher %s", m->config->name, source->entry->teacher);
}

/* Takes the corpus and, where it has one, the source's store, also on failure. */
static bool add_source(const maker *m, train_source source, data_corpus *corpus,
                       base_error *error) {
    const loss_def *def = loss_definition(source.loss);
    train_sources *s = m->sources;
    source.min_batch = def->min_batch;
    source.sampler = m->config->sampler        ? m->config->sampler
                     : def->positives_in_batch ? "group_by_label"
                     : def->negatives_in_batch ? "no_duplicates"
                                               : "shuffled";
    size_t rows = m->config->batch_size;
    if ((rows && !check_sampler(m->config, source.sampler, rows, error)) ||
        !loss_check_columns(def, source.entry->data.name[0], data_corpus_columns(corpus), error) ||
        !check_candidates(source.entry, source.loss, data_corpus_columns(corpus), error) ||
        !base_grow(&s->source, &s->capacity, s->count + 1, sizeof *s->source, error) ||
        (m->teacher && !ask_teacher(m, &source, corpus, error))) {
        data_corpus_free(corpus);
        data_token_store_free(source.store);
        return false;
    }
    if (source.store)
        data_corpus_free(corpus);
    else
        source.store = data_token_store_new(corpus, &m->how, error);
    s->source[s->count++] = source;
    if (!source.store)
        return false;
    s->truncated += data_token_store_truncated(source.store);
    return true;
}

bool train_keeps_unpaired(const train_data *e, const loss_def *def) {
    return e->without_negative == TRAIN_PAIRS_KEPT ||
           (e->without_negative == TRAIN_PAIRS_BY_LOSS && def->min_columns <= 2);
}

/* Positive pairs or triplets of labelled pairs. */
static bool add_made(const maker *m, train_source source, const data_corpus *labelled,
                     base_error *error) {
    const train_data *e = source.entry;
    bool triplets = e->rows == TRAIN_TRIPLETS;
    data_triplet_options o = {.seed = m->config->data_seed,
                              .contradiction = UINT32_MAX, /* no label: all become pairs */
                              .keep_pairs = !triplets ||
                                            train_keeps_unpaired(e, loss_definition(source.loss)),
                              .both_directions = e->both_directions};
    data_triplets made = {0};
    if (!find_label(labelled, e->positive, &o.entailment, error) ||
        (triplets && !find_label(labelled, e->negative, &o.contradiction, error)))
        return false;
    if (o.contradiction == o.entailment)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: the labels \"%s\" of positives and \"%s\" of negatives have one "
                         "number, expected two",
                         e->data.name[0], e->positive, e->negative);
    if (!data_triplets_make(labelled, &o, &made, error))
        return false;
    m->sources->unused += made.unused + (o.keep_pairs ? 0 : made.unpaired);
    data_corpus *corpora[] = {made.triplets, made.pairs};
    bool ok = true, any = false;
    for (int i = 0; i < 2; i++) {
        bool some = data_corpus_rows(corpora[i]) > 0;
        if (ok && some)
            ok = add_source(m, source, corpora[i], error);
        else
            data_corpus_free(corpora[i]);
        any = any || some;
    }
    return ok &&
           (any || base_fail(error, BASE_BAD_INPUT, "%s: found no row to make %s of (label \"%s\")",
                             e->data.name[0], train_rows_names()[e->rows], e->positive));
}

static bool add_noisy(const maker *m, train_source source, const data_corpus *plain,
                      base_error *error) {
    uint64_t seed = base_random_mix(m->config->data_seed, m->index); /* not the noise of others */
    data_corpus *noisy = data_noise_add(plain, source.entry->noise, seed, error);
    return noisy && add_source(m, source, noisy, error);
}

static bool add_corpus(const maker *m, train_source source, data_corpus *corpus,
                       base_error *error) {
    train_sources *s = m->sources;
    s->rows += data_corpus_all_rows(corpus);
    if (!train_entry_makes_rows(source.entry) && source.entry->noise < 0)
        return add_source(m, source, corpus, error);
    bool ok = train_entry_makes_rows(source.entry) ? add_made(m, source, corpus, error)
                                                   : add_noisy(m, source, corpus, error);
    data_corpus_free(corpus);
    return ok;
}

bool train_source_check_batch(const train_config *c, const train_source *source, size_t rows,
                              base_error *error) {
    return check_sampler(c, source->sampler, rows, error) &&
           train_entry_check_micro_batches(c, loss_definition(source->loss), rows, error);
}

static bool read_prompts(maker *m, size_t i, base_error *error) {
    const train_data *e = train_config_data(m->config, i);
    char *where = base_format("%s: train.data[%zu].prompts", m->config->name, i);
    bool ok = where
                  ? train_prompts_read(e->prompts, &e->columns, m->model, where, &m->prompts, error)
                  : base_fail(error, BASE_FAILED, "out of memory");
    free(where);
    return ok;
}

static bool read_teacher(maker *m, const loss_def *def, size_t i, base_error *error) {
    const train_data *e = train_config_data(m->config, i);
    if (e->teacher && !def->teacher)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: train.data[%zu].teacher is \"%s\", which the loss %s does not take",
                         m->config->name, i, e->teacher, def->name);
    if (!e->teacher && def->needs_teacher)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: train.data[%zu].teacher is missing, expected the folder of a model: "
                         "the loss %s is told by one",
                         m->config->name, i, def->name);
    m->teacher = e->teacher ? nn_model_load(e->teacher, &nn_model_any, error) : NULL;
    return base_ok(error) ||
           base_fail_prefix(error, "%s: train.data[%zu].teacher", m->config->name, i);
}

/* Rank 0 makes the cache while the others sleep; those of another machine make it there. */
static void get_in_turn(dist_ranks *r, const data_token_cache *cache, data_corpus **corpus,
                        data_token_store **store, base_error *error) {
    bool ok = dist_agree(r, error);
    for (size_t rank = 0; ok && rank < r->size; rank++) {
        if (rank == r->rank)
            data_token_cache_get(cache, corpus, store, error);
        ok = rank == 0 ? dist_follow(r, error) : dist_agree(r, error);
    }
}

/* Reads an entry's corpus: into memory or, with a cache, its tokens from there into *store. */
static data_corpus *read_corpus(const maker *m, const train_data *e,
                                const data_reader_options *options, data_token_store **store,
                                base_error *error) {
    const train_config *c = m->config;
    data_corpus *corpus = NULL;
    if (!c->cache_folder) {
        corpus = data_read_files(e->data.name, e->data.count, options, error);
    } else {
        data_token_cache cache = {.folder = c->cache_folder,
                                  .limit = (uint64_t)c->cache_limit << 20,
                                  .paths = e->data.name,
                                  .count = e->data.count,
                                  .reader = options,
                                  .how = &m->how};
        get_in_turn(m->ranks, &cache, &corpus, store, error);
    }
    if (corpus && base_ok(error)) { /* of all ranks */
        m->sources->skipped += data_corpus_skipped(corpus);
        m->sources->replaced += data_corpus_replaced(corpus, NULL);
        return corpus;
    }
    data_corpus_free(corpus);
    return NULL;
}

static bool add_entry(maker *m, size_t i, base_error *error) {
    const train_config *c = m->config;
    const train_data *e = train_config_data(c, i);
    loss_def definition;
    const loss_def *def = &definition;
    m->index = i;
    if (!loss_define(e->loss, &definition, error) || !train_entry_check(c, def, i, error) ||
        !read_teacher(m, def, i, error) || !find_tokenising(m, def, error))
        return false;
    if (!train_entry_makes_rows(e) &&
        !loss_check_columns(def, e->data.name[0], e->columns.count + (e->noise >= 0), error))
        return false;
    data_reader_options options = reader_options(e, def);
    char need[100];
    say_need(def, options.kind, need, sizeof need);
    options.need = train_entry_makes_rows(e) ? NULL : need;
    train_source source = {.entry = e};
    data_corpus *corpus = read_corpus(m, e, &options, &source.store, error);
    bool ok =
        corpus && train_held_out_draw(c, i, &corpus, &m->sources->held_out[i], error) &&
        (options.kind != DATA_TARGET_SCORE || def->raw_scores || check_range(i, corpus, error)) &&
        train_preview_make(&m->sources->preview[i], corpus, error) &&
        (options.kind != DATA_TARGET_CLASS || note_labels(c, i, corpus, error));
    source.loss = ok ? entry_loss(m, i, error) : NULL;
    if (source.loss)
        return add_corpus(m, source, corpus, error);
    data_corpus_free(corpus);
    data_token_store_free(source.store);
    return false;
}

static bool check_turns(const train_config *c, const train_sources *s, base_error *error) {
    return s->count > 1 || c->turns == TRAIN_PROPORTIONAL ||
           base_fail(error, BASE_BAD_INPUT,
                     "%s: turns is \"%s\" and there is one corpus, expected several", c->name,
                     train_turns_names()[c->turns]);
}

train_sources *train_sources_new(const train_config *c, const nn_model *model, dist_ranks *ranks,
                                 const base_progress *progress, base_error *error) {
    train_sources *s = base_alloc(1, sizeof *s, error);
    if (!s)
        return NULL;
    s->losses = base_alloc(c->data.count, sizeof *s->losses, error);
    s->preview = base_alloc(c->data.count, sizeof *s->preview, error);
    s->held_out = base_alloc(c->data.count, sizeof *s->held_out, error);
    bool ok = s->losses && s->preview && s->held_out;
    s->previews = ok ? c->data.count : 0;
    maker m = {.sources = s, .config = c, .model = model, .progress = progress, .ranks = ranks};
    for (size_t i = 0; ok && i < c->data.count; i++) {
        ok = read_prompts(&m, i, error) && add_entry(&m, i, error);
        train_prompts_release(&m.prompts);
        nn_model_free(m.teacher);
        m.teacher = NULL;
    }
    if (ok && check_turns(c, s, error))
        return s;
    train_sources_free(s);
    return NULL;
}

void train_sources_free(train_sources *s) {
    if (!s)
        return;
    for (size_t i = 0; i < s->count; i++) {
        data_token_store_free(s->source[i].store);
        train_teacher_outputs_free(&s->source[i].teacher);
    }
    for (size_t i = 0; i < s->losses_count; i++)
        loss_free(s->losses[i]);
    for (size_t i = 0; i < s->previews; i++) {
        train_preview_free(&s->preview[i]);
        data_corpus_free(s->held_out[i]);
    }
    free(s->preview);
    free(s->held_out);
    free(s->source);
    free(s->losses);
    free(s);
}

const loss *train_sources_part(const train_sources *s, size_t i) {
    for (size_t l = 0; l < s->losses_count; l++) {
        const loss *part;
        for (size_t k = 0; (part = loss_part(s->losses[l], k)); k++)
            if (i-- == 0)
                return part;
    }
    return NULL;
}

size_t train_sources_longest(const train_sources *s) {
    size_t longest = 0;
    for (size_t i = 0; i < s->count; i++) {
        size_t n = data_token_store_longest(s->source[i].store);
        longest = n > longest ? n : longest;
    }
    return longest;
}
