#include "data/tokenizer_special.h"

#include <stdlib.h>
#include <string.h>

#define CONFIG "tokenizer_config.json" /* in messages */

static uint32_t next_id(const data_tokenizer *t) {
    size_t next = data_vocabulary_size(t->vocabulary);
    for (size_t i = 0; i < t->added.count; i++)
        if (t->added.token[i].id >= next)
            next = (size_t)t->added.token[i].id + 1;
    return (uint32_t)next;
}

static bool set_pattern(const data_tokenizer *t, data_added_token *token, base_error *error) {
    size_t size = strlen(token->content);
    if (!token->normalized)
        return base_bytes_add(&token->pattern, token->content, size, error);
    data_normal_text normal = {0};
    bool ok = data_normalizer_run(t->normalizer, token->content, size, &normal, error) &&
              base_bytes_add(&token->pattern, normal.text.data, normal.text.size, error);
    data_normal_text_free(&normal);
    return ok;
}

/* Adds the token; its id is the piece's or the next free one. */
static bool add_token(data_tokenizer *t, const char *content, data_added_token token,
                      base_error *error) {
    size_t size = strlen(content);
    uint32_t id = data_vocabulary_find(t->vocabulary, content, size);
    token.id = id == DATA_NO_PIECE ? next_id(t) : id;
    token.content = base_copy(content, size);
    if (!token.content)
        return base_fail(error, BASE_FAILED, "out of memory");
    if (set_pattern(t, &token, error))
        return data_added_tokens_add(&t->added, token, error);
    free(token.content);
    base_bytes_free(&token.pattern);
    return false;
}

/* A token's object, as in added_tokens; id is the one the file gives it, if any. */
static bool read_token(data_tokenizer *t, const cJSON *object, bool special, bool has_id, size_t id,
                       const char *where, base_error *error) {
    data_added_token token = {.special = special};
    const char *content = NULL;
    if (!base_json_text(object, "content", &content, where, error) ||
        !base_json_bool(object, "special", &token.special, where, error))
        return false;
    token.normalized = !token.special;
    if (!base_json_bool(object, "normalized", &token.normalized, where, error) ||
        !base_json_bool(object, "single_word", &token.single_word, where, error) ||
        !base_json_bool(object, "lstrip", &token.lstrip, where, error) ||
        !base_json_bool(object, "rstrip", &token.rstrip, where, error))
        return false;
    if (!content || !*content)
        return base_fail(error, BASE_BAD_INPUT, "%s: an added token has no content", where);
    char shown[100];
    base_escape(shown, sizeof shown, content, strlen(content));
    if (data_added_tokens_find(&t->added, content))
        return base_fail(error, BASE_BAD_INPUT, "%s: the added token \"%s\" comes twice", where,
                         shown);
    if (!add_token(t, content, token, error))
        return false;
    uint32_t given = t->added.token[t->added.count - 1].id;
    return !has_id || given == id ||
           base_fail(error, BASE_BAD_INPUT, "%s: the added token \"%s\" has id %zu, expected %u",
                     where, shown, id, given);
}

/* `again`: tokens that are there already may come. */
static bool read_added(data_tokenizer *t, const cJSON *list, bool again, const char *where,
                       base_error *error) {
    for (const cJSON *item = list ? list->child : NULL; item; item = item->next) {
        size_t id = SIZE_MAX;
        const char *content = NULL;
        if (!base_json_text(item, "content", &content, where, error) ||
            !base_json_size(item, "id", 0, UINT32_MAX, &id, where, error))
            return false;
        if (again && content && data_added_tokens_find(&t->added, content))
            continue;
        if (!read_token(t, item, false, id != SIZE_MAX, id, where, error))
            return false;
    }
    return true;
}

/* ---- what stands around a text ---- */

/* Ids before and behind a text, each list from the text outwards. */
typedef struct around {
    uint32_t id[2][DATA_MAX_SPECIAL];
    size_t count[2];
} around;

enum { BEFORE, BEHIND };

static bool place(around *a, int side, uint32_t id, const char *where, base_error *error) {
    if (a->count[BEFORE] + a->count[BEHIND] == DATA_MAX_SPECIAL)
        return base_fail(error, BASE_BAD_INPUT, "%s: more than %d special tokens around a text",
                         where, DATA_MAX_SPECIAL);
    a->id[side][a->count[side]++] = id;
    return true;
}

static bool place_piece(const data_tokenizer *t, around *a, const char *piece, int side,
                        base_error *error) {
    uint32_t id = data_vocabulary_find(t->vocabulary, piece, strlen(piece));
    const data_added_token *added = data_added_tokens_find(&t->added, piece);
    if (added)
        id = added->id;
    if (id != DATA_NO_PIECE)
        return place(a, side, id, t->where, error);
    char shown[100];
    return base_fail(error, BASE_BAD_INPUT, "%s: found no piece \"%s\", expected one %s every text",
                     t->where, base_escape(shown, sizeof shown, piece, strlen(piece)),
                     side == BEHIND ? "behind" : "before");
}

/* {"SpecialToken": {"id": NAME}} stands for special_tokens[NAME].ids. */
static bool place_named(const data_tokenizer *t, around *a, const cJSON *post, const char *name,
                        int side, base_error *error) {
    const cJSON *ids =
        base_json_get(base_json_get(base_json_get(post, "special_tokens"), name), "ids");
    char shown[100];
    base_escape(shown, sizeof shown, name, strlen(name));
    if (!cJSON_IsArray(ids))
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: post_processor.special_tokens has no ids for \"%s\"", t->where,
                         shown);
    for (const cJSON *id = ids->child; id; id = id->next) {
        double v = cJSON_IsNumber(id) ? id->valuedouble : -1;
        if (!(v >= 0 && v < (double)next_id(t) && floor(v) >= v))
            return base_fail(error, BASE_BAD_INPUT,
                             "%s: post_processor.special_tokens: an id of \"%s\" is not in the "
                             "vocabulary",
                             t->where, shown);
        if (!place(a, side, (uint32_t)v, t->where, error))
            return false;
    }
    return true;
}

/* Those before the text come outermost first. */
static void turn_around(around *a, size_t first) {
    uint32_t *id = a->id[BEFORE];
    for (size_t i = first, j = a->count[BEFORE]; i + 1 < j; i++) {
        uint32_t swap = id[--j];
        id[j] = id[i];
        id[i] = swap;
    }
}

static bool place_template(const data_tokenizer *t, around *a, const cJSON *post,
                           base_error *error) {
    const cJSON *single = base_json_get(post, "single");
    size_t first = a->count[BEFORE];
    int side = BEFORE;
    for (const cJSON *item = single ? single->child : NULL; item; item = item->next) {
        const cJSON *sequence = base_json_get(item, "Sequence");
        const char *name = NULL, *which = "A";
        if (!base_json_text(sequence, "id", &which, t->where, error) ||
            !base_json_text(base_json_get(item, "SpecialToken"), "id", &name, t->where, error))
            return false;
        if (sequence && (side == BEHIND || strcmp(which, "A") != 0))
            return base_fail(error, BASE_BAD_INPUT,
                             "%s: post_processor.single has more than Sequence A", t->where);
        if (sequence)
            side = BEHIND;
        else if (name && !place_named(t, a, post, name, side, error))
            return false;
    }
    turn_around(a, first);
    return side == BEHIND ||
           base_fail(error, BASE_BAD_INPUT,
                     "%s: post_processor.single has no Sequence, expected one", t->where);
}

/* {"cls": ["[CLS]", 101], "sep": ["[SEP]", 102]}: the ids count. */
static bool place_pair(const data_tokenizer *t, around *a, const cJSON *post, base_error *error) {
    static const char *const key[] = {"cls", "sep"};
    for (int side = BEFORE; side <= BEHIND; side++) {
        const cJSON *pair = base_json_get(post, key[side]);
        const cJSON *piece = cJSON_IsArray(pair) ? pair->child : NULL;
        if (!cJSON_IsString(piece))
            return base_fail(error, BASE_BAD_INPUT,
                             "%s: post_processor.%s is not a piece and its id", t->where,
                             key[side]);
        if (!place_piece(t, a, piece->valuestring, side, error))
            return false;
    }
    return true;
}

static bool place_nothing(const data_tokenizer *t, around *a, const cJSON *post,
                          base_error *error) {
    (void)t, (void)a, (void)post, (void)error;
    return true;
}

static bool place_post(const data_tokenizer *t, around *a, const cJSON *post, base_error *error);

/* One around the other. */
static bool place_sequence(const data_tokenizer *t, around *a, const cJSON *post,
                           base_error *error) {
    const cJSON *list = base_json_get(post, "processors");
    for (const cJSON *item = list ? list->child : NULL; item; item = item->next)
        if (!place_post(t, a, item, error))
            return false;
    return true;
}

static const struct {
    const char *type;
    bool (*place)(const data_tokenizer *t, around *a, const cJSON *post, base_error *error);
} processors[] = {
    {"TemplateProcessing", place_template}, {"BertProcessing", place_pair},
    {"RobertaProcessing", place_pair},      {"ByteLevel", place_nothing},
    {"Sequence", place_sequence},
};

static bool place_post(const data_tokenizer *t, around *a, const cJSON *post, base_error *error) {
    const char *type = NULL;
    if (!base_json_text(post, "type", &type, t->where, error))
        return false;
    for (size_t i = 0; type && i < sizeof processors / sizeof *processors; i++)
        if (!strcmp(processors[i].type, type))
            return processors[i].place(t, a, post, error);
    char shown[100];
    return base_fail(error, BASE_BAD_INPUT,
                     "%s: post_processor.type is %s, expected TemplateProcessing, BertProcessing, "
                     "RobertaProcessing, ByteLevel or Sequence",
                     t->where,
                     type ? base_escape(shown, sizeof shown, type, strlen(type)) : "absent");
}

/* ---- a folder without tokenizer.json ---- */

/* A name in tokenizer_config.json is a string or an object like those of added_tokens. */
static bool read_name(data_tokenizer *t, around *a, const data_special_name *name,
                      base_error *error) {
    const cJSON *item = base_json_get(t->config, name->key);
    const char *content = name->content;
    bool is_object = cJSON_IsObject(item);
    if (is_object ? !base_json_text(item, "content", &content, CONFIG, error)
                  : !base_json_text(t->config, name->key, &content, CONFIG, error))
        return false;
    if (!data_added_tokens_find(&t->added, content) &&
        data_vocabulary_find(t->vocabulary, content, strlen(content)) != DATA_NO_PIECE &&
        !(is_object ? read_token(t, item, true, false, 0, CONFIG, error)
                    : add_token(t, content, (data_added_token){.special = true}, error)))
        return false;
    return (!name->before || place_piece(t, a, content, BEFORE, error)) &&
           (!name->behind || place_piece(t, a, content, BEHIND, error));
}

static bool read_decoder(data_tokenizer *t, base_error *error) {
    const cJSON *tokens = base_json_get(t->config, "added_tokens_decoder");
    for (const cJSON *item = tokens ? tokens->child : NULL; item; item = item->next) {
        const char *key = item->string ? item->string : "";
        char shown[100];
        size_t id = (size_t)strtoull(key, NULL, 10), digits = strspn(key, "0123456789");
        if (digits == 0 || digits > 10 || key[digits])
            return base_fail(error, BASE_BAD_INPUT,
                             "%s: added_tokens_decoder has the key \"%s\", expected an id", CONFIG,
                             base_escape(shown, sizeof shown, key, strlen(key)));
        if (!read_token(t, item, false, true, id, CONFIG, error))
            return false;
    }
    return true;
}

static bool read_names(data_tokenizer *t, around *a, base_error *error) {
    if (!read_decoder(t, error))
        return false;
    for (const data_special_name *name = t->names; name->key; name++)
        if (!read_name(t, a, name, error))
            return false;
    return read_added(t, base_json_get(t->tree, "added_tokens"), true, t->where, error);
}

bool data_tokenizer_special(data_tokenizer *t, base_error *error) {
    const cJSON *post = base_json_get(t->tree, "post_processor");
    around a = {0};
    if (!data_tokenizer_find(t, "tokenizer.json")) {
        if (!read_names(t, &a, error))
            return false;
    } else if (!read_added(t, base_json_get(t->tree, "added_tokens"), false, t->where, error) ||
               (post && !cJSON_IsNull(post) && !place_post(t, &a, post, error))) {
        return false;
    }
    t->before = a.count[BEFORE];
    t->behind = a.count[BEHIND];
    for (size_t i = 0; i < t->before; i++)
        t->special[i] = a.id[BEFORE][t->before - 1 - i];
    memcpy(t->special + t->before, a.id[BEHIND], t->behind * sizeof *t->special);
    return t->before + t->behind > 0 ||
           base_fail(error, BASE_BAD_INPUT,
                     "%s: post_processor puts no special tokens around a text, expected some, so "
                     "that an empty text has a token",
                     t->where);
}

bool data_tokenizer_special_names(const data_tokenizer *t, cJSON *object) {
    for (const data_special_name *name = t->names; name->key; name++) {
        const char *content = name->content;
        if (name->before && t->before)
            content = data_tokenizer_piece(t, t->special[t->before - 1]);
        if (name->behind && t->behind)
            content = data_tokenizer_piece(t, t->special[t->before]);
        bool known = data_added_tokens_find(&t->added, content);
        if (known && !cJSON_AddStringToObject(object, name->key, content))
            return false;
    }
    return true;
}
