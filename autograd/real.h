/* The number type: float to train, double to judge (-DREAL_DOUBLE compiles the same sources). */
#ifndef AUTOGRAD_REAL_H
#define AUTOGRAD_REAL_H

#ifdef REAL_DOUBLE
typedef double real;
#define REAL_EPSILON 2.2204460492503131e-16
#else
typedef float real;
#define REAL_EPSILON 1.1920929e-07F
#endif

/* A double constant or value as a real. */
#define REAL(x) ((real)(x))

#endif
