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

static bool describe(const data_tokenizer *t, size_t max_length, cJSON *json, cJSON *config,
                     cJSON *special, base_error *error) {
    bool ok = json && config && special && cJSON_AddStringToObject(json, "version", "1.0") &&
              cJSON_AddNullToObject(json, "truncation") && cJSON_AddNullToObject(json, "padding") &&
              add_added(t, json) && data_post_processor_describe(&t->post, t, json) &&
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
              t->def->save(t, folder, error) && write_json(t, folder, json, error) &&
              write_tree(folder, "tokenizer_config.json", &t->config, config, error) &&
              write_tree(folder, "special_tokens_map.json", &t->special_map, special, error);
    cJSON_Delete(json);
    cJSON_Delete(config);
    cJSON_Delete(special);
    return ok;
}
