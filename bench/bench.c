#define _DEFAULT_SOURCE
#include "bench/bench.h"

#include "autograd/kernels/gemm.h"
#include "autograd/runtime.h"
#include "base/cpu.h"
#include "base/file.h"
#include "bench/child.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const bench_case cases[] = {
#define CASE(...) {__VA_ARGS__},
#include "bench/cases.def"
#undef CASE
};
enum { CASES = sizeof cases / sizeof *cases };

static const char *setting(const char *name, const char *otherwise) {
    const char *value = getenv(name);
    return value && *value ? value : otherwise;
}

static size_t number(const char *name, size_t otherwise) {
    const char *value = setting(name, NULL);
    unsigned long n = value ? strtoul(value, NULL, 10) : 0;
    return n ? n : otherwise;
}

/* Whether the word stands in a list of words separated by spaces. */
static bool listed(const char *list, const char *word) {
    size_t n = strlen(word);
    for (const char *at = list; (at = strstr(at, word)); at += n)
        if ((at == list || at[-1] == ' ') && (at[n] == ' ' || at[n] == 0))
            return true;
    return false;
}

/* ---- what is measured on ---- */

static void print_series(const bench_series *series) {
    printf("  %10.5g (%.5g to %.5g)", bench_series_median(series, 0), bench_series_low(series),
           bench_series_high(series));
}

void bench_report(const char *name, const char *unit, const bench_series *ours,
                  const bench_series *peer) {
    printf("%-16s %-24s", name, unit);
    print_series(ours);
    if (peer && peer->count) {
        print_series(peer);
        printf("  %6.2f", bench_series_median(ours, 0) / bench_series_median(peer, 0));
    }
    putchar('\n');
    fflush(stdout);
}

static void describe(const bench *b, cJSON *report) {
    const char *git[] = {"git", "rev-parse", "--short", "HEAD", NULL};
    bench_child child;
    base_error no_git = {0};
    gemm_description blas = gemm_describe();
    bool known = bench_child_run(git, NULL, &child, &no_git);
    cJSON_AddStringToObject(report, "commit", known ? strtok(child.out.data, "\n") : "unknown");
    cJSON_AddStringToObject(report, "cpu", base_cpu_name());
    cJSON_AddStringToObject(report, "kernels", base_cpu_level_name(base_cpu_best()));
    cJSON_AddStringToObject(report, "blas", blas.version);
    cJSON_AddStringToObject(report, "blas_core", blas.core);
    cJSON_AddStringToObject(report, "blas_threading", blas.threading);
    cJSON_AddNumberToObject(report, "threads", (double)b->threads);
    cJSON_AddNumberToObject(report, "repeat", (double)b->repeat);
    base_bytes_free(&child.out);
}

/* ---- models and rows ---- */

static bool read_sizes(bench_model *model, base_error *error) {
    char *path = base_path(model->folder, "config.json", error);
    cJSON *config = path ? base_json_file(path, error) : NULL;
    bool ok =
        config && base_json_size(config, "hidden_size", 1, 1 << 20, &model->hidden, path, error) &&
        base_json_size(config, "num_hidden_layers", 1, 256, &model->layers, path, error) &&
        base_json_size(config, "intermediate_size", 1, 1 << 20, &model->intermediate, path, error);
    cJSON_Delete(config);
    free(path);
    return ok;
}

/* A random model by `sbert init`, made once. */
static bool make_model(const bench *b, bench_model *model, const char *config, const char *vocab,
                       base_error *error) {
    char *encoder = base_format("model.config=%s", config),
         *words = base_format("model.vocab=%s", vocab);
    const char *argv[] = {b->sbert, "init", "bench/init.json", "--set",       encoder,
                          "--set",  words,  "--out",           model->folder, NULL};
    bench_child child = {0};
    bool ok = base_file_is_folder(model->folder) || bench_child_run(argv, NULL, &child, error);
    base_bytes_free(&child.out);
    free(encoder);
    free(words);
    return ok && read_sizes(model, error);
}

/* The built-in corpus, where the real ones are absent. */
static bool make_corpus(const bench *b, base_error *error) {
    const char *argv[] = {b->sbert, "synth", "--out", BENCH_FOLDER "/synth", NULL};
    bench_child child = {0};
    bool ok =
        base_file_is_folder(BENCH_FOLDER "/synth") || bench_child_run(argv, NULL, &child, error);
    base_bytes_free(&child.out);
    return ok;
}

static char *shared(const char *name) {
    return base_format("%s/data/%s", setting("SBERT_SHARED", "../shared"), name);
}

/* The rows of both sides: SNLI and MultiNLI, or the built-in corpus. */
static bool prepare_rows(bench *b, base_error *error) {
    char *sts = shared("stsb/sts-test.csv");
    b->nli = shared("nli-mix/train.tsv.gz");
    if (!base_file_exists(b->nli)) {
        free(b->nli);
        free(sts);
        b->nli = base_format("%s", BENCH_FOLDER "/synth/nli-train.tsv");
        sts = base_format("%s", BENCH_FOLDER "/synth/sts-test.tsv");
        make_corpus(b, error);
    }
    bool ok = base_ok(error) && bench_rows_write(b->nli, sts, error);
    free(sts);
    return ok;
}

/* BERT's vocabulary, or where it is absent one that the built-in corpus has. */
static char *find_vocab(const bench *b, base_error *error) {
    const char *argv[] = {b->sbert,
                          "vocab",
                          BENCH_FOLDER "/synth/sentences.txt",
                          "--out",
                          BENCH_FOLDER "/vocab.txt",
                          "--overwrite",
                          NULL};
    char *vocab = shared("vocab/bert-base-uncased/vocab.txt");
    if (vocab && base_file_exists(vocab))
        return vocab;
    free(vocab);
    bench_child child = {0};
    bool ok = make_corpus(b, error) && bench_child_run(argv, NULL, &child, error);
    base_bytes_free(&child.out);
    return ok ? base_format("%s", BENCH_FOLDER "/vocab.txt") : NULL;
}

/* The folder that a variable names, or a random model that `sbert init` makes of a config. */
static const struct {
    const char *variable, *config, *folder;
} models[BENCH_MODELS] = {
    [BENCH_MINILM] = {"SBERT_MINILM", "bench/minilm.json", BENCH_FOLDER "/minilm"},
    [BENCH_BERT_BASE] = {NULL, "bench/bert-base.json", BENCH_FOLDER "/base"},
    [BENCH_MPNET_BASE] = {"SBERT_MPNET", "bench/mpnet-base.json", BENCH_FOLDER "/mpnet"},
};

/* The model of a case, when no case before it had the same. */
static bool prepare_model(bench *b, const bench_case *c, base_error *error) {
    bench_model *model = &b->model[c->model];
    const char *variable = models[c->model].variable;
    const char *given = variable ? setting(variable, NULL) : NULL;
    if (model->hidden)
        return true;
    model->folder = given ? given : models[c->model].folder;
    if (given)
        return read_sizes(model, error);
    char *vocab = find_vocab(b, error);
    bool ok = vocab && make_model(b, model, models[c->model].config, vocab, error);
    free(vocab);
    return ok;
}

/* ---- all cases ---- */

/* After every case, so that what is finished stays when the bench is stopped. */
static bool write_report(const cJSON *report, base_error *error) {
    char *text = base_json_print(report);
    bool ok = text && base_file_write(setting("OUT", BENCH_FOLDER "/bench.json"), text,
                                      strlen(text), error);
    free(text);
    return ok;
}

static bool run_cases(bench *b, const cJSON *report, base_error *error) {
    const char *wanted = setting("CASES", NULL);
    printf("%-16s %-24s  %10s %-18s  %10s\n", "case", "unit", "ours", "(low to high)",
           b->peer ? "peer, ratio" : "");
    for (size_t i = 0; i < CASES && base_ok(error); i++) {
        if (wanted && !listed(wanted, cases[i].name))
            continue;
        cJSON *result = cJSON_CreateObject();
        bool ok = prepare_model(b, &cases[i], error) && cases[i].run(b, &cases[i], result, error);
        if (ok && cJSON_AddItemToObject(b->results, cases[i].name, result)) {
            write_report(report, error);
            continue;
        }
        cJSON_Delete(result);
        base_fail_prefix(error, "%s", cases[i].name);
    }
    return base_ok(error);
}

/* OpenBLAS reads these when it is loaded, before main: the bench starts again without them, and
 * then with the kernels that the program chooses, so that its own ceiling is measured with those.
 */
static void choose_blas(char **argv) {
    const bool again = getenv("SBERT_BENCH_AGAIN") != NULL;
    if (!again && (getenv("OPENBLAS_CORETYPE") || getenv("OPENBLAS_L2_SIZE"))) {
        unsetenv("OPENBLAS_CORETYPE");
        unsetenv("OPENBLAS_L2_SIZE");
        setenv("SBERT_BENCH_AGAIN", "1", 1);
        execv("/proc/self/exe", argv);
        fprintf(stderr, "bench: cannot start again without OPENBLAS_CORETYPE: unset it\n");
        exit(1);
    }
    setenv("SBERT_BENCH_AGAIN", "1", 1);
    tape_runtime_restart(argv);
}

int main(int argc, char **argv) {
    (void)argc;
    choose_blas(argv);
    setvbuf(stdout, NULL, _IOLBF, 0); /* each case is seen when it is measured, in a pipe too */
    base_error error = {0};
    bench b = {.peer = setting("PEER", NULL),
               .sbert = "build/release/sbert",
               .repeat = number("REPEAT", 3),
               .threads = number("THREADS", base_cpu_threads())};
    cJSON *report = cJSON_CreateObject();
    bool ok = base_folder_make(BENCH_FOLDER, &error) && prepare_rows(&b, &error);
    describe(&b, report);
    b.results = cJSON_AddObjectToObject(report, "cases");
    if (ok)
        run_cases(&b, report, &error);
    free(b.nli);
    cJSON_Delete(report);
    if (!base_ok(&error))
        fprintf(stderr, "bench: %s\n", error.text);
    return (int)error.status;
}
