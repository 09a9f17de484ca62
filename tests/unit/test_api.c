/* The public library: sbert.h, libsbert.so, docs/example.c. */
#define _GNU_SOURCE
#include "base/file.h"
#include "base/version.h"
#include "sbert.h"

#include "nn/weights.h"
#include "tests/fixture.h"
#include "tests/tiny_model.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const texts[] = {"a cat sat.", "the dog", "", "z, y, x"};
enum { TEXTS = 4, WIDTH = 12, ROUNDS = 50 };

Test(api, loads_encodes_and_compares) {
    sbert_model *model = sbert_load(tiny_folder("model"));
    cr_assert_null(sbert_error(model), "%s", sbert_error(model));
    cr_expect_eq(sbert_width(model), WIDTH);
    cr_expect_eq(sbert_max_length(model), 16);
    sbert_encoder *encoder = sbert_encoder_new(model);
    float rows[TEXTS * WIDTH], sized[WIDTH];
    cr_assert_eq(sbert_encode(encoder, texts, NULL, TEXTS, rows), 0);
    const char *longer[] = {"a cat sat. And more."};
    size_t size = 10;
    cr_assert_eq(sbert_encode(encoder, longer, &size, 1, sized), 0);
    cr_expect_float_eq(sbert_cosine(rows, sized, WIDTH), 1, 1e-6);
    cr_expect_lt(sbert_cosine(rows, rows + WIDTH, WIDTH), 0.9999F);
    cr_expect_null(sbert_encoder_error(encoder));
    const float zero[WIDTH] = {0};
    cr_expect_eq(sbert_cosine(rows, zero, WIDTH), 0);
    sbert_encoder_free(encoder);
    sbert_free(model);
}

Test(api, errors_stay_with_their_handle) {
    sbert_model *bad = sbert_load(fixture_path("nowhere"));
    cr_assert_not_null(bad);
    cr_expect(strstr(sbert_error(bad), "no such folder") != NULL);
    cr_expect_eq(sbert_width(bad), 0);
    cr_expect_null(sbert_encoder_new(bad));
    float row[WIDTH];
    cr_expect_eq(sbert_encode(NULL, texts, NULL, 1, row), -1);
    sbert_model *good = sbert_load(tiny_folder("model"));
    cr_expect_null(sbert_error(good));
    cr_expect_not_null(sbert_error(bad));
    sbert_free(bad);
    sbert_free(good);
    sbert_free(NULL);
    sbert_encoder_free(NULL);
    cr_expect_not_null(sbert_error(NULL));
}

typedef struct encode_thread {
    pthread_t thread;
    const sbert_model *model;
    const float *expected;
    size_t different;
} encode_thread;

static void *encode_often(void *context) {
    encode_thread *t = context;
    sbert_encoder *encoder = sbert_encoder_new(t->model);
    float rows[TEXTS * WIDTH];
    for (int i = 0; i < ROUNDS; i++) {
        int code = sbert_encode(encoder, texts, NULL, TEXTS, rows);
        t->different += code != 0 || memcmp(rows, t->expected, sizeof rows) != 0;
    }
    sbert_encoder_free(encoder);
    return NULL;
}

Test(api, two_threads_encode_with_one_model) {
    sbert_model *model = sbert_load(tiny_folder("model"));
    cr_assert_eq(sbert_threads(2), 0);
    sbert_encoder *encoder = sbert_encoder_new(model);
    float expected[TEXTS * WIDTH];
    cr_assert_eq(sbert_encode(encoder, texts, NULL, TEXTS, expected), 0);
    encode_thread threads[2];
    for (int i = 0; i < 2; i++) {
        threads[i] = (encode_thread){.model = model, .expected = expected};
        pthread_create(&threads[i].thread, NULL, encode_often, &threads[i]);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i].thread, NULL);
        cr_expect_eq(threads[i].different, 0);
    }
    sbert_encoder_free(encoder);
    sbert_free(model);
}

static int cpus_of_the_caller(void) {
    cpu_set_t mask;
    cr_assert_eq(sched_getaffinity(0, sizeof mask, &mask), 0);
    return CPU_COUNT(&mask);
}

Test(api, threads_pin_the_caller_only_when_asked) {
    int cpus = cpus_of_the_caller();
    cr_assert_eq(sbert_threads((size_t)cpus), 0);
    cr_expect_eq(cpus_of_the_caller(), cpus);
    cr_expect_eq(sbert_pin_threads(), 0);
    cr_expect_eq(cpus_of_the_caller(), 1);
    cr_assert_eq(sbert_threads(1), 0);
    cr_expect_eq(cpus_of_the_caller(), cpus);
}

static void note(void *context, int warning, const char *sentence) {
    if (warning && strstr(sentence, "takes no part"))
        ++*(int *)context;
}

Test(api, warnings_go_to_the_callback) {
    base_error error = {0};
    const char *folder = tiny_folder("model");
    nn_model *m = nn_model_load(folder, NULL, &error);
    cr_assert_not_null(m);
    m->extra->tensors[0].name[0] = 'x'; /* pooler. -> xooler. */
    cr_assert(nn_model_save(m, folder, true, &error), "%s", error.text);
    nn_model_free(m);
    int warnings = 0;
    sbert_log_to(note, &warnings);
    sbert_free(sbert_load(folder));
    sbert_log_to(NULL, NULL);
    cr_expect_eq(warnings, 1);
}

Test(api, version_is_that_of_the_header) {
    cr_expect_str_eq(sbert_version(), BASE_VERSION);
}

/* Next to this test program lie the library and the example. */
static const char *built(const char *name) {
    char self[512];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    cr_assert(n > 0);
    self[n] = '\0';
    *strrchr(self, '/') = '\0';
    static char path[600];
    snprintf(path, sizeof path, "%s/%s", self, name);
    return path;
}

static char *output_of(const char *command, int *code) {
    FILE *pipe = popen(command, "r");
    cr_assert_not_null(pipe);
    char *out = calloc(1, 1 << 16);
    size_t n = fread(out, 1, (1 << 16) - 1, pipe);
    out[n] = '\0';
    *code = pclose(pipe);
    return out;
}

static size_t declared_functions(void) {
    base_bytes header = {0};
    base_error error = {0};
    cr_assert(base_file_read("sbert.h", &header, &error), "%s", error.text);
    size_t count = 0;
    for (const char *at = header.data; (at = strstr(at, "\nSBERT_API ")); at++)
        count++;
    base_bytes_free(&header);
    return count;
}

static void expect_only_sbert_names(const char *nm, const char *library) {
    int code;
    char *command = base_format("%s --defined-only %s", nm, built(library));
    char *names = output_of(command, &code);
    cr_assert_eq(code, 0);
    size_t functions = 0;
    for (char *line = strtok(names, "\n"); line; line = strtok(NULL, "\n")) {
        const char *name = strrchr(line, ' ');
        if (!name)
            continue; /* the name of the object in an archive */
        cr_expect(!strncmp(name, " sbert_", 7), "%s exports%s", library, name);
        functions++;
    }
    cr_expect_eq(functions, declared_functions(), "%s: %zu functions", library, functions);
    free(names);
    free(command);
}

Test(api, libraries_export_what_the_header_declares_and_nothing_else) {
    expect_only_sbert_names("nm -D", "libsbert.so");
    expect_only_sbert_names("nm -g", "libsbert.a");
}

Test(api, shared_library_has_a_soname_of_the_major_version) {
    int code;
    char *command = base_format("objdump -p %s | grep SONAME", built("libsbert.so"));
    char *out = output_of(command, &code);
    char *expected = base_format("libsbert.so.%d\n", atoi(BASE_VERSION));
    cr_expect(strstr(out, expected) != NULL, "%s", out);
    free(expected);
    free(out);
    free(command);
}

Test(api, example_runs) {
    int code;
    char *command = base_format("%s %s 'a cat sat.' 'a cat sat.' 'the dog'", built("example"),
                                tiny_folder("model"));
    char *out = output_of(command, &code);
    cr_assert_eq(code, 0);
    cr_expect(!strncmp(out, "1.0000  a cat sat.\n", 19), "%s", out);
    cr_expect(strstr(out, "the dog\n") != NULL);
    free(out);
    free(command);
    command = base_format("%s %s a b 2>&1", built("example"), fixture_path("nowhere"));
    out = output_of(command, &code);
    cr_expect_eq(code >> 8, 2);
    cr_expect(strstr(out, "no such folder") != NULL, "%s", out);
    free(out);
    free(command);
}
