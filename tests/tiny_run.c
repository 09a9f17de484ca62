#include "tests/tiny_run.h"

#include "base/file.h"
#include "tests/fixture.h"
#include "tests/tiny_model.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A short text that depends on i alone. */
static const char *text(size_t i, char out[32]) {
    static const char *const words[] = {"cat", "dog", "sat", "a", "b", "c", "x", "cats"};
    snprintf(out, 32, "%s %s %c%s", words[i % 8], words[i / 8 % 8], (char)('d' + i % 20),
             i % 3 ? " ." : "");
    return out;
}

static void add_row(base_bytes *out, const char *target, size_t i) {
    char a[32], b[32];
    base_error error = {0};
    base_bytes_format(out, &error, "%s\t%s\t%s\n", target, text(i, a), text(i * 7 + 3, b));
}

static void write_corpus(const char *name, base_bytes *bytes) {
    fixture_write(name, bytes->data, bytes->size);
    base_bytes_free(bytes);
}

void tiny_corpora(void) {
    static const char *const labels[] = {"entailment", "neutral", "contradiction"};
    base_error error = {0};
    base_bytes nli = {0}, sts = {0}, pairs = {0};
    char target[32];
    base_bytes_format(&nli, &error, "gold_label\tsentence1\tsentence2\n");
    for (size_t i = 0; i < 40; i++)
        add_row(&nli, labels[i % 3], i % 3 == 2 ? i - 2 : i);
    base_bytes_format(&sts, &error, "score\tsentence1\tsentence2\n");
    for (size_t i = 0; i < 30; i++) {
        snprintf(target, sizeof target, "%.2f", (double)(i * 7 % 11) * 0.5);
        add_row(&sts, target, i + 100);
    }
    base_bytes_format(&pairs, &error, "id\tsentence1\tsentence2\n");
    for (size_t i = 0; i < 24; i++)
        add_row(&pairs, "1", i + 200);
    write_corpus("nli.tsv", &nli);
    write_corpus("sts.tsv", &sts);
    write_corpus("pairs.tsv", &pairs);
}

static train_config *new_config(const char *const *sets, base_error *error) {
    char *json =
        base_format("{\"output\": \"%s\", \"model\": {\"config\": \"%s\", \"vocab\": \"%s\", "
                    "\"max_seq_length\": 12, \"hidden_dropout\": 0.1}, "
                    "\"train\": {\"data\": [{\"data\": \"%s\"}]}, \"batch_size\": 4, "
                    "\"learning_rate\": 0.01, \"evaluation\": {\"data\": [{\"data\": \"%s\"}]}}",
                    fixture_path("run"), tiny_config(), tiny_vocab(), fixture_path("nli.tsv"),
                    fixture_path("sts.tsv"));
    size_t count = 0;
    while (sets && sets[count])
        count++;
    cJSON *tree = cJSON_Parse(json);
    free(json);
    return train_config_from(tree, "tiny.json", sets, count, error);
}

train_config *tiny_run_config(const char *const *sets) {
    base_error error = {0};
    train_config *config = new_config(sets, &error);
    cr_assert_not_null(config, "%s", error.text);
    return config;
}

typedef struct watch {
    tiny_run_result *result;
    size_t stop_at;
} watch;

static void stepped(void *context, const train_progress *p) {
    tiny_run_result *r = ((watch *)context)->result;
    if (r->reports++ == 0)
        r->first_loss = p->loss;
    r->last_loss = p->loss;
}

static void evaluated(void *context, size_t step, const train_evaluation *entry,
                      const eval_result *result) {
    (void)step, (void)entry, (void)result;
    ((watch *)context)->result->evaluations++;
}

static bool stop(void *context) {
    watch *w = context;
    return w->stop_at && w->result->summary.first_step + w->result->reports == w->stop_at;
}

bool tiny_run(const char *const *sets, train_start start, size_t stop_at, tiny_run_result *result,
              base_error *error) {
    *result = (tiny_run_result){0};
    train_config *config = new_config(sets, error);
    if (!config)
        return false;
    watch w = {result, stop_at};
    train_events events = {.context = &w, .stepped = stepped, .evaluated = evaluated, .stop = stop};
    train_trainer *t = train_trainer_new(config, start, NULL, &events, error);
    bool ok = t != NULL;
    if (ok) {
        result->summary = train_trainer_summary(t);
        ok = train_trainer_run(t, &result->outcome, error);
        result->outcome.model_folder = NULL; /* the trainer's */
        result->outcome.metric = NULL;
    }
    train_trainer_free(t);
    train_config_free(config);
    return ok;
}

tiny_run_result tiny_run_well(const char *const *sets, train_start start, size_t stop_at) {
    base_error error = {0};
    tiny_run_result result;
    cr_assert(tiny_run(sets, start, stop_at, &result, &error), "%s", error.text);
    return result;
}

uint32_t tiny_run_crc(const char *run, const char *file) {
    base_error error = {0};
    uint32_t crc = 0;
    char *path = base_format("%s/%s", fixture_path(run), file);
    cr_assert(base_file_crc32(path, &crc, &error), "%s", error.text);
    free(path);
    return crc;
}
