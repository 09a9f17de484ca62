/* From batch to update a training step makes no heap allocation after warm-up: counted over 200
 * steps of mixed lengths, in all threads, with two corpora, two losses and several epochs. */
#include "autograd/runtime.h"
#include "base/random.h"
#include "tests/fixture.h"
#include "tests/heap_count.h"
#include "tests/tiny_model.h"
#include "train/trainer.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { ROWS = 300, WARM_UP = 80, STEPS = 200, LONGEST = 20 };

/* NLI rows of 1 to LONGEST letters a text. */
static const char *write_rows(void) {
    static const char *const labels[] = {"entailment", "neutral", "contradiction"};
    base_error error = {0};
    base_bytes text = {0};
    base_random r = base_random_stream(1, "rows");
    base_bytes_format(&text, &error, "gold_label\tsentence1\tsentence2");
    for (size_t i = 0; i < ROWS; i++) {
        base_bytes_format(&text, &error, "\n%s", labels[base_random_below(&r, 3)]);
        for (size_t column = 0; column < 2; column++) {
            base_bytes_add(&text, "\t", 1, &error);
            for (size_t n = 1 + base_random_below(&r, LONGEST); n > 0; n--)
                base_bytes_format(&text, &error, "%c ", 'a' + (int)base_random_below(&r, 26));
        }
    }
    base_bytes_add(&text, "\n", 1, &error);
    cr_assert(base_ok(&error), "%s", error.text);
    const char *path = fixture_write("rows.txt", text.data, text.size);
    base_bytes_free(&text);
    return path;
}

static train_config *new_config(void) {
    base_error error = {0};
    const char *rows = write_rows();
    char *text = base_format(
        "{\"output\": \"%s\", \"model\": {\"path\": \"%s\"},"
        " \"train\": {\"data\": [{\"data\": \"%s\"},"
        " {\"data\": \"%s\", \"rows\": \"positives\", \"loss\": \"mnrl\"}]},"
        " \"batch_size\": 8, \"epochs\": 50, \"max_steps\": %d, \"log_every\": 100000,"
        " \"evaluation\": {\"at_start\": false, \"every\": 0}, \"checkpoint\": {\"every\": 0}}",
        fixture_path("run"), tiny_folder("model"), rows, rows, WARM_UP + STEPS + 1);
    cJSON *tree = cJSON_Parse(text);
    free(text);
    train_config *config = train_config_from(tree, "test", NULL, 0, &error);
    cr_assert_not_null(config, "%s", error.text);
    return config;
}

typedef struct count {
    size_t steps, before, after;
} count;

/* Asked before each step (and, of no interest, while the trainer is made). */
static bool look(void *context) {
    count *c = context;
    if (c->steps == WARM_UP)
        c->before = heap_count();
    if (c->steps == WARM_UP + STEPS)
        c->after = heap_count();
    c->steps++;
    return false;
}

Test(training, steps_allocate_nothing_after_warm_up) {
    if (!heap_count_works())
        cr_skip_test("allocations cannot be counted under a sanitizer or without glibc");
    base_error error = {0};
    cr_assert(tape_runtime_start(2, &error), "%s", error.text);
    train_config *config = new_config();
    count c = {0};
    train_events events = {.context = &c, .stop = look};
    train_trainer *trainer = train_trainer_new(config, TRAIN_NEW, NULL, &events, &error);
    cr_assert_not_null(trainer, "%s", error.text);
    c = (count){0};
    train_outcome outcome;
    cr_assert(train_trainer_run(trainer, &outcome, &error), "%s", error.text);
    cr_expect_eq(c.steps, WARM_UP + STEPS + 1);
    cr_expect_eq(c.after, c.before, "%zu allocations in %d steps", c.after - c.before, STEPS);
    train_trainer_free(trainer);
    train_config_free(config);
}
