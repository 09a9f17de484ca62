/* What ThreadSanitizer watches (make tsan): jobs of the pool from two threads at once, the pool
 * started again and again, and two encoders on one model, whose vectors must stay the same. Without
 * Criterion, whose memory ThreadSanitizer does not bear.
 * Usage: races MODEL */
#include "base/threads.h"
#include "sbert.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TILES = 64, JOBS = 300, ROUNDS = 20, TEXTS = 4 };

static atomic_int wrong;

static void set_tile(void *context, size_t tile) {
    ((int *)context)[tile]++;
}

/* Tiles write plain memory: the end of a job must make it visible to the caller. */
static void *run_jobs(void *none) {
    (void)none;
    for (int job = 0; job < JOBS; job++) {
        int seen[TILES] = {0};
        base_threads_run(TILES, set_tile, seen);
        for (size_t i = 0; i < TILES; i++)
            wrong += seen[i] != 1;
    }
    return NULL;
}

static void run_pool(size_t threads) {
    base_error error = {0};
    pthread_t other;
    if (!base_threads_start(threads, &error) || pthread_create(&other, NULL, run_jobs, NULL)) {
        wrong++;
        return;
    }
    run_jobs(NULL);
    pthread_join(other, NULL);
    base_threads_stop();
}

static void *encode(void *context) {
    static const char *const texts[TEXTS] = {"a cat sat.", "the dog", "", "z, y, x"};
    const sbert_model *model = context;
    size_t size = TEXTS * sbert_width(model) * sizeof(float);
    float *first = malloc(size), *again = malloc(size);
    sbert_encoder *encoder = sbert_encoder_new(model);
    wrong += !first || !again || sbert_encode(encoder, texts, NULL, TEXTS, first);
    for (int i = 0; i < ROUNDS && !wrong; i++)
        wrong += sbert_encode(encoder, texts, NULL, TEXTS, again) || memcmp(first, again, size);
    sbert_encoder_free(encoder);
    free(first);
    free(again);
    return NULL;
}

static void run_encoders(const char *folder) {
    sbert_model *model = sbert_load(folder);
    pthread_t other;
    if (sbert_error(model) || sbert_threads(3) || pthread_create(&other, NULL, encode, model)) {
        wrong++;
        return;
    }
    encode(model);
    pthread_join(other, NULL);
    sbert_free(model);
    sbert_threads(1);
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: races MODEL\n");
        return 2;
    }
    for (size_t threads = 1; threads <= 4; threads++)
        run_pool(threads);
    run_encoders(argv[1]);
    printf("races: %d results were wrong\n", (int)wrong);
    return wrong ? 1 : 0;
}
