#include "cli/profile_view.h"

#include "base/log.h"
#include "base/memory.h"

#include <stdlib.h>

static int by_seconds(const void *a, const void *b) {
    const base_profile_row *x = a, *y = b;
    return (x->seconds < y->seconds) - (x->seconds > y->seconds);
}

static void print_row(const base_profile_row *row, double all, FILE *out) {
    fprintf(out, "%9.3f  %5.1f %%  %8zu  ", row->seconds, 100 * row->seconds / all, row->laps);
    if (row->flops > 0)
        fprintf(out, "%7.1f GFLOP/s", row->flops / row->seconds / 1e9);
    else if (row->bytes > 0)
        fprintf(out, "%7.1f GB/s   ", row->bytes / row->seconds / 1e9);
    else
        fprintf(out, "%15s", "");
    fprintf(out, "  %s%s%s\n", row->name, *row->phase ? ", " : "", row->phase);
}

void cli_profile_print(const base_profile *profile, FILE *out) {
    base_profile sorted = *profile;
    double all = profile->last - profile->start, sum = 0;
    qsort(sorted.row, sorted.rows, sizeof *sorted.row, by_seconds);
    fprintf(out, "%9s  %7s  %8s  %15s  %s\n", "seconds", "share", "laps", "rate", "part");
    for (size_t i = 0; i < sorted.rows; i++) {
        print_row(&sorted.row[i], all, out);
        sum += sorted.row[i].seconds;
    }
    fprintf(out, "%9.3f  of %.3f seconds of the wall clock\n", sum, all);
}

void cli_profile_say(const base_profile *profile) {
    base_bytes line = {0};
    base_error error = {0};
    bool ok = true;
    for (size_t i = 0; ok && i < profile->rows; i++)
        ok = base_bytes_format(&line, &error, "%s %.3f s, ", profile->row[i].name,
                               profile->row[i].seconds);
    if (ok && line.size)
        base_log(BASE_LOG_INFO, "%.*s; %.3f s in all", (int)line.size - 2, line.data,
                 profile->last - profile->start);
    base_bytes_free(&line);
}
