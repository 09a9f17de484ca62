#include "train/evaluation_data.h"

#include "losses/loss_labels.h"
#include "train/held_out.h"

#include <stdlib.h>
#include <string.h>

/* The number of a name of the head's labels; SIZE_MAX when it has no such label. */
static size_t head_number(const loss_labels *head, const char *name) {
    for (size_t i = 0; i < head->count; i++)
        if (!strcmp(head->name[i], name))
            return head->value[i];
    return SIZE_MAX;
}

/* Labels of an entry must stand for classes of the head, and the head's own names for their own. */
static bool check_labels(const train_evaluation *e, size_t classes, const loss_labels *names,
                         base_error *error) {
    for (size_t i = 0; i < e->labels.count; i++) {
        size_t number = head_number(names, e->labels.name[i]);
        if (e->labels.value[i] >= classes)
            return base_fail(error, BASE_BAD_INPUT,
                             "%s: its label \"%s\" is number %u, expected less than the head's %zu "
                             "classes",
                             e->data, e->labels.name[i], (unsigned)e->labels.value[i], classes);
        if (number != SIZE_MAX && number != e->labels.value[i])
            return base_fail(error, BASE_BAD_INPUT,
                             "%s: its label \"%s\" is number %u, expected %zu as in train.data",
                             e->data, e->labels.name[i], (unsigned)e->labels.value[i], number);
    }
    return true;
}

static data_reader_options options_of(const train_evaluation *e, const loss_labels *names) {
    data_reader_options o = {.format = e->format,
                             .columns = e->columns.count,
                             .target = e->target,
                             .labels = e->labels.count,
                             .label_name = e->labels.name,
                             .label_value = e->labels.value,
                             .no_header = !e->header};
    for (size_t i = 0; i < e->columns.count; i++)
        o.column[i] = e->columns.name[i];
    if (o.labels == 0 && names->count) {
        o.labels = names->count;
        o.label_name = names->name;
        o.label_value = names->value;
    }
    return o;
}

static bool read_data(train_evaluation_data *d, const loss_labels *names, base_error *error) {
    data_reader_options o = options_of(d->entry, names);
    if (d->held_out)
        return train_held_out_data(d->held_out, train_held_out_entry(d->entry), d->def, &d->data,
                                   error);
    return eval_data_read(d->def, d->entry->data, &o, &d->data, error);
}

/* Rows that look like those of an entry of train.data, whose loss is measured. */
static bool read_rows(train_evaluation_data *d, const train_config *c, const loss_labels *names,
                      base_error *error) {
    const train_data *like = d->like;
    data_reader_options o = options_of(d->entry, names);
    if (like->teacher)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: evaluation.data has an entry of kind \"%s\", but its entry of "
                         "train.data has a teacher, which is asked about training rows alone",
                         c->name, d->def->name);
    if (like->rows != TRAIN_ALL_ROWS && (d->held_out || !o.columns))
        return base_fail(
            error, BASE_BAD_INPUT,
            "%s: evaluation.data has an entry of kind \"%s\", but training rows are "
            "made of those of train.data, expected a file of such rows and its columns",
            c->name, d->def->name);
    if (d->held_out)
        return read_data(d, names, error);
    for (size_t i = 0; !d->entry->columns.count && i < like->columns.count; i++)
        o.column[o.columns++] = like->columns.name[i];
    o.kind = loss_definition(d->objective)->target;
    o.target = o.target ? o.target : like->target;
    o.score_low = like->score_range.low;
    o.score_high = like->score_range.high;
    return eval_data_read(d->def, d->entry->data, &o, &d->data, error);
}

/* A loss with parameters must be the one that a model folder brings along. */
static bool check_objective(const train_evaluation_data *d, const train_config *c, const loss *head,
                            base_error *error) {
    if (d->objective != head && nn_params_count(loss_params(d->objective)) > 0)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: evaluation.data has an entry of kind \"%s\", but its loss has "
                         "parameters that no model folder keeps",
                         c->name, d->def->name);
    return eval_check_objective(&(eval_subject){.objective = d->objective}, d->data.corpus, error);
}

/* Classes go by the names that the loss knows. */
static bool read_for_loss(train_evaluation_data *d, const train_config *c, const loss *head,
                          base_error *error) {
    if (!d->objective)
        return base_fail(error, BASE_BAD_INPUT, "%s: evaluation.data measures a loss of no rows",
                         c->name);
    const loss_setting *setting = loss_get_setting(d->objective);
    loss_labels names = {0};
    bool ok = (!loss_definition(d->objective)->logits ||
               (loss_labels_of(setting, &names, error) &&
                check_labels(d->entry, setting->classes, &names, error))) &&
              read_rows(d, c, &names, error) && check_objective(d, c, head, error);
    loss_labels_free(&names);
    return ok;
}

/* Labels are those of a cross-encoder with several; one label's are found in the data. */
static bool read_pairs(train_evaluation_data *d, const nn_classifier *c, base_error *error) {
    loss_labels names = {0};
    loss_setting setting = {.classes = c->labels, .label = (const char *const *)c->label};
    bool ok = (c->labels == 1 || (loss_labels_of(&setting, &names, error) &&
                                  check_labels(d->entry, c->labels, &names, error))) &&
              read_data(d, &names, error);
    loss_labels_free(&names);
    return ok;
}

static bool read_item(train_evaluation_data *d, const train_config *c, const nn_model *model,
                      const loss *head, base_error *error) {
    loss_labels names = {0};
    if (!eval_check_task(d->def, model, d->entry->data, error))
        return false;
    if (model->classifier)
        return read_pairs(d, model->classifier, error);
    if (d->def->needs_loss)
        return read_for_loss(d, c, head, error);
    if (!d->def->needs_head)
        return read_data(d, &names, error);
    if (!head || !loss_definition(head)->logits)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: evaluation.data has an entry of kind \"%s\", expected a loss with "
                         "classes (softmax)",
                         c->name, d->def->name);
    bool ok = loss_labels_of(loss_get_setting(head), &names, error) &&
              check_labels(d->entry, loss_get_setting(head)->classes, &names, error) &&
              read_data(d, &names, error);
    loss_labels_free(&names);
    return ok;
}

static bool check_teacher(const train_evaluation_data *d, const train_config *c, size_t i,
                          base_error *error) {
    const char *teacher = d->entry->teacher;
    return !teacher == !d->def->needs_teacher ||
           base_fail(error, BASE_BAD_INPUT,
                     teacher ? "%s: evaluation.data[%zu].teacher is set, but the kind %s takes none"
                             : "%s: evaluation.data[%zu].teacher is missing, expected the folder "
                               "of a model, which the kind %s needs",
                     c->name, i, d->def->name);
}

/* The teacher is asked once. */
static bool ask_teacher(train_evaluation_data *d, const train_config *c, size_t i,
                        const nn_model *model, base_error *error) {
    return !d->entry->teacher ||
           (eval_data_teach_by(&d->data, d->entry->teacher, error) &&
            eval_check_teacher(&d->data, model, error)) ||
           base_fail_prefix(error, "%s: evaluation.data[%zu].teacher", c->name, i);
}

/* Null means the model's default or, for a loss, what training has. */
static bool read_prompts(train_evaluation_data *d, const train_config *c, size_t i,
                         const nn_model *model, base_error *error) {
    const train_evaluation *e = d->entry;
    const train_data *like = d->like;
    bool trained = d->def->needs_loss && cJSON_IsNull(e->prompts);
    char *where = base_format("%s: evaluation.data[%zu].prompts", c->name, i);
    cJSON *none = cJSON_CreateString("");
    base_key_names columns = e->columns.count || !d->def->needs_loss ? e->columns : like->columns;
    const char *usual[EVAL_MOST_COLUMNS];
    memcpy(usual, d->def->column, sizeof usual);
    if (columns.count == 0)
        columns = (base_key_names){usual, d->def->columns};
    const cJSON *value = !trained ? e->prompts : cJSON_IsNull(like->prompts) ? none : like->prompts;
    bool ok = where && none ? train_prompts_read(value, &columns, model, where, &d->prompts, error)
                            : base_fail(error, BASE_FAILED, "out of memory");
    cJSON_Delete(none);
    free(where);
    return ok;
}

/* The loss of an entry of train.data; NULL: none of its rows is trained on. */
static const loss *loss_of(const train_sources *sources, const train_data *entry) {
    for (size_t i = 0; i < sources->count; i++)
        if (sources->source[i].entry == entry)
            return sources->source[i].loss;
    return NULL;
}

/* The label that an entry gives the number 1. */
static const char *positive_of(const train_evaluation *entry) {
    for (size_t i = 0; i < entry->labels.count; i++)
        if (entry->labels.value[i] == 1)
            return entry->labels.name[i];
    return NULL;
}

/* Keys that would do nothing. */
static bool check_unused(const train_evaluation_data *d, const train_config *c, size_t i,
                         base_error *error) {
    const loss_def *measured =
        d->def->needs_loss && d->objective ? loss_definition(d->objective) : NULL;
    data_target_kind kind = measured ? measured->target : d->def->kind;
    const struct {
        bool given;
        const char *key, *wanted;
    } unused[] = {
        {d->entry->target && kind == DATA_TARGET_NONE, "target", "target"},
        {d->entry->labels.count && kind != DATA_TARGET_CLASS, "labels", "labels"},
    };
    for (size_t u = 0; u < sizeof unused / sizeof *unused; u++)
        if (unused[u].given)
            return base_fail(error, BASE_BAD_INPUT,
                             "%s: evaluation.data[%zu].%s is set, but %s %s takes no %s", c->name,
                             i, unused[u].key, measured ? "the loss" : "the kind",
                             measured ? measured->name : d->def->name, unused[u].wanted);
    return true;
}

/* Where labels say which pairs belong together, one of them has to; by the config's labels some of
 * the pairs do, and some do not. */
static bool check_positive(const train_evaluation_data *d, const train_config *c, size_t i,
                           const nn_model *model, base_error *error) {
    const data_corpus *corpus = d->data.corpus;
    eval_subject subject = {.model = model, .positive = d->positive};
    uint32_t positive;
    size_t rows = data_corpus_rows(corpus), positives = 0;
    if (!d->def->finds_labels || (model->classifier && model->classifier->labels > 1))
        return true;
    if (d->entry->labels.count && !d->positive)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: evaluation.data[%zu].labels has no number 1, expected a label 1 of "
                         "pairs that belong together",
                         c->name, i);
    if (!eval_positive_label(&subject, corpus, &positive, error))
        return base_fail_prefix(error, "%s: evaluation.data[%zu]", c->name, i);
    for (size_t r = 0; r < rows; r++)
        positives += data_corpus_label(corpus, r) == positive;
    return !d->entry->labels.count || (positives > 0 && positives < rows) ||
           base_fail(error, BASE_BAD_INPUT,
                     "%s: evaluation.data[%zu].labels gives the number 1 to %s of %s, expected "
                     "pairs that belong together and pairs that do not",
                     c->name, i, positives ? "every row" : "no row", d->entry->data);
}

bool train_evaluation_data_read(const train_config *c, size_t i, const nn_model *model,
                                const loss *head, const train_sources *sources,
                                train_evaluation_data *d, base_error *error) {
    const train_evaluation *entry = train_config_evaluation(c, i);
    size_t source = train_held_out_entry(entry);
    *d = (train_evaluation_data){.entry = entry,
                                 .def = eval_evaluator_find(entry->kind),
                                 .held_out = source == SIZE_MAX ? NULL : sources->held_out[source],
                                 .like = train_config_data(c, source == SIZE_MAX ? 0 : source),
                                 .positive = positive_of(entry)};
    d->objective = loss_of(sources, d->like);
    return check_teacher(d, c, i, error) && check_unused(d, c, i, error) &&
           read_prompts(d, c, i, model, error) && read_item(d, c, model, head, error) &&
           check_positive(d, c, i, model, error) && ask_teacher(d, c, i, model, error);
}

void train_evaluation_data_release(train_evaluation_data *d) {
    if (d->data.def)
        eval_data_free(&d->data);
    train_prompts_release(&d->prompts);
}
