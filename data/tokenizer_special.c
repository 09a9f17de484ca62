#include "data/tokenizer_special.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What BERT calls them; the first and the last stand around a text. */
static const struct {
    const char *key, *content;
} usual[] = {
    {"cls_token", "[CLS]"},   {"unk_token", "[UNK]"}, {"pad_token", "[PAD]"},
    {"mask_token", "[MASK]"}, {"sep_token", "[SEP]"},
};

enum { USUAL = sizeof usual / sizeof usual[0] };

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
    data_tokens scratch = {0};
    bool ok = t->def->normalise(t, token->content, size, &scratch, error) &&
              base_bytes_add(&token->pattern, scratch.text.data, scratch.text.size, error);
    data_tokens_free(&scratch);
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

/* A token's object, as in added_tokens; *id is the one the file gives it, if any. */
static bool read_token(data_tokenizer *t, const cJSON *object, bool has_id, size_t id,
                       const char *where, base_error *error) {
    data_added_token token = {0};
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

static bool read_added(data_tokenizer *t, const cJSON *list, const char *where, base_error *error) {
    for (const cJSON *item = list ? list->child : NULL; item; item = item->next) {
        size_t id = SIZE_MAX;
        if (!base_json_size(item, "id", 0, UINT32_MAX, &id, where, error) ||
            !read_token(t, item, id != SIZE_MAX, id, where, error))
            return false;
    }
    return true;
}

/* ---- what stands around a text ---- */

static bool place(data_tokenizer *t, uint32_t id, bool behind, const char *where,
                  base_error *error) {
    if (t->before + t->behind == DATA_MAX_SPECIAL)
        return base_fail(error, BASE_BAD_INPUT, "%s: more than %d special tokens around a text",
                         where, DATA_MAX_SPECIAL);
    t->special[t->before + t->behind] = id;
    *(behind ? &t->behind : &t->before) += 1;
    return true;
}

static bool place_piece(data_tokenizer *t, const char *piece, bool behind, const char *where,
                        base_error *error) {
    uint32_t id = data_vocabulary_find(t->vocabulary, piece, strlen(piece));
    const data_added_token *added = data_added_tokens_find(&t->added, piece);
    if (added)
        id = added->id;
    if (id != DATA_NO_PIECE)
        return place(t, id, behind, where, error);
    char shown[100];
    return base_fail(error, BASE_BAD_INPUT, "%s: found no piece \"%s\", expected one %s every text",
                     where, base_escape(shown, sizeof shown, piece, strlen(piece)),
                     behind ? "behind" : "before");
}

/* {"SpecialToken": {"id": NAME}} stands for special_tokens[NAME].ids. */
static bool place_named(data_tokenizer *t, const cJSON *post, const char *name, bool behind,
                        const char *where, base_error *error) {
    const cJSON *ids =
        base_json_get(base_json_get(base_json_get(post, "special_tokens"), name), "ids");
    char shown[100];
    base_escape(shown, sizeof shown, name, strlen(name));
    if (!cJSON_IsArray(ids))
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: post_processor.special_tokens has no ids for \"%s\"", where, shown);
    for (const cJSON *id = ids->child; id; id = id->next) {
        double v = cJSON_IsNumber(id) ? id->valuedouble : -1;
        if (!(v >= 0 && v < (double)next_id(t) && floor(v) >= v))
            return base_fail(error, BASE_BAD_INPUT,
                             "%s: post_processor.special_tokens: an id of \"%s\" is not in the "
                             "vocabulary",
                             where, shown);
        if (!place(t, (uint32_t)v, behind, where, error))
            return false;
    }
    return true;
}

static bool place_template(data_tokenizer *t, const cJSON *post, const char *where,
                           base_error *error) {
    const cJSON *single = base_json_get(post, "single");
    bool behind = false;
    for (const cJSON *item = single ? single->child : NULL; item; item = item->next) {
        const char *name = NULL;
        if (base_json_get(item, "Sequence"))
            behind = true;
        else if (!base_json_text(base_json_get(item, "SpecialToken"), "id", &name, where, error) ||
                 (name && !place_named(t, post, name, behind, where, error)))
            return false;
    }
    return behind || base_fail(error, BASE_BAD_INPUT,
                               "%s: post_processor.single has no Sequence, expected one", where);
}

/* {"cls": ["[CLS]", 101], "sep": ["[SEP]", 102]} */
static bool place_pair(data_tokenizer *t, const cJSON *post, const char *where, base_error *error) {
    static const char *const key[] = {"cls", "sep"};
    for (int i = 0; i < 2; i++) {
        const cJSON *pair = base_json_get(post, key[i]);
        const cJSON *piece = cJSON_IsArray(pair) ? pair->child : NULL;
        if (!cJSON_IsString(piece))
            return base_fail(error, BASE_BAD_INPUT,
                             "%s: post_processor.%s is not a piece and its id", where, key[i]);
        if (!place_piece(t, piece->valuestring, i == 1, where, error))
            return false;
    }
    return true;
}

static bool read_post(data_tokenizer *t, const data_tokenizer_files *files, base_error *error) {
    const cJSON *post = base_json_get(files->json, "post_processor");
    const char *type = NULL, *where = files->json_name;
    if (!post || cJSON_IsNull(post))
        return true;
    if (!base_json_text(post, "type", &type, where, error))
        return false;
    if (type && !strcmp(type, "TemplateProcessing"))
        return place_template(t, post, where, error);
    if (type && !strcmp(type, "BertProcessing"))
        return place_pair(t, post, where, error);
    char shown[100];
    return base_fail(error, BASE_BAD_INPUT,
                     "%s: post_processor.type is %s, expected TemplateProcessing or BertProcessing",
                     where, type ? base_escape(shown, sizeof shown, type, strlen(type)) : "absent");
}

/* ---- a folder without tokenizer.json ---- */

/* A name in tokenizer_config.json is a string or an object with "content". */
static bool config_name(const data_tokenizer_files *files, const char *key, const char **content,
                        base_error *error) {
    const cJSON *item = base_json_get(files->config, key);
    return cJSON_IsObject(item)
               ? base_json_text(item, "content", content, files->config_name, error)
               : base_json_text(files->config, key, content, files->config_name, error);
}

static bool read_decoder(data_tokenizer *t, const data_tokenizer_files *files, base_error *error) {
    const cJSON *tokens = base_json_get(files->config, "added_tokens_decoder");
    for (const cJSON *item = tokens ? tokens->child : NULL; item; item = item->next) {
        const char *key = item->string ? item->string : "";
        char shown[100];
        size_t id = (size_t)strtoull(key, NULL, 10), digits = strspn(key, "0123456789");
        if (digits == 0 || digits > 10 || key[digits])
            return base_fail(error, BASE_BAD_INPUT,
                             "%s: added_tokens_decoder has the key \"%s\", expected an id",
                             files->config_name,
                             base_escape(shown, sizeof shown, key, strlen(key)));
        if (!read_token(t, item, true, id, files->config_name, error))
            return false;
    }
    return true;
}

static bool usual_tokens(data_tokenizer *t, const data_tokenizer_files *files, base_error *error) {
    if (!read_decoder(t, files, error))
        return false;
    for (size_t i = 0; i < USUAL; i++) {
        const char *content = usual[i].content;
        bool around = i == 0 || i == USUAL - 1;
        if (!config_name(files, usual[i].key, &content, error) ||
            (around && !place_piece(t, content, i > 0, files->vocab_name, error)))
            return false;
        if (data_added_tokens_find(&t->added, content) ||
            data_vocabulary_find(t->vocabulary, content, strlen(content)) == DATA_NO_PIECE)
            continue;
        if (!add_token(t, content, (data_added_token){.special = true}, error))
            return false;
    }
    return true;
}

bool data_tokenizer_special(data_tokenizer *t, const data_tokenizer_files *files,
                            base_error *error) {
    if (!files->json)
        return usual_tokens(t, files, error);
    if (!read_added(t, base_json_get(files->json, "added_tokens"), files->json_name, error) ||
        !read_post(t, files, error))
        return false;
    return t->before + t->behind > 0 ||
           base_fail(error, BASE_BAD_INPUT,
                     "%s: post_processor puts no special tokens around a text, expected some, so "
                     "that an empty text has a token",
                     files->json_name);
}

bool data_tokenizer_special_names(const data_tokenizer *t, cJSON *object) {
    for (size_t i = 0; i < USUAL; i++) {
        const char *content = usual[i].content;
        if (i == 0 && t->before)
            content = data_tokenizer_piece(t, t->special[t->before - 1]);
        if (i == USUAL - 1 && t->behind)
            content = data_tokenizer_piece(t, t->special[t->before]);
        bool known = data_added_tokens_find(&t->added, content);
        if (known && !cJSON_AddStringToObject(object, usual[i].key, content))
            return false;
    }
    return true;
}
