/* The unigram model (data/unigram.h) as a kind of tokenizer. Without tokenizer.json it is made from
 * SentencePiece's model file as transformers 5 makes it: sentencepiece.bpe.model is XLM-R's
 * (Conneau et al. 2020), spiece.model ALBERT's (Lan et al. 2020). */
#include "data/charsmap.h"
#include "data/sentencepiece.h"
#include "data/tokenizer_def.h"
#include "data/unigram.h"

#include <stdlib.h>
#include <string.h>

static bool push_word(const data_tokenizer *t, const char *word, size_t size, data_tokens *out,
                      base_error *error) {
    return data_unigram_encode(t->model, word, size, out->scratch->kind, out, error);
}

static void free_scratch(void *scratch) {
    data_unigram_scratch_free(scratch);
}

/* ---- reading ---- */

static bool open_model(data_tokenizer *t, const cJSON *model, base_error *error) {
    bool byte_fallback = false;
    size_t unknown = DATA_NO_PIECE;
    if (!t->vocabulary || !t->parts.score)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: model.vocab is not a list, expected pieces with their scores",
                         t->where);
    if (!base_json_bool(model, "byte_fallback", &byte_fallback, t->where, error) ||
        !base_json_size(model, "unk_id", 0, data_vocabulary_size(t->vocabulary) - 1, &unknown,
                        t->where, error))
        return false;
    t->model =
        data_unigram_new(t->vocabulary, t->parts.score, (uint32_t)unknown, byte_fallback, error);
    return t->model;
}

static void close_model(void *model) {
    data_unigram_free(model);
}

/* ---- from a model file ---- */

#define PRE_TOKENIZER                                                                              \
    "{\"type\": \"Sequence\", \"pretokenizers\": [{\"type\": \"WhitespaceSplit\"},"                \
    " {\"type\": \"Metaspace\", \"replacement\": \"\u2581\", \"prepend_scheme\": \"always\","      \
    " \"split\": true}]}"
#define DECODER                                                                                    \
    "{\"type\": \"Metaspace\", \"replacement\": \"\u2581\", \"prepend_scheme\": \"always\","       \
    " \"split\": true}"

static const data_special_name xlmr_names[] = {
    {"bos_token", "<s>", false, false},     {"eos_token", "</s>", false, false},
    {"unk_token", "<unk>", false, false},   {"sep_token", "</s>", false, true},
    {"pad_token", "<pad>", false, false},   {"cls_token", "<s>", true, false},
    {"mask_token", "<mask>", false, false}, {NULL, NULL, false, false},
};

static const data_special_name albert_names[] = {
    {"bos_token", "[CLS]", false, false},   {"eos_token", "[SEP]", false, false},
    {"unk_token", "<unk>", false, false},   {"sep_token", "[SEP]", false, true},
    {"pad_token", "<pad>", false, false},   {"cls_token", "[CLS]", true, false},
    {"mask_token", "[MASK]", false, false}, {NULL, NULL, false, false},
};

/* What becomes of a model file. The ids of XLM-R are those of fairseq: its own four pieces come
 * instead of SentencePiece's first three, and <mask> last. */
static const struct sentencepiece_family {
    const char *file, *class, *json;
    const data_special_name *names;
    const char *const first[5];
    size_t skipped;
    const char *last;
    bool twice;        /* see data_post_processor_around */
    bool text_options; /* do_lower_case and keep_accents */
} families[] = {
    {"sentencepiece.bpe.model",
     "XLMRobertaTokenizer",
     "{\"pre_tokenizer\": " PRE_TOKENIZER ", \"decoder\": " DECODER
     ", \"model\": {\"type\": \"Unigram\", \"unk_id\": 3, \"byte_fallback\": false}}",
     xlmr_names,
     {"<s>", "<pad>", "</s>", "<unk>"},
     3,
     "<mask>",
     true,
     false},
    {"spiece.model",
     "AlbertTokenizer",
     "{\"normalizer\": {\"type\": \"Sequence\", \"normalizers\": ["
     "{\"type\": \"Replace\", \"pattern\": {\"String\": \"``\"}, \"content\": \"\\\"\"},"
     "{\"type\": \"Replace\", \"pattern\": {\"String\": \"''\"}, \"content\": \"\\\"\"}]},"
     "\"pre_tokenizer\": " PRE_TOKENIZER ", \"decoder\": " DECODER
     ", \"model\": {\"type\": \"Unigram\", \"unk_id\": 1, \"byte_fallback\": false}}",
     albert_names,
     {NULL},
     0,
     NULL,
     false,
     true},
};

enum { FAMILIES = sizeof families / sizeof *families };

static bool add_piece(data_tokenizer *t, const char *text, size_t size, double score,
                      base_error *error) {
    size_t id = data_vocabulary_size(t->vocabulary);
    char shown[100];
    if (data_vocabulary_add(t->vocabulary, text, size, error) == DATA_NO_PIECE)
        return false;
    if (data_vocabulary_size(t->vocabulary) == id)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: the piece \"%s\" is there twice, expected it once", t->where,
                         base_escape(shown, sizeof shown, text, size));
    t->parts.score[id] = score;
    return true;
}

static bool add_pieces(data_tokenizer *t, const struct sentencepiece_family *family,
                       const data_sentencepiece *m, base_error *error) {
    size_t room;
    if (!base_size_add(m->count, sizeof family->first / sizeof *family->first + 1, &room))
        return base_fail(error, BASE_FAILED, "%s: too many pieces", t->where);
    if (!(t->vocabulary = data_vocabulary_new(error)) ||
        !(t->parts.score = base_alloc(room, sizeof *t->parts.score, error)))
        return false;
    for (const char *const *first = family->first; *first; first++)
        if (!add_piece(t, *first, strlen(*first), 0, error))
            return false;
    for (size_t i = family->skipped; i < m->count; i++)
        if (!add_piece(t, m->piece[i].text, m->piece[i].size, (double)m->piece[i].score, error))
            return false;
    return !family->last || add_piece(t, family->last, strlen(family->last), 0, error);
}

/* The pieces that SentencePiece never finds in text are added tokens: control ones are special. */
static bool add_tokens(data_tokenizer *t, const struct sentencepiece_family *family,
                       const data_sentencepiece *m, base_error *error) {
    cJSON *list = cJSON_AddArrayToObject(t->tree, "added_tokens");
    bool ok = list;
    for (size_t i = family->skipped; ok && i < m->count; i++) {
        const data_sentencepiece_piece *p = &m->piece[i];
        bool control = p->type == DATA_SENTENCEPIECE_CONTROL;
        if (!control && p->type != DATA_SENTENCEPIECE_USER_DEFINED)
            continue;
        char *text = base_copy(p->text, p->size);
        cJSON *item = cJSON_CreateObject();
        cJSON_AddItemToArray(list, item);
        ok = text && item && cJSON_AddStringToObject(item, "content", text) &&
             cJSON_AddBoolToObject(item, "special", control) &&
             cJSON_AddBoolToObject(item, "normalized", false);
        free(text);
    }
    return ok || base_fail(error, BASE_FAILED, "out of memory");
}

static bool add_step(cJSON *list, const char *type) {
    cJSON *item = cJSON_CreateObject();
    return item && cJSON_AddItemToArray(list, item) && cJSON_AddStringToObject(item, "type", type);
}

/* {"type": "Precompiled", "precompiled_charsmap": BASE64}; NULL when there is none, or on failure.
 */
static cJSON *precompiled(const data_tokenizer *t, const data_sentencepiece *m, base_error *error) {
    base_bytes text = {0};
    cJSON *item = NULL;
    data_charsmap *map =
        m->charsmap ? data_charsmap_new(m->charsmap, m->charsmap_size, t->where, error) : NULL;
    if (map && data_charsmap_to_base64(map, &text, error) && (item = cJSON_CreateObject()) &&
        (!cJSON_AddStringToObject(item, "type", "Precompiled") ||
         !cJSON_AddStringToObject(item, "precompiled_charsmap", text.data))) {
        cJSON_Delete(item);
        item = NULL;
    }
    if (map && !item)
        base_fail(error, BASE_FAILED, "out of memory");
    data_charsmap_free(map);
    base_bytes_free(&text);
    return item;
}

static bool make_normalizer(data_tokenizer *t, const struct sentencepiece_family *family,
                            const data_sentencepiece *m, base_error *error) {
    bool lower = true, accents = false;
    cJSON *list = cJSON_GetObjectItemCaseSensitive(
        cJSON_GetObjectItemCaseSensitive(t->tree, "normalizer"), "normalizers");
    if (family->text_options &&
        (!base_json_bool(t->config, "do_lower_case", &lower, "tokenizer_config.json", error) ||
         !base_json_bool(t->config, "keep_accents", &accents, "tokenizer_config.json", error)))
        return false;
    cJSON *map = precompiled(t, m, error);
    if (!base_ok(error))
        return false;
    bool ok = !list || ((accents || (add_step(list, "NFKD") && add_step(list, "StripAccents"))) &&
                        (!lower || add_step(list, "Lowercase")));
    if (map && list)
        ok = cJSON_AddItemToArray(list, map) && ok;
    else if (map && !cJSON_AddItemToObject(t->tree, "normalizer", map)) {
        cJSON_Delete(map); /* its name could not be copied */
        ok = false;
    }
    return ok || base_fail(error, BASE_FAILED, "out of memory");
}

static bool make_from(data_tokenizer *t, const struct sentencepiece_family *family,
                      const data_sentencepiece *m, base_error *error) {
    t->lists_own = true;
    bool prefix = true;
    t->names = family->names;
    t->twice = family->twice;
    if (m->model_type != DATA_SENTENCEPIECE_UNIGRAM)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: the model was trained with type %llu, expected 1 (unigram)", t->where,
                         (unsigned long long)m->model_type);
    if (!base_json_bool(t->config, "add_prefix_space", &prefix, "tokenizer_config.json", error))
        return false;
    if (!prefix)
        return base_fail(
            error, BASE_BAD_INPUT,
            "tokenizer_config.json: add_prefix_space is false beside %s, expected true", t->where);
    t->tree = cJSON_Parse(family->json);
    t->made_config = cJSON_CreateObject();
    if (!t->tree || !t->made_config ||
        !cJSON_AddStringToObject(t->made_config, "tokenizer_class", family->class))
        return base_fail(error, BASE_FAILED, "out of memory");
    return make_normalizer(t, family, m, error) && add_tokens(t, family, m, error) &&
           add_pieces(t, family, m, error);
}

static bool make(data_tokenizer *t, base_error *error) {
    for (size_t i = 0; i < FAMILIES; i++) {
        const data_tokenizer_file *f = data_tokenizer_file_of(t, families[i].file);
        data_sentencepiece m = {0};
        if (!f)
            continue;
        const char *const classes[] = {families[i].class, NULL};
        bool ok = data_tokenizer_check_class(t, classes, error) &&
                  data_sentencepiece_read(f->bytes.data, f->bytes.size, f->path, &m, error) &&
                  make_from(t, &families[i], &m, error);
        data_sentencepiece_free(&m);
        return ok;
    }
    return base_fail(error, BASE_FAILED, "%s: no model file", t->where);
}

/* ---- writing ---- */

static void put_vocabulary(const data_tokenizer *t, base_json_writer *w) {
    base_json_open(w, "vocab", '[');
    for (uint32_t id = 0; id < data_vocabulary_size(t->vocabulary); id++) {
        size_t size;
        const char *piece = data_vocabulary_piece(t->vocabulary, id, &size);
        base_json_open(w, NULL, '[');
        base_json_put_text(w, NULL, piece, size);
        base_json_put_number(w, NULL, t->parts.score[id], 0);
        base_json_close(w, ']');
    }
    base_json_close(w, ']');
}

const data_tokenizer_def data_tokenizer_unigram = {
    .model = "Unigram",
    .files = {"sentencepiece.bpe.model", "spiece.model"},
    .names = xlmr_names,
    .make = make,
    .open = open_model,
    .close = close_model,
    .pieces = push_word,
    .scratch_size = sizeof(data_unigram_scratch),
    .scratch_free = free_scratch,
    .put_vocabulary = put_vocabulary,
};
