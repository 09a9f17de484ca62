#include "train/run_report.h"

#include "base/file.h"
#include "base/lock.h"
#include "eval/evaluator.h"

#include <stdlib.h>
#include <string.h>

typedef bool take_line(train_run_report *report, const cJSON *line, base_error *error);

/* Gives each line to `take`. The last one may be cut short: the run may be writing it. */
static bool each_line(const char *folder, const char *name, take_line *take,
                      train_run_report *report, base_error *error) {
    base_bytes text = {0};
    char *path = base_path(folder, name, error);
    bool ok = path && base_file_read(path, &text, error);
    size_t number = 1;
    for (char *line = text.data, *end; ok && (end = strchr(line, '\n')); line = end + 1) {
        cJSON *tree = base_json_parse(line, (size_t)(end - line), path, number++, error);
        ok = tree && take(report, tree, error);
        cJSON_Delete(tree);
    }
    base_bytes_free(&text);
    free(path);
    return ok;
}

static double number(const cJSON *line, const char *key, double otherwise) {
    const cJSON *item = base_json_get(line, key);
    return cJSON_IsNumber(item) ? item->valuedouble : otherwise;
}

static size_t step_of(const cJSON *line) {
    double step = number(line, "step", 0);
    return step >= 0 && step < 0x1p53 ? (size_t)step : 0;
}

static const char *text(const cJSON *line, const char *key) {
    const cJSON *item = base_json_get(line, key);
    return cJSON_IsString(item) ? item->valuestring : "";
}

static bool take_step(train_run_report *r, const cJSON *line, base_error *error) {
    double seconds = number(line, "seconds", -1);
    (void)error;
    r->step = step_of(line);
    r->seconds = seconds < 0 || r->seconds < 0 ? -1 : r->seconds + seconds;
    return true;
}

/* The config's metric, or the main one of the first dev entry. */
static bool choose_metric(train_run_report *r, const cJSON *line, base_error *error) {
    const cJSON *evaluation = base_json_get(r->config, "evaluation");
    const eval_def *def = eval_evaluator_find(text(line, "kind"));
    const char *metric = text(evaluation, "metric");
    metric = *metric || !def ? metric : def->metrics[0];
    if (!cJSON_IsNumber(base_json_get(line, metric)))
        return true; /* another entry has it */
    r->metric = base_copy(metric, strlen(metric));
    r->file = base_copy(text(line, "file"), strlen(text(line, "file")));
    return (r->metric && r->file) || base_fail(error, BASE_FAILED, "out of memory");
}

static bool take_evaluation(train_run_report *r, const cJSON *line, base_error *error) {
    size_t step = step_of(line);
    if (strcmp(text(line, "when"), "dev") != 0)
        return true;
    if (!r->metric && !choose_metric(r, line, error))
        return false;
    if (step == 0 || !r->metric || strcmp(text(line, "file"), r->file) != 0)
        return true;
    const cJSON *value = base_json_get(line, r->metric);
    if (!cJSON_IsNumber(value))
        return true; /* undefined */
    if (!r->has_best || value->valuedouble > r->best) {
        r->best = value->valuedouble;
        r->best_step = step;
        r->has_best = true;
    }
    return true;
}

static bool is_run(const char *folder, base_error *error) {
    char *log = base_path(folder, "log.jsonl", error);
    bool there = log && base_file_is_regular(log);
    free(log);
    return there ||
           base_fail(error, BASE_BAD_INPUT, "%s: found no run folder (no log.jsonl in it)", folder);
}

bool train_run_report_read(const char *folder, train_run_report *r, base_error *error) {
    base_error held = {0};
    *r = (train_run_report){0};
    if (!is_run(folder, error))
        return false;
    char *config = base_path(folder, "config.json", error);
    char *lock = base_path(folder, "run.lock", error);
    r->config = config ? base_json_file(config, error) : NULL;
    r->in_use = lock && !base_lock_is_free(lock, folder, &held);
    free(config);
    free(lock);
    return r->config && each_line(folder, "log.jsonl", take_step, r, error) &&
           each_line(folder, "evaluations.jsonl", take_evaluation, r, error);
}

void train_run_report_free(train_run_report *r) {
    cJSON_Delete(r->config);
    free(r->metric);
    free(r->file);
    *r = (train_run_report){0};
}
