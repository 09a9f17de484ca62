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
    bool ok = data_normalizer_run(t->normalizer, token->content, size, false, &normal, error) &&
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

/* ---- a folder without tokenizer.json ---- */

/* A name in tokenizer_config.json is a string or an object like those of added_tokens. */
static bool read_name(data_tokenizer *t, const data_special_name *name, const char **content,
                      base_error *error) {
    const cJSON *item = base_json_get(t->config, name->key);
    bool is_object = cJSON_IsObject(item);
    *content = name->content;
    if (is_object ? !base_json_text(item, "content", content, CONFIG, error)
                  : !base_json_text(t->config, name->key, content, CONFIG, error))
        return false;
    if (data_added_tokens_find(&t->added, *content) ||
        data_vocabulary_find(t->vocabulary, *content, strlen(*content)) == DATA_NO_PIECE)
        return true;
    return is_object ? read_token(t, item, true, false, 0, CONFIG, error)
                     : add_token(t, *content, (data_added_token){.special = true}, error);
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

/* Those that the configuration, the files and the kind name, as far as they are pieces. */
static bool read_names(data_tokenizer *t, base_error *error) {
    uint32_t first = 0, last = 0;
    if (!read_decoder(t, error))
        return false;
    for (const data_special_name *name = t->names; name->key; name++) {
        const char *content;
        if (!read_name(t, name, &content, error) ||
            (name->before && !data_tokenizer_find(t, content, "before", &first, t->where, error)) ||
            (name->behind && !data_tokenizer_find(t, content, "behind", &last, t->where, error)))
            return false;
    }
    data_post_processor_around(&t->post, first, last, t->twice);
    return read_added(t, base_json_get(t->tree, "added_tokens"), true, t->where, error);
}

bool data_tokenizer_find(const data_tokenizer *t, const char *piece, const char *around,
                         uint32_t *id, const char *where, base_error *error) {
    const data_added_token *added = data_added_tokens_find(&t->added, piece);
    *id = added ? added->id : data_vocabulary_find(t->vocabulary, piece, strlen(piece));
    char shown[100];
    return *id != DATA_NO_PIECE ||
           base_fail(error, BASE_BAD_INPUT, "%s: found no piece \"%s\", expected one %s every text",
                     where, base_escape(shown, sizeof shown, piece, strlen(piece)), around);
}

bool data_tokenizer_special(data_tokenizer *t, base_error *error) {
    const cJSON *post = base_json_get(t->tree, "post_processor");
    if (!data_tokenizer_file_of(t, "tokenizer.json"))
        return read_names(t, error);
    if (!read_added(t, base_json_get(t->tree, "added_tokens"), false, t->where, error) ||
        (post && !cJSON_IsNull(post) &&
         !data_post_processor_read(&t->post, t, post, t->where, error)))
        return false;
    return data_template_special(&t->post.single) > 0 ||
           base_fail(error, BASE_BAD_INPUT,
                     "%s: post_processor puts no special tokens around a text, expected some, so "
                     "that an empty text has a token",
                     t->where);
}

bool data_tokenizer_special_names(const data_tokenizer *t, cJSON *object) {
    const data_template *single = &t->post.single;
    size_t before = data_template_before(single);
    for (const data_special_name *name = t->names; name->key; name++) {
        const char *content = name->content;
        if (name->before && before > 0)
            content = data_tokenizer_piece(t, single->step[before - 1].id);
        if (name->behind && before + 1 < single->count)
            content = data_tokenizer_piece(t, single->step[before + 1].id);
        bool known = data_added_tokens_find(&t->added, content);
        if (known && !cJSON_AddStringToObject(object, name->key, content))
            return false;
    }
    return true;
}
