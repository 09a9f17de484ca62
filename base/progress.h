/* How long work tells its caller how far it is, and asks whether to go on. */
#ifndef BASE_PROGRESS_H
#define BASE_PROGRESS_H

#include "base/error.h"

/* The caller's; outlives the work. */
typedef struct base_progress {
    /* Called on the caller's thread, several times a second at least: `done` of `total` things are
     * done. Returns whether to go on. */
    bool (*report)(void *context, size_t done, size_t total);
    void *context;
} base_progress;

/* Reports (progress NULL: to nobody). False, with the status BASE_STOPPED, when the caller wants no
 * more. */
static inline bool base_progress_report(const base_progress *progress, size_t done, size_t total,
                                        base_error *error) {
    return !progress || progress->report(progress->context, done, total) ||
           base_fail(error, BASE_STOPPED, "stopped after %zu of %zu", done, total);
}

#endif
