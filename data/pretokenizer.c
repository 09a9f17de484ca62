#include "data/pretokenizer.h"

#include "data/bert_text.h"
#include "data/byte_level.h"
#include "data/unicode.h"

#include <stdlib.h>
#include <string.h>

typedef struct step step;

/* Appends the word as the step has it to out. */
typedef bool writer(const step *s, const char *text, size_t size, bool first, base_bytes *out,
                    base_error *error);

typedef enum prepend_scheme { ALWAYS, FIRST, NEVER } prepend_scheme;
static const char *const schemes[] = {[ALWAYS] = "always", [FIRST] = "first", [NEVER] = "never"};

/* Every pre-tokenizer is some of these, one after the other: words are split at a pattern, or each
 * is written anew. */
struct step {
    bool (*run)(const step *s, data_words *w, base_error *error);
    data_pattern *pattern; /* to split at */
    data_split_behavior *behavior;
    bool invert; /* what does not match is the delimiter */
    writer *write;
    char *prefix;
    prepend_scheme scheme;
};

struct data_pretokenizer {
    step *step;
    size_t count, capacity;
};

void data_words_free(data_words *w) {
    free(w->word);
    free(w->other);
    free(w->parts.part);
    base_bytes_free(&w->bytes[0]);
    base_bytes_free(&w->bytes[1]);
    *w = (data_words){0};
}

static bool add_word(data_words *w, size_t begin, size_t end, size_t head, base_error *error) {
    if (begin == end)
        return true;
    if (w->other_count == w->other_capacity &&
        !base_grow(&w->other, &w->other_capacity, w->other_count + 1, sizeof *w->other, error))
        return false;
    w->other[w->other_count++] = (data_word){begin, end, head};
    return true;
}

/* A part of a word, and of its head. */
static bool add_part_of(data_words *w, const data_word *word, size_t begin, size_t end,
                        base_error *error) {
    size_t before = begin - word->begin;
    return add_word(w, begin, end, word->head > before ? word->head - before : 0, error);
}

/* The words of `other` are the words now. */
static void take_other(data_words *w) {
    data_word *word = w->word;
    size_t capacity = w->capacity;
    w->word = w->other;
    w->count = w->other_count;
    w->capacity = w->other_capacity;
    w->other = word;
    w->other_count = 0;
    w->other_capacity = capacity;
}

/* ---- steps ---- */

static bool run_split(const step *s, data_words *w, base_error *error) {
    for (size_t i = 0; i < w->count; i++) {
        const data_word *word = &w->word[i];
        if (!data_split(s->pattern, s->behavior, s->invert, w->text, word->begin, word->end,
                        &w->parts, error))
            return false;
        for (size_t k = 0; k < w->parts.count; k++)
            if (!add_part_of(w, word, w->parts.part[k].begin, w->parts.part[k].end, error))
                return false;
    }
    take_other(w);
    return true;
}

/* White space data_split_removed, then punctuation data_split_isolated, in one pass. */
static bool run_bert(const step *s, data_words *w, base_error *error) {
    (void)s;
    for (size_t i = 0; i < w->count; i++) {
        const data_word *word = &w->word[i];
        size_t at = 0, size = word->end - word->begin;
        for (data_bert_word found; data_bert_text_word(w->text + word->begin, size, &at, &found);) {
            size_t begin = (size_t)(found.bytes - w->text);
            if (!add_part_of(w, word, begin, begin + found.size, error))
                return false;
        }
    }
    take_other(w);
    return true;
}

/* Where the words are written anew: not where their text is now. */
static base_bytes *fresh_bytes(data_words *w) {
    base_bytes *bytes = &w->bytes[w->text == w->bytes[0].data];
    bytes->size = 0;
    return bytes;
}

static bool add_blanks_replaced(const char *text, size_t size, const char *by, base_bytes *out,
                                base_error *error) {
    for (size_t at = 0; at < size;) {
        const char *blank = memchr(text + at, ' ', size - at);
        size_t end = blank ? (size_t)(blank - text) : size;
        if (!base_bytes_add(out, text + at, end - at, error) ||
            (blank && !base_bytes_add(out, by, strlen(by), error)))
            return false;
        at = end + 1;
    }
    return true;
}

static bool begins_with(const char *text, size_t size, const char *prefix) {
    return size >= strlen(prefix) && !memcmp(text, prefix, strlen(prefix));
}

/* Writes each word anew, by s->write. */
static bool run_rewrite(const step *s, data_words *w, base_error *error) {
    base_bytes *out = fresh_bytes(w);
    for (size_t i = 0; i < w->count; i++) {
        data_word *word = &w->word[i];
        size_t begin = out->size;
        if (!s->write(s, w->text + word->begin, word->end - word->begin, word->head > 0, out,
                      error))
            return false;
        word->begin = begin;
        word->end = out->size;
    }
    w->text = out->data;
    return true;
}

static bool write_prefixed(const step *s, const char *text, size_t size, bool first,
                           base_bytes *out, base_error *error) {
    (void)first;
    return (begins_with(text, size, s->prefix) ||
            base_bytes_add(out, s->prefix, strlen(s->prefix), error)) &&
           base_bytes_add(out, text, size, error);
}

static bool write_marked(const step *s, const char *text, size_t size, bool first, base_bytes *out,
                         base_error *error) {
    bool has = begins_with(text, size, s->prefix) || *text == ' ';
    bool wanted = s->scheme == ALWAYS || (s->scheme == FIRST && first);
    return (has || !wanted || base_bytes_add(out, s->prefix, strlen(s->prefix), error)) &&
           add_blanks_replaced(text, size, s->prefix, out, error);
}

static bool write_bytes(const step *s, const char *text, size_t size, bool first, base_bytes *out,
                        base_error *error) {
    (void)s, (void)first;
    return data_byte_level_add(text, size, out, error);
}

/* ---- reading ---- */

static step *add_step(data_pretokenizer *p, step s, base_error *error) {
    if (!base_grow(&p->step, &p->capacity, p->count + 1, sizeof *p->step, error)) {
        data_pattern_free(s.pattern);
        return NULL;
    }
    p->step[p->count] = s;
    return &p->step[p->count++];
}

/* Takes over the pattern, which is NULL when it could not be made. */
static bool add_split(data_pretokenizer *p, data_pattern *pattern, data_split_behavior *how,
                      bool invert, base_error *error) {
    step split = {.run = run_split, .pattern = pattern, .behavior = how, .invert = invert};
    return pattern && add_step(p, split, error);
}

static bool add_rewrite(data_pretokenizer *p, writer *write, const char *prefix,
                        prepend_scheme scheme, base_error *error) {
    step rewrite = {.run = run_rewrite, .write = write, .scheme = scheme};
    step *added = add_step(p, rewrite, error);
    if (added && (added->prefix = base_copy(prefix, strlen(prefix))))
        return true;
    return base_fail(error, BASE_FAILED, "out of memory");
}

/* *how is left alone where the key is absent; NULL: the key is wanted. */
static bool read_behavior(const cJSON *json, data_split_behavior **how, const char *where,
                          base_error *error) {
    const char *name = NULL;
    char shown[100];
    if (!base_json_text(json, "behavior", &name, where, error))
        return false;
    if (name || !*how)
        *how = data_split_behavior_of(name ? name : "");
    return *how ||
           base_fail(error, BASE_BAD_INPUT,
                     "%s: pre_tokenizer.behavior is %s, expected Removed, Isolated, Contiguous, "
                     "MergedWithPrevious or MergedWithNext",
                     where, name ? base_escape(shown, sizeof shown, name, strlen(name)) : "absent");
}

static bool read_bert(data_pretokenizer *p, const cJSON *json, const char *where,
                      base_error *error) {
    (void)json, (void)where;
    return add_step(p, (step){.run = run_bert}, error);
}

static bool read_whitespace(data_pretokenizer *p, const cJSON *json, const char *where,
                            base_error *error) {
    (void)json, (void)where;
    return add_split(p, data_pattern_words(error), data_split_removed, true, error);
}

static bool read_whitespace_split(data_pretokenizer *p, const cJSON *json, const char *where,
                                  base_error *error) {
    (void)json, (void)where;
    return add_split(p, data_pattern_class(DATA_UNICODE_SPACE, error), data_split_removed, false,
                     error);
}

static bool read_punctuation(data_pretokenizer *p, const cJSON *json, const char *where,
                             base_error *error) {
    data_split_behavior *how = data_split_isolated;
    return read_behavior(json, &how, where, error) &&
           add_split(p, data_pattern_class(DATA_UNICODE_PUNCTUATION, error), how, false, error);
}

static bool read_digits(data_pretokenizer *p, const cJSON *json, const char *where,
                        base_error *error) {
    bool each = false;
    return base_json_bool(json, "individual_digits", &each, where, error) &&
           add_split(p, data_pattern_class(DATA_UNICODE_NUMERIC, error),
                     each ? data_split_isolated : data_split_contiguous, false, error);
}

static bool read_split(data_pretokenizer *p, const cJSON *json, const char *where,
                       base_error *error) {
    data_split_behavior *how = NULL;
    bool invert = false;
    return read_behavior(json, &how, where, error) &&
           base_json_bool(json, "invert", &invert, where, error) &&
           add_split(p,
                     data_pattern_read(base_json_get(json, "pattern"), "pre_tokenizer.pattern",
                                       where, error),
                     how, invert, error);
}

/* *out is left alone when the key is absent; else one code point. */
static bool read_character(const cJSON *json, const char *key, const char **out, const char *where,
                           base_error *error) {
    size_t size = 0;
    if (!base_json_text(json, key, out, where, error))
        return false;
    if (*out && **out)
        data_unicode_next(*out, &size);
    return (*out && **out && !(*out)[size]) ||
           base_fail(error, BASE_BAD_INPUT, "%s: pre_tokenizer.%s is not one character", where,
                     key);
}

static bool read_delimiter(data_pretokenizer *p, const cJSON *json, const char *where,
                           base_error *error) {
    const char *delimiter = NULL;
    return read_character(json, "delimiter", &delimiter, where, error) &&
           add_split(p, data_pattern_text(delimiter, error), data_split_removed, false, error);
}

static bool read_byte_level(data_pretokenizer *p, const cJSON *json, const char *where,
                            base_error *error) {
    bool prefix = true, split = true;
    return base_json_bool(json, "add_prefix_space", &prefix, where, error) &&
           base_json_bool(json, "use_regex", &split, where, error) &&
           (!prefix || add_rewrite(p, write_prefixed, " ", ALWAYS, error)) &&
           (!split || add_split(p, data_pattern_gpt2(error), data_split_isolated, false, error)) &&
           add_rewrite(p, write_bytes, "", ALWAYS, error);
}

static bool read_scheme(const cJSON *json, prepend_scheme *out, const char *where,
                        base_error *error) {
    const char *name = NULL;
    char shown[100];
    bool prefix = true;
    if (!base_json_text(json, "prepend_scheme", &name, where, error) ||
        !base_json_bool(json, "add_prefix_space", &prefix, where, error))
        return false;
    *out = ALWAYS;
    for (prepend_scheme i = ALWAYS; name && i <= NEVER; i++)
        if (!strcmp(schemes[i], name))
            *out = i;
    if (name && strcmp(schemes[*out], name))
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: pre_tokenizer.prepend_scheme is \"%s\", expected always, first or "
                         "never",
                         where, base_escape(shown, sizeof shown, name, strlen(name)));
    return prefix || *out == NEVER ||
           base_fail(error, BASE_BAD_INPUT,
                     "%s: pre_tokenizer.add_prefix_space is false, expected prepend_scheme "
                     "\"never\" beside it",
                     where);
}

/* Blanks become the replacement; one is put before the text by the scheme; each begins a word. */
static bool read_metaspace(data_pretokenizer *p, const cJSON *json, const char *where,
                           base_error *error) {
    const char *mark = NULL;
    bool split = true;
    prepend_scheme scheme;
    return read_character(json, "replacement", &mark, where, error) &&
           read_scheme(json, &scheme, where, error) &&
           base_json_bool(json, "split", &split, where, error) &&
           add_rewrite(p, write_marked, mark, scheme, error) &&
           (!split || add_split(p, data_pattern_text(mark, error), data_split_merged_with_next,
                                false, error));
}

static const struct pretokenizer_kind {
    const char *type;
    bool (*read)(data_pretokenizer *p, const cJSON *json, const char *where, base_error *error);
} kinds[] = {
    {"BertPreTokenizer", read_bert},
    {"ByteLevel", read_byte_level},
    {"CharDelimiterSplit", read_delimiter},
    {"Digits", read_digits},
    {"Metaspace", read_metaspace},
    {"Punctuation", read_punctuation},
    {"Split", read_split},
    {"Whitespace", read_whitespace},
    {"WhitespaceSplit", read_whitespace_split},
};

static bool fail_type(const char *type, const char *where, base_error *error) {
    char shown[100];
    base_bytes names = {0};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        base_bytes_format(&names, error, "%s, ", kinds[i].type);
    base_fail(error, BASE_BAD_INPUT, "%s: pre_tokenizer.type is %s, expected one of %sSequence",
              where, type ? base_escape(shown, sizeof shown, type, strlen(type)) : "absent",
              names.data ? names.data : "");
    base_bytes_free(&names);
    return false;
}

static bool add_steps(data_pretokenizer *p, const cJSON *json, const char *where,
                      base_error *error) {
    const char *type = NULL;
    if (!base_json_text(json, "type", &type, where, error))
        return false;
    if (type && !strcmp(type, "Sequence")) {
        const cJSON *list = base_json_get(json, "pretokenizers");
        if (!cJSON_IsArray(list))
            return base_fail(error, BASE_BAD_INPUT,
                             "%s: pre_tokenizer Sequence has no list of pretokenizers", where);
        for (const cJSON *item = list->child; item; item = item->next)
            if (!add_steps(p, item, where, error))
                return false;
        return true;
    }
    for (size_t i = 0; type && i < sizeof kinds / sizeof *kinds; i++)
        if (!strcmp(kinds[i].type, type))
            return kinds[i].read(p, json, where, error);
    return fail_type(type, where, error);
}

data_pretokenizer *data_pretokenizer_read(const cJSON *json, const char *where, base_error *error) {
    data_pretokenizer *p = base_alloc(1, sizeof *p, error);
    if (p && (!json || cJSON_IsNull(json) || add_steps(p, json, where, error)))
        return p;
    data_pretokenizer_free(p);
    return NULL;
}

void data_pretokenizer_free(data_pretokenizer *p) {
    if (!p)
        return;
    for (size_t i = 0; i < p->count; i++) {
        data_pattern_free(p->step[i].pattern);
        free(p->step[i].prefix);
    }
    free(p->step);
    free(p);
}

bool data_pretokenizer_asks_head(const data_pretokenizer *p) {
    for (size_t i = 0; i < p->count; i++)
        if (p->step[i].scheme == FIRST)
            return true;
    return false;
}

bool data_pretokenizer_run(const data_pretokenizer *p, const char *text, size_t size, size_t head,
                           data_words *out, base_error *error) {
    out->text = text;
    out->other_count = 0;
    if (!add_word(out, 0, size, head, error))
        return false;
    take_other(out);
    for (size_t i = 0; i < p->count; i++)
        if (!p->step[i].run(&p->step[i], out, error))
            return false;
    return true;
}
