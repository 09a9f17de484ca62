/* What an operator's case gives: its value and all gradients, to be compared between builds, levels
 * of kernels and numbers of threads. */
#ifndef TESTS_JUDGE_NUMBERS_H
#define TESTS_JUDGE_NUMBERS_H

#include "tests/judge_case.h"

#include <stdio.h>

/* Array 0 is the value, then the gradient of each input; array a is number[start[a] .. start[a+1]).
 */
typedef struct judge_numbers {
    double *number;
    size_t arrays, start[TAPE_MAX_INPUTS + 2];
} judge_numbers;

/* Runs the case forward and, from the projection that its name draws, backward. */
bool judge_numbers_run(judge_case *j, const kernel_table *kernels, judge_numbers *out,
                       base_error *error);
void judge_numbers_free(judge_numbers *numbers);

/* The file by which the double build tells the float build its numbers: every case in the order of
 * ops.def. Paths are relative to the repository. */
#define JUDGE_NUMBERS_PATH "build/judge.numbers"
bool judge_numbers_write(const char *path, base_error *error);

/* Reads the next case of the file into *out, laid out as `like`; it must have that name. */
bool judge_numbers_read(FILE *file, const char *name, const judge_numbers *like, judge_numbers *out,
                        base_error *error);

#endif
