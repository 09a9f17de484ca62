#define _DEFAULT_SOURCE
#include "base/file.h"
#include "base/log.h"
#include "tests/fixture.h"
#include "tests/tiny_run.h"
#include "train/checkpoint.h"
#include "train/manifest.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(checkpoint, .init = tiny_corpora);

static const char last_model[] = "checkpoints/step-000000020/model/model.safetensors";
static const char last_state[] = "checkpoints/step-000000020/state.safetensors";

/* Everything that a run of 20 steps leaves. */
typedef struct traces {
    uint32_t model, state, best, head, evaluations;
} traces;

static traces look(void) {
    return (traces){tiny_run_crc("run", last_model), tiny_run_crc("run", last_state),
                    tiny_run_crc("run", "model/model.safetensors"),
                    tiny_run_crc("run", "model/loss/model.safetensors"),
                    tiny_run_crc("run", "evaluations.jsonl")};
}

static const char *const twenty[] = {"epochs=2", "evaluation.every=4", "checkpoint.every=3", NULL};

static void cr_assert_same(traces a, traces b) {
    cr_assert_eq(a.model, b.model, "the last model differs");
    cr_assert_eq(a.state, b.state, "moments or the head differ");
    cr_assert_eq(a.best, b.best, "the best model differs");
    cr_assert_eq(a.head, b.head, "the best head differs");
    cr_assert_eq(a.evaluations, b.evaluations, "the evaluations differ");
}

static size_t count_lines(const char *file) {
    base_error error = {0};
    base_bytes bytes = {0};
    size_t lines = 0;
    cr_assert(base_file_read(fixture_path(file), &bytes, &error));
    for (size_t i = 0; i < bytes.size; i++)
        lines += bytes.data[i] == '\n';
    base_bytes_free(&bytes);
    return lines;
}

Test(checkpoint, a_stopped_and_resumed_run_has_the_same_bits) {
    tiny_run_well(twenty, TRAIN_NEW, 0);
    traces whole = look();
    for (size_t stop = 1; stop < 20; stop += 6) {
        tiny_run_result r = tiny_run_well(twenty, TRAIN_OVERWRITE, stop);
        cr_assert(r.outcome.stopped && r.outcome.step == stop);
        r = tiny_run_well(twenty, TRAIN_RESUME, 0);
        cr_assert_eq(r.summary.first_step, stop);
        cr_assert_same(whole, look());
        cr_assert_eq(count_lines("run/log.jsonl"), 20);
    }
}

/* From the newest checkpoint, or from the start when the run was killed before its first one: then
 * resuming must say so, and nothing that was saved is in the way. */
static bool go_on(base_error *error) {
    tiny_run_result r;
    size_t count, *steps = train_checkpoint_steps(fixture_path("run"), &count, error);
    free(steps);
    if (!steps || count > 0)
        return steps && tiny_run(twenty, TRAIN_RESUME, 0, &r, error);
    base_error none = {0};
    if (tiny_run(twenty, TRAIN_RESUME, 0, &r, &none) || none.status != BASE_BAD_INPUT)
        return base_fail(error, BASE_FAILED, "resumed without a checkpoint: %s", none.text);
    return tiny_run(twenty, TRAIN_OVERWRITE, 0, &r, error);
}

/* Runs in a child that is killed after some time, again and again, each going on where the last one
 * was; then to the end. */
Test(checkpoint, a_run_that_is_killed_at_any_time_goes_on) {
    base_error error = {0};
    tiny_run_well(twenty, TRAIN_NEW, 0);
    traces whole = look();
    cr_assert(base_folder_remove(fixture_path("run"), &error), "%s", error.text);
    for (useconds_t wait = 1000; wait < 60000; wait = wait * 3 / 2) {
        pid_t child = fork();
        if (child == 0) {
            bool ok = go_on(&error);
            if (!ok)
                fprintf(stderr, "%s\n", error.text);
            _exit(ok ? 0 : 1);
        }
        int status;
        usleep(wait);
        kill(child, SIGKILL);
        waitpid(child, &status, 0);
        cr_assert(WIFSIGNALED(status) || WEXITSTATUS(status) == 0, "after %u us", (unsigned)wait);
    }
    cr_assert(go_on(&error), "%s", error.text);
    cr_assert_same(whole, look());
    cr_assert_eq(count_lines("run/log.jsonl"), 20);
}

/* A run whose only evaluation was its best, killed before the checkpoint behind it. */
Test(checkpoint, a_model_without_a_checkpoint_is_kept_until_the_run_is_started_again) {
    base_error error = {0};
    tiny_run_well(twenty, TRAIN_NEW, 0);
    traces whole = look();
    cr_assert(base_folder_remove(fixture_path("run/checkpoints"), &error), "%s", error.text);
    tiny_run_result r;
    cr_assert_not(tiny_run(twenty, TRAIN_RESUME, 0, &r, &error));
    cr_assert(strstr(error.text, "found a model but no checkpoint"), "%s", error.text);
    cr_assert_eq(tiny_run_crc("run", "model/model.safetensors"), whole.best);
    tiny_run_well(twenty, TRAIN_OVERWRITE, 0);
    cr_assert_same(whole, look());
}

static void ignore(void *context, base_log_level level, const char *sentence) {
    (void)level;
    cr_assert(strstr(sentence, "damaged"), "%s", sentence);
    ++*(int *)context;
}

Test(checkpoint, a_damaged_one_is_passed_over_and_leftovers_go) {
    static const char *const sets[] = {"epochs=2", "evaluation.every=4", "checkpoint.every=3",
                                       "checkpoint.keep=3", NULL};
    tiny_run_well(sets, TRAIN_NEW, 0);
    traces whole = look();
    tiny_run_well(sets, TRAIN_OVERWRITE, 10);
    base_error error = {0};
    cr_assert(base_file_write(fixture_path("run/checkpoints/step-000000010/state.json"), "{}", 2,
                              &error));
    cr_assert(
        base_folder_make(fixture_path("run/checkpoints/step-000000012.part-77/model"), &error));
    int warnings = 0;
    base_log_to(ignore, &warnings);
    tiny_run_result r = tiny_run_well(sets, TRAIN_RESUME, 0);
    base_log_to(NULL, NULL);
    cr_assert_eq(warnings, 1);
    cr_assert_eq(r.summary.first_step, 9);
    cr_assert_same(whole, look());
    cr_assert_not(base_file_exists(fixture_path("run/checkpoints/step-000000012.part-77")));
    size_t count, *steps = train_checkpoint_steps(fixture_path("run"), &count, &error);
    cr_assert_eq(count, 3);
    cr_assert_eq(steps[0], 20);
    free(steps);
}

Test(checkpoint, only_damaged_ones_are_an_error) {
    tiny_run_well(twenty, TRAIN_NEW, 5);
    base_error error = {0};
    cr_assert(base_file_write(fixture_path("run/checkpoints/step-000000005/manifest.json"), "x", 1,
                              &error));
    tiny_run_result r;
    int warnings = 0;
    base_log_to(ignore, &warnings);
    cr_assert_not(tiny_run(twenty, TRAIN_RESUME, 0, &r, &error));
    base_log_to(NULL, NULL);
    cr_assert(error.status == BASE_BAD_INPUT && strstr(error.text, "damaged"), "%s", error.text);
}

Test(checkpoint, a_finished_run_that_is_resumed_stays_as_it_is) {
    tiny_run_well(twenty, TRAIN_NEW, 0);
    traces whole = look();
    tiny_run_result r = tiny_run_well(twenty, TRAIN_RESUME, 0);
    cr_assert_eq(r.summary.first_step, 20);
    cr_assert_same(whole, look());
}

Test(checkpoint, a_finished_run_that_is_resumed_has_its_test_scores_once) {
    char data[600];
    snprintf(data, sizeof data,
             "evaluation.data=[{\"data\": \"%s\"}, {\"data\": \"%s\", \"when\": \"test\"}]",
             fixture_path("sts.tsv"), fixture_path("sts.tsv"));
    const char *const sets[] = {data, NULL};
    base_error error = {0};
    base_bytes before = {0}, after = {0};
    tiny_run_well(sets, TRAIN_NEW, 0);
    cr_assert(base_file_read(fixture_path("run/evaluations.jsonl"), &before, &error));
    cr_assert(strstr(before.data, "\"when\":\"test\""));
    tiny_run_well(sets, TRAIN_RESUME, 0);
    cr_assert(base_file_read(fixture_path("run/evaluations.jsonl"), &after, &error));
    cr_expect_str_eq(after.data, before.data);
    base_bytes_free(&before);
    base_bytes_free(&after);
}

/* A later one that was passed over as damaged must not push out the one just written. */
Test(checkpoint, pruning_keeps_the_newest_of_this_run) {
    base_error error = {0};
    static const size_t there[] = {3, 5, 9};
    for (size_t i = 0; i < 3; i++) {
        char *path = train_checkpoint_path(fixture_path("run"), there[i], &error);
        cr_assert(path && base_folder_make(path, &error));
        free(path);
    }
    cr_assert(base_folder_make(fixture_path("run/checkpoints/mine.old-best"), &error));
    cr_assert(train_checkpoint_prune(fixture_path("run"), 5, 1, &error), "%s", error.text);
    size_t count, *steps = train_checkpoint_steps(fixture_path("run"), &count, &error);
    cr_assert_eq(count, 1);
    cr_expect_eq(steps[0], 5);
    cr_expect(base_file_exists(fixture_path("run/checkpoints/mine.old-best")));
    free(steps);
}

static void refused(const char *const *sets, train_start start, const char *says) {
    base_error error = {0};
    tiny_run_result r;
    cr_assert_not(tiny_run(sets, start, 0, &r, &error));
    cr_assert_eq(error.status, BASE_BAD_INPUT);
    cr_assert(strstr(error.text, says), "%s", error.text);
}

Test(checkpoint, an_existing_run_is_refused) {
    tiny_run_well(twenty, TRAIN_NEW, 5);
    refused(twenty, TRAIN_NEW, "--resume");
    tiny_run_well(twenty, TRAIN_OVERWRITE, 5);
}

Test(checkpoint, a_folder_that_is_no_run_is_never_removed) {
    base_error error = {0};
    cr_assert(base_folder_make(fixture_path("run"), &error));
    fixture_text("run/letter.txt", "dear all");
    refused(twenty, TRAIN_NEW, "no run folder");
    refused(twenty, TRAIN_OVERWRITE, "no run folder");
    refused(twenty, TRAIN_RESUME, "no run folder");
    cr_assert(base_file_exists(fixture_path("run/letter.txt")));
}

Test(checkpoint, another_config_is_refused_by_key) {
    static const char *const rate[] = {"epochs=2", "learning_rate=0.02", NULL};
    static const char *const pooling[] = {"model.pooling=max", NULL};
    static const char *const harmless[] = {"epochs=2", "threads=1", "log_every=2",
                                           "checkpoint.every=0", NULL};
    tiny_run_well(twenty, TRAIN_NEW, 5);
    refused(rate, TRAIN_RESUME, "learning_rate differs");
    refused(pooling, TRAIN_RESUME, "model.pooling differs");
    tiny_run_well(harmless, TRAIN_RESUME, 0);
}

Test(checkpoint, a_changed_corpus_is_refused_by_name) {
    tiny_run_well(twenty, TRAIN_NEW, 5);
    base_error error = {0};
    base_bytes bytes = {0};
    cr_assert(base_file_read(fixture_path("nli.tsv"), &bytes, &error));
    bytes.data[bytes.size - 2] = '!';
    fixture_write("nli.tsv", bytes.data, bytes.size);
    base_bytes_free(&bytes);
    refused(twenty, TRAIN_RESUME, "nli.tsv");
}

Test(checkpoint, a_manifest_sees_every_change) {
    base_error error = {0};
    cr_assert(base_folder_make(fixture_path("f/below"), &error));
    fixture_text("f/a.txt", "one");
    fixture_text("f/below/b.txt", "two");
    const char *folder = fixture_path("f");
    cr_assert_not(train_manifest_verify(folder, &error));
    error = (base_error){0};
    cr_assert(train_manifest_write(folder, &error) && train_manifest_verify(folder, &error), "%s",
              error.text);
    fixture_text("f/below/b.txt", "tw0");
    cr_assert_not(train_manifest_verify(folder, &error));
    cr_assert(strstr(error.text, "below/b.txt"), "%s", error.text);
    error = (base_error){0};
    unlink(fixture_path("f/a.txt"));
    fixture_text("f/below/b.txt", "two");
    cr_assert_not(train_manifest_verify(folder, &error));
    cr_assert(strstr(error.text, "a.txt"), "%s", error.text);
}
