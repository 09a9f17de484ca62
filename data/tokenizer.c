#include "data/tokenizer.h"

#include "base/file.h"
#include "base/utf8.h"
#include "data/tokenizer_def.h"
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

enum { TOKENIZERS = sizeof tokenizers / sizeof tokenizers[0] };

static const char *const file_names[DATA_MAX_TOKENIZER_FILES] = {
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.txt",
    "vocab.json",
    "merges.txt",
    "sentencepiece.bpe.model",
    "spiece.model",
    "whitespacetokenizer_config.json",
};

static void free_scratch(data_tokens_scratch *s) {
    if (!s)
        return;
    data_normal_text_free(&s->normal);
    data_words_free(&s->words);
    if (s->kind)
        s->def->scratch_free(s->kind);
    free(s->kind);
    free(s);
}

void data_tokens_free(data_tokens *tokens) {
    free(tokens->ids);
    free_scratch(tokens->scratch);
    *tokens = (data_tokens){0};
}

void data_tokenizer_free(data_tokenizer *t) {
    if (!t)
        return;
    if (t->def)
        t->def->close(t->model);
    data_vocabulary_free(t->vocabulary);
    free(t->parts.score);
    data_normalizer_free(t->normalizer);
    data_pretokenizer_free(t->pretokenizer);
    data_added_tokens_free(&t->added);
    for (size_t i = 0; i < DATA_MAX_TOKENIZER_FILES; i++) {
        base_bytes_free(&t->file[i].bytes);
        free(t->file[i].path);
    }
    cJSON_Delete(t->tree);
    cJSON_Delete(t->config);
    cJSON_Delete(t->special_map);
    cJSON_Delete(t->made_config);
    free(t);
}

/* ---- loading ---- */

const data_tokenizer_file *data_tokenizer_file_of(const data_tokenizer *t, const char *name) {
    for (size_t i = 0; i < DATA_MAX_TOKENIZER_FILES; i++)
        if (t->file[i].there && !strcmp(file_names[i], name))
            return &t->file[i];
    return NULL;
}

/* An empty file was cut off: to take it for an absent one would change ids. */
static bool read_folder(data_tokenizer *t, const char *folder, base_error *error) {
    for (size_t i = 0; i < DATA_MAX_TOKENIZER_FILES; i++) {
        data_tokenizer_file *f = &t->file[i];
        f->name = file_names[i];
        if (!(f->path = base_path(folder, f->name, error)))
            return false;
        f->there = base_file_exists(f->path) && !(t->bare && i > 0 && t->file[0].there);
        if (f->there && !base_file_read(f->path, &f->bytes, error))
            return false;
        if (f->there && f->bytes.size == 0 && strstr(f->name, ".json"))
            return base_fail(error, BASE_BAD_INPUT,
                             "%s: line 1, column 1: the file is empty, expected JSON", f->path);
    }
    return true;
}

static cJSON *parse_object(const data_tokenizer_file *f, base_error *error) {
    cJSON *tree = base_json_parse(f->bytes.data, f->bytes.size, f->path, 1, error);
    if (!tree || cJSON_IsObject(tree))
        return tree;
    cJSON_Delete(tree);
    base_fail(error, BASE_BAD_INPUT, "%s: line 1, column 1: expected an object", f->path);
    return NULL;
}

static const data_tokenizer_def *kind_of(const char *model) {
    for (size_t i = 0; i < TOKENIZERS; i++)
        if (!strcmp(tokenizers[i]->model, model) && tokenizers[i]->put_vocabulary)
            return tokenizers[i];
    return NULL;
}

/* Files of the first versions of the package say the kind by what they have. */
static bool choose_kind(data_tokenizer *t, base_error *error) {
    const char *type = t->parts.merges ? "BPE" : t->parts.score ? "Unigram" : "WordPiece";
    if (!base_json_text(base_json_get(t->tree, "model"), "type", &type, t->where, error))
        return false;
    t->def = kind_of(type);
    char shown[100];
    base_bytes names = {0};
    for (size_t i = 0; !t->def && i < TOKENIZERS; i++)
        if (tokenizers[i]->put_vocabulary)
            base_bytes_format(&names, error, "%s\"%s\"", i ? ", " : "", tokenizers[i]->model);
    if (!t->def)
        base_fail(error, BASE_BAD_INPUT, "%s: model.type is \"%s\", expected one of %s", t->where,
                  base_escape(shown, sizeof shown, type, strlen(type)), names.data);
    base_bytes_free(&names);
    return t->def;
}

static bool read_json(data_tokenizer *t, const data_tokenizer_file *f, base_error *error) {
    t->where = f->path;
    t->tree = data_tokenizer_json_parse(f->bytes.data, f->bytes.size, f->path, &t->parts, error);
    t->vocabulary = t->parts.vocabulary;
    return t->tree && choose_kind(t, error);
}

/* The kind by its files. */
static bool make_json(data_tokenizer *t, const char *folder, base_error *error) {
    base_bytes names = {0};
    for (size_t i = 0; i < TOKENIZERS; i++)
        for (const char *const *name = tokenizers[i]->files; *name; name++) {
            const data_tokenizer_file *f = data_tokenizer_file_of(t, *name);
            if (f) {
                base_bytes_free(&names);
                t->def = tokenizers[i];
                t->where = f->path;
                return t->def->make(t, error);
            }
            base_bytes_format(&names, error, ", %s", *name);
        }
    base_fail(error, BASE_BAD_INPUT, "%s has no tokenizer: none of tokenizer.json%s", folder,
              names.data ? names.data : "");
    base_bytes_free(&names);
    return false;
}

/* What older versions of transformers kept apart counts where nothing newer is there. */
static bool read_special_map(data_tokenizer *t, base_error *error) {
    const data_tokenizer_file *f = data_tokenizer_file_of(t, "special_tokens_map.json");
    return !f || data_tokenizer_file_of(t, "tokenizer.json") ||
           base_json_get(t->config, "added_tokens_decoder") ||
           (t->special_map = parse_object(f, error));
}

/* Absurd lengths mean "none". */
static void read_max_length(data_tokenizer *t) {
    const cJSON *length = base_json_get(t->config, "model_max_length");
    if (cJSON_IsNumber(length) && length->valuedouble >= 2 && length->valuedouble <= 1 << 20)
        t->max_length = (size_t)length->valuedouble;
}

/* Of tokenizer.json, whose other strategies and the left end are for pairs and for nobody. */
static bool read_truncation(data_tokenizer *t, base_error *error) {
    const cJSON *truncation = base_json_get(t->tree, "truncation");
    const char *direction = "Right";
    if (!base_json_text(truncation, "direction", &direction, t->where, error))
        return false;
    if (strcmp(direction, "Right") != 0)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: truncation.direction is not \"Right\", expected that", t->where);
    t->max_length = 0;
    return base_json_size(truncation, "max_length", 1, SIZE_MAX >> 12, &t->max_length, t->where,
                          error);
}

/* From the tree: the model first, which may say more of the tree. */
static bool open_tree(data_tokenizer *t, base_error *error) {
    if (!t->names)
        t->names = t->def->names;
    if (!t->def->open(t, base_json_get(t->tree, "model"), error) ||
        !(t->normalizer =
              data_normalizer_read(base_json_get(t->tree, "normalizer"), t->where, error)) ||
        !(t->pretokenizer =
              data_pretokenizer_read(base_json_get(t->tree, "pre_tokenizer"), t->where, error)))
        return false;
    t->lower_case = data_normalizer_lowers(t->normalizer);
    t->asks_head = data_pretokenizer_asks_head(t->pretokenizer);
    return data_tokenizer_special(t, error) && (!t->bare || !t->tree || read_truncation(t, error));
}

static bool open_folder(data_tokenizer *t, const char *folder, base_error *error) {
    if (!read_folder(t, folder, error))
        return false;
    const data_tokenizer_file *json = data_tokenizer_file_of(t, "tokenizer.json");
    const data_tokenizer_file *config = data_tokenizer_file_of(t, "tokenizer_config.json");
    if (config && !(t->config = parse_object(config, error)))
        return false;
    read_max_length(t);
    return read_special_map(t, error) &&
           (json ? read_json(t, json, error) : make_json(t, folder, error)) && open_tree(t, error);
}

static data_tokenizer *load(const char *folder, bool bare, base_error *error) {
    data_tokenizer *t = base_alloc(1, sizeof *t, error);
    if (t)
        t->bare = bare;
    if (t && open_folder(t, folder, error))
        return t;
    data_tokenizer_free(t);
    return NULL;
}

data_tokenizer *data_tokenizer_load(const char *folder, base_error *error) {
    return load(folder, false, error);
}

data_tokenizer *data_tokenizer_load_bare(const char *folder, base_error *error) {
    return load(folder, true, error);
}

static bool open_vocab(data_tokenizer *t, const char *path, bool lower_case, base_error *error) {
    t->def = kind_of("WordPiece");
    t->config = cJSON_CreateObject();
    t->where = t->file[0].path = base_copy(path, strlen(path));
    if (!t->config || !t->where || !cJSON_AddBoolToObject(t->config, "do_lower_case", lower_case))
        return base_fail(error, BASE_FAILED, "out of memory");
    return t->def->make(t, error) && open_tree(t, error);
}

data_tokenizer *data_tokenizer_from_vocab(const char *path, bool lower_case, base_error *error) {
    data_tokenizer *t = base_alloc(1, sizeof *t, error);
    if (t && open_vocab(t, path, lower_case, error))
        return t;
    data_tokenizer_free(t);
    return NULL;
}

data_tokenizer *data_tokenizer_from_words(data_vocabulary *words, base_error *error) {
    data_tokenizer *t = base_alloc(1, sizeof *t, error);
    if (!t) {
        data_vocabulary_free(words);
        return NULL;
    }
    t->def = &data_tokenizer_whitespace;
    t->where = "the words";
    t->vocabulary = words;
    if (open_tree(t, error))
        return t;
    data_tokenizer_free(t);
    return NULL;
}

void data_tokenizer_make_bare(data_tokenizer *t) {
    t->bare = true;
}

/* ---- encoding ---- */

bool data_tokens_grow(data_tokens *out, size_t n, base_error *error) {
    size_t left = out->limit - out->count;
    return base_grow(&out->ids, &out->capacity,
                     out->count + (n < left ? n : left) + DATA_MAX_SPECIAL, sizeof *out->ids,
                     error);
}

static bool push_id(data_tokens *out, uint32_t id, base_error *error) {
    if (!data_tokens_reserve(out, 1, error))
        return false;
    data_tokens_push(out, id);
    return true;
}

/* Normalised text without tokens; the user's text begins with as many of its bytes. */
static bool push_plain(const data_tokenizer *t, const char *text, size_t size, size_t head,
                       data_tokens *out, base_error *error) {
    data_words *words = &out->scratch->words;
    if (size == 0 || out->truncated)
        return true;
    if (!data_pretokenizer_run(t->pretokenizer, text, size, head, words, error))
        return false;
    for (size_t i = 0; i < words->count && !out->truncated; i++)
        if (!t->def->pieces(t, words->text + words->word[i].begin,
                            words->word[i].end - words->word[i].begin, out, error))
            return false;
    return true;
}

/* Text without tokens that are matched in raw text. `first`: the user's text begins with it. */
static bool encode_plain(const data_tokenizer *t, const char *text, size_t size, bool first,
                         data_tokens *out, base_error *error) {
    data_normal_text *n = &out->scratch->normal;
    if (size == 0 || out->truncated)
        return true;
    if (!data_normalizer_run(t->normalizer, text, size, first && t->asks_head, n, error))
        return false;
    data_added_cursor cursor = {0};
    data_added_match match;
    size_t at = 0, head = n->head;
    while (data_added_tokens_next(&t->added, true, n->text.data, n->text.size, &cursor, &match)) {
        if (at < match.begin && !push_plain(t, n->text.data + at, match.begin - at,
                                            head > at ? head - at : 0, out, error))
            return false;
        if (!push_id(out, match.id, error))
            return false;
        at = match.end;
    }
    return at >= n->text.size || push_plain(t, n->text.data + at, n->text.size - at,
                                            head > at ? head - at : 0, out, error);
}

static bool encode_text(const data_tokenizer *t, const char *text, size_t size, data_tokens *out,
                        base_error *error) {
    data_added_cursor cursor = {0};
    data_added_match match;
    size_t at = 0;
    while (data_added_tokens_next(&t->added, false, text, size, &cursor, &match)) {
        if (at < match.begin && !encode_plain(t, text + at, match.begin - at, at == 0, out, error))
            return false;
        if (!push_id(out, match.id, error))
            return false;
        at = match.end;
    }
    return at >= size || encode_plain(t, text + at, size - at, at == 0, out, error);
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

/* The holder's memory, which is the kind's that it was used with last. */
static bool open_scratch(const data_tokenizer *t, data_tokens *out, base_error *error) {
    data_tokens_scratch *s = out->scratch;
    if (s && s->def == t->def)
        return true;
    free_scratch(s);
    if (!(s = out->scratch = base_alloc(1, sizeof *s, error)))
        return false;
    s->def = t->def;
    return t->def->scratch_size == 0 || (s->kind = base_alloc(1, t->def->scratch_size, error));
}

static bool encode_any(const data_tokenizer *t, const char *text, size_t size, data_tokens *out,
                       base_error *error) {
    return base_utf8_invalid(text, size) == size ? encode_text(t, text, size, out, error)
                                                 : encode_ill_formed(t, text, size, out, error);
}

bool data_tokenizer_encode_part(const data_tokenizer *t, const char *text, size_t size,
                                data_tokens *out, base_error *error) {
    out->count = 0;
    out->truncated = false;
    out->limit = SIZE_MAX >> 2;
    return open_scratch(t, out, error) && encode_any(t, text, size, out, error);
}

bool data_tokenizer_encode(const data_tokenizer *t, const char *text, size_t size,
                           size_t max_length, data_tokens *out, base_error *error) {
    static const data_template alone = {.step = {{.kind = DATA_STEP_A}}, .count = 1};
    const data_template *single = t->bare ? &alone : &t->post.single;
    size_t before = data_template_before(single), all = data_template_special(single);
    if (max_length < all)
        return base_fail(error, BASE_BAD_INPUT,
                         "tokenizer: a length of %zu ids has no room for the %zu special ones",
                         max_length, all);
    out->count = 0;
    out->truncated = false;
    out->limit = max_length - (all - before);
    if (!open_scratch(t, out, error) || !data_tokens_reserve(out, before, error))
        return false;
    for (size_t i = 0; i < before; i++)
        data_tokens_push(out, single->step[i].id);
    if (!encode_any(t, text, size, out, error))
        return false;
    out->limit = max_length;
    for (size_t i = before + 1; i < single->count; i++)
        out->ids[out->count++] = single->step[i].id;
    return true;
}

/* ---- questions ---- */

const char *data_tokenizer_kind(const data_tokenizer *t) {
    return t->def->model;
}

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
