#include "cli/table.h"

#include "base/json_write.h"
#include "base/output.h"
#include "cli/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct cli_table {
    base_output *output; /* NULL: standard output */
    bool json;
    const char *const *columns;
    size_t at; /* the next column */
    base_bytes line;
    base_json_writer writer;
    base_error *error;
};

bool cli_table_check(const char *path, const char *option, base_error *error) {
    char shown[200];
    return !strcmp(path, "-") || base_ends_with(path, ".tsv") || base_ends_with(path, ".jsonl") ||
           base_fail(error, BASE_BAD_INPUT,
                     "--%s is '%s', expected a file ending in .tsv or .jsonl, or -", option,
                     base_escape(shown, sizeof shown, path, strlen(path)));
}

bool cli_table_check_out(const cli_arguments *a, base_error *error) {
    const char *out = cli_text(a, "out") ? cli_text(a, "out") : "-";
    if (cli_flag(a, "json") && base_ends_with(out, ".tsv"))
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: found --json and --out %s, expected a file ending in .jsonl",
                         a->command->name, out);
    return cli_table_check(out, "out", error);
}

static bool flush(cli_table *t) {
    FILE *file = t->output ? base_output_stream(t->output) : stdout;
    bool ok = fwrite(t->line.data, 1, t->line.size, file) == t->line.size;
    t->line.size = 0;
    if (ok || t->output)
        return ok || base_output_fail(t->output, t->error);
    return base_fail(t->error, BASE_FAILED, "standard output cannot be written");
}

static bool put_header(cli_table *t) {
    for (size_t i = 0; t->columns[i]; i++)
        if (!base_bytes_format(&t->line, t->error, "%s%s", i ? "\t" : "", t->columns[i]))
            return false;
    return base_bytes_add(&t->line, "\n", 1, t->error) && flush(t);
}

cli_table *cli_table_open(const char *path, bool json, const char *const *columns,
                          base_error *error) {
    bool file = strcmp(path, "-") != 0;
    cli_table *t = base_alloc(1, sizeof *t, error);
    if (!t)
        return NULL;
    t->json = file ? base_ends_with(path, ".jsonl") : json;
    t->columns = columns;
    t->error = error;
    t->writer = (base_json_writer){.out = &t->line, .error = error, .style = BASE_JSON_SPACED};
    t->output = file ? base_output_open(path, error) : NULL;
    if ((!file || t->output) && (t->json || put_header(t)))
        return t;
    cli_table_abandon(t);
    return NULL;
}

/* What stands before a value; returns its column's name. */
static const char *next(cli_table *t) {
    if (t->json && t->at == 0) {
        t->writer =
            (base_json_writer){.out = &t->line, .error = t->error, .style = BASE_JSON_SPACED};
        base_json_open(&t->writer, NULL, '{');
    }
    if (!t->json && t->at > 0)
        base_bytes_add(&t->line, "\t", 1, t->error);
    return t->columns[t->at++];
}

void cli_table_size(cli_table *t, size_t value) {
    const char *name = next(t);
    if (t->json)
        base_json_put_size(&t->writer, name, value);
    else
        base_bytes_format(&t->line, t->error, "%zu", value);
}

void cli_table_number(cli_table *t, double value, int digits) {
    const char *name = next(t);
    if (t->json)
        base_json_put_number(&t->writer, name, value, digits);
    else
        base_bytes_format(&t->line, t->error, "%.*f", digits, value);
}

void cli_table_text(cli_table *t, data_text text) {
    const char *name = next(t);
    if (t->json) {
        base_json_put_text(&t->writer, name, text.bytes, text.size);
        return;
    }
    size_t begin = t->line.size;
    if (base_bytes_add(&t->line, text.bytes, text.size, t->error))
        for (size_t i = begin; i < t->line.size; i++)
            if (strchr("\t\r\n", t->line.data[i]) && t->line.data[i])
                t->line.data[i] = ' ';
}

bool cli_table_end_row(cli_table *t) {
    t->at = 0;
    if (t->json)
        base_json_close(&t->writer, '}');
    return base_ok(t->error) && base_bytes_add(&t->line, "\n", 1, t->error) && flush(t);
}

bool cli_table_finish(cli_table *t) {
    bool ok = !t->output || base_output_commit(t->output, t->error);
    t->output = NULL;
    cli_table_abandon(t);
    return ok;
}

void cli_table_abandon(cli_table *t) {
    if (!t)
        return;
    base_output_abandon(t->output);
    base_bytes_free(&t->line);
    free(t);
}
