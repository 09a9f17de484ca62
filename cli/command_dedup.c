#include "base/log.h"
#include "base/output.h"
#include "cli/command.h"
#include "cli/corpus.h"
#include "cli/model.h"
#include "cli/profile_view.h"
#include "cli/progress.h"
#include "cli/table.h"
#include "cli/vectors.h"
#include "data/line_reader.h"
#include "search/duplicates.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const cli_option options[] = {
    {"threshold", CLI_TEXT, "COSINE", "0.95",
     "a text is dropped when a kept text before it has at least this cosine with it", 0, 0},
    {"out", CLI_OUT, "FILE", "-",
     "what is kept: the corpus without the rows dropped; .npy: the vectors of what is kept", 0, 0},
    {"dropped", CLI_OUT, "FILE", NULL,
     "what is dropped and why, .tsv or .jsonl: row, cosine, the kept row, both texts", 0, 0},
    CLI_OVERWRITE_OPTION,
    CLI_CORPUS_OPTIONS,
    CLI_MODEL_OPTIONS,
    CLI_PROFILE_OPTION,
};

/* The corpus and what search_duplicates found: of[i].row is i for a row that is kept. */
typedef struct dedup {
    const cli_arguments *arguments;
    const char *file, *out;
    cli_corpus corpus;
    search_hit *of;
    size_t kept;
} dedup;

static const char *out_path(const cli_arguments *a) {
    return cli_text(a, "out") ? cli_text(a, "out") : "-";
}

/* ---- what is kept ---- */

static bool write_vectors(const dedup *d, base_error *error) {
    const search_vectors *v = &d->corpus.vectors;
    cli_vectors *out = cli_vectors_open(d->out, d->kept, v->width, NULL, error);
    float *row = base_alloc(v->width, sizeof *row, error);
    bool ok = out && row;
    for (size_t i = 0; ok && i < v->count; i++)
        if (d->of[i].row == i) {
            data_text text = cli_corpus_text(&d->corpus, i);
            search_vectors_row(v, i, row);
            ok = cli_vectors_add(out, &text, row, 1, error);
        }
    free(row);
    if (ok)
        return cli_vectors_finish(out, error);
    cli_vectors_abandon(out);
    return false;
}

static bool put_line(FILE *file, const char *bytes, size_t size, bool cr) {
    return fwrite(bytes, 1, size, file) == size && (!cr || putc('\r', file) != EOF) &&
           putc('\n', file) != EOF;
}

static bool put_texts(const dedup *d, FILE *file) {
    bool ok = true;
    for (size_t i = 0; ok && i < d->corpus.vectors.count; i++) {
        data_text text = cli_corpus_text(&d->corpus, i);
        ok = d->of[i].row != i || put_line(file, text.bytes, text.size, false);
    }
    return ok;
}

/* The file again, line by line: a row's lines go from its own to before the next row's; what
 * stands before the first row is kept. */
static bool put_lines(const dedup *d, FILE *file, base_error *error) {
    const data_corpus *corpus = d->corpus.sentences.corpus;
    size_t next = 0, count = d->corpus.vectors.count;
    bool keep = true, ok = true;
    data_line line;
    data_line_reader *lines = data_line_reader_open(d->file, error);
    while (ok && lines && data_line_reader_next(lines, &line, error)) {
        if (next < count && data_corpus_line(corpus, next) <= line.number) {
            keep = d->of[next].row == next;
            next++;
        }
        ok = !keep || put_line(file, line.bytes, line.size, line.ended_cr);
    }
    data_line_reader_close(lines);
    return ok;
}

static bool write_rows(const dedup *d, base_error *error) {
    bool to_file = strcmp(d->out, "-") != 0;
    base_output *out = to_file ? base_output_open(d->out, error) : NULL;
    FILE *file = out ? base_output_stream(out) : stdout;
    if (to_file && !out)
        return false;
    bool ok = cli_text(d->arguments, "column") ? put_lines(d, file, error) : put_texts(d, file);
    if (!ok && base_ok(error))
        out ? base_output_fail(out, error)
            : base_fail(error, BASE_FAILED, "standard output cannot be written");
    if (out && base_ok(error))
        return base_output_commit(out, error);
    base_output_abandon(out);
    return base_ok(error);
}

/* ---- what is dropped ---- */

/* The filled table, not yet in its place; NULL: an error. */
static cli_table *list_dropped(const dedup *d, const char *path, base_error *error) {
    static const char *const with_texts[] = {"row",  "cosine",    "kept_row",
                                             "text", "kept_text", NULL};
    static const char *const without[] = {"row", "cosine", "kept_row", NULL};
    bool texts = d->corpus.sentences.count > 0, ok = true;
    cli_table *t = cli_table_open(path, false, texts ? with_texts : without, error);
    for (size_t i = 0; ok && t && i < d->corpus.vectors.count; i++) {
        if (d->of[i].row == i)
            continue;
        cli_table_size(t, i + 1);
        cli_table_number(t, d->of[i].score, 6);
        cli_table_size(t, d->of[i].row + 1);
        if (texts) {
            cli_table_text(t, cli_corpus_text(&d->corpus, i));
            cli_table_text(t, cli_corpus_text(&d->corpus, d->of[i].row));
        }
        ok = cli_table_end_row(t);
    }
    if (ok)
        return t;
    cli_table_abandon(t);
    return NULL;
}

/* Both files are whole before the first is put into its place. */
static bool write_all(const dedup *d, const char *dropped, base_error *error) {
    cli_table *table = dropped ? list_dropped(d, dropped, error) : NULL;
    if (dropped && !table)
        return false;
    if (base_ends_with(d->out, ".npy") ? write_vectors(d, error) : write_rows(d, error))
        return !table || cli_table_finish(table);
    cli_table_abandon(table);
    return false;
}

/* ---- the command ---- */

static bool find(dedup *d, double threshold, base_error *error) {
    const search_vectors *v = &d->corpus.vectors;
    cli_progress progress;
    d->of = base_alloc(v->count, sizeof *d->of, error);
    if (!d->of)
        return false;
    cli_progress_start(&progress, "rows", v->count, false);
    bool ok = search_duplicates(v, threshold, d->of, &progress.report, error);
    cli_progress_end(&progress);
    base_profile_lap(d->arguments->profile, "pairs", "compared", 0, 0);
    for (size_t i = 0; ok && i < v->count; i++)
        d->kept += d->of[i].row == i;
    return ok;
}

/* Before any work: what cannot be written in the end. */
static bool check(const dedup *d, const char *dropped, base_error *error) {
    bool vectors = base_ends_with(d->out, ".npy");
    if (!vectors && base_ends_with(d->file, ".npy"))
        return base_fail(error, BASE_BAD_INPUT,
                         "dedup: %s has no texts, expected --out FILE.npy for what is kept",
                         d->file);
    if (!vectors && cli_text(d->arguments, "column") && !strcmp(d->file, "-"))
        return base_fail(error, BASE_BAD_INPUT,
                         "dedup: the corpus is standard input, expected a file with --column, for "
                         "it is read twice");
    if (dropped && !strcmp(dropped, d->out))
        return base_fail(error, BASE_BAD_INPUT, "dedup: --out and --dropped are both %s", dropped);
    return !dropped || cli_table_check(dropped, "dropped", error);
}

/* Rows are written by their lines. */
static bool check_lines(const dedup *d, base_error *error) {
    const data_corpus *corpus = d->corpus.sentences.corpus;
    return !corpus || base_ends_with(d->out, ".npy") || !data_corpus_shares_lines(corpus) ||
           base_fail(error, BASE_BAD_INPUT,
                     "dedup: %s is one JSON array, expected a table or an object a line, or --out "
                     "FILE.npy",
                     d->file);
}

static bool dedup_corpus(dedup *d, double threshold, const char *dropped, base_error *error) {
    return cli_corpus_operands(&d->corpus, d->arguments, error) && check_lines(d, error) &&
           find(d, threshold, error) && write_all(d, dropped, error);
}

static bool run(const cli_arguments *a, base_error *error) {
    dedup d = {.arguments = a, .file = a->operand[a->operand_count - 1], .out = out_path(a)};
    const char *dropped = cli_text(a, "dropped");
    double threshold = 0.95;
    if (!cli_number(a, "threshold", -1, 1, &threshold, error) || !check(&d, dropped, error))
        return false;
    bool ok = dedup_corpus(&d, threshold, dropped, error);
    if (ok)
        base_log(BASE_LOG_INFO, "%s: %zu of %zu rows kept, %zu dropped", d.file, d.kept,
                 d.corpus.vectors.count, d.corpus.vectors.count - d.kept);
    free(d.of);
    cli_corpus_free(&d.corpus);
    return ok;
}

const cli_command cli_command_dedup = {
    .name = "dedup",
    .summary = "Leaves out texts that are near-duplicates of a text before them",
    .usage = "MODEL CORPUS|- [--threshold COSINE] [--out FILE] [--dropped FILE.tsv|.jsonl] | "
             "CORPUS --vectors FILE.npy | FILE.npy --out FILE.npy",
    .details =
        "Goes through the corpus in its order and keeps the first of each group: a text is "
        "dropped\n"
        "when a kept one before it has at least the threshold's cosine with it. Kept rows are "
        "written\n"
        "as they stand in the corpus, with --column the whole line and the header. Every pair is\n"
        "compared.\n",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .operands_low = 1,
    .operands_high = 2,
    .computes = true,
    .run = run,
};
