/* Words as they stand, for averaged word vectors: what sentence-transformers' WhitespaceTokenizer
 * does. Text is cut at white space; a word counts as it is, else without ASCII punctuation at its
 * ends, else that in lower case: the first of the three that is a stop word (then it is dropped) or
 * in the vocabulary. Other words are dropped too, and nothing stands around a text. */
#include "base/file.h"
#include "base/utf8.h"
#include "data/tokenizer_def.h"
#include "data/unicode.h"

#include <stdlib.h>
#include <string.h>

#define FILE_NAME "whitespacetokenizer_config.json"

typedef struct whitespace {
    data_vocabulary *stop_words;
    bool lower_case; /* of the whole text, first */
} whitespace;

/* ENGLISH_STOP_WORDS of sentence-transformers. */
static const char english[] =
    "! \" '' `` # $ % & ' ( ) * + , - . / : ; < = > ? @ [ \\ ] ^ _ ` { | } ~ a about above across "
    "after afterwards again against ain all almost alone along already also although always am "
    "among amongst amoungst amount an and another any anyhow anyone anything anyway anywhere are "
    "aren around as at back be became because become becomes becoming been before beforehand "
    "behind being below beside besides between beyond bill both bottom but by call can cannot "
    "cant co con could couldn couldnt cry d de describe detail did didn do does doesn doing don "
    "done down due during each eg eight either eleven else elsewhere empty enough etc even ever "
    "every everyone everything everywhere except few fifteen fifty fill find fire first five for "
    "former formerly forty found four from front full further get give go had hadn has hasn hasnt "
    "have haven having he hence her here hereafter hereby herein hereupon hers herself him "
    "himself his how however hundred i ie if in inc indeed interest into is isn it its itself "
    "just keep last latter latterly least less ll ltd m ma made many may me meanwhile might "
    "mightn mill mine more moreover most mostly move much must mustn my myself name namely needn "
    "neither never nevertheless next nine no nobody none noone nor not nothing now nowhere o of "
    "off often on once one only onto or other others otherwise our ours ourselves out over own "
    "part per perhaps please put rather re s same see seem seemed seeming seems serious several "
    "shan she should shouldn show side since sincere six sixty so some somehow someone something "
    "sometime sometimes somewhere still such system t take ten than that the their theirs them "
    "themselves then thence there thereafter thereby therefore therein thereupon these they thick "
    "thin third this those though three through throughout thru thus to together too top toward "
    "towards twelve twenty two un under until up upon us ve very via was wasn we well were weren "
    "what whatever when whence whenever where whereafter whereas whereby wherein whereupon "
    "wherever whether which while whither who whoever whole whom whose why will with within "
    "without won would wouldn y yet you your yours yourself yourselves ";

/* ---- lower case, as Python's str.lower ---- */

/* Whether the next code point with or without case, from `at` on, has case. */
static bool cased_behind(const char *text, size_t size, size_t at) {
    while (at < size) {
        uint16_t flags = data_unicode(data_unicode_next(text, &at))->flags;
        if (!(flags & DATA_UNICODE_UNCASED))
            return flags & DATA_UNICODE_CASED;
    }
    return false;
}

static bool put_lower(uint32_t c, uint32_t lower, base_bytes *out, base_error *error) {
    char bytes[8];
    size_t n = base_utf8_encode(lower, bytes);
    if (c == DATA_UNICODE_DOTTED_I)
        n += base_utf8_encode(DATA_UNICODE_DOT_ABOVE, bytes + n);
    return base_bytes_add(out, bytes, n, error);
}

/* Replaces *out. A capital sigma at the end of a word has a form of its own (Unicode, section 3.13,
 * Final_Sigma). */
static bool lower_text(const char *text, size_t size, base_bytes *out, base_error *error) {
    enum { CAPITAL_SIGMA = 0x3a3, FINAL_SIGMA = 0x3c2 };
    bool after_case = false;
    out->size = 0;
    for (size_t at = 0; at < size;) {
        uint32_t c = data_unicode_next(text, &at);
        const data_unicode_record *record = data_unicode(c);
        bool final = c == CAPITAL_SIGMA && after_case && !cased_behind(text, size, at);
        if (!put_lower(c, final ? FINAL_SIGMA : c + (uint32_t)record->lower, out, error))
            return false;
        if (!(record->flags & DATA_UNICODE_UNCASED))
            after_case = record->flags & DATA_UNICODE_CASED;
    }
    return true;
}

/* ---- words ---- */

typedef struct lowered {
    base_bytes text, word;
} lowered;

static void free_lowered(void *scratch) {
    lowered *s = scratch;
    base_bytes_free(&s->text);
    base_bytes_free(&s->word);
}

/* What str.split splits at. */
static bool is_space(uint32_t c) {
    return (c >= 0x1c && c <= 0x1f) || data_unicode(c)->flags & DATA_UNICODE_SPACE;
}

static bool is_punctuation(char c) {
    return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') ||
           (c >= '{' && c <= '~');
}

/* False when the word is to be looked at in another form. */
static bool take(const data_tokenizer *t, const char *word, size_t size, data_tokens *out) {
    const whitespace *m = t->model;
    if (data_vocabulary_find(m->stop_words, word, size) != DATA_NO_PIECE)
        return true;
    uint32_t id = data_vocabulary_find(t->vocabulary, word, size);
    if (id != DATA_NO_PIECE)
        data_tokens_push(out, id);
    return id != DATA_NO_PIECE;
}

static bool push_word(const data_tokenizer *t, const char *word, size_t size, data_tokens *out,
                      base_error *error) {
    base_bytes *lower = &((lowered *)out->scratch->kind)->word;
    if (!data_tokens_reserve(out, 1, error))
        return false;
    if (take(t, word, size, out))
        return true;
    for (; size > 0 && is_punctuation(word[0]); size--)
        word++;
    while (size > 0 && is_punctuation(word[size - 1]))
        size--;
    if (take(t, word, size, out))
        return true;
    if (!lower_text(word, size, lower, error))
        return false;
    take(t, size ? lower->data : "", size ? lower->size : 0, out);
    return true;
}

static bool push_text(const data_tokenizer *t, const char *text, size_t size, data_tokens *out,
                      base_error *error) {
    base_bytes *lower = &((lowered *)out->scratch->kind)->text;
    if (((const whitespace *)t->model)->lower_case) {
        if (!lower_text(text, size, lower, error))
            return false;
        text = lower->data;
        size = lower->size;
    }
    for (size_t begin = 0, at = 0; begin < size && !out->truncated; begin = at) {
        size_t end = begin;
        while (at < size && (end = at, !is_space(data_unicode_next(text, &at))))
            end = at;
        if (end > begin && !push_word(t, text + begin, end - begin, out, error))
            return false;
    }
    return true;
}

/* ---- the file ---- */

/* A list of texts as a vocabulary; `twice` allows repeated ones, which change no id of another. */
static data_vocabulary *read_words(const cJSON *config, const char *key, bool twice,
                                   const char *where, base_error *error) {
    const cJSON *list = base_json_get(config, key);
    data_vocabulary *words = cJSON_IsArray(list) ? data_vocabulary_new(error) : NULL;
    char shown[100];
    size_t n = 0;
    if (!cJSON_IsArray(list))
        base_fail(error, BASE_BAD_INPUT, "%s: %s is no list, expected a list of words", where, key);
    for (const cJSON *item = words ? list->child : NULL; item && base_ok(error);
         item = item->next, n++) {
        if (!cJSON_IsString(item)) {
            base_fail(error, BASE_BAD_INPUT, "%s: %s[%zu] is no text, expected a word", where, key,
                      n);
            continue;
        }
        const char *word = item->valuestring;
        uint32_t id = data_vocabulary_add(words, word, strlen(word), error);
        if (id != n && id != DATA_NO_PIECE && !twice)
            base_fail(error, BASE_BAD_INPUT,
                      "%s: %s[%zu] is \"%s\", as %s[%u] is, expected each word once", where, key, n,
                      base_escape(shown, sizeof shown, word, strlen(word)), key, id);
    }
    if (words && base_ok(error))
        return words;
    data_vocabulary_free(words);
    return NULL;
}

static data_vocabulary *default_stop_words(base_error *error) {
    data_vocabulary *words = data_vocabulary_new(error);
    for (const char *at = english, *end; words && (end = strchr(at, ' ')); at = end + 1)
        if (data_vocabulary_add(words, at, (size_t)(end - at), error) == DATA_NO_PIECE)
            break;
    return words;
}

static bool make(data_tokenizer *t, base_error *error) {
    const data_tokenizer_file *f = data_tokenizer_file_of(t, FILE_NAME);
    whitespace *m = t->model = base_alloc(1, sizeof *m, error);
    cJSON *config = m ? base_json_parse(f->bytes.data, f->bytes.size, f->path, 1, error) : NULL;
    bool ok = config &&
              (cJSON_IsObject(config) ||
               base_fail(error, BASE_BAD_INPUT, "%s: not a JSON object", f->path)) &&
              base_json_bool(config, "do_lower_case", &m->lower_case, f->path, error) &&
              (t->vocabulary = read_words(config, "vocab", false, f->path, error));
    if (ok && base_json_get(config, "stop_words"))
        ok = (m->stop_words = read_words(config, "stop_words", true, f->path, error));
    cJSON_Delete(config);
    return ok;
}

static bool open_model(data_tokenizer *t, const cJSON *model, base_error *error) {
    (void)model;
    whitespace *m = t->model ? t->model : (t->model = base_alloc(1, sizeof *m, error));
    if (m && !m->stop_words)
        m->stop_words = default_stop_words(error);
    t->bare = true;
    t->lower_case = m && m->lower_case;
    if (!m || !base_ok(error))
        return false;
    return data_vocabulary_size(t->vocabulary) > 0 ||
           base_fail(error, BASE_BAD_INPUT, "%s: vocab is empty, expected words", t->where);
}

static void close_model(void *model) {
    whitespace *m = model;
    if (m)
        data_vocabulary_free(m->stop_words);
    free(m);
}

static void put_words(base_json_writer *w, const char *key, const data_vocabulary *words) {
    base_json_open(w, key, '[');
    for (uint32_t i = 0; i < data_vocabulary_size(words); i++)
        base_json_put_string(w, NULL, data_vocabulary_piece(words, i, NULL));
    base_json_close(w, ']');
}

static void put_config(base_json_writer *w, const void *tokenizer) {
    const data_tokenizer *t = tokenizer;
    const whitespace *m = t->model;
    base_json_open(w, NULL, '{');
    put_words(w, "vocab", t->vocabulary);
    put_words(w, "stop_words", m->stop_words);
    base_json_put_bool(w, "do_lower_case", m->lower_case);
    base_json_close(w, '}');
}

static bool save(const data_tokenizer *t, const char *folder, base_error *error) {
    const data_tokenizer_file *f = data_tokenizer_file_of(t, FILE_NAME);
    return f ? base_file_write_in(folder, FILE_NAME, f->bytes.data, f->bytes.size, error)
             : base_json_write_by(folder, FILE_NAME, put_config, t, error);
}

static const data_special_name names[] = {{NULL, NULL, false, false}};

const data_tokenizer_def data_tokenizer_whitespace = {
    .model = "Whitespace",
    .files = {FILE_NAME},
    .names = names,
    .make = make,
    .open = open_model,
    .close = close_model,
    .pieces = push_text,
    .scratch_size = sizeof(lowered),
    .scratch_free = free_lowered,
    .save = save,
};
