#include "base/log.h"
#include "baseline/baseline.h"
#include "cli/command.h"
#include "cli/model.h"
#include "cli/objective.h"
#include "cli/pairs.h"
#include "cli/profile_view.h"
#include "cli/progress.h"
#include "cli/signals.h"
#include "eval/evaluator.h"
#include "losses/loss_labels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EVALUATOR(name, summary) {#name, CLI_WORDS, "FILE", NULL, summary, 0, 0},
static const cli_option options[] = {
#include "eval/evaluators.def"
    CLI_PAIRS_OPTIONS,
    {"score-range", CLI_TEXT, "LOW,HIGH", NULL, "scores outside of it are an error", 0, 0},
    {"positive", CLI_TEXT, "NAME", "the name of the model's label, or 1",
     "--binary, --classification by a model with one label: the label of pairs that belong "
     "together",
     0, 0},
    {"teacher", CLI_TEXT, "FOLDER", NULL, "the model whose embeddings --mse has as its aim", 0, 0},
    CLI_OBJECTIVE_OPTION,
    {"batch", CLI_SIZE, "N", "16", "--loss: rows of a batch", 1, 65536},
    {"baseline", CLI_FLAG, NULL, NULL, "bags of words instead of a model: what a model must beat",
     0, 0},
    {"train", CLI_TEXT, "FILE", NULL, "labelled pairs that the --nli baseline learns from", 0, 0},
    {"json", CLI_FLAG, NULL, NULL, "one JSON object instead of tables", 0, 0},
    CLI_MODEL_OPTIONS,
    CLI_PROFILE_OPTION,
};
#undef EVALUATOR

/* All that a run needs; files are read by `reader`. */
typedef struct eval_job {
    const cli_arguments *arguments;
    data_reader_options reader;
    loss_labels labels; /* of the head */
    nn_model *model;
    nn_context *context;
    eval_head *head;
    loss *objective;
    loss_labels classes; /* of the objective */
    eval_data train;     /* of the baseline */
} eval_job;

static void use_labels(eval_job *job) {
    job->reader.labels = job->labels.count;
    job->reader.label_name = job->labels.name;
    job->reader.label_value = job->labels.value;
}

/* The model's head, when its folder has one, and its labels for reading. */
static bool load_head(eval_job *job, base_error *error) {
    job->head = eval_head_load(job->arguments->operand[0], job->model->encoded, error);
    if (!job->head || !loss_labels_of(eval_head_setting(job->head), &job->labels, error))
        return base_ok(error);
    use_labels(job);
    return true;
}

/* The labels of a cross-encoder with several; one label's are found in the data. */
static bool load_labels(eval_job *job, base_error *error) {
    const nn_classifier *c = job->model->classifier;
    loss_setting setting = {.classes = c->labels, .label = (const char *const *)c->label};

    if (c->labels == 1)
        return true;
    bool ok = loss_labels_of(&setting, &job->labels, error);
    if (ok)
        use_labels(job);
    return ok;
}

static bool load_model(eval_job *job, base_error *error) {
    job->model = cli_model_load_any(job->arguments, job->arguments->operand[0], error);
    if (job->model && job->model->classifier && !load_labels(job, error))
        return false;
    job->context = job->model ? nn_context_new(error) : NULL;
    if (job->context)
        nn_context_profile(job->context, job->arguments->profile);
    return job->context && (job->model->classifier || cli_count(job->arguments, "nli") == 0 ||
                            load_head(job, error));
}

static bool load_objective(eval_job *job, base_error *error) {
    const cli_arguments *a = job->arguments;
    if (cli_count(a, "loss") == 0)
        return cli_goes_with(a, "objective", "loss", error) &&
               cli_goes_with(a, "batch", "loss", error);
    job->objective = cli_objective(a, job->model, error);
    return job->objective &&
           (!loss_definition(job->objective)->logits ||
            loss_labels_of(loss_get_setting(job->objective), &job->classes, error));
}

/* Before any file is read: the model is of the task of every evaluator that was asked for. */
static bool check_tasks(const eval_job *job, base_error *error) {
    const eval_def *def;
    for (size_t i = 0; (def = eval_evaluator_at(i)); i++)
        if (cli_count(job->arguments, def->name) > 0 &&
            !eval_check_task(def, job->model, job->arguments->operand[0], error))
            return false;
    return true;
}

static bool evaluate(const eval_job *job, const eval_data *data, eval_result *out,
                     base_error *error) {
    if (!job->model && data->def->kind == DATA_TARGET_SCORE)
        return baseline_sts(data->corpus, out, error);
    if (!job->model)
        return baseline_nli(job->train.corpus, data->corpus, 0, out, error);
    cli_progress progress;
    cli_signals_watch();
    cli_progress_start(&progress, job->model->classifier ? "pairs" : "texts",
                       eval_data_texts(data, job->model), false);
    eval_subject subject = {.model = job->model,
                            .context = job->context,
                            .progress = &progress.report,
                            .head = job->head,
                            .objective = job->objective,
                            .objective_rows = cli_size(job->arguments, "batch"),
                            .positive = cli_text(job->arguments, "positive")};
    bool ok = eval_run(&subject, data, out, error);
    cli_progress_end(&progress);
    cli_signals_unwatch(); /* else a signal would wait until the next file is read */
    return ok && cli_signal() == 0;
}

/* The teacher is loaded for each file that needs one, and not kept. */
static bool teach(const eval_job *job, eval_data *data, base_error *error) {
    const char *folder = cli_text(job->arguments, "teacher");
    return !data->def->needs_teacher || !folder || eval_data_teach_by(data, folder, error) ||
           base_fail_prefix(error, "--teacher");
}

/* Columns called as the first evaluator with as many calls them. */
static void use_columns(data_reader_options *reader, size_t columns) {
    const eval_def *def;
    for (size_t i = 0; (def = eval_evaluator_at(i)); i++)
        if (!def->reading && def->columns == columns) {
            reader->columns = columns;
            memcpy(reader->column, def->column, columns * sizeof *def->column);
            return;
        }
}

/* Labels are those of the head, of the objective or of a cross-encoder, where it is asked. */
static data_reader_options reader_of(const eval_job *job, const eval_def *def) {
    data_reader_options reader = job->reader;
    if (def->needs_loss) {
        reader.kind = loss_definition(job->objective)->target;
        reader.labels = job->classes.count;
        reader.label_name = job->classes.name;
        reader.label_value = job->classes.value;
        use_columns(&reader, loss_definition(job->objective)->min_columns);
    } else if (!def->needs_head && job->model && !job->model->classifier)
        reader.labels = 0;
    return reader;
}

static bool evaluate_file(const eval_job *job, const eval_def *def, const char *file,
                          eval_result *out, base_error *error) {
    data_reader_options reader = reader_of(job, def);
    eval_data data = {0};
    bool ok = cli_eval_read(job->arguments, def, file, &reader, &data, error);
    base_profile_lap(job->arguments->profile, "file", "read", 0, 0);
    ok = ok && teach(job, &data, error) && evaluate(job, &data, out, error);
    base_profile_lap(job->arguments->profile, "scores", "", 0, 0);
    eval_data_free(&data);
    return ok;
}

/* Says of every undefined number why there is none, and how many rows and texts were left out. */
static void log_notes(const eval_result *r, const char *file) {
    if (r->skipped)
        base_log(BASE_LOG_INFO, "%s: %zu of %zu rows have no gold label and were skipped", file,
                 r->skipped, r->skipped + r->examples);
    if (r->truncated)
        base_log(BASE_LOG_WARNING, "%s: %zu texts were cut to the model's length", file,
                 r->truncated);
    for (size_t i = 0; i < r->metrics; i++)
        if (r->metric[i].value.undefined)
            base_log(BASE_LOG_WARNING, "%s: %s is undefined: %s", file, r->metric[i].name,
                     r->metric[i].value.undefined);
}

/* Adds the files' results to the output, as text or under the evaluator's name. */
static bool show(const eval_def *def, const eval_result *results, const char *const *files,
                 size_t count, base_json_writer *json, base_bytes *out, base_error *error) {
    for (size_t i = 0; i < count; i++)
        log_notes(&results[i], files[i]);
    if (!json)
        return base_bytes_add(out, "\n", out->size ? 1 : 0, error) &&
               eval_results_text(out, results, files, count, error);
    base_json_open(json, def->name, '[');
    for (size_t i = 0; i < count; i++) {
        base_json_open(json, NULL, '{');
        base_json_put_text(json, "file", files[i], strlen(files[i]));
        eval_result_json(json, &results[i]);
        base_json_close(json, '}');
    }
    base_json_close(json, ']');
    return base_ok(error);
}

/* One evaluator on all of its files. */
static bool evaluate_files(const eval_job *job, const eval_def *def, base_json_writer *json,
                           base_bytes *out, base_error *error) {
    size_t count = cli_count(job->arguments, def->name);
    eval_result *results = base_alloc(count, sizeof *results, error);
    const char **files = base_alloc(count, sizeof *files, error);
    bool ok = results && files;
    for (size_t i = 0; ok && i < count; i++) {
        files[i] = cli_value(job->arguments, def->name, i);
        ok = evaluate_file(job, def, files[i], &results[i], error);
    }
    ok = ok && show(def, results, files, count, json, out, error);
    for (size_t i = 0; results && i < count; i++)
        eval_result_free(&results[i]);
    free(results);
    free(files);
    return ok;
}

static bool evaluate_all(const eval_job *job, base_error *error) {
    base_bytes out = {0};
    base_json_writer writer = {.out = &out, .error = error, .style = BASE_JSON_SPACED};
    base_json_writer *json = cli_flag(job->arguments, "json") ? &writer : NULL;
    bool ok = true;
    if (json)
        base_json_open(json, NULL, '{');
    for (size_t i = 0; ok && eval_evaluator_at(i); i++)
        if (cli_count(job->arguments, eval_evaluator_at(i)->name) > 0)
            ok = evaluate_files(job, eval_evaluator_at(i), json, &out, error);
    if (json) {
        base_json_close(json, '}');
        ok = ok && base_bytes_add(&out, "\n", 1, error);
    }
    if (ok && base_ok(error))
        fputs(out.data, stdout);
    base_bytes_free(&out);
    return ok;
}

static bool needs_teacher(const eval_def *def) {
    return def->needs_teacher;
}

static bool finds_labels(const eval_def *def) {
    return def->finds_labels;
}

/* The evaluator among those asked for that uses an option; NULL: none does. The option is refused
 * then, with an example of one that would. */
static const char *user_of(const cli_arguments *a, const char *option, bool uses(const eval_def *),
                           base_error *error) {
    const eval_def *def, *example = NULL;
    for (size_t i = 0; (def = eval_evaluator_at(i)); i++) {
        if (uses(def) && cli_count(a, def->name) > 0)
            return def->name;
        example = !example && uses(def) ? def : example;
    }
    if (cli_text(a, option))
        base_fail(error, BASE_BAD_INPUT,
                  "eval: found --%s, expected none without an evaluator that uses it, such as --%s",
                  option, example->name);
    return NULL;
}

static bool check_users(const cli_arguments *a, base_error *error) {
    const char *taught = user_of(a, "teacher", needs_teacher, error);
    user_of(a, "positive", finds_labels, error);
    if (taught && !cli_text(a, "teacher"))
        base_fail(error, BASE_BAD_INPUT,
                  "eval: --%s needs --teacher FOLDER, the model to compare with", taught);
    return base_ok(error);
}

static bool check(const cli_arguments *a, base_error *error) {
    bool baseline = cli_flag(a, "baseline");
    size_t files = 0;
    for (size_t i = 0; eval_evaluator_at(i); i++)
        files += cli_count(a, eval_evaluator_at(i)->name);
    if (files == 0)
        return base_fail(
            error, BASE_BAD_INPUT,
            "eval: nothing to measure, expected an evaluator's files, such as --sts FILE...");
    if (baseline == (a->operand_count == 1))
        return base_fail(error, BASE_BAD_INPUT, "eval: found %s, expected one of them",
                         baseline ? "both MODEL and --baseline" : "neither MODEL nor --baseline");
    for (size_t i = 0; baseline && eval_evaluator_at(i); i++) {
        const char *name = eval_evaluator_at(i)->name;
        if (strcmp(name, "sts") != 0 && strcmp(name, "nli") != 0 && cli_count(a, name) > 0)
            return base_fail(error, BASE_BAD_INPUT,
                             "eval: --%s judges a model, expected --sts or --nli beside --baseline",
                             name);
    }
    static const char *const of_models[] = {"objective", "prompt",       "prompt-name",
                                            "base",      "truncate-dim", NULL};
    for (size_t i = 0; baseline && of_models[i]; i++)
        if (cli_count(a, of_models[i]) > 0)
            return base_fail(error, BASE_BAD_INPUT,
                             "eval: --%s is of models, expected none beside --baseline",
                             of_models[i]);
    if (baseline && cli_count(a, "nli") > 0 && !cli_text(a, "train"))
        return base_fail(error, BASE_BAD_INPUT,
                         "eval: --baseline --nli needs --train FILE, pairs to learn from");
    if (cli_text(a, "train") && !(baseline && cli_count(a, "nli") > 0))
        return base_fail(
            error, BASE_BAD_INPUT,
            "eval: --train goes with --baseline --nli, the only one that learns from it");
    return true;
}

static bool prepare(eval_job *job, base_error *error) {
    const cli_arguments *a = job->arguments;
    if (!check(a, error) || !check_users(a, error) || !cli_pairs_check(a, error) ||
        !cli_range(a, "score-range", ',', &job->reader.score_low, &job->reader.score_high, error))
        return false;
    if (!cli_flag(a, "baseline"))
        return load_model(job, error) && check_tasks(job, error) && load_objective(job, error);
    if (cli_count(a, "nli") > 0)
        return cli_eval_read(a, eval_evaluator_find("nli"), cli_text(a, "train"), &job->reader,
                             &job->train, error);
    return base_ok(error);
}

static bool run(const cli_arguments *arguments, base_error *error) {
    eval_job job = {.arguments = arguments};
    bool ok = prepare(&job, error);
    base_profile_lap(arguments->profile, "model", "", 0, 0);
    ok = ok && evaluate_all(&job, error);
    eval_head_free(job.head);
    loss_labels_free(&job.classes);
    loss_free(job.objective);
    nn_context_free(job.context);
    nn_model_free(job.model);
    eval_data_free(&job.train);
    loss_labels_free(&job.labels);
    return ok;
}

const cli_command cli_command_eval = {
    .name = "eval",
    .summary = "Score a model: STS, NLI, retrieval, paraphrases and more",
    .usage = "MODEL|--baseline --sts FILE... | --nli FILE... | --retrieval FOLDER... | ... "
             "[--columns A=B,...] [--json]",
    .details =
        "--sts takes STSb's official file, or any table whose header names score, sentence1 and\n"
        "sentence2. --nli takes SNLI and MultiNLI in their official forms, or any table with\n"
        "gold_label, sentence1, sentence2. --triplet takes a table with anchor, positive, "
        "negative,\n"
        "--mse one with sentence, --loss as many columns as the loss needs (of mnrl two, of "
        "triplet "
        "three),\n--retrieval BEIR's folder (or a file "
        "of its qrels/), the others\n"
        "tables with sentence1, sentence2 and, where they need a label or score, gold_label or "
        "score.\n"
        "Several at once are fine. Tables show numbers times 100, JSON fractions.\n",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .operands_high = 1,
    .computes = true,
    .run = run,
};
