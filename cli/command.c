#include "cli/command.h"

#include "base/keys.h"
#include "base/version.h"

#include <stdio.h>
#include <string.h>

#define COMMAND(name) extern const cli_command cli_command_##name;
#include "cli/commands.def"
#undef COMMAND

#define COMMAND(name) &cli_command_##name,
static const cli_command *const commands[] = {
#include "cli/commands.def"
};
#undef COMMAND

enum { COMMANDS = sizeof commands / sizeof commands[0] };

const cli_command *cli_command_find(const char *name, base_error *error) {
    const char *names[COMMANDS];
    char shown[120];
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
        names[i] = commands[i]->name;
    }
    base_fail(error, BASE_BAD_INPUT,
              "there is no command '%s'; the nearest is '%s' (sbert --help shows all)",
              base_escape(shown, sizeof shown, name, strlen(name)),
              base_keys_nearest(name, names, COMMANDS));
    return NULL;
}

/* ---- help ---- */

/* "--out FILE" */
static const char *option_form(const cli_option *option, char *out, size_t size) {
    snprintf(out, size, "--%s%s%s%s", option->name, option->value ? " " : "",
             option->value ? option->value : "", option->kind == CLI_WORDS ? "..." : "");
    return out;
}

static bool help_option(base_bytes *out, const cli_option *option, base_error *error) {
    char form[100];
    return base_bytes_format(out, error, "  %-22s %s%s%s%s\n",
                             option_form(option, form, sizeof form), option->help,
                             option->initial ? " (default: " : "",
                             option->initial ? option->initial : "", option->initial ? ")" : "");
}

static bool help_options(base_bytes *out, const char *title, const cli_option *options,
                         size_t count, base_error *error) {
    if (count > 0 && !base_bytes_format(out, error, "\n%s\n", title))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!help_option(out, &options[i], error))
            return false;
    return true;
}

bool cli_help_command(base_bytes *out, const cli_command *c, base_error *error) {
    return base_bytes_format(out, error, "usage: sbert %s %s\n\n%s.\n%s%s", c->name, c->usage,
                             c->summary, c->details ? "\n" : "", c->details ? c->details : "") &&
           help_options(out, "Options:", c->options, c->option_count, error) &&
           help_options(out, "Options of every command:", cli_common_options,
                        cli_common_option_count(), error) &&
           (!c->more_help || c->more_help(out, error));
}

bool cli_help_program(base_bytes *out, base_error *error) {
    if (!base_bytes_format(out, error,
                           "sbert %s: fine-tunes siamese encoders into sentence-embedding "
                           "models, on a CPU.\n\nusage: sbert COMMAND ...\n\n",
                           BASE_VERSION))
        return false;
    for (size_t i = 0; i < COMMANDS; i++)
        if (!base_bytes_format(out, error, "  %-12s %s\n", commands[i]->name, commands[i]->summary))
            return false;
    return base_bytes_format(out, error,
                             "\nsbert COMMAND --help shows a command's options and their "
                             "defaults.\nExit codes: 0 done, 1 failed, 2 wrong usage, config or "
                             "input file, 128+n ended by signal n.\n");
}

static bool reference_option(base_bytes *out, const cli_option *option, base_error *error) {
    char form[100];
    return base_bytes_format(out, error, "| `%s` | %s | %s |\n",
                             option_form(option, form, sizeof form),
                             option->initial ? option->initial : "", option->help);
}

static bool reference_options(base_bytes *out, const cli_option *options, size_t count,
                              base_error *error) {
    if (count > 0 &&
        !base_bytes_format(out, error, "\n| option | default | meaning |\n|---|---|---|\n"))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!reference_option(out, &options[i], error))
            return false;
    return true;
}

bool cli_help_reference(base_bytes *out, base_error *error) {
    if (!base_bytes_format(out, error,
                           "# Command reference\n\nGenerated from the tables in `cli/` by "
                           "`make docs`.\n\nOptions of every command:\n") ||
        !reference_options(out, cli_common_options, cli_common_option_count(), error))
        return false;
    for (size_t i = 0; i < COMMANDS; i++) {
        const cli_command *c = commands[i];
        if (!base_bytes_format(out, error, "\n## sbert %s\n\n    sbert %s %s\n\n%s.\n%s%s", c->name,
                               c->name, c->usage, c->summary, c->details ? "\n" : "",
                               c->details ? c->details : "") ||
            !reference_options(out, c->options, c->option_count, error))
            return false;
    }
    return true;
}
