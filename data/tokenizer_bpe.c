/* Byte-pair encoding (data/bpe.h) as a kind of tokenizer. Without tokenizer.json it is that of
 * RoBERTa (Liu et al. 2019): GPT-2's bytes and words, vocab.json and merges.txt. */
#include "data/tokenizer_def.h"

#include <string.h>

static bool push_word(const data_tokenizer *t, const char *word, size_t size, data_tokens *out,
                      base_error *error) {
    return data_bpe_encode(t->model, word, size, out->scratch->kind, out, error);
}

static void free_scratch(void *scratch) {
    data_bpe_scratch_free(scratch);
}

/* ---- reading ---- */

static bool read_settings(const data_tokenizer *t, const cJSON *model, data_bpe_settings *s,
                          base_error *error) {
    double dropout = 0;
    if (!base_json_real(model, "dropout", 0, 1, &dropout, t->where, error) ||
        !base_json_text(model, "unk_token", &s->unknown, t->where, error) ||
        !base_json_text(model, "continuing_subword_prefix", &s->prefix, t->where, error) ||
        !base_json_text(model, "end_of_word_suffix", &s->suffix, t->where, error) ||
        !base_json_bool(model, "fuse_unk", &s->fuse_unknown, t->where, error) ||
        !base_json_bool(model, "byte_fallback", &s->byte_fallback, t->where, error) ||
        !base_json_bool(model, "ignore_merges", &s->ignore_merges, t->where, error))
        return false;
    return dropout <= 0 ||
           base_fail(error, BASE_BAD_INPUT,
                     "%s: model.dropout is %g, expected none: the same text has the "
                     "same ids",
                     t->where, dropout);
}

static bool read_merges(const data_tokenizer *t, base_error *error) {
    const data_tokenizer_file *lines = data_tokenizer_file_of(t, "merges.txt");
    if (t->parts.merges)
        return data_tokenizer_json_merges(t->parts.merges, t->where, t->model, error);
    if (lines && !data_tokenizer_file_of(t, "tokenizer.json"))
        return data_bpe_merge_lines(t->model, lines->bytes.data, lines->bytes.size, lines->path,
                                    error);
    return base_fail(error, BASE_BAD_INPUT, "%s: found no merges, expected them in %s", t->where,
                     lines ? "model.merges" : "merges.txt beside it");
}

static bool open_model(data_tokenizer *t, const cJSON *model, base_error *error) {
    data_bpe_settings settings = {0};
    if (!t->vocabulary || t->parts.score)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: model.vocab is not an object, expected pieces with their ids",
                         t->where);
    return read_settings(t, model, &settings, error) &&
           (t->model = data_bpe_new(t->vocabulary, &settings, error)) && read_merges(t, error);
}

static void close_model(void *model) {
    data_bpe_free(model);
}

/* ---- from vocab.json and merges.txt ---- */

static const data_special_name names[] = {
    {"bos_token", "<s>", false, false},     {"eos_token", "</s>", false, false},
    {"unk_token", "<unk>", false, false},   {"sep_token", "</s>", false, true},
    {"pad_token", "<pad>", false, false},   {"cls_token", "<s>", true, false},
    {"mask_token", "<mask>", false, false}, {NULL, NULL, false, false},
};

static bool make(data_tokenizer *t, base_error *error) {
    static const char json[] =
        "{\"pre_tokenizer\": {\"type\": \"ByteLevel\", \"add_prefix_space\": false,"
        " \"trim_offsets\": true, \"use_regex\": true},"
        "\"decoder\": {\"type\": \"ByteLevel\", \"add_prefix_space\": true, \"trim_offsets\": true,"
        " \"use_regex\": true},"
        "\"model\": {\"type\": \"BPE\", \"dropout\": null, \"unk_token\": null,"
        " \"continuing_subword_prefix\": \"\", \"end_of_word_suffix\": \"\", \"fuse_unk\": false,"
        " \"byte_fallback\": false, \"ignore_merges\": false}}";
    static const char *const classes[] = {"RobertaTokenizer", NULL};
    const data_tokenizer_file *vocab = data_tokenizer_file_of(t, "vocab.json");
    bool prefix = false;
    t->twice = true;
    t->tree = cJSON_Parse(json);
    t->made_config = cJSON_CreateObject();
    if (!t->tree || !t->made_config ||
        !cJSON_AddStringToObject(t->made_config, "tokenizer_class", "RobertaTokenizer"))
        return base_fail(error, BASE_FAILED, "out of memory");
    t->vocabulary =
        data_tokenizer_json_vocab(vocab->bytes.data, vocab->bytes.size, vocab->path, error);
    if (!t->vocabulary || !data_tokenizer_check_class(t, classes, error) ||
        !base_json_bool(t->config, "add_prefix_space", &prefix, "tokenizer_config.json", error))
        return false;
    cJSON *words = cJSON_GetObjectItemCaseSensitive(t->tree, "pre_tokenizer");
    cJSON_GetObjectItemCaseSensitive(words, "add_prefix_space")->type =
        prefix ? cJSON_True : cJSON_False;
    return true;
}

/* ---- writing ---- */

static void put_vocabulary(const data_tokenizer *t, base_json_writer *w) {
    base_json_open(w, "vocab", '{');
    for (uint32_t id = 0; id < data_vocabulary_size(t->vocabulary); id++)
        base_json_put_size(w, data_vocabulary_piece(t->vocabulary, id, NULL), id);
    base_json_close(w, '}');
    base_json_open(w, "merges", '[');
    uint32_t left, right;
    for (size_t at = 0; data_bpe_next(t->model, &at, &left, &right);) {
        const char *piece[] = {data_vocabulary_piece(t->vocabulary, left, NULL),
                               data_vocabulary_piece(t->vocabulary, right, NULL)};
        base_json_open(w, NULL, '[');
        for (int i = 0; i < 2; i++)
            base_json_put_text(w, NULL, piece[i], strlen(piece[i]));
        base_json_close(w, ']');
    }
    base_json_close(w, ']');
}

const data_tokenizer_def data_tokenizer_bpe = {
    .model = "BPE",
    .files = {"vocab.json"},
    .names = names,
    .make = make,
    .open = open_model,
    .close = close_model,
    .pieces = push_word,
    .scratch_size = sizeof(data_bpe_scratch),
    .scratch_free = free_scratch,
    .put_vocabulary = put_vocabulary,
};
