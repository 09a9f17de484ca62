#include "base/file.h"
#include "base/output.h"
#include "cli/command.h"
#include "synth/synth.h"

#include <stdio.h>
#include <stdlib.h>

static const cli_option options[] = {
    {"out", CLI_TEXT, "DIR", NULL, "folder to write into (made if missing)", 0, 0},
    CLI_OVERWRITE_OPTION,
    {"seed", CLI_SIZE, "N", "1", "another seed gives other sentences", 0, CLI_SIZE_MAX},
};

static bool check_files(const char *folder, bool overwrite, base_error *error) {
    static const char *const none[] = {NULL};
    size_t count;
    const synth_file *files = synth_files(&count);
    bool ok = true;
    for (size_t i = 0; ok && i <= count; i++) {
        char *path = base_path(folder, i < count ? files[i].name : "sentences.txt", error);
        ok = path && base_output_check(path, overwrite, none, error);
        free(path);
    }
    return ok;
}

static bool run(const cli_arguments *arguments, base_error *error) {
    const char *out = cli_text(arguments, "out");
    size_t count;
    const synth_file *files = synth_files(&count);
    if (!out)
        return base_fail(error, BASE_BAD_INPUT, "synth: found no --out DIR, expected a folder");
    if (!check_files(out, cli_flag(arguments, "overwrite"), error) ||
        !synth_write(out, cli_size(arguments, "seed"), error))
        return false;
    for (size_t i = 0; i < count; i++)
        printf("%s/%s\t%zu %s\n", out, files[i].name, files[i].rows,
               files[i].scored ? "scored pairs" : "NLI pairs");
    printf("%s/sentences.txt\tthe sentences of the training files, for sbert vocab\n", out);
    return true;
}

const cli_command cli_command_synth = {
    .name = "synth",
    .summary = "Write the built-in NLI and STS corpus",
    .usage = "--out DIR [--seed N]",
    .details =
        "Sentences come from a small grammar. Pairs are labelled entailment, neutral or\n"
        "contradiction, or scored from 0 to 5; meaning, not word overlap, decides. The files\n"
        "depend on the seed alone; train, dev and test share no sentence.\n",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .run = run,
};
