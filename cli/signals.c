#define _POSIX_C_SOURCE 200809L
#include "cli/signals.h"

#include <signal.h>
#include <stddef.h>
#include <unistd.h>

static volatile sig_atomic_t received;

static void note(int number) {
    received = number;
}

/* Nothing can be read in place of a page that is gone. */
static void end_cut_short(int number) {
    static const char text[] = "sbert: a file was cut short, or could not be read, while in use\n";
    ssize_t written = write(STDERR_FILENO, text, sizeof text - 1);
    (void)written, (void)number;
    _exit(1);
}

void cli_signals_start(void) {
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    signal(SIGBUS, end_cut_short);
}

static void set_action(struct sigaction action) {
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGUSR1, &action, NULL);
    struct sigaction before;
    if (sigaction(SIGHUP, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
        sigaction(SIGHUP, &action, NULL);
}

void cli_signals_watch(void) {
    /* SA_RESETHAND: the second signal finds the default action. */
    set_action(
        (struct sigaction){.sa_handler = note, .sa_flags = (int)(SA_RESETHAND | SA_RESTART)});
}

void cli_signals_unwatch(void) {
    set_action((struct sigaction){.sa_handler = SIG_DFL});
}

int cli_signal(void) {
    return (int)received;
}
