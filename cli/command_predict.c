#include "cli/command.h"
#include "cli/pairs.h"
#include "cli/profile_view.h"
#include "eval/head.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const cli_option options[] = {
    CLI_PAIRS_OPTIONS,
    CLI_PROFILE_OPTION,
};

/* Label names as fields: no TAB or line end stays in them. */
static bool put_name(base_bytes *out, const char *name, base_error *error) {
    return base_bytes_escape(out, name, strlen(name), error);
}

static bool put_header(base_bytes *out, const char *const *label, size_t labels,
                       base_error *error) {
    bool ok = base_bytes_format(out, error, "label");
    for (size_t i = 0; ok && i < labels; i++)
        ok = base_bytes_add(out, "\t", 1, error) && put_name(out, label[i], error);
    return ok && base_bytes_add(out, "\n", 1, error);
}

/* The likeliest label, then the score of each. */
static bool put_row(base_bytes *out, const char *const *label, size_t labels, const double *score,
                    base_error *error) {
    bool ok = put_name(out, label[eval_largest(score, labels)], error);
    for (size_t i = 0; ok && i < labels; i++)
        ok = base_bytes_format(out, error, "\t%.6f", score[i]);
    return ok && base_bytes_add(out, "\n", 1, error);
}

static void print(base_bytes *out, bool ok) {
    if (ok && out->size)
        fwrite(out->data, 1, out->size, stdout);
    base_bytes_free(out);
}

/* ---- the softmax head of a bi-encoder ---- */

static bool print_part(void *context, size_t first, size_t count, const float *const *of,
                       base_error *error) {
    eval_head *head = context;
    const loss_setting *s = eval_head_setting(head);
    base_bytes out = {0};
    double *logits = base_alloc(count, s->classes * sizeof *logits, error);
    bool ok = logits && eval_head_logits(head, of[0], of[1], count, logits, error) &&
              (first > 0 || put_header(&out, s->label, s->classes, error));
    for (size_t i = 0; ok && i < count; i++) {
        eval_softmax(logits + i * s->classes, s->classes);
        ok = put_row(&out, s->label, s->classes, logits + i * s->classes, error);
    }
    print(&out, ok);
    free(logits);
    return ok;
}

static bool run_head(const cli_arguments *a, const char *file, const nn_model *model,
                     base_error *error) {
    const char *folder = a->operand[0];
    eval_head *head = eval_head_load(folder, model->encoded, error);
    if (!head)
        base_fail(error, BASE_BAD_INPUT,
                  "%s has no trained head with classes, expected a model of the loss softmax or a "
                  "cross-encoder",
                  folder);
    base_profile_lap(a->profile, "model", "", 0, 0);
    bool ok = head && cli_pairs_embed(a, file, model, print_part, head, error);
    eval_head_free(head);
    return ok;
}

/* ---- a cross-encoder ---- */

/* One label has a score; of several the likeliest, and probabilities. */
static bool put_scores(base_bytes *out, const nn_classifier *c, const float *score, double *row,
                       base_error *error) {
    if (c->labels == 1)
        return base_bytes_format(out, error, "%.6f\n", (double)score[0]);
    for (size_t i = 0; i < c->labels; i++)
        row[i] = (double)score[i];
    if (c->scores == NN_IDENTITY)
        eval_softmax(row, c->labels);
    return put_row(out, (const char *const *)c->label, c->labels, row, error);
}

static bool print_scores(void *context, size_t first, size_t count, const float *logits,
                         base_error *error) {
    const nn_classifier *c = context;
    base_bytes out = {0};
    size_t numbers = count * c->labels;
    float *score = base_alloc(numbers, sizeof *score, error);
    double *row = base_alloc(c->labels, sizeof *row, error);
    bool ok = score && row;
    if (ok && count) {
        memcpy(score, logits, numbers * sizeof *score);
        ok = nn_classifier_scores(c, score, count, error);
    }
    if (ok && first == 0)
        ok = c->labels == 1 ? base_bytes_format(&out, error, "score\n")
                            : put_header(&out, (const char *const *)c->label, c->labels, error);
    for (size_t i = 0; ok && i < count; i++)
        ok = put_scores(&out, c, score + i * c->labels, row, error);
    print(&out, ok);
    free(score);
    free(row);
    return ok;
}

static bool run_cross_encoder(const cli_arguments *a, const char *file, const nn_model *model,
                              base_error *error) {
    base_profile_lap(a->profile, "model", "", 0, 0);
    return cli_pairs_score(a, file, model, print_scores, model->classifier, error);
}

static bool run(const cli_arguments *a, base_error *error) {
    const char *folder = a->operand[0], *file = a->operand_count > 1 ? a->operand[1] : "-";
    nn_model *model =
        cli_pairs_check(a, error) ? nn_model_load(folder, &nn_model_any, error) : NULL;
    bool ok = model && (model->classifier ? run_cross_encoder : run_head)(a, file, model, error);
    nn_model_free(model);
    return ok;
}

const cli_command cli_command_predict = {
    .name = "predict",
    .summary = "Labels or scores of pairs, by a trained head or a cross-encoder",
    .usage = "MODEL [FILE|-] [--columns A=B,...]",
    .details =
        "FILE (default: standard input) is a table with sentence1 and sentence2, or any corpus of\n"
        "pairs. Row i of the output is row i of FILE, as TSV with a header: the likeliest label,\n"
        "then a probability a class; of a cross-encoder with one label its score.\n",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .operands_low = 1,
    .operands_high = 2,
    .computes = true,
    .run = run,
};
