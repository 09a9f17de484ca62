#include "base/file.h"
#include "base/hash.h"
#include "data/tokenizer_def.h"
#include "data/tokenizer_special.h"

#include <string.h>

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

/* ---- the files ---- */

/* tokenizer.json of a folder that had none: the tree, with the model's large parts. */
static bool print_json(const data_tokenizer *t, base_bytes *out, base_error *error) {
    base_json_writer w = {.out = out, .error = error, .style = BASE_JSON_INDENTED};
    cJSON *common = cJSON_CreateObject();
    bool ok = common && add_added(t, common) && data_post_processor_describe(&t->post, t, common);
    if (ok) {
        base_json_open(&w, NULL, '{');
        base_json_put_text(&w, "version", "1.0", 3);
        for (const cJSON *item = common->child; item; item = item->next)
            base_json_put_tree(&w, item->string, item);
        for (const cJSON *item = t->tree->child; item; item = item->next) {
            bool is_model = !strcmp(item->string, "model");
            if (is_model) {
                base_json_open(&w, "model", '{');
                for (const cJSON *part = item->child; part; part = part->next)
                    base_json_put_tree(&w, part->string, part);
                t->def->put_vocabulary(t, &w);
                base_json_close(&w, '}');
            } else if (strcmp(item->string, "added_tokens") != 0) {
                base_json_put_tree(&w, item->string, item);
            }
        }
        base_json_close(&w, '}');
        base_bytes_add(out, "\n", 1, error);
    }
    cJSON_Delete(common);
    return (ok || base_fail(error, BASE_FAILED, "out of memory")) && base_ok(error);
}

static bool make_json(const data_tokenizer *t, const char *folder, size_t max_length,
                      base_error *error) {
    base_bytes out = {0};
    (void)max_length;
    bool ok = print_json(t, &out, error) &&
              base_file_write_in(folder, "tokenizer.json", out.data, out.size, error);
    base_bytes_free(&out);
    return ok;
}

static bool make_config(const data_tokenizer *t, const char *folder, size_t max_length,
                        base_error *error) {
    cJSON *config = t->made_config ? cJSON_Duplicate(t->made_config, true) : cJSON_CreateObject();
    bool ok = config && data_tokenizer_special_names(t, config) &&
              cJSON_AddNumberToObject(config, "model_max_length", (double)max_length);
    ok = ok ? base_json_write(folder, "tokenizer_config.json", config, error)
            : base_fail(error, BASE_FAILED, "out of memory");
    cJSON_Delete(config);
    return ok;
}

/* Not beside a tokenizer.json that was read, whose tokens have more to them than names. */
static bool make_special_map(const data_tokenizer *t, const char *folder, size_t max_length,
                             base_error *error) {
    (void)max_length;
    if (data_tokenizer_file_of(t, "tokenizer.json"))
        return true;
    cJSON *map = cJSON_CreateObject();
    bool ok = map && data_tokenizer_special_names(t, map);
    ok = ok ? base_json_write(folder, "special_tokens_map.json", map, error)
            : base_fail(error, BASE_FAILED, "out of memory");
    cJSON_Delete(map);
    return ok;
}

/* BERT's vocabulary, which older programs want beside tokenizer.json. */
static bool make_vocab(const data_tokenizer *t, const char *folder, size_t max_length,
                       base_error *error) {
    (void)max_length;
    return strcmp(t->def->model, "WordPiece") != 0 ||
           data_vocabulary_save(t->vocabulary, folder, "vocab.txt", error);
}

static const struct {
    const char *name;
    bool (*make)(const data_tokenizer *t, const char *folder, size_t max_length, base_error *error);
} made[] = {
    {"tokenizer.json", make_json},
    {"tokenizer_config.json", make_config},
    {"special_tokens_map.json", make_special_map},
    {"vocab.txt", make_vocab},
};

bool data_tokenizer_save(const data_tokenizer *t, const char *folder, size_t max_length,
                         base_error *error) {
    if (t->def->save)
        return t->def->save(t, folder, error);
    for (size_t i = 0; i < (t->bare ? 1 : DATA_MAX_TOKENIZER_FILES); i++) {
        const data_tokenizer_file *f = &t->file[i];
        if (f->there && !base_file_write_in(folder, f->name, f->bytes.data, f->bytes.size, error))
            return false;
    }
    for (size_t i = 0; i < (t->bare ? 1 : sizeof made / sizeof *made); i++)
        if (!data_tokenizer_file_of(t, made[i].name) && !made[i].make(t, folder, max_length, error))
            return false;
    return true;
}

/* ---- what decides ids ---- */

static void put_pieces(const data_tokenizer *t, base_json_writer *w) {
    base_json_open(w, "pieces", '[');
    for (uint32_t id = 0; id < data_tokenizer_vocab_size(t); id++) {
        const char *piece = data_tokenizer_piece(t, id);
        base_json_put_string(w, NULL, piece ? piece : "");
    }
    base_json_close(w, ']');
}

/* The kinds that have one write it into tokenizer.json. */
static void put_model(const data_tokenizer *t, base_json_writer *w) {
    const cJSON *model = base_json_get(t->tree, "model");
    base_json_open(w, "model", '{');
    for (const cJSON *part = model ? model->child : NULL; part; part = part->next)
        if (strcmp(part->string, "vocab") && strcmp(part->string, "merges"))
            base_json_put_tree(w, part->string, part);
    if (t->def->put_vocabulary)
        t->def->put_vocabulary(t, w);
    base_json_close(w, '}');
    for (size_t i = 0; !t->def->put_vocabulary && i < DATA_MAX_TOKENIZER_FILES; i++)
        if (t->file[i].there)
            base_json_put_text(w, t->file[i].name, t->file[i].bytes.data, t->file[i].bytes.size);
}

bool data_tokenizer_hash(const data_tokenizer *t, uint64_t *hash, base_error *error) {
    static const char *const parts[] = {"normalizer", "pre_tokenizer"};
    base_bytes out = {0};
    base_json_writer w = {.out = &out, .error = error};
    cJSON *common = cJSON_CreateObject();
    bool ok = common && add_added(t, common) && data_post_processor_describe(&t->post, t, common);
    base_json_open(&w, NULL, '{');
    base_json_put_string(&w, "kind", t->def->model);
    base_json_put_bool(&w, "bare", t->bare);
    base_json_put_bool(&w, "lower_case", t->lower_case);
    base_json_put_bool(&w, "asks_head", t->asks_head);
    base_json_put_tree(&w, "common", common);
    for (size_t i = 0; t->tree && i < sizeof parts / sizeof *parts; i++)
        base_json_put_tree(&w, parts[i], base_json_get(t->tree, parts[i]));
    put_pieces(t, &w);
    put_model(t, &w);
    base_json_close(&w, '}');
    *hash = base_hash_bytes(out.data, out.size);
    base_bytes_free(&out);
    cJSON_Delete(common);
    return (ok || base_fail(error, BASE_FAILED, "out of memory")) && base_ok(error);
}
