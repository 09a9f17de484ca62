#include "train/run_folder.h"

#include "base/file.h"
#include "base/json_write.h"
#include "train/leftovers.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct train_run {
    FILE *log, *evaluations;
};

static bool is_empty(const char *folder) {
    DIR *d = opendir(folder);
    size_t entries = 0;
    while (d && readdir(d))
        entries++;
    if (d)
        closedir(d);
    return entries <= 2;
}

static bool has_file(const char *folder, const char *name) {
    base_error ignored = {0};
    char *path = base_path(folder, name, &ignored);
    bool found = path && base_file_exists(path);
    free(path);
    return found;
}

static bool check_present(const char *folder, train_start start, base_error *error) {
    if (!base_file_is_folder(folder))
        return base_fail(error, BASE_BAD_INPUT, "%s: found a file, expected a run folder", folder);
    if (is_empty(folder))
        return true;
    if (!has_file(folder, "log.jsonl"))
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: found a folder that is no run folder (it has no log.jsonl); name "
                         "another output",
                         folder);
    return start != TRAIN_NEW ||
           base_fail(error, BASE_BAD_INPUT,
                     "%s: found a run there; go on with it by --resume, or remove it and start "
                     "again by --overwrite",
                     folder);
}

bool train_run_check(const char *folder, train_start start, base_error *error) {
    return (!base_file_exists(folder) || check_present(folder, start, error)) &&
           base_folder_can_make(folder, error);
}

/* Keeps the lines up to a step; each begins {"step":N. A line cut short by a crash goes too, and
 * the test scores of a run that was finished: they are measured again when it is finished again. */
static bool cut_lines(const char *path, size_t step, base_error *error) {
    base_bytes bytes = {0};
    if (!base_file_exists(path))
        return true;
    if (!base_file_read(path, &bytes, error))
        return false;
    char *end = bytes.data;
    for (char *line = bytes.data, *next; (next = strchr(line, '\n')); line = next + 1) {
        size_t at;
        *next = '\0';
        bool keep = sscanf(line, "{\"step\":%zu", &at) == 1 && at <= step &&
                    !strstr(line, "\"when\":\"test\"");
        *next = '\n';
        if (!keep)
            break;
        end = next + 1;
    }
    bool ok = base_file_write(path, bytes.data, (size_t)(end - bytes.data), error);
    base_bytes_free(&bytes);
    return ok;
}

static FILE *open_log(const char *folder, const char *name, size_t step, base_error *error) {
    char *path = base_path(folder, name, error);
    FILE *file = NULL;
    if (path && cut_lines(path, step, error)) {
        file = fopen(path, "ab");
        if (!file)
            base_fail(error, BASE_FAILED, "%s: cannot write: %s", path, strerror(errno));
    }
    free(path);
    return file;
}

/* An old run goes as a whole: killed at any time, none of its parts stays as if it were new. */
static bool make_anew(const char *folder, base_error *error) {
    char *empty = base_folder_begin(folder, error);
    bool ok = empty && base_folder_commit(empty, folder, error);
    if (empty && !ok) {
        base_error ignored = {0};
        base_folder_remove(empty, &ignored);
    }
    free(empty);
    return ok;
}

train_run *train_run_open(const char *folder, const cJSON *config, size_t step, base_error *error) {
    train_run *run = base_alloc(1, sizeof *run, error);
    if (!run)
        return NULL;
    bool ok = step > 0 ? train_leftovers_remove(folder, error) : make_anew(folder, error);
    if (ok)
        run->log = open_log(folder, "log.jsonl", step, error);
    if (run->log)
        run->evaluations = open_log(folder, "evaluations.jsonl", step, error);
    if (run->evaluations && base_json_write(folder, "config.json", config, error))
        return run;
    train_run_close(run);
    return NULL;
}

void train_run_close(train_run *run) {
    if (!run)
        return;
    if (run->log)
        fclose(run->log);
    if (run->evaluations)
        fclose(run->evaluations);
    free(run);
}

static bool add_line(FILE *file, base_bytes *line, base_error *error) {
    bool ok = base_ok(error) && base_bytes_add(line, "\n", 1, error);
    if (ok && (fwrite(line->data, 1, line->size, file) != line->size || fflush(file)))
        ok = base_fail(error, BASE_FAILED, "the run's log cannot be written: %s", strerror(errno));
    base_bytes_free(line);
    return ok;
}

bool train_run_log(train_run *run, const train_progress *p, base_error *error) {
    base_bytes line = {0};
    base_json_writer w = {.out = &line, .error = error};
    base_json_open(&w, NULL, '{');
    base_json_put_size(&w, "step", p->step);
    base_json_put_number(&w, "epoch", p->epoch, 6);
    base_json_put_number(&w, "loss", p->loss, 9);
    base_json_put_number(&w, "learning_rate", p->learning_rate, 9);
    base_json_put_number(&w, "grad_norm", p->grad_norm, 9);
    base_json_put_number(&w, "pairs_per_second", p->pairs_per_second, 6);
    base_json_put_number(&w, "tokens_per_second", p->tokens_per_second, 6);
    base_json_close(&w, '}');
    return add_line(run->log, &line, error);
}

bool train_run_log_evaluation(train_run *run, size_t step, double epoch,
                              const train_evaluation *entry, const eval_result *result,
                              base_error *error) {
    base_bytes bytes = {0};
    base_json_writer w = {.out = &bytes, .error = error};
    base_json_open(&w, NULL, '{');
    base_json_put_size(&w, "step", step);
    base_json_put_number(&w, "epoch", epoch, 6);
    base_json_put_text(&w, "file", entry->data, strlen(entry->data));
    base_json_put_text(&w, "kind", entry->kind, strlen(entry->kind));
    base_json_put_text(&w, "when", entry->when, strlen(entry->when));
    eval_result_json(&w, result);
    base_json_close(&w, '}');
    return add_line(run->evaluations, &bytes, error);
}
