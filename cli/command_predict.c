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

static bool put_header(base_bytes *out, const loss_setting *s, base_error *error) {
    bool ok = base_bytes_format(out, error, "label");
    for (size_t i = 0; ok && i < s->classes; i++)
        ok = base_bytes_add(out, "\t", 1, error) && put_name(out, s->label[i], error);
    return ok && base_bytes_add(out, "\n", 1, error);
}

/* The likeliest label, then the probability of each. */
static bool put_row(base_bytes *out, const loss_setting *s, double *logits, base_error *error) {
    bool ok = put_name(out, s->label[eval_largest(logits, s->classes)], error);
    eval_softmax(logits, s->classes);
    for (size_t i = 0; ok && i < s->classes; i++)
        ok = base_bytes_format(out, error, "\t%.6f", logits[i]);
    return ok && base_bytes_add(out, "\n", 1, error);
}

static bool print_part(void *context, size_t first, size_t count, const float *u, const float *v,
                       base_error *error) {
    eval_head *head = context;
    const loss_setting *s = eval_head_setting(head);
    base_bytes out = {0};
    double *logits = base_alloc(count, s->classes * sizeof *logits, error);
    bool ok = logits && eval_head_logits(head, u, v, count, logits, error) &&
              (first > 0 || put_header(&out, s, error));
    for (size_t i = 0; ok && i < count; i++)
        ok = put_row(&out, s, logits + i * s->classes, error);
    if (ok)
        fwrite(out.data, 1, out.size, stdout);
    base_bytes_free(&out);
    free(logits);
    return ok;
}

static bool run(const cli_arguments *a, base_error *error) {
    const char *folder = a->operand[0], *file = a->operand_count > 1 ? a->operand[1] : "-";
    nn_model *model = cli_pairs_check(a, error) ? nn_model_load(folder, NULL, error) : NULL;
    eval_head *head = model ? eval_head_load(folder, model->encoded, error) : NULL;
    if (model && !head)
        base_fail(error, BASE_BAD_INPUT,
                  "%s has no trained head with classes, expected a model of the loss softmax",
                  folder);
    base_profile_lap(a->profile, "model", "", 0, 0);
    bool ok = head && cli_pairs_embed(a, file, model, print_part, head, error);
    eval_head_free(head);
    nn_model_free(model);
    return ok;
}

const cli_command cli_command_predict = {
    .name = "predict",
    .summary = "Labels of pairs by the trained head, with the probability of each class",
    .usage = "MODEL [FILE|-] [--columns A=B,...]",
    .details =
        "FILE (default: standard input) is a table with sentence1 and sentence2, or any corpus of\n"
        "pairs. Row i of the output is row i of FILE, as TSV with a header: the likeliest label,\n"
        "then a probability a class.\n",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .operands_low = 1,
    .operands_high = 2,
    .computes = true,
    .run = run,
};
