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
    h->said |= level == BASE_LOG_WARNING && strstr(sentence, h->part);
}

static tiny_run_result run_and_listen(const char *const *sets, const char *part, bool *said) {
    heard h = {part, false};
    base_log_to(listen_for, &h);
    tiny_run_result r = tiny_run_well(sets, TRAIN_RESUME, 0);
    base_log_to(NULL, NULL);
    *said = h.said;
    return r;
}

Test(train_resume, without_a_checkpoint_it_says_so) {
    static const char *const sets[] = {"max_steps=2", NULL};
    bool said;
    run_and_listen(sets, "no checkpoint to go on from", &said);
    cr_expect(said);
    run_and_listen(sets, "no checkpoint to go on from", &said);
    cr_expect_not(said);
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
    program_expect_part("train $D/run/config.json --set max_steps=6 --resume --dry-run", 0,
                        "resumed     after step 4");
    program_expect_part("train $D/run/config.json --set max_steps=6 --resume --dry-run", 0,
                        "s for 2 steps");
}
