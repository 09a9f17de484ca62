/* The same bits for any number of threads: whole runs of the program with dropout, at every level
 * of kernels and under the BLAS's own levels. SBERT_BITS_STEPS sets their length (`make check-bits`
 * takes 200). */
#define _POSIX_C_SOURCE 200809L
#include "base/cpu.h"
#include "base/file.h"
#include "tests/fixture.h"
#include "tests/program.h"
#include "tests/tiny_run.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool long_run(void) {
    return getenv("SBERT_BITS_STEPS") != NULL;
}

static void run_program(const char *arguments) {
    base_bytes out = {0};
    cr_assert_eq(program_run(arguments, &out), 0, "sbert %s: %s", arguments, out.data);
    base_bytes_free(&out);
}

/* `model`: the config's member of this name. */
static void write_inputs_of(const char *model) {
    const char *steps = getenv("SBERT_BITS_STEPS");
    char *config =
        base_format("{\"output\": \"%s\", \"model\": %s, \"train\": {\"data\": [{\"data\": "
                    "\"%s/synth/nli-train.tsv\"}]}, "
                    "\"batch_size\": 32, \"max_steps\": %s, \"log_every\": 1000, "
                    "\"evaluation\": {\"data\": []}, \"checkpoint\": {\"every\": 0}}",
                    fixture_path("run"), model, fixture_folder(), steps ? steps : "12");
    run_program("synth --out $D/synth 2>&1");
    run_program("vocab $D/synth/sentences.txt --size 500 --out $D/synth/vocab.txt 2>&1");
    fixture_text("bits.json", config);
    free(config);
}

static uint32_t train(size_t threads) {
    char *arguments = base_format("train $D/bits.json --overwrite --threads %zu 2>&1", threads);
    run_program(arguments);
    free(arguments);
    return tiny_run_crc("run", "model/model.safetensors");
}

/* NULL: not set, which is the best that the CPU has. */
/* `encoder`: a config.json; the model is from scratch. */
static void write_inputs(const char *encoder) {
    char *model = base_format("{\"config\": \"%s\", \"vocab\": \"%s/synth/vocab.txt\", "
                              "\"max_seq_length\": 32}",
                              encoder, fixture_folder());
    write_inputs_of(model);
    free(model);
}

static void check(const char *kernels, const char *blas) {
    static const size_t few[] = {2, 3, 16, 0}, many[] = {2, 3, 4, 8, 16, 32, 64, 0};
    if (kernels)
        setenv("SBERT_CPU", kernels, 1);
    if (blas)
        setenv("OPENBLAS_CORETYPE", blas, 1);
    write_inputs("configs/bert/tiny.json"); /* small, but products are cut into several tiles */
    uint32_t one = train(1);
    for (const size_t *threads = long_run() ? many : few; *threads; threads++)
        cr_expect_eq(train(*threads), one, "%zu threads, kernels %s, OpenBLAS %s", *threads,
                     kernels ? kernels : "best", blas ? blas : "its choice");
}

static void check_at(base_cpu_level level, const char *kernels, const char *blas) {
    if (base_cpu_best() < level)
        cr_skip_test("this CPU does not have %s", base_cpu_level_name(level));
    check(kernels, blas);
}

Test(same_bits, baseline_kernels) {
    check("baseline", NULL);
}

Test(same_bits, avx2_kernels) {
    check_at(BASE_CPU_AVX2, "avx2", NULL);
}

Test(same_bits, best_kernels) {
    check(NULL, NULL);
}

Test(same_bits, openblas_haswell) {
    check_at(BASE_CPU_AVX2, NULL, "Haswell");
}

Test(same_bits, openblas_skylakex) {
    check_at(BASE_CPU_AVX512, NULL, "SkylakeX");
}

static void check_threads(const char *name) {
    uint32_t one = train(1);
    for (size_t threads = 2; threads <= 4; threads++)
        cr_expect_eq(train(threads), one, "%s, %zu threads", name, threads);
}

/* One that is no Transformer: from a folder. */
static void check_folder(const char *name, const char *folder) {
    char *model = base_format("{\"path\": \"%s\"}", folder);
    write_inputs_of(model);
    check_threads(name);
    free(model);
}

/* A model of every encoder of the table: its "model_type" with '_' for '-', and ALBERT's and
 * ModernBERT's own sizes, which the others pass over. */
static void check_encoder(const char *name) {
    if (!strcmp(name, "static") || !strcmp(name, "word_embeddings")) {
        check_folder(name, !strcmp(name, "static") ? "tests/golden/static/rows"
                                                   : "tests/golden/static/words");
        return;
    }
    char type[32] = "", *dash;
    snprintf(type, sizeof type, "%s", name);
    while ((dash = strchr(type, '_')))
        *dash = '-';
    char *config = base_format(
        "{\"model_type\": \"%s\", \"hidden_size\": 96, \"num_hidden_layers\": 3, "
        "\"num_attention_heads\": 3, \"intermediate_size\": 160, \"max_position_embeddings\": 40, "
        "\"dim\": 96, \"n_layers\": 2, \"n_heads\": 3, \"hidden_dim\": 160, "
        "\"embedding_size\": 48, \"hidden_dropout_prob\": 0.1, "
        "\"attention_probs_dropout_prob\": 0.1}",
        type);
    fixture_text("encoder.json", config);
    write_inputs(fixture_path("encoder.json"));
    check_threads(type);
    free(config);
}

#define ENCODER(name)                                                                              \
    Test(same_bits, encoder_##name) {                                                              \
        check_encoder(#name);                                                                      \
    }
#include "nn/encoders.def"
#undef ENCODER

/* Cores that the long form alone looks at. */
#define LONG(name, level, core)                                                                    \
    Test(same_bits, name) {                                                                        \
        if (!long_run())                                                                           \
            cr_skip_test("a long run: make check-bits");                                           \
        check_at(level, NULL, core);                                                               \
    }
LONG(openblas_cooperlake, BASE_CPU_AVX512, "Cooperlake")
LONG(openblas_zen, BASE_CPU_AVX2, "Zen")
LONG(openblas_sandybridge, BASE_CPU_AVX2, "Sandybridge")
LONG(openblas_nehalem, BASE_CPU_BASELINE, "Nehalem")
LONG(openblas_prescott, BASE_CPU_BASELINE, "Prescott")

/* Of a CPU that OpenBLAS does not know it uses a sixth, unless it is told what to take. */
Test(same_bits, the_blas_takes_a_core_that_fits_the_cpu) {
    unsetenv("OPENBLAS_CORETYPE");
    unsetenv("SBERT_CPU");
    write_inputs("configs/bert/tiny.json");
    base_bytes out = {0};
    cr_assert_eq(program_run("train $D/bits.json --set max_steps=1 2>&1", &out), 0);
    cr_expect(strstr(out.data, ", core "), "%s", out.data);
    cr_expect_not(strstr(out.data, "would be faster"), "%s", out.data);
    base_bytes_free(&out);
}
