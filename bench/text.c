/* Encoding and tokenising, our side inside this process. */
#include "autograd/runtime.h"
#include "base/cpu.h"
#include "base/file.h"
#include "base/threads.h"
#include "bench/bench.h"
#include "data/reader.h"
#include "data/token_store.h"
#include "nn/model.h"

#include <stdio.h>
#include <stdlib.h>

static data_corpus *read_sentences(base_error *error) {
    data_reader_options options = {.columns = 1, .column = {"sentence"}, .kind = DATA_TARGET_NONE};
    return data_read(BENCH_SENTENCES, &options, error);
}

/* The corpus's texts; heap memory. */
static data_text *texts_of(const data_corpus *corpus, base_error *error) {
    data_text *texts = base_alloc(data_corpus_rows(corpus), sizeof *texts, error);
    data_row row;
    for (size_t i = 0; texts && i < data_corpus_rows(corpus); i++) {
        data_corpus_row(corpus, i, &row);
        texts[i] = row.text[0];
    }
    return texts;
}

static void report(const bench_case *c, const char *unit, const bench_series *series,
                   cJSON *result) {
    bench_report(c->name, unit, &series[0], &series[1]);
    cJSON_AddItemToObject(result, "ours", bench_series_json(&series[0]));
    if (series[1].count)
        cJSON_AddItemToObject(result, "peer", bench_series_json(&series[1]));
}

/* ---- encode ---- */

/* Sentences a second, the model loaded and warm. */
static double encode_ours(const bench *b, const char *folder, const data_text *texts, size_t count,
                          base_error *error) {
    double seconds = 0;
    nn_model *model = NULL;
    nn_context *context = NULL;
    float *out = NULL;
    size_t warm = count < 64 ? count : 64;
    bool started = tape_runtime_start(b->threads, error);
    if (started)
        base_threads_pin();
    if (started && (model = nn_model_load(folder, NULL, error)) &&
        (context = nn_context_new(error)) &&
        (out = base_alloc(count * model->encoded, sizeof *out, error)) &&
        nn_model_encode(model, context, texts, warm, 0, out, NULL, error)) {
        double start = base_cpu_seconds();
        nn_model_encode(model, context, texts, count, 0, out, NULL, error);
        seconds = base_cpu_seconds() - start;
    }
    free(out);
    nn_context_free(context);
    nn_model_free(model);
    base_threads_stop();
    return base_ok(error) ? (double)count / seconds : 0;
}

bool bench_encode(bench *b, const bench_case *c, cJSON *result, base_error *error) {
    bench_series speed[2] = {0};
    char threads[24];
    snprintf(threads, sizeof threads, "%zu", b->threads);
    const char *folder = b->model[c->model].folder;
    const char *argv[] = {b->peer, "bench/peer.py", "encode", folder,
                          threads, BENCH_SENTENCES, NULL};
    data_corpus *corpus = read_sentences(error);
    data_text *texts = corpus ? texts_of(corpus, error) : NULL;
    for (size_t turn = 0; texts && turn < b->repeat && base_ok(error); turn++) {
        double peer = 0;
        bench_series_add(&speed[0], encode_ours(b, folder, texts, data_corpus_rows(corpus), error));
        if (b->peer && base_ok(error) &&
            bench_peer_number(argv, "sentences_per_second", &peer, error))
            bench_series_add(&speed[1], peer);
    }
    if (base_ok(error))
        report(c, "sentences/s", speed, result);
    free(texts);
    data_corpus_free(corpus);
    return base_ok(error);
}

/* ---- tokenise ---- */

/* Ids a second on one thread; *ids counts them. */
static double tokenize_ours(const data_tokenizer *tokenizer, const data_text *texts, size_t count,
                            double *ids, base_error *error) {
    data_tokens tokens = {0};
    double start = base_cpu_seconds();
    *ids = 0;
    for (size_t i = 0; i < count && base_ok(error); i++)
        if (data_tokenizer_encode(tokenizer, texts[i].bytes, texts[i].size, 1 << 20, &tokens,
                                  error))
            *ids += (double)tokens.count;
    double seconds = base_cpu_seconds() - start;
    data_tokens_free(&tokens);
    return *ids / seconds;
}

bool bench_tokenize(bench *b, const bench_case *c, cJSON *result, base_error *error) {
    bench_series speed[2] = {0};
    const char *folder = c->rows ? c->rows : b->model[c->model].folder;
    const char *argv[] = {b->peer, "bench/peer.py", "tokenize", folder, BENCH_SENTENCES, NULL};
    if (!base_file_is_folder(folder)) {
        printf("%-16s skipped: no %s, which make check-tokenizer makes\n", c->name, folder);
        return true;
    }
    data_corpus *corpus = read_sentences(error);
    data_text *texts = corpus ? texts_of(corpus, error) : NULL;
    data_tokenizer *tokenizer = texts ? data_tokenizer_load(folder, error) : NULL;
    for (size_t turn = 0; tokenizer && turn < b->repeat && base_ok(error); turn++) {
        double ids, peer_ids, peer;
        bench_series_add(&speed[0],
                         tokenize_ours(tokenizer, texts, data_corpus_rows(corpus), &ids, error));
        if (!b->peer || !bench_peer_number(argv, "tokens_per_second", &peer, error) ||
            !bench_peer_number(argv, "tokens", &peer_ids, error))
            continue;
        bench_series_add(&speed[1], peer);
        if (ids != peer_ids)
            base_fail(error, BASE_FAILED, "tokens differ: ours %.0f, the peer's %.0f", ids,
                      peer_ids);
    }
    if (base_ok(error))
        report(c, "tokens/s, 1 thread", speed, result);
    data_tokenizer_free(tokenizer);
    free(texts);
    data_corpus_free(corpus);
    return base_ok(error);
}

double bench_tokenising(const bench_model *model, const bench_case *c, size_t threads,
                        base_error *error) {
    data_reader_options options = {.kind = DATA_TARGET_NONE};
    data_corpus *corpus = data_read(c->rows, &options, error);
    data_tokenizer *tokenizer = corpus ? data_tokenizer_load(model->folder, error) : NULL;
    data_token_store *store = NULL;
    double seconds = 0;
    if (tokenizer && base_threads_start(threads, error)) {
        double start = base_cpu_seconds();
        size_t rows = data_corpus_rows(corpus);
        store = data_token_store_new(
            corpus, &(data_tokenising){.tokenizer = tokenizer, .max_length = c->max_length}, error);
        seconds = (base_cpu_seconds() - start) / (double)rows;
        corpus = NULL;
        base_threads_stop();
    }
    data_token_store_free(store);
    data_tokenizer_free(tokenizer);
    data_corpus_free(corpus);
    return seconds;
}
