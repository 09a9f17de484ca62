/* All operators, NULL-terminated: for tests and reports. */
#ifndef AUTOGRAD_OPS_TABLE_H
#define AUTOGRAD_OPS_TABLE_H

#include "autograd/op.h"

extern const op_def *const op_table[];

#endif
