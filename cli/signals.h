/* SIGINT, SIGTERM and SIGHUP, for commands that stop in good order. Without a watch they end the
 * program as usual. */
#ifndef CLI_SIGNALS_H
#define CLI_SIGNALS_H

/* From now on the first of each is only noted (a second one ends the program); SIGHUP stays ignored
 * when it was, as under nohup. */
void cli_signals_watch(void);

/* The signal that came since cli_signals_watch, 0 when none did. */
int cli_signal(void);

#endif
