/* SIGINT, SIGTERM, SIGHUP and SIGUSR1 (by which a batch system says that time is nearly over, as
 * Slurm's --signal), for commands that stop in good order. Without a watch they end the program as
 * usual. */
#ifndef CLI_SIGNALS_H
#define CLI_SIGNALS_H

/* At the program's start: a closed pipe (SIGPIPE) and a file that is larger than the limit
 * (SIGXFSZ) fail the write instead of ending the program, so that training goes on when nobody
 * reads its log, and no part of a file is left. A mapped file that another program cuts short
 * (SIGBUS) ends the program with a message and exit code 1. */
void cli_signals_start(void);

/* From now on the first of each is only noted (a second one ends the program); SIGHUP stays ignored
 * when it was, as under nohup. */
void cli_signals_watch(void);

/* Ends the watch: the next signal ends the program as usual, as while it waits for more input. */
void cli_signals_unwatch(void);

/* The signal that came since cli_signals_watch, 0 when none did. */
int cli_signal(void);

#endif
