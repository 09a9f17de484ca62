#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "cli/command.h"
#include "data/line_reader.h"
#include "data/tokenizer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_LENGTH = 1 << 30, FLUSH = 1 << 16 };

static const cli_option options[] = {
    {"max-length", CLI_SIZE, "N", "0",
     "most ids of a sentence, special ones included; 0: what the model takes", 0, MAX_LENGTH},
    {"whole", CLI_FLAG, NULL, NULL, "cut nothing", 0, 0},
};

/* A whole number in a JSON file of the folder; *out is left alone when file or key are absent. */
static bool read_size(const char *folder, const char *name, const char *key, size_t *out,
                      base_error *error) {
    char *path = base_path(folder, name, error);
    cJSON *tree = path && base_file_exists(path) ? base_json_file(path, error) : NULL;
    bool ok = base_ok(error) && base_json_size(tree, key, 1, MAX_LENGTH, out, path, error);
    cJSON_Delete(tree);
    free(path);
    return ok;
}

/* What the model takes: max_seq_length, else the smaller of positions and tokenizer's length. */
static bool model_length(const char *folder, const data_tokenizer *tokenizer, size_t *length,
                         base_error *error) {
    size_t stated = 0, positions = MAX_LENGTH, tokens = data_tokenizer_max_length(tokenizer);
    if (!read_size(folder, "sentence_bert_config.json", "max_seq_length", &stated, error) ||
        !read_size(folder, "config.json", "max_position_embeddings", &positions, error))
        return false;
    *length = stated ? stated : tokens && tokens < positions ? tokens : positions;
    return true;
}

static bool add_tokens(base_bytes *out, const data_tokenizer *tokenizer, const data_tokens *tokens,
                       base_error *error) {
    bool ok = true;
    for (size_t i = 0; ok && i < tokens->count; i++) {
        const char *piece = data_tokenizer_piece(tokenizer, tokens->ids[i]);
        ok = base_bytes_add(out, ", ", i ? 2 : 0, error) &&
             base_json_string(out, piece, strlen(piece), error);
    }
    return ok;
}

static bool add_row(base_bytes *out, const data_tokenizer *tokenizer, const data_tokens *tokens,
                    base_error *error) {
    bool ok = base_bytes_format(out, error, "{\"tokens\": [") &&
              add_tokens(out, tokenizer, tokens, error) &&
              base_bytes_format(out, error, "], \"ids\": [");
    for (size_t i = 0; ok && i < tokens->count; i++)
        ok = base_bytes_format(out, error, i ? ", %u" : "%u", tokens->ids[i]);
    return ok &&
           base_bytes_format(out, error, tokens->truncated ? "], \"truncated\": true}\n" : "]}\n");
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
    while (data_line_reader_next(lines, &line, error)) {
        if (!data_tokenizer_encode(tokenizer, line.bytes, line.size, length, &tokens, error) ||
            !add_row(&out, tokenizer, &tokens, error) || !flush(&out, FLUSH, error))
            break;
        rows++;
        truncated += tokens.truncated;
    }
    bool ok = base_ok(error) && flush(&out, 0, error);
    if (truncated)
        base_log(BASE_LOG_WARNING, "%zu of %zu sentences were cut to %zu ids", truncated, rows,
                 length);
    data_tokens_free(&tokens);
    base_bytes_free(&out);
    return ok;
}

static void report_replaced(const data_line_reader *lines) {
    size_t line, replaced = data_line_reader_replaced(lines, &line);
    if (replaced)
        base_log(BASE_LOG_WARNING,
                 "%s: %zu ill-formed parts of UTF-8 were replaced, the first in line %zu",
                 data_line_reader_name(lines), replaced, line);
}

static bool run(const cli_arguments *a, base_error *error) {
    const char *folder = a->operand[0], *file = a->operand_count > 1 ? a->operand[1] : "-";
    data_tokenizer *tokenizer = data_tokenizer_load(folder, error);
    if (!tokenizer)
        return false;
    size_t length = cli_flag(a, "whole") ? MAX_LENGTH : cli_size(a, "max-length");
    data_line_reader *lines = NULL;
    if (length || model_length(folder, tokenizer, &length, error))
        lines = data_line_reader_open(file, error);
    bool ok = lines && print_rows(tokenizer, lines, length, error);
    if (lines)
        report_replaced(lines);
    data_line_reader_close(lines);
    data_tokenizer_free(tokenizer);
    return ok;
}

const cli_command cli_command_tokenize = {
    .name = "tokenize",
    .summary = "Tokens and ids of sentences, one JSON line each",
    .usage = "MODEL [FILE|-]",
    .details = "MODEL is a model folder or any folder with vocab.txt or tokenizer.json. Each line "
               "of FILE\n(default: standard input) becomes {\"tokens\": [...], \"ids\": [...]}, "
               "the special ones\nincluded, and \"truncated\": true when it was cut.\n",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .operands_low = 1,
    .operands_high = 2,
    .run = run,
};
