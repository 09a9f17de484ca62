#include "train/config.h"

#include "losses/loss.h"

#include <stdio.h>
#include <string.h>

static const struct group {
    train_table table;
    const char *title;
} groups[] = {
    {TRAIN_TABLE_KEYS, "Keys of a config"},
    {TRAIN_TABLE_DATA, "Keys of an entry of train.data"},
    {TRAIN_TABLE_EVALUATION, "Keys of an entry of evaluation.data"},
};

enum { GROUPS = sizeof groups / sizeof groups[0] };

typedef bool print_section(base_bytes *out, const char *title, const base_keys *keys,
                           base_error *error);

/* The config's tables, then the options of each loss. */
static bool print_all(print_section *print, base_bytes *out, base_error *error) {
    for (size_t g = 0; g < GROUPS; g++)
        if (!print(out, groups[g].title, train_config_keys(groups[g].table), error))
            return false;
    for (const loss_def *const *def = loss_table; *def; def++) {
        char title[200];
        snprintf(title, sizeof title, "Options of the loss %s (%s)", (*def)->name, (*def)->summary);
        if (!print(out, title, (*def)->options, error))
            return false;
    }
    return true;
}

static bool help_section(base_bytes *out, const char *title, const base_keys *keys,
                         base_error *error) {
    char expects[300];
    bool ok = base_bytes_format(out, error, "\n%s, with their defaults:\n", title);
    for (size_t i = 0; ok && i < keys->count; i++)
        ok = base_bytes_format(out, error, "  %s = %s\n      %s (%s)\n", keys->key[i].path,
                               keys->key[i].initial, keys->key[i].help,
                               base_key_expects(&keys->key[i], expects, sizeof expects));
    return ok;
}

bool train_config_help(base_bytes *out, base_error *error) {
    return print_all(help_section, out, error);
}

/* Appends a cell of a Markdown table between quotes, with its own bars escaped. */
static bool add_cell(base_bytes *out, const char *text, const char *quote, base_error *error) {
    bool ok = base_bytes_format(out, error, " %s", quote);
    for (; ok && *text; text++)
        ok = base_bytes_format(out, error, *text == '|' ? "\\%c" : "%c", *text);
    return ok && base_bytes_format(out, error, "%s |", quote);
}

static bool reference_section(base_bytes *out, const char *title, const base_keys *keys,
                              base_error *error) {
    char expects[300];
    bool ok = base_bytes_format(out, error,
                                "\n## %s\n\n| key | default | takes | meaning |\n"
                                "|---|---|---|---|\n",
                                title);
    for (size_t i = 0; ok && i < keys->count; i++) {
        const base_key *key = &keys->key[i];
        ok = base_bytes_add(out, "|", 1, error) && add_cell(out, key->path, "`", error) &&
             add_cell(out, key->initial, "`", error) &&
             add_cell(out, base_key_expects(key, expects, sizeof expects), "", error) &&
             add_cell(out, key->help, "", error) && base_bytes_add(out, "\n", 1, error);
    }
    return ok;
}

bool train_config_reference(base_bytes *out, base_error *error) {
    return base_bytes_format(out, error,
                             "# Config reference\n\nGenerated from "
                             "`train/config_keys.def` and `losses/losses.def`; paths are relative "
                             "to the working directory.\n") &&
           print_all(reference_section, out, error);
}
