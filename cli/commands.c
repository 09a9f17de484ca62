#include "base/keys.h"
#include "cli/command.h"

#include <string.h>

#define COMMAND(name) extern const cli_command cli_command_##name;
#include "cli/commands.def"
#undef COMMAND

#define COMMAND(name) &cli_command_##name,
const cli_command *const cli_commands[] = {
#include "cli/commands.def"
};
#undef COMMAND

enum { COMMANDS = sizeof cli_commands / sizeof cli_commands[0] };

size_t cli_command_count(void) {
    return COMMANDS;
}

const cli_command *cli_command_find(const char *name, base_error *error) {
    const char *names[COMMANDS];
    char shown[120];
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(cli_commands[i]->name, name) == 0)
            return cli_commands[i];
        names[i] = cli_commands[i]->name;
    }
    base_fail(error, BASE_BAD_INPUT,
              "there is no command '%s'; the nearest is '%s' (sbert --help shows all)",
              base_escape(shown, sizeof shown, name, strlen(name)),
              base_keys_nearest(name, names, COMMANDS));
    return NULL;
}
