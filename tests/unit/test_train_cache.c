/* Training on corpora that lie in a cache: the same bits as in memory. */
#define _GNU_SOURCE
#include "base/file.h"
#include "base/log.h"
#include "tests/fixture.h"
#include "tests/program.h"
#include "tests/tiny_run.h"

#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(train_cache, .init = tiny_corpora);

static void count_made(void *context, base_log_level level, const char *sentence) {
    (void)level;
    *(size_t *)context += strstr(sentence, "rows tokenised into") != NULL;
}

enum { MOST_SETS = 10 };

/* Runs into the folder `run` with and without the cache; returns how many corpora were tokenised
 * into it. */
static size_t run_cached(const char *const *sets, bool cached, const char *run, train_start start,
                         size_t stop_at, tiny_run_result *result) {
    char folder[300], output[300];
    const char *all[MOST_SETS + 3];
    size_t n = 0, made = 0;
    snprintf(folder, sizeof folder, "cache.folder=%s", fixture_path("cache"));
    snprintf(output, sizeof output, "output=%s", fixture_path(run));
    for (; sets[n]; n++)
        all[n] = sets[n];
    all[n++] = output;
    if (cached)
        all[n++] = folder;
    all[n] = NULL;
    base_log_to(count_made, &made);
    *result = tiny_run_well(all, start, stop_at);
    base_log_to(NULL, NULL);
    return made;
}

static void expect_equal(const tiny_run_result *a, const tiny_run_result *b, const char *x,
                         const char *y) {
    cr_expect(a->first_loss == b->first_loss && a->last_loss == b->last_loss);
    cr_expect_eq(a->summary.steps, b->summary.steps);
    cr_expect_eq(a->summary.rows, b->summary.rows);
    cr_expect_eq(a->summary.skipped, b->summary.skipped);
    cr_expect_eq(a->summary.truncated, b->summary.truncated);
    cr_expect_arr_eq(a->summary.length, b->summary.length, sizeof a->summary.length);
    cr_expect_eq(tiny_run_crc(x, "model/model.safetensors"),
                 tiny_run_crc(y, "model/model.safetensors"));
}

static char *data(const char *json, ...) __attribute__((format(printf, 1, 2)));
static char *data(const char *json, ...) {
    va_list list;
    char *text = NULL;
    va_start(list, json);
    cr_assert_geq(vasprintf(&text, json, list), 0);
    va_end(list);
    return text;
}

Test(train_cache, runs_have_the_bits_of_runs_in_memory) {
    char *pairs = data("train.data=[{\"data\": \"%s\", \"loss\": \"mnrl\", \"prompts\": "
                       "{\"sentence1\": \"a b \"}}]",
                       fixture_path("pairs.tsv"));
    char *both = data("train.data=[{\"data\": \"%s\"}, {\"data\": \"%s\", \"loss\": "
                      "\"cosent\", \"score_range\": [0, 5]}]",
                      fixture_path("nli.tsv"), fixture_path("sts.tsv"));
    char *cross = data("train.data=[{\"data\": \"%s\", \"loss\": \"cross_entropy\"}]",
                       fixture_path("nli.tsv"));
    const char *const cases[][4] = {
        {"epochs=2", NULL},
        {pairs, "epochs=2", NULL},
        {both, "epochs=1.5", NULL},
        {"sampler=group_by_label", "drop_last=true", NULL},
        {cross, "task=cross-encoder", "evaluation.data=[]", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tiny_run_result a, b, c;
        base_error error = {0};
        cr_assert(base_folder_remove(fixture_path("cache"), &error));
        run_cached(cases[i], false, "memory", TRAIN_OVERWRITE, 0, &a);
        cr_expect_eq(run_cached(cases[i], true, "made", TRAIN_OVERWRITE, 0, &b), i == 2 ? 2 : 1);
        cr_expect_eq(run_cached(cases[i], true, "found", TRAIN_OVERWRITE, 0, &c), 0);
        expect_equal(&a, &b, "memory", "made");
        expect_equal(&a, &c, "memory", "found");
    }
    free(pairs);
    free(both);
    free(cross);
}

Test(train_cache, a_run_is_resumed_with_it_and_without) {
    static const char *const sets[] = {"max_steps=8", NULL};
    tiny_run_result a, b;
    run_cached(sets, false, "memory", TRAIN_NEW, 0, &a);
    cr_expect_eq(run_cached(sets, true, "run", TRAIN_NEW, 3, &b), 1);
    cr_expect_eq(run_cached(sets, true, "run", TRAIN_RESUME, 5, &b), 0);
    cr_expect_eq(run_cached(sets, false, "run", TRAIN_RESUME, 6, &b), 0);
    cr_expect_eq(run_cached(sets, true, "run", TRAIN_RESUME, 0, &b), 0);
    cr_expect_eq(tiny_run_crc("run", "model/model.safetensors"),
                 tiny_run_crc("memory", "model/model.safetensors"));
    cr_expect(a.last_loss == b.last_loss);
}

static void expect_refused(const char *const *sets, train_start start, const char *part) {
    base_error error = {0};
    tiny_run_result r;
    cr_assert_not(tiny_run(sets, start, 0, &r, &error));
    cr_expect_eq(error.status, BASE_BAD_INPUT);
    cr_expect(strstr(error.text, part), "%s", error.text);
}

Test(train_cache, another_corpus_is_not_resumed_with) {
    tiny_run_result r;
    static const char *const sets[] = {"max_steps=8", NULL};
    run_cached(sets, true, "run", TRAIN_NEW, 3, &r);
    FILE *f = fopen(fixture_path("nli.tsv"), "r+b");
    fseek(f, -3, SEEK_END);
    fputc('x', f);
    fclose(f);
    char *folder = data("cache.folder=%s", fixture_path("cache"));
    const char *const again[] = {"max_steps=8", folder, NULL};
    expect_refused(again, TRAIN_RESUME, "nli.tsv: the file is not the one that the checkpoint");
    free(folder);
}

Test(train_cache, what_needs_all_rows_at_hand_is_refused) {
    static const struct refusal {
        const char *set, *part;
    } refusals[] = {
        {"train.data.0.sample=0.5", "train.data[0].sample does not go with, expected null there"},
        {"train.data.0.noise=0.5", "train.data[0].noise"},
        {"train.data.0.data=-",
         "cache.folder is set and train.data is \"-\", standard input, expected a file"},
        {"train.data.0.rows=positives", "train.data[0].rows"},
    };
    char *folder = data("cache.folder=%s", fixture_path("cache"));
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        const char *const sets[] = {folder, refusals[i].set, "train.data.0.loss=mnrl",
                                    i == 1 ? "train.data.0.columns=sentence1" : "epochs=1", NULL};
        base_error error = {0};
        tiny_run_result r;
        cr_assert_not(tiny_run(sets, TRAIN_NEW, 0, &r, &error));
        cr_expect(strstr(error.text, refusals[i].part), "%s", error.text);
    }
    cr_expect_not(base_file_exists(fixture_path("run")));
    free(folder);
}

/* ---- the program ---- */

static void make_run(void) {
    program_make_model();
    char *text = data("{\"model\": {\"path\": \"%s\"}, \"output\": \"%s\", \"train\": "
                      "{\"data\": [{\"data\": \"%s\"}]}, \"cache\": {\"folder\": \"%s\"}, "
                      "\"max_steps\": 2}",
                      fixture_path("m"), fixture_path("run"), fixture_path("nli.tsv"),
                      fixture_path("cache"));
    fixture_text("c.json", text);
    free(text);
}

Test(train_cache, the_program_lists_verifies_and_removes) {
    make_run();
    program_expect_part("train $D/c.json", 0, "nli.tsv: 40 rows tokenised into");
    program_expect_part("cache $D/cache | cut -f 2-", 0, "rows\tids\tbytes\tused\tcorpus\n40\t");
    program_expect_part("cache $D/cache --json", 0, "/nli.tsv\"}");
    program_expect_part("cache $D/cache --verify", 0, " is whole\n");
    program_expect_part("help >/dev/null; printf x | dd of=$(echo $D/cache/*/ids) bs=1 seek=30 "
                        "conv=notrunc 2>/dev/null; \"$S\" cache $D/cache --verify",
                        2, "has not the checksum that it was written with");
    program_expect_part("train $D/c.json --overwrite", 2,
                        "the cache is damaged; remove it (sbert cache), and it is made anew");
    program_expect_part("cache $D/cache --remove ../cache", 2, "found no cache \"../cache\" in it");
    program_expect_part("cache $D/cache --remove a --verify", 2, "exclude each other");
    program_expect("cache $D/cache --remove-all", 0, "");
    program_expect("cache $D/cache", 0, "key\trows\tids\tbytes\tused\tcorpus\n");
    program_expect_part("help >/dev/null; ls $D/cache", 0, "checksums.json");
    program_expect_part("cache $D/none", 2, "none: cannot open the folder");
}

/* 64 blocks of 512 bytes are less than the cache takes; what was written is gone. */
Test(train_cache, a_file_that_cannot_grow_leaves_nothing) {
    make_run();
    program_expect_part(
        "help >/dev/null; tail -n +2 $D/nli.tsv >$D/rest.tsv; for i in 1 2 3 4 5 6 7 8 "
        "9; do cat $D/rest.tsv $D/rest.tsv $D/rest.tsv >>$D/nli.tsv; done; (ulimit "
        "-f 30; trap '' XFSZ; \"$S\" train $D/c.json)",
        1, "cannot write: File too large");
    program_expect("help >/dev/null; ls $D/cache; ls -d $D/run 2>/dev/null; true", 0,
                   "checksums.json\n");
}

/* Ends a run by a signal as soon as it makes its cache, which is too large to be made by then. */
static void end_by(const char *signal, int code) {
    char *text =
        data("help >/dev/null; \"$S\" train $D/c.json >/dev/null 2>&1 & p=$!; while kill -0 "
             "$p && ! ls $D/cache/????????????????.part-* >/dev/null 2>&1; do sleep 0.01; done; "
             "kill -%s "
             "$p; wait $p",
             signal);
    base_bytes out = {0};
    cr_expect_eq(program_run(text, &out), code);
    base_bytes_free(&out);
    free(text);
}

Test(train_cache, a_run_that_ends_while_it_makes_its_cache_leaves_no_half_one) {
    make_run();
    program_expect(
        "help >/dev/null; tail -n +2 $D/nli.tsv >$D/rest.tsv; for i in 1 2 3 4 5; do cat "
        "$D/rest.tsv $D/rest.tsv $D/rest.tsv $D/rest.tsv $D/rest.tsv $D/rest.tsv >$D/more; "
        "mv $D/more $D/rest.tsv; done; cat $D/rest.tsv >>$D/nli.tsv",
        0, "");
    end_by("TERM", 143);
    program_expect("help >/dev/null; ls $D/cache", 0, "checksums.json\n");
    end_by("KILL", 137);
    program_expect_part("cache $D/cache", 0, "being made, or left by a killed process");
    program_expect_part("train $D/c.json", 0, "rows tokenised into");
    program_expect_part("cache $D/cache --verify", 0, " is whole\n");
    program_expect("help >/dev/null; ls $D/cache | grep -c part", 1, "0\n");
}
