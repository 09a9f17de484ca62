/* Random damage to a model folder's files: loading may fail, with one sentence, but never crashes.
 * Run under the sanitizers this is a small fuzzer. */
#include "base/file.h"
#include "base/log.h"
#include "base/random.h"
#include "tests/fixture.h"
#include "tests/tiny_model.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TRIES = 60, HEADER = 4096 };

static const char *const files[] = {
    "config.json",
    "modules.json",
    "1_Pooling/config.json",
    "model.safetensors",
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.txt",
    "sentence_bert_config.json",
    "config_sentence_transformers.json",
};

/* A byte changed, a piece cut out, or the end cut off, mostly near the beginning. */
static size_t damage(char *bytes, size_t size, base_random *r) {
    size_t near = size < HEADER ? size : HEADER, at = (size_t)base_random_below(r, near);
    size_t rest = size - at, cut = 1 + (size_t)base_random_below(r, rest < 20 ? rest : 20);
    switch (base_random_below(r, 4)) {
    case 0:
        return at;
    case 1:
        memmove(bytes + at, bytes + at + cut, rest - cut);
        return size - cut;
    case 2:
        bytes[at] = "0123456789-.eE[]{}\",:"[base_random_below(r, 21)];
        return size;
    default:
        bytes[at] = (char)base_random_below(r, 256);
        return size;
    }
}

static void load_damaged(const char *folder) {
    base_error error = {0};
    nn_model *m = nn_model_load(folder, NULL, &error);
    cr_expect_eq(m == NULL, !base_ok(&error), "%s", error.text);
    cr_expect(m || error.text[0], "no sentence");
    cr_expect_null(strchr(error.text, '\n'));
    if (!m)
        return;
    data_text text = {"a cat sat.", 10};
    float *row = base_alloc(m->width, sizeof *row, &error);
    nn_context *context = nn_context_new(&error);
    nn_model_encode(m, context, &text, 1, 0, row, NULL, &error);
    nn_context_free(context);
    free(row);
    nn_model_free(m);
}

static void quiet(void *context, base_log_level level, const char *sentence) {
    (void)context;
    (void)level;
    (void)sentence;
}

Test(model_damaged, never_crashes) {
    const char *folder = tiny_folder("model");
    base_log_to(quiet, NULL);
    base_random r = base_random_stream(1, "damage");
    for (size_t f = 0; f < sizeof files / sizeof *files; f++) {
        char name[128];
        base_bytes good = {0}, bad = {0};
        base_error error = {0};
        snprintf(name, sizeof name, "model/%s", files[f]);
        cr_assert(base_file_read(fixture_path(name), &good, &error), "%s", error.text);
        for (int i = 0; i < TRIES; i++) {
            bad.size = 0;
            cr_assert(base_bytes_add(&bad, good.data, good.size, &error));
            fixture_write(name, bad.data, damage(bad.data, bad.size, &r));
            load_damaged(folder);
        }
        fixture_write(name, good.data, good.size);
        base_bytes_free(&good);
        base_bytes_free(&bad);
    }
}
