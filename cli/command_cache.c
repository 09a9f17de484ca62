#include "cli/command.h"
#include "cli/progress.h"
#include "cli/signals.h"
#include "cli/table.h"
#include "data/token_cache.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const cli_option options[] = {
    {"verify", CLI_FLAG, NULL, NULL, "read every row and compare it with its checksum", 0, 0},
    {"remove", CLI_LIST, "KEY", NULL, "remove this cache; may be given again", 0, 0},
    {"remove-all", CLI_FLAG, NULL, NULL, "remove all of them, and what killed processes have left",
     0, 0},
    {"json", CLI_FLAG, NULL, NULL, "JSON lines instead of a table", 0, 0},
};

static data_text text_of(const char *text) {
    return (data_text){text, strlen(text)};
}

/* "2026-11-26 03:27:56", local time. */
static data_text time_of(double seconds, char *out, size_t size) {
    time_t when = (time_t)seconds;
    struct tm local;
    out[0] = '\0';
    if (localtime_r(&when, &local))
        strftime(out, size, "%Y-%m-%d %H:%M:%S", &local);
    return text_of(out);
}

static bool list(const data_cache_entry *entry, size_t count, bool json, base_error *error) {
    static const char *const columns[] = {"key", "rows", "ids", "bytes", "used", "corpus", NULL};
    cli_table *table = cli_table_open("-", json, columns, error);
    bool ok = table != NULL;
    for (size_t i = 0; ok && i < count; i++) {
        const data_cache_entry *e = &entry[i];
        char used[40];
        cli_table_text(table, text_of(e->key));
        cli_table_size(table, e->rows);
        cli_table_size(table, e->ids);
        cli_table_size(table, (size_t)e->bytes);
        cli_table_text(table, time_of(e->used, used, sizeof used));
        cli_table_text(table, text_of(e->name    ? e->name
                                      : e->whole ? e->why
                                                 : "being made, or left by a killed process"));
        ok = cli_table_end_row(table);
    }
    if (ok)
        return cli_table_finish(table);
    cli_table_abandon(table);
    return false;
}

/* All of them are looked at; the error is that of the first one that is damaged. */
static bool verify(const char *folder, const data_cache_entry *entry, size_t count,
                   base_error *error) {
    cli_signals_watch();
    for (size_t i = 0; i < count && !cli_signal(); i++) {
        base_error found = {0};
        cli_progress progress;
        if (!entry[i].whole)
            continue;
        cli_progress_start(&progress, "rows", entry[i].rows, true);
        bool ok = data_token_cache_verify(folder, entry[i].key, &progress.report, &found);
        cli_progress_end(&progress);
        if (ok)
            printf("%s is whole\n", entry[i].key);
        else if (found.status != BASE_STOPPED)
            base_fail(error, found.status, "%s", found.text);
    }
    return base_ok(error);
}

static bool remove_all(const char *folder, const data_cache_entry *entry, size_t count,
                       base_error *error) {
    for (size_t i = 0; i < count; i++)
        if (!data_token_cache_remove(folder, entry[i].key, error))
            return false;
    return true;
}

static bool remove_named(const cli_arguments *a, base_error *error) {
    for (size_t i = 0; i < cli_count(a, "remove"); i++)
        if (!data_token_cache_remove(a->operand[0], cli_value(a, "remove", i), error))
            return false;
    return true;
}

static bool run(const cli_arguments *a, base_error *error) {
    data_cache_entry *entry;
    const char *folder = a->operand[0];
    size_t count;
    if ((cli_count(a, "remove") > 0) + cli_flag(a, "remove-all") + cli_flag(a, "verify") > 1)
        return base_fail(error, BASE_BAD_INPUT,
                         "--verify, --remove and --remove-all exclude each other");
    if (cli_count(a, "remove"))
        return remove_named(a, error);
    if (!data_cache_entries_read(folder, &entry, &count, error))
        return false;
    bool ok = cli_flag(a, "remove-all") ? remove_all(folder, entry, count, error)
              : cli_flag(a, "verify")   ? verify(folder, entry, count, error)
                                        : list(entry, count, cli_flag(a, "json"), error);
    data_cache_entries_free(entry, count);
    return ok;
}

const cli_command cli_command_cache = {
    .name = "cache",
    .summary = "List, verify and remove tokenised corpora",
    .usage = "FOLDER",
    .details = "FOLDER is the cache.folder of a config. Without options each line is a cache: its "
               "key, the\n"
               "corpus's rows and ids, bytes on the disk, when a run has used it, and the corpus's "
               "files.\n"
               "Other files in the folder are never touched.\n",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .operands_low = 1,
    .operands_high = 1,
    .run = run,
};
