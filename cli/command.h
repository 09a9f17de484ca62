/* What a sub-command is, for the files cli/command_*.c: one file and one line in commands.def. */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include "cli/options.h"

typedef struct cli_command {
    const char *name;
    const char *summary; /* one line, for the list of commands */
    const char *usage;   /* what stands behind "sbert NAME " */
    const char *details; /* paragraphs of --help below the summary, each line ends in \n; or NULL */
    const cli_option *options; /* its own; those of every command are the frame's */
    size_t option_count;
    size_t operands_low, operands_high; /* how many operands it takes */
    bool in_ranks;                      /* several processes of mpirun work together */
    bool computes;                      /* the frame starts the thread pool before `run` */
    bool says_phases;                   /* the seconds of its laps are said at the end */
    bool (*more_help)(base_bytes *out, base_error *error); /* appended to --help; or NULL */
    /* Results go to stdout, all else to stderr. False with the error set; or, when a watched signal
     * (cli/signals.h) ended the work, without one. */
    bool (*run)(const cli_arguments *arguments, base_error *error);
} cli_command;

/* Of the table (commands.def); NULL when there is none of this name: the error names the nearest.
 */
const cli_command *cli_command_find(const char *name, base_error *error);

/* Appends what --help prints: of the program, or of a command. */
bool cli_help_program(base_bytes *out, base_error *error);
bool cli_help_command(base_bytes *out, const cli_command *command, base_error *error);

/* Appends the reference of all commands in Markdown, for docs/. */
bool cli_help_reference(base_bytes *out, base_error *error);

#endif
