/* The program `sbert` as its users run it; tests/run.sh names it in SBERT. */
#ifndef TESTS_PROGRAM_H
#define TESTS_PROGRAM_H

#include "base/json.h"

/* Runs "sbert ARGUMENTS" in a shell, the test's folder being $D and the program $S. Returns the
 * exit code as a shell shows it (128+n for signal n); *out gets its standard output. Without SBERT
 * the test is skipped. */
int program_run(const char *arguments, base_bytes *out);

/* The same with standard error on a terminal of so many columns; *out gets what it shows (a few
 * thousand bytes at most). */
int program_run_on_terminal(const char *arguments, int columns, base_bytes *out);

/* Expects this exit code and exactly this output. */
void program_expect(const char *arguments, int code, const char *output);

/* Expects this exit code, and `part` somewhere in what goes to either output. */
void program_expect_part(const char *arguments, int code, const char *part);

/* Makes $D/m, a BERT of 8 columns, 1 layer, 16 positions and the words "a", "b", "c", "d", ".",
 * from $D/bert.json and $D/words.txt. */
void program_make_model(void);

/* The JSON that "sbert ARGUMENTS" prints; free with cJSON_Delete. */
cJSON *program_json(const char *arguments);

#endif
