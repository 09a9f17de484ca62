/* How alike are sentences? Build: cc example.c -lsbert; run: ./example MODEL SENTENCE SENTENCE...
 */
#include <sbert.h>

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    if (argc < 4) {
        fprintf(stderr, "usage: example MODEL SENTENCE SENTENCE...\n");
        return 2;
    }
    sbert_model *model = sbert_load(argv[1]);
    if (sbert_error(model)) {
        fprintf(stderr, "example: %s\n", sbert_error(model));
        sbert_free(model);
        return 2;
    }
    const char *const *sentences = (const char *const *)argv + 2;
    size_t count = (size_t)argc - 2, width = sbert_width(model);
    sbert_encoder *encoder = sbert_encoder_new(model);
    float *rows = calloc(count * width, sizeof *rows);
    if (!rows || sbert_encode(encoder, sentences, NULL, count, rows)) {
        fprintf(stderr, "example: %s\n", rows ? sbert_encoder_error(encoder) : "out of memory");
        return 1;
    }
    for (size_t i = 1; i < count; i++)
        printf("%.4f  %s\n", (double)sbert_cosine(rows, rows + i * width, width), sentences[i]);
    free(rows);
    sbert_encoder_free(encoder);
    sbert_free(model);
}
