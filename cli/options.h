/* Options of the command line by table: the parser and --help come from the same rows.
 *
 * `--name value` and `--name=value`; `--` ends the options; a lone `-` is an operand. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "base/memory.h"
#include "base/profile.h"
#include "dist/dist.h"

typedef enum cli_kind {
    CLI_FLAG,  /* takes no value */
    CLI_TEXT,  /* one value; the last one given counts */
    CLI_OUT,   /* the same, a file that the command writes: see cli_outputs_check */
    CLI_SIZE,  /* a whole number from low to high */
    CLI_LIST,  /* one value; may be given again, all count */
    CLI_WORDS, /* all words up to the next option, at least one; may be given again */
} cli_kind;

typedef struct cli_option {
    const char *name; /* without the dashes */
    cli_kind kind;
    const char *value;   /* what stands for the value in help: "FILE" */
    const char *initial; /* the default: of CLI_SIZE a number; of others words for help; or NULL */
    const char *help;
    size_t low, high; /* CLI_SIZE; high at most CLI_SIZE_MAX */
} cli_option;

/* As in a config: the largest number that JSON keeps exactly. */
#define CLI_SIZE_MAX (((size_t)1 << 53) - 1)

/* A command line taken apart; strings are argv's. */
typedef struct cli_arguments {
    const struct cli_command *command;
    const char **operand;
    size_t operand_count;
    size_t threads;        /* 0: not given */
    dist_ranks *ranks;     /* of the job that the process belongs to */
    base_profile *profile; /* where the command takes laps; NULL without --profile */
    base_profile *watch;   /* of its phases, for a command that says them; else `profile` */
    struct cli_given {
        const cli_option *option;
        const char *value; /* "" for flags */
    } * given;
    size_t given_count;
} cli_arguments;

/* The options that every command takes: threads, help, version. */
extern const cli_option cli_common_options[];
size_t cli_common_option_count(void);

/* Takes words[0..count) apart by the command's table. An unknown option names the nearest known
 * one. Too few or too many operands are an error unless --help or --version is there. Release with
 * cli_arguments_free, also on failure. */
bool cli_parse(const struct cli_command *command, const char *const *words, size_t count,
               cli_arguments *out, base_error *error);
void cli_arguments_free(cli_arguments *arguments);

/* Before a command runs: its CLI_OUT options may not name one of its inputs (any other word of the
 * command line that is a file), nor, without the flag "overwrite", a file that is there; "-" is
 * standard output. A command with such an option has CLI_OVERWRITE_OPTION in its table. */
bool cli_outputs_check(const cli_arguments *arguments, base_error *error);
#define CLI_OVERWRITE_OPTION                                                                       \
    { "overwrite", CLI_FLAG, NULL, NULL, "replace a file that is there", 0, 0 }

/* Values, by the option's name. */
bool cli_flag(const cli_arguments *arguments, const char *name);
const char *cli_text(const cli_arguments *arguments, const char *name); /* NULL when not given */
size_t cli_size(const cli_arguments *arguments, const char *name);  /* the default when not given */
size_t cli_count(const cli_arguments *arguments, const char *name); /* how often it was given */
/* Value number i (< cli_count). */
const char *cli_value(const cli_arguments *arguments, const char *name, size_t i);

/* False with an error when `name` was given and `other` was not. */
bool cli_goes_with(const cli_arguments *arguments, const char *name, const char *other,
                   base_error *error);

/* A decimal number from low to high; *out is left alone when the option was not given. */
bool cli_number(const cli_arguments *arguments, const char *name, double low, double high,
                double *out, base_error *error);

/* Two decimal numbers with `between` between them, the lower one first, whose difference is finite;
 * when the option was not given both are left alone. */
bool cli_range(const cli_arguments *arguments, const char *name, char between, double *low,
               double *high, base_error *error);

#endif
