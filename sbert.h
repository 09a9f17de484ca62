/* sbert.h: sentence embeddings from C. Link with `pkg-config --libs sbert`, or with libsbert.a and
 * `pkg-config --static --libs sbert`.
 *
 *     sbert_model *model = sbert_load("path/to/model");
 *     sbert_encoder *encoder = sbert_encoder_new(model);
 *     sbert_encode(encoder, sentences, NULL, count, embeddings);
 *
 * A model is read-only once loaded: any number of threads may use it, each with an encoder of its
 * own. An encoder is used by one thread at a time. Every handle keeps the sentence that says what
 * went wrong with it. Nothing here exits or prints to standard output.
 *
 * Three things are the process's, not a handle's: the threads (sbert_threads), where warnings go
 * (sbert_log_to), and OpenBLAS, which sbert_load puts on one thread because the work is already cut
 * into pieces for ours. On a CPU that is younger than OpenBLAS, start the process with the
 * environment variable OPENBLAS_CORETYPE set (Cooperlake, SkylakeX, Haswell): its own choice is
 * slow. */
#ifndef SBERT_H
#define SBERT_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SBERT_API __attribute__((visibility("default")))

typedef struct sbert_model sbert_model;
typedef struct sbert_encoder sbert_encoder;

/* Loads a model folder (sentence-transformers' layout, or a plain Hugging Face BERT folder, then
 * with mean pooling). Always returns a handle unless memory is out (NULL); when loading failed
 * sbert_error says why and the handle is only good for sbert_free. */
SBERT_API sbert_model *sbert_load(const char *folder);

/* How the model is to encode; what is 0 or NULL is as the folder says. */
typedef struct sbert_options {
    const char *prompt;      /* put before every text */
    const char *prompt_name; /* or: the name of one of the model's prompts */
    size_t truncate_dim;     /* only the first numbers of an embedding */
} sbert_options;

/* As sbert_load; NULL: no options. */
SBERT_API sbert_model *sbert_load_with(const char *folder, const sbert_options *options);

/* Why loading failed, one sentence; NULL when it did not. Of a NULL model: out of memory. */
SBERT_API const char *sbert_error(const sbert_model *model);

/* Not before the model's last encoder is freed. NULL is fine. */
SBERT_API void sbert_free(sbert_model *model);

/* Numbers in an embedding; tokens that a text may have, what is longer is cut. 0 when loading
 * failed. */
SBERT_API size_t sbert_width(const sbert_model *model);
SBERT_API size_t sbert_max_length(const sbert_model *model);

/* Working memory for one thread. NULL when memory is out or the model did not load. */
SBERT_API sbert_encoder *sbert_encoder_new(const sbert_model *model);
SBERT_API void sbert_encoder_free(sbert_encoder *encoder);

/* What this encoder puts before every text from now on: this text, or the model's prompt of this
 * name, or with NULL twice the model's default. 0 when done, -1 when there is no such prompt. */
SBERT_API int sbert_encoder_prompt(sbert_encoder *encoder, const char *prompt,
                                   const char *prompt_name);

/* Embeddings of `count` UTF-8 texts into out[count * width], row i for text i. `sizes` are their
 * lengths in bytes; NULL: they end in NUL. 0 when done, -1 after an error (sbert_encoder_error).
 * A text's embedding does not depend on the others beyond rounding (1e-6). */
SBERT_API int sbert_encode(sbert_encoder *encoder, const char *const *texts, const size_t *sizes,
                           size_t count, float *out);

/* Why the encoder's last sbert_encode failed; NULL when it did not. Of a NULL encoder: out of
 * memory. */
SBERT_API const char *sbert_encoder_error(const sbert_encoder *encoder);

/* Cosine of the angle between two vectors, -1 to 1; 0 when one of them is zero, NaN when a number
 * is. */
SBERT_API float sbert_cosine(const float *a, const float *b, size_t width);

/* By the function that the model names: cosine unless it says dot product, or the negated Euclidean
 * or Manhattan distance. Vectors of sbert_width numbers. */
SBERT_API float sbert_similarity(const sbert_model *model, const float *a, const float *b);

/* ---- search: rows of floats, such as embeddings, without files ----
 *
 * Results are exact and the same for any number of threads (sbert_threads); among equal scores the
 * smaller row comes first. Rows of numbers that are not finite, or longer than 1e18, are an error.
 * Functions return 0, or -1 with a sentence in *why (which may be NULL). */

typedef struct sbert_failure {
    char sentence[1024]; /* "" after a call that succeeded */
} sbert_failure;

/* values[count * width], row after row; the caller's. */
typedef struct sbert_rows {
    const float *values;
    size_t count, width;
} sbert_rows;

/* How alike two rows are: the cosine (0 for a row of zeros), the dot product, or the Euclidean
 * distance, negated. */
typedef enum sbert_function { SBERT_COSINE, SBERT_DOT, SBERT_EUCLIDEAN } sbert_function;

typedef struct sbert_hit {
    size_t row;
    double score;
} sbert_hit;

/* The k rows of the corpus (k at most corpus.count) that are most similar to each query, best
 * first, into hits[queries.count * k]. */
SBERT_API int sbert_search(sbert_rows queries, sbert_rows corpus, sbert_function function, size_t k,
                           sbert_hit *hits, sbert_failure *why);

typedef struct sbert_pair {
    size_t a, b;
    double score;
} sbert_pair;

/* The most similar pairs a < b of rows, best first: at most `most`, none below `threshold`
 * (-INFINITY: any). With top_k only pairs of which one row is among the other's top_k nearest; 0:
 * all. *pairs is to be given to free(); NULL after an error. */
SBERT_API int sbert_mine(sbert_rows rows, sbert_function function, double threshold, size_t most,
                         size_t top_k, sbert_pair **pairs, size_t *count, sbert_failure *why);

/* Pairs of a row of a and a row of b that belong together, such as translations; a row is in one
 * pair at most. The score is the similarity divided by the mean of those to the `neighbours`
 * nearest rows (Artetxe & Schwenk 2019, ratio); with neighbours 0 the similarity. Else as
 * sbert_mine. */
SBERT_API int sbert_mine_between(sbert_rows a, sbert_rows b, sbert_function function,
                                 size_t neighbours, double threshold, size_t most,
                                 sbert_pair **pairs, size_t *count, sbert_failure *why);

/* Which of the most similar texts become negatives of an anchor: those of the ranks range_min ..
 * range_max-1, its positives left out. What is 0 leaves nothing out. */
typedef struct sbert_negative_options {
    size_t count; /* negatives an anchor, at most */
    size_t range_min, range_max;
    double max_score;       /* a score is at most this */
    double absolute_margin; /* and at most that of the worst positive less this, */
    double relative_margin; /* or less this part of its size */
    int random;             /* 0: the most similar; else drawn by seed and anchor */
    unsigned long long seed;
} sbert_negative_options;

/* Hard negatives: rows of texts that look like positives and are none, best first, into
 * hits[anchors.count * options->count], of which anchor i has counts[i]. Anchor i has
 * positive_counts[i] positives (NULL: one each): rows of texts, in `positives`, anchor after
 * anchor. */
SBERT_API int sbert_hard_negatives(sbert_rows anchors, sbert_rows texts, const size_t *positives,
                                   const size_t *positive_counts, sbert_function function,
                                   const sbert_negative_options *options, sbert_hit *hits,
                                   size_t *counts, sbert_failure *why);

/* ---- groups of rows, by their cosines ---- */

/* Groups 0 .. count-1, the largest first: the members of group g are members[begin[g]] ..
 * members[begin[g + 1] - 1], the most central row first, each with its cosine with the group's
 * centre. Release with sbert_groups_free; after an error there is nothing in it. */
typedef struct sbert_groups {
    size_t count;
    size_t *begin; /* [count + 1] */
    sbert_hit *members;
} sbert_groups;
SBERT_API void sbert_groups_free(sbert_groups *groups);

/* Rows around a row that has at least `least` rows (itself among them) with a cosine of at least
 * `threshold`, as sentence-transformers' community_detection finds them; the centre is that row.
 * Many rows are in no group. */
SBERT_API int sbert_communities(sbert_rows rows, double threshold, size_t least,
                                sbert_groups *groups, sbert_failure *why);

typedef struct sbert_kmeans_options {
    size_t k;          /* groups; fewer where rows are equal */
    size_t restarts;   /* the best of so many runs; 0: 10 */
    size_t iterations; /* of a run, at most; 0: 300 */
    unsigned long long seed;
    int spherical; /* not 0: rows and centroids are taken at length 1 */
} sbert_kmeans_options;

/* k-means from the centroids of k-means++. *inertia (NULL: not wanted) becomes the sum of the
 * squares of the rows' distances to their centroids. */
SBERT_API int sbert_kmeans(sbert_rows rows, const sbert_kmeans_options *options,
                           sbert_groups *groups, double *inertia, sbert_failure *why);

/* Average linkage: the two groups whose rows have the largest average cosine become one, until k
 * are left, or with k 0 as long as that is at least `threshold`. An error when it would take more
 * than `memory` bytes: it takes about 2 for each pair (i, j) of rows. */
SBERT_API int sbert_average_linkage(sbert_rows rows, size_t k, double threshold, size_t memory,
                                    sbert_groups *groups, sbert_failure *why);

/* Near-duplicates: hits[i].row (of hits[rows.count]) becomes i when row i is kept, else the kept
 * row before it that is most similar, and hits[i].score is their cosine, which is at least
 * `threshold`. */
SBERT_API int sbert_duplicates(sbert_rows rows, double threshold, sbert_hit *hits,
                               sbert_failure *why);

/* Threads that a call may use, its caller included (1 at first; 0: as many as this
 * process may use). Not while another thread encodes. 0 when done, -1 when the system does not
 * start them. */
SBERT_API int sbert_threads(size_t threads);

/* After sbert_threads: pins each of these threads to a core, the calling one too, when they fill
 * the CPUs that this process may use. For a program that does little else: threads and processes
 * that the caller starts later inherit its one core. The next sbert_threads, called by the same
 * thread, undoes it. 0 when pinned, -1 when the threads do not fill the machine. */
SBERT_API int sbert_pin_threads(void);

/* Where notes and warnings (`warning` not 0) go, one sentence a call; NULL: to standard error. */
SBERT_API void sbert_log_to(void (*log)(void *context, int warning, const char *sentence),
                            void *context);

/* Version of the library, "MAJOR.MINOR.PATCH". */
SBERT_API const char *sbert_version(void);

#ifdef __cplusplus
}
#endif

#endif
