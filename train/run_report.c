#include "train/run_report.h"

#include "base/file.h"
#include "base/lock.h"
#include "train/evaluation.h"

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

static bool is_true(const cJSON *line, const char *key) {
    return cJSON_IsTrue(base_json_get(line, key));
}

static bool take_evaluation(train_run_report *r, const cJSON *line, base_error *error) {
    const cJSON *decides = base_json_get(line, "decides");
    const cJSON *score = decides ? base_json_get(decides, "score") : NULL;
    train_decider d = {.smaller = decides && is_true(decides, "smaller_is_better")};
    size_t step = step_of(line);
    if (step == 0 || !cJSON_IsNumber(score) ||
        (r->has_best && !train_decider_better(&d, score->valuedouble, r->best)))
        return true;
    free(r->metric);
    r->metric = base_copy(text(decides, "metric"), strlen(text(decides, "metric")));
    r->plain = is_true(decides, "plain");
    r->best = score->valuedouble;
    r->best_step = step;
    r->has_best = true;
    return r->metric || base_fail(error, BASE_FAILED, "out of memory");
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
    *r = (train_run_report){0};
}
