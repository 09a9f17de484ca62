#include "base/file.h"
#include "data/tokenizer_def.h"
#include "data/tokenizer_json.h"
#include "data/tokenizer_special.h"

#include <stdlib.h>

/* The file as it was read, else the tree. */
static bool write_tree(const char *folder, const char *name, const base_bytes *as_read,
                       const cJSON *tree, base_error *error) {
    if (as_read->size)
        return base_file_write_in(folder, name, as_read->data, as_read->size, error);
    return base_json_write(folder, name, tree, error);
}

static bool write_vocab(const data_tokenizer *t, const char *folder, base_error *error) {
    base_bytes out = {0};
    bool ok = true;
    for (uint32_t id = 0; ok && id < data_vocabulary_size(t->vocabulary); id++) {
        size_t size;
        const char *piece = data_vocabulary_piece(t->vocabulary, id, &size);
        ok = base_bytes_add(&out, piece, size, error) && base_bytes_add(&out, "\n", 1, error);
    }
    ok = ok && base_file_write_in(folder, "vocab.txt", out.data, out.size, error);
    base_bytes_free(&out);
    return ok;
}

static bool write_json(const data_tokenizer *t, const char *folder, const cJSON *tree,
                       base_error *error) {
    if (t->json.size)
        return base_file_write_in(folder, "tokenizer.json", t->json.data, t->json.size, error);
    base_bytes out = {0};
    bool ok = data_tokenizer_json_print(tree, t->vocabulary, &out, error) &&
              base_file_write_in(folder, "tokenizer.json", out.data, out.size, error);
    base_bytes_free(&out);
    return ok;
}

/* ---- the parts of tokenizer.json that all kinds have ---- */

static bool add_added(const data_tokenizer *t, cJSON *json) {
    cJSON *list = cJSON_AddArrayToObject(json, "added_tokens");
    for (size_t i = 0; list && i < t->added.count; i++) {
        const data_added_token *token = &t->added.token[i];
        cJSON *item = cJSON_CreateObject();
        if (!item || !cJSON_AddItemToArray(list, item) ||
            !cJSON_AddNumberToObject(item, "id", token->id) ||
            !cJSON_AddStringToObject(item, "content", token->content) ||
            !cJSON_AddBoolToObject(item, "single_word", token->single_word) ||
            !cJSON_AddBoolToObject(item, "lstrip", token->lstrip) ||
            !cJSON_AddBoolToObject(item, "rstrip", token->rstrip) ||
            !cJSON_AddBoolToObject(item, "normalized", token->normalized) ||
            !cJSON_AddBoolToObject(item, "special", token->special))
            return false;
    }
    return list;
}

/* {KIND: {"id": NAME, "type_id": TYPE}} behind the list. */
static bool add_step(cJSON *list, const char *kind, const char *name, int type) {
    cJSON *item = cJSON_CreateObject();
    if (!item || !cJSON_AddItemToArray(list, item))
        return false;
    cJSON *step = cJSON_AddObjectToObject(item, kind);
    return step && cJSON_AddStringToObject(step, "id", name) &&
           cJSON_AddNumberToObject(step, "type_id", type);
}

static bool add_special_steps(const data_tokenizer *t, cJSON *list, size_t begin, size_t end,
                              int type) {
    for (size_t i = begin; i < end; i++)
        if (!add_step(list, "SpecialToken", data_tokenizer_piece(t, t->special[i]), type))
            return false;
    return true;
}

static bool add_special_ids(const data_tokenizer *t, cJSON *post) {
    cJSON *tokens = cJSON_AddObjectToObject(post, "special_tokens");
    for (size_t i = 0; tokens && i < t->before + t->behind; i++) {
        const char *piece = data_tokenizer_piece(t, t->special[i]);
        if (base_json_get(tokens, piece))
            continue;
        int id = (int)t->special[i];
        cJSON *item = cJSON_AddObjectToObject(tokens, piece);
        if (!item || !cJSON_AddStringToObject(item, "id", piece) ||
            !cJSON_AddItemToObject(item, "ids", cJSON_CreateIntArray(&id, 1)) ||
            !cJSON_AddItemToObject(item, "tokens", cJSON_CreateStringArray(&piece, 1)))
            return false;
    }
    return tokens;
}

static bool add_post(const data_tokenizer *t, cJSON *json) {
    size_t before = t->before, all = t->before + t->behind;
    cJSON *post = cJSON_AddObjectToObject(json, "post_processor");
    if (!post || !cJSON_AddStringToObject(post, "type", "TemplateProcessing"))
        return false;
    cJSON *single = cJSON_AddArrayToObject(post, "single");
    cJSON *pair = cJSON_AddArrayToObject(post, "pair");
    return single && pair && add_special_steps(t, single, 0, before, 0) &&
           add_step(single, "Sequence", "A", 0) && add_special_steps(t, single, before, all, 0) &&
           add_special_steps(t, pair, 0, before, 0) && add_step(pair, "Sequence", "A", 0) &&
           add_special_steps(t, pair, before, all, 0) && add_step(pair, "Sequence", "B", 1) &&
           add_special_steps(t, pair, before, all, 1) && add_special_ids(t, post);
}

static bool describe(const data_tokenizer *t, size_t max_length, cJSON *json, cJSON *config,
                     cJSON *special, base_error *error) {
    bool ok = json && config && special && cJSON_AddStringToObject(json, "version", "1.0") &&
              cJSON_AddNullToObject(json, "truncation") && cJSON_AddNullToObject(json, "padding") &&
              add_added(t, json) && add_post(t, json) &&
              cJSON_AddNumberToObject(config, "model_max_length", (double)max_length) &&
              data_tokenizer_special_names(t, config) && t->def->describe(t, json, config) &&
              data_tokenizer_special_names(t, special);
    return ok || base_fail(error, BASE_FAILED, "out of memory");
}

bool data_tokenizer_save(const data_tokenizer *t, const char *folder, size_t max_length,
                         base_error *error) {
    cJSON *json = cJSON_CreateObject(), *config = cJSON_CreateObject();
    cJSON *special = cJSON_CreateObject();
    bool ok = describe(t, max_length, json, config, special, error) &&
              write_vocab(t, folder, error) && write_json(t, folder, json, error) &&
              write_tree(folder, "tokenizer_config.json", &t->config, config, error) &&
              write_tree(folder, "special_tokens_map.json", &t->special_map, special, error);
    cJSON_Delete(json);
    cJSON_Delete(config);
    cJSON_Delete(special);
    return ok;
}
