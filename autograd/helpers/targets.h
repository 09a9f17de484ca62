/* What operators share whose output is the mean of a function of each element and a target, summed
 * in order in double. The node's attribute is a const double *, a target for each element of input
 * 0.
 */
#ifndef AUTOGRAD_HELPERS_TARGETS_H
#define AUTOGRAD_HELPERS_TARGETS_H

#include "autograd/op.h"

/* Input 0 has at least one element and targets are there; n becomes [1, 1]. */
bool op_shape_targets(tape *t, tape_node *n);

typedef double op_target_function(double x, double target);

/* n = mean over i of term(x[i], target[i]). */
void op_mean_of_terms(tape_node *n, op_target_function *term);

/* dx[i] += dn slope(x[i], target[i]) / elements. */
void op_mean_of_slopes(tape *t, tape_node *n, op_target_function *slope);

#endif
