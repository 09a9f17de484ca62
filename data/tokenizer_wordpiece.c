/* WordPiece (Schuster & Nakajima 2012; the greedy longest match of BERT, Devlin et al. 2019). */
#include "base/utf8.h"
#include "data/bert_text.h"
#include "data/tokenizer_def.h"
#include "data/unicode.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_WORD = 256 }; /* largest max_input_chars_per_word accepted */

typedef struct wordpiece {
    data_bert_text text;
    uint32_t unknown;
    size_t longest_word; /* in code points; longer ones are unknown */
    char *prefix;        /* of pieces that continue a word: "##" */
    size_t prefix_size;
    uint64_t prefix_hash;
} wordpiece;

/* The longest piece that text begins with, none if *size becomes 0. */
static uint32_t longest_piece(const data_tokenizer *t, uint64_t hash, size_t prefix_size,
                              const char *text, size_t *size) {
    const wordpiece *m = t->model;
    uint64_t hashes[4 * MAX_WORD];
    size_t longest = data_vocabulary_longest(t->vocabulary), n = *size;
    if (n + prefix_size > longest)
        n = longest > prefix_size ? longest - prefix_size : 0;
    for (size_t i = 0; i < n; i++)
        hashes[i] = hash = base_hash_byte(hash, (unsigned char)text[i]);
    for (; n > 0; n--) {
        uint32_t id =
            data_vocabulary_match(t->vocabulary, hashes[n - 1], m->prefix, prefix_size, text, n);
        if (id != DATA_NO_PIECE) {
            *size = n;
            return id;
        }
    }
    *size = 0;
    return DATA_NO_PIECE;
}

/* A word that cannot be covered by pieces is unknown as a whole. */
static void push_word(const data_tokenizer *t, const data_bert_word *word, data_tokens *out) {
    const wordpiece *m = t->model;
    size_t first = out->count, at = 0;
    while (at < word->size && word->letters <= m->longest_word) {
        size_t n = word->size - at;
        uint32_t id = at ? longest_piece(t, m->prefix_hash, m->prefix_size, word->bytes + at, &n)
                         : longest_piece(t, BASE_HASH_START, 0, word->bytes, &n);
        if (n == 0)
            break;
        data_tokens_push(out, id);
        at += n;
    }
    if (at == word->size)
        return;
    out->count = first;
    out->truncated = false;
    data_tokens_push(out, m->unknown);
}

static bool push_pieces(const data_tokenizer *t, const char *text, size_t size, data_tokens *out,
                        base_error *error) {
    (void)error;
    data_bert_word word;
    for (size_t at = 0; !out->truncated && data_bert_text_word(text, size, &at, &word);)
        push_word(t, &word, out);
    return true;
}

static bool normalise(const data_tokenizer *t, const char *text, size_t size, data_tokens *out,
                      base_error *error) {
    const wordpiece *m = t->model;
    return data_bert_text_normalise(&m->text, text, size, out, error);
}

static bool expect_type(const cJSON *json, const char *key, const char *type, const char *where,
                        base_error *error) {
    const cJSON *part = base_json_get(json, key);
    const char *found = NULL;
    if (!base_json_text(part, "type", &found, where, error))
        return false;
    if (found && !strcmp(found, type))
        return true;
    char shown[100];
    return base_fail(error, BASE_BAD_INPUT, "%s: %s.type is %s, expected \"%s\"", where, key,
                     found ? base_escape(shown, sizeof shown, found, strlen(found)) : "absent",
                     type);
}

/* Strip_accents null means: as lower case. */
typedef struct bert_flags {
    bool clean, chinese, lower, strip, strip_given;
} bert_flags;

static bool read_strip(const cJSON *object, bert_flags *flags, const char *where,
                       base_error *error) {
    const cJSON *item = base_json_get(object, "strip_accents");
    if (item)
        flags->strip_given = !cJSON_IsNull(item);
    return base_json_bool(object, "strip_accents", &flags->strip, where, error);
}

static bool read_json_flags(const data_tokenizer_files *files, bert_flags *flags,
                            base_error *error) {
    const cJSON *n = base_json_get(files->json, "normalizer");
    const char *where = files->json_name;
    return expect_type(files->json, "normalizer", "BertNormalizer", where, error) &&
           expect_type(files->json, "pre_tokenizer", "BertPreTokenizer", where, error) &&
           base_json_bool(n, "clean_text", &flags->clean, where, error) &&
           base_json_bool(n, "handle_chinese_chars", &flags->chinese, where, error) &&
           base_json_bool(n, "lowercase", &flags->lower, where, error) &&
           read_strip(n, flags, where, error);
}

/* transformers lets tokenizer_config.json override tokenizer.json, but for the class that is
 * nothing but tokenizer.json. */
static bool read_config_flags(const data_tokenizer_files *files, bert_flags *flags,
                              base_error *error) {
    const char *class = NULL, *where = files->config_name;
    const cJSON *config = files->config;
    if (!base_json_text(config, "tokenizer_class", &class, where, error))
        return false;
    if (files->json && class &&
        (!strcmp(class, "PreTrainedTokenizerFast") || !strcmp(class, "TokenizersBackend")))
        return true;
    return base_json_bool(config, "tokenize_chinese_chars", &flags->chinese, where, error) &&
           base_json_bool(config, "do_lower_case", &flags->lower, where, error) &&
           read_strip(config, flags, where, error);
}

static bool read_model(const data_tokenizer_files *files, wordpiece *m, const char **unknown,
                       base_error *error) {
    const cJSON *model = base_json_get(files->json, "model");
    const char *prefix = "##", *where = files->json_name;
    m->longest_word = 100;
    if (!base_json_text(model, "continuing_subword_prefix", &prefix, where, error) ||
        !base_json_text(model, "unk_token", unknown, where, error) ||
        !base_json_size(model, "max_input_chars_per_word", 0, MAX_WORD, &m->longest_word, where,
                        error))
        return false;
    m->prefix_size = strlen(prefix);
    m->prefix = base_copy(prefix, m->prefix_size);
    if (!m->prefix)
        return base_fail(error, BASE_FAILED, "out of memory");
    m->prefix_hash = base_hash_bytes(prefix, m->prefix_size);
    return true;
}

/* vocab.txt, which is written with every model, has a piece a line. */
static bool check_lines(const data_tokenizer *t, const char *where, base_error *error) {
    for (uint32_t id = 0; id < data_vocabulary_size(t->vocabulary); id++) {
        size_t size;
        const char *piece = data_vocabulary_piece(t->vocabulary, id, &size);
        char shown[100];
        if (size == 0 || piece[size - 1] == '\r' || memchr(piece, '\n', size))
            return base_fail(error, BASE_BAD_INPUT,
                             "%s: model.vocab: \"%s\" has no place in vocab.txt, expected pieces "
                             "without line ends",
                             where, base_escape(shown, sizeof shown, piece, size));
    }
    return true;
}

static bool open_model(data_tokenizer *t, const data_tokenizer_files *files, base_error *error) {
    wordpiece *m = t->model = base_alloc(1, sizeof *m, error);
    bert_flags flags = {true, true, true, false, false};
    const char *unknown = "[UNK]";
    if (!m || !read_model(files, m, &unknown, error) ||
        (files->json &&
         (!check_lines(t, files->json_name, error) || !read_json_flags(files, &flags, error))) ||
        (files->config && !read_config_flags(files, &flags, error)))
        return false;
    bool strip = flags.strip_given ? flags.strip : flags.lower;
    m->text = (data_bert_text){flags.clean, flags.chinese, strip, flags.lower, {0}};
    data_bert_text_prepare(&m->text);
    t->lower_case = flags.lower;
    m->unknown = data_vocabulary_find(t->vocabulary, unknown, strlen(unknown));
    char shown[100];
    return m->unknown != DATA_NO_PIECE ||
           base_fail(error, BASE_BAD_INPUT,
                     "%s: found no piece \"%s\", expected one for unknown words", files->vocab_name,
                     base_escape(shown, sizeof shown, unknown, strlen(unknown)));
}

static void close_model(data_tokenizer *t) {
    wordpiece *m = t->model;
    if (m)
        free(m->prefix);
    free(m);
}

static cJSON *describe_part(cJSON *json, const char *key, const char *type) {
    cJSON *part = cJSON_AddObjectToObject(json, key);
    return part && cJSON_AddStringToObject(part, "type", type) ? part : NULL;
}

static bool add_strip(const wordpiece *m, cJSON *object) {
    return m->text.strip_accents == m->text.lower_case
               ? cJSON_AddNullToObject(object, "strip_accents")
               : cJSON_AddBoolToObject(object, "strip_accents", m->text.strip_accents);
}

static bool describe_text(const wordpiece *m, cJSON *json, cJSON *config) {
    cJSON *text = describe_part(json, "normalizer", "BertNormalizer");
    return text && cJSON_AddBoolToObject(text, "clean_text", m->text.clean) &&
           cJSON_AddBoolToObject(text, "handle_chinese_chars", m->text.chinese) &&
           add_strip(m, text) && cJSON_AddBoolToObject(text, "lowercase", m->text.lower_case) &&
           describe_part(json, "pre_tokenizer", "BertPreTokenizer") &&
           cJSON_AddStringToObject(config, "tokenizer_class", "BertTokenizer") &&
           cJSON_AddBoolToObject(config, "do_lower_case", m->text.lower_case) &&
           cJSON_AddBoolToObject(config, "tokenize_chinese_chars", m->text.chinese) &&
           add_strip(m, config);
}

static bool describe(const data_tokenizer *t, cJSON *json, cJSON *config) {
    const wordpiece *m = t->model;
    if (!describe_text(m, json, config))
        return false;
    cJSON *decoder = describe_part(json, "decoder", "WordPiece");
    cJSON *model = describe_part(json, "model", "WordPiece");
    const char *unknown = data_vocabulary_piece(t->vocabulary, m->unknown, NULL);
    return decoder && model && cJSON_AddStringToObject(decoder, "prefix", m->prefix) &&
           cJSON_AddBoolToObject(decoder, "cleanup", true) &&
           cJSON_AddStringToObject(model, "unk_token", unknown) &&
           cJSON_AddStringToObject(model, "continuing_subword_prefix", m->prefix) &&
           cJSON_AddNumberToObject(model, "max_input_chars_per_word", (double)m->longest_word) &&
           cJSON_AddObjectToObject(model, "vocab");
}

static bool save(const data_tokenizer *t, const char *folder, base_error *error) {
    return data_vocabulary_save(t->vocabulary, folder, "vocab.txt", error);
}

/* BERT's names. */
static const data_special_name special[] = {
    {"cls_token", "[CLS]"},   {"unk_token", "[UNK]"}, {"pad_token", "[PAD]"},
    {"mask_token", "[MASK]"}, {"sep_token", "[SEP]"}, {NULL, NULL},
};

const data_tokenizer_def data_tokenizer_wordpiece = {
    .model = "WordPiece",
    .sign = "continuing_subword_prefix",
    .vocabulary_file = "vocab.txt",
    .read_vocabulary = data_vocabulary_file,
    .special = special,
    .before = "cls_token",
    .behind = "sep_token",
    .open = open_model,
    .close = close_model,
    .normalise = normalise,
    .pieces = push_pieces,
    .describe = describe,
    .save = save,
};
