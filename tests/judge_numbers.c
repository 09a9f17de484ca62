#include "tests/judge_numbers.h"

#include "autograd/ops_table.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

static void copy_value(const tape_node *y, double *out) {
    for (size_t i = 0; i < y->rows * y->cols; i++)
        out[i] = (double)y->value[i];
}

static void copy_grad(const tape_param *p, double *out) {
    for (size_t r = 0; r < p->rows; r++) {
        size_t row = p->sparse ? p->sparse->slot_of[r] : r + 1;
        for (size_t c = 0; row && c < p->cols; c++)
            out[r * p->cols + c] = (double)p->grad[(row - 1) * p->cols + c];
    }
}

static bool lay_out(const judge_case *j, const tape_node *y, judge_numbers *out,
                    base_error *error) {
    out->arrays = j->inputs + 1;
    out->start[1] = y->rows * y->cols;
    for (size_t i = 0; i < j->inputs; i++)
        out->start[i + 2] = out->start[i + 1] + j->param[i].rows * j->param[i].cols;
    out->number = base_alloc(out->start[out->arrays], sizeof *out->number, error);
    return out->number != NULL;
}

static bool run(judge_case *j, tape *t, judge_numbers *out, base_error *error) {
    tape_begin(t, &(tape_mode){true, j->c->dropout, .seed = 7, .step = 3});
    tape_node *y = judge_case_build(t, j);
    if (!y || !lay_out(j, y, out, error))
        return base_fail(error, BASE_FAILED, "%s: %s", j->name, tape_error(t)->text);
    real *direction = base_alloc(out->start[1], sizeof *direction, error);
    if (!direction)
        return false;
    judge_direction(j->name, out->start[1], direction);
    for (size_t i = 0; i < j->inputs; i++)
        tape_param_clear_grad(&j->param[i]);
    tape_backward(t, y, direction);
    copy_value(y, out->number);
    for (size_t i = 0; i < j->inputs; i++)
        copy_grad(&j->param[i], out->number + out->start[i + 1]);
    free(direction);
    return base_ok(tape_error(t)) ||
           base_fail(error, BASE_FAILED, "%s: %s", j->name, tape_error(t)->text);
}

bool judge_numbers_run(judge_case *j, const kernel_table *kernels, judge_numbers *out,
                       base_error *error) {
    *out = (judge_numbers){0};
    tape *t = tape_new(JUDGE_TAPE_BYTES, JUDGE_TAPE_BYTES, error);
    if (!t)
        return false;
    tape_set_kernels(t, kernels);
    bool done = run(j, t, out, error);
    tape_free(t);
    return done;
}

void judge_numbers_free(judge_numbers *numbers) {
    free(numbers->number);
}

static bool write_case(FILE *file, const op_def *def, const op_case *c, base_error *error) {
    judge_case j;
    judge_numbers n = {0};
    if (judge_case_draw(&j, def, c, error) && judge_numbers_run(&j, kernel_best(), &n, error)) {
        fprintf(file, "%s\n%zu\n", j.name, n.start[n.arrays]);
        for (size_t i = 0; i < n.start[n.arrays]; i++)
            fprintf(file, "%a\n", n.number[i]);
    }
    judge_numbers_free(&n);
    judge_case_free(&j);
    return base_ok(error);
}

bool judge_numbers_write(const char *path, base_error *error) {
    FILE *file = fopen(path, "w");
    if (!file)
        return base_fail(error, BASE_FAILED, "%s cannot be written", path);
    for (const op_def *const *def = op_table; *def; def++)
        for (const op_case *c = (*def)->cases; c->name; c++)
            write_case(file, *def, c, error);
    return fclose(file) == 0 && base_ok(error);
}

bool judge_numbers_read(FILE *file, const char *name, const judge_numbers *like, judge_numbers *out,
                        base_error *error) {
    char line[256];
    size_t count;
    *out = *like;
    out->number = base_alloc(like->start[like->arrays], sizeof *out->number, error);
    if (!out->number)
        return false;
    bool known = fgets(line, sizeof line, file) && !strncmp(line, name, strlen(name)) &&
                 fscanf(file, "%zu", &count) == 1 && count == like->start[like->arrays];
    for (size_t i = 0; known && i < count; i++)
        known = fscanf(file, "%la", &out->number[i]) == 1;
    fgets(line, sizeof line, file); /* the last line's end */
    return known ||
           base_fail(error, BASE_FAILED,
                     "%s is not in the double build's numbers: they are of other sources", name);
}
