#include "base/file.h"
#include "base/log.h"
#include "cli/command.h"
#include "data/line_reader.h"
#include "vocab/learner.h"

#include <inttypes.h>

static const cli_option options[] = {
    {"size", CLI_SIZE, "N", "30000", "most pieces, special ones included", 6, 1 << 24},
    {"out", CLI_OUT, "FILE", "vocab.txt", "where the vocabulary goes, one piece a line", 0, 0},
    CLI_OVERWRITE_OPTION,
    {"cased", CLI_FLAG, NULL, NULL, "keep case and accents", 0, 0},
};

static bool read_file(vocab_learner *learner, const char *path, base_error *error) {
    data_line_reader *lines = data_line_reader_open(path, error);
    data_line line;
    if (!lines)
        return false;
    while (data_line_reader_next(lines, &line, error))
        if (!vocab_learner_text(learner, line.bytes, line.size, error))
            break;
    data_line_reader_warn(lines);
    data_line_reader_close(lines);
    return base_ok(error);
}

static bool write_pieces(const data_vocabulary *pieces, const char *path, base_error *error) {
    base_bytes out = {0};
    bool ok = true;
    for (uint32_t id = 0; ok && id < data_vocabulary_size(pieces); id++)
        ok = base_bytes_format(&out, error, "%s\n", data_vocabulary_piece(pieces, id, NULL));
    ok = ok && base_file_write(path, out.data, out.size, error);
    base_bytes_free(&out);
    return ok;
}

static bool learn(const vocab_learner *learner, const cli_arguments *a, base_error *error) {
    vocab_words words = vocab_learner_words(learner);
    const char *path = cli_text(a, "out") ? cli_text(a, "out") : "vocab.txt";
    if (words.distinct == 0)
        return base_fail(error, BASE_BAD_INPUT, "%s: found no words to learn from", a->operand[0]);
    if (words.too_long)
        base_log(BASE_LOG_WARNING, "%" PRIu64 " words have more than %d letters and stay unknown",
                 words.too_long, VOCAB_LONGEST_WORD);
    data_vocabulary *pieces = vocab_learner_learn(learner, cli_size(a, "size"), error);
    bool ok = pieces && write_pieces(pieces, path, error);
    if (ok)
        base_log(BASE_LOG_INFO, "%s: %zu pieces from %" PRIu64 " words, %zu of them distinct", path,
                 data_vocabulary_size(pieces), words.all, words.distinct);
    data_vocabulary_free(pieces);
    return ok;
}

static bool run(const cli_arguments *a, base_error *error) {
    vocab_learner *learner = vocab_learner_new(!cli_flag(a, "cased"), error);
    bool ok = learner;
    for (size_t i = 0; ok && i < a->operand_count; i++)
        ok = read_file(learner, a->operand[i], error);
    ok = ok && learn(learner, a, error);
    vocab_learner_free(learner);
    return ok;
}

const cli_command cli_command_vocab = {
    .name = "vocab",
    .summary = "Learn a WordPiece vocabulary from text",
    .usage = "FILE... [--size N] [--out FILE]",
    .details = "Each FILE is text, plain or gzipped, \"-\" standard input. The special pieces come "
               "first, then\nevery letter of the text, so that it has no [UNK], then what was "
               "learnt.\n",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .operands_low = 1,
    .operands_high = SIZE_MAX,
    .run = run,
};
