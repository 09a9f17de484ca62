/* Embeddings of a teacher (Reimers & Gurevych 2020, "Making Monolingual Sentence Embeddings
 * Multilingual using Knowledge Distillation", section 2): the mean of (y - teacher)^2 over all
 * elements of all text columns; or (Kim et al. 2023, "EmbedDistill: A Geometric Knowledge
 * Distillation for Information Retrieval") of |y - teacher| or 1 - cosine over all texts. y is the
 * embedding, or, where the teacher's has another width, W embedding + b, learnt here and left out
 * of the model; W and b start as U(-1/sqrt(w), 1/sqrt(w)), w the columns of the embedding. */
#include "autograd/ops/ops.h"
#include "losses/loss.h"

#include <math.h>
#include <stddef.h>

typedef struct options {
    const char *name;
    int distance;
} options;

enum { MSE, L2, COSINE };
static const char *const *distance_names(void) {
    static const char *const names[] = {[MSE] = "mse", [L2] = "l2", [COSINE] = "cosine", NULL};
    return names;
}

static const base_key keys[] = {
    {"name", BASE_KEY_TEXT, offsetof(options, name), "\"mse\"", 0, 0, NULL, NULL, "the loss"},
    {"distance", BASE_KEY_CHOICE, offsetof(options, distance), "\"mse\"", 0, 0, distance_names,
     NULL, "of embeddings and the teacher's: mean squared error, Euclidean, or 1 - cosine"},
};
static const base_keys option_keys = {
    .key = keys, .count = sizeof keys / sizeof *keys, .size = sizeof(options)};

enum { WEIGHT, BIAS };

static bool projects(const loss *l) {
    const loss_setting *s = loss_get_setting(l);
    return s->teacher_width != s->width;
}

static bool declare(loss *l, base_error *error) {
    const loss_setting *s = loss_get_setting(l);
    double bound = 1 / sqrt((double)s->width);
    nn_param_spec weight = {"projection.weight", s->teacher_width,        s->width,
                            .decay = true,       .init = NN_INIT_UNIFORM, .scale = bound};
    nn_param_spec bias = {"projection.bias", 0, s->teacher_width, .init = NN_INIT_UNIFORM,
                          .scale = bound};
    return !projects(l) || (nn_params_add_whole(loss_params(l), &weight, error) == WEIGHT &&
                            nn_params_add_whole(loss_params(l), &bias, error) == BIAS);
}

static tape_node *project(const loss *l, tape *t, tape_node *x) {
    nn_params *params = loss_params(l);
    return projects(l) ? op_linear(t, x, tape_leaf(t, nn_params_at(params, WEIGHT)),
                                   tape_leaf(t, nn_params_at(params, BIAS)))
                       : x;
}

static tape_node *mean_distance(const loss *l, tape *t, tape_node *y, const double *teacher) {
    const options *o = loss_options(l);
    if (o->distance == MSE || !y)
        return op_mean_squared_error(t, y, teacher);
    real *values = tape_memory(t, y->rows, y->cols, sizeof *values);
    for (size_t i = 0; values && i < y->rows * y->cols; i++)
        values[i] = REAL(teacher[i]);
    tape_node *right = values ? tape_input(t, y->rows, y->cols, values) : NULL;
    return op_mean(t,
                   op_row_distance(t, y, right,
                                   o->distance == L2 ? OP_DISTANCE_EUCLIDEAN : OP_DISTANCE_COSINE));
}

static tape_node *build(const loss *l, tape *t, tape_node *const *nodes, size_t columns,
                        const loss_target *target) {
    size_t elements = target->examples * loss_get_setting(l)->teacher_width;
    tape_node *sum = NULL;
    for (size_t i = 0; i < columns; i++) {
        tape_node *y = project(l, t, nodes[i]);
        tape_node *error = mean_distance(l, t, y, target->teacher + i * elements);
        sum = sum ? op_add(t, sum, error) : error;
    }
    return op_scale(t, sum, 1 / (double)columns);
}

const loss_def loss_mse_def = {
    .name = "mse",
    .summary = "the embeddings of a teacher, by squared error, distance or cosine",
    .teacher = LOSS_TEACHER_EMBEDDINGS,
    .compares_vectors = true,
    .min_columns = 1,
    .max_columns = DATA_MAX_COLUMNS,
    .min_batch = 1,
    .options = &option_keys,
    .declare = declare,
    .build = build,
};
