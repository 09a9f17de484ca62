/* Where the time goes: a stopwatch whose laps are added up by name.
 *
 * A lap is all time since the lap before it, so rows add up to the time from the first to the last
 * lap and nothing is counted twice. One thread at a time takes laps. */
#ifndef BASE_PROFILE_H
#define BASE_PROFILE_H

#include <stddef.h>

enum { BASE_PROFILE_ROWS = 128 };

typedef struct base_profile_row {
    const char *name, *phase; /* "linear", "forward" */
    size_t laps;
    double seconds;
    double flops; /* floating-point operations of matrix products */
    double bytes; /* read and written, each array counted once a lap */
} base_profile_row;

typedef struct base_profile {
    base_profile_row row[BASE_PROFILE_ROWS];
    size_t rows;
    double start, last; /* seconds of base_cpu_seconds */
} base_profile;

/* Empties the profile and starts the watch. */
void base_profile_start(base_profile *profile);

/* Adds the time since the last lap to the row of this name and phase ("" for none), which is made
 * when new; the strings are kept, not copied. When the table is full the last row takes all. Does
 * nothing when `profile` is NULL. */
void base_profile_lap(base_profile *profile, const char *name, const char *phase, double flops,
                      double bytes);

#endif
