#include "train/config.h"

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

static bool help_key(base_bytes *out, const base_key *key, base_error *error) {
    char expects[300];
    return base_bytes_format(out, error, "  %s = %s\n      %s (%s)\n", key->path, key->initial,
                             key->help, base_key_expects(key, expects, sizeof expects));
}

bool train_config_help(base_bytes *out, base_error *error) {
    for (size_t g = 0; g < GROUPS; g++) {
        const base_keys *keys = train_config_keys(groups[g].table);
        if (!base_bytes_format(out, error, "\n%s, with their defaults:\n", groups[g].title))
            return false;
        for (size_t i = 0; i < keys->count; i++)
            if (!help_key(out, &keys->key[i], error))
                return false;
    }
    return true;
}

static bool reference_key(base_bytes *out, const base_key *key, base_error *error) {
    char expects[300];
    return base_bytes_format(out, error, "| `%s` | `%s` | %s | %s |\n", key->path, key->initial,
                             base_key_expects(key, expects, sizeof expects), key->help);
}

bool train_config_reference(base_bytes *out, base_error *error) {
    if (!base_bytes_format(out, error,
                           "# Config reference\n\nGenerated from "
                           "`train/config_keys.def`; paths are relative to the "
                           "working directory.\n"))
        return false;
    for (size_t g = 0; g < GROUPS; g++) {
        const base_keys *keys = train_config_keys(groups[g].table);
        if (!base_bytes_format(out, error,
                               "\n## %s\n\n| key | default | takes | meaning |\n"
                               "|---|---|---|---|\n",
                               groups[g].title))
            return false;
        for (size_t i = 0; i < keys->count; i++)
            if (!reference_key(out, &keys->key[i], error))
                return false;
    }
    return true;
}
