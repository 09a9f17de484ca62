/* WordPiece (Schuster & Nakajima 2012; the greedy longest match of BERT, Devlin et al. 2019). */
#include "base/log.h"
#include "data/tokenizer_def.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_WORD = 256 }; /* largest max_input_chars_per_word accepted */

typedef struct wordpiece {
    uint32_t unknown;
    size_t longest_word; /* in code points; longer ones are unknown */
    char *prefix;        /* of pieces that continue a word: "##" */
    size_t prefix_size;
    uint64_t prefix_hash;
} wordpiece;

/* ---- words ---- */

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

static size_t letters_of(const char *word, size_t size) {
    size_t letters = 0;
    for (size_t i = 0; i < size; i++)
        letters += ((unsigned char)word[i] & 0xc0) != 0x80;
    return letters;
}

/* A word that cannot be covered by pieces is unknown as a whole. */
static bool push_word(const data_tokenizer *t, const char *word, size_t size, data_tokens *out,
                      base_error *error) {
    const wordpiece *m = t->model;
    size_t first = out->count, at = 0;
    bool short_enough = size <= m->longest_word || letters_of(word, size) <= m->longest_word;
    if (!data_tokens_reserve(out, short_enough ? size : 1, error))
        return false;
    while (at < size && short_enough) {
        size_t n = size - at;
        uint32_t id = at ? longest_piece(t, m->prefix_hash, m->prefix_size, word + at, &n)
                         : longest_piece(t, BASE_HASH_START, 0, word, &n);
        if (n == 0)
            break;
        data_tokens_push(out, id);
        at += n;
    }
    if (at == size)
        return true;
    out->count = first;
    out->truncated = false;
    data_tokens_push(out, m->unknown);
    return true;
}

/* ---- what BERT's text is ---- */

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

static bool read_flags(const cJSON *normalizer, bert_flags *flags, const char *where,
                       base_error *error) {
    return base_json_bool(normalizer, "clean_text", &flags->clean, where, error) &&
           base_json_bool(normalizer, "handle_chinese_chars", &flags->chinese, where, error) &&
           base_json_bool(normalizer, "lowercase", &flags->lower, where, error) &&
           read_strip(normalizer, flags, where, error);
}

/* transformers lets tokenizer_config.json override tokenizer.json, but for the class that is
 * nothing but tokenizer.json. */
static bool read_config_flags(const data_tokenizer *t, bert_flags *flags, base_error *error) {
    const data_tokenizer_file *f = data_tokenizer_file_of(t, "tokenizer_config.json");
    const char *class = NULL, *where = f ? f->path : t->where;
    if (!base_json_text(t->config, "tokenizer_class", &class, where, error))
        return false;
    if (class &&
        (!strcmp(class, "PreTrainedTokenizerFast") || !strcmp(class, "TokenizersBackend")) &&
        data_tokenizer_file_of(t, "tokenizer.json"))
        return true;
    return base_json_bool(t->config, "tokenize_chinese_chars", &flags->chinese, where, error) &&
           base_json_bool(t->config, "do_lower_case", &flags->lower, where, error) &&
           read_strip(t->config, flags, where, error);
}

static bool add_strip(const bert_flags *flags, cJSON *object) {
    return flags->strip_given ? cJSON_AddBoolToObject(object, "strip_accents", flags->strip)
                              : cJSON_AddNullToObject(object, "strip_accents");
}

/* The BertNormalizer of the flags, in the place of the tree's. */
static bool put_normalizer(cJSON *tree, const bert_flags *flags, base_error *error) {
    cJSON_DeleteItemFromObjectCaseSensitive(tree, "normalizer");
    cJSON *n = cJSON_AddObjectToObject(tree, "normalizer");
    bool ok = n && cJSON_AddStringToObject(n, "type", "BertNormalizer") &&
              cJSON_AddBoolToObject(n, "clean_text", flags->clean) &&
              cJSON_AddBoolToObject(n, "handle_chinese_chars", flags->chinese) &&
              add_strip(flags, n) && cJSON_AddBoolToObject(n, "lowercase", flags->lower);
    return ok || base_fail(error, BASE_FAILED, "out of memory");
}

static bool override_flags(data_tokenizer *t, base_error *error) {
    const cJSON *n = base_json_get(t->tree, "normalizer");
    const char *type = NULL;
    bert_flags flags = {true, true, true, false, false};
    if (!base_json_text(n, "type", &type, t->where, error))
        return false;
    return !type || strcmp(type, "BertNormalizer") != 0 ||
           (read_flags(n, &flags, t->where, error) && read_config_flags(t, &flags, error) &&
            put_normalizer(t->tree, &flags, error));
}

/* ---- the model ---- */

/* Both files have a vocabulary: a folder whose files disagree is refused when the numbers of
 * pieces differ; tokenizer.json is what Python reads. */
static bool compare_vocabularies(const data_tokenizer *t, const char *path, base_error *error) {
    data_vocabulary *lines = data_vocabulary_file(path, error);
    if (!lines)
        return false;
    size_t n = data_vocabulary_size(t->vocabulary), m = data_vocabulary_size(lines);
    bool ok = n == m || base_fail(error, BASE_BAD_INPUT, "%s has %zu pieces, expected %zu as in %s",
                                  path, m, n, t->where);
    for (uint32_t i = 0; ok && i < n; i++)
        if (strcmp(data_vocabulary_piece(t->vocabulary, i, NULL),
                   data_vocabulary_piece(lines, i, NULL))) {
            base_log(BASE_LOG_WARNING, "%s: line %u differs from %s, which is used", path, i + 1,
                     t->where);
            break;
        }
    data_vocabulary_free(lines);
    return ok;
}

/* Every piece has a line in vocab.txt, which is written with every model. */
static bool fit_lines(const data_tokenizer *t, base_error *error) {
    char shown[100];
    for (uint32_t id = 0; id < data_vocabulary_size(t->vocabulary); id++) {
        size_t size;
        const char *piece = data_vocabulary_piece(t->vocabulary, id, &size);
        if (size == 0 || piece[size - 1] == '\r' || memchr(piece, '\n', size))
            return base_fail(error, BASE_BAD_INPUT,
                             "%s: model.vocab: \"%s\" has no place in vocab.txt, expected pieces "
                             "without line ends",
                             t->where, base_escape(shown, sizeof shown, piece, size));
    }
    return true;
}

static bool read_vocabulary(data_tokenizer *t, base_error *error) {
    const data_tokenizer_file *lines = data_tokenizer_file_of(t, "vocab.txt");
    if (!t->vocabulary && lines)
        t->vocabulary = data_vocabulary_file(lines->path, error);
    if (!t->vocabulary || t->parts.score)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: model.vocab is not an object, expected pieces with their ids, or a "
                         "vocab.txt beside it",
                         t->where);
    return fit_lines(t, error) && (!lines || compare_vocabularies(t, lines->path, error));
}

static bool read_settings(data_tokenizer *t, const cJSON *model, const char **unknown,
                          base_error *error) {
    wordpiece *m = t->model;
    const char *prefix = "##";
    m->longest_word = 100;
    if (!base_json_text(model, "continuing_subword_prefix", &prefix, t->where, error) ||
        !base_json_text(model, "unk_token", unknown, t->where, error) ||
        !base_json_size(model, "max_input_chars_per_word", 0, MAX_WORD, &m->longest_word, t->where,
                        error))
        return false;
    m->prefix_size = strlen(prefix);
    m->prefix = base_copy(prefix, m->prefix_size);
    m->prefix_hash = base_hash_bytes(prefix, m->prefix_size);
    return m->prefix || base_fail(error, BASE_FAILED, "out of memory");
}

static bool open_model(data_tokenizer *t, const cJSON *model, base_error *error) {
    wordpiece *m = t->model = base_alloc(1, sizeof *m, error);
    const char *unknown = "[UNK]";
    char shown[100];
    if (!m || !read_vocabulary(t, error) || !read_settings(t, model, &unknown, error) ||
        !override_flags(t, error))
        return false;
    m->unknown = data_vocabulary_find(t->vocabulary, unknown, strlen(unknown));
    return m->unknown != DATA_NO_PIECE ||
           base_fail(error, BASE_BAD_INPUT,
                     "%s: found no piece \"%s\", expected one for unknown words", t->where,
                     base_escape(shown, sizeof shown, unknown, strlen(unknown)));
}

static void close_model(void *model) {
    wordpiece *m = model;
    if (m)
        free(m->prefix);
    free(m);
}

/* ---- from vocab.txt ---- */

static bool put_config(data_tokenizer *t, const bert_flags *flags) {
    cJSON *c = t->made_config = cJSON_CreateObject();
    return c && cJSON_AddStringToObject(c, "tokenizer_class", "BertTokenizer") &&
           cJSON_AddBoolToObject(c, "do_lower_case", flags->lower) &&
           cJSON_AddBoolToObject(c, "tokenize_chinese_chars", flags->chinese) &&
           add_strip(flags, c);
}

static bool make(data_tokenizer *t, base_error *error) {
    static const char json[] =
        "{\"normalizer\": {\"type\": \"BertNormalizer\"},"
        "\"pre_tokenizer\": {\"type\": \"BertPreTokenizer\"},"
        "\"decoder\": {\"type\": \"WordPiece\", \"prefix\": \"##\", \"cleanup\": true},"
        "\"model\": {\"type\": \"WordPiece\","
        "\"continuing_subword_prefix\": \"##\", \"max_input_chars_per_word\": 100}}";
    static const char *const classes[] = {"BertTokenizer", "DistilBertTokenizer",
                                          "ElectraTokenizer", "MobileBertTokenizer", NULL};
    bert_flags flags = {true, true, true, false, false};
    const char *unknown = data_tokenizer_named(t, "unk_token", "[UNK]");
    cJSON *model;
    t->tree = cJSON_Parse(json);
    t->vocabulary = data_vocabulary_file(t->where, error);
    if (!t->vocabulary || !data_tokenizer_check_class(t, classes, error) ||
        !read_config_flags(t, &flags, error))
        return false;
    model = cJSON_GetObjectItemCaseSensitive(t->tree, "model");
    return (model && cJSON_AddStringToObject(model, "unk_token", unknown) &&
            put_config(t, &flags)) ||
           base_fail(error, BASE_FAILED, "out of memory");
}

static void put_vocabulary(const data_tokenizer *t, base_json_writer *w) {
    base_json_open(w, "vocab", '{');
    for (uint32_t id = 0; id < data_vocabulary_size(t->vocabulary); id++)
        base_json_put_size(w, data_vocabulary_piece(t->vocabulary, id, NULL), id);
    base_json_close(w, '}');
}

static const data_special_name names[] = {
    {"cls_token", "[CLS]", true, false},  {"unk_token", "[UNK]", false, false},
    {"pad_token", "[PAD]", false, false}, {"mask_token", "[MASK]", false, false},
    {"sep_token", "[SEP]", false, true},  {NULL, NULL, false, false},
};

const data_tokenizer_def data_tokenizer_wordpiece = {
    .model = "WordPiece",
    .files = {"vocab.txt"},
    .names = names,
    .make = make,
    .open = open_model,
    .close = close_model,
    .pieces = push_word,
    .put_vocabulary = put_vocabulary,
};
