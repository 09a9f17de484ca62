#include "data/normalizer.h"

#include "base/utf8.h"
#include "data/bert_text.h"
#include "data/byte_level.h"
#include "data/charsmap.h"
#include "data/pattern.h"
#include "data/unicode.h"

#include <stdlib.h>
#include <string.h>

typedef struct step step;

/* A kind of normalizer. `run` appends text[0..size) changed to out->other, which is empty. `head`
 * says how many bytes of what comes out stem from text[0..head); NULL: as many as `run` makes of
 * those alone. */
typedef struct step_kind {
    const char *type;
    bool (*read)(step *s, const cJSON *json, const char *where, base_error *error);
    bool (*run)(const step *s, const char *text, size_t size, data_normal_text *out,
                base_error *error);
    size_t (*head)(const step *s, const char *text, size_t size, size_t head);
    data_unicode_form form;
} step_kind;

struct step {
    const step_kind *kind;
    data_bert_text bert;
    bool left, right;      /* Strip */
    data_charsmap *map;    /* Precompiled */
    data_pattern *pattern; /* Replace */
    char *content;         /* Replace, Prepend */
};

struct data_normalizer {
    step *step;
    size_t count, capacity;
};

static bool put(data_normal_text *out, uint32_t c, base_error *error) {
    char bytes[4];
    return base_bytes_add(&out->other, bytes, base_utf8_encode(c, bytes), error);
}

/* ---- BertNormalizer ---- */

static bool read_bert(step *s, const cJSON *json, const char *where, base_error *error) {
    data_bert_text *b = &s->bert;
    *b = (data_bert_text){.clean = true, .chinese = true, .lower_case = true};
    if (!base_json_bool(json, "clean_text", &b->clean, where, error) ||
        !base_json_bool(json, "handle_chinese_chars", &b->chinese, where, error) ||
        !base_json_bool(json, "lowercase", &b->lower_case, where, error))
        return false;
    b->strip_accents = b->lower_case; /* what null means */
    if (!base_json_bool(json, "strip_accents", &b->strip_accents, where, error))
        return false;
    data_bert_text_prepare(b);
    return true;
}

static bool run_bert(const step *s, const char *text, size_t size, data_normal_text *out,
                     base_error *error) {
    return data_bert_text_add(&s->bert, text, size, &out->other, &out->points, error);
}

/* ---- those without settings ---- */

static bool run_form(const step *s, const char *text, size_t size, data_normal_text *out,
                     base_error *error) {
    return data_unicode_form_add(s->kind->form, text, size, &out->other, &out->points, error);
}

static bool run_lowercase(const step *s, const char *text, size_t size, data_normal_text *out,
                          base_error *error) {
    (void)s;
    for (size_t at = 0; at < size;) {
        uint32_t c = data_unicode_next(text, &at);
        if (!put(out, c + (uint32_t)data_unicode(c)->lower, error) ||
            (c == DATA_UNICODE_DOTTED_I && !put(out, DATA_UNICODE_DOT_ABOVE, error)))
            return false;
    }
    return true;
}

static bool run_strip_accents(const step *s, const char *text, size_t size, data_normal_text *out,
                              base_error *error) {
    (void)s;
    for (size_t at = 0, next = 0; at < size; at = next) {
        bool dropped = data_unicode(data_unicode_next(text, &next))->flags & DATA_UNICODE_COMBINING;
        if (!dropped && !base_bytes_add(&out->other, text + at, next - at, error))
            return false;
    }
    return true;
}

/* What Nmt makes of a code point: itself, a blank, or nothing (0). */
static uint32_t nmt(uint32_t c) {
    static const struct {
        uint32_t low, high, to;
    } ranges[] = {
        {0x1, 0x8, 0},         {0x9, 0xa, ' '},       {0xb, 0xb, 0},         {0xc, 0xd, ' '},
        {0xe, 0x1f, 0},        {0x7f, 0x7f, 0},       {0x8f, 0x8f, 0},       {0x9f, 0x9f, 0},
        {0x1680, 0x1680, ' '}, {0x200b, 0x200f, ' '}, {0x2028, 0x2029, ' '}, {0x2581, 0x2581, ' '},
        {0xfeff, 0xfeff, ' '}, {0xfffd, 0xfffd, ' '},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (c >= ranges[i].low && c <= ranges[i].high)
            return ranges[i].to;
    return c;
}

static bool run_nmt(const step *s, const char *text, size_t size, data_normal_text *out,
                    base_error *error) {
    (void)s;
    for (size_t at = 0; at < size;) {
        uint32_t c = data_unicode_next(text, &at), to = nmt(c);
        if ((to != 0 || c == 0) && !put(out, to, error))
            return false;
    }
    return true;
}

static bool run_byte_level(const step *s, const char *text, size_t size, data_normal_text *out,
                           base_error *error) {
    (void)s;
    return data_byte_level_add(text, size, &out->other, error);
}

/* ---- Strip ---- */

static bool read_strip(step *s, const cJSON *json, const char *where, base_error *error) {
    s->left = s->right = true;
    return base_json_bool(json, "strip_left", &s->left, where, error) &&
           base_json_bool(json, "strip_right", &s->right, where, error);
}

/* Where the text begins that has no white space before it. */
static size_t inner_begin(const char *text, size_t size) {
    size_t at = 0;
    for (size_t next = 0; next < size; at = next)
        if (!(data_unicode(data_unicode_next(text, &next))->flags & DATA_UNICODE_SPACE))
            return at;
    return size;
}

static size_t inner_end(const char *text, size_t size) {
    size_t end = 0;
    for (size_t at = 0; at < size;)
        if (!(data_unicode(data_unicode_next(text, &at))->flags & DATA_UNICODE_SPACE))
            end = at;
    return end;
}

static bool run_strip(const step *s, const char *text, size_t size, data_normal_text *out,
                      base_error *error) {
    size_t begin = s->left ? inner_begin(text, size) : 0;
    size_t end = s->right ? inner_end(text, size) : size;
    return begin >= end || base_bytes_add(&out->other, text + begin, end - begin, error);
}

static size_t head_strip(const step *s, const char *text, size_t size, size_t head) {
    size_t begin = s->left ? inner_begin(text, size) : 0;
    return begin < head ? head - begin : 0;
}

/* ---- Prepend, Replace, Precompiled ---- */

static bool read_content(step *s, const cJSON *json, const char *key, const char *where,
                         base_error *error) {
    const char *content = NULL;
    if (!base_json_text(json, key, &content, where, error))
        return false;
    if (!content)
        return base_fail(error, BASE_BAD_INPUT, "%s: normalizer %s has no %s", where, s->kind->type,
                         key);
    s->content = base_copy(content, strlen(content));
    return s->content || base_fail(error, BASE_FAILED, "out of memory");
}

static bool read_prepend(step *s, const cJSON *json, const char *where, base_error *error) {
    return read_content(s, json, "prepend", where, error);
}

static bool run_prepend(const step *s, const char *text, size_t size, data_normal_text *out,
                        base_error *error) {
    return base_bytes_add(&out->other, s->content, strlen(s->content), error) &&
           base_bytes_add(&out->other, text, size, error);
}

static bool read_replace(step *s, const cJSON *json, const char *where, base_error *error) {
    s->pattern =
        data_pattern_read(base_json_get(json, "pattern"), "normalizer.pattern", where, error);
    return s->pattern && read_content(s, json, "content", where, error);
}

static bool run_replace(const step *s, const char *text, size_t size, data_normal_text *out,
                        base_error *error) {
    size_t at = 0, begin, end;
    while (data_pattern_next(s->pattern, text, size, at, &begin, &end)) {
        if (!base_bytes_add(&out->other, text + at, begin - at, error) ||
            !base_bytes_add(&out->other, s->content, strlen(s->content), error))
            return false;
        at = end;
    }
    return base_bytes_add(&out->other, text + at, size - at, error);
}

/* What comes instead of a match counts as its last character. */
static size_t head_replace(const step *s, const char *text, size_t size, size_t head) {
    size_t at = 0, begin, end, out = 0;
    while (data_pattern_next(s->pattern, text, size, at, &begin, &end) && begin < head) {
        out += begin - at;
        if (end > head)
            return out;
        out += strlen(s->content);
        at = end;
    }
    return out + head - at;
}

static bool read_precompiled(step *s, const cJSON *json, const char *where, base_error *error) {
    const char *text = NULL;
    if (!base_json_text(json, "precompiled_charsmap", &text, where, error))
        return false;
    if (!text)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: normalizer Precompiled has no precompiled_charsmap", where);
    s->map = data_charsmap_from_base64(text, where, error);
    return s->map;
}

static bool run_precompiled(const step *s, const char *text, size_t size, data_normal_text *out,
                            base_error *error) {
    return data_charsmap_add(s->map, text, size, &out->other, error);
}

static size_t head_precompiled(const step *s, const char *text, size_t size, size_t head) {
    return data_charsmap_head(s->map, text, size, head);
}

/* ---- all of them ---- */

static const step_kind kinds[] = {
    {"BertNormalizer", read_bert, run_bert, NULL, 0},
    {"NFC", NULL, run_form, NULL, DATA_UNICODE_NFC},
    {"NFD", NULL, run_form, NULL, DATA_UNICODE_NFD},
    {"NFKC", NULL, run_form, NULL, DATA_UNICODE_NFKC},
    {"NFKD", NULL, run_form, NULL, DATA_UNICODE_NFKD},
    {"Lowercase", NULL, run_lowercase, NULL, 0},
    {"StripAccents", NULL, run_strip_accents, NULL, 0},
    {"Nmt", NULL, run_nmt, NULL, 0},
    {"ByteLevel", NULL, run_byte_level, NULL, 0},
    {"Strip", read_strip, run_strip, head_strip, 0},
    {"Prepend", read_prepend, run_prepend, NULL, 0},
    {"Replace", read_replace, run_replace, head_replace, 0},
    {"Precompiled", read_precompiled, run_precompiled, head_precompiled, 0},
};

static const step_kind *kind_of(const char *type) {
    for (size_t i = 0; type && i < sizeof kinds / sizeof *kinds; i++)
        if (!strcmp(kinds[i].type, type))
            return &kinds[i];
    return NULL;
}

static bool fail_type(const char *type, const char *where, base_error *error) {
    char shown[100];
    base_bytes names = {0};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        base_bytes_format(&names, error, "%s, ", kinds[i].type);
    base_fail(error, BASE_BAD_INPUT, "%s: normalizer.type is %s, expected one of %sSequence", where,
              type ? base_escape(shown, sizeof shown, type, strlen(type)) : "absent",
              names.data ? names.data : "");
    base_bytes_free(&names);
    return false;
}

static bool add_steps(data_normalizer *n, const cJSON *json, const char *where, base_error *error) {
    const char *type = NULL;
    if (!base_json_text(json, "type", &type, where, error))
        return false;
    if (type && !strcmp(type, "Sequence")) {
        const cJSON *list = base_json_get(json, "normalizers");
        if (!cJSON_IsArray(list))
            return base_fail(error, BASE_BAD_INPUT,
                             "%s: normalizer Sequence has no list of normalizers", where);
        for (const cJSON *item = list->child; item; item = item->next)
            if (!add_steps(n, item, where, error))
                return false;
        return true;
    }
    const step_kind *kind = kind_of(type);
    if (!kind)
        return fail_type(type, where, error);
    if (!base_grow(&n->step, &n->capacity, n->count + 1, sizeof *n->step, error))
        return false;
    step *s = &n->step[n->count++];
    *s = (step){.kind = kind};
    return !kind->read || kind->read(s, json, where, error);
}

data_normalizer *data_normalizer_read(const cJSON *json, const char *where, base_error *error) {
    data_normalizer *n = base_alloc(1, sizeof *n, error);
    if (n && (!json || cJSON_IsNull(json) || add_steps(n, json, where, error)))
        return n;
    data_normalizer_free(n);
    return NULL;
}

void data_normalizer_free(data_normalizer *n) {
    if (!n)
        return;
    for (size_t i = 0; i < n->count; i++) {
        data_charsmap_free(n->step[i].map);
        data_pattern_free(n->step[i].pattern);
        free(n->step[i].content);
    }
    free(n->step);
    free(n);
}

bool data_normalizer_lowers(const data_normalizer *n) {
    for (size_t i = 0; i < n->count; i++)
        if (n->step[i].kind->run == run_lowercase || n->step[i].bert.lower_case)
            return true;
    return false;
}

void data_normal_text_free(data_normal_text *text) {
    base_bytes_free(&text->text);
    base_bytes_free(&text->other);
    data_code_points_free(&text->points);
}

/* The step is run for the head alone, too, to see how long it becomes. */
static bool run_step(const step *s, const char *text, size_t size, data_normal_text *out,
                     base_error *error) {
    out->other.size = 0;
    if (out->head > 0 && s->kind->head) {
        out->head = s->kind->head(s, text, size, out->head);
    } else if (out->head > 0) {
        if (!s->kind->run(s, text, out->head, out, error))
            return false;
        out->head = out->other.size;
        out->other.size = 0;
    }
    if (!s->kind->run(s, text, size, out, error))
        return false;
    base_bytes swap = out->text;
    out->text = out->other;
    out->other = swap;
    return true;
}

bool data_normalizer_run(const data_normalizer *n, const char *text, size_t size, bool first,
                         data_normal_text *out, base_error *error) {
    out->head = out->text.size = 0;
    if (first && size > 0)
        data_unicode_next(text, &out->head);
    if (n->count == 0 || size == 0)
        return base_bytes_add(&out->text, text, size, error);
    if (!run_step(&n->step[0], text, size, out, error))
        return false;
    for (size_t i = 1; i < n->count && out->text.size > 0; i++)
        if (!run_step(&n->step[i], out->text.data, out->text.size, out, error))
            return false;
    return true;
}
