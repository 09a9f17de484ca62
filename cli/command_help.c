#include "cli/command.h"
#include "train/config.h"

#include <stdio.h>
#include <string.h>

static const cli_option options[] = {
    {"reference", CLI_TEXT, "NAME", NULL,
     "print a reference in Markdown: commands, or config (every key of a config)", 0, 0},
};

static bool help_text(const cli_arguments *a, base_bytes *out, base_error *error) {
    const char *reference = cli_text(a, "reference");
    char shown[120];
    if (reference && strcmp(reference, "commands") == 0)
        return cli_help_reference(out, error);
    if (reference && strcmp(reference, "config") == 0)
        return train_config_reference(out, error);
    if (reference)
        return base_fail(error, BASE_BAD_INPUT, "--reference is '%s', expected commands or config",
                         base_escape(shown, sizeof shown, reference, strlen(reference)));
    if (a->operand_count == 0)
        return cli_help_program(out, error);
    const cli_command *command = cli_command_find(a->operand[0], error);
    return command && cli_help_command(out, command, error);
}

static bool run(const cli_arguments *arguments, base_error *error) {
    base_bytes out = {0};
    bool ok = help_text(arguments, &out, error);
    if (ok)
        fputs(out.data, stdout);
    base_bytes_free(&out);
    return ok;
}

const cli_command cli_command_help = {
    .name = "help",
    .summary = "Help on a command, or the reference of all",
    .usage = "[COMMAND] [--reference commands|config]",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .operands_high = 1,
    .run = run,
};
