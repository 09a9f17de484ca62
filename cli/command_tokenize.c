#include "base/json.h"
#include "base/log.h"
#include "cli/command.h"
#include "cli/progress.h"
#include "cli/signals.h"
#include "data/line_reader.h"
#include "nn/model.h"

#include <stdio.h>
#include <string.h>

enum { MAX_LENGTH = 1 << 30, FLUSH = 1 << 16 };

static const cli_option options[] = {
    {"max-length", CLI_SIZE, "N", "0",
     "most ids of a sentence, special ones included; 0: what the model takes", 0, MAX_LENGTH},
    {"whole", CLI_FLAG, NULL, NULL, "cut nothing", 0, 0},
};

static bool add_row(base_bytes *out, const data_tokenizer *tokenizer, const data_tokens *tokens,
                    base_error *error) {
    base_json_writer w = {.out = out, .error = error, .style = BASE_JSON_SPACED};
    base_json_open(&w, NULL, '{');
    base_json_open(&w, "tokens", '[');
    for (size_t i = 0; i < tokens->count; i++) {
        const char *piece = data_tokenizer_piece(tokenizer, tokens->ids[i]);
        base_json_put_text(&w, NULL, piece, strlen(piece));
    }
    base_json_close(&w, ']');
    base_json_open(&w, "ids", '[');
    for (size_t i = 0; i < tokens->count; i++)
        base_json_put_size(&w, NULL, tokens->ids[i]);
    base_json_close(&w, ']');
    if (tokens->truncated)
        base_json_put_bool(&w, "truncated", true);
    base_json_close(&w, '}');
    return base_ok(error) && base_bytes_add(out, "\n", 1, error);
}

static bool flush(base_bytes *out, size_t above, base_error *error) {
    if (out->size <= above)
        return true;
    bool ok = fwrite(out->data, 1, out->size, stdout) == out->size;
    out->size = 0;
    return ok || base_fail(error, BASE_FAILED, "standard output cannot be written");
}

static bool print_rows(const data_tokenizer *tokenizer, data_line_reader *lines, size_t length,
                       base_error *error) {
    data_line line;
    data_tokens tokens = {0};
    base_bytes out = {0};
    size_t truncated = 0, rows = 0;
    cli_progress progress;
    cli_progress_start(&progress, "sentences", 0, true);
    while (base_progress_report(&progress.report, rows, 0, error) &&
           data_line_reader_next(lines, &line, error)) {
        if (!data_tokenizer_encode(tokenizer, line.bytes, line.size, length, &tokens, error) ||
            !add_row(&out, tokenizer, &tokens, error) || !flush(&out, FLUSH, error))
            break;
        rows++;
        truncated += tokens.truncated;
    }
    bool ok = base_ok(error) && flush(&out, 0, error);
    cli_progress_end(&progress);
    if (truncated)
        base_log(BASE_LOG_WARNING, "%zu of %zu sentences were cut to %zu ids", truncated, rows,
                 length);
    data_tokens_free(&tokens);
    base_bytes_free(&out);
    return ok;
}

static bool run(const cli_arguments *a, base_error *error) {
    const char *folder = a->operand[0], *file = a->operand_count > 1 ? a->operand[1] : "-";
    if (cli_flag(a, "whole") && cli_size(a, "max-length"))
        return base_fail(error, BASE_BAD_INPUT, "--whole and --max-length exclude each other");
    size_t length, wanted = cli_flag(a, "whole") ? MAX_LENGTH : cli_size(a, "max-length");
    data_tokenizer *tokenizer = nn_model_load_tokenizer(folder, &length, error);
    if (!tokenizer)
        return false;
    length = wanted ? wanted : length;
    data_line_reader *lines = data_line_reader_open(file, error);
    if (strcmp(file, "-"))
        cli_signals_watch(); /* else a signal would wait for the next line */
    bool ok = lines && print_rows(tokenizer, lines, length, error);
    if (lines)
        data_line_reader_warn(lines);
    data_line_reader_close(lines);
    data_tokenizer_free(tokenizer);
    return ok;
}

const cli_command cli_command_tokenize = {
    .name = "tokenize",
    .summary = "Tokens and ids of sentences, one JSON line each",
    .usage = "MODEL [FILE|-]",
    .details =
        "MODEL is a model folder or any folder with a tokenizer's files: tokenizer.json,\n"
        "vocab.txt, vocab.json and merges.txt, sentencepiece.bpe.model, spiece.model or\n"
        "whitespacetokenizer_config.json.\n"
        "Each line of FILE (default: standard input) becomes {\"tokens\": [...],\n"
        "\"ids\": [...]}, the special ones included, and \"truncated\": true when it was cut.\n",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .operands_low = 1,
    .operands_high = 2,
    .run = run,
};
