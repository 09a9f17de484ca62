#include "train/evaluation.h"

#include "base/file.h"
#include "data/reader.h"
#include "losses/loss_folder.h"
#include "losses/loss_labels.h"
#include "train/held_out.h"
#include "train/prompts.h"

#include <stdlib.h>
#include <string.h>

typedef struct item {
    const train_evaluation *entry;
    const eval_def *def;
    const data_corpus
        *held_out;          /* rows that stand for a file, of the sources; NULL: there is one */
    const train_data *like; /* the entry that holds them out, else the first one */
    const loss *objective;  /* of that */
    eval_data data;
    train_prompts prompts;
} item;

/* A metric that decides. */
typedef struct choice {
    const item *of;
    const eval_measure *measure;
    char *metric; /* owned */
} choice;

struct train_evaluations {
    item *items;
    size_t count;
    choice *choices;
    size_t choice_count;
    train_decider decider; /* its texts are owned */
    const loss *head;      /* that a saved model brings along */
    size_t batch_size;
};

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

static bool read_data(item *it, const loss_labels *names, base_error *error) {
    data_reader_options o = options_of(it->entry, names);
    if (it->held_out)
        return train_held_out_data(it->held_out, train_held_out_entry(it->entry), it->def,
                                   &it->data, error);
    return eval_data_read(it->def, it->entry->data, &o, &it->data, error);
}

/* Rows that look like those of an entry of train.data, whose loss is measured. */
static bool read_rows(item *it, const train_config *c, const loss_labels *names,
                      base_error *error) {
    const train_data *like = it->like;
    data_reader_options o = options_of(it->entry, names);
    if (like->teacher)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: evaluation.data has an entry of kind \"%s\", but its entry of "
                         "train.data has a teacher, which is asked about training rows alone",
                         c->name, it->def->name);
    if (like->rows != TRAIN_ALL_ROWS && (it->held_out || !o.columns))
        return base_fail(
            error, BASE_BAD_INPUT,
            "%s: evaluation.data has an entry of kind \"%s\", but training rows are "
            "made of those of train.data, expected a file of such rows and its columns",
            c->name, it->def->name);
    if (it->held_out)
        return read_data(it, names, error);
    for (size_t i = 0; !it->entry->columns.count && i < like->columns.count; i++)
        o.column[o.columns++] = like->columns.name[i];
    o.kind = loss_definition(it->objective)->target;
    o.target = o.target ? o.target : like->target;
    o.score_low = like->score_range.low;
    o.score_high = like->score_range.high;
    return eval_data_read(it->def, it->entry->data, &o, &it->data, error);
}

/* A loss with parameters must be the one that a model folder brings along. */
static bool check_objective(const item *it, const train_config *c, const loss *head,
                            base_error *error) {
    if (it->objective != head && nn_params_count(loss_params(it->objective)) > 0)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: evaluation.data has an entry of kind \"%s\", but its loss has "
                         "parameters that no model folder keeps",
                         c->name, it->def->name);
    return eval_check_objective(&(eval_subject){.objective = it->objective}, it->data.corpus,
                                error);
}

/* Classes go by the names that the loss knows. */
static bool read_for_loss(item *it, const train_config *c, const loss *head, base_error *error) {
    if (!it->objective)
        return base_fail(error, BASE_BAD_INPUT, "%s: evaluation.data measures a loss of no rows",
                         c->name);
    const loss_setting *setting = loss_get_setting(it->objective);
    loss_labels names = {0};
    bool ok = (!loss_definition(it->objective)->logits ||
               (loss_labels_of(setting, &names, error) &&
                check_labels(it->entry, setting->classes, &names, error))) &&
              read_rows(it, c, &names, error) && check_objective(it, c, head, error);
    loss_labels_free(&names);
    return ok;
}

/* Labels are those of a cross-encoder with several; one label's are found in the data. */
static bool read_pairs(item *it, const nn_classifier *c, base_error *error) {
    loss_labels names = {0};
    loss_setting setting = {.classes = c->labels, .label = (const char *const *)c->label};
    bool ok = (c->labels == 1 || (loss_labels_of(&setting, &names, error) &&
                                  check_labels(it->entry, c->labels, &names, error))) &&
              read_data(it, &names, error);
    loss_labels_free(&names);
    return ok;
}

static bool read_item(item *it, const train_config *c, const nn_model *model, const loss *head,
                      base_error *error) {
    loss_labels names = {0};
    if (!eval_check_task(it->def, model, it->entry->data, error))
        return false;
    if (model->classifier)
        return read_pairs(it, model->classifier, error);
    if (it->def->needs_loss)
        return read_for_loss(it, c, head, error);
    if (!it->def->needs_head)
        return read_data(it, &names, error);
    if (!head || !loss_definition(head)->logits)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: evaluation.data has an entry of kind \"%s\", expected a loss with "
                         "classes (softmax)",
                         c->name, it->def->name);
    bool ok = loss_labels_of(loss_get_setting(head), &names, error) &&
              check_labels(it->entry, loss_get_setting(head)->classes, &names, error) &&
              read_data(it, &names, error);
    loss_labels_free(&names);
    return ok;
}

/* ---- what decides ---- */

static bool is_taken(const train_evaluations *e, const item *it, const char *metric) {
    for (size_t i = 0; i < e->choice_count; i++)
        if (e->choices[i].of == it && !strcmp(e->choices[i].metric, metric))
            return true;
    return false;
}

/* The first dev entry that has the metric and whose one is not taken yet. */
static bool choose(train_evaluations *e, const char *metric, base_error *error) {
    for (size_t i = 0; i < e->count; i++) {
        const item *it = &e->items[i];
        const eval_measure *measure = eval_measure_of(it->def, metric);
        if (it->entry->when != TRAIN_DEV || !measure || is_taken(e, it, metric))
            continue;
        choice *c = &e->choices[e->choice_count++];
        *c = (choice){it, measure, base_copy(metric, strlen(metric))};
        return c->metric || base_fail(error, BASE_FAILED, "out of memory");
    }
    return base_fail(error, BASE_BAD_INPUT,
                     "evaluation.metric is \"%s\", but no entry of evaluation.data with when "
                     "\"dev\" has it%s",
                     metric, e->choice_count ? ", or no further one" : "");
}

/* Without a metric named: the main one of the first dev entry. */
static bool choose_main(train_evaluations *e, const nn_model *model, base_error *error) {
    for (size_t i = 0; i < e->count; i++)
        if (e->items[i].entry->when == TRAIN_DEV) {
            char *metric = eval_main_metric(e->items[i].def, model, error);
            bool ok = metric && choose(e, metric, error);
            free(metric);
            return ok;
        }
    return true;
}

/* Their metrics, or their files without repetition, as one text. */
static char *join(const train_evaluations *e, bool files, base_error *error) {
    base_bytes out = {0};
    bool ok = files || e->choice_count < 2 || base_bytes_format(&out, error, "mean of ");
    for (size_t i = 0; ok && i < e->choice_count; i++) {
        const choice *c = &e->choices[i];
        bool again = files && i && c[-1].of == c->of;
        ok = again || base_bytes_format(&out, error, "%s%s", i ? ", " : "",
                                        files ? c->of->entry->data : c->metric);
    }
    return out.data;
}

static bool decide(train_evaluations *e, base_error *error) {
    train_decider *d = &e->decider;
    if (e->choice_count == 0)
        return true;
    d->smaller = true;
    for (size_t i = 0; i < e->choice_count; i++) {
        d->smaller = d->smaller && e->choices[i].measure->smaller;
        d->plain = d->plain || e->choices[i].measure->plain;
    }
    d->metric = join(e, false, error);
    d->file = join(e, true, error);
    return base_ok(error);
}

static bool choose_all(train_evaluations *e, const train_config *c, const nn_model *model,
                       base_error *error) {
    e->choices = base_alloc(c->metric.count + 1, sizeof *e->choices, error);
    bool ok = e->choices && (c->metric.count || choose_main(e, model, error));
    for (size_t i = 0; ok && i < c->metric.count; i++)
        ok = choose(e, c->metric.name[i], error) || base_fail_prefix(error, "%s", c->name);
    return ok && decide(e, error);
}

const train_decider *train_evaluations_decider(const train_evaluations *e) {
    return &e->decider;
}

bool train_decider_better(const train_decider *d, double a, double b) {
    return d->smaller ? a < b : a > b;
}

/* The mean of what decides; results[i] is of items[i]. */
static eval_value score_of(const train_evaluations *e, const eval_result *results) {
    eval_value mean = {0, e->choice_count ? NULL : "nothing decides"};
    for (size_t i = 0; i < e->choice_count && !mean.undefined; i++) {
        const choice *c = &e->choices[i];
        eval_value one = eval_result_get(&results[c->of - e->items], c->metric);
        double sign = c->measure->smaller && !e->decider.smaller ? -1 : 1;
        mean.value += sign * one.value / (double)e->choice_count;
        mean.undefined = one.undefined;
    }
    return mean;
}

static bool check_teacher(const item *it, const train_config *c, size_t i, base_error *error) {
    const char *teacher = it->entry->teacher;
    return !teacher == !it->def->needs_teacher ||
           base_fail(error, BASE_BAD_INPUT,
                     teacher ? "%s: evaluation.data[%zu].teacher is set, but the kind %s takes none"
                             : "%s: evaluation.data[%zu].teacher is missing, expected the folder "
                               "of a model, which the kind %s needs",
                     c->name, i, it->def->name);
}

/* The teacher is asked once. */
static bool ask_teacher(item *it, size_t i, const nn_model *model, base_error *error) {
    if (!it->entry->teacher)
        return true;
    nn_model *teacher = nn_model_load(it->entry->teacher, &nn_model_any, error);
    nn_context *context = teacher ? nn_context_new(error) : NULL;
    eval_subject subject = {.model = teacher, .context = context};
    bool ok = context && eval_data_teach(&it->data, &subject, error) &&
              eval_check_teacher(&it->data, model, error);
    nn_context_free(context);
    nn_model_free(teacher);
    return ok || base_fail_prefix(error, "evaluation.data[%zu].teacher", i);
}

/* Keys that would do nothing without a dev entry, or without any. */
static bool check_keys(const train_evaluations *e, const train_config *c, base_error *error) {
    const struct {
        const char *name;
        size_t value;
        bool useful;
        const char *wanted;
    } key[] = {
        {"patience", c->patience, e->decider.metric != NULL, " with when \"dev\""},
        {"delay", c->evaluate_delay, train_evaluations_any(e, TRAIN_DEV), " with when \"dev\""},
        {"batch_tokens", c->evaluate_tokens, e->count > 0, ""}};
    for (size_t i = 0; i < sizeof key / sizeof *key; i++)
        if (key[i].value && !key[i].useful)
            return base_fail(error, BASE_BAD_INPUT,
                             "%s: evaluation.%s is %zu, but evaluation.data has no entry%s",
                             c->name, key[i].name, key[i].value, key[i].wanted);
    return true;
}

/* Null means the model's default or, for a loss, what training has. */
static bool read_prompts(item *it, const train_config *c, size_t i, const nn_model *model,
                         base_error *error) {
    const train_evaluation *e = it->entry;
    const train_data *like = it->like;
    bool trained = it->def->needs_loss && cJSON_IsNull(e->prompts);
    char *where = base_format("%s: evaluation.data[%zu].prompts", c->name, i);
    cJSON *none = cJSON_CreateString("");
    base_key_names columns = e->columns.count || !it->def->needs_loss ? e->columns : like->columns;
    const char *usual[EVAL_MOST_COLUMNS];
    memcpy(usual, it->def->column, sizeof usual);
    if (columns.count == 0)
        columns = (base_key_names){usual, it->def->columns};
    const cJSON *value = !trained ? e->prompts : cJSON_IsNull(like->prompts) ? none : like->prompts;
    bool ok = where && none ? train_prompts_read(value, &columns, model, where, &it->prompts, error)
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

train_evaluations *train_evaluations_new(const train_config *c, const nn_model *model,
                                         const loss *head, const train_sources *sources,
                                         base_error *error) {
    train_evaluations *e = base_alloc(1, sizeof *e, error);
    if (!e)
        return NULL;
    e->head = head;
    e->batch_size = c->batch_size;
    e->items = base_alloc(c->evaluation.count, sizeof *e->items, error);
    bool ok = e->items != NULL;
    for (size_t i = 0; ok && i < c->evaluation.count; i++) {
        item *it = &e->items[e->count++];
        it->entry = train_config_evaluation(c, i);
        it->def = eval_evaluator_find(it->entry->kind);
        size_t source = train_held_out_entry(it->entry);
        it->held_out = source == SIZE_MAX ? NULL : sources->held_out[source];
        it->like = train_config_data(c, source == SIZE_MAX ? 0 : source);
        it->objective = loss_of(sources, it->like);
        ok = check_teacher(it, c, i, error) && read_prompts(it, c, i, model, error) &&
             read_item(it, c, model, head, error) && ask_teacher(it, i, model, error);
    }
    if (ok && choose_all(e, c, model, error) && check_keys(e, c, error))
        return e;
    train_evaluations_free(e);
    return NULL;
}

void train_evaluations_free(train_evaluations *e) {
    if (!e)
        return;
    for (size_t i = 0; i < e->count; i++) {
        if (e->items[i].data.def)
            eval_data_free(&e->items[i].data);
        train_prompts_release(&e->items[i].prompts);
    }
    for (size_t i = 0; i < e->choice_count; i++)
        free(e->choices[i].metric);
    free((char *)e->decider.metric);
    free((char *)e->decider.file);
    free(e->choices);
    free(e->items);
    free(e);
}

bool train_evaluations_any(const train_evaluations *e, train_when when) {
    for (size_t i = 0; i < e->count; i++)
        if (e->items[i].entry->when == when)
            return true;
    return false;
}

/* The label that an entry gives the number 1. */
static const char *positive_of(const train_evaluation *entry) {
    for (size_t i = 0; i < entry->labels.count; i++)
        if (entry->labels.value[i] == 1)
            return entry->labels.name[i];
    return NULL;
}

/* Gives the results only when there are all: an evaluation that is stopped leaves none. */
static bool run_items(const train_evaluations *e, train_when when, eval_subject *subject,
                      const train_evaluations_listener *listener, eval_value *score,
                      base_error *error) {
    eval_result *results = base_alloc(e->count, sizeof *results, error);
    const loss *head = subject->objective; /* as the model has it */
    const item *decides = e->choice_count && when == TRAIN_DEV ? e->choices[0].of : NULL;
    bool ok = results != NULL;
    for (size_t i = 0; ok && i < e->count; i++)
        if (e->items[i].entry->when == when) {
            subject->prompt = train_prompts_get(&e->items[i].prompts);
            subject->positive = positive_of(e->items[i].entry);
            subject->objective = e->items[i].objective == e->head ? head : e->items[i].objective;
            ok = eval_run(subject, &e->items[i].data, &results[i], error);
        }
    if (ok && decides)
        *score = score_of(e, results);
    for (size_t i = 0; ok && i < e->count; i++)
        if (e->items[i].entry->when == when)
            ok = listener->take(listener->context, e->items[i].entry, &results[i],
                                &e->items[i] == decides ? score : NULL, error);
    for (size_t i = 0; results && i < e->count; i++)
        eval_result_free(&results[i]);
    free(results);
    return ok;
}

bool train_evaluations_run(const train_evaluations *e, train_when when, const nn_model *model,
                           nn_context *context, const loss *head_loss,
                           const train_evaluations_listener *listener, eval_value *score,
                           base_error *error) {
    bool classifies = head_loss && loss_definition(head_loss)->logits;
    eval_head *head = classifies ? eval_head_new(head_loss, error) : NULL;
    eval_subject subject = {.model = model,
                            .context = context,
                            .progress = listener->progress,
                            .head = head,
                            .objective = head_loss,
                            .objective_rows = e->batch_size};
    *score = (eval_value){0, "nothing was evaluated"};
    bool ok = base_ok(error) && run_items(e, when, &subject, listener, score, error);
    eval_head_free(head);
    return ok;
}

/* NULL without an error when the model folder has no loss/. */
static loss *read_loss(const char *model_folder, base_error *error) {
    char *folder = base_path(model_folder, "loss", error);
    loss *l = folder && base_file_is_folder(folder) ? loss_read(folder, error) : NULL;
    free(folder);
    return l;
}

bool train_evaluations_run_folder(const train_evaluations *e, train_when when, const char *folder,
                                  nn_context *context, const train_evaluations_listener *listener,
                                  base_error *error) {
    eval_value score;
    if (!train_evaluations_any(e, when))
        return true;
    nn_model *model = nn_model_load(folder, &nn_model_any, error);
    loss *head = model ? read_loss(folder, error) : NULL;
    bool ok = model && base_ok(error) &&
              train_evaluations_run(e, when, model, context, head, listener, &score, error);
    loss_free(head);
    nn_model_free(model);
    return ok;
}
