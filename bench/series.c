#include "bench/series.h"

#include <stdlib.h>
#include <string.h>

void bench_series_add(bench_series *series, double value) {
    if (series->count < BENCH_SERIES_MAX)
        series->value[series->count++] = value;
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double bench_series_median(const bench_series *series, size_t skip) {
    if (series->count <= skip)
        return 0;
    double sorted[BENCH_SERIES_MAX];
    size_t n = series->count - skip;
    memcpy(sorted, series->value + skip, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, by_size);
    return (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
}

double bench_series_low(const bench_series *series) {
    double low = series->count ? series->value[0] : 0;
    for (size_t i = 1; i < series->count; i++)
        low = series->value[i] < low ? series->value[i] : low;
    return low;
}

double bench_series_high(const bench_series *series) {
    double high = series->count ? series->value[0] : 0;
    for (size_t i = 1; i < series->count; i++)
        high = series->value[i] > high ? series->value[i] : high;
    return high;
}

cJSON *bench_series_json(const bench_series *series) {
    cJSON *object = cJSON_CreateObject();
    cJSON_AddNumberToObject(object, "median", bench_series_median(series, 0));
    cJSON_AddNumberToObject(object, "low", bench_series_low(series));
    cJSON_AddNumberToObject(object, "high", bench_series_high(series));
    cJSON_AddItemToObject(object, "runs",
                          cJSON_CreateDoubleArray(series->value, (int)series->count));
    return object;
}
