/* The loss of rows that are not trained on, without dropout: the mean over all rows, taken in
 * batches of nearly equal size in the file's order, so that a loss whose rows are each other's
 * negatives has those of a batch. A loss that is told by a teacher, reads every layer or decodes is
 * refused.
 */
#include "autograd/ops/ops.h"
#include "eval/evaluator.h"
#include "losses/loss_batch.h"

#include <math.h>
#include <stdlib.h>

static const eval_measure measures[] = {{.name = "loss", .plain = true, .smaller = true}, {0}};

/* Rows of batch b, of nearly equal size. */
static size_t batch_rows(size_t rows, size_t batches, size_t b) {
    return rows / batches + (b < rows % batches);
}

/* A loss that finds positives and negatives of a row in its batch has some there. */
static bool check_labels(const loss_def *def, const data_corpus *corpus, size_t batches,
                         base_error *error) {
    size_t rows = data_corpus_rows(corpus);
    uint32_t *label = def->positives_in_batch ? base_alloc(rows, sizeof *label, error) : NULL;
    for (size_t i = 0; label && i < rows; i++)
        label[i] = data_corpus_label(corpus, i);
    bool ok = label || !def->positives_in_batch;
    for (size_t b = 0, first = 0; label && ok && b < batches; b++) {
        bool positive, negative;
        loss_batch_find(label + first, batch_rows(rows, batches, b), &positive, &negative);
        ok = (positive && negative) ||
             base_fail(error, BASE_BAD_INPUT,
                       "%s: the batch of %zu rows from line %zu on has %s, expected two rows of a "
                       "label and one of another for the loss %s",
                       data_corpus_name(corpus), batch_rows(rows, batches, b),
                       data_corpus_line(corpus, first),
                       positive ? "rows of one label" : "no two rows of one label", def->name);
        first += batch_rows(rows, batches, b);
    }
    free(label);
    return ok;
}

bool eval_check_objective(const eval_subject *subject, const data_corpus *corpus,
                          base_error *error) {
    const char *name = data_corpus_name(corpus);
    size_t columns = data_corpus_columns(corpus);
    double low, high;
    if (!subject->objective)
        return base_fail(error, BASE_BAD_INPUT, "%s: evaluator loss needs a loss, there is none",
                         name);
    const loss_def *def = loss_definition(subject->objective);
    if (!loss_of_embeddings(def) || def->needs_teacher)
        return base_fail(
            error, BASE_BAD_INPUT,
            "%s: evaluator loss takes losses of embeddings and the data's targets, and "
            "%s needs more",
            name, def->name);
    if (!loss_check_columns(def, name, columns, error))
        return false;
    size_t rows = data_corpus_rows(corpus), most = subject->objective_rows;
    size_t batches = most && most < rows ? (rows + most - 1) / most : 1;
    if (rows / batches < def->min_batch)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: found %zu rows in %zu batches for the loss %s, expected at least %zu "
                         "in each",
                         name, rows, batches, def->name, def->min_batch);
    if (!check_labels(def, corpus, batches, error))
        return false;
    return def->target != DATA_TARGET_SCORE || def->raw_scores ||
           data_corpus_range(corpus, &low, &high) ||
           base_fail(error, BASE_BAD_INPUT,
                     "%s: found scores and no ends of their scale, expected them as train.data or "
                     "--score-range has them",
                     name);
}

typedef struct objective {
    const loss *loss;
    const data_corpus *corpus;
    size_t columns, width, most; /* most: rows of a batch */
    tape *tape;
    real *values; /* [columns * most * width] */
    uint32_t *label;
    double *score; /* [most] */
    double sum;    /* over rows */
} objective;

static bool prepare(objective *o, base_error *error) {
    size_t texts, numbers, bytes = 0, scratch = 0;
    bool fits =
        base_size_mul(o->most, o->columns, &texts) && base_size_mul(texts, o->width, &numbers) &&
        loss_tape_bytes(o->loss, o->most, o->columns, 0, &bytes) &&
        op_scratch_bytes(&(op_bounds){.rows = texts, .cols = o->width > texts ? o->width : texts},
                         &scratch);
    if (!fits)
        return base_fail(error, BASE_BAD_INPUT, "a batch of %zu rows is more than memory can hold",
                         o->most);
    o->tape = tape_new(bytes, scratch, error);
    o->values = base_alloc(numbers, sizeof *o->values, error);
    o->label = base_alloc(o->most, sizeof *o->label, error);
    o->score = base_alloc(o->most, sizeof *o->score, error);
    return o->tape && o->values && o->label && o->score;
}

static bool add_batch(objective *o, const eval_texts *sets, size_t first, size_t count,
                      base_error *error) {
    tape_node *nodes[DATA_MAX_COLUMNS];
    size_t numbers = count * o->width;
    loss_target target = {.kind = data_corpus_kind(o->corpus),
                          .examples = count,
                          .label = o->label,
                          .score = o->score};
    tape_begin(o->tape, &(tape_mode){.all = true});
    for (size_t c = 0; c < o->columns; c++) {
        for (size_t i = 0; i < numbers; i++)
            o->values[c * numbers + i] = (real)sets[c].out[first * o->width + i];
        nodes[c] = tape_input(o->tape, count, o->width, o->values + c * numbers);
    }
    for (size_t i = 0; i < count; i++) {
        o->label[i] = data_corpus_label(o->corpus, first + i);
        o->score[i] = data_corpus_unit_score(o->corpus, first + i);
    }
    const tape_node *value = loss_build(o->loss, o->tape, nodes, o->columns, &target);
    if (!value) {
        *error = *tape_error(o->tape);
        return false;
    }
    o->sum += (double)count * (double)value->value[0];
    return true;
}

static bool add_all(objective *o, const eval_texts *sets, size_t rows, base_error *error) {
    size_t batches = (rows + o->most - 1) / o->most;
    bool ok = prepare(o, error);
    for (size_t b = 0, first = 0; ok && b < batches; b++) {
        size_t count = batch_rows(rows, batches, b);
        ok = add_batch(o, sets, first, count, error);
        first += count;
    }
    return ok;
}

static bool run(const eval_subject *subject, const eval_data *data, eval_result *out,
                base_error *error) {
    size_t rows = out->examples, most = subject->objective_rows;
    objective o = {.loss = subject->objective,
                   .corpus = data->corpus,
                   .columns = data_corpus_columns(data->corpus),
                   .width = subject->model->encoded,
                   .most = most < rows ? most : rows};
    eval_texts sets[DATA_MAX_COLUMNS] = {0};
    if (!eval_check_objective(subject, data->corpus, error))
        return false;
    data_text *texts = eval_columns(data->corpus, error);
    for (size_t c = 0; texts && c < o.columns; c++)
        sets[c] = (eval_texts){texts + c * rows, rows, c, NULL};
    bool ok = texts && eval_embed_texts(subject, sets, o.columns, &out->truncated, error) &&
              add_all(&o, sets, rows, error);
    eval_value mean = {o.sum / (double)rows, NULL};
    if (!isfinite(mean.value))
        mean = (eval_value){0, "the loss is not finite"};
    ok = ok && eval_result_add(out, measures, "", mean, error);
    for (size_t c = 0; c < o.columns; c++)
        free(sets[c].out);
    tape_free(o.tape);
    free(o.values);
    free(o.label);
    free(o.score);
    free(texts);
    return ok;
}

const eval_def eval_loss_def = {
    .name = "loss",
    .task = NN_BI_ENCODER,
    .counted = "rows",
    .column = {"sentence1", "sentence2"},
    .fewest_columns = 1,
    .columns = 2,
    .most_columns = DATA_MAX_COLUMNS,
    .needs_loss = true,
    .measures = measures,
    .run = run,
};
