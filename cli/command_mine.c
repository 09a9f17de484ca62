#include "cli/command.h"
#include "cli/corpus.h"
#include "cli/mine.h"
#include "cli/model.h"
#include "cli/negative_forms.h"
#include "cli/profile_view.h"
#include "cli/signals.h"
#include "cli/similarity.h"

#include <stdint.h>
#include <string.h>

static const cli_option options[] = {
    {"max-pairs", CLI_SIZE, "N", "500000",
     "pairs: the N most similar; with --threshold and without this option all", 1, CLI_SIZE_MAX},
    {"threshold", CLI_TEXT, "X", "none", "pairs: leave out those whose score is below X", 0, 0},
    {"top-k", CLI_SIZE, "N", "0",
     "pairs in one file: only those of which one text is among the other's N nearest; 0: all", 0,
     CLI_SIZE_MAX},
    {"margin", CLI_TEXT, "NAME", "ratio",
     "pairs between two files: the score is the similarity divided by the mean of those to the "
     "nearest texts (ratio), less that mean (distance), or alone (none)",
     0, 0},
    {"neighbours", CLI_SIZE, "N", "4", "how many nearest texts --margin takes", 1, CLI_SIZE_MAX},
    {"negatives", CLI_SIZE, "N", "0", "find hard negatives, up to N an anchor", 0,
     CLI_MOST_NEGATIVES},
    {"columns", CLI_TEXT, "A=B,...", NULL,
     "negatives: the column A (sentence1: anchors, sentence2: positives, gold_label) is called B "
     "in FILE",
     0, 0},
    {"label", CLI_TEXT, "NAME", "all rows",
     "negatives: only rows whose gold_label is NAME are positive pairs", 0, 0},
    {"candidates", CLI_TEXT, "FILE", "the positives",
     "negatives: more texts that may become one, a text a line or as --column says", 0, 0},
    {"range-min", CLI_SIZE, "N", "0", "negatives: leave out the N most similar of an anchor", 0,
     CLI_SIZE_MAX},
    {"range-max", CLI_SIZE, "N", "0",
     "negatives: how many of the most similar are looked at; 0: as sentence-transformers", 0,
     CLI_SIZE_MAX},
    {"cross-encoder", CLI_TEXT, "MODEL", NULL,
     "negatives: candidates and positives are scored anew by this cross-encoder, and margins and "
     "scores are of its scores",
     0, 0},
    {"absolute-margin", CLI_TEXT, "M", "none",
     "negatives: a score is at most that of the worst positive less M", 0, 0},
    {"relative-margin", CLI_TEXT, "M", "none", "negatives: the same with M times its size", 0, 0},
    {"max-score", CLI_TEXT, "X", "none", "negatives: a score is at most X", 0, 0},
    {"min-score", CLI_TEXT, "X", "none", "negatives: a score is at least X", 0, 0},
    {"sampling", CLI_TEXT, "NAME", "top", "negatives: the most similar (top), or drawn (random)", 0,
     0},
    {"seed", CLI_SIZE, "N", "1", "negatives: seed of --sampling random", 0, CLI_SIZE_MAX},
    {"drop-anchors", CLI_FLAG, NULL, NULL, "negatives: an anchor's own text is no negative of it",
     0, 0},
    {"form", CLI_TEXT, "NAME", "triplet",
     "negatives: a row is a triplet, an n-tuple (anchor, positive and all negatives) or a "
     "labelled-pair (label 1 or 0)",
     0, 0},
    {"scores", CLI_FLAG, NULL, NULL, "negatives: write scores, too", 0, 0},
    CLI_SIMILARITY_OPTION,
    CLI_CORPUS_OPTIONS,
    CLI_ID_OPTION,
    CLI_QUERY_OPTIONS,
    CLI_MODEL_OPTIONS,
    CLI_TABLE_OPTIONS,
    CLI_PROFILE_OPTION,
};

/* ---- the kinds of work ---- */

enum { PAIRS = 1, BITEXT = 2, NEGATIVES = 4 };

static const struct work {
    int kind;
    const char *name;
    bool (*mine)(const cli_mining *mining, base_error *error);
} works[] = {
    {PAIRS, "pairs in one file", cli_mine_pairs},
    {BITEXT, "pairs between two files", cli_mine_bitext},
    {NEGATIVES, "--negatives", cli_mine_negatives},
};

/* Options that are not for all of them. */
static const struct use {
    const char *option;
    int kinds;
} uses[] = {
    {"max-pairs", PAIRS | BITEXT},
    {"threshold", PAIRS | BITEXT},
    {"top-k", PAIRS},
    {"margin", BITEXT},
    {"neighbours", BITEXT},
    {"vectors", PAIRS},
    {"id-column", PAIRS | BITEXT},
    {"columns", NEGATIVES},
    {"label", NEGATIVES},
    {"candidates", NEGATIVES},
    {"range-min", NEGATIVES},
    {"range-max", NEGATIVES},
    {"cross-encoder", NEGATIVES},
    {"absolute-margin", NEGATIVES},
    {"relative-margin", NEGATIVES},
    {"max-score", NEGATIVES},
    {"min-score", NEGATIVES},
    {"sampling", NEGATIVES},
    {"seed", NEGATIVES},
    {"drop-anchors", NEGATIVES},
    {"form", NEGATIVES},
    {"scores", NEGATIVES},
    {"query-prompt", NEGATIVES},
    {"query-prompt-name", NEGATIVES},
};

static bool check_options(const cli_arguments *a, const struct work *work, base_error *error) {
    for (size_t i = 0; i < sizeof uses / sizeof uses[0]; i++)
        if (cli_count(a, uses[i].option) && !(uses[i].kinds & work->kind))
            return base_fail(error, BASE_BAD_INPUT, "mine: found --%s, which is not for %s",
                             uses[i].option, work->name);
    return true;
}

/* Two files of vectors need no model; else of two operands the first is the model. */
static bool has_model(const cli_arguments *a) {
    size_t n = a->operand_count;
    return n == 3 || (n == 2 && !(base_ends_with(a->operand[0], ".npy") &&
                                  base_ends_with(a->operand[1], ".npy")));
}

static bool choose(const cli_arguments *a, bool model, const struct work **work,
                   base_error *error) {
    size_t files = a->operand_count - model;
    bool negatives = cli_size(a, "negatives") > 0;
    *work = &works[negatives ? 2 : files - 1];
    if (negatives && (files != 1 || !model))
        return base_fail(error, BASE_BAD_INPUT,
                         "mine: found %zu files%s, expected MODEL FILE with --negatives", files,
                         model ? "" : " and no model");
    if (!model && files == 1 && !cli_corpus_has_vectors(a, a->operand[0]))
        return base_fail(error, BASE_BAD_INPUT,
                         "mine: found no MODEL, expected one, or vectors (.npy)");
    bool vectors = !negatives;
    for (size_t i = 0; i < files; i++)
        vectors = vectors && cli_corpus_has_vectors(a, a->operand[model + i]);
    return check_options(a, *work, error) && (!vectors || cli_corpus_encodes_nothing(a, error));
}

/* ---- what they share ---- */

size_t cli_mine_most(const cli_mining *m) {
    bool all = cli_text(m->arguments, "threshold") && !cli_text(m->arguments, "max-pairs");
    return all ? SIZE_MAX : cli_size(m->arguments, "max-pairs");
}

cli_table *cli_mine_open(const cli_mining *m, const char *const *columns, base_error *error) {
    return cli_table_open(m->out, cli_flag(m->arguments, "json"), columns, error);
}

bool cli_mine_close(cli_table *table, bool ok) {
    if (ok)
        return cli_table_finish(table);
    cli_table_abandon(table);
    return false;
}

static bool mine(cli_mining *m, base_error *error) {
    const struct work *work;
    const cli_arguments *a = m->arguments;
    const char *out = cli_text(a, "out");
    m->out = out ? out : "-";
    bool model = has_model(a);
    if (!cli_table_check_out(a, error) || !choose(a, model, &work, error) ||
        (model && !(m->model = cli_model_load(a, a->operand[0], error))) ||
        !cli_similarity_kind(a, m->model, &m->kind, error))
        return false;
    base_profile_lap(m->arguments->watch, "model", "", 0, 0);
    m->files = a->operand + model;
    cli_signals_watch();
    return work->mine(m, error);
}

static bool run(const cli_arguments *a, base_error *error) {
    cli_mining m = {.arguments = a};
    bool ok = mine(&m, error);
    base_profile_lap(a->watch, "results", "", 0, 0);
    nn_model_free(m.model);
    return ok;
}

const cli_command cli_command_mine = {
    .name = "mine",
    .summary = "The most similar pairs of texts; hard negatives for training",
    .usage = "[MODEL] CORPUS [OTHER] | MODEL FILE --negatives N",
    .details =
        "Of one corpus: its most similar pairs (paraphrase mining), of all pairs, exactly.\n"
        "Of two: texts that belong together, such as translations (bitext mining); a text is in\n"
        "one pair at most, and the score is the margin of Artetxe & Schwenk 2019.\n"
        "A corpus has a text a line, or texts in a column of a table, or is a file of vectors\n"
        "(.npy); without MODEL there are vectors alone. The table has score, row1, row2,\n"
        "sentence1 and sentence2; rows are numbers from 1.\n"
        "With --negatives FILE is a corpus of positive pairs, of which each anchor gets the texts\n"
        "that are most similar to it and none of its positives; equal anchors are one. Options\n"
        "and results are those of sentence-transformers' mine_hard_negatives; the table has\n"
        "anchor, positive and negative (of n-tuples negative_1, ...), or anchor, text and label,\n"
        "as sbert train reads them.\n",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .operands_low = 1,
    .operands_high = 3,
    .computes = true,
    .says_phases = true,
    .run = run,
};
