/* The gradient cache, and losses on leaves: the same run as without, dropout on. */
#include "tests/fixture.h"
#include "tests/tiny_run.h"

#include "base/threads.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

TestSuite(cached, .init = tiny_corpora);

static const char guided[] = "{\"data\": \"%s\", \"rows\": \"positives\", \"teacher\": \"%s\", "
                             "\"loss\": \"gist\"}";

/* Of nli.tsv, or of sts.tsv for scores. */
static const char *const entries[] = {
    "{\"data\": \"%s\", \"rows\": \"triplets\", \"loss\": \"mnrl\"}",
    "{\"data\": \"%s\", \"rows\": \"positives\", \"loss\": {\"name\": \"mnrl\", \"directions\": "
    "[\"query_to_doc\", \"doc_to_query\"], \"partition_mode\": \"per_direction\"}}",
    "{\"data\": \"%s\", \"rows\": \"triplets\", \"loss\": {\"name\": \"matryoshka\", \"loss\": "
    "\"mnrl\", \"dims\": [8, 4]}}",
    "{\"data\": \"%s\", \"loss\": \"softmax\"}",
    "{\"data\": \"%s\", \"loss\": \"cosent\", \"score_range\": [0, 5]}",
    "{\"data\": \"%s\", \"loss\": \"cosine\", \"score_range\": [0, 5]}",
};
enum { ENTRIES = sizeof entries / sizeof *entries };

static tiny_run_result run(const char *entry, const char *cached, train_start start,
                           size_t stop_at) {
    char data[600] = "train.data=[", key[40];
    size_t used = strlen(data);
    snprintf(data + used, sizeof data - used, entry,
             fixture_path(strstr(entry, "score_range") ? "sts.tsv" : "nli.tsv"));
    strcat(data, "]");
    snprintf(key, sizeof key, "cached=%s", cached);
    const char *sets[] = {data, key, "batch_size=6", "learning_rate=1e-4", NULL};
    return tiny_run_well(sets, start, stop_at);
}

/* The first loss is one of the same weights. Adam divides a gradient by its own size, so rounding
 * of one that is nearly 0 moves a weight by a whole step: later losses tell it apart in double. */
static void expect_equal(const tiny_run_result *a, const tiny_run_result *b, const char *entry,
                         const char *cached) {
    bool exact = sizeof(real) == sizeof(double);
    double first = exact ? 1e-10 : 2e-6, last = exact ? 1e-10 : 2e-5;
    cr_expect(fabs(a->first_loss - b->first_loss) <= first * fabs(a->first_loss),
              "%s, cached %s: first loss %.9g, expected %.9g", entry, cached, b->first_loss,
              a->first_loss);
    cr_expect(fabs(a->last_loss - b->last_loss) <= last * fabs(a->last_loss),
              "%s, cached %s: last loss %.9g, expected %.9g", entry, cached, b->last_loss,
              a->last_loss);
}

Test(cached, micro_batches_give_the_losses_of_the_whole_batch) {
    for (size_t i = 0; i < ENTRIES; i++) {
        tiny_run_result whole = run(entries[i], "null", TRAIN_OVERWRITE, 0);
        static const char *const micro[] = {"1", "4", "6"};
        for (size_t m = 0; m < 3; m++) {
            tiny_run_result parts = run(entries[i], micro[m], TRAIN_OVERWRITE, 0);
            expect_equal(&whole, &parts, entries[i], micro[m]);
        }
    }
}

Test(cached, a_guide_sees_the_whole_batch) {
    char entry[400];
    snprintf(entry, sizeof entry, guided, "%s", "tests/golden/tiny/model");
    tiny_run_result whole = run(entry, "null", TRAIN_OVERWRITE, 0),
                    parts = run(entry, "2", TRAIN_OVERWRITE, 0);
    expect_equal(&whole, &parts, entry, "2");
}

Test(cached, bits_do_not_depend_on_threads) {
    uint32_t first = 0;
    for (size_t threads = 1; threads <= 3; threads++) {
        base_error error = {0};
        cr_assert(base_threads_start(threads, &error));
        run(entries[0], "4", TRAIN_OVERWRITE, 0);
        uint32_t crc = tiny_run_crc("run", "model/model.safetensors");
        first = threads == 1 ? crc : first;
        cr_assert_eq(crc, first, "%zu threads", threads);
    }
    base_threads_stop();
}

Test(cached, a_resumed_run_has_the_same_bits) {
    run(entries[0], "4", TRAIN_OVERWRITE, 0);
    uint32_t whole = tiny_run_crc("run", "model/model.safetensors");
    run(entries[0], "4", TRAIN_OVERWRITE, 2);
    run(entries[0], "4", TRAIN_RESUME, 0);
    cr_expect_eq(whole, tiny_run_crc("run", "model/model.safetensors"));
}

static void expect_refused(const char *first, const char *second, const char *part) {
    const char *sets[] = {first, second, NULL};
    base_error error = {0};
    tiny_run_result result;
    cr_expect_not(tiny_run(sets, TRAIN_OVERWRITE, 0, &result, &error));
    cr_expect_eq(error.status, BASE_BAD_INPUT);
    cr_expect(strstr(error.text, part), "%s: expected \"%s\"", error.text, part);
}

Test(cached, what_cannot_be_is_refused) {
    expect_refused("batch_size=4", "cached=5", "cached is 5, expected at most batch_size, 4");
    expect_refused("train.data.0.loss={\"name\": \"adaptive_layer\", \"loss\": \"softmax\"}",
                   "cached=2", "cached is 2, but the loss adaptive_layer");
    expect_refused("batch_size=4", "cached=0", "cached is 0, expected");
}
