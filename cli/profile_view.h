/* --profile: where a command's time went. */
#ifndef CLI_PROFILE_VIEW_H
#define CLI_PROFILE_VIEW_H

#include "base/profile.h"

#include <stdio.h>

/* The option's row in the table of a command that takes laps. */
#define CLI_PROFILE_OPTION                                                                         \
    {                                                                                              \
        "profile", CLI_FLAG, NULL, NULL,                                                           \
            "say at the end where the time went: seconds, share, GFLOP/s of matrix products, "     \
            "GB/s of others",                                                                      \
            0, 0                                                                                   \
    }

/* A line a row, most seconds first, and the sum, which is the command's wall clock. */
void cli_profile_print(const base_profile *profile, FILE *out);

/* The same for the few phases of a command that always says them: one line on standard error,
 * "model 0.31 s, corpus 2.10 s, ...; 2.41 s in all". */
void cli_profile_say(const base_profile *profile);

#endif
