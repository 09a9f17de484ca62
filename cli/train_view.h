/* What `sbert train` shows: a live line on a terminal, plain lines elsewhere, and the summary. */
#ifndef CLI_TRAIN_VIEW_H
#define CLI_TRAIN_VIEW_H

#include "cli/progress.h"
#include "train/trainer.h"

#include <stdio.h>

typedef struct cli_train_view {
    cli_line line;
    bool working;  /* the line is about work that goes on, and need not stay */
    double began;  /* that work, seconds; 0: none goes on */
    size_t before; /* what was done of it then */
    double last;   /* when the last line was shown, seconds */
} cli_train_view;

/* Events that stop on a watched signal and, when `shown`, show on standard error; the view outlives
 * them.
 * End it with cli_train_view_end. */
train_events cli_train_events(cli_train_view *view, bool shown);
void cli_train_view_end(cli_train_view *view);

/* Rows, steps, lengths, memory: to `out`. */
void cli_train_summary(const train_summary *summary, FILE *out);

/* What the corpora hold: labels with their rows, scores, and with `samples` the first rows. */
void cli_train_data(const train_summary *summary, bool samples, FILE *out);

/* How the run ended: to standard output. */
void cli_train_outcome(const train_outcome *outcome, const train_summary *summary,
                       const char *folder);

#endif
