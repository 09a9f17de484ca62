/* Operators' cases (autograd/op.h) as problems for the judge. */
#ifndef TESTS_JUDGE_CASE_H
#define TESTS_JUDGE_CASE_H

#include "autograd/op.h"
#include "tests/judge.h"

/* One case with its inputs drawn by name: the same numbers, exact in float, in both builds. */
typedef struct judge_case {
    const op_case *c;
    size_t inputs;
    char name[128], input_name[TAPE_MAX_INPUTS][32];
    tape_param param[TAPE_MAX_INPUTS], *pointer[TAPE_MAX_INPUTS];
    real *grad[TAPE_MAX_INPUTS]; /* of each param; one whose param.grad is NULL is frozen */
    tape_sparse sparse;
    /* How the inputs reach the operator. */
    bool twice;                      /* as activations that two calls of the operator share */
    size_t twin_of[TAPE_MAX_INPUTS]; /* input i is the same node as input twin_of[i] <= i */
} judge_case;

bool judge_case_draw(judge_case *j, const op_def *def, const op_case *c, base_error *error);
void judge_case_free(judge_case *j);

/* Builds the case on a tape; context is the judge_case. */
tape_node *judge_case_build(tape *t, void *context);

/* Judges every case of the operator in every variant: plain, shared by two calls, one node as two
 * inputs, and every subset of the inputs frozen. An operator without cases fails. */
bool judge_op(const op_def *def, const kernel_table *kernels, base_error *why);

#endif
