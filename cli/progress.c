#define _DEFAULT_SOURCE
#include "cli/progress.h"

#include "base/cpu.h"
#include "base/log.h"
#include "cli/signals.h"

#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

static void log_above(void *context, base_log_level level, const char *sentence) {
    cli_line_clear(context);
    fprintf(stderr, "%s%s\n", level == BASE_LOG_WARNING ? "warning: " : "", sentence);
}

void cli_line_start(cli_line *line) {
    *line = (cli_line){.terminal = isatty(STDERR_FILENO) == 1};
    if (line->terminal)
        base_log_to(log_above, line);
}

/* Columns of the terminal, 80 when it does not tell. */
static int terminal_width(void) {
    struct winsize size;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

/* One column stays free: a line that wraps could not be written over. */
void cli_line_show(cli_line *line, const char *text) {
    if (line->terminal)
        fprintf(stderr, "\r%.*s\x1b[K", terminal_width() - 1, text);
    else
        fprintf(stderr, "%s\n", text);
    fflush(stderr);
    line->open = line->terminal;
}

void cli_line_keep(cli_line *line) {
    if (line->open)
        fputc('\n', stderr);
    line->open = false;
}

void cli_line_clear(cli_line *line) {
    if (line->open)
        fputs("\r\x1b[K", stderr);
    line->open = false;
}

void cli_line_end(cli_line *line) {
    cli_line_clear(line);
    if (line->terminal)
        base_log_to(NULL, NULL);
    line->terminal = false;
}

const char *cli_duration(double seconds, char *out, size_t size) {
    unsigned long s = (unsigned long)(seconds + 0.5);
    if (s >= 3600)
        snprintf(out, size, "%luh%02lum", s / 3600, s / 60 % 60);
    else
        snprintf(out, size, "%lum%02lus", s / 60, s % 60);
    return out;
}

static void show(cli_progress *p, size_t done, double now) {
    char text[160], left[32];
    double rate = (double)(done - p->before) / (now - p->start);
    p->shown = now;
    if (p->total && done > p->before)
        snprintf(text, sizeof text, "%s left  %zu/%zu %s  %.0f %s/s",
                 cli_duration((double)(p->total - done) / rate, left, sizeof left), done, p->total,
                 p->things, rate, p->things);
    else
        snprintf(text, sizeof text, "%zu %s  %.0f %s/s", done, p->things, rate, p->things);
    cli_line_show(&p->line, text);
}

static bool report(void *context, size_t done, size_t total) {
    static const double quiet = 0.5, pause = 0.1; /* seconds before the first and between two */
    cli_progress *p = context;
    double now = base_cpu_seconds();
    (void)total;
    if (p->line.terminal && now - p->start > quiet && now - p->shown > pause)
        show(p, p->done + done, now);
    return cli_signal() == 0;
}

void cli_progress_start(cli_progress *p, const char *things, size_t total, bool prints) {
    *p = (cli_progress){.report = {report, p}, .things = things, .total = total};
    p->start = base_cpu_seconds();
    cli_line_start(&p->line);
    if (prints && isatty(STDOUT_FILENO))
        cli_line_end(&p->line);
}

void cli_progress_end(cli_progress *p) {
    cli_line_end(&p->line);
}

void cli_progress_from(cli_progress *p, size_t done) {
    p->done = p->before = done;
}

void cli_progress_add(cli_progress *p, size_t done) {
    p->done += done;
}
