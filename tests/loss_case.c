#include "tests/loss_case.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

void loss_case_sines(double *out, size_t count, double angle, double factor) {
    for (size_t i = 0; i < count; i++)
        out[i] = factor * sin(angle * (double)(i + 1));
}

static void fill_sines(const tape_param *p, double angle) {
    for (size_t i = 0; i < p->rows * p->cols; i++)
        p->value[i] = REAL(sin(angle * (double)(i + 1)));
}

/* The i-th parameter of all of the loss's parts, with room for gradients. */
static tape_param *param_of(const loss *l, size_t i, base_error *error) {
    const loss *part;
    for (size_t k = 0; (part = loss_part(l, k)); k++) {
        nn_params *set = loss_params(part);
        if (!nn_params_train(set, error))
            return NULL;
        if (i < nn_params_count(set))
            return nn_params_at(set, i);
        i -= nn_params_count(set);
    }
    return NULL;
}

loss *loss_case_loss(const char *config, size_t width, size_t teacher_width) {
    base_error error = {0};
    cJSON *tree = cJSON_Parse(config);
    loss_setting setting = {.width = width,
                            .teacher_width = teacher_width,
                            .layers = LOSS_CASE_LAYERS,
                            .classes = LOSS_CASE_LABELS};
    loss *l = loss_new(tree, &setting, "test", "", &error);
    cr_assert(l, "%s: %s", config, error.text);
    cJSON_Delete(tree);
    const tape_param *p;
    for (size_t i = 0; (p = param_of(l, i, &error)); i++)
        fill_sines(p, 0.5 + 0.2 * (double)i);
    cr_assert(base_ok(&error), "%s", error.text);
    return l;
}

nn_params *loss_case_embeddings(size_t columns, size_t rows, size_t width, double shift,
                                bool equal) {
    base_error error = {0};
    nn_params *set = nn_params_new(&error);
    for (size_t c = 0; c < columns; c++) {
        char name[24];
        snprintf(name, sizeof name, "%zu", c);
        nn_param_spec spec = {name, rows, width, .decay = false};
        nn_params_add(set, &spec, &error);
    }
    nn_params_allocate(set, &error);
    nn_params_train(set, &error);
    cr_assert(base_ok(&error), "%s", error.text);
    for (size_t c = 0; c < columns; c++) {
        const tape_param *p = nn_params_at(set, c);
        fill_sines(p, 0.7 + 0.3 * (double)(equal && c > 0 ? c - 1 : c) + shift);
        for (size_t r = rows; equal && r-- > 0;)
            memmove(p->value + r * width, p->value + r / 2 * width, width * sizeof *p->value);
    }
    return set;
}

size_t loss_case_nodes(const loss *l, size_t columns) {
    return columns * (loss_definition(l)->layers ? 1 + LOSS_CASE_LAYERS : 1);
}

tape_node *loss_case_build(tape *t, const loss *l, nn_params *set, size_t columns,
                           const loss_target *target) {
    tape_node *nodes[LOSS_CASE_NODES];
    size_t count = loss_case_nodes(l, columns);
    loss_target whole = *target;
    whole.layers = count / columns - 1;
    whole.layer = nodes + columns;
    tape_begin(t, &(tape_mode){.record = true});
    for (size_t c = 0; c < count; c++)
        nodes[c] = tape_leaf(t, nn_params_at(set, c));
    return loss_build(l, t, nodes, columns, &whole);
}

/* Within the tolerance of the gradient's norm: the dot product may be a small rest of large terms.
 */
static void expect_gradient(const loss_case *c, size_t i, const tape_param *p, double tolerance) {
    double dot = 0, square = 0, expected = c->gradient[i];
    for (size_t k = 0; k < p->rows * p->cols; k++) {
        double g = (double)p->grad[k];
        dot += g * sin(0.2 * (double)(k + 1));
        square += g * g;
    }
    cr_expect_float_eq(dot, expected, tolerance * fmax(1, sqrt(square)),
                       "%s, batch %zu, gradient %zu: %.17g, expected %.17g", c->config, c->batch, i,
                       dot, expected);
}

void loss_case_expect(const loss_case *c, const loss *l, nn_params *set, const loss_target *target,
                      double tolerance) {
    base_error error = {0};
    tape *t = tape_new(1 << 20, 1 << 16, &error);
    tape_node *y = loss_case_build(t, l, set, c->columns, target);
    cr_assert(y && tape_backward(t, y, NULL), "%s: %s", c->config, tape_error(t)->text);
    cr_expect_float_eq((double)y->value[0], c->value, tolerance * fmax(1, fabs(c->value)),
                       "%s, batch %zu: %.17g, expected %.17g", c->config, c->batch,
                       (double)y->value[0], c->value);
    size_t nodes = loss_case_nodes(l, c->columns);
    const tape_param *p;
    for (size_t i = 0; i < nodes; i++)
        expect_gradient(c, i, nn_params_at(set, i), tolerance);
    for (size_t i = 0; (p = param_of(l, i, &error)); i++)
        expect_gradient(c, nodes + i, p, tolerance);
    tape_free(t);
}
