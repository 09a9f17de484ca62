#include "train/evaluation.h"

#include "base/file.h"
#include "data/reader.h"
#include "losses/loss_folder.h"
#include "losses/loss_labels.h"
#include "train/prompts.h"

#include <stdlib.h>
#include <string.h>

typedef struct item {
    const train_evaluation *entry;
    const eval_def *def;
    data_corpus *corpus;
    train_prompts prompts;
} item;

struct train_evaluations {
    item *items;
    size_t count, deciding; /* index, SIZE_MAX: none */
    const char *metric;
};

/* The number of a name of the head's labels; SIZE_MAX when it has no such label. */
static size_t head_number(const loss_labels *head, const char *name) {
    for (size_t i = 0; i < head->count; i++)
        if (!strcmp(head->name[i], name))
            return head->value[i];
    return SIZE_MAX;
}

/* Labels of an entry must stand for classes of the head, and the head's own names for their own. */
static bool check_labels(const train_evaluation *e, const loss *head, const loss_labels *names,
                         base_error *error) {
    size_t classes = loss_get_setting(head)->classes;
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

static bool read_corpus(item *it, const loss_labels *head, base_error *error) {
    const train_evaluation *e = it->entry;
    data_reader_options o = {.format = e->format,
                             .columns = e->columns.count,
                             .column = {e->columns.name[0], e->columns.name[1]},
                             .kind = it->def->kind,
                             .target = e->target,
                             .labels = e->labels.count,
                             .label_name = e->labels.name,
                             .label_value = e->labels.value,
                             .no_header = !e->header};
    o.find_labels = o.labels == 0 && it->def->of_pairs && head->count == 0;
    if (o.labels == 0 && head->count) {
        o.labels = head->count;
        o.label_name = head->name;
        o.label_value = head->value;
    }
    it->corpus = data_read(e->data, &o, error);
    return it->corpus != NULL;
}

/* Labels are those of a cross-encoder with several; one label's are found in the data. */
static bool read_pairs(item *it, const nn_classifier *c, base_error *error) {
    loss_labels names = {0};
    loss_setting setting = {.classes = c->labels, .label = (const char *const *)c->label};
    bool ok = (c->labels == 1 || loss_labels_of(&setting, &names, error)) &&
              read_corpus(it, &names, error);
    loss_labels_free(&names);
    return ok;
}

static bool read_item(item *it, const train_config *c, const nn_model *model, const loss *head,
                      base_error *error) {
    loss_labels names = {0};
    if (!eval_check_task(it->def, model, it->entry->data, error))
        return false;
    if (it->def->of_pairs)
        return read_pairs(it, model->classifier, error);
    if (!it->def->needs_head)
        return read_corpus(it, &names, error);
    if (!head || !loss_definition(head)->logits)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: evaluation.data has an entry of kind \"%s\", expected a loss with "
                         "classes (softmax)",
                         c->name, it->def->name);
    bool ok = loss_labels_of(loss_get_setting(head), &names, error) &&
              check_labels(it->entry, head, &names, error) && read_corpus(it, &names, error);
    loss_labels_free(&names);
    return ok;
}

static bool has_metric(const eval_def *def, const char *metric) {
    for (const char *const *name = def->metrics; *name; name++)
        if (!strcmp(*name, metric))
            return true;
    return false;
}

/* The first dev entry that has the metric; without one named, the first and its main one. */
static bool choose(train_evaluations *e, const char *metric, base_error *error) {
    for (size_t i = 0; i < e->count && e->deciding == SIZE_MAX; i++)
        if (e->items[i].entry->when == TRAIN_DEV &&
            (!metric || has_metric(e->items[i].def, metric)))
            e->deciding = i;
    if (e->deciding != SIZE_MAX)
        e->metric = metric ? metric : e->items[e->deciding].def->metrics[0];
    return e->metric || !metric ||
           base_fail(error, BASE_BAD_INPUT,
                     "evaluation.metric is \"%s\", but no entry of evaluation.data with when "
                     "\"dev\" has it",
                     metric);
}

static bool check_patience(const train_evaluations *e, const train_config *c, base_error *error) {
    return !c->patience || e->metric ||
           base_fail(error, BASE_BAD_INPUT,
                     "%s: evaluation.patience is %zu, but evaluation.data has no entry with when "
                     "\"dev\"",
                     c->name, c->patience);
}

static bool read_prompts(item *it, const train_config *c, size_t i, const nn_model *model,
                         base_error *error) {
    const train_evaluation *e = it->entry;
    char *where = base_format("%s: evaluation.data[%zu].prompts", c->name, i);
    bool ok = where ? train_prompts_read(e->prompts, &e->columns, model, where, &it->prompts, error)
                    : base_fail(error, BASE_FAILED, "out of memory");
    free(where);
    return ok;
}

train_evaluations *train_evaluations_new(const train_config *c, const nn_model *model,
                                         const loss *head, base_error *error) {
    train_evaluations *e = base_alloc(1, sizeof *e, error);
    if (!e)
        return NULL;
    e->deciding = SIZE_MAX;
    e->items = base_alloc(c->evaluation.count, sizeof *e->items, error);
    bool ok = e->items != NULL;
    for (size_t i = 0; ok && i < c->evaluation.count; i++) {
        item *it = &e->items[e->count++];
        it->entry = train_config_evaluation(c, i);
        it->def = eval_evaluator_find(it->entry->kind);
        ok = read_prompts(it, c, i, model, error) && read_item(it, c, model, head, error);
    }
    if (ok && choose(e, c->metric, error) && check_patience(e, c, error))
        return e;
    train_evaluations_free(e);
    return NULL;
}

void train_evaluations_free(train_evaluations *e) {
    if (!e)
        return;
    for (size_t i = 0; i < e->count; i++) {
        data_corpus_free(e->items[i].corpus);
        train_prompts_release(&e->items[i].prompts);
    }
    free(e->items);
    free(e);
}

bool train_evaluations_any(const train_evaluations *e, train_when when) {
    for (size_t i = 0; i < e->count; i++)
        if (e->items[i].entry->when == when)
            return true;
    return false;
}

const char *train_evaluations_metric(const train_evaluations *e) {
    return e->metric;
}

const char *train_evaluations_file(const train_evaluations *e) {
    return e->metric ? e->items[e->deciding].entry->data : NULL;
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
    bool ok = results != NULL;
    for (size_t i = 0; ok && i < e->count; i++)
        if (e->items[i].entry->when == when) {
            subject->prompt = train_prompts_get(&e->items[i].prompts);
            subject->positive = positive_of(e->items[i].entry);
            ok = eval_run(e->items[i].def, subject, e->items[i].corpus, &results[i], error);
        }
    for (size_t i = 0; ok && i < e->count; i++)
        if (e->items[i].entry->when == when) {
            ok = listener->take(listener->context, e->items[i].entry, &results[i], error);
            if (i == e->deciding)
                *score = eval_result_get(&results[i], e->metric);
        }
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
    eval_subject subject = {
        .model = model, .context = context, .progress = listener->progress, .head = head};
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
