#include "data/tokenizer.h"

#include "base/file.h"
#include "base/log.h"
#include "base/utf8.h"
#include "data/tokenizer_def.h"
#include "data/tokenizer_json.h"
#include "data/tokenizer_special.h"

#include <stdlib.h>
#include <string.h>

#define TOKENIZER(name) extern const data_tokenizer_def data_tokenizer_##name;
#include "data/tokenizers.def"
#undef TOKENIZER

#define TOKENIZER(name) &data_tokenizer_##name,
static const data_tokenizer_def *const tokenizers[] = {
#include "data/tokenizers.def"
};
#undef TOKENIZER

void data_tokens_free(data_tokens *tokens) {
    free(tokens->ids);
    free(tokens->marks);
    base_bytes_free(&tokens->text);
    base_bytes_free(&tokens->work);
    *tokens = (data_tokens){0};
}

void data_tokenizer_free(data_tokenizer *t) {
    if (!t)
        return;
    if (t->def)
        t->def->close(t);
    data_vocabulary_free(t->vocabulary);
    data_added_tokens_free(&t->added);
    base_bytes_free(&t->json);
    base_bytes_free(&t->config);
    base_bytes_free(&t->special_map);
    free(t);
}

/* ---- loading ---- */

/* The paths and trees of a folder's files; a file that is not there has an empty tree. */
typedef struct tokenizer_folder {
    char *json_path, *config_path, *special_path, *vocab_path;
    cJSON *json, *config;
} tokenizer_folder;

static void free_folder(tokenizer_folder *f) {
    free(f->json_path);
    free(f->config_path);
    free(f->special_path);
    free(f->vocab_path);
    cJSON_Delete(f->json);
    cJSON_Delete(f->config);
}

/* An empty file was cut off: to take it for an absent one would change ids. */
static bool read_if_there(const char *path, base_bytes *out, base_error *error) {
    if (!base_file_exists(path))
        return true;
    return base_file_read(path, out, error) &&
           (out->size > 0 ||
            base_fail(error, BASE_BAD_INPUT,
                      "%s: line 1, column 1: the file is empty, expected JSON", path));
}

static bool read_folder(data_tokenizer *t, const char *folder, tokenizer_folder *f,
                        base_error *error) {
    f->json_path = base_path(folder, "tokenizer.json", error);
    f->config_path = base_path(folder, "tokenizer_config.json", error);
    f->special_path = base_path(folder, "special_tokens_map.json", error);
    return f->json_path && f->config_path && f->special_path &&
           read_if_there(f->json_path, &t->json, error) &&
           read_if_there(f->config_path, &t->config, error) &&
           read_if_there(f->special_path, &t->special_map, error);
}

/* Both files have a vocabulary: a folder whose files disagree is refused when the numbers of
 * pieces differ; tokenizer.json is what Python reads. */
static bool compare_vocabularies(const data_tokenizer *t, const tokenizer_folder *f,
                                 base_error *error) {
    data_vocabulary *lines = t->def->read_vocabulary(f->vocab_path, error);
    if (!lines)
        return false;
    size_t n = data_vocabulary_size(t->vocabulary), m = data_vocabulary_size(lines);
    bool ok = n == m || base_fail(error, BASE_BAD_INPUT, "%s has %zu pieces, expected %zu as in %s",
                                  f->vocab_path, m, n, f->json_path);
    for (uint32_t i = 0; ok && i < n; i++)
        if (strcmp(data_vocabulary_piece(t->vocabulary, i, NULL),
                   data_vocabulary_piece(lines, i, NULL))) {
            base_log(BASE_LOG_WARNING, "%s: line %u differs from %s, which is used", f->vocab_path,
                     i + 1, f->json_path);
            break;
        }
    data_vocabulary_free(lines);
    return ok;
}

static bool read_vocabulary(data_tokenizer *t, tokenizer_folder *f, base_error *error) {
    if (t->vocabulary)
        return !base_file_exists(f->vocab_path) || compare_vocabularies(t, f, error);
    if (f->json && base_json_get(base_json_get(f->json, "model"), "vocab"))
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: model.vocab is not an object, expected pieces with their ids",
                         f->json_path);
    t->vocabulary = t->def->read_vocabulary(f->vocab_path, error);
    return t->vocabulary;
}

enum { KINDS = sizeof tokenizers / sizeof tokenizers[0] };

/* The kind is the one that tokenizer.json names or shows, else the one whose own file is there. */
static bool choose_kind(data_tokenizer *t, const char *folder, tokenizer_folder *f,
                        base_error *error) {
    const char *type = NULL;
    base_bytes types = {0}, files = {0};
    const cJSON *model = base_json_get(f->json, "model");
    if (!base_json_text(model, "type", &type, f->json_path, error))
        return false;
    for (size_t i = 0; !t->def && base_ok(error) && i < KINDS; i++) {
        const char *own = tokenizers[i]->vocabulary_file;
        free(f->vocab_path);
        f->vocab_path = base_path(folder, own, error);
        if (f->vocab_path &&
            (type ? !strcmp(tokenizers[i]->model, type)
                  : base_json_get(model, tokenizers[i]->sign) || base_file_exists(f->vocab_path)))
            t->def = tokenizers[i];
        if (base_bytes_format(&types, error, "%s\"%s\"", i ? ", " : "", tokenizers[i]->model))
            base_bytes_format(&files, error, "%s%s", i ? ", " : "", own);
    }
    char shown[100];
    if (!t->def && type)
        base_fail(error, BASE_BAD_INPUT, "%s: model.type is \"%s\", expected %s", f->json_path,
                  base_escape(shown, sizeof shown, type, strlen(type)), types.data);
    else if (!t->def && f->json)
        base_fail(error, BASE_BAD_INPUT, "%s: found no model.type, expected %s", f->json_path,
                  types.data);
    else if (!t->def)
        base_fail(error, BASE_BAD_INPUT, "%s: found no tokenizer.json and none of: %s", folder,
                  files.data);
    base_bytes_free(&types);
    base_bytes_free(&files);
    return base_ok(error);
}

/* Absurd lengths mean "none". */
static void read_max_length(data_tokenizer *t, const cJSON *config) {
    const cJSON *length = base_json_get(config, "model_max_length");
    if (cJSON_IsNumber(length) && length->valuedouble >= 2 && length->valuedouble <= 1 << 20)
        t->max_length = (size_t)length->valuedouble;
}

static bool open_folder(data_tokenizer *t, const char *folder, tokenizer_folder *f,
                        base_error *error) {
    if (!read_folder(t, folder, f, error) ||
        (t->json.size && !(f->json = data_tokenizer_json_parse(
                               t->json.data, t->json.size, f->json_path, &t->vocabulary, error))) ||
        (t->config.size && !(f->config = base_json_parse(t->config.data, t->config.size,
                                                         f->config_path, 1, error))) ||
        !choose_kind(t, folder, f, error) || !read_vocabulary(t, f, error))
        return false;
    data_tokenizer_files files = {f->json, f->config, f->json_path, f->config_path,
                                  f->json ? f->json_path : f->vocab_path};
    read_max_length(t, f->config);
    return t->def->open(t, &files, error) && data_tokenizer_special(t, &files, error);
}

data_tokenizer *data_tokenizer_load(const char *folder, base_error *error) {
    tokenizer_folder f = {0};
    data_tokenizer *t = base_alloc(1, sizeof *t, error);
    bool ok = t && open_folder(t, folder, &f, error);
    free_folder(&f);
    if (ok)
        return t;
    data_tokenizer_free(t);
    return NULL;
}

static bool open_vocab(data_tokenizer *t, const char *path, cJSON *config, base_error *error) {
    data_tokenizer_files files = {NULL, config, path, path, path};
    t->def = &data_tokenizer_wordpiece;
    t->vocabulary = data_vocabulary_file(path, error);
    return t->vocabulary && t->def->open(t, &files, error) &&
           data_tokenizer_special(t, &files, error);
}

data_tokenizer *data_tokenizer_from_vocab(const char *path, bool lower_case, base_error *error) {
    data_tokenizer *t = base_alloc(1, sizeof *t, error);
    cJSON *config = cJSON_CreateObject();
    bool ok = config && cJSON_AddBoolToObject(config, "do_lower_case", lower_case);
    if (!ok)
        base_fail(error, BASE_FAILED, "out of memory");
    ok = ok && t && open_vocab(t, path, config, error);
    cJSON_Delete(config);
    if (ok)
        return t;
    data_tokenizer_free(t);
    return NULL;
}

/* ---- encoding ---- */

/* Room for n more ids, as far as the limit lets them in. */
static bool reserve(data_tokens *out, size_t n, base_error *error) {
    size_t left = out->limit - out->count;
    return base_grow(&out->ids, &out->capacity,
                     out->count + (n < left ? n : left) + DATA_MAX_SPECIAL, sizeof *out->ids,
                     error);
}

static bool push_plain(const data_tokenizer *t, const char *text, size_t size, data_tokens *out,
                       base_error *error) {
    return size == 0 || out->truncated || t->def->pieces(t, text, size, out, error);
}

/* Text without tokens that are matched in raw text. */
static bool encode_plain(const data_tokenizer *t, const char *text, size_t size, data_tokens *out,
                         base_error *error) {
    if (size == 0 || out->truncated)
        return true;
    if (!t->def->normalise(t, text, size, out, error) || !reserve(out, out->text.size, error))
        return false;
    data_added_cursor cursor = {0};
    data_added_match match;
    size_t at = 0;
    while (
        data_added_tokens_next(&t->added, true, out->text.data, out->text.size, &cursor, &match)) {
        if (at < match.begin && !push_plain(t, out->text.data + at, match.begin - at, out, error))
            return false;
        data_tokens_push(out, match.id);
        at = match.end;
    }
    return at >= out->text.size ||
           push_plain(t, out->text.data + at, out->text.size - at, out, error);
}

static bool encode_text(const data_tokenizer *t, const char *text, size_t size, data_tokens *out,
                        base_error *error) {
    data_added_cursor cursor = {0};
    data_added_match match;
    size_t at = 0;
    while (data_added_tokens_next(&t->added, false, text, size, &cursor, &match)) {
        if (at < match.begin && !encode_plain(t, text + at, match.begin - at, out, error))
            return false;
        if (!reserve(out, 1, error))
            return false;
        data_tokens_push(out, match.id);
        at = match.end;
    }
    return at >= size || encode_plain(t, text + at, size - at, out, error);
}

/* Ill-formed text is replaced first, so that nothing behind sees it. */
static bool encode_ill_formed(const data_tokenizer *t, const char *text, size_t size,
                              data_tokens *out, base_error *error) {
    base_bytes clean = {0};
    size_t replaced;
    bool ok = base_utf8_clean(text, size, &clean, &replaced, error) &&
              encode_text(t, clean.data, clean.size, out, error);
    base_bytes_free(&clean);
    return ok;
}

bool data_tokenizer_encode(const data_tokenizer *t, const char *text, size_t size,
                           size_t max_length, data_tokens *out, base_error *error) {
    const data_template *single = &t->post.single;
    size_t before = data_template_before(single), all = data_template_special(single);
    if (max_length < all)
        return base_fail(error, BASE_BAD_INPUT,
                         "tokenizer: a length of %zu ids has no room for the %zu special ones",
                         max_length, all);
    out->count = 0;
    out->truncated = false;
    out->limit = max_length - (all - before);
    if (!reserve(out, before, error))
        return false;
    for (size_t i = 0; i < before; i++)
        data_tokens_push(out, single->step[i].id);
    if (base_utf8_invalid(text, size) == size ? !encode_text(t, text, size, out, error)
                                              : !encode_ill_formed(t, text, size, out, error))
        return false;
    out->limit = max_length;
    for (size_t i = before + 1; i < single->count; i++)
        out->ids[out->count++] = single->step[i].id;
    return true;
}

/* ---- questions ---- */

size_t data_tokenizer_vocab_size(const data_tokenizer *t) {
    size_t size = data_vocabulary_size(t->vocabulary);
    for (size_t i = 0; i < t->added.count; i++)
        if (t->added.token[i].id >= size)
            size = (size_t)t->added.token[i].id + 1;
    return size;
}

const char *data_tokenizer_piece(const data_tokenizer *t, uint32_t id) {
    if (id < data_vocabulary_size(t->vocabulary))
        return data_vocabulary_piece(t->vocabulary, id, NULL);
    const data_added_token *token = data_added_tokens_get(&t->added, id);
    return token ? token->content : NULL;
}

bool data_tokenizer_lower_case(const data_tokenizer *t) {
    return t->lower_case;
}

size_t data_tokenizer_max_length(const data_tokenizer *t) {
    return t->max_length;
}
