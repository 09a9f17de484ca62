/* `make bench`: the program beside its peer, on one machine in one sitting.
 *
 * The environment says what to measure:
 *   PEER          python with sentence-transformers; unset: our side only
 *   SBERT_MINILM, SBERT_MPNET  folders of all-MiniLM-L6-v2 and all-mpnet-base-v2; unset: a random
 *                 model of that size
 *   SBERT_SHARED  folder with data/ (default ../shared); absent: the built-in corpus and words
 *   CASES         names of cases, separated by spaces (default: all)
 *   REPEAT        alternations of the sides, at least 3 for figures to be told (default 3)
 *   THREADS       of both sides (default: as many as the machine allows)
 *   OUT           the JSON file (default build/bench/bench.json)
 * OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE are unset for both sides and for the ceiling. A case is
 * printed and written into the file as soon as it is measured. */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include "base/json.h"
#include "bench/series.h"

/* What a folder's config.json says. */
typedef struct bench_model {
    const char *folder;
    size_t hidden, layers, intermediate;
} bench_model;

typedef enum bench_model_name {
    BENCH_MINILM,
    BENCH_BERT_BASE,
    BENCH_MPNET_BASE,
    BENCH_MODELS
} bench_model_name;

typedef struct bench {
    const char *peer;  /* NULL: none */
    const char *sbert; /* the program */
    char *nli;         /* the corpus that `start` reads */
    size_t repeat, threads;
    bench_model model[BENCH_MODELS];
    cJSON *results; /* one object a case */
} bench;

typedef struct bench_case bench_case;
struct bench_case {
    const char *name, *summary;
    bool (*run)(bench *b, const bench_case *c, cJSON *result, base_error *error);
    bench_model_name model;
    const char *loss, *rows;
    size_t batch, steps, max_length;
    bool peer, bf16; /* the peer runs it too; also with bf16 autocast */
    size_t threads;  /* 0: all */
};

/* Pairs a second of training, tokens, share of the GEMM ceiling, peak memory. */
bool bench_train(bench *b, const bench_case *c, cJSON *result, base_error *error);
/* From the command to the end of the first step; seconds of `sbert info`. */
bool bench_start(bench *b, const bench_case *c, cJSON *result, base_error *error);
bool bench_info(bench *b, const bench_case *c, cJSON *result, base_error *error);
/* Sentences a second; tokenizing one thread's megabytes a second. */
bool bench_encode(bench *b, const bench_case *c, cJSON *result, base_error *error);
bool bench_tokenize(bench *b, const bench_case *c, cJSON *result, base_error *error);
/* How evenly the products of a step are cut among threads, on paper; nothing is timed. */
bool bench_plan(bench *b, const bench_case *c, cJSON *result, base_error *error);

/* Seconds that tokenising ahead takes a pair, for the case's rows on `threads` threads. */
double bench_tokenising(const bench_model *model, const bench_case *c, size_t threads,
                        base_error *error);

/* The files that both sides read, in build/bench. */
#define BENCH_FOLDER "build/bench"
#define BENCH_ROWS BENCH_FOLDER "/rows.tsv"
#define BENCH_LONG_ROWS BENCH_FOLDER "/rows-256.tsv"
#define BENCH_SENTENCES BENCH_FOLDER "/sentences.tsv"

/* Writes them from a table with gold_label, sentence1, sentence2 (SNLI and MultiNLI rows alone when
 * it has a column `source`), shuffled, and from an STS file. */
bool bench_rows_write(const char *nli, const char *sts, base_error *error);

/* A number of the JSON object that a run of bench/peer.py prints. */
bool bench_peer_number(const char *const *argv, const char *key, double *out, base_error *error);

/* GFLOP/s that `threads` concurrent one-thread streams reach over the products of a training step
 * on `tokens` tokens (forward, dX and dW of every linear layer). */
double bench_ceiling(const bench_model *model, size_t tokens, size_t threads, base_error *error);

/* 6 x encoder weights x tokens. */
double bench_model_flops(const bench_model *model, double tokens);

/* Prints a line of the table: median (low to high) of ours and, when there is one, of the peer, and
 * the ratio ours / peer. */
void bench_report(const char *name, const char *unit, const bench_series *ours,
                  const bench_series *peer);

#endif
