#include "data/tokenizer_special.h"

#include <stdlib.h>
#include <string.h>

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

/* Those that the configuration or the kind names, as far as they are pieces. */
static bool usual_tokens(data_tokenizer *t, const data_tokenizer_files *files, base_error *error) {
    uint32_t first = 0, last = 0;
    if (!read_decoder(t, files, error))
        return false;
    for (const data_special_name *s = t->def->special; s->key; s++) {
        const char *content = s->content, *where = files->vocab_name;
        bool before = !strcmp(s->key, t->def->before), behind = !strcmp(s->key, t->def->behind);
        if (!config_name(files, s->key, &content, error) ||
            (before && !data_tokenizer_find(t, content, "before", &first, where, error)) ||
            (behind && !data_tokenizer_find(t, content, "behind", &last, where, error)))
            return false;
        if (data_added_tokens_find(&t->added, content) ||
            data_vocabulary_find(t->vocabulary, content, strlen(content)) == DATA_NO_PIECE)
            continue;
        if (!add_token(t, content, (data_added_token){.special = true}, error))
            return false;
    }
    data_post_processor_around(&t->post, first, last);
    return true;
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

bool data_tokenizer_special(data_tokenizer *t, const data_tokenizer_files *files,
                            base_error *error) {
    if (!files->json)
        return usual_tokens(t, files, error);
    const cJSON *post = base_json_get(files->json, "post_processor");
    if (!read_added(t, base_json_get(files->json, "added_tokens"), files->json_name, error) ||
        (post && !cJSON_IsNull(post) &&
         !data_post_processor_read(&t->post, t, post, files->json_name, error)))
        return false;
    return data_template_special(&t->post.single) > 0 ||
           base_fail(error, BASE_BAD_INPUT,
                     "%s: post_processor puts no special tokens around a text, expected some, so "
                     "that an empty text has a token",
                     files->json_name);
}

bool data_tokenizer_special_names(const data_tokenizer *t, cJSON *object) {
    const data_template *single = &t->post.single;
    size_t before = data_template_before(single);
    for (const data_special_name *s = t->def->special; s->key; s++) {
        const char *content = s->content;
        if (before > 0 && !strcmp(s->key, t->def->before))
            content = data_tokenizer_piece(t, single->step[before - 1].id);
        if (before + 1 < single->count && !strcmp(s->key, t->def->behind))
            content = data_tokenizer_piece(t, single->step[before + 1].id);
        bool known = data_added_tokens_find(&t->added, content);
        if (known && !cJSON_AddStringToObject(object, s->key, content))
            return false;
    }
    return true;
}
