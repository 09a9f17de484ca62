#define _POSIX_C_SOURCE 200809L
#include "cli/signals.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t received;

static void note(int number) {
    received = number;
}

void cli_signals_start(void) {
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
}

static void set_action(struct sigaction action) {
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
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
