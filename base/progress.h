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

/* Makes of the progress of a part, such as one of several calls, that of the whole: `before` things
 * stand before the part, `total` are all. Must live as long as the base_progress made of it. */
typedef struct base_part_progress {
    const base_progress *whole; /* NULL: nobody */
    size_t before, total;
} base_part_progress;

static inline bool base_report_part(void *context, size_t done, size_t total) {
    const base_part_progress *part = context;
    (void)total;
    return !part->whole ||
           part->whole->report(part->whole->context, part->before + done, part->total);
}

static inline base_progress base_progress_of_part(base_part_progress *part) {
    return (base_progress){base_report_part, part};
}

#endif
