#include "data/tokenizer_special.h"

#include "base/log.h"

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

/* Adds a token that is not there yet; id is the one the file gives it (SIZE_MAX: none). */
static bool add_new(data_tokenizer *t, const char *content, data_added_token token, size_t id,
                    const char *where, base_error *error) {
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
    return id == SIZE_MAX || given == id ||
           base_fail(error, BASE_BAD_INPUT, "%s: the added token \"%s\" has id %zu, expected %u",
                     where, shown, id, given);
}

/* A token's object, as in added_tokens. */
static bool read_token(data_tokenizer *t, const cJSON *object, bool special, size_t id,
                       const char *where, base_error *error) {
    data_added_token token = {.special = special};
    const char *content = NULL;
    if (!base_json_text(object, "content", &content, where, error) ||
        !base_json_bool(object, "special", &token.special, where, error))
        return false;
    token.normalized = !token.special;
    return base_json_bool(object, "normalized", &token.normalized, where, error) &&
           base_json_bool(object, "single_word", &token.single_word, where, error) &&
           base_json_bool(object, "lstrip", &token.lstrip, where, error) &&
           base_json_bool(object, "rstrip", &token.rstrip, where, error) &&
           add_new(t, content, token, id, where, error);
}

/* `again`: tokens that are there already may come. */
static bool read_added(data_tokenizer *t, const cJSON *list, bool again, const char *where,
                       base_error *error) {
    if (list && !cJSON_IsNull(list) && !cJSON_IsArray(list))
        return base_fail(error, BASE_BAD_INPUT, "%s: added_tokens is not a list", where);
    for (const cJSON *item = list ? list->child : NULL; item; item = item->next) {
        size_t id = SIZE_MAX;
        const char *content = NULL;
        if (!base_json_text(item, "content", &content, where, error) ||
            !base_json_size(item, "id", 0, UINT32_MAX, &id, where, error))
            return false;
        if (again && content && data_added_tokens_find(&t->added, content))
            continue;
        if (!read_token(t, item, false, id, where, error))
            return false;
    }
    return true;
}

/* ---- names, in a folder without tokenizer.json ---- */

/* In the order in which transformers adds them. */
static const char *const attributes[] = {"bos_token", "eos_token", "unk_token",  "sep_token",
                                         "pad_token", "cls_token", "mask_token", NULL};
static const char *const lists[] = {"extra_special_tokens", "additional_special_tokens", NULL};

static bool is_among(const char *const *names, const char *key) {
    for (; *names; names++)
        if (!strcmp(*names, key))
            return true;
    return false;
}

static const char *path_of(const data_tokenizer *t, const char *name) {
    const data_tokenizer_file *f = data_tokenizer_file_of(t, name);
    return f ? f->path : t->where;
}

/* What a file has for a key that is not null, and the file: special_tokens_map.json is asked first.
 */
static const cJSON *item_of(const data_tokenizer *t, const char *key, const char **where) {
    const cJSON *item = base_json_get(t->special_map, key);
    *where = path_of(t, "special_tokens_map.json");
    if (!item || cJSON_IsNull(item)) {
        item = base_json_get(t->config, key);
        *where = path_of(t, "tokenizer_config.json");
    }
    return cJSON_IsNull(item) ? NULL : item;
}

/* A token is a string, or an object like those of added_tokens. */
static const char *content_of(const cJSON *item) {
    return cJSON_GetStringValue(cJSON_IsObject(item) ? base_json_get(item, "content") : item);
}

const char *data_tokenizer_named(const data_tokenizer *t, const char *key, const char *otherwise) {
    const char *where, *content = content_of(item_of(t, key, &where));
    return content ? content : otherwise;
}

bool data_tokenizer_check_class(const data_tokenizer *t, const char *const *classes,
                                base_error *error) {
    const char *class = classes[0], *where = path_of(t, "tokenizer_config.json");
    char shown[100];
    if (!base_json_text(t->config, "tokenizer_class", &class, where, error))
        return false;
    for (; *classes; classes++) {
        size_t n = strlen(*classes);
        if (!strncmp(class, *classes, n) && (!class[n] || !strcmp(class + n, "Fast")))
            return true;
    }
    return base_fail(error, BASE_BAD_INPUT,
                     "%s: tokenizer_class is %s, which cannot be made from %s; saving the "
                     "tokenizer with transformers makes a tokenizer.json, which is read",
                     where, base_escape(shown, sizeof shown, class, strlen(class)), t->where);
}

static const char *kind_names(const data_tokenizer *t, const char *key) {
    for (const data_special_name *name = t->names; name->key; name++)
        if (!strcmp(name->key, key))
            return name->content;
    return NULL;
}

/* Adds what an item names, unless it is there. */
static bool add_item(data_tokenizer *t, const cJSON *item, const char *where, base_error *error) {
    const char *content = content_of(item);
    if (content && data_added_tokens_find(&t->added, content))
        return true;
    return cJSON_IsObject(item)
               ? read_token(t, item, true, SIZE_MAX, where, error)
               : add_new(t, content, (data_added_token){.special = true}, SIZE_MAX, where, error);
}

/* A token that no file names is added when it is a piece. transformers adds it always: with an id
 * that its model has no row for, at which encoding fails. */
static bool add_usual(data_tokenizer *t, const char *content, base_error *error) {
    char shown[100];
    if (data_added_tokens_find(&t->added, content))
        return true;
    if (data_vocabulary_find(t->vocabulary, content, strlen(content)) != DATA_NO_PIECE)
        return add_token(t, content, (data_added_token){.special = true}, error);
    base_log(BASE_LOG_WARNING,
             "%s: there is no piece \"%s\": in a text it is cut as other words are, while "
             "transformers gives it the new id %u",
             t->where, base_escape(shown, sizeof shown, content, strlen(content)), next_id(t));
    return true;
}

/* Tokens that the files name, or else those of the kind. */
static bool read_attributes(data_tokenizer *t, base_error *error) {
    for (const char *const *key = attributes; *key; key++) {
        const char *where, *content = kind_names(t, *key);
        const cJSON *item = item_of(t, *key, &where);
        if (item ? !add_item(t, item, where, error) : content && !add_usual(t, content, error))
            return false;
    }
    return true;
}

/* Under names of its own, such as "image_token". */
static bool read_own(data_tokenizer *t, const cJSON *tree, const char *where, base_error *error) {
    for (const cJSON *item = tree ? tree->child : NULL; item; item = item->next) {
        size_t size = strlen(item->string);
        bool own = size > 6 && !strcmp(item->string + size - 6, "_token") && cJSON_IsString(item);
        if (own && !is_among(attributes, item->string) && !add_item(t, item, where, error))
            return false;
    }
    return true;
}

static bool read_lists(data_tokenizer *t, const cJSON *tree, const char *where, base_error *error) {
    for (const char *const *key = lists; *key; key++) {
        if (t->lists_own && tree == t->special_map && *key == lists[1])
            continue;
        const cJSON *list = base_json_get(tree, *key);
        for (const cJSON *item = list ? list->child : NULL; item; item = item->next)
            if (!add_item(t, item, where, error))
                return false;
    }
    return true;
}

/* Whether a token of added_tokens.json is special: a file names or lists it. transformers does not
 * look into special_tokens_map.json's additional_special_tokens. */
static bool is_listed(const data_tokenizer *t, const char *content) {
    const cJSON *const found[] = {base_json_get(t->config, lists[0]),
                                  base_json_get(t->config, lists[1]),
                                  base_json_get(t->special_map, lists[0])};
    for (size_t i = 0; i < sizeof found / sizeof *found; i++)
        for (const cJSON *item = found[i] ? found[i]->child : NULL; item; item = item->next)
            if (content_of(item) && !strcmp(content_of(item), content))
                return true;
    return false;
}

/* `kind`: also by the kind. */
static bool is_named(const data_tokenizer *t, const char *content, bool kind) {
    for (const char *const *key = attributes; *key; key++) {
        const char *name = data_tokenizer_named(t, *key, kind ? kind_names(t, *key) : NULL);
        if (name && !strcmp(name, content))
            return true;
    }
    return false;
}

/* ---- tokens with ids, in a folder without tokenizer.json ---- */

typedef struct listed_token {
    size_t id;
    const cJSON *item;
} listed_token;

static int by_id(const void *a, const void *b) {
    size_t first = ((const listed_token *)a)->id, second = ((const listed_token *)b)->id;
    return (first > second) - (first < second);
}

static bool fail_id(const cJSON *item, const char *where, const char *found, base_error *error) {
    char shown[100];
    return base_fail(error, BASE_BAD_INPUT, "%s: %s \"%s\", expected an id", where, found,
                     base_escape(shown, sizeof shown, item->string, strlen(item->string)));
}

/* A member of added_tokens_decoder: the id is its name, an object the token. */
static bool read_key(const cJSON *item, size_t *id, const char *where, base_error *error) {
    size_t digits = strspn(item->string, "0123456789");
    *id = (size_t)strtoull(item->string, NULL, 10);
    return (digits > 0 && digits <= 10 && !item->string[digits]) ||
           fail_id(item, where, "added_tokens_decoder has the key", error);
}

/* A member of added_tokens.json: the token is its name. */
static bool read_number(const cJSON *item, size_t *id, const char *where, base_error *error) {
    double number = cJSON_IsNumber(item) ? item->valuedouble : -1;
    *id = number >= 0 && number < UINT32_MAX ? (size_t)number : SIZE_MAX;
    return (*id != SIZE_MAX && !((double)*id < number)) ||
           fail_id(item, where, "found no id of the token", error);
}

static bool add_listed(data_tokenizer *t, const listed_token *token, const char *where,
                       base_error *error) {
    if (cJSON_IsObject(token->item))
        return read_token(t, token->item, false, token->id, where, error);
    const char *content = token->item->string;
    bool special = is_named(t, content, false) || is_listed(t, content);
    return add_new(t, content, (data_added_token){.special = special, .normalized = !special},
                   token->id, where, error);
}

/* In the order of their ids. */
static bool read_list(data_tokenizer *t, const cJSON *tree,
                      bool (*id)(const cJSON *, size_t *, const char *, base_error *),
                      const char *where, base_error *error) {
    size_t n = 0, count = (size_t)cJSON_GetArraySize(tree);
    listed_token *token = base_alloc(count + 1, sizeof *token, error);
    bool ok = token &&
              (cJSON_IsObject(tree) ||
               base_fail(error, BASE_BAD_INPUT, "%s: expected an object of tokens and ids", where));
    for (const cJSON *item = ok ? tree->child : NULL; ok && item; item = item->next) {
        token[n].item = item;
        ok = id(item, &token[n++].id, where, error);
    }
    if (ok)
        qsort(token, n, sizeof *token, by_id);
    for (size_t i = 0; ok && i < n; i++)
        ok = add_listed(t, &token[i], where, error);
    free(token);
    return ok;
}

static bool read_listed(data_tokenizer *t, base_error *error) {
    const cJSON *decoder = base_json_get(t->config, "added_tokens_decoder");
    const data_tokenizer_file *f = data_tokenizer_file_of(t, "added_tokens.json");
    if (decoder)
        return read_list(t, decoder, read_key, path_of(t, "tokenizer_config.json"), error);
    if (!f)
        return true;
    cJSON *tree = base_json_parse(f->bytes.data, f->bytes.size, f->path, 1, error);
    bool ok = tree && read_list(t, tree, read_number, f->path, error);
    cJSON_Delete(tree);
    return ok;
}

/* ---- all of it ---- */

/* As transformers 5 does it: tokens with ids, the usual names, names of its own, lists. */
static bool read_names(data_tokenizer *t, base_error *error) {
    uint32_t first = 0, last = 0;
    const char *config = path_of(t, "tokenizer_config.json"),
               *map = path_of(t, "special_tokens_map.json");
    if (!read_listed(t, error) || !read_attributes(t, error) ||
        !read_own(t, t->config, config, error) || !read_own(t, t->special_map, map, error) ||
        !read_lists(t, t->config, config, error) || !read_lists(t, t->special_map, map, error))
        return false;
    for (size_t i = 0; i < t->added.count; i++)
        if (is_named(t, t->added.token[i].content, true))
            t->added.token[i].special = true;
    for (const data_special_name *name = t->names; name->key; name++) {
        const char *content = data_tokenizer_named(t, name->key, name->content);
        if ((name->before && !data_tokenizer_find(t, content, "before", &first, t->where, error)) ||
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
    if (!t->names->key)
        return true;
    if (!data_tokenizer_file_of(t, "tokenizer.json"))
        return read_names(t, error);
    if (!read_added(t, base_json_get(t->tree, "added_tokens"), false, t->where, error))
        return false;
    if (t->bare)
        return true;
    if (post && !cJSON_IsNull(post) &&
        !data_post_processor_read(&t->post, t, post, t->where, error))
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
        const char *content = data_tokenizer_named(t, name->key, name->content);
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
