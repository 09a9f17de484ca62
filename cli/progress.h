/* Progress on standard error: a line that is written over on a terminal, and how long work shows
 * itself and stops. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "base/progress.h"

/* One line at the bottom of a terminal. Log sentences go above it. */
typedef struct cli_line {
    bool terminal; /* standard error is one; else nothing is ever open */
    bool open;     /* the line stands there, without its newline */
} cli_line;

/* From now on the log goes through the line, which must live until cli_line_end; without a terminal
 * it stays where it goes. */
void cli_line_start(cli_line *line);

/* Replaces the line, cut to the terminal's width (text of one column a byte). Without a terminal
 * the text is a plain line. */
void cli_line_show(cli_line *line, const char *text);

/* Ends the line, so that others follow it: what it says stays, or is removed. */
void cli_line_keep(cli_line *line);
void cli_line_clear(cli_line *line);

/* Removes the line, and the log goes its usual way again. */
void cli_line_end(cli_line *line);

/* "1m05s", "2h03m" in out[size]; returns out. */
const char *cli_duration(double seconds, char *out, size_t size);

/* Work on `total` things that takes long: on a terminal, after half a second, a line "TIME left
 * DONE/TOTAL things  N things/s"; a watched signal (cli/signals.h) stops it. */
typedef struct cli_progress {
    base_progress report; /* to be given to the work; counts from `done` on */
    cli_line line;
    const char *things; /* "sentences" */
    size_t done, total; /* total 0: not known */
    size_t before;      /* of `done`: before it started */
    double start, shown;
} cli_progress;

/* Starts it. It must not move until cli_progress_end, which removes the line. `prints`: results go
 * to standard output meanwhile, so there is no line when that is a terminal too. */
void cli_progress_start(cli_progress *p, const char *things, size_t total, bool prints);
void cli_progress_end(cli_progress *p);

/* Things that were done before it started, in a time that nobody measured. */
void cli_progress_from(cli_progress *p, size_t done);

/* Counts a finished part: the next report counts from here on. */
void cli_progress_add(cli_progress *p, size_t done);

#endif
