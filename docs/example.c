/* Which sentences are most like the first one? Build: cc example.c -lsbert; run: ./example MODEL
 * QUERY SENTENCE... */
#include <sbert.h>

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    if (argc < 4) {
        fprintf(stderr, "usage: example MODEL QUERY SENTENCE...\n");
        return 2;
    }
    sbert_model *model = sbert_load(argv[1]);
    if (sbert_error(model)) {
        fprintf(stderr, "example: %s\n", sbert_error(model));
        sbert_free(model);
        return 2;
    }
    const char *const *sentences = (const char *const *)argv + 3;
    size_t count = (size_t)argc - 3, width = sbert_width(model);
    sbert_encoder *encoder = sbert_encoder_new(model);
    float *rows = calloc((count + 1) * width, sizeof *rows); /* the query's is the first */
    if (!rows || sbert_encode(encoder, sentences - 1, NULL, count + 1, rows)) {
        fprintf(stderr, "example: %s\n", rows ? sbert_encoder_error(encoder) : "out of memory");
        return 1;
    }
    sbert_rows query = {rows, 1, width}, corpus = {rows + width, count, width};
    sbert_hit *hits = calloc(count, sizeof *hits);
    sbert_failure why = {"out of memory"};
    if (!hits || sbert_search(query, corpus, SBERT_COSINE, count, hits, &why)) {
        fprintf(stderr, "example: %s\n", why.sentence);
        return 1;
    }
    for (size_t i = 0; i < count; i++)
        printf("%.4f  %s\n", hits[i].score, sentences[hits[i].row]);
    free(hits);
    free(rows);
    sbert_encoder_free(encoder);
    sbert_free(model);
}
