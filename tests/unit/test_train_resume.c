/* What --resume must not do: lose a model, start anew without a word, compare two metrics. */
#include "base/file.h"
#include "base/log.h"
#include "tests/fixture.h"
#include "tests/program.h"
#include "tests/tiny_run.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

TestSuite(train_resume, .init = tiny_corpora);

typedef struct heard {
    const char *part;
    bool said;
} heard;

static void listen_for(void *context, base_log_level level, const char *sentence) {
    heard *h = context;
    (void)level;
    h->said |= strstr(sentence, h->part) != NULL;
}

static tiny_run_result run_and_listen(const char *const *sets, const char *part, bool *said) {
    heard h = {part, false};
    base_log_to(listen_for, &h);
    tiny_run_result r = tiny_run_well(sets, TRAIN_EXTEND, 0);
    base_log_to(NULL, NULL);
    *said = h.said;
    return r;
}

static void expect_refused(const char *const *sets, train_start start, const char *part) {
    base_error error = {0};
    tiny_run_result r;
    cr_assert_not(tiny_run(sets, start, 0, &r, &error));
    cr_expect_eq(error.status, BASE_BAD_INPUT);
    cr_expect(strstr(error.text, part), "%s", error.text);
}

Test(train_resume, nothing_to_go_on_from_is_an_error) {
    static const char *const sets[] = {"max_steps=2", NULL};
    base_error error = {0};
    expect_refused(sets, TRAIN_RESUME, "found no run to go on from");
    cr_expect_not(base_file_exists(fixture_path("run")));
    tiny_run_well(sets, TRAIN_NEW, 1);
    cr_assert(base_folder_remove(fixture_path("run/checkpoints"), &error));
    expect_refused(sets, TRAIN_RESUME, "found no checkpoint to go on from");
}

Test(train_resume, another_length_is_refused_unless_the_run_is_extended) {
    static const char *const four[] = {"max_steps=4", "learning_rate=0.01", NULL};
    static const char *const six[] = {"max_steps=6", "learning_rate=0.01", NULL};
    static const char *const half[] = {"max_steps=4", "epochs=0.9", "learning_rate=0.01", NULL};
    tiny_run_well(four, TRAIN_NEW, 2);
    expect_refused(six, TRAIN_RESUME, "max_steps is 6, but the checkpoint's run has 4");
    expect_refused(half, TRAIN_RESUME, "epochs is 0.9, but the checkpoint's run has 1");
    heard h = {"6 steps instead of 4, the learning rate of step 3 is 0.008 instead of 0.00667",
               false};
    base_log_to(listen_for, &h);
    tiny_run_result r = tiny_run_well(six, TRAIN_EXTEND, 0);
    base_log_to(NULL, NULL);
    cr_expect(h.said);
    cr_expect(r.summary.first_step == 2 && r.outcome.step == 6);
    program_expect_part("train $D/run/config.json --extend", 2, "--extend goes with --resume");
}

/* Stops in the second pass of an evaluation, which comes when `reports` steps are made. */
typedef struct stopper {
    size_t reports, steps, passes;
} stopper;

static void count_step(void *context, const train_progress *p) {
    stopper *s = context;
    (void)p;
    s->steps++;
}

static void count_pass(void *context, const char *what, size_t done, size_t total) {
    stopper *s = context;
    bool evaluating = !strcmp(what, "evaluating");
    cr_expect(done < total || !evaluating);
    s->passes += evaluating && s->steps == s->reports;
}

static bool stop_in_evaluation(void *context) {
    return ((stopper *)context)->passes > 0;
}

Test(train_resume, a_run_stopped_in_an_evaluation_makes_it_again) {
    static const char *const sets[] = {"epochs=2", "evaluation.every=4", NULL};
    static const char *const files[] = {"evaluations.jsonl", "model/model.safetensors",
                                        "checkpoints/step-000000020/state.safetensors"};
    uint32_t whole[3];
    tiny_run_well(sets, TRAIN_NEW, 0);
    for (size_t i = 0; i < 3; i++)
        whole[i] = tiny_run_crc("run", files[i]);
    for (size_t reports = 0; reports <= 20; reports += 4) {
        base_error error = {0};
        stopper s = {.reports = reports};
        train_events events = {.context = &s,
                               .stepped = count_step,
                               .stop = stop_in_evaluation,
                               .working = count_pass};
        train_config *config = tiny_run_config(sets);
        train_trainer *t = train_trainer_new(config, TRAIN_OVERWRITE, NULL, &events, &error);
        train_outcome outcome;
        cr_assert(t && train_trainer_run(t, &outcome, &error), "%s", error.text);
        cr_expect(outcome.stopped && outcome.step == reports, "%zu", outcome.step);
        train_trainer_free(t);
        train_config_free(config);
        tiny_run_well(sets, TRAIN_RESUME, 0);
        for (size_t i = 0; i < 3; i++)
            cr_expect_eq(tiny_run_crc("run", files[i]), whole[i], "%zu: %s", reports, files[i]);
    }
}

Test(train_resume, a_model_without_a_checkpoint_is_not_removed) {
    static const char *const sets[] = {"max_steps=2", NULL};
    base_error error = {0};
    tiny_run_result r;
    tiny_run_well(sets, TRAIN_NEW, 0);
    uint32_t before = tiny_run_crc("run", "model/model.safetensors");
    cr_assert(base_folder_remove(fixture_path("run/checkpoints"), &error));
    cr_assert_not(tiny_run(sets, TRAIN_RESUME, 0, &r, &error));
    cr_expect_eq(error.status, BASE_BAD_INPUT);
    cr_expect(strstr(error.text, "--overwrite"), "%s", error.text);
    cr_expect_eq(tiny_run_crc("run", "model/model.safetensors"), before);
}

Test(train_resume, another_metric_begins_without_a_best_score) {
    static const char *const first[] = {"max_steps=4", "evaluation.every=2",
                                        "evaluation.metric=spearman_cosine", NULL};
    static const char *const same[] = {"max_steps=6", "evaluation.every=2",
                                       "evaluation.metric=spearman_cosine", NULL};
    static const char *const other[] = {"max_steps=8", "evaluation.every=2",
                                        "evaluation.metric=pearson_dot", NULL};
    bool said;
    tiny_run_well(first, TRAIN_NEW, 0);
    run_and_listen(same, "forgotten", &said);
    cr_expect_not(said);
    tiny_run_result r = run_and_listen(other, "forgotten", &said);
    cr_expect(said);
    cr_expect(r.outcome.has_best);
    cr_expect_gt(r.outcome.best_step, 6);
}

Test(train_resume, a_dry_run_tells_what_is_left) {
    static const char *const sets[] = {"max_steps=4", NULL};
    tiny_run_well(sets, TRAIN_NEW, 0);
    program_expect_part("train $D/run/config.json --set max_steps=6 --resume --extend --dry-run", 0,
                        "resumed     after step 4");
    program_expect_part("train $D/run/config.json --set max_steps=6 --resume --extend --dry-run", 0,
                        "s for 2 steps");
}
