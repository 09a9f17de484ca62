#include "tests/judge_case.h"

#include "autograd/ops/ops.h"
#include "base/memory.h"
#include "base/random.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Inputs that are embedding tables: their gradients are row-sparse. */
static const struct {
    const char *op;
    size_t input;
} sparse_inputs[] = {{"embedding", 0}};

static double draw(base_random *r, const op_case_input *in) {
    bool given = in->low < in->high;
    double low = given ? in->low : -1, high = given ? in->high : 1;
    for (;;) {
        double x = low + base_random_uniform(r) * (high - low);
        if (fabs(x) >= in->gap)
            return (double)(float)x;
    }
}

static bool draw_input(judge_case *j, size_t i, base_random *r, base_error *error) {
    const op_case_input *in = &j->c->in[i];
    size_t elements = in->rows * in->cols;
    snprintf(j->input_name[i], sizeof j->input_name[i], "input %zu", i);
    j->twin_of[i] = i;
    j->pointer[i] = &j->param[i];
    j->grad[i] = base_alloc(elements, sizeof(real), error);
    j->param[i] = (tape_param){.name = j->input_name[i],
                               .rows = in->rows,
                               .cols = in->cols,
                               .value = base_alloc(elements, sizeof(real), error),
                               .grad = j->grad[i]};
    for (size_t k = 0; base_ok(error) && k < elements; k++)
        j->param[i].value[k] = REAL(draw(r, in));
    return base_ok(error);
}

static bool make_sparse(judge_case *j, const op_def *def, base_error *error) {
    for (size_t s = 0; s < sizeof sparse_inputs / sizeof *sparse_inputs; s++) {
        if (strcmp(sparse_inputs[s].op, def->name))
            continue;
        tape_param *p = &j->param[sparse_inputs[s].input];
        j->sparse.slot_of = base_alloc(p->rows, sizeof(uint32_t), error);
        j->sparse.row = base_alloc(p->rows, sizeof(uint32_t), error);
        p->sparse = &j->sparse;
    }
    return base_ok(error);
}

bool judge_case_draw(judge_case *j, const op_def *def, const op_case *c, base_error *error) {
    *j = (judge_case){.c = c};
    while (j->inputs < TAPE_MAX_INPUTS && c->in[j->inputs].rows)
        j->inputs++;
    snprintf(j->name, sizeof j->name, "%s: %s", def->name, c->name);
    base_random r = base_random_stream(0, j->name);
    for (size_t i = 0; i < j->inputs; i++)
        if (!draw_input(j, i, &r, error))
            return false;
    return make_sparse(j, def, error);
}

void judge_case_free(judge_case *j) {
    for (size_t i = 0; i < TAPE_MAX_INPUTS; i++) {
        free(j->param[i].value);
        free(j->grad[i]);
    }
    free(j->sparse.slot_of);
    free(j->sparse.row);
}

tape_node *judge_case_build(tape *t, void *context) {
    const judge_case *j = context;
    tape_node *in[TAPE_MAX_INPUTS] = {0};
    for (size_t i = 0; i < j->inputs; i++) {
        if (j->twin_of[i] != i)
            in[i] = in[j->twin_of[i]];
        else
            in[i] = tape_leaf(t, j->pointer[i]);
        if (j->twice && j->twin_of[i] == i && !j->param[i].sparse)
            in[i] = op_scale(t, in[i], 1);
    }
    tape_node *y = j->c->build(t, in);
    return j->twice ? op_add(t, y, j->c->build(t, in)) : y;
}

static bool judge_variant(judge_case *j, const char *variant, const kernel_table *kernels,
                          base_error *why) {
    char name[256];
    snprintf(name, sizeof name, "%s (%s)", j->name, variant);
    judge_problem problem = {.name = name,
                             .param = j->pointer,
                             .params = j->inputs,
                             .build = judge_case_build,
                             .context = j,
                             .dropout = j->c->dropout,
                             .kernels = kernels};
    return judge_gradients(&problem, why);
}

static bool judge_frozen(judge_case *j, const kernel_table *kernels, base_error *why) {
    char variant[64];
    bool sound = true;
    for (unsigned frozen = 1; sound && frozen < 1U << j->inputs; frozen++) {
        for (size_t i = 0; i < j->inputs; i++)
            j->param[i].grad = frozen >> i & 1 ? NULL : j->grad[i];
        snprintf(variant, sizeof variant, "frozen mask %u", frozen);
        sound = judge_variant(j, variant, kernels, why);
    }
    for (size_t i = 0; i < j->inputs; i++)
        j->param[i].grad = j->grad[i];
    return sound;
}

static bool judge_twice(judge_case *j, const kernel_table *kernels, base_error *why) {
    j->twice = true;
    bool sound = judge_variant(j, "shared by two calls", kernels, why);
    j->twice = false;
    return sound;
}

/* Two inputs of one shape as one node. Where their ranges differ they may be meant to (a kink
 * between them): such pairs are left out. */
static bool judge_twins(judge_case *j, const kernel_table *kernels, base_error *why) {
    bool sound = true;
    for (size_t b = 1; b < j->inputs; b++)
        for (size_t a = 0; sound && a < b; a++) {
            if (memcmp(&j->c->in[a], &j->c->in[b], sizeof j->c->in[a]) || j->param[a].sparse)
                continue;
            j->twin_of[b] = a;
            sound = judge_variant(j, "one node as two inputs", kernels, why);
            j->twin_of[b] = b;
        }
    return sound;
}

bool judge_op(const op_def *def, const kernel_table *kernels, base_error *why) {
    if (!def->cases || !def->cases[0].name)
        return base_fail(why, BASE_FAILED, "op %s has no cases", def->name);
    for (const op_case *c = def->cases; c->name && base_ok(why); c++) {
        judge_case j;
        if (judge_case_draw(&j, def, c, why) && judge_variant(&j, "plain", kernels, why) &&
            judge_twice(&j, kernels, why) && judge_twins(&j, kernels, why))
            judge_frozen(&j, kernels, why);
        judge_case_free(&j);
    }
    return base_ok(why);
}
