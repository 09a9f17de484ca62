#include "train/entry.h"

#include "nn/model.h"

#include <string.h>

bool train_entry_makes_rows(const train_data *entry) {
    return entry->rows != TRAIN_ALL_ROWS;
}

/* Labels 0 and 1 are scores, too. */
static bool scores_by_labels(const train_data *e, const loss_def *def) {
    return def->one_label && def->target == DATA_TARGET_SCORE && e->labels.count > 0;
}

data_target_kind train_entry_target(const train_data *e, const loss_def *def) {
    return train_entry_makes_rows(e) || scores_by_labels(e, def) ? DATA_TARGET_CLASS
           : e->teacher && def->teacher && !def->needs_target    ? DATA_TARGET_NONE
                                                                 : def->target;
}

/* A loss goes with the task. */
static bool check_task(const train_config *c, const loss_def *def, size_t i, base_error *error) {
    base_bytes names = {0};
    bool pairs = c->task == NN_CROSS_ENCODER;
    if (def->of_pairs == pairs)
        return true;
    for (size_t l = 0; loss_table[l]; l++)
        if (loss_table[l]->of_pairs == pairs)
            base_bytes_format(&names, error, "%s%s", names.size ? ", " : "", loss_table[l]->name);
    base_fail(error, BASE_BAD_INPUT,
              "%s: train.data[%zu].loss is %s, which does not go with the task %s; expected one of "
              "%s",
              c->name, i, def->name, train_task_names()[c->task], names.size ? names.data : "");
    base_bytes_free(&names);
    return false;
}

/* Noise makes two columns of one. */
static bool check_noise(const train_config *c, size_t i, base_error *error) {
    const train_data *e = train_config_data(c, i);
    return e->noise < 0 || (e->columns.count == 1 && !train_entry_makes_rows(e)) ||
           base_fail(error, BASE_BAD_INPUT,
                     "%s: train.data[%zu].noise is %g, found %zu columns and rows \"%s\", expected "
                     "one column and rows \"all\": the noisy copy becomes the first column",
                     c->name, i, e->noise, e->columns.count, train_rows_names()[e->rows]);
}

/* Pairs and triplets that are made of labelled rows have no labels left. */
static bool check_rows(const train_config *c, const loss_def *def, size_t i, base_error *error) {
    const train_data *e = train_config_data(c, i);
    if (train_entry_makes_rows(e) && def->target != DATA_TARGET_NONE)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: train.data[%zu].rows is \"%s\", which leaves no target for the loss "
                         "%s; expected a loss without one, such as mnrl",
                         c->name, i, train_rows_names()[e->rows], def->name);
    if (!train_entry_makes_rows(e) && e->both_directions)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: train.data[%zu].both_directions is true, expected rows to be "
                         "\"positives\" or \"triplets\"",
                         c->name, i);
    return true;
}

/* Keys that would do nothing; some of them would leave rows in that they are meant to keep out. */
static bool check_unused(const train_config *c, const loss_def *def, size_t i, base_error *error) {
    const train_data *e = train_config_data(c, i);
    data_target_kind kind = train_entry_target(e, def);
    bool triplets = e->rows == TRAIN_TRIPLETS, range = e->score_range.low < e->score_range.high;
    const struct {
        bool given;
        const char *key, *where;
    } unused[] = {
        {e->target && kind == DATA_TARGET_NONE, "target", "a loss with a target"},
        {e->labels.count && kind != DATA_TARGET_CLASS, "labels", "a loss that takes labels"},
        {range && kind != DATA_TARGET_SCORE, "score_range", "a loss that takes scores"},
        {strcmp(e->positive, "entailment") && !train_entry_makes_rows(e), "positive",
         "rows \"positives\" or \"triplets\""},
        {strcmp(e->negative, "contradiction") && !triplets, "negative", "rows \"triplets\""},
        {e->without_negative != TRAIN_PAIRS_BY_LOSS && !triplets, "without_negative",
         "rows \"triplets\""},
    };
    for (size_t u = 0; u < sizeof unused / sizeof *unused; u++)
        if (unused[u].given)
            return base_fail(error, BASE_BAD_INPUT,
                             "%s: train.data[%zu].%s does nothing with rows \"%s\" and the loss "
                             "%s, expected %s",
                             c->name, i, unused[u].key, train_rows_names()[e->rows], def->name,
                             unused[u].where);
    return true;
}

bool train_entry_check_micro_batches(const train_config *c, const loss_def *def, size_t rows,
                                     base_error *error) {
    size_t least = c->accumulation > 1 ? 2 * def->min_batch - 1 : def->min_batch;
    return def->min_batch < 2 || rows >= least ||
           base_fail(error, BASE_BAD_INPUT,
                     "%s: batch_size is %zu, expected at least %zu: the loss %s learns nothing "
                     "from a batch of fewer than %zu rows",
                     c->name, rows, least, def->name, def->min_batch);
}

/* Labels that stand for scores are 0 and 1. */
static bool check_label_scores(const train_config *c, const loss_def *def, size_t i,
                               base_error *error) {
    const train_data *e = train_config_data(c, i);
    for (size_t l = 0; scores_by_labels(e, def) && l < e->labels.count; l++)
        if (e->labels.value[l] > 1)
            return base_fail(error, BASE_BAD_INPUT,
                             "%s: train.data[%zu].labels: found the number %u, expected 0 and 1 "
                             "for the loss %s",
                             c->name, i, (unsigned)e->labels.value[l], def->name);
    return true;
}

/* What makes rows of rows needs them all at hand. */
static bool check_cache_folder(const train_config *c, size_t i, base_error *error) {
    const train_data *e = train_config_data(c, i);
    const struct {
        bool given;
        const char *key, *expected;
    } refused[] = {
        {train_entry_makes_rows(e), "rows", "\"all\""},
        {e->noise >= 0, "noise", "null"},
        {e->teacher, "teacher", "null"},
        {e->sample >= 0, "sample", "null"},
        {e->held_out >= 0, "held_out", "null"},
    };
    for (size_t r = 0; c->cache_folder && r < sizeof refused / sizeof *refused; r++)
        if (refused[r].given)
            return base_fail(error, BASE_BAD_INPUT,
                             "%s: cache.folder is set, which train.data[%zu].%s does not go with, "
                             "expected %s there, or cache.folder to be null",
                             c->name, i, refused[r].key, refused[r].expected);
    return true;
}

static bool check_cached(const train_config *c, const loss_def *def, size_t i, base_error *error) {
    return !c->cached || loss_of_embeddings(def) ||
           base_fail(error, BASE_BAD_INPUT,
                     "%s: cached is %zu, but the loss %s of train.data[%zu] is not of embeddings "
                     "alone, expected null",
                     c->name, c->cached, def->name, i);
}

/* An update is cut evenly, through the positives of a label. */
static bool check_positives(const train_config *c, const loss_def *def, base_error *error) {
    return c->accumulation == 1 || !def->positives_in_batch ||
           base_fail(
               error, BASE_BAD_INPUT,
               "%s: accumulation is %zu, expected 1: the loss %s finds the positives of a row "
               "in its batch",
               c->name, c->accumulation, def->name);
}

bool train_entry_check(const train_config *c, const loss_def *def, size_t i, base_error *error) {
    return check_task(c, def, i, error) && check_rows(c, def, i, error) &&
           check_noise(c, i, error) && check_unused(c, def, i, error) &&
           check_label_scores(c, def, i, error) && check_cached(c, def, i, error) &&
           check_cache_folder(c, i, error) && check_positives(c, def, error) &&
           (c->batch_size == 0 || train_entry_check_micro_batches(c, def, c->batch_size, error));
}
