/* A teacher's distribution over the candidates of a row (Hinton et al. 2015, "Distilling the
 * Knowledge in a Neural Network", section 2; over candidates: Lin et al. 2020): with p =
 * softmax(teacher / U) and q = softmax(similarity / T) over the texts behind the first one, T^2
 * times the mean over rows of sum p (log p - log q). */
#include "autograd/ops/ops.h"
#include "losses/loss.h"
#include "losses/loss_similarity.h"

#include <math.h>
#include <stddef.h>

typedef struct options {
    const char *name;
    int similarity;
    double temperature, student, teacher;
} options;

static const base_key keys[] = {
    {"name", BASE_KEY_TEXT, offsetof(options, name), "\"kl\"", 0, 0, NULL, NULL, "the loss"},
    {"similarity", BASE_KEY_CHOICE, offsetof(options, similarity), "\"dot\"", 0, 0,
     loss_similarity_names, NULL, "of the embeddings of a row"},
    {"temperature", BASE_KEY_REAL, offsetof(options, temperature), "1", 1e-3, 1e3, NULL, NULL,
     "what the scores of both are divided by"},
    {"student_temperature", BASE_KEY_REAL, offsetof(options, student), "null", 1e-3, 1e3, NULL,
     NULL, "what the similarities of the embeddings are divided by; null: temperature"},
    {"teacher_temperature", BASE_KEY_REAL, offsetof(options, teacher), "null", 1e-3, 1e3, NULL,
     NULL, "what the teacher's scores are divided by; null: temperature"},
};
static const base_keys option_keys = {
    .key = keys, .count = sizeof keys / sizeof *keys, .size = sizeof(options)};

/* p = softmax(score / temperature) of n scores; the sum of p log p. */
static double distribution(const double *score, size_t n, double temperature, real *p) {
    double most = score[0], sum = 0, entropy = 0;
    for (size_t i = 1; i < n; i++)
        most = score[i] > most ? score[i] : most;
    for (size_t i = 0; i < n; i++)
        sum += exp((score[i] - most) / temperature);
    for (size_t i = 0; i < n; i++) {
        double log_p = (score[i] - most) / temperature - log(sum);
        p[i] = REAL(exp(log_p));
        entropy += exp(log_p) * log_p;
    }
    return entropy;
}

static tape_node *build(const loss *l, tape *t, tape_node *const *nodes, size_t columns,
                        const loss_target *target) {
    const options *o = loss_options(l);
    size_t rows = target->examples, n = columns - 1;
    double student = o->student > 0 ? o->student : o->temperature;
    double teacher = o->teacher > 0 ? o->teacher : o->temperature;
    double entropy = 0, square = student * student;
    real *p = tape_memory(t, rows, n, sizeof *p);
    for (size_t i = 0; p && i < rows; i++)
        entropy += distribution(target->teacher + i * n, n, teacher, p + i * n);
    tape_node *scores = loss_similarity_scores(t, o->similarity, nodes, columns);
    tape_node *log_q = op_log_softmax(t, op_scale(t, scores, 1 / student));
    tape_node *cross = op_mean(t, op_mul(t, p ? tape_input(t, rows, n, p) : NULL, log_q));
    return op_affine(t, cross, -square * (double)n, square * entropy / (double)rows);
}

const loss_def loss_kl_def = {
    .name = "kl",
    .summary =
        "a teacher's distribution over a row's candidates, by the Kullback-Leibler divergence",
    .teacher = LOSS_TEACHER_SCORES,
    .min_columns = 3,
    .max_columns = DATA_MAX_COLUMNS,
    .min_batch = 1,
    .options = &option_keys,
    .build = build,
};
