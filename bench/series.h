/* A few measurements of one thing. */
#ifndef BENCH_SERIES_H
#define BENCH_SERIES_H

#include "base/error.h"

#include <cjson/cJSON.h>

enum { BENCH_SERIES_MAX = 1024 };

typedef struct bench_series {
    size_t count;
    double value[BENCH_SERIES_MAX];
} bench_series;

/* Values beyond the last place are dropped. */
void bench_series_add(bench_series *series, double value);

/* Median (mean of the middle two), least and largest of the values from the `skip`-th on; 0 when
 * there are none. */
double bench_series_median(const bench_series *series, size_t skip);
double bench_series_low(const bench_series *series);
double bench_series_high(const bench_series *series);

/* {"median", "low", "high", "runs": [...]} */
cJSON *bench_series_json(const bench_series *series);

#endif
