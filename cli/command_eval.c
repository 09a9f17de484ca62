#include "base/file.h"
#include "base/log.h"
#include "base/number.h"
#include "cli/command.h"
#include "cli/profile_view.h"
#include "cli/report.h"
#include "data/reader.h"
#include "eval/baseline.h"
#include "eval/loss_head.h"
#include "losses/loss_folder.h"
#include "losses/loss_labels.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EVALUATOR(name, summary) {#name, CLI_WORDS, "FILE", NULL, summary, 0, 0},
static const cli_option options[] = {
#include "eval/evaluators.def"
    {"columns", CLI_TEXT, "A=B,...", NULL,
     "the column A (sentence1, sentence2, score, gold_label) is called B in the files", 0, 0},
    {"format", CLI_TEXT, "NAME", "told by name and first line",
     "of all files: stsb, nli, jsonl, csv or tsv", 0, 0},
    {"score-range", CLI_TEXT, "LOW,HIGH", "0,5", "scores outside of it are an error", 0, 0},
    {"baseline", CLI_FLAG, NULL, NULL, "bags of words instead of a model: what a model must beat",
     0, 0},
    {"train", CLI_TEXT, "FILE", NULL, "labelled pairs that the --nli baseline learns from", 0, 0},
    {"json", CLI_FLAG, NULL, NULL, "one JSON object instead of tables", 0, 0},
    CLI_PROFILE_OPTION,
};
#undef EVALUATOR

enum { NAMED = 4 };
static const char *const column_names[NAMED] = {"sentence1", "sentence2", "score", "gold_label"};

/* All that a run needs; files are read by `reader`. */
typedef struct eval_job {
    const cli_arguments *arguments;
    data_reader_options reader;
    char *renames;
    const char *column[NAMED]; /* as column_names, renamed */
    loss_labels labels;        /* of the head */
    nn_model *model;
    nn_context *context;
    loss *loss;
    eval_loss_head *head;
    data_corpus *train; /* of the baseline */
} eval_job;

/* One "A=B" (ended by NUL) of --columns. */
static bool rename_column(eval_job *job, char *rename, base_error *error) {
    char *equals = strchr(rename, '=');
    for (size_t i = 0; equals && i < NAMED; i++)
        if (strncmp(rename, column_names[i], (size_t)(equals - rename)) == 0 &&
            column_names[i][equals - rename] == '\0') {
            job->column[i] = equals + 1;
            return true;
        }
    char shown[100];
    return base_fail(error, BASE_BAD_INPUT,
                     "--columns: found '%s', expected A=B with A one of sentence1, sentence2, "
                     "score, gold_label",
                     base_escape(shown, sizeof shown, rename, strlen(rename)));
}

static bool rename_columns(eval_job *job, base_error *error) {
    const char *text = cli_text(job->arguments, "columns");
    if (!text)
        return true;
    job->renames = base_copy(text, strlen(text));
    if (!job->renames)
        return base_fail(error, BASE_FAILED, "out of memory");
    for (char *at = job->renames, *comma; at; at = comma) {
        comma = strchr(at, ',');
        if (comma)
            *comma++ = '\0';
        if (!rename_column(job, at, error))
            return false;
    }
    job->reader.column[0] = job->column[0] ? job->column[0] : column_names[0];
    job->reader.column[1] = job->column[1] ? job->column[1] : column_names[1];
    return true;
}

static bool read_score_range(eval_job *job, base_error *error) {
    const char *text = cli_text(job->arguments, "score-range");
    const char *comma = text ? strchr(text, ',') : NULL;
    double *low = &job->reader.score_low, *high = &job->reader.score_high;
    char shown[100];
    if (!text || (comma && base_number_parse(text, (size_t)(comma - text), low) &&
                  base_number_parse(comma + 1, strlen(comma + 1), high) && *low < *high &&
                  isfinite(*high - *low)))
        return true;
    return base_fail(error, BASE_BAD_INPUT,
                     "--score-range is '%s', expected LOW,HIGH: two decimal numbers, the lower one "
                     "first, whose difference is finite",
                     base_escape(shown, sizeof shown, text, strlen(text)));
}

/* The model's head, when its folder has one, and its labels for reading. */
static bool load_head(eval_job *job, base_error *error) {
    char *folder = base_path(job->arguments->operand[0], "loss", error);
    if (folder && base_file_is_folder(folder))
        job->loss = loss_read(folder, error);
    free(folder);
    if (!job->loss || !loss_definition(job->loss)->logits)
        return base_ok(error);
    const loss_setting *setting = loss_get_setting(job->loss);
    if (setting->width != job->model->width)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s/loss: its head takes embeddings of %zu numbers, the model gives %zu",
                         job->arguments->operand[0], setting->width, job->model->width);
    if (!loss_labels_of(setting, &job->labels, error))
        return false;
    job->reader.labels = job->labels.count;
    job->reader.label_name = job->labels.name;
    job->reader.label_value = job->labels.value;
    job->head = eval_loss_head_new(job->loss, error);
    return job->head != NULL;
}

static bool load_model(eval_job *job, base_error *error) {
    job->model = nn_model_load(job->arguments->operand[0], NULL, error);
    job->context = job->model ? nn_context_new(error) : NULL;
    if (job->context)
        nn_context_profile(job->context, job->arguments->profile);
    return job->context && (cli_count(job->arguments, "nli") == 0 || load_head(job, error));
}

static data_corpus *read_pairs(const eval_job *job, const char *file, data_target_kind kind,
                               base_error *error) {
    data_reader_options reader = job->reader;
    reader.kind = kind;
    reader.format = cli_text(job->arguments, "format");
    reader.target = job->column[kind == DATA_TARGET_SCORE ? 2 : 3];
    return data_read(file, &reader, error);
}

static bool evaluate(const eval_job *job, const eval_def *def, const data_corpus *corpus,
                     eval_result *out, base_error *error) {
    if (!job->model && def->kind == DATA_TARGET_SCORE)
        return eval_baseline_sts(corpus, out, error);
    if (!job->model)
        return eval_baseline_nli(job->train, corpus, 0, out, error);
    eval_subject subject = {job->model, job->context,
                            job->head ? eval_loss_head_get(job->head) : NULL};
    return eval_run(def, &subject, corpus, out, error);
}

static bool evaluate_files(const eval_job *job, const eval_def *def, cli_report_group *group,
                           base_error *error) {
    size_t count = cli_count(job->arguments, def->name);
    static const char *const nli[] = {"entailment", "neutral", "contradiction"};
    *group = (cli_report_group){.name = def->name, .label = nli, .labels = 3};
    if (job->head) {
        group->label = loss_get_setting(job->loss)->label;
        group->labels = loss_get_setting(job->loss)->classes;
    }
    group->entry = base_alloc(count, sizeof *group->entry, error);
    bool ok = group->entry != NULL;
    for (size_t i = 0; ok && i < count; i++) {
        cli_report_entry *e = &group->entry[i];
        e->file = cli_value(job->arguments, def->name, i);
        data_corpus *corpus = read_pairs(job, e->file, def->kind, error);
        base_profile_lap(job->arguments->profile, "file", "read", 0, 0);
        ok = corpus && evaluate(job, def, corpus, &e->result, error);
        base_profile_lap(job->arguments->profile, "scores", "", 0, 0);
        e->skipped = corpus ? data_corpus_skipped(corpus) : 0;
        group->count++;
        data_corpus_free(corpus);
    }
    return ok;
}

static bool print_groups(const cli_arguments *a, const cli_report_group *groups, size_t count,
                         base_error *error) {
    base_bytes out = {0};
    bool json = cli_flag(a, "json"), ok = base_bytes_add(&out, "{", json, error);
    for (size_t i = 0; ok && i < count; i++) {
        if (json)
            ok = base_bytes_add(&out, ", ", i ? 2 : 0, error) &&
                 cli_report_json(&out, &groups[i], error);
        else
            ok = base_bytes_add(&out, "\n", i ? 1 : 0, error) &&
                 cli_report_table(&out, &groups[i], error);
        cli_report_log(&groups[i]);
    }
    ok = ok && base_bytes_add(&out, "}\n", json ? 2 : 0, error);
    if (ok)
        fputs(out.data, stdout);
    base_bytes_free(&out);
    return ok;
}

static void free_group(cli_report_group *group) {
    for (size_t i = 0; i < group->count; i++)
        eval_result_free(&group->entry[i].result);
    free(group->entry);
}

static bool evaluate_all(const eval_job *job, base_error *error) {
    size_t kinds = 0, count = 0;
    while (eval_evaluator_at(kinds))
        kinds++;
    cli_report_group *groups = base_alloc(kinds, sizeof *groups, error);
    bool ok = groups != NULL;
    for (size_t i = 0; ok && i < kinds; i++)
        if (cli_count(job->arguments, eval_evaluator_at(i)->name) > 0)
            ok = evaluate_files(job, eval_evaluator_at(i), &groups[count++], error);
    ok = ok && print_groups(job->arguments, groups, count, error);
    for (size_t i = 0; i < count; i++)
        free_group(&groups[i]);
    free(groups);
    return ok;
}

static bool check(const cli_arguments *a, base_error *error) {
    bool baseline = cli_flag(a, "baseline");
    size_t files = 0;
    for (size_t i = 0; eval_evaluator_at(i); i++)
        files += cli_count(a, eval_evaluator_at(i)->name);
    if (files == 0)
        return base_fail(error, BASE_BAD_INPUT,
                         "eval: nothing to measure, expected --sts FILE... or --nli FILE...");
    if (baseline == (a->operand_count == 1))
        return base_fail(error, BASE_BAD_INPUT, "eval: found %s, expected one of them",
                         baseline ? "both MODEL and --baseline" : "neither MODEL nor --baseline");
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
    if (!check(a, error) || !rename_columns(job, error) || !read_score_range(job, error))
        return false;
    if (!cli_flag(a, "baseline"))
        return load_model(job, error);
    if (cli_count(a, "nli") > 0)
        job->train = read_pairs(job, cli_text(a, "train"), DATA_TARGET_CLASS, error);
    return base_ok(error);
}

static bool run(const cli_arguments *arguments, base_error *error) {
    eval_job job = {.arguments = arguments};
    bool ok = prepare(&job, error);
    base_profile_lap(arguments->profile, "model", "", 0, 0);
    ok = ok && evaluate_all(&job, error);
    eval_loss_head_free(job.head);
    loss_free(job.loss);
    nn_context_free(job.context);
    nn_model_free(job.model);
    data_corpus_free(job.train);
    loss_labels_free(&job.labels);
    free(job.renames);
    return ok;
}

const cli_command cli_command_eval = {
    .name = "eval",
    .summary = "Score a model: STS correlations, NLI accuracy",
    .usage = "MODEL|--baseline --sts FILE... | --nli FILE... [--columns A=B,...] [--json]",
    .details =
        "--sts takes STSb's official file, or any table whose header names score, sentence1 and\n"
        "sentence2. --nli takes SNLI and MultiNLI in their official forms, or any table with\n"
        "gold_label, sentence1, sentence2. Tables show numbers times 100, JSON fractions.\n",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .operands_high = 1,
    .computes = true,
    .run = run,
};
